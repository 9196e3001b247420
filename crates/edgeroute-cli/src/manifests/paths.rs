//! Files, directories and patterns given on the command line.

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
/// names. Hidden files are not found. A file with such a name takes precedence over the pattern.
///
/// # Errors
/// Fails if a directory cannot be read, if a pattern is not valid, or if there is no file.
pub(crate) fn inputs(path: &Path) -> io::Result<Vec<Input>> {
    let (patterns, is_directory) = if input::is_stdin(path) || path.is_file() {
        (Vec::new(), false)
    } else if path.is_dir() {
        let directory = Pattern::escape(&path.to_string_lossy());
        let directory = if directory == "." { String::new() } else { format!("{}/", directory.trim_end_matches('/')) };
        (MANIFESTS.map(|manifest| format!("{directory}{manifest}")).to_vec(), true)
    } else {
        match path.to_str().filter(|path| path.contains(['*', '?', '['])) {
            Some(pattern) => (vec![pattern.to_owned()], false),
            None => (Vec::new(), false),
        }
    };
    if patterns.is_empty() {
        return Ok(vec![Input { path: path.to_owned(), found: Found::ByName }]);
    }
    let mut inputs = Vec::new();
    for pattern in patterns {
        let found = glob::glob_with(&pattern, OPTIONS).map_err(|error| unusable(path, &error.to_string()))?;
        for entry in found {
            let file = entry.map_err(|error| unusable(path, &error.to_string()))?;
            if file.is_file() && !(is_directory && is_skipped(&file, path)) {
                inputs.push(Input { path: file, found: Found::BySearch });
            }
        }
    }
    inputs.sort_unstable();
    if inputs.is_empty() {
        let what = if is_directory { "no JSON files in this directory" } else { "no file matches this pattern" };
        return Err(unusable(path, what));
    }
    Ok(inputs)
}

fn is_skipped(file: &Path, directory: &Path) -> bool {
    let below = file.strip_prefix(directory).unwrap_or(file);
    below.components().any(|part| SKIPPED.iter().any(|skipped| part.as_os_str() == *skipped))
}

fn unusable(path: &Path, reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("{}: {reason}", input::name(path)))
}

#[cfg(test)]
mod tests {
    use std::fs;

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
        fs::create_dir(root.join("empty")).unwrap();
        assert!(found("empty").unwrap_err().ends_with("no JSON files in this directory"));
    }
}
