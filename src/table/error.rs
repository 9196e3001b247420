//! What is wrong with the routes of a table.

use std::fmt;
use std::sync::Arc;

use edgeroute_lang::diagnostic::{Diagnostic, bounded, quoted, render};
use edgeroute_lang::span::{LineIndex, Position, PositionWalk};

/// The most problems that a [`CompileError`] prints a line for.
const SHOWN: usize = 20;

/// How many problems of routes are told in full.
const TOLD_IN_FULL: usize = 10_000;

/// How much more there is room for in what is told of bad routes. After so many problems only the first of a route is, and
/// of that no more than its place, its code and what is wrong: every route that was left out is named, and what is told of
/// a hundred megabytes of hostile routes stays in proportion to them.
#[derive(Debug)]
pub(super) struct ProblemBudget(usize);

impl ProblemBudget {
    pub(super) const fn new() -> Self {
        Self(TOLD_IN_FULL)
    }

    /// What is told of a route that does not compile.
    pub(super) fn told(&mut self, mut errors: Vec<Diagnostic>) -> Vec<Diagnostic> {
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

/// One thing that is wrong with one route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteProblem {
    /// Shared among the problems of a route, as the text is: both may be long, and the problems many.
    pub(super) route: Arc<str>,
    pub(super) position: usize,
    pub(super) text: Arc<str>,
    pub(super) diagnostic: Diagnostic,
}

impl RouteProblem {
    /// The route's name.
    #[must_use]
    pub fn route(&self) -> &str {
        &self.route
    }

    /// Which route it is, counted from 0 in the order in which routes were given to the builder.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.position
    }

    /// The route's text, which the diagnostic's spans are in.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is wrong.
    #[must_use]
    pub const fn diagnostic(&self) -> &Diagnostic {
        &self.diagnostic
    }
}

impl RouteProblem {
    /// The line and column in the route's text.
    #[must_use]
    pub fn place(&self) -> Position {
        PositionWalk::new(&self.text).advance_to(self.diagnostic.primary.span.start())
    }
}

/// The route, line and column, the code, and what is wrong, on one line. The alternate form, `{:#}`, is drawn as a
/// compiler shows it, with the route's text.
impl fmt::Display for RouteProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            let origin = format!("route {}", self.route);
            return f.write_str(&render(&self.diagnostic, &origin, &self.text, &LineIndex::new(&self.text)));
        }
        let Diagnostic { code, message, .. } = &self.diagnostic;
        write!(f, "route `{}`: {}: {code}: {}", quoted(&self.route), self.place(), bounded(message))
    }
}

impl core::error::Error for RouteProblem {}

/// Routes that do not compile: everything that is wrong with all of them.
///
/// `Display` writes a line for each of the first problems; the alternate form, `{:#}`, draws all as a compiler does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileError {
    pub(super) problems: Vec<RouteProblem>,
}

impl CompileError {
    /// All problems, in the order of the routes and of their texts; never empty. After 10,000 of them only the first of
    /// each further route, without its help.
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
