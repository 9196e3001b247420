//! Tests of reading: which bodies are valid, and the values in them.

use super::*;

fn refusal(body: &str) -> String {
    match Document::read(body.as_bytes(), Encoding::Utf8, DEPTH) {
        Ok(document) => panic!("{body}: {document:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_last_of_duplicate_members_counts() {
    let document = read(r#"{"x": 1, "y": {"k": 1}, "x": {"k": 2}, "X": 3, "\u0078": {"k": 4}}"#);
    check(&document, "x.k", Found::Number(4.0));
    check(&document, "X", Found::Number(3.0));
    let document = read(r#"{"a": [[{"k": 1, "k": 2, "k": 3}]]}"#);
    check(&document, "a[0][0].*", Found::Number(3.0));
    check(&document, "a[0][0]..k", Found::Number(3.0));
}

#[test]
fn numbers_are_the_nearest_doubles() {
    let table = [
        ("0", 0.0),
        ("-0", 0.0),
        ("-0.0", -0.0),
        ("-0e1", -0.0),
        ("1e400", f64::INFINITY),
        ("-1E+400", f64::NEG_INFINITY),
        ("1e-400", 0.0),
        ("12345678901234567890", 12_345_678_901_234_567_000.0),
        ("9007199254740993", 9_007_199_254_740_992.0),
        ("0.1e-1", 0.01),
        ("1e+0002", 100.0),
    ];
    for (text, expected) in table {
        let document = read(&format!(r#"{{"n":{text}}}"#));
        let Found::Number(number) = document.select(&BodyPath::parse("n").expect("a path")) else {
            panic!("{text}: {document:?}");
        };
        assert_eq!(number.to_bits(), expected.to_bits(), "{text}");
    }
    let long = format!(r#"{{"n":0.{}1e100001}}"#, "0".repeat(100_000));
    check(&read(&long), "n", Found::Number(1.0));
}

#[test]
fn escapes_of_lone_surrogates_are_replaced() {
    let table = [
        (r#"\"\\\/\b\f\n\r\t\u0041"#, "\"\\/\u{8}\u{C}\n\r\tA"),
        (r"\ud835\uDCB3y", "𝒳y"),
        (r"\ud835y", "\u{FFFD}y"),
        (r"\ud835", "\u{FFFD}"),
        (r"\udcb3y", "\u{FFFD}y"),
        (r"\ud835\n", "\u{FFFD}\n"),
        (r"\ud835\u0041", "\u{FFFD}A"),
        (r"\ud835\ud835\udcb3", "\u{FFFD}𝒳"),
        (r"\ud835\ud835\ud835", "\u{FFFD}\u{FFFD}\u{FFFD}"),
        (r"\udcb3\ud835", "\u{FFFD}\u{FFFD}"),
        (r"\u0000", "\0"),
    ];
    for (text, expected) in table {
        check(&read(&format!(r#"{{"s":"{text}"}}"#)), "s", Found::Text(expected));
    }
}

#[test]
fn other_encodings_and_ill_formed_text_are_read() {
    let text = r#"{"é": "𝒳"}"#;
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf32: Vec<u8> = text.chars().flat_map(|character| u32::from(character).to_le_bytes()).collect();
    for (body, encoding) in [(text.as_bytes(), Encoding::Utf8), (&utf16, Encoding::Utf16), (&utf32, Encoding::Utf32)] {
        let document = Document::read(body, encoding, DEPTH).expect("a document");
        check(&document, "é", Found::Text("𝒳"));
        assert!(Document::read(&[body, b"\0"].concat(), encoding, DEPTH).is_err(), "{encoding:?}");
    }
    let document = Document::read(b"{\"s\": \"\xFFa\xE2\x82\"}", Encoding::Utf8, DEPTH).expect("a document");
    check(&document, "s", Found::Text("\u{FFFD}a\u{FFFD}"));
    let lone = b"{\0\"\0s\0\"\0:\0\"\0\x35\xD8\"\0}\0";
    let document = Document::read(lone, Encoding::Utf16, DEPTH).expect("a document");
    check(&document, "s", Found::Text("\u{FFFD}"));
}

#[test]
fn containers_nest_up_to_the_limit() {
    let nested = |depth: usize| format!(r#"{{"a":{}1{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1));
    check(&read(&nested(64)), "a", Found::Array);
    assert_eq!(refusal(&nested(65)), "cannot read the body at byte 68: nested deeper than the limit of 64");
    assert!(Document::read(b"{}", Encoding::Utf8, 0).is_err());
    assert!(Document::read(b"{}", Encoding::Utf8, 1).is_ok());
}

#[test]
fn only_the_limit_bounds_the_depth() {
    let depth = 300_000;
    let body = format!("{}{}{}{}{}", r#"{"x":["#, r#"{"a":"#.repeat(depth - 2), "1", "}".repeat(depth - 2), "]}");
    let document = Document::read(body.as_bytes(), Encoding::Utf8, depth).expect("a document");
    check(&document, "x[0].a.a", Found::Object);
    check(&document, "x[0]['a']..a", Found::Several);
    check(&document, "x[0]['a']..b", Found::Missing);
    drop(document);
    let half = body.as_bytes().get(..body.len() / 2).expect("half a body");
    assert!(Document::read(half, Encoding::Utf8, depth).is_err());
}

#[test]
fn many_members_are_read_in_reasonable_time() {
    let members: Vec<String> = (0..100_000).rev().map(|n| format!(r#""{}": {n}"#, n % 50_000)).collect();
    let document = read(&format!(r#"{{"o": [[{{{}, "last": true}}]]}}"#, members.join(",")));
    check(&document, "o[0][0].last", Found::Bool(true));
    check(&document, "o[0][0]['49999']", Found::Number(49_999.0));
    check(&document, "o[0][0]..*..*..*..*", Found::Several);
}

#[test]
fn an_invalid_body_is_refused_at_the_right_offset() {
    let table = [
        ("", 0, "expected `{` at the start of an object, found the end"),
        (" []", 1, "expected `{` at the start of an object, found `[`"),
        ("null", 0, "expected `{` at the start of an object, found `n`"),
        ("\u{FEFF}{}", 0, "expected `{` at the start of an object, found `<U+FEFF>`"),
        ("{} {}", 3, "expected the end of the body, found `{`"),
        ("{}\0", 2, "expected the end of the body, found `␀`"),
        ("{", 1, "expected a name in quotes, found the end"),
        ("{'a': 1}", 1, "expected a name in quotes, found `'`"),
        ("{a: 1}", 1, "expected a name in quotes, found `a`"),
        ("{\"a\" 1}", 5, "expected `:`, found `1`"),
        ("{\"a\": }", 6, "expected a value, found `}`"),
        ("{\"a\": 1,}", 8, "expected a name in quotes, found `}`"),
        ("{\"a\": 1]", 7, "expected `,` or `}`, found `]`"),
        ("{\"a\": 1 \"b\": 2}", 8, "expected `,` or `}`, found `\"`"),
        ("{\"a\": [1,]}", 9, "expected a value, found `]`"),
        ("{\"a\": [,1]}", 7, "expected a value, found `,`"),
        ("{\"a\": [1}", 8, "expected `,` or `]`, found `}`"),
        ("{\"a\": nul}", 9, "expected null, found `}`"),
        ("{\"a\": True}", 6, "expected a value, found `T`"),
        ("{\"a\": NaN}", 6, "expected a value, found `N`"),
        ("{\"a\": 01}", 7, "expected `,` or `}`, found `1`"),
        ("{\"a\": +1}", 6, "expected a value, found `+`"),
        ("{\"a\": -}", 7, "expected a digit, found `}`"),
        ("{\"a\": .5}", 6, "expected a value, found `.`"),
        ("{\"a\": 5.}", 8, "expected a digit, found `}`"),
        ("{\"a\": 1e}", 8, "expected a digit, found `}`"),
        ("{\"a\": 0x1}", 7, "expected `,` or `}`, found `x`"),
        ("{\"a\": \"\n\"}", 7, "expected a character of a string or its closing quote, found `␊`"),
        ("{\"a\": \"\\q\"}", 8, "expected an escape, found `q`"),
        ("{\"a\": \"\\u00g0\"}", 11, "expected a hex digit, found `g`"),
        ("{\"a\": \"\\ud835\\u\"}", 15, "expected a hex digit, found `\"`"),
        ("{\"é\": \"x", 9, "expected a character of a string or its closing quote, found the end"),
        ("{\"a\": 1, /* c */ \"b\": 2}", 9, "expected a name in quotes, found `/`"),
        ("{\u{A0}}", 1, "expected a name in quotes, found `\u{a0}`"),
    ];
    for (body, offset, reason) in table {
        assert_eq!(refusal(body), format!("cannot read the body at byte {offset}: {reason}"), "{body}");
    }
    let utf16: Vec<u8> = "{a}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(Document::read(&utf16, Encoding::Utf16, DEPTH).map_err(|error| error.offset()), Err(2));
}

/// Converts a node to a value of `serde_json`.
fn value_of(document: &Document, id: NodeId) -> Value {
    match document.found(id) {
        Found::Bool(bool) => bool.into(),
        Found::Number(number) => number.into(),
        Found::Text(text) => text.into(),
        Found::Array => document.elements(id).iter().map(|&element| value_of(document, element)).collect(),
        Found::Object => {
            let members = document.members(id).iter();
            members.map(|member| (document.text(&member.name).to_owned(), value_of(document, member.value))).collect()
        }
        _ => Value::Null,
    }
}

proptest! {
    #[test]
    fn written_documents_are_read_back(value in any_value()) {
        let body = serde_json::to_string_pretty(&serde_json::json!({ "root": value })).expect("text");
        for (encoding, body) in [
            (Encoding::Utf8, body.clone().into_bytes()),
            (Encoding::Utf16, body.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            (Encoding::Utf32, body.chars().flat_map(|character| u32::from(character).to_le_bytes()).collect()),
        ] {
            let document = Document::read(&body, encoding, DEPTH).expect("a document");
            prop_assert_eq!(&value_of(&document, document.root())["root"], &value);
        }
    }

    /// Half of these bodies are valid JSON. `serde_json` checks skipped values only by the grammar: surrogates may
    /// be lone, and numbers may have any size.
    #[test]
    fn serde_json_agrees_on_what_is_json(
        value in any_value(),
        at in any::<prop::sample::Index>(),
        mutation in prop::sample::select(vec!["", "", "", "\"", "\\", "u", "{", "}", "[", "]", ",", ":", "0", "-", ".", "e", " ", "\n", "t"]),
        removed in 0_usize..2,
    ) {
        let mut body: Vec<char> =
            serde_json::json!({ "root": value, "n": -1.5e3, "s": "\\ud835" }).to_string().replace("\\\\u", "\\u").chars().collect();
        let at = at.index(body.len());
        if !mutation.is_empty() {
            body.splice(at..at + removed, mutation.chars());
        }
        let body: String = body.into_iter().collect();
        let expected = serde_json::from_str::<serde::de::IgnoredAny>(&body).is_ok() && body.trim_start().starts_with('{');
        prop_assert_eq!(Document::read(body.as_bytes(), Encoding::Utf8, DEPTH).is_ok(), expected, "{}", body);
    }

    #[test]
    fn arbitrary_bytes_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..64)) {
        for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
            if let Err(error) = Document::read(&body, encoding, DEPTH) {
                prop_assert!(error.offset() <= body.len());
            }
        }
    }
}
