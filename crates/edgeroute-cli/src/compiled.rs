//! Reads a manifest from a file, compiles its routes, and collects its errors.

use std::collections::HashSet;
use std::io;
use std::path::Path;

use edgeroute::{CheckedManifest, RouteTable};
use edgeroute_analysis::explain::Routes;
use edgeroute_analysis::render::{FileReport, Report};
use edgeroute_lang::hir::Shadowing;
use edgeroute_lang::limits::Limits;
use edgeroute_lang::manifest::{Manifest, RouteSpec};

use crate::input::{self, printable};
use crate::messages::MessageArguments;
use crate::{count, reporting};

/// What a command that uses routes does with those that do not compile.
#[derive(Copy, Clone, clap::Args)]
pub(crate) struct BadRoutesArguments {
    /// Leave out routes that have problems, instead of refusing the manifest
    #[arg(long)]
    skip_bad_routes: bool,
}

/// A manifest file after compilation.
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
    /// Fails if the file cannot be read or is not UTF-8.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let text = input::read_text(path)?;
        Ok(Self { name: input::name(path), checked: CheckedManifest::from_json(&text), text })
    }

    /// Reads a manifest whose routes will be used, and reports its errors on standard error. Returns `None` if they
    /// rule out using it.
    ///
    /// # Errors
    /// Same as for [`read`](Self::read).
    pub(crate) fn read_usable(path: &Path, bad_routes: BadRoutesArguments) -> io::Result<Option<Self>> {
        let file = Self::read(path)?;
        file.report_problems();
        if file.problem_count() > 0 && !bad_routes.skip_bad_routes {
            input::report(&format!("{}: {}", file.name, count(file.problem_count(), "problem")));
            return Ok(None);
        }
        if file.checked.table().is_none() {
            return Ok(None);
        }
        let names: Vec<String> = file.bad_routes().iter().map(|name| format!("`{}`", printable(name))).collect();
        if !names.is_empty() {
            input::report(&format!("left out: {}", names.join(", ")));
        }
        Ok(Some(file))
    }

    /// Same as [`read_usable`](Self::read_usable), for a command that also reads messages.
    ///
    /// # Errors
    /// Also fails if both the manifest and the messages are read from standard input.
    pub(crate) fn read_with_messages(
        manifest: &Path,
        messages: &MessageArguments,
        bad_routes: BadRoutesArguments,
    ) -> io::Result<Option<Self>> {
        messages.check_beside(manifest)?;
        Self::read_usable(manifest, bad_routes)
    }

    /// All errors in the order of the file, ready for display.
    pub(crate) fn report(&self) -> FileReport<'_> {
        FileReport::new(&self.name, &self.text, self.checked.route_count(), self.checked.findings())
    }

    /// Reports the errors on standard error.
    pub(crate) fn report_problems(&self) {
        reporting::warn_of(&Report::new(vec![self.report()]));
    }

    pub(crate) fn problem_count(&self) -> usize {
        self.checked.findings().len()
    }

    /// The names of the routes that have errors, in the order of the file and without duplicates.
    pub(crate) fn bad_routes(&self) -> Vec<&str> {
        self.checked.bad_routes()
    }

    /// The routes without errors, in the order of declaration. Empty if the manifest itself has errors.
    fn good_routes(&self) -> Vec<&RouteSpec> {
        let bad: HashSet<&str> = self.bad_routes().into_iter().collect();
        let routes = self.checked.manifest().map(Manifest::routes).unwrap_or_default();
        routes.iter().filter(|route| !bad.contains(route.name())).collect()
    }

    /// The routes without errors, ready to be explained.
    pub(crate) fn routes(&self) -> Routes<'_> {
        let mut routes = Routes::new(Shadowing::default(), Limits::default());
        for route in self.good_routes() {
            // A route with errors was already reported and left out.
            let _ = routes.add(route.route());
        }
        routes
    }

    /// Same as [`into_table`](Self::into_table), by reference.
    pub(crate) fn table(&self) -> Option<&RouteTable> {
        self.checked.table()
    }

    /// The manifest; `None` if it has errors of its own.
    pub(crate) fn manifest(&self) -> Option<&Manifest> {
        self.checked.manifest()
    }

    /// The compiled routes without errors; `None` if the manifest itself has errors.
    pub(crate) fn into_table(self) -> Option<RouteTable> {
        self.checked.into_table()
    }
}
