//! End-to-end tests of `edgeroute coverage`.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::thread;

fn run(arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_edgeroute"));
    command.args(["coverage", "--manifest", "examples/deployment.json"]).args(arguments);
    command.current_dir(edgeroute_testkit::repository());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn examples() -> String {
    std::fs::read_to_string(edgeroute_testkit::repository().join("examples/messages.jsonl")).unwrap()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

#[test]
fn a_few_messages_leave_routes_that_never_matched() {
    let input: String = examples().lines().take(6).map(|line| line.to_owned() + "\n").collect();
    let output = run(&["--list", "1", "--strict"], &input);
    assert_eq!(
        stdout(&output),
        "\
4 of 6 messages delivered (4 deliveries); 2 went nowhere

route                     matched  delivered
sensorToFilter                  1          1
readingsToModel                 1          1
alertsUpstream                  0          0  never matched: 6 from other sources
anomaliesUpstream               0          0  never matched: 6 from other sources
scoresToStore                   0          0  never matched: 6 from other sources
hotReadingsUpstream             1          1
leafCriticalToNotifier          0          0  never matched: 6 false
leafBatteryToNotifier           0          0  never matched: 6 undefined (message 1: the message has no property `battery`)
leafTelemetryUpstream           0          0  never matched: 6 false
firmwareChangesToStore          0          0  never matched: 6 from other sources
heartbeatsUpstream              1          1

went nowhere
  1 message from /messages/modules/filter/outputs/readings
  1 message from /messages/modules/tempSensor/outputs/diagnostics
  message 2 from /messages/modules/tempSensor/outputs/diagnostics: `heartbeatsUpstream` is undefined (the message has no property `kind`), `leafBatteryToNotifier` is undefined (the message has no property `battery`), `leafCriticalToNotifier` is false, 1 more false
  and 1 more
"
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn all_messages_reach_every_route() {
    let output = run(&["--messages", "examples/messages.jsonl"], "");
    let lines: Vec<&str> = stdout(&output).lines().collect();
    assert_eq!(lines[0], "18 of 22 messages delivered (24 deliveries); 4 went nowhere");
    assert_eq!(lines[8], "hotReadingsUpstream             3          1");
    assert!(!stdout(&output).contains("never"), "{}", stdout(&output));
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(run(&["--strict"], "").status.code(), Some(1));
}

#[test]
fn json_has_the_counts_that_match_gives() {
    let output = run(&["--format", "json"], &examples());
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let deliveries = include_str!("../../../../examples/deliveries.jsonl");
    for route in report["routes"].as_array().unwrap() {
        let name = format!("\"route\":{}", route["name"]);
        let delivered = deliveries.lines().filter(|line| line.contains(&name)).count();
        assert_eq!(route["delivered"], delivered, "{name}");
    }
    assert_eq!((&report["messages"], &report["deliveries"]), (&22.into(), &deliveries.lines().count().into()));
    let nowhere = &report["nowhere"];
    assert_eq!((&nowhere["messages"], &nowhere["first"][1]["message"]), (&4.into(), &5.into()));
    assert_eq!(nowhere["first"][1]["why"][0]["note"]["code"], "content-type");
}

#[test]
fn a_bad_line_is_reported_and_the_rest_is_counted() {
    let output = run(&[], "{\"origin\": {\"device\": \"leaf-7\"}}\n{\"orgin\": {}}\n");
    assert!(
        stdout(&output).starts_with("1 of 1 message delivered (1 delivery); 0 went nowhere\n"),
        "{}",
        stdout(&output)
    );
    let stderr = std::str::from_utf8(&output.stderr).unwrap();
    assert_eq!(stderr, "<stdin>:2:2: unknown key `orgin`; did you mean `origin`?\n");
    assert_eq!(output.status.code(), Some(2));
}
