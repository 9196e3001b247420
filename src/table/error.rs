//! Problems with the routes of a table.

use std::fmt;
use std::sync::Arc;

use edgeroute_lang::diagnostic::{Diagnostic, bounded, quoted, render};
use edgeroute_lang::route::Route;
use edgeroute_lang::span::{LineIndex, Position, PositionWalk};

/// The maximum number of problems for which a [`CompileError`] prints a line.
const SHOWN: usize = 20;

/// The number of problems of routes that are reported in full.
const REPORTED_IN_FULL: usize = 10_000;

/// The number of problems that may still be reported in full. After that, each route reports only its first problem,
/// with its location, code and message only. So every route that was left out is named, and the report of a hundred
/// megabytes of hostile routes stays in proportion to their size.
#[derive(Debug)]
pub(super) struct ProblemBudget(usize);

impl ProblemBudget {
    pub(super) const fn new() -> Self {
        Self(REPORTED_IN_FULL)
    }

    /// Selects the problems to report for a route that does not compile.
    pub(super) fn select(&mut self, mut errors: Vec<Diagnostic>) -> Vec<Diagnostic> {
        if self.0 == 0 {
            errors.truncate(1);
            errors.shrink_to_fit();
            for Diagnostic { primary, secondary, help, fix, message, .. } in &mut errors {
                message.shrink_to_fit();
                primary.text = String::new();
                *secondary = Vec::new();
                *help = None;
                *fix = None;
            }
        }
        self.0 = self.0.saturating_sub(errors.len());
        errors
    }
}

/// Describes one problem of one route.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "camelCase"))]
pub struct RouteProblem {
    /// Shared between the problems of a route, like the text: both can be long, and there can be many problems.
    pub(super) route: Arc<str>,
    pub(super) index: usize,
    pub(super) text: Arc<str>,
    pub(super) diagnostic: Diagnostic,
}

impl RouteProblem {
    pub(super) fn new(route: &Route, index: usize, diagnostic: Diagnostic) -> Self {
        Self { route: route.shared_name(), index, text: route.shared_text(), diagnostic }
    }

    pub(super) fn all(
        route: &Route,
        index: usize,
        diagnostics: Vec<Diagnostic>,
    ) -> impl Iterator<Item = Self> + use<'_> {
        diagnostics.into_iter().map(move |diagnostic| Self::new(route, index, diagnostic))
    }

    /// Returns the name of the route.
    #[must_use]
    pub fn route(&self) -> &str {
        &self.route
    }

    /// Returns the index of the route, counted from 0 in the order in which routes were added to the builder, or the index
    /// of the change.
    #[must_use]
    pub const fn index(&self) -> usize {
        self.index
    }

    /// Returns the text of the route. The spans of the diagnostic refer to it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the diagnostic that describes the problem.
    #[must_use]
    pub const fn diagnostic(&self) -> &Diagnostic {
        &self.diagnostic
    }
}

impl RouteProblem {
    /// Returns the line and column in the text of the route.
    #[must_use]
    pub fn position(&self) -> Position {
        PositionWalk::new(&self.text).advance_to(self.diagnostic.primary.span.start())
    }
}

/// Writes the route, the line and column, the code and the message on one line. The alternate form, `{:#}`, shows the
/// problem in the text of the route, in the style of a compiler.
impl fmt::Display for RouteProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            let origin = format!("route {}", self.route);
            return f.write_str(&render(&self.diagnostic, &origin, &self.text, &LineIndex::new(&self.text)));
        }
        let Diagnostic { code, message, .. } = &self.diagnostic;
        write!(f, "route `{}`: {}: {code}: {}", quoted(&self.route), self.position(), bounded(message))
    }
}

impl core::error::Error for RouteProblem {}

/// Reports the problems of all routes that do not compile.
///
/// `Display` writes one line for each of the first problems. The alternate form, `{:#}`, shows all problems in the
/// style of a compiler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileError {
    pub(super) problems: Vec<RouteProblem>,
}

impl CompileError {
    /// Returns all problems, in the order of the routes and of positions in their texts. Never empty. After 10,000
    /// problems, only the first problem of each further route is kept, without its help.
    #[must_use]
    pub fn problems(&self) -> &[RouteProblem] {
        &self.problems
    }
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            for (index, problem) in self.problems.iter().enumerate() {
                let separator = if index == 0 { "" } else { "\n\n" };
                write!(f, "{separator}{problem:#}")?;
            }
            return Ok(());
        }
        if let [problem] = self.problems.as_slice() {
            return problem.fmt(f);
        }
        write!(f, "{} problems in routes", self.problems.len())?;
        for problem in self.problems.iter().take(SHOWN) {
            write!(f, "\n  {problem}")?;
        }
        match self.problems.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}

impl core::error::Error for CompileError {}

#[cfg(test)]
mod tests {
    use crate::RouteTable;

    #[test]
    fn problems_are_a_line_each_and_drawn_where_asked_for() {
        let builder = RouteTable::builder().route("a", "FROM /* WHERE\nb > 1 INTO $upstream");
        let error = builder.clone().build().unwrap_err();
        let line = "route `a`: 2:3: E0201: cannot compare a string with a number";
        assert_eq!(error.to_string(), line);
        assert!(format!("{error:#}").contains("--> route a:2:3\n"), "{error:#}");
        let error = (0..30).fold(builder, |builder, _| builder.route("c", "FROM")).build().unwrap_err();
        let shown = error.to_string();
        assert!(
            shown.starts_with(&format!("{} problems in routes\n  {line}\n  route `c`: 1:5: ", error.problems().len()))
        );
        assert_eq!(shown.lines().count(), 22);
        assert!(shown.contains("more"));
    }
}
