//! Reads manifests from files, compiles their routes, and collects their errors.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use edgeroute::{CheckedManifest, RouteTable};
use edgeroute_analysis::explain::Routes;
use edgeroute_analysis::render::{FileReport, Report};
use edgeroute_lang::diagnostic::Finding;
use edgeroute_lang::hir::{Shadowing, TypedRoute};
use edgeroute_lang::limits::Limits;
use edgeroute_lang::manifest::{Manifest, RouteSpec, merge};

use crate::input::{self, printable};
use crate::manifests::{ManifestFile, ReadingArguments};
use crate::messages::MessageArguments;
use crate::{count, reporting};

/// The manifest of a command that uses routes.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ManifestArguments {
    /// Deployment manifest; - for standard input. Several are merged: a deployment, then layered deployments
    #[arg(value_name = "MANIFEST")]
    files: Vec<PathBuf>,
    /// The same as MANIFEST; may be repeated
    #[arg(long = "manifest", short, value_name = "FILE")]
    manifests: Vec<PathBuf>,
    #[command(flatten)]
    reading: ReadingArguments,
}

impl ManifestArguments {
    /// The manifest, or the files that are merged.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> + Clone {
        self.manifests.iter().chain(&self.files).map(PathBuf::as_path)
    }

    /// Reads and compiles the manifest.
    ///
    /// # Errors
    /// Fails if there is no manifest, or if it cannot be read or merged.
    pub(crate) fn read(&self) -> io::Result<CompiledFile> {
        CompiledFile::read(&self.paths().collect::<Vec<_>>(), &self.reading)
    }
}

/// What a command that uses routes does with those that do not compile.
#[derive(Copy, Clone, clap::Args)]
pub(crate) struct BadRoutesArguments {
    /// Leave out routes that have problems, instead of refusing the manifest
    #[arg(long)]
    skip_bad_routes: bool,
}

/// The result of checking the manifests of a file.
#[derive(Debug)]
pub(crate) struct CheckedFile {
    pub(crate) checked: Vec<CheckedManifest>,
    /// All errors in the order of the file. Spans are in bytes of the file's text.
    pub(crate) findings: Vec<Finding>,
    pub(crate) routes: usize,
}

impl CheckedFile {
    /// Checks every manifest of a file.
    pub(crate) fn of(file: &ManifestFile<'_>) -> Self {
        let (mut checked, mut findings) = (Vec::new(), Vec::new());
        for (view, text) in file.views() {
            let manifest = CheckedManifest::from_json(text);
            findings.extend(manifest.findings().iter().map(|finding| view.locate(finding.clone())));
            checked.push(manifest);
        }
        let routes = checked.iter().map(CheckedManifest::route_count).sum();
        Self { checked, findings, routes }
    }
}

/// A manifest after compilation.
#[derive(Debug)]
pub(crate) struct CompiledFile {
    name: String,
    text: String,
    findings: Vec<Finding>,
    checked: CheckedManifest,
}

impl CompiledFile {
    /// Reads and compiles a manifest. Several are merged in this order.
    ///
    /// # Errors
    /// Fails if no manifest is given, and if a file cannot be read or decoded, or does not contain exactly one manifest.
    pub(crate) fn read(paths: &[&Path], reading: &ReadingArguments) -> io::Result<Self> {
        match paths {
            [] => Err(io::Error::other("no manifest is given; add its file name, or - for standard input")),
            [path] => Self::of(&ManifestFile::read(path, reading)?),
            paths => Self::of(&merged(paths, reading)?),
        }
    }

    fn of(file: &ManifestFile<'_>) -> io::Result<Self> {
        file.only_view()?;
        file.report_comments();
        let CheckedFile { mut checked, findings, .. } = CheckedFile::of(file);
        let checked = checked.pop().ok_or_else(|| io::Error::other("no manifest"))?;
        Ok(Self { name: file.name(), text: file.text().to_owned(), findings, checked })
    }

    /// Compiles routes given on the command line, which are named `route`, or `route1`, `route2` and so on. Reports
    /// their errors on standard error, and then returns `None`.
    pub(crate) fn of_routes(texts: &[String]) -> Option<Self> {
        let names = names_of(texts);
        let mut is_valid = true;
        for (name, text) in names.iter().zip(texts) {
            let findings = errors_in(text);
            is_valid &= findings.is_empty();
            let name = format!("<{name}>");
            reporting::warn_of(&Report::new(vec![FileReport::new(&name, text, 1, &findings)]));
        }
        let members = names.iter().zip(texts).map(|(name, text)| format!("{}: {}", json(name), json(text)));
        let routes = members.collect::<Vec<_>>().join(", ");
        let text =
            format!(r#"{{"schemaVersion": "1.1", "routes": {{{routes}}}, "storeAndForwardConfiguration": {{}}}}"#);
        let checked = CheckedManifest::from_json(&text);
        let name = "<route>".to_owned();
        is_valid.then(|| Self { name, text, findings: checked.findings().to_vec(), checked })
    }

    /// Decides whether a manifest can be used, and reports its errors on standard error. Returns `None` if they rule out
    /// using it.
    pub(crate) fn usable(self, bad_routes: BadRoutesArguments) -> Option<Self> {
        self.report_problems();
        if self.problem_count() > 0 && !bad_routes.skip_bad_routes {
            input::report(&format!("{}: {}", self.name, count(self.problem_count(), "problem")));
            return None;
        }
        self.checked.table()?;
        let names: Vec<String> = self.bad_routes().iter().map(|name| format!("`{}`", printable(name))).collect();
        if !names.is_empty() {
            input::report(&format!("left out: {}", names.join(", ")));
        }
        Some(self)
    }

    /// Reads a manifest, or takes the `routes` of the command line, which will be used together with messages.
    ///
    /// # Errors
    /// Same as for [`ManifestArguments::read`]. Also fails if there are both a manifest and routes, or if both the
    /// manifest and the messages are read from standard input.
    pub(crate) fn read_with_messages(
        manifest: &ManifestArguments,
        routes: &[String],
        messages: &MessageArguments,
        bad_routes: BadRoutesArguments,
    ) -> io::Result<Option<Self>> {
        if !routes.is_empty() {
            return match manifest.paths().next() {
                Some(_) => Err(io::Error::other("give either a manifest or the text of a route, not both")),
                None => Ok(Self::of_routes(routes)),
            };
        }
        manifest.paths().try_for_each(|path| messages.check_beside(path))?;
        Ok(manifest.read()?.usable(bad_routes))
    }

    /// All errors in the order of the file, ready for display.
    pub(crate) fn report(&self) -> FileReport<'_> {
        FileReport::new(&self.name, &self.text, self.checked.route_count(), &self.findings)
    }

    /// Reports the errors on standard error.
    pub(crate) fn report_problems(&self) {
        reporting::warn_of(&Report::new(vec![self.report()]));
    }

    pub(crate) fn problem_count(&self) -> usize {
        self.findings.len()
    }

    /// The names of the routes that have errors, in the order of the file and without duplicates.
    pub(crate) fn bad_routes(&self) -> Vec<&str> {
        self.checked.bad_routes()
    }

    /// The routes without errors, in the order of declaration. Empty if the manifest itself has errors.
    pub(crate) fn good_routes(&self) -> Vec<&RouteSpec> {
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

/// Reads several files and merges them in this order.
///
/// # Errors
/// Fails if a file cannot be read or decoded, if it contains several manifests, or if it is not a manifest.
pub(crate) fn merged<'a>(paths: &[&Path], reading: &'a ReadingArguments) -> io::Result<ManifestFile<'a>> {
    let files = paths.iter().map(|path| ManifestFile::read(path, reading)).collect::<io::Result<Vec<_>>>()?;
    let mut texts = Vec::new();
    for file in &files {
        file.only_view()?;
        texts.extend(file.views().map(|(_, text)| text));
    }
    let text = merge(&texts).map_err(|error| match files.get(error.index()) {
        Some(file) => input::invalid(file.path(), &error.to_string()),
        None => io::Error::other(error.to_string()),
    })?;
    let names: Vec<String> = files.iter().map(ManifestFile::name).collect();
    Ok(ManifestFile::generated(&names.join(" + "), text, reading))
}

/// The errors in the text of a route.
pub(crate) fn errors_in(text: &str) -> Vec<Finding> {
    match TypedRoute::compile(text, Shadowing::default(), &Limits::default()) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.into_iter().map(Finding::new).collect(),
    }
}

/// The names of routes given on the command line.
pub(crate) fn names_of(texts: &[String]) -> Vec<String> {
    match texts {
        [_] => vec!["route".to_owned()],
        texts => (1..=texts.len()).map(|number| format!("route{number}")).collect(),
    }
}

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
