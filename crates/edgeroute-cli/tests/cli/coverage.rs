//! End-to-end tests of `edgeroute coverage`.

use std::process::Output;

use crate::command::{self, stderr, stdout};

fn run(arguments: &[&str], input: &str) -> Output {
    let arguments = [&["coverage", "--manifest", "examples/deployment.json"][..], arguments].concat();
    command::run(&arguments, input)
}

fn examples() -> String {
    edgeroute_testkit::read("examples/messages.jsonl")
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
    assert_eq!(stderr(&output), "<stdin>:2:2: unknown key `orgin`; did you mean `origin`?\n");
    assert_eq!(output.status.code(), Some(2));
}
