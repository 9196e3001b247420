//! Checks that the pictures in the README are what the command draws for the example, and that it draws in every form.

use std::process::Command;

const EXAMPLE: &str = "examples/deployment.json";

fn graph(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_edgeroute"))
        .arg("graph")
        .args(["--manifest", EXAMPLE])
        .args(arguments)
        .current_dir(edgeroute_testkit::repository())
        .output()
        .expect("the command runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn the_pictures_of_the_example_are_fresh() {
    let readme = edgeroute_testkit::read("README.md");
    for (name, arguments) in
        [("docs/topology.svg", &["--format", "svg"][..]), ("docs/tree.svg", &["--tree", "--format", "svg"])]
    {
        assert!(readme.contains(name), "README.md does not show {name}");
        let is_fresh = edgeroute_testkit::read(name) == graph(arguments);
        assert!(is_fresh, "{name} is stale: run `cargo xtask docs`, look at it and commit it");
    }
}

#[test]
fn both_pictures_are_drawn_in_every_form() {
    for (format, start) in [("dot", "digraph routes {"), ("mermaid", "flowchart LR"), ("svg", "<svg ")] {
        for tree in [&[][..], &["--tree"]] {
            let drawn = graph(&[&["--format", format], tree].concat());
            assert!(drawn.starts_with(start), "{drawn}");
            assert!(drawn.contains("leafBatteryToNotifier"), "{drawn}");
        }
    }
}

#[test]
fn the_topology_is_printed_as_text_with_its_loops() {
    let text = graph(&[]);
    assert!(
        text.starts_with("11 routes between 5 modules\n  tempSensor/temperatureOutput -> filter/raw: sensorToFilter\n")
    );
    assert!(text.contains("  filter/alert -> $upstream: alertsUpstream (priority 0)\n"), "{text}");
    assert!(text.ends_with("loop: notifier -leafBatteryToNotifier-> notifier\n"), "{text}");
}
