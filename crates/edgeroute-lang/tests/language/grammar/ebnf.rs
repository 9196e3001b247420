//! Reads the grammar files: the EBNF of the XML recommendation, as `grammar/README.md` describes it.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

/// The rules of one or more files, in order.
pub(crate) struct Grammar {
    pub(crate) rules: Vec<Rule>,
    by_name: BTreeMap<String, usize>,
}

pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) body: Expression,
    /// Whether this is a token: its name is in capitals.
    is_token: bool,
}

pub(crate) enum Expression {
    Choice(Vec<Expression>),
    Sequence(Vec<Expression>),
    Repeat(Repeat, Box<Expression>),
    Name(String),
    Text(String),
    Class(Class),
}

#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Repeat {
    Optional,
    Any,
    Some,
}

pub(crate) struct Class {
    pub(crate) is_negated: bool,
    pub(crate) ranges: Vec<(char, char)>,
}

impl Class {
    pub(crate) fn contains(&self, character: char) -> bool {
        let is_listed = self.ranges.iter().any(|&(low, high)| (low..=high).contains(&character));
        is_listed != self.is_negated
    }
}

impl Rule {
    pub(crate) fn is_token(&self) -> bool {
        self.is_token
    }
}

pub(crate) fn is_token_name(name: &str) -> bool {
    name.chars().all(|character| character.is_ascii_uppercase() || character == '_')
}

impl Grammar {
    /// Reads files of the directory `grammar/`.
    pub(crate) fn read(files: &[&str]) -> Self {
        let mut rules = Vec::new();
        for file in files {
            let path = format!("{}/grammar/{file}", edgeroute_testkit::repository().display());
            let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
            rules.extend(Reader::new(&text).rules());
        }
        let mut by_name = BTreeMap::new();
        for (index, rule) in rules.iter().enumerate() {
            assert!(by_name.insert(rule.name.clone(), index).is_none(), "two rules are called {}", rule.name);
        }
        Self { rules, by_name }
    }

    pub(crate) fn rule(&self, name: &str) -> &Rule {
        let index = self.by_name.get(name).unwrap_or_else(|| panic!("no rule is called {name}"));
        &self.rules[*index]
    }

    pub(crate) fn has_rule(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }
}

impl Expression {
    /// Calls `visit` with this expression and all within it.
    pub(crate) fn visit<'e>(&'e self, visit: &mut impl FnMut(&'e Self)) {
        visit(self);
        match self {
            Self::Choice(parts) | Self::Sequence(parts) => parts.iter().for_each(|part| part.visit(visit)),
            Self::Repeat(_, part) => part.visit(visit),
            Self::Name(_) | Self::Text(_) | Self::Class(_) => {}
        }
    }
}

struct Reader<'t> {
    rest: Peekable<Chars<'t>>,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        Self { rest: text.chars().peekable() }
    }

    fn rules(mut self) -> Vec<Rule> {
        let mut rules = Vec::new();
        while self.peek().is_some() {
            let name = self.name();
            assert!(self.takes("::="), "after the name {name}, `::=` is expected");
            rules.push(Rule { is_token: is_token_name(&name), body: self.choice(), name });
        }
        rules
    }

    /// The next character that is neither white space nor in a comment.
    fn peek(&mut self) -> Option<char> {
        loop {
            while self.rest.next_if(|next| next.is_whitespace()).is_some() {}
            if !self.takes_exactly("/*") {
                return self.rest.peek().copied();
            }
            while !self.takes_exactly("*/") {
                assert!(self.rest.next().is_some(), "a comment is not closed");
            }
        }
    }

    /// Consumes `text` if it comes next after white space and comments.
    fn takes(&mut self, text: &str) -> bool {
        self.peek();
        self.takes_exactly(text)
    }

    fn takes_exactly(&mut self, text: &str) -> bool {
        let mut ahead = self.rest.clone();
        if text.chars().all(|expected| ahead.next() == Some(expected)) {
            self.rest = ahead;
            return true;
        }
        false
    }

    fn name(&mut self) -> String {
        self.peek();
        let mut name = String::new();
        while let Some(next) = self.rest.next_if(|next| next.is_ascii_alphanumeric() || *next == '_') {
            name.push(next);
        }
        assert!(!name.is_empty(), "a name is expected, found {:?}", self.rest.peek());
        name
    }

    fn choice(&mut self) -> Expression {
        let mut alternatives = vec![self.sequence()];
        while self.takes("|") {
            alternatives.push(self.sequence());
        }
        single_or(alternatives, Expression::Choice)
    }

    fn sequence(&mut self) -> Expression {
        let mut parts = Vec::new();
        while self.starts_part() {
            let part = self.part();
            parts.push(self.repeated(part));
        }
        assert!(!parts.is_empty(), "an alternative is empty before {:?}", self.rest.peek());
        single_or(parts, Expression::Sequence)
    }

    fn starts_part(&mut self) -> bool {
        match self.peek() {
            None | Some('|' | ')') => false,
            Some(next) if next.is_ascii_alphabetic() => {
                let mut ahead = Self { rest: self.rest.clone() };
                ahead.name();
                !ahead.takes("::=")
            }
            Some(_) => true,
        }
    }

    fn part(&mut self) -> Expression {
        match self.peek() {
            Some(quote @ ('"' | '\'')) => {
                self.rest.next();
                let mut text = String::new();
                while let Some(next) = self.rest.next_if(|&next| next != quote) {
                    text.push(next);
                }
                assert_eq!(self.rest.next(), Some(quote), "a text is not closed");
                Expression::Text(text)
            }
            Some('#') => Expression::Text(self.character().into()),
            Some('[') => Expression::Class(self.class()),
            Some('(') => {
                self.rest.next();
                let group = self.choice();
                assert!(self.takes(")"), "a group is not closed");
                group
            }
            _ => Expression::Name(self.name()),
        }
    }

    fn repeated(&mut self, part: Expression) -> Expression {
        let repeat = match self.rest.peek() {
            Some('?') => Repeat::Optional,
            Some('*') => Repeat::Any,
            Some('+') => Repeat::Some,
            _ => return part,
        };
        self.rest.next();
        Expression::Repeat(repeat, Box::new(part))
    }

    fn class(&mut self) -> Class {
        assert_eq!(self.rest.next(), Some('['));
        let is_negated = self.rest.next_if_eq(&'^').is_some();
        let mut ranges = Vec::new();
        while self.rest.next_if_eq(&']').is_none() {
            let low = self.character();
            let mut ahead = self.rest.clone();
            let is_range = ahead.next() == Some('-') && ahead.peek() != Some(&']');
            if is_range {
                self.rest = ahead;
            }
            ranges.push((low, if is_range { self.character() } else { low }));
        }
        Class { is_negated, ranges }
    }

    /// One character, literal or as `#xN`.
    fn character(&mut self) -> char {
        if !self.takes_exactly("#x") {
            return self.rest.next().expect("a class is not closed");
        }
        let mut code = 0;
        while let Some(digit) = self.rest.peek().and_then(|next| next.to_digit(16)) {
            self.rest.next();
            code = code * 16 + digit;
        }
        char::from_u32(code).expect("a code point")
    }
}

fn single_or(mut parts: Vec<Expression>, make: impl FnOnce(Vec<Expression>) -> Expression) -> Expression {
    if parts.len() == 1 { parts.remove(0) } else { make(parts) }
}

mod tests {
    use super::*;

    #[test]
    fn classes_have_ranges_code_points_and_a_literal_minus() {
        let rules = Reader::new("/* one */ A ::= [^a-c#x5D-]+ B::=#x5C | 'x' A?").rules();
        assert_eq!(rules.len(), 2);
        let Expression::Repeat(Repeat::Some, class) = &rules[0].body else { panic!("A is a repetition") };
        let Expression::Class(class) = &**class else { panic!("of a class") };
        let outside: String = "abcde-]x".chars().filter(|&character| !class.contains(character)).collect();
        assert_eq!(outside, "abc-]");
        let Expression::Choice(alternatives) = &rules[1].body else { panic!("B is a choice") };
        assert!(matches!(&alternatives[0], Expression::Text(text) if text == "\\"));
        assert!(matches!(&alternatives[1], Expression::Sequence(parts) if parts.len() == 2));
    }

    #[test]
    fn every_name_is_defined_and_every_rule_is_used() {
        let language = Grammar::read(&["tokens.ebnf", "condition.ebnf", "route.ebnf"]);
        let body_path = Grammar::read(&["body-path.ebnf"]);
        for (grammar, starts) in [(&language, "Route"), (&body_path, "BodyPath")] {
            let mut used = vec![starts];
            for rule in &grammar.rules {
                rule.body.visit(&mut |part| {
                    if let Expression::Name(name) = part {
                        assert!(grammar.has_rule(name), "{} uses {name}, which no rule defines", rule.name);
                        used.push(name);
                    }
                });
            }
            for rule in grammar.rules.iter().filter(|rule| !rule.is_token()) {
                assert!(used.contains(&rule.name.as_str()), "no rule uses {}", rule.name);
            }
        }
    }
}
