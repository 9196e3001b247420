//! The inputs of commands that report findings: files, directories, patterns, layers, and routes on the command line.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use edgeroute_analysis::render::{FileReport, Report, Unreadable};
use edgeroute_lang::diagnostic::Finding;

use crate::compiled::{merged, names_of};
use crate::config::Configs;
use crate::manifests::{Found, ManifestFile, ReadingArguments, View, inputs};
use crate::{count, input};

/// What to examine.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct InputArguments {
    /// Manifests, directories, and patterns such as 'layers/*.json'; - for standard input
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Examine this route, such as 'FROM /messages/* INTO $upstream'; may be repeated
    #[arg(long, value_name = "ROUTE", conflicts_with = "merge")]
    route: Vec<String>,
    /// Merge the files, a deployment and then layered deployments, and examine the result
    #[arg(long)]
    pub(crate) merge: bool,
    #[command(flatten)]
    pub(crate) reading: ReadingArguments,
    /// Run again whenever a file changes, until interrupted
    #[arg(long)]
    pub(crate) watch: bool,
}

/// One of the things to examine.
pub(crate) enum Subject<'a> {
    /// The manifests of a file.
    File(ManifestFile<'a>),
    /// A route on the command line.
    Route(&'a str),
}

/// A text with its findings.
#[derive(Debug)]
pub(crate) struct Examined {
    pub(crate) text: String,
    pub(crate) routes: usize,
    pub(crate) findings: Vec<Finding>,
}

/// The findings in all inputs.
#[derive(Debug, Default)]
pub(crate) struct Results {
    /// With the name of each.
    pub(crate) examined: Vec<(String, Examined)>,
    /// The name of each, and why it could not be read.
    unreadable: Vec<(String, String)>,
    /// The number of files in directories that are not manifests.
    skipped: usize,
}

impl InputArguments {
    /// Examines everything. Inputs that cannot be read are reported on standard error, and the others are still
    /// examined.
    ///
    /// # Errors
    /// Fails if there is nothing to examine, or if standard input is given twice.
    pub(crate) fn examine(&self, mut examine: impl FnMut(Subject<'_>) -> io::Result<Examined>) -> io::Result<Results> {
        if self.files.is_empty() && self.route.is_empty() {
            return Err(io::Error::other(
                "nothing to examine; add a file name, - for standard input, or --route ROUTE",
            ));
        }
        input::check_stdin_once(&self.files)?;
        let mut results = Results::default();
        for (name, text) in names_of(&self.route).iter().zip(&self.route) {
            results.examined.push((format!("<{name}>"), examine(Subject::Route(text))?));
        }
        if self.merge {
            let paths: Vec<&Path> = self.files.iter().map(PathBuf::as_path).collect();
            let file = merged(&paths, &self.reading)?;
            results.examined.push((file.name(), examine(Subject::File(file))?));
            return Ok(results);
        }
        for path in &self.files {
            if let Err(error) = self.examine_path(path, &mut examine, &mut results) {
                if error.kind() == io::ErrorKind::BrokenPipe {
                    return Err(error);
                }
                results.add_unreadable(path, &error);
            }
        }
        Ok(results)
    }

    fn examine_path(
        &self,
        path: &Path,
        examine: &mut impl FnMut(Subject<'_>) -> io::Result<Examined>,
        results: &mut Results,
    ) -> io::Result<()> {
        for found in inputs(path)? {
            let read = ManifestFile::read(&found.path, &self.reading);
            // A file that was only found may be anything.
            if found.found == Found::BySearch && !read.as_ref().is_ok_and(ManifestFile::may_be_manifest) {
                results.skipped += 1;
                continue;
            }
            let examined = read.and_then(|file| {
                report_places(&file);
                file.report_comments();
                Ok((file.name(), examine(Subject::File(file))?))
            });
            match examined {
                Ok(examined) => results.examined.push(examined),
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Err(error),
                Err(error) => results.add_unreadable(&found.path, &error),
            }
        }
        Ok(())
    }

    /// The files that may be examined, without those that cannot be read.
    pub(crate) fn manifests(&self) -> Vec<PathBuf> {
        let found = |path: &PathBuf| inputs(path).unwrap_or_default().into_iter().map(|input| input.path);
        self.files.iter().flat_map(found).collect()
    }

    /// The configuration of the files; `None` if it has mistakes, which are reported on standard error.
    ///
    /// # Errors
    /// Fails if a configuration file cannot be read.
    pub(crate) fn configs(&self, given: Option<&Path>) -> io::Result<Option<Configs>> {
        Configs::read(&self.manifests(), given)
    }

    /// The files to watch.
    pub(crate) fn watched(&self, configs: Option<&Configs>) -> Vec<PathBuf> {
        let configs = configs.into_iter().flat_map(Configs::files);
        self.manifests().into_iter().chain(self.reading.env_files().chain(configs).cloned()).collect()
    }
}

/// Reports where manifests were found inside a larger document.
fn report_places(file: &ManifestFile<'_>) {
    let places: Vec<String> = file.views().filter_map(|(view, _)| View::place(view)).map(input::printable).collect();
    let shown: Vec<String> = places.iter().take(SHOWN).map(|place| format!("`{place}`")).collect();
    let more = match places.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    if !places.is_empty() {
        let manifests = if places.len() == 1 { "manifest" } else { "manifests" };
        input::report(&format!("{}: {manifests} found at {}{more}", file.name(), shown.join(", ")));
    }
}

/// The maximum number of places that are reported.
const SHOWN: usize = 5;

impl Results {
    fn add_unreadable(&mut self, path: &Path, error: &io::Error) {
        let name = input::name(path);
        let message = error.to_string();
        let reason = message.strip_prefix(&format!("{name}: ")).unwrap_or(&message).to_owned();
        input::report(&format!("error: {name}: {reason}"));
        self.unreadable.push((name, reason));
    }

    /// Whether an input could not be read.
    pub(crate) fn is_incomplete(&self) -> bool {
        !self.unreadable.is_empty()
    }

    /// The findings, ready for display.
    pub(crate) fn report(&self) -> Report<'_> {
        let files = self.examined.iter().map(|(name, examined)| {
            let Examined { text, routes, findings } = examined;
            FileReport::new(name, text, *routes, findings)
        });
        let unreadable = self.unreadable.iter().map(|(name, message)| Unreadable { name, message });
        Report::new(files.collect()).with_unreadable(unreadable.collect())
    }

    /// The numbers of routes and files, and of files that were not examined.
    pub(crate) fn summary(&self) -> String {
        let routes = self.examined.iter().map(|(_, examined)| examined.routes).sum();
        let mut summary = format!("{} in {}", count(routes, "route"), count(self.examined.len(), "file"));
        if self.is_incomplete() {
            // Writing to a `String` cannot fail.
            let _ = write!(summary, ", {} could not be read", count(self.unreadable.len(), "file"));
        }
        if self.skipped > 0 {
            let _ = write!(summary, ", {} without a manifest skipped", count(self.skipped, "file"));
        }
        summary
    }
}
