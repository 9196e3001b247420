//! Checks the lexer against the token rules of `tokens.ebnf`, applied literally.

use std::sync::LazyLock;

use edgeroute_lang::syntax::{Lexer, TokenKind};
use proptest::prelude::*;
use proptest::sample::select;

use super::ebnf::Grammar;
use super::munch;

static RULES: LazyLock<Grammar> = LazyLock::new(|| Grammar::read(&["tokens.ebnf"]));

/// The name of the rule for a kind of token: `OpenBrace` is `OPEN_BRACE`.
pub(crate) fn rule_of(kind: TokenKind) -> String {
    let mut rule = String::new();
    for character in format!("{kind:?}").chars() {
        if character.is_ascii_uppercase() && !rule.is_empty() {
            rule.push('_');
        }
        rule.push(character.to_ascii_uppercase());
    }
    rule
}

pub(crate) fn assert_lexed_by_the_rules(grammar: &Grammar, text: &str) {
    let expected: Vec<_> =
        munch::tokens(grammar, text).iter().map(|token| (token.rule.to_owned(), token.start..token.end)).collect();
    let mut found: Vec<_> = Lexer::new(text).map(|token| (rule_of(token.kind), token.span.range())).collect();
    assert_eq!(found.pop(), Some(("EOF".to_owned(), text.len()..text.len())), "the last token of {text:?}");
    assert_eq!(found, expected, "tokens of {text:?}");
}

/// Pieces from which most of the rules, and most of the ways to confuse them, can be made.
fn piece() -> impl Strategy<Value = &'static str> {
    select(vec![
        "a",
        "e",
        "E",
        "x",
        "0",
        "5",
        "12",
        "F",
        ".",
        "-",
        "+",
        "*",
        "/",
        "%",
        "'",
        "\"",
        "\\",
        "\\u00e9",
        "\\'",
        "\\\"",
        "\\\\",
        "u",
        "$",
        "[",
        "]",
        "{",
        "}",
        "(",
        ")",
        ",",
        "=",
        "!",
        "!=",
        "<",
        ">",
        "<>",
        "<=",
        ">=",
        "|",
        "||",
        "?",
        "??",
        "@",
        ":",
        ";",
        " ",
        "\t",
        "\r\n",
        "\n",
        "\u{a0}",
        "\u{c}",
        "\0",
        "é",
        "ſ",
        "\u{1F600}",
        "/*",
        "*/",
        "and",
        "OR",
        "not",
        "true",
        "TRUE",
        "null",
        "undefined",
        "false",
        "select",
        "FROM",
        "where",
        "Into",
        "0x",
        "1e5",
        "$a",
        "$body.x",
        "#",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn texts_of_the_languages_own_pieces_are_cut_as_the_rules_say(pieces in prop::collection::vec(piece(), 0..14)) {
        assert_lexed_by_the_rules(&RULES, &pieces.concat());
    }

    #[test]
    fn arbitrary_texts_are_cut_as_the_rules_say(text in "\\PC{0,20}") {
        assert_lexed_by_the_rules(&RULES, &text);
    }
}

#[test]
fn kinds_of_tokens_are_in_the_order_of_the_rules() {
    let samples = "{ } select from where into 's' 5 0x5 .5 true false null undefined ( ) , + - * / % and or not = != <= \
                   >= > < || ?? $a a ] @ 'open";
    let mut kinds: Vec<TokenKind> = Lexer::new(samples).map(|token| token.kind).collect();
    assert_eq!(kinds.pop(), Some(TokenKind::Eof));
    kinds.sort_unstable();
    let found: Vec<String> = kinds.into_iter().map(rule_of).collect();
    let rules = RULES.rules.iter().filter(|rule| rule.is_token()).map(|rule| rule.name.as_str());
    let expected: Vec<&str> = rules.filter(|rule| !matches!(*rule, "WHITE_SPACE" | "COMMENT")).collect();
    assert_eq!(found, expected);
}

#[test]
fn the_matcher_takes_the_longest_and_of_equals_the_first() {
    let rules = |text| munch::tokens(&RULES, text).iter().map(|token| token.rule).collect::<Vec<_>>();
    assert_eq!(rules("and andy 'a' 'a'b"), ["AND", "ID", "STRING", "ID"]);
    assert_eq!(rules("/*/"), ["SLASH", "STAR", "SLASH"]);
    assert_eq!(rules("/**/a/*/ /* ** */"), ["ID"]);
}
