//! Checks the anchors of `grammar/SEMANTICS.md`: the code cites every anchor, and cites no other.

use std::collections::BTreeSet;

use crate::files;

/// What follows each `before`, as far as it can be part of an anchor.
fn anchors_after<'t>(text: &'t str, before: &'t str) -> impl Iterator<Item = &'t str> {
    text.split(before).skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit() && c != '-');
        &rest[..end.unwrap_or(rest.len())]
    })
}

#[test]
fn the_code_cites_every_anchor_of_the_semantics_and_no_other() {
    let semantics = edgeroute_testkit::read("grammar/SEMANTICS.md");
    let mut anchors = BTreeSet::new();
    for anchor in anchors_after(&semantics, "<a id=\"") {
        assert!(anchors.insert(anchor), "`{anchor}` is defined twice");
    }
    let code: Vec<(String, String)> = files::sources().filter(|(path, _)| is_in_a_package(path)).collect();
    let mut cited = BTreeSet::new();
    for (path, text) in &code {
        for anchor in anchors_after(text, "SEMANTICS#") {
            assert!(anchors.contains(anchor), "{path}: there is no anchor `{anchor}` in grammar/SEMANTICS.md");
            cited.insert(anchor);
        }
    }
    let uncited: Vec<&&str> = anchors.difference(&cited).collect();
    assert!(uncited.is_empty(), "cite these anchors where the code implements the rule: {uncited:?}");
    for linked in anchors_after(&semantics, "](#") {
        let heading = |line: &str| {
            line.strip_prefix("## ")
                .is_some_and(|title| title.to_lowercase().replace(',', "").replace(' ', "-") == linked)
        };
        assert!(anchors.contains(linked) || semantics.lines().any(heading), "broken link `#{linked}`");
    }
}

/// Whether a file is in `src` of a package.
fn is_in_a_package(path: &str) -> bool {
    path.starts_with("src/") || (path.starts_with("crates/") && path.split('/').nth(2) == Some("src"))
}
