//! Checks that formatting keeps the meaning of routes and, in a manifest, every byte around them.

use edgeroute_lang::format::{Formatted, format_manifest, format_route};
use edgeroute_lang::limits::Limits;
use proptest::prelude::*;
use serde_json::Value;

use edgeroute_testkit::formatting::{meaning, routes_and_surroundings};
use edgeroute_testkit::strategies::texts;

/// Checks that formatting keeps the meaning of a manifest. Returns the number of routes that changed.
fn assert_manifest_keeps_its_meaning(text: &str) -> usize {
    let limits = Limits::default();
    let formatted = format_manifest(text, &limits);
    let (around, routes) = routes_and_surroundings(text);
    let (around_after, routes_after) = routes_and_surroundings(&formatted.text);
    assert_eq!(around, around_after);
    assert_eq!(routes.len(), routes_after.len());
    for (before, after) in routes.iter().zip(&routes_after) {
        assert_eq!(before.name(), after.name());
        assert_eq!((before.priority(), before.time_to_live()), (after.priority(), after.time_to_live()));
        assert_eq!(meaning(before.text()), meaning(after.text()), "{} became {}", before.text(), after.text());
    }
    let again = format_manifest(&formatted.text, &limits);
    assert!(again.is_unchanged() && again.text == formatted.text, "{}", formatted.text);
    formatted.changed().count()
}

fn assert_route_keeps_its_meaning(text: &str) -> bool {
    let Formatted::Changed(formatted) = format_route(text, &Limits::default()) else {
        return false;
    };
    assert_eq!(meaning(&formatted), meaning(text), "{text} became {formatted}");
    assert_eq!(format_route(&formatted, &Limits::default()), Formatted::Canonical);
    true
}

/// A JSON string in which some characters are escaped without need.
fn json_string(text: &str, every: usize) -> String {
    let escape = |unit: &u16| format!("\\u{unit:04x}");
    let units = text.char_indices().map(|(at, character)| {
        if at % every == 0 || character < ' ' || character == '"' || character == '\\' {
            let escapes: Vec<String> = character.encode_utf16(&mut [0; 2]).iter().map(escape).collect();
            escapes.concat()
        } else {
            character.to_string()
        }
    });
    format!("\"{}\"", units.collect::<String>())
}

proptest! {
    #![proptest_config(edgeroute_testkit::proptest_config(300))]

    #[test]
    fn a_formatted_route_means_what_it_meant(text in prop_oneof![texts::route(), texts::anything()]) {
        assert_route_keeps_its_meaning(&text);
    }

    #[test]
    fn a_formatted_manifest_means_what_it_meant(
        routes in prop::collection::vec(
            (prop_oneof![4 => texts::route(), 1 => texts::anything()], 1_usize..9, any::<bool>()),
            0..5,
        ),
        space in "[ \t\r\n]{0,3}",
    ) {
        let routes: Vec<String> = routes
            .iter()
            .enumerate()
            .map(|(index, (text, every, is_object))| {
                let string = json_string(text, *every);
                let value = if *is_object { format!("{{\"priority\":{space}1, \"route\":{string}}}") } else { string };
                format!("{space}\"r{index}\"{space}:{value}")
            })
            .collect();
        let routes = routes.join(",");
        let text = format!(
            "{space}{{\"schemaVersion\":\"1.1\",\"routes\":{{{routes}}},\"storeAndForwardConfiguration\":{{}}}}{space}"
        );
        assert_manifest_keeps_its_meaning(&text);
    }
}

#[test]
fn the_vectors_keep_their_meaning() {
    let (mut routes, mut manifests) = (0, 0);
    for file in ["routes.jsonl", "routesets.jsonl", "manifests.jsonl", "reference_suite.jsonl"] {
        let path = format!("{}/tests/conformance/{file}", edgeroute_testkit::repository().display());
        for line in std::fs::read_to_string(path).expect("the vectors").lines() {
            let row: Value = serde_json::from_str(line).expect("a row of JSON");
            let texts = row["route"].as_str().into_iter();
            let texts =
                texts.chain(row["routes"].as_array().into_iter().flatten().filter_map(|route| route["route"].as_str()));
            routes += texts.filter(|text| assert_route_keeps_its_meaning(text)).count();
            manifests += row["json"].as_str().map_or(0, assert_manifest_keeps_its_meaning);
        }
    }
    assert!(routes > 2_000 && manifests > 300, "{routes} and {manifests} routes were changed");
}
