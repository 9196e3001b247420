//! Applying fixes to a text.
//!
//! A fix replaces a few bytes of the text; all other bytes stay the same. If fixes overlap, the first one in the text
//! is applied. The text is then examined again, until nothing is left to fix or the rounds are used up. A round is
//! undone if it gives the text an error that it did not have before.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Fixes, Linter};
use edgeroute_lang::diagnostic::{Applicability, Finding, Fix, Severity};
use edgeroute_lang::hir::TypedRoute;
use edgeroute_lang::manifest::{Edited, Manifest, Parsed, apply};

/// The most rounds of examining and fixing in [`fix_text`]. Each round applies at least one fix.
pub const FIXING_ROUNDS: usize = 16;

/// The most fixes that a round tries one by one if they cannot be applied together.
const TRIED_ALONE: usize = 8;

/// The result of fixing a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fixed {
    /// The text with the fixes applied.
    pub text: String,
    /// The number of fixes applied.
    pub applied: usize,
}

/// Applies fixes to a text: the safe ones or, with [`Applicability::Unsafe`], all of them. `examine` returns the findings
/// in a text, with spans in bytes of it. Some fixes may be left after [`FIXING_ROUNDS`] rounds; call it again on the
/// result to apply them. Allocates.
///
/// ```
/// use edgeroute_analysis::lint::fix_text;
/// use edgeroute_lang::diagnostic::{Applicability, Finding};
/// use edgeroute_lang::hir::{Shadowing, TypedRoute};
/// use edgeroute_lang::limits::Limits;
///
/// let errors = |route: &str| match TypedRoute::compile(route, Shadowing::default(), &Limits::default()) {
///     Ok(_) => Vec::new(),
///     Err(errors) => errors.into_iter().map(Finding::new).collect(),
/// };
/// let fixed = fix_text("FORM /* WHERE a == '1' && b = '2' INTO $upstream", Applicability::Safe, errors);
/// assert_eq!(fixed.text, "FROM /* WHERE a = '1' and b = '2' INTO $upstream");
/// ```
#[must_use]
pub fn fix_text(text: &str, most: Applicability, mut examine: impl FnMut(&str) -> Vec<Finding>) -> Fixed {
    let mut fixed = Fixed { text: text.to_owned(), applied: 0 };
    let mut findings = examine(text);
    for _ in 0..FIXING_ROUNDS {
        let fixable = findings.iter().filter_map(|finding| Some((&finding.route, finding.diagnostic.fix.as_ref()?)));
        let fixes: Vec<(&Option<Arc<str>>, &Fix)> = fixable.filter(|(_, fix)| fix.applicability <= most).collect();
        let errors = error_counts(&findings);
        let mut try_out = |fixes: &[(&Option<Arc<str>>, &Fix)]| {
            let edits: Vec<Fix> = fixes.iter().map(|(_, fix)| (*fix).clone()).collect();
            let Edited { text, left_out, .. } = apply(&fixed.text, &edits);
            let findings = examine(&text);
            let worse = worse_routes(&errors, &error_counts(&findings));
            (text, edits.len() - left_out.len(), findings, worse)
        };
        let (mut round, mut together) = (None, fixes.clone());
        // Each fix is valid by itself, but two together may not be, and an error may hide others.
        for _ in 0..2 {
            if together.is_empty() {
                break;
            }
            let tried = try_out(&together);
            if tried.3.is_empty() {
                round = Some(tried);
                break;
            }
            together.retain(|(route, _)| !tried.3.contains(*route));
        }
        if round.is_none() {
            round = fixes.chunks(1).take(TRIED_ALONE).map(try_out).find(|tried| tried.3.is_empty());
        }
        let Some((text, applied, left, _)) = round.filter(|(text, ..)| *text != fixed.text) else {
            break;
        };
        fixed = Fixed { text, applied: fixed.applied + applied };
        findings = left;
    }
    fixed
}

/// Counts the errors of each route, and of the manifest itself. A lint that is denied is not an error.
fn error_counts(findings: &[Finding]) -> BTreeMap<Option<Arc<str>>, usize> {
    let mut counts = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.diagnostic.code.severity() == Severity::Error) {
        *counts.entry(finding.route.clone()).or_default() += 1;
    }
    counts
}

/// The routes with more errors than before.
fn worse_routes(
    before: &BTreeMap<Option<Arc<str>>, usize>,
    after: &BTreeMap<Option<Arc<str>>, usize>,
) -> BTreeSet<Option<Arc<str>>> {
    let is_worse =
        |(route, count): &(&Option<Arc<str>>, &usize)| before.get(*route).is_none_or(|before| before < *count);
    after.iter().filter(is_worse).map(|(route, _)| route.clone()).collect()
}

/// Applies the fixes of errors and of a linter's findings to the text of a manifest: those that keep the meaning of
/// valid routes or, with [`Fixes::ChangeMeaning`], all of them. Otherwise like [`fix_text`]. Allocates.
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
    fix_text(text, most.applicability(), |text| {
        let mut findings = errors(text, linter);
        findings.extend(linter.lint_manifest(text).into_findings());
        findings
    })
}

/// The errors of a manifest and of its routes.
fn errors(text: &str, linter: &Linter) -> Vec<Finding> {
    let Parsed { manifest, unusable_routes, problems, .. } = Manifest::parse(text);
    let mut findings: Vec<Finding> = problems.into_iter().map(Finding::from).collect();
    for route in manifest.iter().flat_map(Manifest::routes).chain(&unusable_routes) {
        let compiled = TypedRoute::compile(route.text(), linter.shadowing_of_names(), linter.limits_of_routes());
        let errors = compiled.err().into_iter().flatten();
        findings
            .extend(errors.map(|error| Finding::in_route(route.route().shared_name(), route.locate_diagnostic(error))));
    }
    findings
}
