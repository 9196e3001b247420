//! The scanner against [`Document`] and `serde_json`, and against bodies that mean harm.

#[cfg(feature = "count-steps")]
pub(super) mod work;

use std::fmt::Write;

use proptest::prelude::*;
use serde::de::IgnoredAny;

use super::*;
use edgeroute_lang::body::{Document, Found};

const DEPTH: usize = 64;
const ENCODINGS: [Encoding; 3] = [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32];

fn encode(text: &str, encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Utf8 => text.as_bytes().to_vec(),
        Encoding::Utf16 => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Encoding::Utf32 => text.chars().flat_map(|character| u32::from(character).to_le_bytes()).collect(),
    }
}

fn paths(texts: &[impl AsRef<str>]) -> Vec<BodyPath> {
    let parse = |text: &str| BodyPath::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    texts.iter().map(|text| parse(text.as_ref())).collect()
}

fn same(scalar: Scalar<'_>, found: Found<'_>) -> bool {
    match (scalar, found) {
        (Scalar::Unreadable, Found::Impossible)
        | (Scalar::Missing, Found::Missing)
        | (Scalar::Null, Found::Null)
        | (Scalar::Undefined, Found::Date | Found::Array | Found::Object | Found::Several) => true,
        (Scalar::Bool(scalar), Found::Bool(found)) => scalar == found,
        (Scalar::Number(scalar), Found::Number(found)) => scalar.to_bits() == found.to_bits(),
        (Scalar::Text(scalar), Found::Text(found)) => {
            scalar == *found && scalar.to_utf8_in(&mut vec![0; found.len()]) == Some(found)
        }
        _ => false,
    }
}

/// A plan with its memory, used again and again.
struct Checker {
    paths: Vec<BodyPath>,
    plan: BodyPlan,
    scratch: BodyScratch,
    depth: usize,
}

impl Checker {
    fn new(paths: Vec<BodyPath>, depth: usize, window: usize) -> Self {
        let plan = BodyPlan::new(&paths);
        let scratch = BodyScratch::with_window(&plan, depth, window);
        Self { paths, plan, scratch, depth }
    }

    fn scan<'m>(&mut self, body: &'m [u8], encoding: Encoding) -> Result<Vec<Scalar<'m>>, InvalidBody> {
        // What was there before must not matter.
        let mut found = vec![Scalar::text("before"); self.paths.len()];
        let result = self.plan.scan(body, encoding, self.depth, &mut self.scratch, &mut found);
        assert!(result.is_ok() || found.iter().all(|scalar| matches!(scalar, Scalar::Unreadable)));
        result.map(|()| found)
    }

    /// Compares with what [`Document`] reads. Whether the body is valid.
    #[track_caller]
    fn check(&mut self, body: &[u8], encoding: Encoding) -> bool {
        let document = Document::read(body, encoding, self.depth);
        match (self.scan(body, encoding), document) {
            (Ok(found), Ok(document)) => {
                for (path, scalar) in self.paths.iter().zip(found) {
                    let expected = document.select(path);
                    let body = String::from_utf8_lossy(body);
                    assert!(same(scalar, expected), "{path} is {scalar:?}, not {expected:?}, in {body}");
                }
                true
            }
            (Err(error), Err(expected)) => {
                assert_eq!(error.offset, expected.offset(), "{expected} in {:?}", String::from_utf8_lossy(body));
                false
            }
            (found, document) => panic!("{found:?} is not {document:?} in {:?}", String::from_utf8_lossy(body)),
        }
    }
}

#[track_caller]
fn check(texts: &[&str], body: &str) {
    for encoding in ENCODINGS {
        assert!(Checker::new(paths(texts), DEPTH, 2).check(&encode(body, encoding), encoding), "{body}");
    }
}

#[test]
fn members_and_elements_are_found_by_path() {
    let body = r#" {"t": true, "f": false, "u": null, "n": -2.5, "s": "str", "o": {"x": {"y": 1}}, "a": [1, [2, 3], {"k": 4}],
        "5x": 5, "e": {}, "l": [], "$": {"a": 6}, "$x": 7, "": 8, "D": "2020-01-01T00:00:00Z", "name-of-15-byte": 9,
        "name-of-16-bytes": 10, "\u0065\u0073c": 11, "\ud835\udcb3é": "\ud835\udcb3\u0000é"} "#;
    check(
        &[
            "t",
            "f",
            "u",
            "n",
            "s",
            "o",
            "o.x.y",
            "$.o.x.y",
            "a",
            "a[0]",
            "a[1][1]",
            "a[2].k",
            "5x",
            "D",
            "$x",
            "$.$.a",
            "$",
            "\u{A0}",
            "T",
            "none.x",
            "s.x",
            "a.k",
            "a[3]",
            "o[0]",
            "$[0]",
            "a]",
            "none[2147483648]",
            "a[01]",
            "l[0]",
            "e.x",
            "esc",
            "𝒳é",
            "$[0]['name-of-15-byte']",
            "a[0]['k']",
        ],
        body,
    );
}

#[test]
fn names_are_told_apart_by_all_of_their_bytes() {
    let names: Vec<String> = (0..40)
        .map(|n| format!("{}{}", "name-of-8".repeat(n % 3), n))
        .chain(
            ["a", "a\0", "aaaaaaaa", "aaaaaaaaa", "aaaaaaab", "é", "\u{FFFD}", "\u{FFFD}\u{FFFD}"].map(str::to_owned),
        )
        .collect();
    for count in [1, 2, 5, 8, 9, names.len()] {
        for skipped in 0..=names.len() - count {
            let texts: Vec<String> = names[skipped..skipped + count].iter().map(|name| format!("x.{name}x")).collect();
            let mut checker = Checker::new(paths(&texts), DEPTH, 2);
            let mut body = String::from("{\"x\":{\"\":0");
            for (n, name) in names.iter().enumerate() {
                let name = serde_json::to_string(&format!("{name}x")).expect("a name");
                write!(body, ",{name}:{n}").expect("text");
            }
            body.push_str("}}");
            for encoding in ENCODINGS {
                assert!(checker.check(&encode(&body, encoding), encoding));
            }
        }
    }
}

#[test]
fn names_are_found_at_the_end_of_a_body() {
    for length in 0..=24 {
        let name = &"abcdefghijklmnopqrstuvwxyz"[..length];
        check(&["x", "$[0]['']", "abcdefg", &format!("x{name}")], &format!("{{\"x{name}\":1}}"));
    }
}

#[test]
fn members_are_found_behind_containers_that_no_path_leads_into() {
    check(
        &["b", "c[1]", "x.b", "y.b"],
        r#"{"x": [[{"b": 1}], {}, {"b": {"b": 2}}], "b": 3, "z": {"b": [], "y": {"b": 4}}, "c": [{"b": 5}, 6], "y": {"b": 7}}"#,
    );
}

#[test]
fn ill_formed_names_are_replaced() {
    let mut checker = Checker::new(paths(&["a\u{FFFD}b", "c"]), DEPTH, 2);
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

/// A name means something else in another container, and other bytes in another encoding.
#[test]
fn names_that_are_expected_lead_where_they_stand() {
    let mut checker = Checker::new(paths(&["a.x", "b.x", "b.y.x", "x", "b.name-of-24-bytes-or-more"]), DEPTH, 2);
    let bodies = [
        r#"{"a":{"x":1,"y":{"x":2}},"b":{"x":3,"y":{"x":4}},"x":5}"#,
        r#"{"b":{"x":1,"y":{"x":2}},"a":{"x":3,"y":{"x":4}},"x":5}"#,
        r#"{"a":[{"x":1,"y":{"x":2}}],"b":{"y":{"x":4},"x":3},"c":{"x":6},"x":5}"#,
        r#"{"b" : {"name-of-24-bytes-or-more":1,"name-of-24-bytes-or-mori":2} , "x":3,"x":4}"#,
        r#"{"\u0061":{"x":1},"b":{"x":"é"},"x":"""#,
        r#"{"a":{"x"1}}"#,
        "{}",
    ];
    for _ in 0..3 {
        for body in bodies.iter().chain(bodies.iter().rev()) {
            for encoding in ENCODINGS {
                checker.check(&encode(body, encoding), encoding);
                checker.check(&encode(body, encoding), Encoding::Utf16);
            }
        }
    }
}

/// A name that leads nowhere in one object may lead somewhere in the next, whatever the objects are called.
#[test]
fn names_of_an_object_that_no_path_leads_into_are_not_expected_elsewhere() {
    let mut checker = Checker::new(paths(&["a"]), DEPTH, 1);
    for number in 0..4_000 {
        assert!(checker.check(format!(r#"{{"{number}":{{"a":1}}}}"#).as_bytes(), Encoding::Utf8));
        assert!(checker.check(br#"{"a":2}"#, Encoding::Utf8));
    }
}

#[test]
fn last_of_duplicate_members_counts() {
    let texts = ["a", "a.b", "a.b.c", "a.d", "a.e[1]", "a.e[0]", "x.b", "*.b", "a.*", "*.*", "$[0]['a']..b", "$", "*"];
    for body in [
        r#"{"a": {"b": {"c": 1}, "d": 2, "e": [3, 4]}, "a": {}}"#,
        r#"{"a": {"b": {"c": 1}, "d": 2}, "a": 5}"#,
        r#"{"a": {"b": {"c": 1}, "b": 7, "d": 2, "e": [3, 4], "e": [5]}}"#,
        r#"{"a": {"b": {"c": 1}, "b": 7, "b": {"c": 2}}, "x": {"b": 1}, "x": {"b": 2}}"#,
        r#"{"a": {"b": {"c": 1}}, "\u0061": {"d": 7}}"#,
        r#"{"a": {"b": 1, "b": 2}, "a": {"d": 3}, "a": {"b": 4, "b": {"c": {}}}}"#,
        r#"{"x": 1, "y": {"b": 2}, "z": {"b": 3}, "z": 4, "x": {"b": {"b": 5}}, "y": {}, "x": 6}"#,
        r#"{"x": {"b": 1}, "b": {"b": 2}, "a": 3}"#,
    ] {
        check(&texts, body);
    }
}

#[test]
fn members_that_a_body_before_had_twice_count() {
    let mut checker = Checker::new(paths(&["*", "*.b"]), DEPTH, 4);
    for body in [r#"{"a": 1, "a": {"b": 2}}"#, r#"{"a": {"b": 3}}"#, r#"{"b": {"b": 1, "b": 4}}"#] {
        for encoding in ENCODINGS {
            assert!(checker.check(&encode(body, encoding), encoding));
        }
    }
}

#[test]
fn stars_and_descendants_count_what_they_reach() {
    let body = r#"{"e": {}, "one": {"k": 5}, "two": {"k": 5, "l": null}, "a": [[1]], "m": [[1, 2]], "o": [{"x": 1}],
        "d": [[{"x": {"k": 1}}, {"k": {"k": 2}}, 3, []]]}"#;
    check(
        &[
            "*",
            "e.*",
            "one.*",
            "two.*",
            "*.l",
            "*.k",
            "a.*",
            "a[0][*]",
            "m[0][*]",
            "one[0][*]",
            "d[0][0]..k",
            "d[0][0]..x",
            "d[0][1]..k",
            "d[0][1]..k.k",
            "d[0][1]..k..k",
            "d[0][0]..*..k",
            "d[0][0]..none",
            "d[0][2]..*",
            "d[0][2]..k",
            "d[0][3]..*",
            "d[0][9]..*",
            "d[0]['x']..k",
            "a[0][-1]",
            "o[0][-1]",
            "none[0][-1]",
            "*[0][-1]",
            "*[0][-1].k",
            "d[0][*]..*..*.k",
            "$[0]['d']..k",
        ],
        body,
    );
}

#[test]
fn places_that_several_paths_go_through_are_told_apart() {
    check(&["x[0][0]..k", "x[0][1]..k", "x[0][0].*"], r#"{"x": [[{"k": 1}, {"k": 2}, {"k": 3}]]}"#);
    check(&["x[0][0].*..k", "x[0][0].m.*"], r#"{"x": [[{"p": {}, "m": {"k": 1}}]]}"#);
    check(
        &["x[0][0].*..k", "x[0][0].m..k", "x[0][0]..k"],
        r#"{"x": [[{"p": [], "q": {"k": 2}, "m": {"l": {"k": 1}}}]]}"#,
    );
}

#[test]
fn descendants_of_descendants_are_found_as_deep_as_the_limit() {
    let levels = DEPTH - 3;
    let body = format!("{{\"x\":[[{}{{\"k\":1}}{}]]}}", "{\"a\":".repeat(levels - 1), "}".repeat(levels - 1));
    for path in ["x[0][0]..a..k", "x[0][0]..a..a..k", "x[0][0]..*..k", "x[0][0]..k", "x[0][0]..a.k"] {
        check(&[path], &body);
    }
}

#[test]
fn many_paths_share_their_steps() {
    let texts: Vec<String> =
        (0..3_000).flat_map(|n| [format!("group{}.value{n}", n % 7), format!("*.value{n}.x[{}]", n % 5)]).collect();
    let mut checker = Checker::new(paths(&texts), DEPTH, 64);
    let members = |group: usize| {
        let members = (0..3_000).step_by(7).map(|n| format!("\"value{}\":{n}", n + group));
        members.collect::<Vec<_>>().join(",")
    };
    let groups: Vec<String> = (0..7).map(|group| format!("\"group{group}\":{{{}}}", members(group))).collect();
    let body = format!("{{{},\"other\":{{\"value5\":{{\"x\":[1,2,3,4,5]}}}}}}", groups.join(","));
    assert!(checker.check(body.as_bytes(), Encoding::Utf8));
    let found = checker.scan(body.as_bytes(), Encoding::Utf8).expect("valid");
    assert!(found.iter().filter(|scalar| matches!(scalar, Scalar::Number(_))).count() == 3_001);
}

#[test]
fn paths_that_lead_to_one_place_all_get_its_value() {
    check(&["a.b", "$.a.b", "a.b", "a.*", "$.a.*", "c[1]", "c[01]", "$"], r#"{"a": {"b": "x"}, "c": [0, 1]}"#);
}

#[test]
fn memory_for_names_that_are_expected_is_there_only_where_a_path_is() {
    let bytes = |texts: &[&str]| BodyScratch::new(&BodyPlan::new(&paths(texts)), DEPTH).heap_bytes();
    assert!(bytes(&[]) < 100);
    assert!(bytes(&["a"]) > 10_000);
}

#[test]
fn no_path_at_all_is_a_check() {
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
    let mut checker = Checker::new(paths(&["n", "x", "n[0]"]), DEPTH, 1);
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

/// Strings, numbers and words of every length, whole and broken, with much or little behind them.
#[test]
fn values_end_where_they_end() {
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
    let mut checker = Checker::new(paths(&["a", "b"]), DEPTH, 1);
    for value in values {
        for behind in ["}", ",\"b\":\"text\"}        ", " ,\"b\":2}", "                }"] {
            let body = format!("{{\"a\":{value}{behind}");
            let is_valid = checker.check(body.as_bytes(), Encoding::Utf8);
            // Numbers out of range are none for it.
            assert_eq!(is_valid, is_object_for_serde_json(&body), "{body}");
        }
    }
}

#[test]
fn dates_have_no_value_however_they_are_written() {
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
    let mut checker = Checker::new(paths(&["d"]), DEPTH, 1);
    for text in texts {
        for encoding in ENCODINGS {
            assert!(checker.check(&encode(&format!("{{\"d\":\"{text}\"}}"), encoding), encoding));
            assert!(checker.check(&encode(&format!("{{\"d\":\"{text}5\"}}"), encoding), encoding));
        }
    }
}

#[test]
fn what_is_not_a_json_object_is_refused_at_its_byte() {
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
    let mut checker = Checker::new(paths(&["a", "*", "b"]), DEPTH, 1);
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
fn containers_nest_as_deep_as_the_limit() {
    for depth in [1, 2, 63, 64, 65, 66, 127, 128, 129, 130, 192, 193, 200] {
        let mut checker = Checker::new(paths(&["a", "a[0][0][0]", "b", "a[0][0]..*", "a[0][0]..b"]), depth, 1);
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
    let deep = paths(&["a.".repeat(10_000) + "a"]);
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
    let mut checker = Checker::new(paths(&texts), 10_000, LOOK_AHEAD);
    let mut deep = Checker::new(deep, 10_000, 1);
    for body in &bodies {
        checker.check(body.as_bytes(), Encoding::Utf8);
        deep.check(body.as_bytes(), Encoding::Utf8);
    }
}

/// A value with duplicate members, in the form of a text.
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

/// Bodies whose root has, among others, what the [paths](any_paths) that begin with `x[0][0]` go into.
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
    proptest::collection::vec(prop_oneof![checked, free], 0..8).prop_map(|texts| paths(&texts))
}

fn is_object_for_serde_json(body: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(body).is_ok() && body.trim_start().starts_with('{')
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
    fn document_refuses_the_same_where_characters_are_changed(
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
    fn document_finds_the_same_where_bytes_are_changed(
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
    fn bodies_before_do_not_matter(
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
        let mut checker = Checker::new(paths(&names), DEPTH, 1);
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
