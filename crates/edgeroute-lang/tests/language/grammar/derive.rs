//! Derives sentences from the grammar files.
//!
//! At every choice (an alternative, or the number of repetitions), the deriver picks what it has never picked before if
//! it is asked for coverage, or else at random. Beyond a depth or a number of tokens, it takes the alternative that
//! needs the fewest levels of rules.

use std::collections::{BTreeMap, BTreeSet};

use super::ebnf::{Class, Expression, Grammar, Repeat, is_token_name};
use super::munch;
use super::random::Random;

/// A derivation: a rule and its expansion.
#[derive(Debug)]
pub(crate) enum Derivation {
    Rule { name: String, parts: Vec<Derivation> },
    Token { rule: String, text: String },
}

impl Derivation {
    /// The tokens, rule and text, from left to right.
    pub(crate) fn tokens(&self) -> Vec<(&str, &str)> {
        match self {
            Self::Rule { parts, .. } => parts.iter().flat_map(Self::tokens).collect(),
            Self::Token { rule, text } => vec![(rule, text)],
        }
    }

    /// The tokens, with one space between.
    pub(crate) fn text(&self) -> String {
        self.tokens().iter().map(|(_, text)| *text).collect::<Vec<_>>().join(" ")
    }
}

#[derive(Copy, Clone, PartialEq, Eq)]
pub(crate) enum Policy {
    Random,
    /// Prefers what was never picked.
    Coverage,
}

pub(crate) struct Deriver<'g> {
    grammar: &'g Grammar,
    policy: Policy,
    random: Random,
    /// The number of tokens and the depth of rules beyond which the shortest alternative is taken.
    size: usize,
    /// The number of tokens so far.
    tokens: usize,
    /// The number of levels that the shallowest derivation of each rule needs.
    heights: BTreeMap<&'g str, usize>,
    /// The choices, by address, with the alternatives picked.
    picked: BTreeSet<(usize, usize)>,
}

impl<'g> Deriver<'g> {
    pub(crate) fn new(grammar: &'g Grammar, policy: Policy, size: usize, seed: u64) -> Self {
        let heights = heights(grammar);
        Self { grammar, policy, random: Random::new(seed), size, tokens: 0, heights, picked: BTreeSet::new() }
    }

    /// Derives a sentence of the rule `start`.
    pub(crate) fn sentence(&mut self, start: &str) -> Derivation {
        let mut parts = Vec::new();
        self.tokens = 0;
        self.expand(&self.grammar.rule(start).body, 0, &mut parts);
        Derivation::Rule { name: start.to_owned(), parts }
    }

    /// The picks in rules reachable from `start` that no sentence has used so far, as rule names.
    pub(crate) fn not_covered(&self, start: &str) -> Vec<&'g str> {
        let mut missing = Vec::new();
        let mut reached = vec![&self.grammar.rule(start).name];
        let mut next = 0;
        while let Some(&name) = reached.get(next) {
            next += 1;
            self.grammar.rule(name).body.visit(&mut |part| {
                if let Expression::Name(used) = part
                    && !reached.contains(&used)
                {
                    reached.push(used);
                }
                if (0..picks(part)).any(|pick| !self.picked.contains(&(address(part), pick))) {
                    missing.push(name.as_str());
                }
            });
        }
        missing
    }

    /// A text that is the token `rule`, and no other token by longest match.
    pub(crate) fn token(&mut self, rule: &str) -> String {
        for _ in 0..1_000 {
            let mut text = String::new();
            self.spell(&self.grammar.rule(rule).body, &mut text);
            if munch::single(self.grammar, &text) == Some(rule) {
                return text;
            }
        }
        panic!("no spelling of {rule} is that token");
    }

    fn expand(&mut self, part: &'g Expression, depth: usize, into: &mut Vec<Derivation>) {
        match part {
            Expression::Sequence(parts) => parts.iter().for_each(|part| self.expand(part, depth, into)),
            Expression::Choice(parts) => {
                let pick = self.pick(part, depth, |this, pick| this.height(&parts[pick]));
                self.expand(&parts[pick], depth, into);
            }
            Expression::Repeat(repeat, repeated) => {
                for _ in 0..self.repetitions(*repeat, part, depth) {
                    self.expand(repeated, depth, into);
                }
            }
            Expression::Name(name) if is_token_name(name) => {
                let text = self.token(name);
                self.tokens += 1;
                into.push(Derivation::Token { rule: name.clone(), text });
            }
            Expression::Name(name) => {
                let mut parts = Vec::new();
                self.expand(&self.grammar.rule(name).body, depth + 1, &mut parts);
                into.push(Derivation::Rule { name: name.clone(), parts });
            }
            Expression::Text(text) => {
                let rule = munch::single(self.grammar, text).unwrap_or_else(|| panic!("{text} is no token"));
                self.tokens += 1;
                into.push(Derivation::Token { rule: rule.to_owned(), text: text.clone() });
            }
            Expression::Class(_) => panic!("a character class has no place among tokens"),
        }
    }

    fn spell(&mut self, part: &'g Expression, into: &mut String) {
        match part {
            Expression::Sequence(parts) => parts.iter().for_each(|part| self.spell(part, into)),
            Expression::Choice(parts) => {
                let pick = self.pick(part, 0, |_, _| 0);
                self.spell(&parts[pick], into);
            }
            Expression::Repeat(repeat, repeated) => {
                for _ in 0..self.repetitions(*repeat, part, 0) {
                    self.spell(repeated, into);
                }
            }
            Expression::Name(name) => self.spell(&self.grammar.rule(name).body, into),
            Expression::Text(text) => into.push_str(text),
            Expression::Class(class) => into.push(self.character(class)),
        }
    }

    fn repetitions(&mut self, repeat: Repeat, part: &'g Expression, depth: usize) -> usize {
        let least = usize::from(repeat == Repeat::Some);
        least + self.pick(part, depth, |_, pick| pick)
    }

    /// Picks an alternative of a choice; beyond the size, one of those with the least `cost`.
    fn pick(&mut self, choice: &'g Expression, depth: usize, cost: impl Fn(&Self, usize) -> usize) -> usize {
        let all: Vec<usize> = (0..picks(choice)).collect();
        let mut candidates = all.clone();
        if depth > self.size || self.tokens > self.size {
            let least = all.iter().map(|&pick| cost(self, pick)).min();
            candidates.retain(|&pick| Some(cost(self, pick)) == least);
        } else if self.policy == Policy::Coverage {
            candidates.retain(|&pick| !self.picked.contains(&(address(choice), pick)));
        } else if matches!(choice, Expression::Repeat(..)) && self.random.below(4) != 0 {
            // Otherwise an expression of seven levels would have a hundred operands.
            candidates.truncate(1);
        }
        let pick = *self.random.pick(if candidates.is_empty() { &all } else { &candidates });
        self.picked.insert((address(choice), pick));
        pick
    }

    /// A character of the class: half of the time an ASCII one, otherwise one that is hard for lexers.
    fn character(&mut self, class: &Class) -> char {
        const ODD: [char; 12] =
            ['\u{0}', '\u{a0}', '\u{c}', 'é', 'ſ', '\u{2028}', '\u{feff}', '\u{1f600}', '\'', '-', 'e', '\u{fffd}'];
        loop {
            let character = if self.random.below(8) == 0 {
                *self.random.pick(&ODD)
            } else if class.is_negated {
                char::from(b"abcdeixyz_059.-+*%!|#$'"[self.random.below(23)])
            } else {
                let (low, high) = *self.random.pick(&class.ranges);
                let offset = self.random.below((high as usize - low as usize).min(0x80) + 1);
                char::from_u32(low as u32 + u32::try_from(offset).expect("a small offset")).unwrap_or(low)
            };
            if class.contains(character) {
                return character;
            }
        }
    }

    fn height(&self, part: &Expression) -> usize {
        height(&self.heights, part).unwrap_or(usize::MAX)
    }
}

/// The number of alternatives of a choice; 0 if there is no choice.
fn picks(part: &Expression) -> usize {
    match part {
        Expression::Choice(parts) => parts.len(),
        Expression::Repeat(Repeat::Optional, _) => 2,
        Expression::Repeat(Repeat::Any | Repeat::Some, _) => 3,
        _ => 0,
    }
}

fn address(part: &Expression) -> usize {
    core::ptr::from_ref(part).addr()
}

/// The least number of levels of each rule, found by iterating over all rules until nothing changes.
fn heights(grammar: &Grammar) -> BTreeMap<&str, usize> {
    let mut heights = BTreeMap::new();
    loop {
        let before = heights.clone();
        for rule in &grammar.rules {
            if let Some(found) = height(&heights, &rule.body) {
                heights.insert(rule.name.as_str(), found + 1);
            }
        }
        if heights == before {
            return heights;
        }
    }
}

fn height(heights: &BTreeMap<&str, usize>, part: &Expression) -> Option<usize> {
    match part {
        Expression::Choice(parts) => parts.iter().filter_map(|part| height(heights, part)).min(),
        Expression::Sequence(parts) => {
            parts.iter().try_fold(0, |highest, part| Some(highest.max(height(heights, part)?)))
        }
        Expression::Repeat(Repeat::Optional | Repeat::Any, _) | Expression::Text(_) | Expression::Class(_) => Some(0),
        Expression::Repeat(Repeat::Some, part) => height(heights, part),
        Expression::Name(name) => heights.get(name.as_str()).copied(),
    }
}
