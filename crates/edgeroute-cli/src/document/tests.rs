use std::fmt::Write as _;

use super::*;

/// Returns the document as JSON, or the problem with its position.
#[track_caller]
fn read(text: &str, language: Language) -> String {
    match parse(text, language) {
        Ok(value) => value.to_json().into_owned(),
        Err(problem) => format!("{:?} {}", problem.span, problem.message),
    }
}

#[test]
fn yaml_is_read_by_the_core_schema() {
    for (yaml, json) in [
        ("a: 1\nb: [x, 'y', \"z\\n\"]", r#"{"a": 1, "b": ["x", "y", "z\n"]}"#),
        ("[yes, no, on, null, ~, Null, true, FALSE]", r#"["yes", "no", "on", null, null, null, true, false]"#),
        ("[1.50, -0, 1e3, 007, +5, 0x1F, 0o17, .5, 5., 1_000]", r#"[1.50, -0, 1e3, 7, 5, 31, 15, 0.5, 5, "1_000"]"#),
        ("[2026-01-01, 12:30, '85', !!str 85]", r#"["2026-01-01", "12:30", "85", "85"]"#),
        ("text: |\n  one\n  two\n", r#"{"text": "one\ntwo\n"}"#),
        ("a: &x {b: 1}\nc: *x", r#"{"a": {"b": 1}, "c": {"b": 1}}"#),
        ("{1: x, null: y}", r#"{"1": "x", "null": "y"}"#),
        ("'é': ['ü']", r#"{"é": ["ü"]}"#),
    ] {
        assert_eq!(read(yaml, Language::Yaml), json, "{yaml}");
    }
}

#[test]
fn what_yaml_has_beyond_documents_of_strings_is_refused_with_its_place() {
    for (yaml, expected) in [
        ("a: !secret x", "3..12 unknown tag"),
        ("a: .inf", "3..7 JSON cannot represent this number"),
        ("a: 1\na: 2", "5..6 `a` is given twice"),
        ("? [x]\n: y", "2..3 a key must be a string"),
        ("--- a\n--- b", "6..9 the file must contain a single document"),
        ("", "0..0 the document is empty"),
        ("# nothing\n", "0..0 the document is empty"),
    ] {
        assert_eq!(read(yaml, Language::Yaml), expected, "{yaml}");
    }
    assert!(read("a: [1", Language::Yaml).starts_with("5..5 while parsing a flow sequence"));
    assert!(read("a: *none", Language::Yaml).contains("unknown anchor"));
}

#[test]
fn places_count_bytes_after_other_characters() {
    let text = "'é': 1\n'ü': .inf";
    let problem = parse(text, Language::Yaml).unwrap_err();
    assert_eq!(&text[problem.span], ".inf");
}

#[test]
fn aliases_of_aliases_do_not_fill_the_memory() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        writeln!(bomb, "a{level}: &a{level} [{aliases}]").unwrap();
    }
    assert!(read(&bomb, Language::Yaml).ends_with("the document is larger than 64 MiB"));
    let long = format!("a: &a {}\nb: [{}]", "x".repeat(1 << 20), "*a, ".repeat(100));
    assert!(read(&long, Language::Yaml).ends_with("the document is larger than 64 MiB"));
    assert!(read("a: &a [*a]", Language::Yaml).ends_with("an alias to a value that contains it"));
}

#[test]
fn many_keys_take_linear_time() {
    let mut keys = String::new();
    (0..200_000).for_each(|key| writeln!(keys, "k{key}: 1").unwrap());
    assert!(read(&keys, Language::Yaml).ends_with("\"k199999\": 1}"));
}

#[test]
fn deep_nesting_is_refused_where_it_is_looked_into() {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    for yaml in [deep("[", "]"), deep("- ", ""), deep("{a: ", "}")] {
        // The scanner runs ahead of the parser and has a limit of its own.
        let found = read(&yaml, Language::Yaml);
        assert!(
            found.ends_with("nested deeper than the limit of 100") || found.ends_with("recursion limit exceeded"),
            "{found}"
        );
    }
    assert!(!read(&format!("a = {}", deep("[", "]")), Language::Toml).starts_with('{'));
    // A part that is never read may be nested deeply.
    let json = deep("[", "]");
    assert_eq!(read(&json, Language::Json), json);
}

#[test]
fn toml_is_read_in_its_order() {
    let toml = "z = 1\na = [1.5, 0x10, true, 'x', 2026-01-01]\n[[t]]\nb = 'y'\n[[t]]\n";
    assert_eq!(
        read(toml, Language::Toml),
        r#"{"z": 1, "a": [1.5, 16, true, "x", "2026-01-01"], "t": [{"b": "y"}, {}]}"#
    );
    assert!(read("a = inf", Language::Toml).ends_with("JSON cannot represent this number"));
    assert!(read("a = 1\na = 2", Language::Toml).contains("duplicate key"));
}

#[test]
fn json_is_opened_level_by_level_with_places() {
    let text = r#" {"a": [1, {"b\u0041": "x\ty"}], "é": null}"#;
    let mut members = parse(text, Language::Json).unwrap().members().unwrap().into_iter();
    let list = members.next().unwrap();
    assert_eq!((&*list.key, &text[list.key_span]), ("a", "\"a\""));
    let object = list.value.elements().unwrap().pop().unwrap();
    assert_eq!(&text[object.span()], r#"{"b\u0041": "x\ty"}"#);
    let member = object.members().unwrap().pop().unwrap();
    assert_eq!((&*member.key, &text[member.value.span()], &*member.value.text().unwrap()), ("bA", r#""x\ty""#, "x\ty"));
    assert!(members.next().unwrap().value.is_null());
    let word = read("{\n  \"a\": tru\n}", Language::Json);
    assert!(word.starts_with("12..13 not valid JSON: expected `true`, `false` or `null`"), "{word}");
    assert_eq!(read("{\"a\": 1} x", Language::Json), "9..10 not valid JSON: trailing characters, found `x`");
    assert_eq!(read("{\"a\": ", Language::Json), "6..6 not valid JSON: the text ends while parsing a value");
}

#[test]
fn a_problem_is_shown_with_its_line() {
    let text = "cases:\n  - nmae: x\n";
    let problem = Problem::new(11..15, "unknown key `nmae`").with_help("did you mean `name`?");
    assert_eq!(
        problem.render("cases.yaml", text),
        "\
error: unknown key `nmae`
 --> cases.yaml:2:5
  |
2 |   - nmae: x
  |     ^^^^
  = help: did you mean `name`?"
    );
    let long = format!("{}@{}", "a".repeat(500), "b".repeat(500));
    let shown = Problem::new(500..501, "x").render("f", &long);
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[3].find('@'), lines[4].find('^'));
    assert!(lines[3].len() < 220);
}
