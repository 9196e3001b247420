//! Checks that any text can be read as a manifest without a panic, and that all findings in it and its routes refer to
//! it.
#![no_main]

use edgeroute_fuzz::{assert_about, assert_within};
use edgeroute_lang::hir::{TypedRoute, Shadowing};
use edgeroute_lang::limits::Limits;
use edgeroute_lang::manifest::Manifest;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let parsed = Manifest::parse(text);
    for problem in &parsed.problems {
        assert_about(text, std::slice::from_ref(problem.diagnostic()));
    }
    assert!(parsed.manifest.is_some() || !parsed.problems.is_empty());
    let routes = parsed.manifest.iter().flat_map(Manifest::routes).chain(&parsed.unusable_routes);
    for route in routes {
        assert_within(text, route.name_span());
        assert_within(text, route.text_span());
        if let Err(errors) = TypedRoute::compile(route.text(), Shadowing::default(), &Limits::default()) {
            let located: Vec<_> = errors.into_iter().map(|error| route.locate_diagnostic(error)).collect();
            assert_about(text, &located);
        }
    }
});
