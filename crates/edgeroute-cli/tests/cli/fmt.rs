//! End-to-end tests of `edgeroute fmt`.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use tempfile::TempDir;

use crate::command::{run, run_in};

const MESSY: &str = r#"{ "schemaVersion": "1.1",
  "routes": {
    "good": "FROM /messages/* INTO $upstream",
    "messy":"from /messages/* where level='hot' into $UPSTREAM",
    "commented": { "route": "from /a /* all */ into $upstream", "priority" : 1 },
    "broken": "FROM /messages/* WHERE lenght(a) > 3 INTO $upstream"
  }, "storeAndForwardConfiguration": {} }
"#;

/// Runs the command on a file of its own. Returns its output and the file's new content.
fn fmt(text: &str, arguments: &[&str]) -> (Output, String) {
    let directory = TempDir::new().unwrap();
    let path: PathBuf = directory.path().join("m.json");
    fs::write(&path, text).unwrap();
    let output = run_in(directory.path(), &[&["fmt"][..], arguments, &["m.json"]].concat(), "");
    let after = fs::read_to_string(&path).unwrap();
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "something was left beside the file");
    (output, after)
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

const FORMATTED: [&str; 2] =
    ["from /messages/* where level='hot' into $UPSTREAM", "FROM /messages/* WHERE level = 'hot' INTO $upstream"];

#[test]
fn a_file_is_formatted_in_place_and_what_stays_is_reported() {
    let (output, after) = fmt(MESSY, &[]);
    assert_eq!(after, MESSY.replace(FORMATTED[0], FORMATTED[1]));
    assert_eq!(text(&output.stdout), "");
    let reported: Vec<&str> = text(&output.stderr).lines().collect();
    assert_eq!(reported[0], "m.json:5:38: route `commented` is left unchanged: it has a comment that would be lost");
    assert!(reported[1].starts_with("m.json:6:39: route `broken` is left unchanged: error[E0"), "{reported:?}");
    assert_eq!(reported[2], "1 of 4 routes changed, in 1 of 1 file, 2 routes could not be formatted");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn check_writes_nothing_and_shows_both_texts() {
    let (output, after) = fmt(MESSY, &["--check"]);
    assert_eq!(after, MESSY);
    assert_eq!(text(&output.stdout), format!("m.json:4:13: route `messy`\n- {}\n+ {}\n\n", FORMATTED[0], FORMATTED[1]));
    assert!(
        text(&output.stderr).ends_with("1 of 4 routes would change, in 1 of 1 file, 2 routes could not be formatted\n")
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn what_is_formatted_passes_the_check() {
    let sound = MESSY.replace("lenght(a)", "length(a)");
    let (output, after) = fmt(&sound, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let (output, again) = fmt(&after, &["--check"]);
    assert_eq!((output.status.code(), text(&output.stdout), again), (Some(0), "", after));
}

#[test]
fn standard_input_goes_to_standard_output() {
    let output = run(&["fmt", "-"], MESSY);
    assert_eq!(text(&output.stdout), MESSY.replace(FORMATTED[0], FORMATTED[1]));
    assert!(text(&output.stderr).starts_with("<stdin>:5:38: "));
}

#[test]
fn what_is_no_manifest_is_left_alone() {
    let (output, after) = fmt("{ no json", &[]);
    assert_eq!(after, "{ no json");
    assert!(text(&output.stderr).starts_with("m.json:1:3: the manifest: error[E0401]"), "{}", text(&output.stderr));
    assert_eq!(output.status.code(), Some(1));
}
