//! Applying fixes to a manifest.
//!
//! A fix replaces a few bytes within the JSON string of a route, escaped as the string needs it; everything else stays
//! byte for byte. Of fixes that overlap the first in the text is applied; then the manifest is linted again, until
//! nothing is left to fix or the rounds are used up. A round after which the manifest has a problem that it did not have
//! is taken back.

use super::{Fixes, Linter};
use crate::diagnostic::Fix;
use crate::hir::Route;
use crate::manifest::{Manifest, Parsed};

/// The most rounds of linting and fixing.
const ROUNDS: usize = 16;

/// What became of a manifest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fixed {
    /// The text with the fixes in it.
    pub text: String,
    /// How many fixes were applied.
    pub applied: usize,
}

/// Applies the fixes of a linter's findings to the text of a manifest: those that keep the meaning or, with
/// [`Fixes::ChangeMeaning`], all. Allocates.
///
/// ```
/// use edgeroute::lint::{Fixes, Linter, fix_manifest};
///
/// let json = r#"{"schemaVersion": "1.0", "storeAndForwardConfiguration": {}, "routes": {
///     "up": "FROM /messages/* WHERE level!=\"low\" INTO $upstream;" }}"#
///     .replace("\"low\"", "\\\"low\\\"");
/// let linter = Linter::default();
/// let kept = fix_manifest(&json, &linter, Fixes::KeepMeaning);
/// assert_eq!((kept.applied, kept.text), (1, json.replace("$upstream;", "$upstream")));
/// let all = fix_manifest(&json, &linter, Fixes::ChangeMeaning);
/// assert_eq!((all.applied, all.text), (2, json.replace("$upstream;", "$upstream").replace("level!=", "level !=")));
/// ```
#[must_use]
pub fn fix_manifest(text: &str, linter: &Linter, most: Fixes) -> Fixed {
    let mut fixed = Fixed { text: text.to_owned(), applied: 0 };
    let problems = problem_count(text, linter);
    for _ in 0..ROUNDS {
        let report = linter.lint_manifest(&fixed.text);
        let is_wanted = |fixes: Option<Fixes>| fixes.is_some_and(|fixes| fixes <= most);
        let found = report.findings().filter(|(_, finding)| is_wanted(finding.fixes()));
        let mut fixes: Vec<&Fix> = found.filter_map(|(_, finding)| finding.diagnostic().fix.as_ref()).collect();
        fixes.sort_by_key(|fix| fix.span);
        let (mut next, mut applied) = apply(&fixed.text, &fixes);
        if problem_count(&next, linter) > problems {
            // Each is right by itself.
            (next, applied) = apply(&fixed.text, fixes.get(..1).unwrap_or_default());
        }
        if applied == 0 || problem_count(&next, linter) > problems {
            break;
        }
        fixed = Fixed { text: next, applied: fixed.applied + applied };
    }
    fixed
}

/// Applies fixes, in the order of their places, leaving out what overlaps one before it.
fn apply(text: &str, fixes: &[&Fix]) -> (String, usize) {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    let mut applied = 0;
    for fix in fixes {
        let place = fix.span.range();
        // Two insertions at one place overlap too.
        if place.start < at || (applied > 0 && place.start == at) {
            continue;
        }
        let Some(between) = text.get(at..place.start).filter(|_| text.get(place.clone()).is_some()) else {
            continue;
        };
        out.push_str(between);
        out.push_str(&fix.replacement);
        at = place.end;
        applied += 1;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    (out, applied)
}

/// How much is wrong with a manifest and its routes.
fn problem_count(text: &str, linter: &Linter) -> usize {
    let Parsed { manifest, unusable_routes, problems } = Manifest::parse(text);
    let routes = manifest.iter().flat_map(Manifest::routes).chain(&unusable_routes);
    let errors = routes
        .filter_map(|route| Route::compile(route.text(), linter.shadowing_of_names(), linter.limits_of_routes()).err());
    problems.len() + errors.map(|errors| errors.len()).sum::<usize>()
}
