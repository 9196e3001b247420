//! Follows the advice of diagnostics: applies each fix, and reads the routes and conditions in help lines.

use std::collections::BTreeMap;
use std::sync::Arc;

use edgeroute_analysis::lint::{Level, Levels, Lint, Linter};
use edgeroute_lang::diagnostic::{Diagnostic, Finding};
use edgeroute_lang::hir::{Shadowing, TypedRoute};
use edgeroute_lang::limits::Limits;
use edgeroute_lang::manifest::{Manifest, apply};
use edgeroute_lang::syntax::parse_route;

/// Applies each fix of the lints' findings in a manifest, alone. Returns how many there are.
///
/// The lints that are on by default run, and `lint`. If it is given, only its fixes are applied.
///
/// # Errors
/// Describes the first fix that leaves its finding, adds a finding or an error, and the first help that is wrong.
pub fn check_manifest(text: &str, lint: Option<&str>) -> Result<usize, String> {
    let mut levels = Levels::default();
    if let Some(lint) = lint {
        levels = levels.with(lint.parse().map_err(|_| format!("no lint {lint}"))?, Level::Warn);
    }
    let linter = Linter::with_levels(levels);
    let findings = linter.lint_manifest(text).findings().to_vec();
    let before = counts(&findings);
    let mut fixes = 0;
    for finding in &findings {
        let diagnostic = &finding.diagnostic;
        let fault = |what: &str| format!("{what}: {diagnostic:#?}\nin {text}");
        check_help(diagnostic, text).map_err(|what| fault(&what))?;
        // The fix of another lint may reveal what this one finds.
        if lint.is_some_and(|lint| Lint::of(diagnostic.code).is_some_and(|found| found.name() != lint)) {
            continue;
        }
        let Some(fix) = &diagnostic.fix else { continue };
        fixes += 1;
        let fixed = apply(text, std::slice::from_ref(fix)).text;
        let manifest = Manifest::from_json(&fixed).map_err(|error| fault(&format!("the fix gives {error}")))?;
        let compiles = |route: &str| TypedRoute::compile(route, Shadowing::default(), &Limits::default()).is_ok();
        if let Some(route) = manifest.routes().iter().find(|route| Some(route.name()) == finding.route.as_deref())
            && !compiles(route.text())
        {
            return Err(fault(&format!("the fix gives `{}`", route.text())));
        }
        let after = counts(linter.lint_manifest(&fixed).findings());
        let own = (diagnostic.code.as_str(), finding.route.clone());
        for (key, count) in &after {
            let most = before.get(key).copied().unwrap_or_default() - usize::from(*key == own);
            if *count > most {
                return Err(fault(&format!("{key:?} is found {count} times, not {most}, in {fixed}")));
            }
        }
    }
    Ok(fixes)
}

/// The same for a single route.
///
/// # Errors
/// As [`check_manifest`].
pub fn check_route(route: &str, lint: Option<&str>) -> Result<usize, String> {
    check_manifest(&manifest_of(&[("r", route)]), lint)
}

/// A manifest of these routes.
#[must_use]
pub fn manifest_of(routes: &[(&str, &str)]) -> String {
    let json = |text: &str| serde_json::Value::from(text).to_string();
    let routes: Vec<String> = routes.iter().map(|(name, route)| format!("{}: {}", json(name), json(route))).collect();
    format!(
        r#"{{"schemaVersion": "1.1", "routes": {{{}}}, "storeAndForwardConfiguration": {{"timeToLiveSecs": 60}}}}"#,
        routes.join(", ")
    )
}

fn counts(findings: &[Finding]) -> BTreeMap<(&'static str, Option<Arc<str>>), usize> {
    let mut counts = BTreeMap::new();
    for finding in findings {
        *counts.entry((finding.diagnostic.code.as_str(), finding.route.clone())).or_default() += 1;
    }
    counts
}

/// Checks that a help line suggests nothing that is there already, and that the routes and conditions in it are valid.
///
/// # Errors
/// Describes what is wrong.
pub fn check_help(diagnostic: &Diagnostic, text: &str) -> Result<(), String> {
    let Some(help) = &diagnostic.help else { return Ok(()) };
    let quotes: Vec<&str> = help.split('`').skip(1).step_by(2).collect();
    if let Some(meant) = help.strip_prefix("did you mean `").and_then(|rest| rest.strip_suffix("`?"))
        && meant == diagnostic.primary.span.slice(text)
    {
        return Err("the suggestion is what is written".to_owned());
    }
    for quote in quotes {
        // A long quote is cut.
        if quote.ends_with("...") {
            continue;
        }
        let is_route = quote.starts_with("FROM ");
        let is_condition = quote.contains([' ', '(']) && !quote.starts_with(['/', '"', '{']);
        let readings = match (is_route, is_condition) {
            (true, _) => vec![quote.to_owned(), format!("{quote} INTO $upstream")],
            // The right operand may be missing.
            (false, true) => {
                ["", " a"].map(|operand| format!("FROM /messages/* WHERE {quote}{operand} INTO $upstream")).to_vec()
            }
            (false, false) => continue,
        };
        let is_valid = |route: &String| parse_route(route, &Limits::default()).errors.is_empty();
        if !readings.iter().any(is_valid) {
            return Err(format!("`{quote}` is not valid"));
        }
    }
    Ok(())
}
