//! Checks that every span reported for a manifest is within it, on character boundaries, and covers what it should:
//! names and texts of routes decode from their spans, and so does every character of a text.
#![no_main]

use edgeroute_fuzz::assert_about;
use edgeroute_lang::manifest::{Manifest, RouteSpec};
use edgeroute_lang::span::{LineIndex, Span};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let parsed = Manifest::parse(text);
    let lines = LineIndex::new(text);
    for problem in &parsed.problems {
        let diagnostic = problem.diagnostic();
        assert_about(text, std::slice::from_ref(diagnostic));
        assert_eq!(problem.position(), lines.position(text, diagnostic.primary.span.start()));
    }
    let routes = parsed.manifest.iter().flat_map(Manifest::routes).chain(&parsed.unusable_routes);
    routes.for_each(|route| assert_located(text, route));
});

fn assert_located(manifest: &str, route: &RouteSpec) {
    let decoded = |span: Span| serde_json::from_str::<String>(span.slice(manifest)).ok();
    // In a layered deployment, the key starts with the names that lead to the route.
    assert!(decoded(route.name_span()).is_none_or(|name| name.ends_with(route.name())));
    let text = route.text();
    assert!(decoded(route.text_span()).is_none_or(|decoded| decoded == text));
    let within = route.text_span().range();
    let mut end = within.start + 1;
    for (at, character) in text.char_indices() {
        let span = Span::from_range(at..at + character.len_utf8());
        let located = route.locate(span);
        // The characters are adjacent.
        assert_eq!(located.range().start, end);
        end = located.range().end;
        let written = &manifest[located.range()];
        let decoded = serde_json::from_str::<String>(&format!("\"{written}\""));
        // An escaped lone surrogate is U+FFFD for us and an error for `serde_json`.
        assert!(decoded.map_or(character == char::REPLACEMENT_CHARACTER, |decoded| decoded.chars().eq([character])));
        assert_eq!(route.locate(Span::at(span.start())), Span::at(located.start()));
    }
    assert_eq!(end + 1, within.end);
}
