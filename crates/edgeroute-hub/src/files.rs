//! Small files of the data directory: read within a limit, and written as a whole or not at all.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, OpenOptionsExt};
use std::path::Path;

/// The longest file that is read, in bytes.
const LONGEST: u64 = 1024 * 1024;
/// The longest manifest that is read, in bytes.
const LONGEST_MANIFEST: u64 = 16 * 1024 * 1024;

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Its owner: mode 0600.
    Private,
    /// Everybody who may enter the directory: mode 0644.
    Public,
}

/// Creates a directory and its parents, for its owner alone (mode 0700). Leaves one that exists as it is.
pub fn create_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Opens a file for reading. Fails if it is a pipe, for example: opening that would wait for a writer. A character device,
/// such as `/dev/null`, has no more than what it has now.
pub fn open(path: &Path) -> io::Result<File> {
    let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let kind = file.metadata()?.file_type();
    if kind.is_file() || kind.is_char_device() {
        Ok(file)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"))
    }
}

/// Creates a file that only one process can lock, and locks it. Returns `None` if another process has done that.
pub fn lock(path: &Path) -> io::Result<Option<File>> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}

/// Reads a file of UTF-8, of at most 1 MiB.
pub fn read(path: &Path) -> io::Result<String> {
    read_up_to(path, LONGEST)
}

/// Reads a manifest: a file of UTF-8, of at most 16 MiB.
pub fn read_manifest(path: &Path) -> io::Result<String> {
    read_up_to(path, LONGEST_MANIFEST)
}

fn read_up_to(path: &Path, longest: u64) -> io::Result<String> {
    let mut text = String::new();
    open(path)?.take(longest + 1).read_to_string(&mut text)?;
    if text.len() as u64 > longest {
        let problem = format!("larger than {} MiB", longest / 1024 / 1024);
        return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
    }
    Ok(text)
}

/// Writes a file and flushes it to the disk. A reader sees the old content or the new, also after a loss of power.
pub fn write(path: &Path, content: &[u8], access: Access) -> io::Result<()> {
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_os_string();
    name.push(format!(".{}.new", std::process::id()));
    let temporary = path.with_file_name(name);
    let mode = match access {
        Access::Private => 0o600,
        Access::Public => 0o644,
    };
    let written = (|| {
        // One that an earlier process left may have another mode.
        let _ = fs::remove_file(&temporary);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&temporary)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
        return written;
    }
    match path.parent() {
        Some(parent) if parent != Path::new("") => File::open(parent)?.sync_all(),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn files_are_replaced_and_private_ones_are_private() {
        let directory = tempfile::tempdir().expect("a directory");
        let data = directory.path().join("a/b");
        create_directory(&data).expect("created");
        create_directory(&data).expect("it exists");
        assert_eq!(fs::metadata(&data).expect("exists").permissions().mode() & 0o777, 0o700);
        let path = data.join("key");
        write(&path, b"one", Access::Public).expect("written");
        write(&path, b"two", Access::Private).expect("replaced");
        assert_eq!(read(&path).expect("read"), "two");
        assert_eq!(fs::metadata(&path).expect("exists").permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(&data).expect("read").count(), 1);
    }

    #[test]
    fn what_is_not_a_file_is_not_waited_for() {
        let directory = tempfile::tempdir().expect("a directory");
        let pipe = directory.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs");
        assert!(made.success());
        for path in [&pipe, directory.path()] {
            assert_eq!(read(path).expect_err("no file").to_string(), "it is not a file");
        }
    }

    #[test]
    fn a_lock_is_held_once() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("lock");
        let held = lock(&path).expect("locked");
        assert!(held.is_some());
        assert!(lock(&path).expect("tried").is_none());
        drop(held);
        assert!(lock(&path).expect("locked").is_some());
    }

    #[test]
    fn what_is_too_long_is_not_read() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("long");
        fs::write(&path, vec![b'a'; 1024 * 1024 + 1]).expect("written");
        assert!(read(&path).is_err());
    }
}
