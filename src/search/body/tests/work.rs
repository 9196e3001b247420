//! Counts the steps of scans, also of hostile bodies. A step reads from one code unit to 32 bytes of the body.

use super::super::*;
use super::{ENCODINGS, encode, parse};
use edgeroute_lang::steps::counted;

/// The steps of a scan that do not depend on the body.
const FLOOR: u64 = 200;

/// A kind of body of any size, and the maximum number of steps for 100 of its code units.
struct Shape {
    name: &'static str,
    slope: u64,
    write: fn(usize) -> String,
}

/// Repeats a string up to a size.
fn repeat(text: &str, size: usize) -> String {
    text.repeat(size / text.len())
}

fn numbered(size: usize, member: impl Fn(usize) -> String) -> String {
    let mut text = String::from("{");
    for number in 0.. {
        text += &member(number);
        if text.len() >= size {
            break;
        }
        text.push(',');
    }
    text + "}"
}

const SHAPES: [Shape; 24] = [
    Shape {
        name: "objects within each other",
        slope: 150,
        write: |n| format!("{}1{}", repeat("{\"a\":", n), repeat("}", n / 5)),
    },
    Shape {
        name: "arrays within each other",
        slope: 260,
        write: |n| format!("{{\"x\":{}{}}}", repeat("[", n / 2), repeat("]", n / 2)),
    },
    Shape { name: "objects that are never closed", slope: 150, write: |n| repeat("{\"a\":", n) },
    Shape { name: "empty objects", slope: 175, write: |n| format!("{{\"x\":[{}0]}}", repeat("{},", n)) },
    Shape { name: "elements", slope: 360, write: |n| format!("{{\"b\":[{}0]}}", repeat("1,", n)) },
    Shape { name: "members", slope: 260, write: |n| numbered(n, |number| format!("\"{number}\":1")) },
    Shape {
        name: "members with long names",
        slope: 75,
        write: |n| numbered(n, |number| format!("\"{number:040}\":1")),
    },
    Shape { name: "members of one name", slope: 155, write: |n| format!("{{{}\"a\":1}}", repeat("\"a\":1,", n)) },
    Shape { name: "members of no name", slope: 165, write: |n| format!("{{{}\"a\":1}}", repeat("\"\":1,", n)) },
    Shape {
        name: "members that nothing follows twice",
        slope: 260,
        write: |n| numbered(n, |number| format!("\"{}\":1", number % 997)),
    },
    Shape { name: "an integer", slope: 55, write: |n| format!("{{\"a\":{}}}", repeat("9", n)) },
    Shape { name: "a fraction", slope: 55, write: |n| format!("{{\"a\":0.{}1}}", repeat("0", n)) },
    Shape { name: "an exponent", slope: 55, write: |n| format!("{{\"a\":1e{}}}", repeat("9", n)) },
    Shape { name: "numbers", slope: 115, write: |n| format!("{{\"x\":[{}0]}}", repeat("-12.345678901e-12,", n)) },
    Shape { name: "a string", slope: 15, write: |n| format!("{{\"a\":\"{}\"}}", repeat("x", n)) },
    Shape { name: "a string that is no ASCII", slope: 16, write: |n| format!("{{\"a\":\"{}\"}}", repeat("é", n)) },
    Shape {
        name: "characters like quotes",
        slope: 20,
        write: |n| format!("{{\"a\":\"{}\"}}", repeat("\u{2222}\u{5C5C}\u{2200}", n)),
    },
    Shape { name: "escapes", slope: 255, write: |n| format!("{{\"a\":\"{}\"}}", repeat("\\n", n)) },
    Shape {
        name: "escapes between characters",
        slope: 205,
        write: |n| format!("{{\"a\":\"{}\"}}", repeat("x\\\"", n)),
    },
    Shape {
        name: "escaped halves of characters",
        slope: 220,
        write: |n| format!("{{\"a\":\"{}\"}}", repeat("\\ud835", n)),
    },
    Shape { name: "an escaped name", slope: 220, write: |n| format!("{{\"{}\":1}}", repeat("\\u0061", n)) },
    Shape { name: "escaped names", slope: 270, write: |n| numbered(n, |number| format!("\"\\u0061{number}\":1")) },
    Shape { name: "white space", slope: 105, write: |n| format!("{{\"a\":{}1}}", repeat(" \n", n)) },
    Shape { name: "a string that is never closed", slope: 220, write: |n| format!("{{\"a\":\"{}", repeat("x\\\"", n)) },
];

/// Counts the steps of a scan, with no limit on the depth of the body.
fn steps(texts: &[&str], body: &[u8], encoding: Encoding) -> u64 {
    let plan = BodyPlan::new(&parse(texts));
    let mut scratch = BodyScratch::new(&plan, body.len());
    let mut found = vec![Scalar::Unreadable; texts.len()];
    // Whether the body is valid does not matter.
    counted(|| plan.scan(body, encoding, body.len(), &mut scratch, &mut found).is_ok()).0
}

#[test]
fn work_is_linear_in_hostile_bodies() {
    for Shape { name, slope, write } in SHAPES {
        for (encoding, width) in ENCODINGS.into_iter().zip([1, 2, 4]) {
            let mut before = None;
            for size in [1 << 12, 1 << 14, 1 << 16] {
                let text = write(size);
                let body = encode(&text, encoding);
                let steps =
                    steps(&["a", "a.a", "b[2]", "c.d", "e", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"], &body, encoding);
                let units = u64::try_from(body.len()).expect("a small body") / width;
                assert!(steps <= FLOOR + slope * units / 100, "{name}: {steps} steps for {units} units, {encoding:?}");
                // A body four times as long takes four times as many steps.
                if let Some(before) = before {
                    assert!(steps <= 4 * before + before / 5 + FLOOR, "{name}: {before}, then {steps}, {encoding:?}");
                }
                before = Some(steps);
            }
        }
    }
}

/// A name is not compared with every member that paths lead to from a place.
#[test]
fn names_are_found_among_many_in_few_steps() {
    let texts: Vec<String> = (0..1_000).map(|number| format!("name{number:04}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let body = object(&texts, "1");
    assert!(steps(&texts, body.as_bytes(), Encoding::Utf8) <= 25 * 1_000);
}

/// The values below a repeated member are forgotten in one pass over all places, which happens only in that case.
#[test]
fn absent_paths_cost_nothing_unless_a_member_is_repeated() {
    let texts: Vec<String> = (0..1_000).map(|number| format!("none{number}")).collect();
    let mut texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    texts.push("a");
    let steps = |body: &str| steps_after(&texts, &[body], body, Encoding::Utf8);
    assert!(steps(r#"{"a":1,"b":2}        "#) < 50);
    assert!((1_000..1_100).contains(&steps(r#"{"a":1,"a":2}        "#)));
}

/// Paths that can reach several values look ahead for members that overwrite others, once for each window of members.
#[test]
fn paths_to_several_values_cost_a_pass_for_each_window() {
    for (count, passes) in [(1_000, 1), (4_000, 1), (8_000, 2), (16_000, 4)] {
        let members: Vec<String> = (0..count).map(|number| format!("\"{number:06}\":1")).collect();
        let body = format!("{{{}}}", members.join(","));
        let single = steps(&["a"], body.as_bytes(), Encoding::Utf8);
        let several = steps(&["a", "*.b"], body.as_bytes(), Encoding::Utf8);
        // One pass for the paths and one for each window, all without guesses.
        assert!(several <= single + (1 + passes) * 15 * count, "{count}: {single}, {several}");
        // Objects that no path leads into need no look-ahead, except one for the member that contains them.
        let body = format!("{{\"a\":{body}}}");
        let elsewhere = steps(&["b[0].*", "b[0]['c']"], body.as_bytes(), Encoding::Utf8);
        assert!(elsewhere <= 3 * 15 * count, "{count}: {elsewhere}");
    }
}

/// Counts the steps of the last scan with a scratch that scanned other bodies before.
fn steps_after(texts: &[&str], before: &[&str], body: &str, encoding: Encoding) -> u64 {
    let plan = BodyPlan::new(&parse(texts));
    let mut scratch = BodyScratch::new(&plan, 64);
    let mut last = 0;
    for body in before.iter().chain([&body]) {
        let body = encode(body, encoding);
        let mut found = vec![Scalar::Unreadable; texts.len()];
        last = counted(|| plan.scan(&body, encoding, 64, &mut scratch, &mut found).is_ok()).0;
    }
    last
}

fn object(names: &[impl AsRef<str>], value: &str) -> String {
    let members: Vec<String> = names.iter().map(|name| format!("\"{}\":{value}", name.as_ref())).collect();
    format!("{{{}}}", members.join(","))
}

#[test]
fn guessed_members_take_three_or_four_steps() {
    // One step for the comma, one for the name, one for the value, and one more for the rest of a long value.
    let of_three = "\"\" \"a\" \"1:2,3.\" \"é\" true false null 0 -0 7 -7 10 1234567 -123456";
    let of_four = "\"1234567\" \"12345678\" \"12345678901234\" 12345678 98765432 123456789012345 0.5 -0.5 12.25 \
                   1234567.1 -123456.1234567 0.1234567";
    for (values, steps) in [(of_three, 3), (of_four, 4)] {
        for value in values.split(' ') {
            let after_itself = |body: String| steps_after(&["q"], &[&body], &body, Encoding::Utf8);
            let space = " ".repeat(16);
            let members = after_itself(object(&["a", "b", "c", "d", "e", "f", "g", "h"], value) + &space);
            assert_eq!(members - after_itself(format!("{{}}{space}")), 8 * steps, "{value}");
        }
    }
}

#[test]
fn runs_are_read_by_the_word_and_long_strings_by_four_words() {
    // The string around the run, and the number of its bytes that one step reads.
    for (name, bytes, before, run, after) in [
        ("a text", 32, "{\"a\":\"", "x, ", "\"}"),
        ("a name", 32, "{\"", "x, ", "\":1}"),
        ("digits", 8, "{\"a\":", "9", "}"),
        ("white space", 8, "{\"a\":", " ", "1}"),
    ] {
        for (encoding, width) in ENCODINGS.into_iter().zip([1, 2, 4]) {
            let steps =
                |units| steps(&["q"], &encode(&format!("{before}{}{after}", repeat(run, units)), encoding), encoding);
            assert_eq!(steps(5_100) - steps(300), 4_800 * width / bytes, "{name}, {encoding:?}");
        }
    }
}

/// The bodies of a device usually have the same members in the same order.
#[test]
fn names_in_the_order_of_the_previous_body_are_not_read_again() {
    let names: Vec<&str> = "time deviceId messageId sequence temperature humidity pressure voltage current power \
        frequency speed status mode alarm level flow position latitude longitude altitude heading battery signal \
        firmware uptime errors warnings site line"
        .split_whitespace()
        .collect();
    let channels: Vec<String> = (10..30).map(|number| format!("channel-{number}")).collect();
    let nested = format!("{}{{}}{}", "{\"value\":1,\"unit\":2,\"of\":".repeat(8), "}".repeat(8));
    let few = ["ab", "cd", "ef", "gh", "ij", "kl", "mn", "op", "qr", "st", "uv", "wx"];
    let (one_more, one_less) = ([&few[..5], &["xx"], &few[5..]].concat(), [&few[..5], &few[6..]].concat());
    let few = object(&few, "1");
    let in_arrays = format!("{{\"list\":[{}]}}", [few.as_str(); 5].join(","));
    for (name, before, body, containers, read_again) in [
        ("names", &object(&names, "1"), &object(&names, "1"), 0, 0),
        ("names that differ at their ends", &object(&channels, "1"), &object(&channels, "1"), 0, 0),
        ("objects within each other", &nested, &nested, 8 * 3, 0),
        ("objects in an array", &in_arrays, &in_arrays, 3 + 5 * 5, 0),
        ("a member more", &few, &object(&one_more, "1"), 0, 3),
        ("a member less", &few, &object(&one_less, "1"), 0, 2),
    ] {
        let paths = ["of.of.of.of.of.of.of.of.of.of.of.q"];
        let steps = |before: &str, body: &str| {
            steps_after(&paths, &[&format!("{before}        ")], &format!("{body}        "), Encoding::Utf8)
        };
        let members = u64::try_from(body.matches(':').count()).expect("few");
        // A name that is read again takes seven more steps.
        let expected = steps("{}", "{}") + 3 * members + containers + 7 * read_again;
        assert_eq!(steps(before, body), expected, "{name}");
    }
}
