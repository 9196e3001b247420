//! End-to-end tests of `edgeroute explain`.

use crate::command::run;

const EXAMPLE: [&str; 5] =
    ["explain", "--manifest", "examples/deployment.json", "--messages", "examples/messages.jsonl"];

#[track_caller]
fn stdout(arguments: &[&str], input: &[u8], code: i32) -> String {
    let output = run(arguments, input);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_message_that_goes_nowhere_is_explained() {
    let shown = stdout(&[&EXAMPLE[..], &["--line", "5"]].concat(), b"", 0);
    let expected = include_str!("explain_cases/message-5.txt");
    assert_eq!(shown, expected);
}

#[test]
fn one_route_is_explained_in_full() {
    let shown = stdout(&[&EXAMPLE[..], &["--line", "3", "--route", "alertsUpstream"]].concat(), b"", 0);
    assert_eq!(
        shown,
        "\
message 3 from /messages/modules/tempSensor

`alertsUpstream` to $upstream: source does not match: the message has `tempSensor` where the route has `filter`
  | FROM /messages/modules/filter/outputs/alert INTO $upstream
  |                        ^^^^^^ `tempSensor` in the source of the message
"
    );
}

/// The explanations and `match` must report the same deliveries.
#[test]
fn json_explains_every_message_and_agrees_with_match() {
    let shown = stdout(&[&EXAMPLE[..], &["--format", "json"]].concat(), b"", 0);
    let mut explained = Vec::new();
    for line in shown.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["routes"].as_array().unwrap().len(), 11);
        for delivery in line["deliveries"].as_array().unwrap() {
            let mut delivery = delivery.clone();
            delivery["message"] = line["message"].clone();
            explained.push(delivery);
        }
    }
    let matched = edgeroute_testkit::read("examples/deliveries.jsonl");
    let matched = matched.lines().map(|line| {
        let mut delivery: serde_json::Value = serde_json::from_str(line).unwrap();
        // An explanation does not know the settings of the hub.
        delivery.as_object_mut().unwrap().remove("effectiveTimeToLiveSecs").unwrap();
        delivery
    });
    let keys = ["message", "endpoint", "priority", "timeToLiveSecs", "route"];
    for (explained, matched) in explained.iter().zip(matched) {
        assert!(keys.iter().all(|key| explained[key] == matched[key]), "{explained} {matched}");
    }
    assert_eq!(explained.len(), 24);
    assert_eq!(shown.lines().count(), 22);
}

#[test]
fn colours_come_only_when_asked_for_or_on_a_terminal() {
    let arguments = [&EXAMPLE[..], &["--line", "5"]].concat();
    assert!(!stdout(&arguments, b"", 0).contains('\u{1b}'));
    assert!(stdout(&[&arguments[..], &["--color", "always"]].concat(), b"", 0).contains("\u{1b}[33mgoes nowhere"));
}

#[test]
fn what_cannot_be_used_is_reported() {
    let unknown = run(&[&EXAMPLE[..], &["--route", "alertUpstream"]].concat(), b"");
    let stderr = String::from_utf8(unknown.stderr).unwrap();
    assert_eq!(stderr, "edgeroute: unknown route `alertUpstream`, did you mean `alertsUpstream`?\n");
    assert_eq!(unknown.status.code(), Some(2));
    let no_line = run(&[&EXAMPLE[..], &["--line", "99"]].concat(), b"");
    assert_eq!(String::from_utf8(no_line.stderr).unwrap(), "edgeroute: no message on line 99\n");
    assert_eq!(no_line.status.code(), Some(2));
    let both = run(&["explain", "--manifest", "-"], b"");
    assert_eq!(both.status.code(), Some(2));
    // A bad line is reported, and reading continues.
    let messages = b"{\"origin\": {\"device\": 5}}\n{\"origin\": {\"device\": \"leaf-7\"}}\n";
    let bad = run(&["explain", "--manifest", "examples/deployment.json"], messages);
    let stderr = String::from_utf8(bad.stderr).unwrap();
    assert!(stderr.starts_with("<stdin>:1:23: expected a string, found the number 5; put it in quotes"), "{stderr}");
    assert!(String::from_utf8(bad.stdout).unwrap().starts_with("message 2 from /messages\n"));
    assert_eq!(bad.status.code(), Some(2));
}

#[test]
fn what_a_message_holds_does_not_reach_the_terminal() {
    let messages = "{\"origin\": {\"device\": \"d\\u001b[2J\", \"module\": \"\\u001b[31m\u{202e}\"}, \"properties\": {\"battery\": \"\\u001b]0;x\\u0007\"}}";
    let shown = stdout(&["explain", "--manifest", "examples/deployment.json"], messages.as_bytes(), 0);
    assert!(
        shown.chars().all(|character| character == '\n' || !character.is_control() && character != '\u{202e}'),
        "{shown}"
    );
}

#[test]
fn the_readme_shows_a_part_of_what_is_printed() {
    let readme = include_str!("../../../../README.md");
    let shown = readme.split("```text\n").find(|block| block.starts_with("`hotReadingsUpstream`")).unwrap();
    assert!(include_str!("explain_cases/message-5.txt").contains(shown.split("```").next().unwrap()));
}
