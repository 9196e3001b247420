//! A manifest read from a file, its routes compiled, and everything that is wrong with it.

use std::io;
use std::path::Path;

use edgeroute::render::{FileReport, Report};
use edgeroute::{CheckedManifest, RouteTable};

use crate::{input, reporting};

/// What was made of a file.
#[derive(Debug)]
pub(crate) struct CompiledFile {
    name: String,
    text: String,
    checked: CheckedManifest,
}

impl CompiledFile {
    /// Reads and compiles a manifest.
    ///
    /// # Errors
    /// Where the file cannot be read, or is not UTF-8.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let text = input::read_text(path)?;
        Ok(Self { name: input::name(path), checked: CheckedManifest::from_json(&text), text })
    }

    /// Every problem in the order of the file, to be shown.
    pub(crate) fn report(&self) -> FileReport<'_> {
        FileReport::new(&self.name, &self.text, self.checked.route_count(), self.checked.findings())
    }

    /// Tells the problems on standard error.
    pub(crate) fn report_problems(&self) {
        reporting::warn_of(&Report::new(vec![self.report()]));
    }

    pub(crate) fn problem_count(&self) -> usize {
        self.checked.findings().len()
    }

    /// The names of the routes that have problems, in the order of the file, each once.
    pub(crate) fn bad_routes(&self) -> Vec<&str> {
        self.checked.bad_routes()
    }

    /// The routes without problems, compiled. `None` where the manifest itself has problems.
    pub(crate) fn into_table(self) -> Option<RouteTable> {
        self.checked.into_table()
    }
}
