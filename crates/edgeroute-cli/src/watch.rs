//! Waits until files change.
//!
//! Files are polled instead of watched through the operating system. There are only a few files, editors replace them
//! instead of writing to them, and change notifications are unreliable on shared folders and in containers, where this
//! is often used. A change counts only after a poll without further changes, so that a file is not read while it is
//! being written.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, SystemTime};

use crate::{count, input};

/// How often files are checked for changes, and how long a file must remain unchanged before it is read.
const LOOK_EVERY: Duration = Duration::from_millis(150);

/// Runs `run` and repeats it whenever a file changes, until it fails. `run` returns the files that it used besides
/// `files`.
///
/// # Errors
/// Fails if one of the files is standard input, and like `run`.
pub(crate) fn repeat(
    mut files: impl FnMut() -> Vec<PathBuf>,
    mut run: impl FnMut() -> io::Result<Vec<PathBuf>>,
) -> io::Result<()> {
    loop {
        // The files are examined before they are read, so that no change is missed.
        let first = files();
        if first.iter().any(|path| input::is_stdin(path)) {
            return Err(io::Error::other("standard input cannot be watched"));
        }
        let mut known = Watched::look_at(first);
        known.add(run()?);
        input::report(&format!("watching {} for changes", count(known.len(), "file")));
        let mut changes = Changes::since(known.stamps());
        while !changes.have_settled(known.look_again()) {
            thread::sleep(LOOK_EVERY);
        }
    }
}

/// The modification time and length of a file; `None` if it does not exist.
type Stamp = Option<(SystemTime, u64)>;

/// The files that are polled.
struct Watched {
    /// No two paths are the same.
    files: Vec<(PathBuf, Stamp)>,
}

impl Watched {
    fn look_at(paths: impl IntoIterator<Item = PathBuf>) -> Self {
        let mut watched = Self { files: Vec::new() };
        watched.add(paths);
        watched
    }

    fn add(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        for path in paths {
            if !self.files.iter().any(|(known, _)| *known == path) {
                let stamp = stamp(&path);
                self.files.push((path, stamp));
            }
        }
    }

    fn len(&self) -> usize {
        self.files.len()
    }

    /// The result of the first poll.
    fn stamps(&self) -> Vec<Stamp> {
        self.files.iter().map(|(_, stamp)| *stamp).collect()
    }

    fn look_again(&self) -> Vec<Stamp> {
        self.files.iter().map(|(path, _)| stamp(path)).collect()
    }
}

fn stamp(path: &PathBuf) -> Stamp {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// Detects when files have changed and settled.
struct Changes {
    known: Vec<Stamp>,
    /// The result of the last poll.
    last: Vec<Stamp>,
}

impl Changes {
    fn since(known: Vec<Stamp>) -> Self {
        Self { last: known.clone(), known }
    }

    /// Whether something differs from the known state and has not changed since the last poll.
    fn have_settled(&mut self, now: Vec<Stamp>) -> bool {
        let have_settled = now != self.known && now == self.last;
        self.last = now;
        have_settled
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "a file that is there has a stamp")]
    fn at(seconds: u64, length: u64) -> Stamp {
        Some((SystemTime::UNIX_EPOCH + Duration::from_secs(seconds), length))
    }

    #[test]
    fn a_change_counts_once_it_has_settled() {
        let known = vec![at(1, 10), at(1, 20)];
        let mut changes = Changes::since(known.clone());
        assert!(!changes.have_settled(known.clone()));
        assert!(!changes.have_settled(vec![at(2, 0), at(1, 20)]), "just emptied");
        assert!(!changes.have_settled(vec![at(2, 11), at(1, 20)]), "just written");
        assert!(changes.have_settled(vec![at(2, 11), at(1, 20)]));
    }

    #[test]
    fn a_file_that_is_replaced_is_missing_for_a_while() {
        let mut changes = Changes::since(vec![at(1, 10)]);
        assert!(!changes.have_settled(vec![None]));
        assert!(!changes.have_settled(vec![at(1, 12)]));
        assert!(changes.have_settled(vec![at(1, 12)]));
        // A file that is deleted for good is a change, too.
        let mut changes = Changes::since(vec![at(1, 10)]);
        assert!(!changes.have_settled(vec![None]));
        assert!(changes.have_settled(vec![None]));
    }

    #[test]
    fn what_ends_as_it_began_is_no_change() {
        let mut changes = Changes::since(vec![at(1, 10)]);
        assert!(!changes.have_settled(vec![at(2, 11)]));
        assert!(!changes.have_settled(vec![at(1, 10)]));
        assert!(!changes.have_settled(vec![at(1, 10)]));
    }
}
