//! The files of the repository.

use std::fs;
use std::path::Path;

/// The files with one of these extensions: their paths from the root, with `/` as the separator, and their texts. They
/// are in the order of the paths.
///
/// Directories that builds and fuzzing write are left out, and hidden directories except for `.cargo` and `.ci`.
pub(crate) fn with_extensions(extensions: &[&str]) -> impl Iterator<Item = (String, String)> {
    let root = edgeroute_testkit::repository();
    let mut paths = Vec::new();
    collect(root, "", &mut paths);
    paths.retain(|path| {
        let extension = Path::new(path).extension().unwrap_or_default();
        extensions.iter().any(|wanted| extension == *wanted)
    });
    paths.sort_unstable();
    paths.into_iter().map(|path| {
        let text = edgeroute_testkit::read(&path);
        (path, text)
    })
}

/// The Rust sources of the repository.
pub(crate) fn sources() -> impl Iterator<Item = (String, String)> {
    with_extensions(&["rs"])
}

/// The directories of `.gitignore`, other than `target`.
const WRITTEN: [&str; 3] = ["fuzz/artifacts", "fuzz/corpus", "fuzz/coverage"];

fn collect(directory: &Path, prefix: &str, paths: &mut Vec<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{prefix}{name}");
        if !entry.file_type().unwrap().is_dir() {
            paths.push(path);
            continue;
        }
        let is_hidden = name.starts_with('.') && name != ".cargo" && name != ".ci";
        let is_written = name == "target" || WRITTEN.contains(&path.as_str());
        if !is_hidden && !is_written {
            collect(&entry.path(), &format!("{path}/"), paths);
        }
    }
}
