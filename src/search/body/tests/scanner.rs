//! Which bodies are valid, and what their values are.

use super::*;

#[test]
fn ill_formed_names_are_replaced() {
    let mut checker = Checker::new(parse(&["a\u{FFFD}b", "c"]), DEPTH, 2);
    for body in [
        &b"{\"a\xFFb\":1}"[..],
        b"{\"a\xE2\x82b\":1}",
        b"{\"a\xE2\x82\x82\x82b\":1,\"c\":\"\xFF\"}",
        b"{\"a\\uD800b\":1}",
    ] {
        assert!(checker.check(body, Encoding::Utf8));
        let mut found = checker.scan(body, Encoding::Utf8).expect("valid");
        assert!(body.len() > 14 || matches!(found.remove(0), Scalar::Number(1.0)));
    }
}

#[test]
fn a_plan_without_paths_still_validates_the_body() {
    let mut checker = Checker::new(Vec::new(), DEPTH, 1);
    assert!(checker.check(br#"{"a": [{"b": "x"}]}"#, Encoding::Utf8));
    assert!(!checker.check(br#"{"a": [{"b": "x"]}"#, Encoding::Utf8));
}

#[test]
fn numbers_are_the_nearest_doubles() {
    let numbers = [
        "0",
        "-0",
        "-0.0",
        "-0e1",
        "0e5",
        "-0E-5",
        "1",
        "-1",
        "10",
        "1e400",
        "-1E+400",
        "1e-400",
        "-1e-400",
        "12345678901234567890",
        "9007199254740993",
        "9007199254740992",
        "-9007199254740991",
        "0.1e-1",
        "1e+0002",
        "123456789012345",
        "1234567890123456",
        "123456.789",
        "0.1",
        "0.30000000000000004",
        "-273.15",
        "1e22",
        "1e23",
        "2.2250738585072011e-308",
        "1.7976931348623159e308",
        "00",
        "01",
        "-",
        "1.",
        ".5",
        "1e",
        "1e+",
        "+1",
        "0x1",
        "1_0",
        "--1",
        "1.e5",
        "- 1",
        "9999999999999999999999999999999999999999999999999999999999999999999999",
        "0.000000000000000000000000000000000000000000000000000000000000000000001e69",
    ];
    let mut checker = Checker::new(parse(&["n", "x", "n[0]"]), DEPTH, 1);
    for number in numbers {
        for body in [
            format!(r#"{{"n":{number}}}"#),
            format!(r#"{{"n" :[ {number} ], "x":{number} }}"#),
            format!(r#"{{"n":{number}"#),
        ] {
            for encoding in ENCODINGS {
                checker.check(&encode(&body, encoding), encoding);
            }
        }
    }
}

/// Tests strings, numbers and words of every length, valid and invalid, before endings of different lengths.
#[test]
fn values_of_every_length_end_in_the_right_place() {
    let mut values = Vec::new();
    for length in 0..=40 {
        values.push(format!("\"{}\"", "x".repeat(length)));
        for at in 0..length {
            for inserted in ["\\\"", "\\\\", "é", "\u{1F}", "\""] {
                values.push(format!("\"{}{inserted}{}\"", "x".repeat(at), "x".repeat(length - at - 1)));
            }
        }
    }
    let digits = "123456789012345678901";
    let integers = (0..=18).flat_map(|length| [digits[..length].to_owned(), format!("0{}", &digits[..length])]);
    for integer in integers {
        for fraction in ["", ".", ".0", ".25", ".123456", ".1234567", ".12345678", ".123456789012345678"] {
            for exponent in ["", "e", "E", "e5", "E-5", "e+", "."] {
                values.push(format!("{integer}{fraction}{exponent}"));
                values.push(format!("-{integer}{fraction}{exponent}"));
            }
        }
    }
    for word in ["true", "false", "null"] {
        values.push(word.to_owned());
        for at in 0..word.len() {
            values.push(format!("{}x{}", &word[..at], &word[at + 1..]));
            values.push(format!("{}{}", &word[..at], &word[at + 1..]));
            values.push(format!("{}x{}", &word[..=at], &word[at + 1..]));
        }
    }
    let mut checker = Checker::new(parse(&["a", "b"]), DEPTH, 1);
    for value in values {
        for ending in ["}", ",\"b\":\"text\"}        ", " ,\"b\":2}", "                }"] {
            let body = format!("{{\"a\":{value}{ending}");
            let is_valid = checker.check(body.as_bytes(), Encoding::Utf8);
            // `serde_json` does not accept numbers that are out of range.
            assert_eq!(is_valid, is_object_for_serde_json(&body), "{body}");
        }
    }
}

#[test]
fn dates_have_no_value_in_any_spelling() {
    let date = "2020-01-01T00:00:00.1234567+99:99";
    let escaped =
        date.chars().fold(String::new(), |escaped, character| escaped + &format!("\\u{:04x}", u32::from(character)));
    let texts = [
        date,
        &escaped,
        r"\/Date(-1234567890123456789+0100)\/",
        "/Date(5)/",
        "2020-01-01",
        "2020-01-01T00:00:00.12345678",
        "/",
    ];
    let mut checker = Checker::new(parse(&["d"]), DEPTH, 1);
    for text in texts {
        for encoding in ENCODINGS {
            assert!(checker.check(&encode(&format!("{{\"d\":\"{text}\"}}"), encoding), encoding));
            assert!(checker.check(&encode(&format!("{{\"d\":\"{text}5\"}}"), encoding), encoding));
        }
    }
}

#[test]
fn an_invalid_body_is_refused_at_the_right_offset() {
    let bodies = [
        "",
        " []",
        "null",
        "\u{FEFF}{}",
        "{} {}",
        "{}\0",
        "{}\u{A0}",
        "{",
        "{'a': 1}",
        "{a: 1}",
        "{\"a\" 1}",
        "{\"a\": }",
        "{\"a\": 1,}",
        "{\"a\": 1]",
        "{\"a\": 1 \"b\": 2}",
        "{\"a\": [1,]}",
        "{\"a\": [,1]}",
        "{\"a\": [1}",
        "{\"a\": nul}",
        "{\"a\": True}",
        "{\"a\": truE}",
        "{\"a\": falsey}",
        "{\"a\": NaN}",
        "{\"a\": 1, /* c */ \"b\": 2}",
        "{\u{A0}}",
        "{,}",
        "{\"a\":1,,}",
        "}",
        "{}}",
        "{\"a\":[}",
        "{\"a\":{]}",
        "{\"a\":[]]",
        "{\"a\":t",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\u{7F}\"}",
        "{\"a\": \"\\q\"}",
        "{\"a\": \"\\u00g0\"}",
        "{\"a\": \"\\ud835\\u\"}",
        "{\"é\": \"x",
        "{\"a\\",
        "{\"a\":\"\\",
        "{\"a\":\"\\u12",
        "{\"a\":\"b\\\"}",
        "{\"a\":\"b\\\\\"}",
        "{\"a\":\0}",
        "{\"a\":\"\0\"}",
        "{\u{B}}",
        "{\"a\":-}",
        "{\"aaaaaaaaaaaaaaaaaaaaaaaa\u{1F}\":1}",
    ];
    let mut checker = Checker::new(parse(&["a", "*", "b"]), DEPTH, 1);
    for body in bodies {
        for encoding in ENCODINGS {
            let bytes = encode(body, encoding);
            checker.check(&bytes, encoding);
            checker.check(&[&bytes[..], b"\0"].concat(), encoding);
            for end in 0..bytes.len() {
                checker.check(&bytes[..end], encoding);
            }
        }
    }
    for byte in 0..=u8::MAX {
        for body in
            [b"{?\"a\":1}", b"{\"?\":1} ", b"{\"a\":?1}", b"{\"a\":1}?", b"{\"a?:1} ", b"{\"a\":1?}", b"{\"a\": \"?"]
        {
            let body: Vec<u8> = body.iter().map(|&at| if at == b'?' { byte } else { at }).collect();
            checker.check(&body, Encoding::Utf8);
        }
    }
}

#[test]
fn containers_nest_up_to_the_limit() {
    for depth in [1, 2, 63, 64, 65, 66, 127, 128, 129, 130, 192, 193, 200] {
        let mut checker = Checker::new(parse(&["a", "a[0][0][0]", "b", "a[0][0]..*", "a[0][0]..b"]), depth, 1);
        for levels in depth.saturating_sub(2)..depth + 2 {
            for (opening, closing) in [("[", "]"), ("{\"b\":", "}"), ("[{\"b\":", "}]"), ("[[{\"b\":[", "]}]]")] {
                let times = levels / closing.len();
                let inner = format!("{}1{}", opening.repeat(times), closing.repeat(times));
                let body = format!(r#"{{"x":{inner},"a":{inner},"b":2}}"#);
                for encoding in ENCODINGS {
                    checker.check(&encode(&body, encoding), encoding);
                }
                checker.check(body.replacen(closing, "", 1).as_bytes(), Encoding::Utf8);
                checker.check(body.replace("]}", "}]").as_bytes(), Encoding::Utf8);
            }
        }
    }
    assert!(!Checker::new(Vec::new(), 0, 1).check(b"{}", Encoding::Utf8));
}

/// Some hundred KiB each; these take seconds where anything is quadratic.
#[test]
fn hostile_bodies_are_read_in_reasonable_time() {
    const SIZE: usize = 256 << 10;
    let texts = ["a", "a.a.a", "b[0]", "zz", "*.k", "a.*", "x[0][0]..k", "x[0][0]..*.k", "x[0][*]"];
    let deep = parse(&["a.".repeat(10_000) + "a"]);
    let repeat = |text: &str| text.repeat(SIZE / text.len());
    let numbered =
        |count: usize, member: &dyn Fn(usize) -> String| (0..count).map(member).collect::<Vec<_>>().join(",");
    let bodies = [
        format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000)),
        format!("{{\"x\":{}{}}}", "[".repeat(9_999), "]".repeat(9_999)),
        format!("{{\"x\":[[{}{}]]}}", "{\"k\":".repeat(9_997), "1".to_owned() + &"}".repeat(9_997)),
        "{\"a\":".repeat(10_001),
        format!("{{{}\"a\":2}}", repeat("\"a\":1,")),
        format!("{{{}\"a\":{{}}}}", repeat("\"a\":{\"a\":{\"a\":1}},")),
        format!("{{{}}}", numbered(20_000, &|n| format!("\"{n}\":{{\"k\":1}}"))),
        format!("{{{0},{0}}}", numbered(10_000, &|n| format!("\"{n}\":{{\"k\":1}}"))),
        format!(
            "{{{},{}}}",
            numbered(10_000, &|n| format!("\"{n}\":{{\"k\":1}}")),
            numbered(9_999, &|n| format!("\"{n}\":{{\"l\":1}}"))
        ),
        format!("{{\"x\":[[{{{}}},1]]}}", numbered(20_000, &|n| format!("\"{n}\":[{{\"k\":1}}]"))),
        format!("{{\"x\":[[{}1]]}}", repeat("1,")),
        format!("{{\"a\":\"{}\"}}", repeat("x")),
        format!("{{\"a\":\"{}\"}}", repeat("\\n")),
        format!("{{\"a\":\"{}\"}}", repeat("\\ud835")),
        format!("{{\"{}\":1,\"a\":2}}", repeat("\\u0061")),
        format!("{{\"a\":{}}}", "1".repeat(100_000)),
        format!("{{\"a\":0.{}1e100001,\"b\":[1e{}]}}", "0".repeat(100_000), "9".repeat(100_000)),
        format!("{{\"a\":{}}}", repeat(" ")),
        format!("{{\"a\":[{}]}}", repeat("{},") + "{}"),
        repeat("{"),
        repeat("\""),
        repeat("\\"),
    ];
    let mut checker = Checker::new(parse(&texts), 10_000, LOOK_AHEAD);
    let mut deep = Checker::new(deep, 10_000, 1);
    for body in &bodies {
        checker.check(body.as_bytes(), Encoding::Utf8);
        deep.check(body.as_bytes(), Encoding::Utf8);
    }
}
