//! Random bodies and paths, compared with [`Document`] and with `serde_json`.

use proptest::prelude::*;

use super::*;

/// The source of a value, perhaps with duplicate members.
#[derive(Clone, Debug)]
enum Written {
    Token(String),
    Array(Vec<Written>),
    Object(Vec<(String, Written)>),
}

impl Written {
    fn write(&self, space: &str, text: &mut String) {
        let separate = |text: &mut String, index| {
            text.push_str(space);
            if index > 0 {
                text.push(',');
            }
        };
        match self {
            Self::Token(token) => text.push_str(token),
            Self::Array(elements) => {
                text.push('[');
                for (index, element) in elements.iter().enumerate() {
                    separate(text, index);
                    element.write(space, text);
                }
                text.push_str(space);
                text.push(']');
            }
            Self::Object(members) => {
                text.push('{');
                for (index, (name, value)) in members.iter().enumerate() {
                    separate(text, index);
                    text.push_str(name);
                    text.push_str(space);
                    text.push(':');
                    text.push_str(space);
                    value.write(space, text);
                }
                text.push_str(space);
                text.push('}');
            }
        }
    }

    fn to_text(&self, space: &str) -> String {
        let mut text = String::new();
        self.write(space, &mut text);
        text
    }
}

fn any_string() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "a",
        "b",
        "k",
        " ",
        "é",
        "\u{1D4B3}",
        "\u{FFFD}",
        "\u{FFFF}",
        "\\n",
        "\\\"",
        "\\\\",
        "\\/",
        "\\u0061",
        "\\u00E9",
        "\\ud835",
        "\\udcb3",
        "\\u0000",
        "plain text of 23 bytes!",
        "2020-01-01T00:00:00",
        "/Date(5)/",
    ]);
    proptest::collection::vec(part, 0..4).prop_map(|parts| format!("\"{}\"", parts.concat()))
}

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => prop::sample::select(vec!["\"a\"", "\"b\"", "\"k\"", "\"\\u0061\"", "\"other\"", "\"a-name-of-17-byte\""]).prop_map(str::to_owned),
        1 => any_string(),
    ]
}

fn any_written() -> impl Strategy<Value = Written> {
    let token = prop_oneof![
        prop::sample::select(vec!["null", "true", "false", "0", "-0", "1", "12.5e3", "-1e400", "{}", "[]"])
            .prop_map(str::to_owned),
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
        any_string(),
    ];
    token.prop_map(Written::Token).prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Written::Array),
            proptest::collection::vec((any_name(), inner), 0..7).prop_map(Written::Object),
        ]
    })
}

/// Generates bodies whose root has, among others, the members that the [paths](any_paths) beginning with `x[0][0]`
/// lead into.
fn any_body() -> impl Strategy<Value = String> {
    let root = (proptest::collection::vec((any_name(), any_written()), 0..5), proptest::option::of(any_written()));
    (root, prop::sample::select(vec!["", "", " ", "\n  ", "\t\r\n "])).prop_map(|((mut members, below), space)| {
        let below = below.map(|below| ("\"x\"".to_owned(), Written::Array(vec![Written::Array(vec![below])])));
        members.extend(below);
        Written::Object(members).to_text(space)
    })
}

fn any_paths() -> impl Strategy<Value = Vec<BodyPath>> {
    let checked =
        prop::sample::select(vec!["a", "b", "k", "*", "other", "$", "x", "a-name-of-17-byte", "a[0]", "k[1]", "b[2]"]);
    let checked = proptest::collection::vec(checked, 1..5).prop_map(|names| names.join("."));
    let free = prop::sample::select(vec![
        ".a",
        ".b",
        ".k",
        "..a",
        "..b",
        ".*",
        "..*",
        "[0]",
        "[1]",
        "[*]",
        "['a']",
        "['\u{FFFD}']",
        "['é']",
        "..['b']",
        "[-1]",
        "]",
    ]);
    let free = proptest::collection::vec(free, 0..5).prop_map(|steps| format!("x[0][0]{}", steps.concat()));
    proptest::collection::vec(prop_oneof![checked, free], 0..8).prop_map(|texts| parse(&texts))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn document_finds_the_same(body in any_body(), paths in any_paths(), window in 1_usize..6) {
        let mut checker = Checker::new(paths, DEPTH, window);
        for encoding in ENCODINGS {
            prop_assert!(checker.check(&encode(&body, encoding), encoding));
        }
    }

    #[test]
    fn document_refuses_the_same_bodies_with_changed_characters(
        body in any_body(),
        paths in any_paths(),
        at in any::<prop::sample::Index>(),
        mutation in prop::sample::select(vec!["", "\"", "\\", "u", "{", "}", "[", "]", ",", ":", "0", "-", ".", "e", " ", "\n", "t", "\u{80}", "\0"]),
        removed in 0_usize..3,
    ) {
        let mut characters: Vec<char> = body.chars().collect();
        let at = at.index(characters.len());
        characters.splice(at..characters.len().min(at + removed), mutation.chars());
        let body: String = characters.into_iter().collect();
        let mut checker = Checker::new(paths, DEPTH, 3);
        for encoding in ENCODINGS {
            let is_valid = checker.check(&encode(&body, encoding), encoding);
            prop_assert_eq!(is_valid, is_object_for_serde_json(&body), "{}", body);
        }
    }

    #[test]
    fn document_finds_the_same_in_bodies_with_changed_bytes(
        body in any_body(),
        paths in any_paths(),
        encoding in prop::sample::select(ENCODINGS.to_vec()),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in proptest::option::of(any::<prop::sample::Index>()),
        depth in 1_usize..8,
    ) {
        let mut body = encode(&body, encoding);
        for (at, byte) in changes {
            let at = at.index(body.len());
            body[at] = byte;
        }
        if let Some(cut) = cut {
            body.truncate(cut.index(body.len()));
        }
        Checker::new(paths, depth, 2).check(&body, encoding);
    }

    /// What a scan expects of a body it knows from bodies before, here ones that are nearly the same.
    #[test]
    fn earlier_bodies_do_not_matter(
        body in any_body(),
        paths in any_paths(),
        changes in proptest::collection::vec(
            (any::<prop::sample::Index>(), any::<u8>(), prop::sample::select(ENCODINGS.to_vec())),
            1..8,
        ),
    ) {
        let mut checker = Checker::new(paths, DEPTH, 2);
        for (at, byte, encoding) in changes {
            let mut encoded = encode(&body, encoding);
            checker.check(&encoded, encoding);
            let at = at.index(encoded.len());
            encoded[at] = byte;
            checker.check(&encoded, encoding);
            // As if it were in another encoding.
            for other in ENCODINGS {
                checker.check(&encoded, other);
            }
        }
    }

    #[test]
    fn arbitrary_bytes_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..64), paths in any_paths()) {
        for encoding in ENCODINGS {
            Checker::new(paths.clone(), DEPTH, 1).check(&body, encoding);
        }
    }

    /// `serde_json` reads numbers as it likes and dates as texts; everything else is the same.
    #[test]
    fn serde_json_finds_the_same(body in any_body()) {
        let names = ["a", "b", "k", "other"];
        let mut checker = Checker::new(parse(&names), DEPTH, 1);
        // It refuses lone surrogates, and numbers too large for a double.
        if let Ok(value) = serde_json::from_str::<serde_json::Value>(&body) {
            let found = checker.scan(body.as_bytes(), Encoding::Utf8).expect("valid");
            for (name, scalar) in names.iter().zip(found) {
                let is_same = match (scalar, value.get(*name)) {
                    (Scalar::Missing, None) | (Scalar::Null, Some(serde_json::Value::Null)) => true,
                    (Scalar::Bool(scalar), Some(value)) => value.as_bool() == Some(scalar),
                    (Scalar::Number(scalar), Some(value)) => value.as_f64().is_some_and(|value| value == scalar || (value / scalar - 1.0).abs() < 1e-15),
                    (Scalar::Text(scalar), Some(value)) => value.as_str().is_some_and(|value| scalar == *value),
                    (Scalar::Undefined, Some(value)) => value.as_str().map_or(value.is_object() || value.is_array(), edgeroute_lang::text::is_date),
                    _ => false,
                };
                prop_assert!(is_same, "{} {:?} {}", name, scalar, body);
            }
        }
    }
}
