//! A manifest read from a file, its routes compiled, and everything that is wrong with it.

use std::collections::HashSet;
use std::io;
use std::path::Path;

use edgeroute::diagnostic::{Diagnostic, render};
use edgeroute::hir::{Route, Shadowing};
use edgeroute::limits::Limits;
use edgeroute::manifest::{Manifest, Parsed, RouteSpec};
use edgeroute::span::{LineIndex, PositionWalk};
use edgeroute::{BadRoutes, RouteTable};

use crate::input::{self, printable};

/// How many problems of a file are shown with their line: cutting it out costs a walk along the line, and a manifest may
/// be one long line.
const SHOWN_IN_FULL: usize = 100;

/// What was made of a file.
#[derive(Debug)]
pub(crate) struct CompiledFile {
    name: String,
    text: String,
    /// In the order of the text.
    problems: Vec<Problem>,
    /// How many routes the file has, good or bad.
    routes: usize,
    /// `None` where something other than a route is wrong.
    table: Option<RouteTable>,
}

/// One thing that is wrong. Spans are in bytes of the file.
#[derive(Debug)]
struct Problem {
    /// The route's name, where it is about one.
    route: Option<String>,
    diagnostic: Diagnostic,
}

impl Problem {
    /// What is wrong in the text of a route.
    fn of(route: &RouteSpec, diagnostic: Diagnostic) -> Self {
        Self { route: Some(route.name().to_owned()), diagnostic: route.locate_diagnostic(diagnostic) }
    }
}

impl CompiledFile {
    /// Reads and compiles a manifest.
    ///
    /// # Errors
    /// Where the file cannot be read, or is not UTF-8.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let text = input::read_text(path)?;
        let Parsed { manifest, unusable_routes, problems } = Manifest::parse(&text);
        let mut problems: Vec<Problem> = problems
            .iter()
            .map(|problem| Problem {
                route: problem.route().map(str::to_owned),
                diagnostic: problem.diagnostic().clone(),
            })
            .collect();
        let routes = manifest.as_ref().map(Manifest::routes).unwrap_or_default();
        let table = compile(routes, &mut problems).filter(|_| manifest.is_some());
        for route in &unusable_routes {
            let errors = Route::compile(route.text(), Shadowing::default(), &Limits::default()).err();
            problems.extend(errors.into_iter().flatten().map(|error| Problem::of(route, error)));
        }
        problems.sort_by_key(|problem| problem.diagnostic.primary.span);
        let names = routes.iter().chain(&unusable_routes).map(RouteSpec::name);
        let names: HashSet<&str> =
            names.chain(problems.iter().filter_map(|problem| problem.route.as_deref())).collect();
        Ok(Self { name: input::name(path), routes: names.len(), table, text, problems })
    }

    /// Every problem in the order of the file: the first as a compiler shows it, after [`SHOWN_IN_FULL`] a line each.
    pub(crate) fn rendered_problems(&self) -> impl Iterator<Item = String> {
        let lines = LineIndex::new(&self.text);
        let mut walk = PositionWalk::new(&self.text);
        self.problems.iter().enumerate().map(move |(index, problem)| {
            let Problem { route, diagnostic } = problem;
            let shown = if index < SHOWN_IN_FULL {
                render(diagnostic, &self.name, &self.text, &lines)
            } else {
                let position = walk.advance_to(diagnostic.primary.span.start());
                format!(
                    "{}:{position}: {}[{}]: {}",
                    self.name,
                    diagnostic.severity(),
                    diagnostic.code,
                    diagnostic.message
                )
            };
            let mut lines: Vec<String> = shown.lines().map(printable).collect();
            lines.extend(route.as_ref().map(|route| format!("  = in route `{}`", printable(route))));
            lines.join("\n")
        })
    }

    pub(crate) fn problem_count(&self) -> usize {
        self.problems.len()
    }

    pub(crate) fn route_count(&self) -> usize {
        self.routes
    }

    /// The names of the routes that have problems, in the order of the file, each once.
    pub(crate) fn bad_routes(&self) -> Vec<&str> {
        let mut seen = HashSet::new();
        let names = self.problems.iter().filter_map(|problem| problem.route.as_deref());
        names.filter(|name| seen.insert(*name)).collect()
    }

    /// The routes without problems, compiled. `None` where the manifest itself has problems.
    pub(crate) fn into_table(self) -> Option<RouteTable> {
        self.table
    }
}

/// Compiles what can be compiled. Problems go to `problems`. `None` where there are too many routes for a table.
fn compile(routes: &[RouteSpec], problems: &mut Vec<Problem>) -> Option<RouteTable> {
    let mut builder = RouteTable::builder().bad_routes(BadRoutes::Skip);
    for route in routes {
        builder = builder.route_with(route.name(), route.text(), route.priority(), route.time_to_live());
    }
    let built = builder.build();
    let found = match &built {
        Ok(compiled) => compiled.skipped(),
        Err(error) => error.problems(),
    };
    problems.extend(found.iter().filter_map(|problem| {
        let route = routes.get(problem.position())?;
        Some(Problem::of(route, problem.diagnostic().clone()))
    }));
    built.ok().map(edgeroute::Compiled::into_table)
}
