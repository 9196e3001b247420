//! Checks that printed text parses to the tree that it was printed from, and that canonical text parses to a tree with
//! the same type and meaning and the same canonical text.
#![no_main]

use edgeroute_lang::hir::{CheckOptions, TwinFunctions, check};
use edgeroute_lang::limits::Limits;
use edgeroute_lang::syntax::ast::Condition;
use edgeroute_lang::syntax::{
    canonical_condition, canonical_route, parse_condition, parse_route, print_condition, print_route,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    // Printing can lengthen a text (`a=b`) beyond the limit that the original kept.
    let limits = Limits::default().with_route_bytes(4 * Limits::default().route_bytes);
    let route = parse_route(text, &limits);
    if route.errors.is_empty() {
        let printed = print_route(&route.tree);
        let again = parse_route(&printed, &limits);
        assert!(again.errors.is_empty() && again.tree.eq_ignoring_spans(&route.tree), "{printed}");
        let canonical = canonical_route(&route.tree);
        let again = parse_route(&canonical, &limits);
        assert!(again.errors.is_empty(), "{canonical}");
        assert_eq!(again.tree.condition.as_ref().map(meaning), route.tree.condition.as_ref().map(meaning));
        assert_eq!(canonical_route(&again.tree), canonical);
    }
    let condition = parse_condition(text, &limits);
    if condition.errors.is_empty() {
        let printed = print_condition(&condition.tree);
        let again = parse_condition(&printed, &limits);
        assert!(again.errors.is_empty() && again.tree.eq_ignoring_spans(&condition.tree), "{printed}");
        let canonical = canonical_condition(&condition.tree);
        let again = parse_condition(&canonical, &limits);
        assert!(again.errors.is_empty(), "{canonical}");
        assert_eq!(meaning(&again.tree), meaning(&condition.tree));
        assert_eq!(canonical_condition(&again.tree), canonical);
    }
});

/// The typed form, or the codes of the errors.
fn meaning(condition: &Condition<'_>) -> String {
    let options = CheckOptions { twin_functions: TwinFunctions::Known, ..CheckOptions::default() };
    match check(condition, &options) {
        Ok(typed) => format!("{typed:?}"),
        Err(errors) => format!("{:?}", errors.iter().map(|error| error.code).collect::<Vec<_>>()),
    }
}
