//! The files without which the database library would start anew, checked before it opens them.
//!
//! The library regards a database without its file `version` as new, and a keyspace without its file `current` as one
//! that was never finished, which it deletes. If records were flushed before, such a file was lost.

use std::fs::{self, File};
use std::path::Path;

use super::disk::journals;
use super::engine::OpenError;

/// The file that says that there is a database.
pub(super) const VERSION: &str = "version";
/// The file that is locked while a database is open. It is empty.
pub(super) const LOCK: &str = "lock";
/// The directory with a directory for each keyspace.
pub(super) const KEYSPACES: &str = "keyspaces";
/// The file that names the version of a keyspace.
const CURRENT: &str = "current";

/// Checks the files of a database, and makes the file to lock if it is missing: it holds nothing. `was_flushed` is whether
/// records were flushed into the database.
pub(super) fn prepare(database: &Path, was_flushed: bool) -> Result<(), OpenError> {
    let keyspaces: Vec<_> = fs::read_dir(database.join(KEYSPACES)).into_iter().flatten().flatten().collect();
    if keyspaces.is_empty() && journals(database).is_empty() {
        return Ok(());
    }
    let missing = |name: &str| OpenError::Damaged(format!("its file `{name}` is missing"));
    if was_flushed && !database.join(VERSION).exists() {
        return Err(missing(VERSION));
    }
    for keyspace in keyspaces {
        if !keyspace.path().join(CURRENT).exists() && (was_flushed || has_tables(&keyspace.path())) {
            return Err(missing(&format!("{KEYSPACES}/{}/{CURRENT}", keyspace.file_name().to_string_lossy())));
        }
    }
    let lock = database.join(LOCK);
    if !lock.exists() {
        File::create(&lock).map_err(|error| OpenError::Failed(format!("`{LOCK}` cannot be created: {error}")))?;
    }
    Ok(())
}

fn has_tables(keyspace: &Path) -> bool {
    fs::read_dir(keyspace.join("tables")).is_ok_and(|mut tables| tables.next().is_some())
}
