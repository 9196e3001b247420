//! The number of the last group that was flushed, in a file beside the database.
//!
//! A journal that lost its end looks like one that ended there. The witness is written after each flush, without a
//! flush of its own: it may be older than the database, and then says nothing; it is never newer.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// The length of the file: a number and the start of its digest.
const LENGTH: usize = 16;

/// The file with the number of the last flushed group.
#[derive(Debug)]
pub(super) struct Witness {
    path: PathBuf,
    file: Option<File>,
}

fn record(group: u64) -> [u8; LENGTH] {
    let number = group.to_be_bytes();
    let digest = Sha256::digest(number);
    let mut record = [0; LENGTH];
    record.iter_mut().zip(number.iter().chain(digest.iter())).for_each(|(to, from)| *to = *from);
    record
}

impl Witness {
    pub(super) fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), file: None }
    }

    /// Returns the number of a group that was flushed, or 0 if no group was flushed or the file is torn.
    pub(super) fn read(&self) -> u64 {
        let mut bytes = [0; LENGTH];
        if File::open(&self.path).and_then(|mut file| file.read_exact(&mut bytes)).is_err() {
            return 0;
        }
        let group = bytes.first_chunk().map_or(0, |number| u64::from_be_bytes(*number));
        if record(group) == bytes { group } else { 0 }
    }

    /// Notes that a group was flushed. A failure is not serious: the next one is noted again.
    pub(super) fn write(&mut self, group: u64) {
        if let Err(error) = self.try_write(group) {
            tracing::debug!(%error, "cannot write the number of the last flushed group");
            self.file = None;
        }
    }

    fn try_write(&mut self, group: u64) -> io::Result<()> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => OpenOptions::new().create(true).truncate(false).write(true).open(&self.path)?,
        };
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&record(group))?;
        self.file = Some(file);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_witness_says_nothing() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("flushed");
        let mut witness = Witness::at(&path);
        assert_eq!(witness.read(), 0);
        witness.write(7);
        witness.write(300);
        assert_eq!(witness.read(), 300);
        let mut bytes = std::fs::read(&path).expect("it exists");
        bytes[7] ^= 1;
        std::fs::write(&path, &bytes).expect("written");
        assert_eq!(witness.read(), 0);
        std::fs::write(&path, &bytes[..9]).expect("written");
        assert_eq!(witness.read(), 0);
    }
}
