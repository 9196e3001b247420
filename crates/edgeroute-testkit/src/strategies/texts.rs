//! Strategies for texts: conditions that are well typed by construction, conditions that only parse, routes, and
//! arbitrary texts.

use proptest::prelude::*;
use proptest::sample::select;

/// A condition with a verdict on some of the messages of [`crate::strategies::messages`]. Always well typed.
pub fn typed_condition() -> impl Strategy<Value = String> {
    bools(3)
}

/// A condition that parses, with parentheses, spaces and cases as people and machines write them.
pub fn condition() -> impl Strategy<Value = String> {
    let name = select(vec!["a", "level", "it's", "a-b", "É", "TRUE", "**", "$a", "{$a}", "$body.x[0].y", "$$", "-x"]);
    let literal = select(vec![
        "5",
        "-5",
        "0x1F",
        ".5",
        "1e-3",
        "e5",
        "true",
        "null",
        "undefined",
        "'a'",
        "\"b\"",
        r"'\u0041\''",
        "'/*'",
        "'*/'",
    ]);
    prop_oneof![name, literal].prop_map(str::to_owned).prop_recursive(6, 40, 3, |inner| {
        let operator = select(vec![
            "*", "/", "%", "+", "-", "||", "<", "<=", ">", ">=", "=", "!=", "<>", "and", "AND", "Or", "??",
        ]);
        let space = select(vec![" ", "  ", "\n", " /* c */ ", "\t"]);
        let prefix = select(vec!["not ", "NOT\n", "- ", "-/**/"]);
        let function = select(vec!["f", "Length", "is_null", "concat", "twin_change_includes"]);
        prop_oneof![
            4 => (inner.clone(), operator, space, inner.clone())
                .prop_map(|(left, operator, space, right)| format!("{left}{space}{operator}{space}{right}")),
            2 => inner.clone().prop_map(|inner| format!("({inner})")),
            1 => (prefix, inner.clone()).prop_map(|(prefix, inner)| format!("{prefix}({inner})")),
            1 => (prefix_of_primary(), inner.clone()).prop_map(|(prefix, inner)| format!("{prefix} {inner}")),
            1 => (function, prop::collection::vec(inner, 0..3))
                .prop_map(|(function, arguments)| format!("{function}({})", arguments.join(" ,"))),
        ]
    })
}

fn prefix_of_primary() -> impl Strategy<Value = &'static str> {
    select(vec!["not", "-", "- -", "not -"])
}

/// A route that parses.
pub fn route() -> impl Strategy<Value = String> {
    let select_clause = select(vec!["", "SELECT * ", "select/**/*\n"]);
    let source = select(vec![
        "/*",
        "/ *",
        "/messages/*",
        "/messages/modules",
        "/messages/ modules/m/outputs/*",
        "/*/*",
        "/ * / **",
        "/twinChangeNotifications",
    ]);
    let sink = select(vec![
        "$upstream",
        "$UPSTREAM",
        "BrokeredEndpoint(\"/modules/m/inputs/i\")",
        "brokeredendpoint ( '/modules/\"/inputs/i' )",
    ]);
    let trailing = select(vec!["", " and the rest", " '*/"]);
    let condition = prop::option::of(prop_oneof![condition(), typed_condition()]);
    (select_clause, source, condition, sink, trailing).prop_map(|(select, source, condition, sink, trailing)| {
        let condition = condition.map_or(String::new(), |condition| format!(" Where {condition}"));
        let rest = format!("{condition} into {sink}{trailing}");
        // If the rest could close it, `/*` would open a comment.
        let source = if rest.contains("*/") { source.replace("/*", "/ *") } else { source.to_owned() };
        format!("{select}From {source}{rest}")
    })
}

/// Arbitrary text, mostly built from the language's own pieces.
pub fn anything() -> impl Strategy<Value = String> {
    let piece = select(vec![
        "SELECT",
        "*",
        "FROM",
        "/",
        "/messages/*",
        "WHERE",
        "INTO",
        "$upstream",
        "BrokeredEndpoint(\"",
        "a",
        " ",
        "\n",
        "(",
        ")",
        ",",
        "and",
        "or",
        "not",
        "=",
        "!",
        "<",
        ">",
        "??",
        "?",
        "||",
        "-",
        "5",
        ".",
        "e5",
        "0x",
        "'",
        "\"",
        "\\",
        "u12",
        "$body.",
        "[",
        "]",
        "{",
        "}",
        "/*",
        "*/",
        "@",
        "é",
        "\u{1F600}",
        "\0",
        "\u{a0}",
        "is_null(",
        "true",
        "null",
    ]);
    prop_oneof![prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat()), any::<String>()]
}

/// A value of `leaf` or, if `depth` allows it, of `deeper`.
fn or_deeper(
    depth: u32,
    leaf: impl Strategy<Value = String> + 'static,
    deeper: impl FnOnce() -> BoxedStrategy<String>,
) -> BoxedStrategy<String> {
    if depth == 0 { leaf.boxed() } else { prop_oneof![1 => leaf, 2 => deeper()].boxed() }
}

fn words(words: &[&'static str]) -> impl Strategy<Value = String> + 'static {
    select(words.to_vec()).prop_map(str::to_owned)
}

/// `(left operator right)`
fn binary(
    left: BoxedStrategy<String>,
    operators: &[&'static str],
    right: BoxedStrategy<String>,
) -> impl Strategy<Value = String> + 'static {
    (left, select(operators.to_vec()), right).prop_map(|(left, operator, right)| format!("({left} {operator} {right})"))
}

/// `function(first, second)`, or `function(first)` if there is no second argument.
fn call(
    functions: &[&'static str],
    first: BoxedStrategy<String>,
    second: Option<BoxedStrategy<String>>,
) -> BoxedStrategy<String> {
    let function = select(functions.to_vec());
    match second {
        None => (function, first).prop_map(|(function, first)| format!("{function}({first})")).boxed(),
        Some(second) => (function, first, second)
            .prop_map(|(function, first, second)| format!("{function}({first}, {second})"))
            .boxed(),
    }
}

const COMPARISONS: [&str; 7] = ["=", "!=", "<>", "<", "<=", ">", ">="];

fn texts(depth: u32) -> BoxedStrategy<String> {
    let leaf = words(&[
        "a",
        "b",
        "n",
        "e",
        "nul",
        "none",
        "$sys",
        "{$sys}",
        "$contentType",
        "'5'",
        "'b'",
        "''",
        r"'\uD800'",
        "\"é\"",
    ]);
    or_deeper(depth, leaf, || {
        let inner = || texts(depth - 1);
        prop_oneof![
            binary(inner(), &["||", "??"], inner()),
            call(&["lower", "upper"], inner(), None),
            call(&["concat"], inner(), Some(inner())),
            call(&["substring"], inner(), Some(numbers(depth - 1))),
            binary(values(depth - 1), &["||"], inner()),
        ]
        .boxed()
    })
}

fn numbers(depth: u32) -> BoxedStrategy<String> {
    let leaf = words(&["0", "1", "5", "-3", "2.5", "-0", "1e400", "0x1F", "as_number(n)", "length(a)"]);
    or_deeper(depth, leaf, || {
        let inner = || numbers(depth - 1);
        prop_oneof![
            binary(inner(), &["+", "-", "*", "/", "%", "??"], inner()),
            call(&["abs", "exp", "square", "ceiling", "floor", "sign", "sqrt"], inner(), None),
            call(&["power"], inner(), Some(inner())),
            call(&["as_number", "length"], texts(depth - 1), None),
            call(&["index_of"], texts(depth - 1), Some(texts(depth - 1))),
            inner().prop_map(|inner| format!("(- {inner})")),
        ]
        .boxed()
    })
}

fn bools(depth: u32) -> BoxedStrategy<String> {
    let leaf = words(&["true", "false", "a = 'b'", "is_defined(none)", "as_number(n) > 4"])
        .prop_map(|text| format!("({text})"));
    or_deeper(depth, leaf, || {
        let inner = || bools(depth - 1);
        let undefined = || words(&["undefined"]).boxed();
        prop_oneof![
            3 => binary(inner(), &["and", "or"], inner()),
            2 => binary(texts(depth - 1), &COMPARISONS, texts(depth - 1)),
            2 => binary(numbers(depth - 1), &COMPARISONS, numbers(depth - 1)),
            1 => binary(inner(), &COMPARISONS, inner()),
            2 => binary(values(depth - 1), &COMPARISONS, anything_defined(depth - 1)),
            1 => binary(anything_defined(depth - 1), &COMPARISONS, values(depth - 1)),
            1 => binary(values(depth - 1), &["and", "or"], anything_defined(depth - 1)),
            1 => binary(undefined(), &["and", "or", "??", "="], undefined()).prop_map(|u| format!("is_defined({u})")),
            1 => binary(undefined(), &["and", "or"], inner()),
            1 => binary(inner(), &["or"], words(&["null"]).boxed()),
            1 => inner().prop_map(|inner| format!("(not {inner})")),
            1 => values(depth - 1).prop_map(|value| format!("(not {value})")),
            1 => call(&["starts_with", "ends_with", "contains"], texts(depth - 1), Some(texts(depth - 1))),
            2 => call(
                &["is_bool", "is_defined", "is_null", "is_number", "is_string"],
                prop_oneof![inner(), texts(depth - 1), numbers(depth - 1), values(depth - 1)].boxed(),
                None,
            ),
        ]
        .boxed()
    })
}

fn values(depth: u32) -> BoxedStrategy<String> {
    let leaf = words(&[
        "$body.t",
        "$body.f",
        "$body.n",
        "$body.z",
        "$body.s",
        "$body.u",
        "$body.o",
        "$body.o.x",
        "$body.arr[1]",
        "$body.none",
        "{$body.n}",
        "$body.fl",
    ]);
    or_deeper(depth, leaf, || {
        let inner = || values(depth - 1);
        prop_oneof![
            binary(inner(), &["+", "-", "*", "/", "??"], inner()),
            binary(inner(), &["+", "-", "*", "/"], numbers(depth - 1)),
            binary(inner(), &["??"], anything_defined(depth - 1)),
            binary(anything_defined(depth - 1), &["??"], inner()),
        ]
        .boxed()
    })
}

/// Anything that a value can be compared with: S, N, B or V.
fn anything_defined(depth: u32) -> BoxedStrategy<String> {
    prop_oneof![texts(depth), numbers(depth), bools(depth), values(depth)].boxed()
}
