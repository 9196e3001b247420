//! How much work hostile bodies make, counted: looks at a part of the body, of one code unit to 32 bytes each.

use super::super::*;
use super::{ENCODINGS, encode, paths};
use crate::work::counted;

/// Looks of a scan that are there whatever the body.
const FLOOR: u64 = 200;

/// A body of some size, and the most looks for a hundred of its code units.
struct Shape {
    name: &'static str,
    slope: u64,
    write: fn(usize) -> String,
}

/// A text, repeated up to a size.
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

/// The looks of a scan for some paths, into bodies as deep as they like.
fn looks(texts: &[&str], body: &[u8], encoding: Encoding) -> u64 {
    let plan = BodyPlan::new(&paths(texts));
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
                let looks =
                    looks(&["a", "a.a", "b[2]", "c.d", "e", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"], &body, encoding);
                let units = u64::try_from(body.len()).expect("a small body") / width;
                assert!(looks <= FLOOR + slope * units / 100, "{name}: {looks} looks at {units} units, {encoding:?}");
                // Four times the body, four times the work.
                if let Some(before) = before {
                    assert!(looks <= 4 * before + before / 5 + FLOOR, "{name}: {before}, then {looks}, {encoding:?}");
                }
                before = Some(looks);
            }
        }
    }
}

/// Paths that can reach several values look ahead for members that overwrite others, once for every so many.
#[test]
fn work_of_paths_to_several_values_grows_with_the_windows() {
    for (count, passes) in [(1_000, 1), (4_000, 1), (8_000, 2), (16_000, 4)] {
        let members: Vec<String> = (0..count).map(|number| format!("\"{number:06}\":1")).collect();
        let body = format!("{{{}}}", members.join(","));
        let single = looks(&["a"], body.as_bytes(), Encoding::Utf8);
        let several = looks(&["a", "*.b"], body.as_bytes(), Encoding::Utf8);
        // A pass of its own, and one for each window, each without guesses.
        assert!(several <= single + (1 + passes) * 13 * count, "{count}: {single}, {several}");
    }
}
