//! Checks that any text can be parsed, checked and folded without a panic, and that all findings refer to the text.
#![no_main]

use edgeroute_fuzz::{assert_about, assert_within};
use edgeroute_lang::hir::{CheckOptions, TypedRoute, Shadowing, TwinFunctions, check, fold};
use edgeroute_lang::limits::Limits;
use edgeroute_lang::syntax::{parse_condition, parse_route};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let limits = Limits::default();
    assert_about(text, &parse_route(text, &limits).errors);
    match TypedRoute::compile(text, Shadowing::default(), &limits) {
        Ok(route) => drop(fold(&route.condition)),
        Err(errors) => assert_about(text, &errors),
    }
    let condition = parse_condition(text, &limits);
    assert_about(text, &condition.errors);
    for (_, expression) in condition.tree.expressions() {
        assert_within(text, expression.span);
    }
    let options = CheckOptions { twin_functions: TwinFunctions::Known, ..CheckOptions::default() };
    match check(&condition.tree, &options) {
        Ok(typed) => drop(fold(&typed)),
        Err(errors) => assert_about(text, &errors),
    }
});
