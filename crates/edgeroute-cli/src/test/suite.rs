//! Runs a file of test cases against its manifest.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use edgeroute::{Delivery, RouteTable};
use edgeroute_analysis::explain::{Explanation, Outcome, RouteExplanation, explain};
use edgeroute_analysis::render::{Color, ExplanationJson, TextStyle, route_explanation_text};
use edgeroute_lang::diagnostic::closest;
use edgeroute_lang::endpoint::Endpoint;
use edgeroute_lang::span::LineIndex;

use super::Arguments;
use crate::cases::{Case, CaseFile, ExpectedDelivery};
use crate::compiled::CompiledFile;
use crate::document::Language;
use crate::{count, input};

/// The most routes from other sources that are shown for a failed case.
const SHOWN_OF_OTHER_SOURCES: usize = 5;

/// Test cases that are ready to run.
pub(super) struct Suite {
    /// The name of the file in messages.
    name: String,
    text: String,
    cases: Vec<Case>,
    manifests: Vec<PathBuf>,
    file: CompiledFile,
}

/// The reason why a file of test cases cannot be run.
pub(super) struct Unusable {
    pub(super) messages: Vec<String>,
    /// The manifest and its layers, if known, since the fix may be there.
    pub(super) manifests: Vec<PathBuf>,
}

impl From<io::Error> for Unusable {
    fn from(error: io::Error) -> Self {
        Self { messages: vec![format!("edgeroute: {error}")], manifests: Vec::new() }
    }
}

/// The results of all files.
pub(super) struct Results<'s> {
    pub(super) suites: Vec<SuiteResult<'s>>,
    /// The files that cannot be run, with their names.
    pub(super) unusable: Vec<(String, Unusable)>,
}

/// The results of the cases in a file.
pub(super) struct SuiteResult<'s> {
    pub(super) name: &'s str,
    pub(super) cases: Vec<CaseResult<'s>>,
    /// The number of cases whose name does not contain the filter.
    pub(super) filtered_out: usize,
}

/// The result of a case.
pub(super) struct CaseResult<'s> {
    pub(super) case: &'s Case,
    /// The line where the case begins, counted from 1.
    pub(super) line: u32,
    /// `None` if the case passed.
    pub(super) failure: Option<Failure>,
}

/// The differences between the expected and the actual deliveries. Strings may still contain control characters.
#[derive(Default)]
pub(super) struct Failure {
    pub(super) missing: Vec<Missing>,
    pub(super) surplus: Vec<Delivered>,
    pub(super) different: Vec<(ExpectedDelivery, Delivered)>,
    /// The explanation of the routes concerned, as text.
    pub(super) explanation: String,
    /// The whole explanation, as JSON.
    pub(super) json: String,
}

/// An endpoint that should have received the message but did not.
pub(super) struct Missing {
    pub(super) endpoint: String,
    /// Set if no route leads to the endpoint.
    pub(super) unreachable: Option<Unreachable>,
}

/// Marks an endpoint that no route leads to.
pub(super) struct Unreachable {
    /// A similar endpoint that routes do lead to.
    pub(super) nearest: Option<String>,
}

/// A delivery.
pub(super) struct Delivered {
    pub(super) endpoint: String,
    pub(super) route: String,
    pub(super) priority: u32,
    pub(super) time_to_live: u32,
}

impl Suite {
    /// Reads a file of test cases and its manifest.
    pub(super) fn read(path: &Path, arguments: &Arguments) -> Result<Self, Unusable> {
        let name = input::name(path);
        let text = input::read_text(path)?;
        // Some tools begin a file with a byte-order mark.
        let text = text.strip_prefix('\u{FEFF}').map(str::to_owned).unwrap_or(text);
        let language = arguments.language.unwrap_or_else(|| language_of(path, &text));
        let CaseFile { manifest, cases } = CaseFile::parse(&text, language).map_err(|problems| Unusable {
            messages: problems.iter().map(|problem| problem.render(&name, &text) + "\n").collect(),
            manifests: Vec::new(),
        })?;
        let mut manifests = match (&*arguments.manifest, manifest) {
            ([], Some(manifest)) => vec![path.parent().unwrap_or(Path::new("")).join(manifest)],
            ([], None) => {
                let message = format!("{name}: no manifest: set `manifest` in the file or pass --manifest");
                return Err(Unusable { messages: vec![message], manifests: Vec::new() });
            }
            (manifests, _) => manifests.to_vec(),
        };
        let paths: Vec<&Path> = manifests.iter().map(PathBuf::as_path).collect();
        let unusable = |messages| Unusable { messages, manifests: manifests.clone() };
        let file = CompiledFile::read(&paths, &arguments.reading)
            .map_err(|error| unusable(vec![format!("edgeroute: {error}")]))?
            .usable(arguments.bad_routes)
            .ok_or_else(|| unusable(vec![format!("{name}: tests were not run")]))?;
        manifests.retain(|manifest| !input::is_stdin(manifest));
        Ok(Self { name, text, cases, manifests, file })
    }

    /// The paths of the manifest and its layers.
    pub(super) fn manifests(&self) -> &[PathBuf] {
        &self.manifests
    }

    /// Runs the cases with `filter` in their name, ignoring case.
    pub(super) fn run(&self, filter: &str, color: Color) -> SuiteResult<'_> {
        let filter = filter.to_lowercase();
        let routes = self.file.routes();
        // Always present, because an unusable file is rejected when it is read.
        let mut table = self.file.table().map(|table| (table, table.create_scratch()));
        let reachable: Vec<&Endpoint> =
            self.file.table().into_iter().flat_map(RouteTable::endpoints).map(|(_, endpoint)| endpoint).collect();
        let lines = LineIndex::new(&self.text);
        let mut cases = Vec::with_capacity(self.cases.len());
        let filtered = self.cases.iter().filter(|case| case.name.to_lowercase().contains(&*filter));
        let filtered_out = self.cases.len() - filtered.clone().count();
        for case in filtered {
            let line = lines.position(&self.text, u32::try_from(case.span.start).unwrap_or(u32::MAX)).line;
            let (Some((table, scratch)), Ok(message)) = (&mut table, case.message.message()) else { continue };
            let delivered: Vec<Delivery<'_>> = table.route_with(scratch, &message).collect();
            let failure = Failure::of(case, &delivered, &reachable).map(|mut failure| {
                failure.explain(&explain(&routes, &message), color);
                failure
            });
            cases.push(CaseResult { case, line, failure });
        }
        SuiteResult { name: &self.name, cases, filtered_out }
    }
}

impl Failure {
    /// Returns how a case's deliveries differ from the expected ones; `None` if they do not. `reachable` lists the
    /// endpoints that routes lead to.
    fn of(case: &Case, delivered: &[Delivery<'_>], reachable: &[&Endpoint]) -> Option<Self> {
        let mut failure = Self::default();
        for expected in &case.expected {
            match delivered.iter().find(|delivery| delivery.endpoint().to_string() == expected.endpoint) {
                None => failure.missing.push(Missing::new(&expected.endpoint, reachable)),
                Some(delivery) if !expected.is(delivery) => {
                    failure.different.push((expected.clone(), Delivered::from(delivery)));
                }
                Some(_) => {}
            }
        }
        let is_surplus = |delivery: &&Delivery<'_>| {
            let endpoint = delivery.endpoint().to_string();
            case.expected.iter().all(|expected| expected.endpoint != endpoint)
        };
        failure.surplus.extend(delivered.iter().filter(is_surplus).map(Delivered::from));
        let is_failure = !failure.missing.is_empty() || !failure.surplus.is_empty() || !failure.different.is_empty();
        is_failure.then_some(failure)
    }

    /// Adds the explanation of the routes that lead to missing endpoints and of those that deliver unexpectedly.
    fn explain(&mut self, explanation: &Explanation<'_, '_>, color: Color) {
        let style = TextStyle { color, ..TextStyle::default() };
        let (mut text, mut of_other_sources) = (String::new(), Vec::new());
        for route in explanation.routes().iter().filter(|route| self.concerns(route)) {
            let shown = route_explanation_text(explanation, route, &style);
            if matches!(route.outcome(), Outcome::OtherSource(_)) {
                of_other_sources.push(shown);
            } else {
                text.push_str(&shown);
            }
        }
        let more = of_other_sources.len().saturating_sub(SHOWN_OF_OTHER_SOURCES);
        text.extend(of_other_sources.into_iter().take(SHOWN_OF_OTHER_SOURCES));
        if more > 0 {
            let _ = writeln!(text, "and {} for other sources", count(more, "route"));
        }
        self.explanation = text;
        self.json = ExplanationJson::new().write(explanation);
    }

    fn concerns(&self, route: &RouteExplanation<'_, '_>) -> bool {
        let (name, endpoint) = (route.route().name(), route.endpoint().to_string());
        self.missing.iter().any(|missing| missing.endpoint == endpoint)
            || self.surplus.iter().any(|surplus| surplus.route == name)
            || self
                .different
                .iter()
                .any(|(expected, delivered)| delivered.route == name || expected.route.as_deref() == Some(name))
    }
}

impl Missing {
    fn new(endpoint: &str, reachable: &[&Endpoint]) -> Self {
        let reachable: Vec<String> = reachable.iter().map(ToString::to_string).collect();
        let is_reachable = reachable.iter().any(|other| other == endpoint);
        let unreachable = (!is_reachable).then(|| Unreachable {
            nearest: closest(endpoint, reachable.iter().map(String::as_str)).map(str::to_owned),
        });
        Self { endpoint: endpoint.to_owned(), unreachable }
    }
}

impl From<&Delivery<'_>> for Delivered {
    fn from(delivery: &Delivery<'_>) -> Self {
        Self {
            endpoint: delivery.endpoint().to_string(),
            route: delivery.route().to_owned(),
            priority: delivery.priority().get(),
            time_to_live: delivery.time_to_live().as_secs(),
        }
    }
}

impl Results<'_> {
    /// The number of cases that were run.
    pub(super) fn cases(&self) -> usize {
        self.suites.iter().map(|suite| suite.cases.len()).sum()
    }

    pub(super) fn failed(&self) -> usize {
        self.suites.iter().map(SuiteResult::failed).sum()
    }

    pub(super) fn filtered_out(&self) -> usize {
        self.suites.iter().map(|suite| suite.filtered_out).sum()
    }
}

impl Unusable {
    /// All messages in one text.
    pub(super) fn text(&self) -> String {
        self.messages.iter().map(|message| message.trim_end()).collect::<Vec<_>>().join("\n\n")
    }
}

impl SuiteResult<'_> {
    pub(super) fn failed(&self) -> usize {
        self.cases.iter().filter(|case| case.failure.is_some()).count()
    }
}

/// Chooses the language by the file extension, or for standard input by the start of the text.
fn language_of(path: &Path, text: &str) -> Language {
    let ending = path.extension().map(OsStr::to_ascii_lowercase);
    match ending.as_ref().and_then(|ending| ending.to_str()) {
        Some("json") => Language::Json,
        Some("toml") => Language::Toml,
        Some("yaml" | "yml") => Language::Yaml,
        _ if text.trim_start().starts_with('{') => Language::Json,
        _ => Language::Yaml,
    }
}
