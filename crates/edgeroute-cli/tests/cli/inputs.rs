//! The forms of manifests and messages that the command reads.

use std::fs;
use std::path::Path;

use crate::command::{run_in, stderr, stdout};

const HUB: &str = r#"{"schemaVersion": "1.1", "storeAndForwardConfiguration": {"timeToLiveSecs": 60}, "routes": {
  "up": "FROM /messages/* WHERE level == 'hot' INTO $upstream"
}}"#;

/// A directory with these files.
fn directory(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    directory
}

#[track_caller]
fn check(directory: &Path, arguments: &[&str], code: i32, out: &str, err: &str) {
    let output = run_in(directory, arguments, b"");
    assert!(stdout(&output).contains(out), "{}\n{}", stdout(&output), stderr(&output));
    assert!(stderr(&output).contains(err), "{}\n{}", stdout(&output), stderr(&output));
    assert_eq!(output.status.code(), Some(code), "{}\n{}", stdout(&output), stderr(&output));
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn utf_16_is_read_and_written_back() {
    let text = format!("\u{feff}{HUB}");
    let directory = directory(&[("a.json", &utf16(&text))]);
    check(directory.path(), &["check", "--format", "short", "a.json"], 1, "a.json:2:39: error[E0101]", "");
    check(directory.path(), &["lint", "--fix", "a.json"], 0, "1 fix was applied", "");
    assert_eq!(fs::read(directory.path().join("a.json")).unwrap(), utf16(&text.replace("==", "=")));
}

#[test]
fn comments_and_trailing_commas_are_accepted_where_they_are_expected() {
    let text = HUB.replace("\"routes\"", "// é\n \"routes\"").replace("}}", ", }/**/}");
    let directory = directory(&[("a.json", text.as_bytes()), ("a.template.json", text.as_bytes())]);
    let found = ":3:39: error[E0101]";
    check(directory.path(), &["check", "--format", "short", "a.json"], 1, "error[E0401]", "read it with --jsonc");
    check(directory.path(), &["check", "--format", "short", "--jsonc", "a.json"], 1, found, "");
    check(directory.path(), &["check", "--format", "short", "a.template.json"], 1, found, "");
    check(directory.path(), &["lint", "--fix", "a.template.json"], 0, "1 fix was applied", "");
    let fixed = fs::read_to_string(directory.path().join("a.template.json")).unwrap();
    assert_eq!(fixed, text.replace("==", "="));
}

#[test]
fn manifests_are_found_inside_other_documents() {
    let deployment = format!(r#"{{"modulesContent": {{"$edgeHub": {{"properties.desired": {HUB}}}}}}}"#);
    let good = deployment.replace("==", "=");
    let text = format!("{{\"resources\": [\n{{\"properties\": {deployment}}}, {{\"content\": {good}}}]}}");
    let directory = directory(&[("arm.json", text.as_bytes())]);
    let found = "arm.json: manifests found at `resources[0].properties`, `resources[1].content`";
    check(directory.path(), &["check", "--format", "short", "arm.json"], 1, "arm.json:3:39: error[E0101]", found);
    let several = "arm.json: 2 manifests in this file; choose one with --at: `resources[0].properties`";
    check(directory.path(), &["match", "arm.json", "-p", "level=hot"], 2, "", several);
    let second = ["match", "arm.json", "--at", "resources[1].content", "-p", "level=hot"];
    check(directory.path(), &second, 0, r#""effectiveTimeToLiveSecs":60"#, "1 matched");
    check(directory.path(), &["match", "arm.json", "--at", "x", "-p", "level=hot"], 2, "", "no manifest at `x`");
}

#[test]
fn placeholders_are_filled_in_and_positions_stay() {
    let text = HUB.replace("/messages/*", "/messages/modules/${MODULE}/*").replace("==", "{{ op }}");
    let directory = directory(&[("a.json", text.as_bytes()), (".env", b"MODULE=sensor\nop='=='\n")]);
    check(directory.path(), &["check", "--format", "short", "a.json"], 1, "error[E0110]", "");
    let filled = ["check", "--format", "short", "--env-file", ".env", "a.json"];
    check(directory.path(), &filled, 1, "a.json:2:57: error[E0101]", "");
    let defined = ["check", "-d", "MODULE=m", "-d", "op==", "a.json"];
    check(directory.path(), &defined, 0, "0 problems, 1 route in 1 file", "");
    // What is not in the file cannot be fixed there.
    check(directory.path(), &["lint", "--fix", "--env-file", ".env", "a.json"], 1, "0 fixes were applied", "");
    check(directory.path(), &["check", "-d", "MODULE", "a.json"], 2, "", "expected NAME=VALUE");
    check(directory.path(), &["check", "--env-file", "none", "a.json"], 2, "", "none: ");
}

#[test]
fn directories_and_patterns_are_searched() {
    let files: [(&str, &[u8]); 4] = [
        ("a/b.json", HUB.as_bytes()),
        ("a/package.json", b"{}"),
        ("a/c/d.jsonc", HUB.as_bytes()),
        ("a/bad.json", b"\xff"),
    ];
    let directory = directory(&files);
    let summary = "2 problems, 2 routes in 2 files, 2 files without a manifest skipped";
    check(directory.path(), &["check", "."], 1, summary, "");
    check(directory.path(), &["check", "a/*.json"], 1, "1 problem, 1 route in 1 file, 2 files without", "");
    check(directory.path(), &["check", "x/*.json"], 2, "1 file could not be read", "error: x/*.json: no file matches");
    check(directory.path(), &["check", "a/bad.json"], 2, "", "error: a/bad.json: not valid UTF-8 at byte 0");
    check(directory.path(), &["fmt", "--check", "a"], 1, "", "left unchanged");
}

#[test]
fn layers_are_merged() {
    let base = format!(r#"{{"modulesContent": {{"$edgeHub": {{"properties.desired": {HUB}}}}}}}"#).replace("==", "=");
    let layer = r#"{"modulesContent": {"$edgeHub": {
        "properties.desired.routes.down": "FROM /messages/* INTO BrokeredEndpoint('/modules/m/inputs/i')"}}}"#;
    let directory = directory(&[("base.json", base.as_bytes()), ("layer.json", layer.as_bytes())]);
    let both = ["match", "base.json", "layer.json", "-p", "level=hot"];
    check(directory.path(), &both, 0, "/modules/m/inputs/i", "1 message, 1 matched, 2 deliveries");
    check(directory.path(), &["lint", "--merge", "base.json", "layer.json"], 0, "2 routes in 1 file", "");
    let output = run_in(directory.path(), &["merge", "base.json", "layer.json"], b"");
    fs::write(directory.path().join("merged.json"), &output.stdout).unwrap();
    check(directory.path(), &["check", "merged.json"], 0, "0 problems, 2 routes in 1 file", "");
    check(directory.path(), &["lint", "--merge", "--fix", "base.json"], 2, "", "so it cannot be fixed");
}

#[test]
fn routes_and_messages_are_taken_from_the_command_line() {
    let directory = directory(&[]);
    let here = directory.path();
    let route = "FROM /messages/modules/sensor/outputs/t WHERE $body.t > 80 INTO $upstream";
    check(here, &["check", "--route", route], 0, "0 problems, 1 route", "");
    check(here, &["check", "--route", "FROM /* WHERE a == 1 INTO $upstream"], 1, "<route>:1:17", "");
    let explained = ["explain", "--route", route, "--from", "sensor/t", "--body", "{\"t\": 85}"];
    check(here, &explained, 0, "`route` to $upstream: delivers", "");
    let declared = [&explained[..], &["-s", "contentType=text/plain"]].concat();
    check(here, &declared, 0, "the condition is undefined", "");
    check(here, &["match", "--route", route, "--from", "sensor/t", "--body", "{\"t\": 85}"], 0, "\"$upstream\"", "");
    check(here, &["match", "--route", route, "a.json"], 2, "", "not both");
    check(here, &["match", "-p", "a=1"], 2, "", "no manifest is given");
    check(here, &["check"], 2, "", "nothing to examine");
    check(here, &["match", "--route", route, "-p", "a=1", "--messages", "x"], 2, "", "not both");
    check(here, &["match", "--route", route, "-p", "a=1", "-p", "A=2"], 2, "", "property `A` is given twice");
}

#[test]
fn expressions_are_evaluated() {
    let directory = directory(&[]);
    check(directory.path(), &["eval", "as_number(t) > 3", "-p", "t=4"], 0, "true\n  | as_number(t) > 3\n", "");
    check(directory.path(), &["eval", "as_number(t) > 3", "-p", "t=2"], 1, "false\n", "");
    check(directory.path(), &["eval", "as_number(t) * -2", "-p", "t=4"], 0, "-8\n", "");
    check(directory.path(), &["eval", "t"], 1, "undefined\n", "");
    check(directory.path(), &["eval", "t > 3"], 2, "", "error[E0201]");
    let body = ["eval", "$body.a.b", "--body", "{\"a\": {\"b\": \"x\"}}"];
    check(directory.path(), &body, 0, "\"x\"\n", "");
    check(directory.path(), &["eval", "-1 < 0"], 0, "true\n", "");
}

#[test]
fn messages_are_read_in_the_layouts_of_other_tools() {
    let directory = directory(&[("m.json", HUB.replace("==", "=").as_bytes())]);
    let hot = r#"{"properties": {"level": "hot"}}"#;
    let pretty = "{\n  \"properties\": {\n    \"level\": \"hot\"\n  }\n}\n";
    let event = "{\n  \"event\": {\"origin\": \"d\", \"properties\": {\"application\": {\"level\": \"hot\"}}}\n}\n";
    for (text, lines) in [
        (format!("{hot}\n{hot}\n"), [1, 2]),
        (format!("{pretty}{pretty}"), [1, 6]),
        (format!("[{hot}, {hot}]"), [1, 1]),
        (format!("[\n{pretty},\n{hot}\n]\n"), [2, 8]),
        (format!("{event}{hot}"), [1, 4]),
    ] {
        let output = run_in(directory.path(), &["match", "m.json"], &text);
        let found: Vec<u64> = stdout(&output)
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["message"].as_u64().unwrap())
            .collect();
        assert_eq!(found, lines, "{text}\n{}", stderr(&output));
    }
    let bad = format!("{hot}\n{{\n  \"propertes\": {{}}\n}}\n{hot}\n");
    let output = run_in(directory.path(), &["match", "m.json"], bad);
    assert!(stderr(&output).starts_with("<stdin>:3:3: unknown key `propertes`"), "{}", stderr(&output));
    assert_eq!(stdout(&output).lines().count(), 2);
}

#[test]
fn fixes_are_counted_shown_and_applied() {
    let text = HUB.replace("==", "== 'x' && b =").replace("INTO", "or a!='b' INTO");
    let directory = directory(&[("a.json", text.as_bytes())]);
    let here = directory.path();
    check(here, &["lint", "a.json"], 1, "fixable with --fix\n", "");
    check(here, &["check", "a.json"], 1, "2 fixable with `edgeroute lint --fix`", "");
    let output = run_in(here, &["lint", "--diff", "a.json"], b"");
    assert!(stdout(&output).contains("\n-  \"up\"") && stdout(&output).contains("\n+  \"up\""), "{}", stdout(&output));
    assert_eq!(fs::read_to_string(here.join("a.json")).unwrap(), text);
    check(here, &["lint", "--fix", "a.json"], 0, "1 fixable with --fix --unsafe-fixes", "");
    check(here, &["lint", "--fix", "--unsafe-fixes", "a.json"], 0, "1 fix was applied", "");
    check(here, &["lint", "--unsafe-fixes", "a.json"], 2, "", "--unsafe-fixes needs --fix or --diff");
}
