//! The load tool itself: a comparison that finds nothing would prove nothing.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::Value;

use crate::tool;

fn ledgers(sent: &[(u32, u64)], received: &[(u32, u64)]) -> (tempfile::TempDir, PathBuf, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let lines = |messages: &[(u32, u64)], mut text: String| {
        for (sender, number) in messages {
            writeln!(text, r#"{{"s":{sender},"n":{number},"t":1,"i":"in1"}}"#).expect("a string");
        }
        text
    };
    let (one, two) = (directory.path().join("sent"), directory.path().join("received"));
    std::fs::write(&one, lines(sent, "{\"first\":0,\"senders\":2}\n".into())).expect("a file");
    std::fs::write(&two, lines(received, String::new())).expect("a file");
    (directory, one, two)
}

fn compared(sent: &[(u32, u64)], received: &[(u32, u64)], arguments: &[&str]) -> (Value, bool) {
    let (_directory, one, two) = ledgers(sent, received);
    let mut all = vec!["compare".to_owned(), "--sent".into(), one.display().to_string(), "--received".into()];
    all.push(two.display().to_string());
    all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
    tool::start(&all).finished()
}

#[test]
fn a_comparison_finds_what_is_wrong() {
    let sent = [(0, 0), (0, 1), (1, 0), (0, 2)];
    let (line, passed) = compared(&sent, &[(1, 0), (0, 0), (0, 1), (0, 2)], &[]);
    assert!(passed, "{line}");
    // A message whose PUBACK was lost may come, and the first delivery counts for the order.
    let (line, passed) = compared(&sent, &[(0, 0), (0, 1), (0, 0), (0, 1), (0, 2), (0, 3), (1, 0)], &[]);
    assert!(passed, "{line}");
    assert_eq!(line["duplicates"], 2);
    let (line, passed) = compared(&sent, &[(0, 0), (0, 1), (0, 0), (0, 2), (1, 0)], &["--max-duplicates", "0"]);
    assert!(!passed, "{line}");
    let (line, passed) = compared(&sent, &[(0, 0), (1, 0), (0, 2)], &[]);
    assert!(!passed && line["lost"] == 1, "{line}");
    let (line, passed) = compared(&sent, &[(0, 0), (1, 0), (0, 2), (0, 1)], &[]);
    assert!(!passed && line["disordered"] == 1, "{line}");
    let (line, passed) = compared(&sent, &[(0, 0), (1, 0), (0, 1), (0, 2), (7, 0)], &[]);
    assert!(!passed && line["unexpected"] == 1, "{line}");
    let (line, passed) = compared(&sent, &[(0, 0), (1, 0), (0, 1), (0, 2)], &["--input", "in2"]);
    assert!(!passed && line["lost"] == 4, "{line}");
}
