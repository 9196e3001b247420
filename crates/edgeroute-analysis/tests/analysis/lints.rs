//! Tests of all lints together. The tests of one lint are in its file.

use edgeroute_analysis::lint::{Fixes, Level, Levels, Lint, Linter, fix_manifest};
use edgeroute_lang::hir::{Shadowing, TypedRoute};
use edgeroute_lang::limits::Limits;
use edgeroute_lang::manifest::Manifest;
use edgeroute_lang::route::Route;

#[test]
fn a_lint_that_is_off_hints_at_what_it_would_find() {
    let routes = [Route::new("r", "FROM /* WHERE $body.a = 5 INTO $upstream")];
    let hints = |levels: Levels| -> Vec<&str> {
        Linter::with_levels(levels).lint_routes(&routes).hints().iter().map(|lint| lint.name()).collect()
    };
    let name = "unchecked-content-type";
    assert_eq!(hints(Levels::default()), [name]);
    for (selector, level) in [(name, Level::Allow), ("all", Level::Allow), (name, Level::Warn), ("W02", Level::Warn)] {
        if let Ok(selector) = selector.parse() {
            assert_eq!(hints(Levels::default().with(selector, level)), [""; 0]);
        }
    }
}

#[test]
fn lints_with_fixes_state_whether_the_meaning_stays() {
    let fixes = |name: &str| Lint::named(name).and_then(Lint::fixes);
    for (name, expected) in [
        ("trailing-text", Some(Fixes::KeepMeaning)),
        ("always-true", Some(Fixes::KeepMeaning)),
        ("glued-operator", Some(Fixes::ChangeMeaning)),
        ("never-true", None),
    ] {
        assert_eq!(fixes(name), expected, "{name}");
    }
    assert_eq!(Lint::named("W0105").map(Lint::name), Some("trailing-text"));
}

/// The reference accepts these manifests and so do we. After fixes, they must still be manifests of the same routes,
/// without errors.
#[test]
fn manifests_of_the_reference_are_linted_and_fixed() {
    let linter = Linter::with_levels(Levels::default().with("all".parse().unwrap(), Level::Warn));
    let (mut accepted, mut applied) = (0, 0);
    for line in include_str!("../../../../tests/conformance/manifests.jsonl").lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let compiles = |route: &serde_json::Value| route["compile"]["ok"] == true;
        let Some(true) = row["parsed"]["routes"].as_array().map(|routes| routes.iter().all(compiles)) else {
            continue;
        };
        let text = row["json"].as_str().unwrap();
        // The reference also reads some texts that are not JSON.
        let Ok(manifest) = Manifest::from_json(text) else {
            continue;
        };
        accepted += 1;
        assert_eq!(linter.lint_manifest(text).undecided(), 0, "{text}");
        for most in [Fixes::KeepMeaning, Fixes::ChangeMeaning] {
            let fixed = fix_manifest(text, &linter, most);
            applied += fixed.applied;
            let fixed = Manifest::from_json(&fixed.text).unwrap_or_else(|error| panic!("{}\n{error}", fixed.text));
            assert_eq!(fixed.routes().len(), manifest.routes().len());
            for (route, before) in fixed.routes().iter().zip(manifest.routes()) {
                assert_eq!((route.name(), route.priority()), (before.name(), before.priority()));
                let compiled = TypedRoute::compile(route.text(), Shadowing::default(), &Limits::default());
                assert!(compiled.is_ok(), "{} was {}", route.text(), before.text());
            }
        }
    }
    assert!(accepted > 450 && applied > 20, "{accepted} manifests, {applied} fixes");
}
