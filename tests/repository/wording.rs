//! Checks that documents and sources do not use the words listed in `wording.txt`.

use crate::files;

const WORDS: &str = include_str!("wording.txt");

/// A line with this marker, or after a line with it, may use any word.
const ALLOW: &str = "wording: allow";

/// The words and their replacements.
fn words() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = WORDS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split_once(" -> ").unwrap_or_else(|| panic!("wording.txt: no replacement in `{line}`")))
}

/// Whether a line in lower case contains a word or phrase, not as a part of a longer word. Underscores separate words,
/// so that identifiers are checked too.
fn contains(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + word.len()..].chars().next();
        [before, after].into_iter().flatten().all(|c| !c.is_alphanumeric())
    })
}

/// A line for each use of a word.
fn uses(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_allowed = false;
    for (index, line) in text.lines().enumerate() {
        let marked = line.contains(ALLOW);
        if !marked && !is_allowed {
            let line = line.to_lowercase();
            let used = words().filter(|(word, _)| contains(&line, word));
            found.extend(used.map(|(word, instead)| format!("{path}:{}: `{word}`, write: {instead}", index + 1)));
        }
        is_allowed = marked;
    }
    found
}

#[test]
fn documents_and_sources_avoid_the_listed_words() {
    let found: Vec<String> = files::with_extensions(&["", "md", "rs", "toml", "ebnf", "yaml", "sh"])
        .flat_map(|(path, text)| uses(&path, &text))
        .collect();
    assert!(found.is_empty(), "avoid these words:\n{}", found.join("\n"));
}

#[test]
fn whole_words_are_found_with_their_place_and_replacement() {
    // wording: allow
    let text = "mend\nMENDS it\nto_mend_it\namend, mendable\nis_none(a)\n";
    let found = uses("a.md", text);
    // wording: allow
    assert_eq!(found, ["a.md:1: `mend`, write: fix", "a.md:2: `mends`, write: fixes", "a.md:3: `mend`, write: fix"]);
}

#[test]
fn a_marker_allows_its_line_and_the_next() {
    // wording: allow
    let text = "told <!-- wording: allow -->\ntold\ntold\n";
    assert_eq!(uses("a.md", text), ["a.md:3: `told`, write: reported, shown, explained"]);
}
