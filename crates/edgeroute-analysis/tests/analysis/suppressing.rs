//! Tests of comments and levels that turn lints off for one route.

use edgeroute_analysis::lint::{Finding, Level, Levels, Linter, Place};
use edgeroute_lang::diagnostic::Severity;
use edgeroute_lang::route::Route;

/// A route that one lint reports.
const NEVER: &str = "FROM /messages/modules/a/* WHERE a = 'x' and a = 'y' INTO $upstream";

fn found(linter: &Linter, routes: &[Route]) -> Vec<(usize, Level, Severity)> {
    let report = linter.lint_routes(routes);
    let place = |finding: &Finding| match finding.place() {
        Place::Route(index) => index,
        Place::Manifest => usize::MAX,
    };
    report.findings().iter().map(|found| (place(found), found.level(), found.diagnostic().severity)).collect()
}

#[test]
fn a_comment_turns_lints_off_for_its_route_only() {
    let other = NEVER.replace("/a/", "/b/");
    let commented = |comment: &str| [Route::new("a", format!("{comment} {NEVER}")), Route::new("b", other.as_str())];
    let only = [(1, Level::Warn, Severity::Warning)];
    for comment in
        ["/* edgeroute: allow(never-true) */", "/* edgeroute: allow(w0201) */", "/* edgeroute: allow(semantics) */"]
    {
        assert_eq!(found(&Linter::default(), &commented(comment)), only, "{comment}");
        // A comment is more local than any level.
        let denied = Levels::default().with("never-true".parse().unwrap(), Level::Deny);
        let denied = Linter::with_levels(denied);
        assert_eq!(found(&denied, &commented(comment)), [(1, Level::Deny, Severity::Error)], "{comment}");
    }
    assert_eq!(found(&Linter::default(), &commented("/* edgeroute: allow(syntax) */")).len(), 2);
}

#[test]
fn a_comment_also_turns_off_the_hint_at_a_lint_that_is_off() {
    let text = "FROM /* WHERE $body.a = 5 INTO $upstream";
    let hints = |text: &str| Linter::default().lint_routes(&[Route::new("r", text)]).hints().len();
    assert_eq!(hints(text), 1);
    assert_eq!(hints(&format!("/* edgeroute: allow(unchecked-content-type) */ {text}")), 0);
}

#[test]
fn the_levels_of_a_route_override_those_of_all() {
    let routes = [Route::new("a", NEVER), Route::new("b", NEVER.replace("/a/", "/b/").as_str())];
    let levels = |selector: &str, level| Levels::default().with(selector.parse().unwrap(), level);
    let linter = Linter::with_levels(levels("never-true", Level::Deny)).route_levels("a", levels("all", Level::Allow));
    assert_eq!(found(&linter, &routes), [(1, Level::Deny, Severity::Error)]);
    let linter = Linter::with_levels(levels("all", Level::Allow)).route_levels("b", levels("semantics", Level::Warn));
    assert_eq!(found(&linter, &routes), [(1, Level::Warn, Severity::Warning)]);
}
