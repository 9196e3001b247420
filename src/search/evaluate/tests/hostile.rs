//! Large messages and deep conditions. Linear algorithms finish soon; others would take hours. Evaluation must not recurse
//! or grow its memory, which is checked for every condition.

use super::*;
use edgeroute_lang::hir::{CheckOptions, check};
use edgeroute_lang::limits::Limits;
use edgeroute_lang::message::{Message, Origin};
use edgeroute_lang::steps::counted;
use edgeroute_lang::syntax::parse_condition;

const LARGE: usize = 256 << 10;

fn is_checked(text: &str, properties: &[(&str, &str)]) {
    let limits = Limits::default();
    let parsed = parse_condition(text, &limits);
    assert_eq!(parsed.errors, []);
    let condition = check(&parsed.tree, &CheckOptions::default()).unwrap();
    let mut expressions = Expressions::of(&condition, [condition.root()].into_iter());
    let facts = ResolvedMessage::lenient(&Message::new(Origin::device("device")).properties(properties), &limits);
    expressions.check("a long condition", &condition, &facts, &[]);
}

#[test]
fn every_operation_on_large_strings_is_linear() {
    let whole = format!("{}b", "a".repeat(LARGE));
    let (part, other) = (format!("{}b", "a".repeat(LARGE / 2)), format!("{}c", "a".repeat(LARGE / 2)));
    let (zeros, open) = (format!("{}5", " ".repeat(LARGE)), "(".repeat(LARGE));
    let pairs = "\u{10428}".repeat(LARGE / 4);
    let properties = [
        ("whole", whole.as_str()),
        ("part", &part),
        ("other", &other),
        ("zeros", &zeros),
        ("open", &open),
        ("pairs", &pairs),
    ];
    for text in [
        "contains(whole, part)",
        "contains(lower(whole), part)",
        "contains(whole, lower(other))",
        "index_of(lower(whole), lower(part)) = index_of(whole, part)",
        "index_of(whole || other, part || other) > 5",
        "starts_with(upper(whole), upper(other))",
        "ends_with(whole, part)",
        "ends_with(lower(whole), upper(part))",
        "lower(whole) = upper(whole)",
        "lower(whole) > lower(other)",
        "length(upper(whole || part) || lower(other)) > 1000",
        "substring(upper(pairs), 1, 99999) = upper(substring(pairs, 1, 99999))",
        "as_number(zeros || '') = 5",
        "as_number(lower(open)) = 5",
    ] {
        is_checked(text, &properties);
    }
}

#[test]
fn a_part_that_nearly_matches_everywhere_is_found_in_linear_time() {
    let whole = "ab".repeat(LARGE / 2);
    let part = format!("{}c", "ab".repeat(LARGE / 4));
    let properties = [("whole", whole.as_str()), ("part", &part)];
    for text in ["contains(upper(whole), upper(part))", "contains(whole || 'c', part || '')"] {
        is_checked(text, &properties);
    }
}

#[test]
fn deep_conditions_do_not_recurse_and_cost_no_more_than_their_depth() {
    let nested = |function: &str, rest: &str, inner: &str| {
        let depth = 990;
        format!("{}{inner}{}", format!("{function}(").repeat(depth), format!("{rest})").repeat(depth))
    };
    let (text, short) = ("aB\u{10428}".repeat(500), "aB\u{10428}".repeat(5));
    let properties = [("text", text.as_str()), ("short", &short)];
    for text in [
        format!("{} = text", nested("lower", "", "text")),
        format!("length({}) = 1", nested("substring", ", 1", "text")),
        format!("contains({}, {})", nested("upper", "", "text"), nested("upper", "", "'B\u{10400}'")),
        format!("length({}) > 1", nested("lower", " || short", "short")),
        format!("length({}) > 1", nested("substring", " || 'x', 2", "short")),
    ] {
        is_checked(&text, &properties);
    }
    let joined = vec!["short"; 20_000].join(" || ");
    is_checked(&format!("ends_with({joined}, lower(short) || 'x')"), &properties);
    let sum = vec!["length(short)"; 20_000].join(" + ");
    is_checked(&format!("{sum} = 400000"), &properties);
}

/// Plain strings are not read character by character.
#[test]
fn plain_strings_are_read_in_chunks() {
    let limits = Limits::default();
    let (text, other) = ("5".repeat(32_000), format!("{}x", "5".repeat(32_000)));
    let properties = [("a", text.as_str()), ("b", other.as_str())];
    let facts = ResolvedMessage::lenient(&Message::new(Origin::device("device")).properties(&properties), &limits);
    for text in
        ["a < b", "contains(b, a)", "starts_with(b, a)", "ends_with(b, a)", "as_number(a) > 5", "length(a) = length(b)"]
    {
        let parsed = parse_condition(text, &limits);
        let condition = check(&parsed.tree, &CheckOptions::default()).unwrap();
        let mut expressions = Expressions::of(&condition, [condition.root()].into_iter());
        let (steps, ()) = counted(|| expressions.check(text, &condition, &facts, &[]));
        assert!((1_000..2_100).contains(&steps), "{text}: {steps}");
    }
}
