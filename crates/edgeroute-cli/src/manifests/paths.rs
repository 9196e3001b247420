//! Files, directories and patterns given on the command line.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};

use crate::input;

/// A file to read.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Input {
    pub(crate) path: PathBuf,
    pub(crate) found: Found,
}

/// How a file came to be read.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Found {
    /// By its name: it must be a manifest.
    ByName,
    /// In a directory or by a pattern: files that are not manifests are skipped.
    BySearch,
}

/// The names of the files in a directory that may be manifests.
const MANIFESTS: [&str; 2] = ["**/*.json", "**/*.jsonc"];

/// Directories of dependencies and build output.
const SKIPPED: [&str; 2] = ["node_modules", "target"];

const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// Finds the files of a directory, of its directories, and of a pattern such as `layers/*.json`, in the order of their
/// names. Hidden files are not found, and links to directories are not followed. A file with such a name takes
/// precedence over the pattern.
///
/// # Errors
/// Fails if a pattern is not valid, or if there is no file.
pub(crate) fn inputs(path: &Path) -> io::Result<Vec<Input>> {
    let is_directory = path.is_dir();
    let pattern = path.to_str().filter(|path| path.contains(['*', '?', '[']));
    let patterns = match pattern {
        _ if input::is_stdin(path) || path.is_file() => None,
        _ if is_directory => Some(MANIFESTS.map(Pattern::new).into_iter().collect()),
        Some(pattern) => Some(Pattern::new(pattern).map(|pattern| vec![pattern])),
        None => None,
    };
    let Some(patterns) = patterns else {
        return Ok(vec![Input { path: path.to_owned(), found: Found::ByName }]);
    };
    let patterns: Vec<Pattern> = patterns.map_err(|error| unusable(path, &error.to_string()))?;
    let base = if is_directory { path } else { literal_part(path) };
    let mut files = Vec::new();
    for file in files_below(base) {
        let matched = if is_directory { file.strip_prefix(base).unwrap_or(&file) } else { &*file };
        if patterns.iter().any(|pattern| pattern.matches_path_with(matched, OPTIONS)) {
            files.push(Input { path: file, found: Found::BySearch });
        }
    }
    files.sort_unstable();
    if files.is_empty() {
        let what = if is_directory { "no JSON files in this directory" } else { "no file matches this pattern" };
        return Err(unusable(path, what));
    }
    Ok(files)
}

/// The directories at the start of a pattern that have no wildcards.
fn literal_part(pattern: &Path) -> &Path {
    let is_literal = |part: &&Path| !part.to_string_lossy().contains(['*', '?', '[']);
    pattern.ancestors().skip(1).find(is_literal).unwrap_or(Path::new(""))
}

/// The files of a directory and of its directories. What cannot be read has none.
fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        let place = if directory.as_os_str().is_empty() { Path::new(".") } else { &*directory };
        for entry in fs::read_dir(place).into_iter().flatten().flatten() {
            let path = directory.join(entry.file_name());
            let Ok(kind) = entry.file_type() else { continue };
            let is_skipped = SKIPPED.iter().any(|skipped| entry.file_name() == *skipped);
            if kind.is_dir() {
                let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
                open.extend(Some(path).filter(|_| !is_skipped && !is_hidden));
            } else if kind.is_file() || path.is_file() {
                files.push(path);
            }
        }
    }
    files
}

fn unusable(path: &Path, reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("{}: {reason}", input::name(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_and_patterns_become_files_in_order() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        for file in ["b.json", "a[1].json", "x/c.jsonc", "x/.d.json", "x/node_modules/e.json", "f.txt"] {
            let file = root.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "{}").unwrap();
        }
        let found = |path: &str| -> Result<Vec<String>, String> {
            let inputs = inputs(&root.join(path)).map_err(|error| error.to_string())?;
            let name = |input: &Input| {
                let below = input.path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
                if input.found == Found::ByName { below } else { format!("~{below}") }
            };
            Ok(inputs.iter().map(name).collect())
        };
        assert_eq!(found("").unwrap(), ["~a[1].json", "~b.json", "~x/c.jsonc"]);
        assert_eq!(found("*.json").unwrap(), ["~a[1].json", "~b.json"]);
        assert_eq!(found("x/*").unwrap(), ["~x/c.jsonc"]);
        assert_eq!(found("a[1].json").unwrap(), ["a[1].json"]);
        assert_eq!(found("missing.json").unwrap(), ["missing.json"]);
        assert!(found("y/*.json").unwrap_err().ends_with("no file matches this pattern"));
        assert!(found("***").unwrap_err().contains("Pattern syntax error"), "{:?}", found("***"));
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStrExt as _;
            use std::os::unix::fs::symlink;

            symlink("..", root.join("x/loop")).unwrap();
            symlink("..", root.join("x/again")).unwrap();
            fs::write(root.join(std::ffi::OsStr::from_bytes(b"\xff.txt")), "").unwrap();
            assert_eq!(found("").unwrap(), ["~a[1].json", "~b.json", "~x/c.jsonc"]);
        }
        fs::create_dir(root.join("empty")).unwrap();
        assert!(found("empty").unwrap_err().ends_with("no JSON files in this directory"));
    }
}
