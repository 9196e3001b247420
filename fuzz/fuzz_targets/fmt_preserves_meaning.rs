//! Checks that formatting a route keeps its meaning and is idempotent, and that nothing else changes in a manifest. The
//! text is read both as a route and as a manifest.
#![no_main]

use edgeroute_lang::format::{Formatted, format_manifest, format_route};
use edgeroute_lang::limits::Limits;
use edgeroute_testkit::formatting::{meaning, routes_and_surroundings};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let limits = Limits::default();
    if let Formatted::Changed(formatted) = format_route(text, &limits) {
        assert_eq!(meaning(&formatted), meaning(text), "{formatted}");
        assert_eq!(format_route(&formatted, &limits), Formatted::Canonical, "{formatted}");
    }
    let formatted = format_manifest(text, &limits);
    assert!(format_manifest(&formatted.text, &limits).is_unchanged(), "{}", formatted.text);
    let [before, after] = [text, &formatted.text].map(routes_and_surroundings);
    assert_eq!(before.0, after.0, "{}", formatted.text);
    assert_eq!(before.1.len(), after.1.len());
    for (before, after) in before.1.iter().zip(&after.1) {
        assert_eq!(before.name(), after.name());
        assert_eq!((before.priority(), before.time_to_live()), (after.priority(), after.time_to_live()));
        assert_eq!(meaning(before.text()), meaning(after.text()), "{}", after.text());
    }
});
