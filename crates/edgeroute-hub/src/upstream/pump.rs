use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::lane::{Control, Entrance, Shared, WINDOW};
use super::queue::{Queue, Reader as _};
use super::show::Window;
use crate::outbox::Due;
use crate::store::StoreError;

/// How long to wait before a store that failed is read again.
const RETRY: Duration = Duration::from_secs(5);

/// Where a pump puts messages.
pub(super) trait Sink: Send + 'static {
    /// How many messages it takes now.
    fn room(&mut self) -> usize;

    /// Takes a message.
    fn give(&mut self, due: Due);

    /// Whether everything has to be read again, from the beginning.
    fn rewinds(&mut self) -> bool {
        false
    }
}

impl Sink for Entrance {
    fn room(&mut self) -> usize {
        Self::room(self)
    }

    fn give(&mut self, due: Due) {
        // No more is read than there is room for, so the lane takes it.
        let _ = Self::give(self, due);
    }
}

impl<Q: Queue> Sink for Window<Q> {
    fn room(&mut self) -> usize {
        WINDOW
    }

    fn give(&mut self, due: Due) {
        self.show(&due);
    }
}

/// Reads the queues of `$upstream` as fast as the sink takes messages, until the hub stops.
///
/// Little is read ahead, so a message of a better priority waits for no more than what the sink has.
pub(super) async fn pump<Q: Queue, S: Sink>(
    shared: Arc<Shared<Q>>,
    mut sink: S,
    mut control: watch::Receiver<Control>,
) {
    let notified = shared.queue.notified();
    let mut reader = shared.queue.reader();
    loop {
        let Control { paused, stopping, .. } = *control.borrow_and_update();
        if stopping {
            return;
        }
        if sink.rewinds() {
            reader = shared.queue.reader();
        }
        let room = if paused { 0 } else { sink.room() };
        if room > 0 && reader.may_have_more() {
            let result;
            (reader, result) = read(&shared, reader, room).await;
            match result {
                Ok(due) if due.is_empty() => {}
                Ok(due) => {
                    for due in due {
                        sink.give(due);
                    }
                    continue;
                }
                Err(problem) => {
                    tracing::error!("cannot read the messages for upstream: {problem}");
                    tokio::select! {
                        () = sleep(RETRY) => {}
                        _ = control.changed() => {}
                    }
                    continue;
                }
            }
        }
        tokio::select! {
            () = notified.notified() => {}
            () = shared.room.notified() => {}
            changed = control.changed() => if changed.is_err() {
                return;
            },
        }
    }
}

/// Reads on another thread. If that panics, the next read starts again with a new reader.
async fn read<Q: Queue>(
    shared: &Shared<Q>,
    mut reader: Q::Reader,
    limit: usize,
) -> (Q::Reader, Result<Vec<Due>, String>) {
    let now = shared.clock.now();
    let read = spawn_blocking(move || {
        let result = reader.next(limit, now);
        (reader, result)
    });
    match read.await {
        Ok((reader, result)) => (reader, result.map_err(|error: StoreError| error.to_string())),
        Err(error) => (shared.queue.reader(), Err(error.to_string())),
    }
}
