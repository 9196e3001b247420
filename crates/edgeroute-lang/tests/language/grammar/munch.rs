//! Applies the token rules literally: at each position, every rule is tried on every possible end. The longest match
//! wins, and among equally long ones the first rule. This is slow, but too simple to have a lexer's bugs.

use super::ebnf::{Expression, Grammar, Repeat};

/// A token: which rule of `tokens.ebnf`, and its bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Token<'g> {
    pub(crate) rule: &'g str,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// The tokens of `text`, without white space and comments.
pub(crate) fn tokens<'g>(grammar: &'g Grammar, text: &str) -> Vec<Token<'g>> {
    let mut tokens = all_tokens(grammar, text);
    tokens.retain(|token| !matches!(token.rule, "WHITE_SPACE" | "COMMENT"));
    tokens
}

/// The tokens of `text`, including white space and comments.
pub(crate) fn all_tokens<'g>(grammar: &'g Grammar, text: &str) -> Vec<Token<'g>> {
    let mut tokens = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let mut longest = Token { rule: "", start, end: start };
        for rule in grammar.rules.iter().filter(|rule| rule.is_token()) {
            let end = ends(grammar, &rule.body, text, &[start]).last().copied().unwrap_or(start);
            if end > longest.end {
                longest = Token { rule: &rule.name, start, end };
            }
        }
        assert!(longest.end > start, "no token rule matches at byte {start} of {text:?}");
        start = longest.end;
        tokens.push(longest);
    }
    tokens
}

/// The rule whose token the whole of `text` is, if it is one token.
pub(crate) fn single<'g>(grammar: &'g Grammar, text: &str) -> Option<&'g str> {
    match all_tokens(grammar, text).as_slice() {
        [token] => Some(token.rule),
        _ => None,
    }
}

/// The positions where a match of `part` that begins at one of `starts` can end, ascending.
fn ends(grammar: &Grammar, part: &Expression, text: &str, starts: &[usize]) -> Vec<usize> {
    if starts.is_empty() {
        return Vec::new();
    }
    match part {
        Expression::Name(name) => ends(grammar, &grammar.rule(name).body, text, starts),
        Expression::Text(expected) => {
            starts.iter().filter(|&&at| text[at..].starts_with(expected)).map(|&at| at + expected.len()).collect()
        }
        Expression::Class(class) => {
            let first = |at: usize| text[at..].chars().next().filter(|&next| class.contains(next));
            starts.iter().filter_map(|&at| first(at).map(|next| at + next.len_utf8())).collect()
        }
        Expression::Sequence(parts) => {
            parts.iter().fold(starts.to_vec(), |starts, part| ends(grammar, part, text, &starts))
        }
        Expression::Choice(parts) => {
            let mut all: Vec<usize> = parts.iter().flat_map(|part| ends(grammar, part, text, starts)).collect();
            all.sort_unstable();
            all.dedup();
            all
        }
        Expression::Repeat(repeat, part) => {
            let mut all = if *repeat == Repeat::Some { Vec::new() } else { starts.to_vec() };
            let mut latest = starts.to_vec();
            while !latest.is_empty() {
                latest = ends(grammar, part, text, &latest);
                latest.retain(|end| all.binary_search(end).is_err());
                all.extend_from_slice(&latest);
                all.sort_unstable();
                if *repeat == Repeat::Optional {
                    break;
                }
            }
            all
        }
    }
}
