//! Moves a damaged database aside and keeps what can be read.

use super::{StoreError, StoreOptions};

pub(super) fn salvage(options: &StoreOptions, problem: &str) -> Result<(), StoreError> {
    let directory = options.directory.clone();
    let aside = directory.with_extension("damaged");
    std::fs::rename(&directory, &aside)
        .map_err(|error| StoreError::Database { directory, problem: format!("{problem}: {error}") })
}
