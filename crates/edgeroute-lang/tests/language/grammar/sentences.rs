//! Checks the parser on sentences and near-misses of the grammar files.

use edgeroute_lang::limits::Limits;
use edgeroute_lang::syntax::ast::{Condition, ExprId, ExprKind, Literal, Route};
use edgeroute_lang::syntax::{Parsed, parse_condition, parse_route};

use super::derive::{Derivation, Deriver, Policy};
use super::ebnf::Grammar;
use super::munch;
use super::random::Random;
use super::recognise::Recogniser;

/// The whole language.
pub(crate) fn language() -> Grammar {
    Grammar::read(&["tokens.ebnf", "condition.ebnf", "route.ebnf"])
}

/// Judges the tokens of whole texts by the grammar files and by the rules that `grammar/README.md` gives in prose.
pub(crate) struct Judge<'g> {
    grammar: &'g Grammar,
    route: Recogniser<'g>,
    condition: Recogniser<'g>,
    surplus: Recogniser<'g>,
}

impl<'g> Judge<'g> {
    pub(crate) fn new(grammar: &'g Grammar) -> Self {
        Self {
            grammar,
            route: Recogniser::new(grammar, "Route"),
            condition: Recogniser::new(grammar, "Condition"),
            surplus: Recogniser::new(grammar, "Condition").with_surplus_parentheses(),
        }
    }

    /// The rules of a text's tokens.
    fn tokens(&self, text: &str) -> Vec<&'g str> {
        munch::tokens(self.grammar, text).iter().map(|token| token.rule).collect()
    }

    /// Text after the sink is ignored, so a route is valid if a prefix is a sentence.
    pub(crate) fn accepts_route(&self, tokens: &[&str]) -> bool {
        self.route.longest_prefix(tokens).is_some()
    }

    /// "The longest prefix" of `grammar/README.md`.
    pub(crate) fn accepts_condition(&self, tokens: &[&str]) -> bool {
        const REFUSED_AFTER: [&str; 16] = [
            "PLUS",
            "MINUS",
            "STAR",
            "SLASH",
            "PERCENT",
            "AND",
            "OR",
            "EQUAL",
            "NOT_EQUAL",
            "LESS_OR_EQUAL",
            "GREATER_OR_EQUAL",
            "GREATER",
            "LESS",
            "CONCAT",
            "COALESCE",
            "UNKNOWN",
        ];
        let Some(longest) = self.condition.longest_prefix(tokens) else {
            return tokens.is_empty();
        };
        let is_refused = match tokens[longest - 1..] {
            ["ID", "OPEN_PARENTHESIS", ..] => true,
            [_, next, ..] => REFUSED_AFTER.contains(&next),
            _ => false,
        };
        !is_refused && self.surplus.longest_prefix(tokens) == Some(longest)
    }
}

fn condition(text: &str) -> Parsed<Condition<'_>> {
    parse_condition(text, &Limits::default())
}

fn route(text: &str) -> Parsed<Route<'_>> {
    parse_route(text, &Limits::default())
}

/// Sentences that together use every alternative of every rule, then some random ones.
fn sentences(grammar: &Grammar, start: &str, random: usize) -> Vec<Derivation> {
    let mut covering = Deriver::new(grammar, Policy::Coverage, 40, 1);
    let mut sentences = Vec::new();
    while !covering.not_covered(start).is_empty() {
        assert!(sentences.len() < 1_000, "no sentence uses all of {:?}", covering.not_covered(start));
        sentences.push(covering.sentence(start));
    }
    let mut deriver = Deriver::new(grammar, Policy::Random, 20, 2);
    sentences.extend((0..random).map(|_| deriver.sentence(start)));
    sentences
}

#[test]
fn every_derived_condition_parses_into_the_tree_of_its_derivation() {
    let grammar = language();
    for sentence in sentences(&grammar, "Condition", 400) {
        let text = sentence.text();
        let parsed = condition(&text);
        assert_eq!(parsed.errors, [], "{text}");
        assert_eq!(parsed.tree.ignored(), None, "{text}");
        assert_eq!(shape_of_tree(&parsed.tree, parsed.tree.root().unwrap()), shape_of_derivation(&sentence), "{text}");
    }
}

#[test]
fn every_derived_route_parses() {
    let grammar = language();
    for sentence in sentences(&grammar, "Route", 300) {
        let text = sentence.text();
        let parsed = route(&text);
        assert_eq!(parsed.errors, [], "{text}");
        assert!(parsed.tree.source.is_some() && parsed.tree.sink.is_some() && parsed.tree.trailing.is_none(), "{text}");
        let has_where = sentence.tokens().iter().any(|(rule, _)| *rule == "WHERE");
        assert_eq!(parsed.tree.condition.is_some(), has_where, "{text}");
    }
}

#[test]
fn near_misses_are_judged_as_the_grammar_judges_them() {
    let grammar = language();
    let judge = Judge::new(&grammar);
    let mut foreign = Deriver::new(&grammar, Policy::Random, 0, 3);
    let rules: Vec<&str> = grammar.rules.iter().filter(|rule| rule.is_token()).map(|rule| &*rule.name).collect();
    let mut random = Random::new(4);
    let mut outcomes = [[0; 2]; 2];
    for (is_route, start, count) in [(false, "Condition", 400), (true, "Route", 150)] {
        for sentence in sentences(&grammar, start, count) {
            let tokens: Vec<String> = sentence.tokens().iter().map(|(_, text)| (*text).to_owned()).collect();
            if tokens.len() > 60 {
                continue;
            }
            for _ in 0..4 {
                let mut tokens = tokens.clone();
                for _ in 0..=random.below(2) {
                    let rule = random.pick(&rules);
                    mutilate(&mut tokens, foreign.token(rule), &mut random);
                }
                let text = tokens.join(" ");
                let tokens = judge.tokens(&text);
                let (is_accepted, is_in_language) = if is_route {
                    (route(&text).errors.is_empty(), judge.accepts_route(&tokens))
                } else {
                    (condition(&text).errors.is_empty(), judge.accepts_condition(&tokens))
                };
                assert_eq!(is_accepted, is_in_language, "accepted by the parser, and by the grammar: {start} {text}");
                outcomes[usize::from(is_route)][usize::from(is_accepted)] += 1;
            }
        }
    }
    assert!(outcomes.iter().flatten().all(|&count| count > 50), "both outcomes are common: {outcomes:?}");
}

/// Deletes, doubles or swaps a token, or puts a foreign one in; or adds or drops a parenthesis, where most rules are.
fn mutilate(tokens: &mut Vec<String>, foreign: String, random: &mut Random) {
    let at = random.below(tokens.len().max(1));
    match random.below(6) {
        0 if !tokens.is_empty() => drop(tokens.remove(at)),
        1 if !tokens.is_empty() => tokens.insert(at, tokens[at].clone()),
        2 if at + 1 < tokens.len() => tokens.swap(at, at + 1),
        3 => tokens.insert(random.below(tokens.len() + 1), (*random.pick(&["(", ")", ")", ") )"])).to_owned()),
        4 => {
            let parentheses: Vec<usize> = (0..tokens.len()).filter(|&at| matches!(&*tokens[at], "(" | ")")).collect();
            if !parentheses.is_empty() {
                tokens.remove(*random.pick(&parentheses));
            }
        }
        _ => tokens.insert(random.below(tokens.len() + 1), foreign),
    }
}

/// All texts of up to eight tokens from a small set: the rule of surplus parentheses has many cases, and each is short.
#[test]
fn short_conditions_of_parentheses_are_judged_as_the_grammar_judges_them() {
    let grammar = language();
    let judge = Judge::new(&grammar);
    let mut judged = 0;
    for texts in [["(", ")", "a", "="], ["(", ")", "a", ","]] {
        let rules = texts.map(|text| munch::single(&grammar, text).expect("one token"));
        for length in 1..=7 {
            for number in 0..texts.len().pow(length) {
                let picks: Vec<usize> =
                    (0..length).map(|place| number / texts.len().pow(place) % texts.len()).collect();
                let text = picks.iter().map(|&pick| texts[pick]).collect::<Vec<_>>().join(" ");
                let tokens: Vec<&str> = picks.iter().map(|&pick| rules[pick]).collect();
                assert_eq!(condition(&text).errors.is_empty(), judge.accepts_condition(&tokens), "{text}");
                judged += 1;
            }
        }
    }
    assert_eq!(judged, 2 * (4_usize.pow(8) - 4) / 3);
}

#[test]
fn surplus_and_missing_parentheses_follow_the_prefix_rule() {
    let grammar = language();
    let judge = Judge::new(&grammar);
    for (text, is_good) in [
        ("a = b)", true),
        ("(a))", false),
        ("f(a))", false),
        ("((a)) = b)", false),
        ("(f(a)) and true)", false),
        ("f((a)), b)", false),
        ("((a)) b)", true),
        ("f((a)), b", true),
        ("(a) = b)", true),
        ("f(a", false),
        ("(a) (b", true),
        ("(a", false),
        ("(a)) = (b", false),
        ("(a) = (b", false),
        ("a (b))", false),
    ] {
        assert_eq!(judge.accepts_condition(&judge.tokens(text)), is_good, "by the grammar: {text}");
        assert_eq!(condition(text).errors.is_empty(), is_good, "by the parser: {text}");
    }
}

/// The structure of a derivation, with operators in prefix form and without levels and lists.
fn shape_of_derivation(derivation: &Derivation) -> String {
    let Derivation::Rule { name, parts } = derivation else {
        let Derivation::Token { text, .. } = derivation else { unreachable!() };
        return text.clone();
    };
    let shapes: Vec<String> = parts.iter().map(shape_of_derivation).collect();
    match (name.as_str(), shapes.as_slice()) {
        (
            "Coalesce" | "Disjunction" | "Conjunction" | "Equality" | "Comparison" | "Sum" | "Product",
            [first, rest @ ..],
        ) => rest.chunks(2).fold(first.clone(), |left, pair| format!("[{} {left} {}]", operator(&pair[0]), pair[1])),
        ("Prefix", [prefix, operand]) => format!("[{} {operand}]", operator(prefix)),
        ("Call", [name, _, arguments @ .., _]) => {
            let arguments: Vec<&str> = arguments.iter().step_by(2).map(String::as_str).collect();
            format!("[call {name} {}]", arguments.join(" "))
        }
        ("Parenthesized", [_, inner, _]) => format!("({inner})"),
        ("Property", [_, name, _]) => format!("{{{name}}}"),
        (_, [one]) => one.clone(),
        (rule, shapes) => panic!("{rule} has an unknown shape: {shapes:?}"),
    }
}

fn operator(text: &str) -> String {
    text.to_ascii_lowercase().replace("<>", "!=")
}

/// The same structure of a tree. It recurses, because the derivations are shallow.
fn shape_of_tree(tree: &Condition<'_>, id: ExprId) -> String {
    let shape = |id: ExprId| shape_of_tree(tree, id);
    match &tree.get(id).expect("an expression of this tree").kind {
        ExprKind::Missing => panic!("a missing operand in a tree without errors"),
        ExprKind::Literal(literal) => match literal {
            Literal::True => "true".into(),
            Literal::False => "false".into(),
            Literal::Null => "null".into(),
            Literal::Undefined => "undefined".into(),
            Literal::Integer(text) | Literal::Hex(text) | Literal::Real(text) | Literal::String(text) => (*text).into(),
        },
        ExprKind::Property(name) | ExprKind::SystemProperty(name) => (*name).into(),
        ExprKind::EscapedSystemProperty(name) => format!("{{{name}}}"),
        ExprKind::Call { name, arguments, .. } => {
            let arguments: Vec<String> = arguments.iter().map(|&argument| shape(argument)).collect();
            format!("[call {name} {}]", arguments.join(" "))
        }
        ExprKind::Unary { operator, operand, .. } => format!("[{} {}]", operator.as_str(), shape(*operand)),
        ExprKind::Binary { operator, left, right, .. } => {
            format!("[{} {} {}]", operator.as_str(), shape(*left), shape(*right))
        }
        ExprKind::Parenthesized(inner) => format!("({})", shape(*inner)),
    }
}
