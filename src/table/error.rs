//! What is wrong with the routes of a table.

use std::fmt;

use crate::diagnostic::{Diagnostic, render};
use crate::span::LineIndex;

/// One thing that is wrong with one route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteProblem {
    pub(super) route: String,
    pub(super) position: usize,
    pub(super) text: String,
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

/// As a compiler shows it, with the route's text.
impl fmt::Display for RouteProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = format!("route {}", self.route);
        f.write_str(&render(&self.diagnostic, &origin, &self.text, &LineIndex::new(&self.text)))
    }
}

/// Routes that do not compile: everything that is wrong with all of them. `Display` shows it as a compiler does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileError {
    pub(super) problems: Vec<RouteProblem>,
}

impl CompileError {
    /// All problems, in the order of the routes and of their texts; never empty.
    #[must_use]
    pub fn problems(&self) -> &[RouteProblem] {
        &self.problems
    }
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n\n" };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl core::error::Error for CompileError {}
