//! Reads lint levels from a file, `edgeroute.toml`.
//!
//! ```toml
//! [lints]
//! topology = "deny"
//! W0304 = "allow"
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use edgeroute_analysis::lint::{Level, Levels, Selector};
use serde::Deserialize;

use crate::input;

/// The name of the file.
const NAME: &str = "edgeroute.toml";

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    #[serde(default)]
    lints: BTreeMap<String, String>,
}

/// The levels for a manifest: from the file in the manifest's directory or the nearest directory above it. For standard
/// input, the search starts in the working directory. Without such a file, every lint has its default level.
pub(crate) fn beside(manifest: &Path) -> io::Result<Levels> {
    match find(manifest) {
        Some(path) => read(&path),
        None => Ok(Levels::default()),
    }
}

pub(crate) fn find(manifest: &Path) -> Option<PathBuf> {
    let directory = if input::is_stdin(manifest) { Path::new("") } else { manifest.parent()? };
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    // The parent directories are known only after the path is made canonical.
    let directory = fs::canonicalize(directory).ok()?;
    directory.ancestors().map(|directory| directory.join(NAME)).find(|path| path.is_file())
}

/// Reads the levels that a file sets.
///
/// # Errors
/// Errors name the file. Fails if it cannot be read or is not a valid configuration file.
pub(crate) fn read(path: &Path) -> io::Result<Levels> {
    parse(&input::read_text(path)?)
        .map_err(|reason| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {reason}", input::name(path))))
}

fn parse(text: &str) -> Result<Levels, String> {
    let config: Config = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
    config.lints.iter().try_fold(Levels::default(), |levels, (selector, level)| {
        let selector: Selector = selector.parse().map_err(|error| format!("[lints]: {error}"))?;
        let level: Level = level.parse().map_err(|error| format!("[lints]: {error}"))?;
        Ok(levels.with(selector, level))
    })
}

#[cfg(test)]
mod tests {
    use edgeroute_analysis::lint::Lint;

    use super::*;

    #[test]
    fn a_file_sets_levels_by_name_code_and_group() {
        let levels = parse("[lints]\nall = \"allow\"\ntopology = \"warn\"\nW0303 = \"deny\"").unwrap();
        let level = |name| levels.of(Lint::named(name).unwrap());
        assert_eq!(level("message-loop"), Level::Deny);
        assert_eq!(level("self-loop"), Level::Warn);
        assert_eq!(level("never-true"), Level::Allow);
        assert!(parse("").is_ok());
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said() {
        let error = |text| parse(text).unwrap_err();
        assert_eq!(
            error("[lints]\nnever-treu = \"deny\""),
            "[lints]: unknown lint `never-treu`, did you mean `never-true`?"
        );
        assert_eq!(
            error("[lints]\nnever-true = \"error\""),
            "[lints]: expected `allow`, `warn` or `deny`, found `error`"
        );
        assert!(error("[lint]\nnever-true = \"deny\"").contains("unknown field `lint`"));
        assert!(error("[lints]\nnever-true = 5").contains("line 2"));
    }

    #[test]
    fn the_file_beside_a_manifest_is_found_or_the_nearest_above() {
        let directory = tempfile::tempdir().unwrap();
        let below = directory.path().join("a/b");
        fs::create_dir_all(&below).unwrap();
        let manifest = below.join("deployment.json");
        fs::write(directory.path().join(NAME), "[lints]\nnever-true = \"deny\"").unwrap();
        assert_eq!(find(&manifest).unwrap(), fs::canonicalize(directory.path()).unwrap().join(NAME));
        fs::write(below.join(NAME), "").unwrap();
        assert_eq!(find(&manifest).unwrap(), fs::canonicalize(&below).unwrap().join(NAME));
    }
}
