//! Waiting until files change.
//!
//! By looking at them, not by asking the system to tell: there are a few files, editors replace them rather than write
//! to them, and on shared folders and in containers, where much of this work is done, the system does not tell. A change
//! counts once nothing has changed for one look, so that a file is not read while it is being written.

use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

/// What a look at a file tells: when it was changed, and its length. `None` where it is not there.
pub(super) type Stamp = Option<(SystemTime, u64)>;

/// The files that are looked at.
pub(super) struct Watched {
    /// No two the same.
    files: Vec<(PathBuf, Stamp)>,
}

impl Watched {
    pub(super) fn look_at(paths: impl IntoIterator<Item = PathBuf>) -> Self {
        let mut watched = Self { files: Vec::new() };
        watched.add(paths);
        watched
    }

    pub(super) fn add(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        for path in paths {
            if !self.files.iter().any(|(known, _)| *known == path) {
                let stamp = stamp(&path);
                self.files.push((path, stamp));
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    /// What the first look told.
    pub(super) fn stamps(&self) -> Vec<Stamp> {
        self.files.iter().map(|(_, stamp)| *stamp).collect()
    }

    pub(super) fn look_again(&self) -> Vec<Stamp> {
        self.files.iter().map(|(path, _)| stamp(path)).collect()
    }
}

fn stamp(path: &PathBuf) -> Stamp {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// Tells when files have changed and stay as they are.
pub(super) struct Changes {
    known: Vec<Stamp>,
    /// What the last look told.
    last: Vec<Stamp>,
}

impl Changes {
    pub(super) fn since(known: Vec<Stamp>) -> Self {
        Self { last: known.clone(), known }
    }

    /// Whether something is other than it was known, and the same as at the last look.
    pub(super) fn have_settled(&mut self, now: Vec<Stamp>) -> bool {
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
        // One that is gone for good is a change, too.
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
