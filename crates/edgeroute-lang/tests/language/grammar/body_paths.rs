//! Checks the parser of body paths against `body-path.ebnf`.

use edgeroute_lang::body::BodyPath;

use super::derive::{Deriver, Policy};
use super::ebnf::Grammar;
use super::munch;
use super::recognise::Recogniser;

/// The rules of "Body paths" in `grammar/README.md`.
fn accepts(grammar: &Grammar, recogniser: &Recogniser<'_>, path: &str) -> bool {
    let tokens: Vec<&str> = munch::all_tokens(grammar, path).iter().map(|token| token.rule).collect();
    let Some(longest) = recogniser.longest_prefix(&tokens) else { return false };
    !matches!(tokens[longest - 1..], [_, "DOT", ..] | ["NAME", "OPEN_BRACKET", ..])
}

#[test]
fn derived_paths_are_accepted() {
    let grammar = Grammar::read(&["body-path.ebnf"]);
    let mut deriver = Deriver::new(&grammar, Policy::Coverage, 30, 5);
    let mut paths = 0;
    while paths < 200 || !deriver.not_covered("BodyPath").is_empty() {
        assert!(paths < 1_000, "no path uses all of {:?}", deriver.not_covered("BodyPath"));
        let path = deriver.sentence("BodyPath").tokens().iter().map(|(_, text)| *text).collect::<String>();
        assert!(BodyPath::parse(&path).is_ok(), "{path}");
        paths += 1;
    }
}

#[test]
fn all_short_paths_are_checked_as_the_grammar_checks_them() {
    let grammar = Grammar::read(&["body-path.ebnf"]);
    let recogniser = Recogniser::new(&grammar, "BodyPath");
    let pieces = ["a", "5", ".", "[", "]", "*"];
    let mut outcomes = [0; 2];
    for length in 0..=5 {
        for number in 0..pieces.len().pow(length) {
            let path: String =
                (0..length).map(|place| pieces[number / pieces.len().pow(place) % pieces.len()]).collect();
            let is_accepted = BodyPath::parse(&path).is_ok();
            assert_eq!(is_accepted, accepts(&grammar, &recogniser, &path), "{path}");
            outcomes[usize::from(is_accepted)] += 1;
        }
    }
    assert!(outcomes.iter().all(|&count| count > 1_000), "{outcomes:?}");
}
