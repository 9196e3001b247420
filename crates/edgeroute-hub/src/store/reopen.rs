//! What the thread does after a failed write: the handle is given up, and the database is opened again.
//!
//! A failed flush is never tried again on the same handle: the operating system reports a lost page once, and the next
//! flush succeeds without it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::clock::Occasionally;

use super::engine::{Engine, OpenError};
use super::group::Group;
use super::recovery::recover;
use super::thread::{Failure, Writer};

const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// The time between two lines in the log.
const LOG_EVERY: Duration = Duration::from_secs(60);

impl Writer {
    /// Opens the database again, for as long as it takes. Returns `false` if the store was closed meanwhile.
    pub(super) fn recover_from(&mut self, failure: &Failure) -> bool {
        tracing::error!(
            error = %failure.error, directory = %self.shared.directory.display(),
            "a write to the store failed: what was in it is not acknowledged"
        );
        self.shared.figures.failed.store(true, Ordering::Relaxed);
        self.shared.set_engine(None);
        let mut suspect = failure.suspect;
        let mut wait = FIRST_WAIT;
        let mut logged = Occasionally::new(LOG_EVERY);
        loop {
            match self.try_open(&mut suspect) {
                Ok(()) => {
                    tracing::info!("the store works again");
                    return true;
                }
                Err(problem) => {
                    if logged.is_due() {
                        tracing::error!(%problem, "the store cannot be opened again; trying on");
                    }
                }
            }
            if self.shared.inbox.lock().closed() {
                return false;
            }
            self.let_go();
            self.shared.inbox.sleep(wait);
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// Opens the database, reads it, and writes a group without content to see whether that works.
    fn try_open(&mut self, suspect: &mut bool) -> Result<(), OpenError> {
        let engine: Arc<dyn Engine> = self.opener.open(*suspect)?;
        let recovered = recover(engine.as_ref(), self.witness.read())?;
        let next_sequence = recovered.head.next_sequence.max(self.head.next_sequence).max(1);
        self.head = super::keys::Head { next_sequence, ..recovered.head };
        self.put(engine.as_ref(), &mut Group::new(next_sequence)).map_err(|failure| {
            *suspect |= failure.suspect;
            OpenError::Failed(failure.error.0)
        })?;
        let head = self.head;
        self.install(engine, super::recovery::Recovered { head, ..recovered });
        self.shared.figures.failed.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Forgets submissions that nobody waits for any more, and ends calls of `flush`: they must not wait for the disk.
    fn let_go(&mut self) {
        self.staged.retain(super::inbox::Item::is_wanted);
        let mut waiting = self.shared.inbox.lock();
        let items = std::mem::take(&mut waiting.items);
        let (kept, gone): (Vec<_>, Vec<_>) = items.into_iter().partition(|it| it.flush.is_none() && it.is_wanted());
        waiting.items.extend(kept);
        drop(waiting);
        drop(gone);
    }
}
