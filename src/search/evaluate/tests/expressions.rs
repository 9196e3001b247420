//! Compares every part of random conditions on random messages with the interpreter.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use edgeroute_lang::hir::{CheckOptions, TwinFunctions, check, fold};
use edgeroute_lang::limits::Limits;
use edgeroute_lang::message::{Message, Origin};
use edgeroute_lang::syntax::parse_condition;

type Pairs = Vec<(&'static str, Option<&'static str>)>;

/// The encoding of a body.
#[derive(Copy, Clone, Debug)]
enum Sent {
    Utf8,
    Utf16,
}

/// Generates a string from `leaf`, or from `deeper` if `depth` is not 0.
fn or_deeper(
    depth: u32,
    leaf: &[&'static str],
    deeper: impl FnOnce() -> BoxedStrategy<String>,
) -> BoxedStrategy<String> {
    let leaf = select(leaf.to_vec()).prop_map(str::to_owned);
    if depth == 0 { leaf.boxed() } else { prop_oneof![1 => leaf, 3 => deeper()].boxed() }
}

/// Generates one of the forms, in which each `{}` is replaced by the next operand.
fn form(forms: &[&'static str], operands: Vec<BoxedStrategy<String>>) -> BoxedStrategy<String> {
    (select(forms.to_vec()), operands)
        .prop_map(|(form, operands)| {
            operands.iter().fold(form.to_owned(), |form, operand| form.replacen("{}", operand, 1))
        })
        .boxed()
}

fn texts(depth: u32) -> BoxedStrategy<String> {
    let leaf = [
        "a",
        "b",
        "c",
        "d",
        "$sys",
        "''",
        "'a'",
        "'AB'",
        "'ß'",
        "'É'",
        "'5'",
        "'Infinity'",
        r"'\ud801\udc28'",
        r"'\ud801'",
        r"'\udc28'",
        r"'\udc00'",
        r"'\ue000'",
        "' (5) '",
    ];
    or_deeper(depth, &leaf, || {
        let text = || texts(depth - 1);
        let count = || form(&["{}", "0", "1", "2"], vec![numbers(depth - 1)]);
        prop_oneof![
            3 => form(&["lower({})", "upper({})"], vec![prop_oneof![3 => text(), 1 => values(depth - 1)].boxed()]),
            3 => form(&["({} || {})", "concat({}, {})", "({} ?? {})"], vec![text(), text()]),
            1 => form(&["concat({}, {}, {})"], vec![text(), values(depth - 1), text()]),
            2 => form(&["substring({}, {})"], vec![text(), count()]),
            2 => form(&["substring({}, {}, {})"], vec![text(), count(), count()]),
        ]
        .boxed()
    })
}

fn numbers(depth: u32) -> BoxedStrategy<String> {
    let leaf = ["0", "1", "2", "-3", "0.5", "-0", "1e400", "(1e400 - 1e400)", "as_number(a)", "length(b)"];
    or_deeper(depth, &leaf, || {
        let (number, text) = (|| numbers(depth - 1), || texts(depth - 1));
        prop_oneof![
            2 => form(&["length({})", "as_number({})"], vec![text()]),
            2 => form(&["index_of({}, {})"], vec![text(), text()]),
            1 => form(&["length({})", "as_number({})", "abs({})"], vec![values(depth - 1)]),
            2 => form(
                &["({} + {})", "({} - {})", "({} * {})", "({} / {})", "({} % {})", "({} ?? {})", "power({}, {})"],
                vec![number(), number()],
            ),
            1 => form(
                &["(- {})", "floor({})", "ceiling({})", "sign({})", "sqrt({})", "square({})", "exp({})", "as_number({})"],
                vec![number()],
            ),
        ]
        .boxed()
    })
}

fn values(depth: u32) -> BoxedStrategy<String> {
    let leaf =
        ["$body.s", "$body.n", "$body.t", "$body.u", "$body.none", "$body.o", "$body.w", "{$body.s}", "$body.l[1]"];
    or_deeper(depth, &leaf, || {
        let value = || values(depth - 1);
        prop_oneof![
            form(&["({} + {})", "({} - {})", "({} * {})", "({} / {})"], vec![value(), numbers(depth - 1)]),
            form(&["({} + {})", "({} - {})", "({} / {})", "({} ?? {})"], vec![value(), value()]),
            form(&["({} ?? {})"], vec![value(), anything(depth - 1)]),
            form(&["({} ?? {})"], vec![anything(depth - 1), value()]),
        ]
        .boxed()
    })
}

const COMPARISONS: [&str; 6] = ["({} = {})", "({} != {})", "({} < {})", "({} <= {})", "({} > {})", "({} >= {})"];

fn bools(depth: u32) -> BoxedStrategy<String> {
    let leaf = ["true", "false", "(a = b)", "is_defined(c)", "(null = null)", "twin_change_includes(tags.s)"];
    or_deeper(depth, &leaf, || {
        let (bool, text, number, value) =
            (|| bools(depth - 1), || texts(depth - 1), || numbers(depth - 1), || values(depth - 1));
        prop_oneof![
            4 => form(&COMPARISONS, vec![text(), text()]),
            3 => form(&["contains({}, {})", "starts_with({}, {})", "ends_with({}, {})"], vec![text(), text()]),
            1 => form(&["contains({}, {})", "starts_with({}, {})", "ends_with({}, {})"], vec![value(), text()]),
            2 => form(&COMPARISONS, vec![number(), number()]),
            1 => form(&COMPARISONS, vec![bool(), bool()]),
            2 => form(&COMPARISONS, vec![value(), anything(depth - 1)]),
            1 => form(&COMPARISONS, vec![anything(depth - 1), value()]),
            1 => form(&["({} = null)", "({} > null)", "(not {})"], vec![value()]),
            2 => form(&["({} and {})", "({} or {})", "({} ?? {})"], vec![bool(), bool()]),
            1 => form(&["(undefined and {})", "(undefined or {})", "(not {})"], vec![bool()]),
            2 => form(&["({} and {})", "({} or {})"], vec![value(), anything(depth - 1)]),
            2 => form(
                &["is_bool({})", "is_defined({})", "is_null({})", "is_number({})", "is_string({})"],
                vec![anything(depth - 1)],
            ),
        ]
        .boxed()
    })
}

/// Generates an expression of any type.
fn anything(depth: u32) -> BoxedStrategy<String> {
    prop_oneof![texts(depth), numbers(depth), bools(depth), values(depth)].boxed()
}

fn properties() -> impl Strategy<Value = Pairs> {
    let value = select(vec![
        "",
        "a",
        "A",
        "ab",
        "aßa",
        "AB",
        "éÉ",
        "\u{10428}",
        "\u{10400}a",
        "5",
        " (5) ",
        "-infinity",
        "\u{E000}",
    ]);
    let value = || prop_oneof![6 => value.clone().prop_map(Some), 1 => Just(None)];
    let names = ["a", "b", "c", "d", "sys", "$SYS", "$body.s", "$body.n"];
    prop::collection::vec(prop::option::weighted(0.7, value()), names.len()).prop_map(move |values| {
        names.into_iter().zip(values).filter_map(|(name, value)| Some((name, value?))).collect()
    })
}

fn body() -> impl Strategy<Value = String> {
    let value = || {
        select(vec![
            "true",
            "false",
            "null",
            "5",
            "1",
            "-0.5",
            "1e400",
            r#""a""#,
            r#""AB""#,
            r#""5""#,
            r#""\u0041b""#,
            r#""\ud801\udc28""#,
            r#""""#,
            r#"{"s": 1}"#,
            r#"[1, "a"]"#,
        ])
    };
    (value(), value(), value(), value()).prop_map(|(s, n, t, w)| {
        format!(r#"{{"s": {s}, "n": {n}, "t": {t}, "u": null, "w": {w}, "o": {{}}, "l": [2, {s}], "tags": {w}}}"#)
    })
}

fn is_checked(text: &str, messages: &[(Pairs, String, Sent)]) {
    let parsed = parse_condition(text, &Limits::default());
    assert_eq!(parsed.errors, [], "{text}");
    let options = CheckOptions { twin_functions: TwinFunctions::Known, ..CheckOptions::default() };
    let condition = check(&parsed.tree, &options).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    for condition in [&condition, &fold(&condition)] {
        let mut expressions = Expressions::of(condition, condition.nodes().map(|(id, _)| id));
        for (properties, body, sent) in messages {
            let (encoding, body) = match sent {
                Sent::Utf8 => ("utf-8", body.clone().into_bytes()),
                Sent::Utf16 => ("utf-16", body.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            };
            let content = [("contentType", "application/json"), ("contentEncoding", encoding), ("sys", "ab")];
            let message = Message::new(Origin::twin_change("device")).properties(properties);
            let message = message.system_properties(&content).body(&body);
            let facts = ResolvedMessage::lenient(&message, &Limits::default());
            expressions.check(text, condition, &facts, &body);
        }
    }
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn expressions_evaluate_to_the_values_of_the_interpreter(
        text in bools(5),
        messages in prop::collection::vec((properties(), body(), select(vec![Sent::Utf8, Sent::Utf16])), 3),
    ) {
        is_checked(&text, &messages);
    }
}

#[test]
fn corner_cases_evaluate_to_the_values_of_the_interpreter() {
    let full: Pairs = vec![("a", Some("\u{10428}5")), ("b", None), ("c", Some("")), ("$body.shadowed", None)];
    let body = r#"{"s": "aB", "n": 1e400, "t": true, "u": null, "tags": {"s": null}}"#;
    let messages = [(full, body.to_owned(), Sent::Utf16), (Vec::new(), "no JSON".to_owned(), Sent::Utf8)];
    for text in [
        "null",
        "undefined",
        "null and true",
        "a",
        "'a'",
        "$body.t",
        "5 ?? as_number(a)",
        "(b ?? a) = c",
        "(b ?? $body.s) < ''",
        "$body.shadowed = (b ?? $body.shadowed)",
        "concat(b, b) = c",
        "a || missing = c",
        "lower(b) = c",
        r"upper(substring(a, 1, 1) || c) = '\udc28'",
        r"upper(substring(a, 0, 1) || substring(a, 1)) = '\ud801\udc005'",
        "index_of(upper($body.s), 'B') = 1",
        "contains(a, substring(a, 1, 2))",
        "$body.n - $body.n = $body.n - $body.n",
        "is_null($body.none ?? true)",
        "$body.t and $body.s",
        "twin_change_includes(tags.s) = true",
        "twin_change_includes(tags.x)",
        "($body.t ?? 'a') > $body.u",
        "lower(lower(lower(upper(upper(a)) ?? c))) = 'x'",
        "lower(lower(lower($body.tags ?? upper(upper(a))))) = 'x'",
        "lower(lower(c || lower(c || lower(c || lower(a))))) = 'x'",
    ] {
        is_checked(text, &messages);
    }
}
