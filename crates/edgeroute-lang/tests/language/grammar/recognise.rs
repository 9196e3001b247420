//! Decides by the grammar files alone whether a sequence of tokens is a sentence: Earley's algorithm (CACM 13, 1970)
//! over plain productions, with nullable nonterminals handled as Aycock and Horspool do (Computer Journal 45, 2002).

use std::collections::{BTreeMap, BTreeSet};

use super::ebnf::{Expression, Grammar, Repeat, is_token_name};
use super::munch;

/// A grammar as plain productions.
pub(crate) struct Recogniser<'g> {
    grammar: &'g Grammar,
    terminals: BTreeMap<&'g str, usize>,
    nonterminals: BTreeMap<&'g str, usize>,
    productions: Vec<Production>,
    /// The symbols of each production, each followed by its completion.
    states: Vec<State>,
    /// The states in which the productions of each nonterminal begin.
    first_states: Vec<Vec<usize>>,
    nullable: BTreeSet<usize>,
}

struct Production {
    left: usize,
    right: Vec<Symbol>,
}

/// What a partly recognised production expects next.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum State {
    Symbol(Symbol),
    /// Nothing: it is complete.
    Complete(usize),
}

#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Symbol {
    Terminal(usize),
    Nonterminal(usize),
}

/// A production recognised up to a state, from token `origin` on.
#[derive(Copy, Clone)]
struct Item {
    origin: usize,
    state: usize,
}

impl<'g> Recogniser<'g> {
    /// Takes the rules that `start` can reach and that are not tokens or parts of tokens.
    pub(crate) fn new(grammar: &'g Grammar, start: &'g str) -> Self {
        let mut recogniser = Self {
            grammar,
            terminals: BTreeMap::new(),
            nonterminals: BTreeMap::new(),
            productions: Vec::new(),
            states: Vec::new(),
            first_states: Vec::new(),
            nullable: BTreeSet::new(),
        };
        recogniser.nonterminal(start);
        recogniser.find_nullable();
        recogniser
    }

    /// The same grammar, except that a `Parenthesized` and a `Call` may be followed by further `)`.
    pub(crate) fn with_surplus_parentheses(mut self) -> Self {
        let close = Symbol::Terminal(self.terminals["CLOSE_PARENTHESIS"]);
        for name in ["Parenthesized", "Call"] {
            let left = self.nonterminals[name];
            self.add(left, vec![Symbol::Nonterminal(left), close]);
        }
        self
    }

    /// The number of tokens in the longest prefix that is a sentence; `None` if no prefix is a sentence.
    pub(crate) fn longest_prefix(&self, tokens: &[&str]) -> Option<usize> {
        let tokens: Vec<Option<usize>> = tokens.iter().map(|rule| self.terminals.get(rule).copied()).collect();
        let mut sets = vec![Set::default()];
        for &state in &self.first_states[0] {
            sets[0].add(Item { origin: 0, state }, self.states.len());
        }
        let mut longest = None;
        for at in 0.. {
            if sets.len() == at {
                break;
            }
            let mut next = Set::default();
            let mut done = 0;
            while let Some(&item) = sets[at].items.get(done) {
                done += 1;
                let advanced = Item { state: item.state + 1, ..item };
                match self.states[item.state] {
                    State::Symbol(Symbol::Terminal(terminal)) => {
                        if tokens.get(at) == Some(&Some(terminal)) {
                            next.add(advanced, self.states.len());
                        }
                    }
                    State::Symbol(Symbol::Nonterminal(wanted)) => {
                        for &state in &self.first_states[wanted] {
                            sets[at].add(Item { origin: at, state }, self.states.len());
                        }
                        if self.nullable.contains(&wanted) {
                            sets[at].add(advanced, self.states.len());
                        }
                    }
                    State::Complete(left) => {
                        if left == 0 && item.origin == 0 {
                            longest = Some(at);
                        }
                        let waits = State::Symbol(Symbol::Nonterminal(left));
                        for index in 0..sets[item.origin].items.len() {
                            let waiting = sets[item.origin].items[index];
                            if self.states[waiting.state] == waits {
                                let advanced = Item { state: waiting.state + 1, ..waiting };
                                sets[at].add(advanced, self.states.len());
                            }
                        }
                    }
                }
            }
            if !next.items.is_empty() {
                sets.push(next);
            }
        }
        longest
    }

    fn nonterminal(&mut self, name: &'g str) -> usize {
        if let Some(&known) = self.nonterminals.get(name) {
            return known;
        }
        let left = self.fresh();
        self.nonterminals.insert(name, left);
        let grammar = self.grammar;
        self.lower_into(left, &grammar.rule(name).body);
        left
    }

    fn fresh(&mut self) -> usize {
        self.first_states.push(Vec::new());
        self.first_states.len() - 1
    }

    fn add(&mut self, left: usize, right: Vec<Symbol>) {
        self.first_states[left].push(self.states.len());
        self.states.extend(right.iter().map(|&symbol| State::Symbol(symbol)));
        self.states.push(State::Complete(left));
        self.productions.push(Production { left, right });
    }

    fn lower_into(&mut self, left: usize, body: &'g Expression) {
        if let Expression::Choice(alternatives) = body {
            for alternative in alternatives {
                let right = self.lower(alternative);
                self.add(left, right);
            }
        } else {
            let right = self.lower(body);
            self.add(left, right);
        }
    }

    fn lower(&mut self, part: &'g Expression) -> Vec<Symbol> {
        match part {
            Expression::Sequence(parts) => parts.iter().flat_map(|part| self.lower(part)).collect(),
            Expression::Choice(_) => {
                let left = self.fresh();
                self.lower_into(left, part);
                vec![Symbol::Nonterminal(left)]
            }
            Expression::Repeat(repeat, part) => {
                let left = self.fresh();
                let this = Symbol::Nonterminal(left);
                let once = self.lower(part);
                let again: Vec<Symbol> = core::iter::once(this).chain(once.iter().copied()).collect();
                let productions = match repeat {
                    Repeat::Optional => [Vec::new(), once],
                    Repeat::Any => [Vec::new(), again],
                    Repeat::Some => [once, again],
                };
                for right in productions {
                    self.add(left, right);
                }
                vec![this]
            }
            Expression::Name(name) if is_token_name(name) => vec![self.terminal(name)],
            Expression::Name(name) => vec![Symbol::Nonterminal(self.nonterminal(name))],
            Expression::Text(text) => {
                let rule = munch::single(self.grammar, text).unwrap_or_else(|| panic!("{text} is no token"));
                vec![self.terminal(rule)]
            }
            Expression::Class(_) => panic!("a character class has no place among tokens"),
        }
    }

    fn terminal(&mut self, name: &'g str) -> Symbol {
        let next = self.terminals.len();
        Symbol::Terminal(*self.terminals.entry(name).or_insert(next))
    }

    fn find_nullable(&mut self) {
        loop {
            let is_nullable = |symbol: &Symbol| match symbol {
                Symbol::Terminal(_) => false,
                Symbol::Nonterminal(nonterminal) => self.nullable.contains(nonterminal),
            };
            let found: BTreeSet<usize> = self
                .productions
                .iter()
                .filter(|production| production.right.iter().all(is_nullable))
                .map(|production| production.left)
                .collect();
            if found == self.nullable {
                return;
            }
            self.nullable = found;
        }
    }
}

/// The items at one position between tokens.
#[derive(Default)]
struct Set {
    items: Vec<Item>,
    /// By origin and state: whether the item is among `items`.
    known: Vec<bool>,
}

impl Set {
    fn add(&mut self, item: Item, states: usize) {
        let place = item.origin * states + item.state;
        if self.known.len() <= place {
            self.known.resize((item.origin + 1) * states, false);
        }
        if !core::mem::replace(&mut self.known[place], true) {
            self.items.push(item);
        }
    }
}

mod tests {
    use super::*;

    fn longest(start: &str, text: &str) -> Option<usize> {
        let grammar = Grammar::read(&["tokens.ebnf", "condition.ebnf", "route.ebnf"]);
        let tokens = munch::tokens(&grammar, text);
        Recogniser::new(&grammar, start).longest_prefix(&tokens.iter().map(|token| token.rule).collect::<Vec<_>>())
    }

    #[test]
    fn sentences_and_prefixes_are_distinguished() {
        assert_eq!(longest("Condition", "f ( ) and not - ( a = 5 )"), Some(11));
        assert_eq!(longest("Condition", "f ( a , )"), Some(1));
        assert_eq!(longest("Condition", "a = b garbage"), Some(3));
        assert_eq!(longest("Condition", "a and or b"), Some(1));
        assert_eq!(longest("Condition", "( a"), None);
        assert_eq!(longest("Route", "FROM /a/* WHERE x INTO $upstream rest"), Some(9));
        assert_eq!(longest("Route", "FROM / INTO $upstream"), None);
    }
}
