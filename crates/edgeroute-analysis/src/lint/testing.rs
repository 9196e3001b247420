//! Runs one lint on routes and manifests, for the tests of the lints. The advice of each finding is followed.

use std::fmt::Write as _;

use super::{Fixes, Level, Levels, Linter, fix_manifest};
use edgeroute_lang::diagnostic::{Diagnostic, Finding};
use edgeroute_lang::hir::{Shadowing, TypedRoute};
use edgeroute_lang::limits::Limits;
use edgeroute_lang::manifest::{Manifest, apply};
use edgeroute_lang::route::Route;
use edgeroute_testkit::advice;

/// A linter that runs one lint only.
pub(super) fn linter(name: &str) -> Linter {
    let levels = Levels::default().with("all".parse().unwrap(), Level::Allow);
    Linter::with_levels(levels.with(name.parse().unwrap(), Level::Warn))
}

/// A finding on a route: the message, the marked text, and the route with the fix applied.
fn shown(route: &str, diagnostic: &Diagnostic) -> String {
    let mut shown = format!("{}: `{}`", diagnostic.message, diagnostic.primary.span.slice(route));
    if let Some(fix) = &diagnostic.fix {
        write!(shown, " -> {}", apply(route, std::slice::from_ref(fix)).text).unwrap();
    }
    shown
}

/// Runs a lint on each of the routes separately.
#[track_caller]
pub(super) fn check(name: &str, fires: &[(&str, &str)], quiet: &[&str]) {
    assert!(!fires.is_empty() && !quiet.is_empty());
    let linter = linter(name);
    let found = |route: &str| -> Vec<String> {
        let compiled = TypedRoute::compile(route, Shadowing::default(), &Limits::default());
        assert!(compiled.is_ok(), "{route}\n{compiled:?}");
        let report = linter.lint_routes(&[Route::new("r", route)]);
        assert_eq!(report.undecided(), 0, "{route}");
        advice::check_route(route, Some(name)).unwrap_or_else(|fault| panic!("{fault}"));
        report.findings().iter().map(|finding| shown(route, finding.diagnostic())).collect()
    };
    for (route, expected) in fires {
        assert_eq!(found(route), [*expected], "{route}");
    }
    for route in quiet {
        assert_eq!(found(route), [""; 0], "{route}");
    }
}

/// Same as [`check`], for conditions of a route from every source.
#[track_caller]
pub(super) fn check_conditions(name: &str, fires: &[(&str, &str)], quiet: &[&str]) {
    let route = |condition: &&str| format!("FROM /* WHERE {condition} INTO $upstream");
    let fires: Vec<(String, String)> = fires
        .iter()
        .map(|(condition, expected)| {
            let expected = match expected.split_once(" -> ") {
                Some((message, fixed)) => format!("{message} -> {}", route(&fixed)),
                None => (*expected).to_owned(),
            };
            (route(condition), expected)
        })
        .collect();
    let quiet: Vec<String> = quiet.iter().map(route).collect();
    let fires: Vec<(&str, &str)> = fires.iter().map(|(route, expected)| (&**route, &**expected)).collect();
    check(name, &fires, &quiet.iter().map(String::as_str).collect::<Vec<_>>());
}

/// The findings of a lint in a manifest of routes `name: text`, `name: priority: text` or `name: priority: seconds:
/// text`, optionally with modules: a line for each finding, with the name of its route and the texts of related
/// locations.
pub(super) fn said(lint: &str, modules: Option<&[&str]>, routes: &[&str]) -> Vec<String> {
    let json = |text: &str| serde_json::Value::from(text).to_string();
    let routes: Vec<String> = routes
        .iter()
        .map(|route| {
            let (head, text) = route.split_at(route.find("FROM").expect("a route"));
            let mut head = head.split(": ");
            let name = head.next().unwrap();
            let [priority, seconds] = [(); 2].map(|()| head.next().filter(|field| !field.is_empty()));
            let mut object = format!("{}: {{\"route\": {}", json(name), json(text));
            object += &priority.map(|priority| format!(", \"priority\": {priority}")).unwrap_or_default();
            object += &seconds.map(|seconds| format!(", \"timeToLiveSecs\": {seconds}")).unwrap_or_default();
            object + "}"
        })
        .collect();
    let hub = format!(
        r#"{{"schemaVersion": "1.1", "routes": {{{}}}, "storeAndForwardConfiguration": {{}}}}"#,
        routes.join(", ")
    );
    let text = match modules {
        None => hub,
        Some(modules) => {
            let modules: Vec<String> = modules.iter().map(|module| format!("{}: {{}}", json(module))).collect();
            format!(
                r#"{{"$edgeAgent": {{"properties.desired": {{"modules": {{{}}}}}}},
                "$edgeHub": {{"properties.desired": {hub}}}}}"#,
                modules.join(", ")
            )
        }
    };
    let manifest = Manifest::from_json(&text).unwrap_or_else(|error| panic!("{text}\n{error}"));
    for route in manifest.routes() {
        let compiled = TypedRoute::compile(route.text(), Shadowing::default(), &Limits::default());
        assert!(compiled.is_ok(), "{}\n{compiled:?}", route.text());
    }
    advice::check_manifest(&text, Some(lint)).unwrap_or_else(|fault| panic!("{fault}"));
    let report = linter(lint).lint_manifest(&text);
    let line = |Finding { route, diagnostic, .. }: &Finding| {
        let mut line = route.as_ref().map(|route| format!("{route}: ")).unwrap_or_default() + &diagnostic.message;
        for label in &diagnostic.secondary {
            write!(line, "; {}: {}", label.text, label.span.slice(&text)).unwrap();
        }
        if let Some(fix) = &diagnostic.fix {
            let fixed = apply(&text, std::slice::from_ref(fix)).text;
            let fixed = Manifest::from_json(&fixed).expect("a fix leaves a manifest");
            let fixed = fixed.routes().iter().find(|fixed| Some(fixed.name()) == route.as_deref()).unwrap();
            write!(line, " -> {}", fixed.text()).unwrap();
        }
        line
    };
    report.findings().iter().map(line).collect()
}

/// The findings of a lint in a manifest: a line for each, with the name of its route, the texts of related locations,
/// and the help.
pub(super) fn manifest_findings(lint: &str, text: &str) -> Vec<String> {
    let report = linter(lint).lint_manifest(text);
    let line = |Finding { route, diagnostic, .. }: &Finding| {
        let mut line = route.as_ref().map(|route| format!("{route}: ")).unwrap_or_default() + &diagnostic.message;
        for label in &diagnostic.secondary {
            write!(line, "; {}: {}", label.text, label.span.slice(text)).unwrap();
        }
        let help = diagnostic.help.as_deref().filter(|_| diagnostic.secondary.is_empty());
        line + &help.map(|help| format!(": {help}")).unwrap_or_default()
    };
    report.findings().iter().map(line).collect()
}

/// The text of a manifest with the fixes of a lint applied.
pub(super) fn fixed_manifest(lint: &str, text: &str, most: Fixes) -> String {
    fix_manifest(text, &linter(lint), most).text
}

pub(super) fn into_module(module: &str) -> String {
    format!("INTO BrokeredEndpoint('/modules/{module}/inputs/in')")
}

/// The conditions of routes that go upstream, with `#` numbered.
pub(super) fn numbered(condition: &str, numbers: impl Iterator<Item = usize>) -> Vec<String> {
    let condition = |n: usize| condition.replace('#', &n.to_string());
    numbers.map(|n| format!("FROM /messages/* WHERE {} INTO $upstream", condition(n))).collect()
}
