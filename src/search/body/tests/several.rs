//! Paths that can reach several values.

use super::*;

#[test]
fn duplicates_in_an_earlier_body_do_not_matter() {
    let mut checker = Checker::new(parse(&["*", "*.b"]), DEPTH, 4);
    for body in [r#"{"a": 1, "a": {"b": 2}}"#, r#"{"a": {"b": 3}}"#, r#"{"b": {"b": 1, "b": 4}}"#] {
        for encoding in ENCODINGS {
            assert!(checker.check(&encode(body, encoding), encoding));
        }
    }
}

#[test]
fn wildcards_and_descendants_count_what_they_reach() {
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
fn paths_through_the_same_places_are_kept_apart() {
    check(&["x[0][0]..k", "x[0][1]..k", "x[0][0].*"], r#"{"x": [[{"k": 1}, {"k": 2}, {"k": 3}]]}"#);
    check(&["x[0][0].*..k", "x[0][0].m.*"], r#"{"x": [[{"p": {}, "m": {"k": 1}}]]}"#);
    check(
        &["x[0][0].*..k", "x[0][0].m..k", "x[0][0]..k"],
        r#"{"x": [[{"p": [], "q": {"k": 2}, "m": {"l": {"k": 1}}}]]}"#,
    );
}

#[test]
fn descendants_of_descendants_are_found_down_to_the_limit() {
    let levels = DEPTH - 3;
    let body = format!("{{\"x\":[[{}{{\"k\":1}}{}]]}}", "{\"a\":".repeat(levels - 1), "}".repeat(levels - 1));
    for path in ["x[0][0]..a..k", "x[0][0]..a..a..k", "x[0][0]..*..k", "x[0][0]..k", "x[0][0]..a.k"] {
        check(&[path], &body);
    }
}
