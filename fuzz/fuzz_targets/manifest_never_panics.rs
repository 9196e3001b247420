//! Checks that any text can be read as a manifest without a panic, and that all findings in it and its routes refer to
//! it.
#![no_main]

use edgeroute_fuzz::{assert_about, assert_within};
use edgeroute_lang::hir::{TypedRoute, Shadowing};
use edgeroute_lang::limits::Limits;
use edgeroute_lang::manifest::{Manifest, embedded_manifests, merge, survey};
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
    for embedded in embedded_manifests(text) {
        assert_within(text, embedded.span);
    }
    let survey = survey(text);
    survey.repeated_keys.iter().for_each(|key| assert_within(text, key.span));
    survey.unknown_keys.iter().for_each(|key| assert_within(text, key.span));
    survey.converted_numbers.iter().for_each(|number| assert_within(text, number.span));
    // A deployment that is merged with nothing keeps its routes. A null in it is removed, which may leave it without a
    // required key.
    if let (Some(manifest), Ok(merged)) = (&parsed.manifest, merge(&[text]))
        && parsed.problems.is_empty()
        && let Some(merged) = Manifest::parse(&merged).manifest
    {
        assert_eq!(merged.fingerprint(), manifest.fingerprint());
    }
});
