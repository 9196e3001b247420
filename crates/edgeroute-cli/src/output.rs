//! Writes files that commands create or change in place.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use tempfile::Builder;

use crate::input;

/// Replaces the content of a file atomically: a reader sees either the old text or the new one, and the file keeps its
/// old content if anything fails. Permissions are kept, and a symbolic link still points to the same file.
///
/// # Errors
/// Errors name the file. Fails if the file is read-only, even if its directory is not.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let replaced = || {
        let target = fs::canonicalize(path)?;
        let permissions = fs::metadata(&target)?.permissions();
        if permissions.readonly() {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file is read-only"));
        }
        let directory = target.parent().unwrap_or(Path::new("."));
        // The temporary file must be on the same file system, or it could not replace the file in one step.
        let mut file = Builder::new().prefix(".edgeroute-").tempfile_in(directory)?;
        file.write_all(content)?;
        file.as_file().set_permissions(permissions)?;
        file.as_file().sync_all()?;
        file.persist(&target).map_err(|error| error.error)?;
        Ok(())
    };
    replaced().map_err(|error: io::Error| {
        io::Error::new(error.kind(), format!("{}: cannot write: {error}", input::name(path)))
    })
}

/// Writes a file, and creates it if it does not exist. An existing file is replaced like by [`replace`].
///
/// # Errors
/// Errors name the file.
pub(crate) fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|metadata| metadata.is_file()) {
        return replace(path, content);
    }
    fs::write(path, content)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: cannot write: {error}", input::name(path))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("manifest.json");
        fs::write(&path, "old and longer").unwrap();
        replace(&path, b"new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn permissions_and_links_stay() {
        use std::os::unix::fs::PermissionsExt as _;

        let directory = tempfile::tempdir().unwrap();
        let [path, link] = ["manifest.json", "link"].map(|name| directory.path().join(name));
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        replace(&link, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    }

    #[cfg(unix)]
    #[test]
    fn a_read_only_file_is_not_replaced() {
        use std::os::unix::fs::PermissionsExt as _;

        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("manifest.json");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
        let error = replace(&path, b"new").unwrap_err().to_string();
        assert!(error.ends_with("manifest.json: cannot write: the file is read-only"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    }

    #[test]
    fn a_file_that_cannot_be_replaced_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let error = replace(&directory.path().join("missing.json"), b"new").unwrap_err();
        assert!(error.to_string().contains("missing.json: cannot write"), "{error}");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
