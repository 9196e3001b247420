use std::time::{Duration, Instant};

use serde_json::Value;

use super::{FileReport, Report, Unreadable};
use edgeroute_lang::diagnostic::{Code, Diagnostic, Finding, Severity, is_invisible};
use edgeroute_lang::span::Span;

const TEXT: &str = "{\n  \"é\": \"FROM /* WHERE a > 5 INTO $upstream\"\n}";

/// A finding on a comparison in the text above, with every optional element.
fn comparison() -> Finding {
    let operator = TEXT.find('>').unwrap();
    let found = Diagnostic::new(Code::InvalidOperands, Span::from_range(operator..operator + 1), "a string, a number")
        .with_label("expected operands of the same type")
        .with_secondary(Span::from_range(operator - 2..operator - 1), "string")
        .with_secondary(Span::from_range(0..1), "")
        .with_help("write `as_number(a) > 5`")
        .with_fix(Span::from_range(operator - 2..operator - 1), "as_number(a)");
    Finding::in_route("é", found)
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn an_empty_report_is_empty_in_every_form() {
    let report = Report::new(vec![FileReport::new("a.json", "{}", 3, &[])]);
    assert_eq!((report.short().as_str(), report.counts(), report.routes()), ("", (0, 0), 3));
    assert_eq!(
        report.json(),
        "{\"version\":1,\"summary\":{\"errors\":0,\"warnings\":0,\"routes\":3,\"files\":1,\
         \"fixable\":0,\"fixableUnsafely\":0,\"unreadable\":0},\
         \"files\":[{\"file\":\"a.json\",\"routes\":3,\"details\":{\"compilationErrors\":[]}}],\"unreadable\":[]}"
    );
    assert_eq!(parse(&report.sarif())["runs"][0]["results"], parse("[]"));
    assert_eq!((report.github().as_str(), report.gitlab().as_str()), ("", "[]"));
}

#[test]
fn a_short_line_has_the_place_the_code_and_the_route() {
    let findings = [comparison()];
    let report = Report::new(vec![FileReport::new("a.json", TEXT, 1, &findings)]);
    assert_eq!(report.short(), "a.json:2:25: error[E0201]: a string, a number (in route `é`)\n");
}

#[test]
fn json_has_every_part_of_a_finding_with_columns_in_characters() {
    let findings = [comparison(), Finding::new(Diagnostic::new(Code::InvalidJson, Span::at(0), "m"))];
    let report = Report::new(vec![FileReport::new("a.json", TEXT, 1, &findings)])
        .with_unreadable(vec![Unreadable { name: "b.json", message: "gone" }]);
    let document = parse(&report.json());
    let place = |line: u32, column: u32| serde_json::json!({ "line": line, "column": column });
    let location = |line, from, to| serde_json::json!({ "start": place(line, from), "end": place(line, to) });
    assert_eq!(
        document["files"][0]["details"]["compilationErrors"],
        serde_json::json!([
            {
                "code": "E0201",
                "severity": "error",
                "message": "a string, a number",
                "location": location(2, 25, 26),
                "route": "é",
                "label": "expected operands of the same type",
                "related": [
                    { "message": "string", "location": location(2, 23, 24) },
                    { "message": null, "location": location(1, 1, 2) },
                ],
                "help": "write `as_number(a) > 5`",
                "fix": { "location": location(2, 23, 24), "replacement": "as_number(a)", "applicability": "safe" },
            },
            {
                "code": "E0401",
                "severity": "error",
                "message": "m",
                "location": location(1, 1, 1),
                "route": null,
                "label": null,
                "related": [],
                "help": null,
                "fix": null,
            },
        ])
    );
    assert_eq!(
        document["summary"],
        serde_json::json!({
            "errors": 2, "warnings": 0, "routes": 1, "files": 1, "fixable": 1, "fixableUnsafely": 0, "unreadable": 1
        })
    );
    assert_eq!(document["unreadable"], parse(r#"[{"file": "b.json", "message": "gone"}]"#));
}

#[test]
fn sarif_points_each_result_at_its_rule_and_writes_paths_as_uris() {
    let findings = [comparison(), Finding::new(Diagnostic::new(Code::InvalidJson, Span::at(0), "m")), comparison()];
    let report = Report::new(vec![FileReport::new("my dir/a:é.json", TEXT, 1, &findings)]);
    let log = parse(&report.sarif());
    let run = &log["runs"][0];
    for (result, code) in run["results"].as_array().unwrap().iter().zip(["E0201", "E0401", "E0201"]) {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], code);
        assert_eq!(result["ruleId"], code);
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "my%20dir/a%3A%C3%A9.json");
    }
    assert_eq!(run["tool"]["driver"]["rules"].as_array().unwrap().len(), 2);
    let fix = &run["results"][0]["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(fix["insertedContent"]["text"], "as_number(a)");
    assert_eq!(fix["deletedRegion"]["startColumn"], 23);
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
}

#[test]
fn workflow_commands_are_one_line_each_and_escaped() {
    let over_lines = Diagnostic::new(Code::InvalidJson, Span::from_range(0..TEXT.len()), "100%: a, b\r\nc");
    let findings = [comparison(), Finding::new(over_lines.with_severity(Severity::Warning))];
    let report = Report::new(vec![FileReport::new("./my dir/a:b,c.json", TEXT, 1, &findings)])
        .with_unreadable(vec![Unreadable { name: "b.json", message: "gone" }]);
    assert_eq!(
        report.github(),
        "::error file=my dir/a%3Ab%2Cc.json,line=2,col=25,endLine=2,endColumn=26,title=E0201::\
         a string, a number (in route `é`)%0Ahelp: write `as_number(a) > 5`\n\
         ::warning file=my dir/a%3Ab%2Cc.json,line=1,endLine=3,title=E0401::100%25: a, b%0D%0Ac\n\
         ::error file=b.json::gone\n"
    );
}

#[test]
fn code_quality_has_what_the_service_reads() {
    let findings = [comparison(), Finding::new(Diagnostic::new(Code::TrailingText, Span::at(0), "m"))];
    let report = Report::new(vec![FileReport::new("./a.json", TEXT, 1, &findings)])
        .with_unreadable(vec![Unreadable { name: "b.json", message: "gone" }]);
    let mut items = parse(&report.gitlab());
    for item in items.as_array_mut().unwrap() {
        let fingerprint = item.as_object_mut().unwrap().remove("fingerprint").unwrap();
        assert_eq!(fingerprint.as_str().unwrap().len(), 32);
    }
    let location = |path, line| serde_json::json!({ "path": path, "lines": { "begin": line, "end": line } });
    assert_eq!(
        items,
        serde_json::json!([
            {
                "description": "a string, a number (in route `é`)",
                "check_name": "E0201",
                "severity": "major",
                "location": location("a.json", 2),
            },
            { "description": "m", "check_name": "W0105", "severity": "minor", "location": location("a.json", 1) },
            { "description": "gone", "check_name": "unreadable", "severity": "critical", "location": location("b.json", 1) },
        ])
    );
}

/// The fingerprints of the report on a text, with a finding at each `>`.
fn fingerprints(text: &str) -> Vec<String> {
    let at = |(at, _)| Diagnostic::new(Code::InvalidOperands, Span::from_range(at..at + 1), "m");
    let findings: Vec<Finding> = text.match_indices('>').map(|found| Finding::in_route("r", at(found))).collect();
    let report = parse(&Report::new(vec![FileReport::new("a.json", text, 1, &findings)]).gitlab());
    report.as_array().unwrap().iter().map(|item| item["fingerprint"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_fingerprint_stays_when_lines_move_and_no_two_are_equal() {
    let found = fingerprints("a > 5 and b > 5");
    assert_ne!(found[0], found[1]);
    assert_eq!(fingerprints("\n\n  a > 5\n and b > 5"), found);
    // Published reports contain it, so it must not change.
    assert_eq!(found[0], "4a0f46e1a8d53be0904d51c4a5e962db");
}

/// The report in the forms for people.
fn shown(report: &Report<'_>) -> Vec<String> {
    vec![
        report.short(),
        #[cfg(feature = "pretty")]
        report.text(crate::render::Color::Never),
    ]
}

#[test]
fn hostile_texts_are_shown_safely_and_in_little_space() {
    let noise = "\u{202e}\u{1b}[2J\u{2028}\u{200d}\0😀\u{301}".repeat(50_000);
    let text = format!("{noise}\n{noise}\n");
    let middle = u32::try_from(text.len() / 2).unwrap();
    let found = Diagnostic::new(Code::UnknownFunction, Span::new(middle, middle + 900_000), noise.as_str())
        .with_label(noise.as_str())
        .with_secondary(Span::at(5), noise.as_str())
        .with_help(noise.as_str());
    let findings = [Finding::in_route(noise.as_str(), found)];
    let report = Report::new(vec![FileReport::new(&noise, &text, 1, &findings)]);
    for shown in shown(&report) {
        assert!(!shown.chars().any(|c| c != '\n' && is_invisible(c)), "{shown:?}");
        assert!(shown.len() < 100_000, "{}", shown.len());
    }
}

#[test]
fn ten_thousand_findings_on_one_long_line_are_shown_in_little_time() {
    let text = "FROM /* WHERE a > 5 INTO $upstream ".repeat(10_000);
    let findings: Vec<Finding> = (0..10_000)
        .map(|index| {
            let at = index * 35 + 16;
            let found = Diagnostic::new(Code::InvalidOperands, Span::new(at, at + 1), "a string, a number");
            Finding::new(found.with_secondary(Span::new(at - 2, at - 1), "string").with_secondary(Span::at(0), "first"))
        })
        .collect();
    let start = Instant::now();
    let report = Report::new(vec![FileReport::new("a.json", &text, 1, &findings)]);
    let size: usize = shown(&report)
        .iter()
        .chain(&[report.json(), report.sarif(), report.github(), report.gitlab()])
        .map(String::len)
        .sum();
    // The limit allows for an unoptimized build on a busy machine. Walking along the line for each finding would take
    // minutes.
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    assert!(size > 1_000_000);
}

#[cfg(feature = "pretty")]
mod pretty {
    use super::*;
    use crate::render::Color;

    #[test]
    fn labels_are_drawn_under_their_places_and_places_are_those_of_the_file() {
        let findings = [comparison()];
        let report = Report::new(vec![FileReport::new("a.json", TEXT, 1, &findings)]);
        let expected = "\
error[E0201]: a string, a number
 --> a.json:2:25
  |
2 |   \"é\": \"FROM /* WHERE a > 5 INTO $upstream\"
  |                       - ^ expected operands of the same type
  |                       |
  |                       string
  |
 ::: a.json:1:1
  |
1 | {
  | -
  |
  = help: write `as_number(a) > 5`
  = note: in route `é`

";
        assert_eq!(report.text(Color::Never), expected);
    }

    #[test]
    fn a_line_that_is_cut_keeps_its_columns() {
        let text = format!("{}@{}", "x".repeat(5_000), "y".repeat(5_000));
        let found = Diagnostic::new(Code::UnknownCharacter, Span::new(5_000, 5_001), "unknown character `@`")
            .with_secondary(Span::new(3, 4), "far");
        let findings = [Finding::new(found)];
        let shown = Report::new(vec![FileReport::new("a", &text, 1, &findings)]).text(Color::Never);
        assert!(shown.contains("--> a:1:5001\n") && shown.contains("::: a:1:4\n"), "{shown}");
        assert!(shown.lines().all(|line| line.chars().count() < 140), "{shown}");
    }

    #[test]
    fn colours_change_nothing_but_escape_sequences() {
        let findings = [comparison()];
        let report = Report::new(vec![FileReport::new("a.json", TEXT, 1, &findings)]);
        let coloured = report.text(Color::Ansi);
        assert!(coloured.contains("\u{1b}["), "{coloured:?}");
        let mut plain = String::new();
        let mut parts = coloured.split("\u{1b}[");
        plain.push_str(parts.next().unwrap());
        for part in parts {
            plain.push_str(part.split_once('m').unwrap().1);
        }
        assert_eq!(plain, report.text(Color::Never));
    }
}
