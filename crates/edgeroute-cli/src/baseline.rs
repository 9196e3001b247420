//! A file of known findings, which `edgeroute lint` does not report again.
//!
//! ```json
//! {
//!   "version": 1,
//!   "findings": [
//!     { "file": "deployment.json", "route": "again", "code": "W0302", "text": "FROM /messages ..", "count": 1 }
//!   ]
//! }
//! ```
//!
//! A finding is recognized by its file, code, route and marked text, so that it stays known when lines move. Files are
//! relative to the directory of the baseline. Only findings of lints can be known: errors are reported until they are
//! fixed.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use edgeroute_analysis::lint::Lint;
use edgeroute_analysis::render::FindingIdentity;
use edgeroute_lang::diagnostic::Finding;
use serde::{Deserialize, Serialize};

use crate::examined::Examined;
use crate::{input, output};

/// The version of the file's structure.
const VERSION: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    findings: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    file: String,
    route: Option<String>,
    code: String,
    text: String,
    count: usize,
}

/// What identifies findings.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Known {
    file: String,
    route: Option<String>,
    code: String,
    text: String,
}

/// The known findings, each with the number of times that it may still occur.
#[derive(Debug, Default)]
pub(crate) struct Baseline {
    directory: PathBuf,
    left: BTreeMap<Known, usize>,
    /// The files that were examined.
    examined: Vec<String>,
    hidden: usize,
}

impl Baseline {
    /// # Errors
    /// Errors name the file. Fails if it cannot be read or is not a baseline.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let document: Document = serde_json::from_str(&input::read_text(path)?)
            .map_err(|error| input::invalid(path, &format!("not a baseline: {error}")))?;
        if document.version != VERSION {
            let why = format!("unsupported version {} of a baseline, expected {VERSION}", document.version);
            return Err(input::invalid(path, &why));
        }
        let mut baseline = Self::beside(path);
        for Entry { file, route, code, text, count } in document.findings {
            let known = Known { file, route, code, text };
            *baseline.left.entry(known).or_default() += count;
        }
        Ok(baseline)
    }

    /// An empty baseline whose files are relative to that of `path`.
    pub(crate) fn beside(path: &Path) -> Self {
        Self { directory: directory_of(path), ..Self::default() }
    }

    /// Removes the known findings of a file.
    pub(crate) fn hide(&mut self, path: &Path, examined: &mut Examined) {
        let file = self.name_of(path);
        let Examined { text, findings, .. } = examined;
        findings.retain(|finding| {
            let left =
                known(&file, text, finding).and_then(|known| self.left.get_mut(&known)).filter(|left| **left > 0);
            let Some(left) = left else {
                return true;
            };
            *left -= 1;
            self.hidden += 1;
            false
        });
        self.examined.push(file);
    }

    /// Adds all findings of lints in a file.
    pub(crate) fn add(&mut self, path: &Path, examined: &Examined) {
        let file = self.name_of(path);
        for known in examined.findings.iter().filter_map(|finding| known(&file, &examined.text, finding)) {
            *self.left.entry(known).or_default() += 1;
        }
    }

    /// The number of findings that were removed.
    pub(crate) const fn hidden(&self) -> usize {
        self.hidden
    }

    /// The number of findings that no longer occur, in files that were examined or no longer exist.
    pub(crate) fn gone(&self) -> usize {
        let is_gone = |known: &Known| self.examined.contains(&known.file) || !self.directory.join(&known.file).exists();
        self.left.iter().filter(|(known, _)| is_gone(known)).map(|(_, left)| left).sum()
    }

    /// The number of findings that can still occur.
    pub(crate) fn left(&self) -> usize {
        self.left.values().sum()
    }

    /// Writes the findings that can still occur, in the order of files, routes and codes.
    ///
    /// # Errors
    /// Errors name the file.
    pub(crate) fn write(self, path: &Path) -> io::Result<()> {
        let entry = |(Known { file, route, code, text }, count)| Entry { file, route, code, text, count };
        let findings = self.left.into_iter().map(entry).collect();
        let mut text = serde_json::to_string_pretty(&Document { version: VERSION, findings })?;
        text.push('\n');
        output::write(path, text.as_bytes())
    }

    /// The path of a file from the directory of the baseline, with `/` between its parts on every system.
    fn name_of(&self, path: &Path) -> String {
        let Ok(path) = fs::canonicalize(path) else {
            return input::name(path);
        };
        let shared = path.components().zip(self.directory.components()).take_while(|(a, b)| a == b).count();
        let up = self.directory.components().skip(shared).map(|_| "..".into());
        let down = path.components().skip(shared).map(|part| match part {
            Component::RootDir => "".into(),
            part => part.as_os_str().to_string_lossy(),
        });
        up.chain(down).collect::<Vec<_>>().join("/")
    }
}

fn directory_of(path: &Path) -> PathBuf {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::canonicalize(directory).unwrap_or_default()
}

fn known(file: &str, text: &str, finding: &Finding) -> Option<Known> {
    Lint::of(finding.diagnostic.code)?;
    let FindingIdentity { code, route, marked } = FindingIdentity::of(text, finding);
    Some(Known {
        file: file.to_owned(),
        route: route.map(str::to_owned),
        code: code.to_owned(),
        text: marked.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_from_the_directory_of_the_baseline() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir_all(directory.path().join("a/b")).unwrap();
        let file = directory.path().join("a/m.json");
        fs::write(&file, "").unwrap();
        let name = |baseline: &str| Baseline::beside(&directory.path().join(baseline)).name_of(&file);
        assert_eq!(name("x.json"), "a/m.json");
        assert_eq!(name("a/x.json"), "m.json");
        assert_eq!(name("a/b/x.json"), "../m.json");
        assert_eq!(Baseline::beside(Path::new("x.json")).name_of(Path::new("-")), "<stdin>");
    }
}
