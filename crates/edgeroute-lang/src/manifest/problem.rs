//! Problems of a manifest.

use core::fmt;

use crate::diagnostic::{Code, Diagnostic, Finding, quoted};
use crate::span::{Position, PositionWalk, Span};

/// The maximum number of problems that a [`ManifestError`] prints.
const SHOWN: usize = 20;

/// A problem of a manifest, and the route that it is about.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "camelCase"))]
pub struct ManifestProblem {
    route: Option<String>,
    diagnostic: Diagnostic,
    position: Position,
}

impl ManifestProblem {
    /// Returns the name of the route with the problem. `None` if the manifest itself has the problem, so that none of
    /// its routes can be trusted.
    #[must_use]
    pub fn route(&self) -> Option<&str> {
        self.route.as_deref()
    }

    /// Returns the problem as a diagnostic. Its spans are in bytes of the manifest's text.
    #[must_use]
    pub const fn diagnostic(&self) -> &Diagnostic {
        &self.diagnostic
    }

    /// Returns the line and column in the manifest's text.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.position
    }
}

/// Prints line and column, the code, the route, and the message, on one line.
impl fmt::Display for ManifestProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: ", self.position, self.diagnostic.code)?;
        if let Some(route) = &self.route {
            write!(f, "route `{}`: ", quoted(route))?;
        }
        f.write_str(&self.diagnostic.message)
    }
}

impl core::error::Error for ManifestProblem {}

/// Drops the position, which follows from the span of the diagnostic.
impl From<ManifestProblem> for Finding {
    fn from(problem: ManifestProblem) -> Self {
        match problem.route {
            Some(route) => Self::in_route(route, problem.diagnostic),
            None => Self::new(problem.diagnostic),
        }
    }
}

/// The error of a manifest that was refused: all its problems, in the order of the text.
///
/// `Display` prints a line for each of the first problems.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ManifestError {
    /// Not empty.
    problems: Vec<ManifestProblem>,
}

impl ManifestError {
    pub(super) const fn new(problems: Vec<ManifestProblem>) -> Self {
        Self { problems }
    }

    /// Returns all problems, in the order of the text; at least one.
    #[must_use]
    pub fn problems(&self) -> &[ManifestProblem] {
        &self.problems
    }

    /// Returns all problems by value.
    #[must_use]
    pub fn into_problems(self) -> Vec<ManifestProblem> {
        self.problems
    }
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the manifest is not valid")?;
        for problem in self.problems.iter().take(SHOWN) {
            write!(f, "\n  {problem}")?;
        }
        match self.problems.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}

impl core::error::Error for ManifestError {}

/// The maximum number of problems kept for one manifest. A last problem then gives the number of the others.
pub(super) const MAX_PROBLEMS: usize = 10_000;

/// Collects problems.
#[derive(Debug, Default)]
pub(super) struct Problems {
    /// At most [`MAX_PROBLEMS`].
    found: Vec<(Option<String>, Diagnostic)>,
    uncounted: usize,
    /// Whether the manifest itself has a problem.
    spoil_the_manifest: bool,
}

impl Problems {
    /// Adds a problem of the manifest itself.
    pub(super) fn add(&mut self, diagnostic: Diagnostic) {
        self.spoil_the_manifest = true;
        self.push(None, diagnostic);
    }

    /// Adds a problem of the route `name`.
    pub(super) fn add_to_route(&mut self, name: &str, diagnostic: Diagnostic) {
        self.push(Some(name), diagnostic);
    }

    fn push(&mut self, name: Option<&str>, diagnostic: Diagnostic) {
        if self.found.len() < MAX_PROBLEMS {
            self.found.push((name.map(str::to_owned), diagnostic));
        } else {
            self.uncounted += 1;
        }
    }

    /// Whether the manifest itself has a problem.
    pub(super) const fn spoil_the_manifest(&self) -> bool {
        self.spoil_the_manifest
    }

    /// Sorts the problems by position in `text`, in one pass over the text.
    pub(super) fn in_order_of(self, text: &str) -> Vec<ManifestProblem> {
        let mut found = self.found;
        found.sort_by_key(|(_, diagnostic)| diagnostic.primary.span);
        if self.uncounted > 0 {
            let message = match self.uncounted {
                1 => "1 more problem is not listed".to_owned(),
                count => format!("{count} more problems are not listed"),
            };
            let end = Span::from_range(text.len()..text.len());
            found.push((None, Diagnostic::new(Code::TooManyErrors, end, message)));
        }
        let mut walk = PositionWalk::new(text);
        found
            .into_iter()
            .map(|(route, diagnostic)| {
                let position = walk.advance_to(diagnostic.primary.span.start());
                ManifestProblem { route, diagnostic, position }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::span::LineIndex;

    proptest! {
        #[test]
        fn walking_agrees_with_the_line_index(
            text in "[aé😀\r\n]{0,20}",
            mut offsets in prop::collection::vec(0_u32..40, 0..8),
        ) {
            offsets.sort_unstable();
            let lines = LineIndex::new(&text);
            let mut walk = PositionWalk::new(&text);
            for offset in offsets {
                prop_assert_eq!(walk.advance_to(offset), lines.position(&text, offset));
            }
        }
    }
}
