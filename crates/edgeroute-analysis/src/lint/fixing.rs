//! Applying fixes to a manifest.
//!
//! A fix replaces a few bytes within the JSON string of a route, with the escapes that the string needs. All other
//! bytes stay the same. If fixes overlap, the first one in the text is applied. The manifest is then linted again,
//! until nothing is left to fix or the rounds are used up. A round is undone if it gives the manifest a problem that it
//! did not have before.

use super::{Fixes, Lint, Linter};
use edgeroute_lang::diagnostic::{Finding, Fix};
use edgeroute_lang::hir::TypedRoute;
use edgeroute_lang::manifest::{Edited, Manifest, Parsed, apply};

/// The most rounds of linting and fixing in [`fix_manifest`]. Each round applies at least one fix.
pub const FIXING_ROUNDS: usize = 16;

/// The result of fixing a manifest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fixed {
    /// The text with the fixes applied.
    pub text: String,
    /// The number of fixes applied.
    pub applied: usize,
}

/// Applies the fixes of a linter's findings to the text of a manifest: those that keep the meaning or, with
/// [`Fixes::ChangeMeaning`], all of them. Some fixes may be left after [`FIXING_ROUNDS`] rounds; call it again on the
/// result to apply them. Allocates.
///
/// ```
/// use edgeroute_analysis::lint::{Fixes, Linter, fix_manifest};
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
    for _ in 0..FIXING_ROUNDS {
        let report = linter.lint_manifest(&fixed.text);
        let is_wanted =
            |found: &&Finding| Lint::of(found.diagnostic.code).and_then(Lint::fixes).is_some_and(|fixes| fixes <= most);
        let found = report.findings().iter().filter(is_wanted);
        let fixes: Vec<Fix> = found.filter_map(|finding| finding.diagnostic.fix.clone()).collect();
        if fixes.is_empty() {
            break;
        }
        // Each fix is valid by itself, but two together may not be.
        let rounds = [&*fixes, fixes.get(..1).unwrap_or_default()];
        let Some((text, applied)) = rounds.into_iter().find_map(|fixes| {
            let Edited { text, left_out, .. } = apply(&fixed.text, fixes);
            (problem_count(&text, linter) <= problems).then_some((text, fixes.len() - left_out.len()))
        }) else {
            break;
        };
        fixed = Fixed { text, applied: fixed.applied + applied };
    }
    fixed
}

/// Counts the problems of a manifest and its routes.
fn problem_count(text: &str, linter: &Linter) -> usize {
    let Parsed { manifest, unusable_routes, problems, .. } = Manifest::parse(text);
    let routes = manifest.iter().flat_map(Manifest::routes).chain(&unusable_routes);
    let errors = routes.filter_map(|route| {
        TypedRoute::compile(route.text(), linter.shadowing_of_names(), linter.limits_of_routes()).err()
    });
    problems.len() + errors.map(|errors| errors.len()).sum::<usize>()
}
