//! Checks that the SARIF output is valid by the official JSON Schema of SARIF 2.1.0.
//!
//! The schema is published by OASIS and contained in the package `serde-sarif`, which is never compiled here; `cargo
//! metadata` gives its location. This repository therefore needs no copy of it, and validating needs nothing that
//! `cargo test` has not fetched.

use std::path::Path;
use std::process::Command;

use edgeroute::CheckedManifest;
use edgeroute_analysis::render::{FileReport, Report, Unreadable};
use edgeroute_lang::diagnostic::{Code, Diagnostic, Finding};
use edgeroute_lang::span::Span;
use serde_json::{Value, json};

fn schema() -> Value {
    let cargo = option_env!("CARGO").unwrap_or("cargo");
    let mut command = Command::new(cargo);
    command.args(["metadata", "--format-version", "1", "--locked"]).current_dir(edgeroute_testkit::repository());
    let output = command.output().expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let packages = metadata["packages"].as_array().expect("packages");
    let package = packages.iter().find(|package| package["name"] == "serde-sarif").expect("serde-sarif");
    let manifest = Path::new(package["manifest_path"].as_str().expect("a path"));
    let text = std::fs::read_to_string(manifest.with_file_name("src").join("schema.json")).expect("a schema");
    let mut schema: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(schema["title"], "Static Analysis Results Format (SARIF) Version 2.1.0 JSON Schema");
    // The pattern for languages has a surplus bracket, which some dialects of regular expressions reject.
    for definition in ["run", "toolComponent"] {
        let place = format!("/definitions/{definition}/properties/language/pattern");
        *schema.pointer_mut(&place).expect("a pattern") = json!("^[a-zA-Z]{2}(-[a-zA-Z]{2})?$");
    }
    schema
}

/// A log with a result for every code, and every optional element of a result.
fn log() -> Value {
    let text = "{\n \"é\": 5\n}";
    let mut findings = Vec::new();
    for &code in Code::ALL {
        findings.push(Finding::new(Diagnostic::new(code, Span::at(0), "of the manifest")));
        let found = Diagnostic::new(code, Span::new(2, 6), "of a route")
            .with_label("here")
            .with_secondary(Span::new(3, 3), "")
            .with_secondary(Span::new(0, 99), "all")
            .with_help("fix it")
            .with_fix(Span::at(8), "\"\n\u{1b}");
        findings.push(Finding::in_route("é \u{202e}", found));
    }
    let manifest = "{\"schemaVersion\": \"1.1\", \"routes\": {\"a\": \"FROM /* WHERE b > 1 INTO $upstrem\"}}";
    let checked = CheckedManifest::from_json(manifest);
    assert_eq!(checked.findings().len(), 3);
    let files = vec![
        FileReport::new("<stdin>", text, 1, &findings),
        FileReport::new("/a b/c:\\d?e#f%.json", manifest, 1, checked.findings()),
        FileReport::new("empty.json", "", 0, &[]),
    ];
    let unreadable = vec![Unreadable { name: "gone.json", message: "no such file" }];
    serde_json::from_str(&Report::new(files).with_unreadable(unreadable).sarif()).expect("JSON")
}

#[test]
fn sarif_logs_are_valid_by_the_schema() {
    let schema = jsonschema::options().should_validate_formats(true).build(&schema()).expect("a schema");
    let mut log = log();
    let complaints: Vec<String> =
        schema.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert_eq!(complaints, [""; 0]);
    let empty = serde_json::from_str(&Report::default().sarif()).expect("JSON");
    assert!(schema.is_valid(&empty));
    // Invalid logs must be detected.
    for (place, wrong) in [
        ("/runs/0/results/0/level", json!("fatal")),
        ("/runs/0/results/0/ruleIndex", json!("0")),
        ("/runs/0/results/1/locations/0/physicalLocation/region/startLine", json!(0)),
        ("/runs/0/results/1/fixes/0/artifactChanges/0/replacements/0/deletedRegion", json!(5)),
        ("/runs/0/results/1/locations/0/physicalLocation/artifactLocation/uri", json!("a b")),
        ("/runs/0/columnKind", json!("bytes")),
        ("/version", json!("2.0.0")),
    ] {
        let value = log.pointer_mut(place).expect(place);
        let right = std::mem::replace(value, wrong);
        assert!(!schema.is_valid(&log), "{place}");
        *log.pointer_mut(place).expect(place) = right;
    }
    assert!(schema.is_valid(&log));
}

#[test]
fn every_result_has_its_rule_and_every_rule_a_result() {
    let log = log();
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    assert_eq!(rules.len(), Code::ALL.len());
    for result in run["results"].as_array().expect("results") {
        let index = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("an index");
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert_eq!(rules[index]["defaultConfiguration"]["level"], result["level"]);
    }
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
}
