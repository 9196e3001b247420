//! Which member or element a path finds.

use std::fmt::Write;

use super::*;

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
fn names_are_compared_in_full() {
    let names: Vec<String> = (0..40)
        .map(|n| format!("{}{}", "name-of-8".repeat(n % 3), n))
        .chain(
            ["a", "a\0", "aaaaaaaa", "aaaaaaaaa", "aaaaaaab", "é", "\u{FFFD}", "\u{FFFD}\u{FFFD}"].map(str::to_owned),
        )
        .collect();
    for count in [1, 2, 5, 8, 9, names.len()] {
        for skipped in 0..=names.len() - count {
            let texts: Vec<String> = names[skipped..skipped + count].iter().map(|name| format!("x.{name}x")).collect();
            let mut checker = Checker::new(parse(&texts), DEPTH, 2);
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
fn members_after_skipped_containers_are_found() {
    check(
        &["b", "c[1]", "x.b", "y.b"],
        r#"{"x": [[{"b": 1}], {}, {"b": {"b": 2}}], "b": 3, "z": {"b": [], "y": {"b": 4}}, "c": [{"b": 5}, 6], "y": {"b": 7}}"#,
    );
}

/// A name means something else in another container, and other bytes in another encoding.
#[test]
fn a_guessed_name_leads_where_its_context_says() {
    let mut checker = Checker::new(parse(&["a.x", "b.x", "b.y.x", "x", "b.name-of-24-bytes-or-more"]), DEPTH, 2);
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
fn names_in_skipped_objects_are_not_guessed_elsewhere() {
    let mut checker = Checker::new(parse(&["a"]), DEPTH, 1);
    for number in 0..4_000 {
        assert!(checker.check(format!(r#"{{"{number}":{{"a":1}}}}"#).as_bytes(), Encoding::Utf8));
        assert!(checker.check(br#"{"a":2}"#, Encoding::Utf8));
    }
}

#[test]
fn the_last_of_duplicate_members_counts() {
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
fn many_paths_share_their_steps() {
    let texts: Vec<String> =
        (0..3_000).flat_map(|n| [format!("group{}.value{n}", n % 7), format!("*.value{n}.x[{}]", n % 5)]).collect();
    let mut checker = Checker::new(parse(&texts), DEPTH, 64);
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
fn equivalent_paths_get_the_same_value() {
    check(&["a.b", "$.a.b", "a.b", "a.*", "$.a.*", "c[1]", "c[01]", "$"], r#"{"a": {"b": "x"}, "c": [0, 1]}"#);
}

#[test]
fn only_plans_with_paths_have_memory_for_guesses() {
    let bytes = |texts: &[&str]| BodyScratch::new(&BodyPlan::new(&parse(texts)), DEPTH).heap_bytes();
    assert!(bytes(&[]) < 100);
    assert!(bytes(&["a"]) > 10_000);
}
