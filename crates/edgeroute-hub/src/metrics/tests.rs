use super::names::MOST_OUTPUTS;
use super::*;
use crate::store::StoreStatus;

fn metrics() -> Metrics {
    Metrics::new("my-hub.azure-devices.net", "edge-1")
}

/// Returns the value of the only line that starts with the name and has all of the labels.
fn value(text: &str, name: &str, labels: &[&str]) -> Option<String> {
    let mut found = text.lines().filter(|line| {
        line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']))
            && labels.iter().all(|label| line.contains(label))
    });
    let line = found.next()?;
    assert_eq!(found.next(), None, "more than one line of {name}");
    line.rsplit_once(' ').map(|(_, value)| value.to_owned())
}

#[test]
fn a_delivery_has_the_labels_of_the_reference() {
    let metrics = metrics();
    let sensor = ClientId::module("edge-1", "sensor");
    let to = Destination::Input { module: "filter".into(), input: "in1".into() };
    metrics.received(&sensor, Some("out1"), 100);
    let level = Level::new(2).expect("a level");
    metrics.sent(&sensor, Some("out1"), &to, level, Duration::from_secs(2), Duration::from_millis(20));
    let text = metrics.encode(StoreFigures::default());
    let labels = [
        r#"from="edge-1/sensor""#,
        r#"to="edge-1/filter""#,
        r#"from_route_output="out1""#,
        r#"to_route_input="in1""#,
        r#"priority="2""#,
        r#"iothub="my-hub.azure-devices.net""#,
        r#"edge_device="edge-1""#,
        r#"instance_number=""#,
    ];
    assert_eq!(value(&text, "edgehub_messages_sent_total", &labels).as_deref(), Some("1"));
    let received = [r#"id="edge-1/sensor""#, r#"route_output="out1""#];
    assert_eq!(value(&text, "edgehub_messages_received_total", &received).as_deref(), Some("1"));
    assert_eq!(value(&text, "edgehub_message_process_duration_seconds_sum", &[]).as_deref(), Some("2.0"));
    assert_eq!(value(&text, "edgehub_message_size_bytes_sum", &[]).as_deref(), Some("100.0"));
    assert!(text.ends_with("# EOF\n"));
}

#[test]
fn outputs_that_a_client_invents_are_bounded() {
    let metrics = metrics();
    let hostile = ClientId::module("edge-1", "hostile");
    for number in 0..5_000 {
        metrics.received(&hostile, Some(&format!("out{number}")), 1);
        metrics.dropped(DropReason::NoRoute, &hostile, Some(&format!("out{number}")));
    }
    let sensor = ClientId::module("edge-1", "sensor");
    metrics.received(&sensor, Some("out1"), 1);
    let text = metrics.encode(StoreFigures::default());
    let lines = text.lines().filter(|line| line.starts_with("edgehub_messages_received_total")).count();
    assert_eq!(lines, MOST_OUTPUTS + 2);
    let rest = 5_000 - MOST_OUTPUTS;
    let other = [r#"route_output="other""#, r#"id="edge-1/hostile""#];
    assert_eq!(value(&text, "edgehub_messages_received_total", &other), Some(rest.to_string()));
    assert_eq!(value(&text, "edgehub_messages_received_total", &[r#"id="edge-1/sensor""#]).as_deref(), Some("1"));
}

#[test]
fn series_are_bounded_in_all() {
    let series = Series::new(["a", "b"], 3, counter);
    for number in 0..10 {
        series.increment([Label::from(number.to_string().as_str()), Label::EMPTY]);
    }
    assert_eq!(series.with([Label::OTHER, Label::OTHER]).get(), 7);
    assert_eq!(series.with([Label::from("2"), Label::EMPTY]).get(), 1);
}

#[test]
fn ids_that_do_not_exist_are_not_shown() {
    let metrics = metrics();
    metrics.know_ids(|id| id == "edge-1/sensor");
    metrics.connect_failed("edge-1/sensor", "wrong_key");
    metrics.connect_failed("edge-1/made-up", "unknown");
    metrics.connect_failed("\"} 1\n", "unknown");
    let text = metrics.encode(StoreFigures::default());
    let name = "edgehub_client_connect_failed_total";
    assert_eq!(value(&text, name, &[r#"id="edge-1/sensor""#, r#"reason="wrong_key""#]).as_deref(), Some("1"));
    assert_eq!(value(&text, name, &[r#"id="unknown""#]).as_deref(), Some("2"));
    assert!(!text.contains("made-up"));
}

#[test]
fn names_of_outputs_are_escaped() {
    let metrics = metrics();
    metrics.received(&ClientId::module("edge-1", "hostile"), Some("a\"} 1\nfake 2"), 1);
    let text = metrics.encode(StoreFigures::default());
    assert!(text.contains(r#"route_output="a\"} 1\nfake 2""#), "{text}");
    assert!(!text.lines().any(|line| line.starts_with("fake")));
}

#[test]
fn figures_of_the_store_are_collected() {
    let figures = StoreFigures {
        queues: vec![QueueFigures {
            destination: Destination::Upstream,
            level: Level::new(10).expect("a level"),
            length: 7,
            oldest_age: Some(Duration::from_millis(1_500)),
        }],
        status: StoreStatus { live_bytes: 10, disk_bytes: 20, writable: true, groups: 3, ..StoreStatus::default() },
    };
    let text = metrics().encode(figures);
    let queue = [r#"endpoint="$upstream""#, r#"priority="2000000000""#, r#"edge_device="edge-1""#];
    assert_eq!(value(&text, "edgehub_queue_length", &queue).as_deref(), Some("7"));
    assert_eq!(value(&text, "edgeroute_hub_queue_oldest_age_seconds", &queue).as_deref(), Some("1.5"));
    assert_eq!(value(&text, "edgeroute_hub_store_bytes", &[r#"state="disk""#]).as_deref(), Some("20"));
    assert_eq!(value(&text, "edgeroute_hub_store_groups_total", &[]).as_deref(), Some("3"));
    assert_eq!(text.matches("# EOF").count(), 1);
}

#[test]
fn every_metric_is_there_under_the_name_of_the_reference() {
    let metrics = metrics();
    let (sensor, took) = (ClientId::module("edge-1", "sensor"), Duration::from_millis(3));
    metrics.connected(&sensor);
    metrics.connected(&sensor);
    metrics.disconnected(&sensor);
    metrics.taken_over(&sensor);
    metrics.twin_read(&sensor, took);
    metrics.reported(&sensor, took);
    metrics.method("$administration", &sensor, took);
    metrics.unacknowledged("timeout", &sensor, None);
    metrics.retried("$upstream", "connect");
    metrics.went_offline(&sensor);
    metrics.back_online(&sensor, took);
    metrics.committed(16, took);
    metrics.table_version(4);
    metrics.route_hit(&"raw".into());
    let text = metrics.encode(StoreFigures::default());
    for (name, expected) in [
        ("edgehub_connected_clients", "1"),
        ("edgehub_client_connect_success_total", "2"),
        ("edgehub_client_disconnect_total", "1"),
        ("edgeroute_hub_takeovers_total", "1"),
        ("edgehub_gettwin_total", "1"),
        ("edgehub_gettwin_duration_seconds_count", "1"),
        ("edgehub_reported_properties_total", "1"),
        ("edgehub_reported_properties_update_duration_seconds_count", "1"),
        ("edgehub_direct_methods_total", "1"),
        ("edgehub_direct_method_duration_seconds_count", "1"),
        ("edgehub_messages_unack_total", "1"),
        ("edgehub_operation_retry_total", "1"),
        ("edgehub_offline_count_total", "1"),
        ("edgehub_offline_duration_seconds_count", "1"),
        ("edgeroute_hub_commit_group_size_sum", "16.0"),
        ("edgeroute_hub_commit_duration_seconds_count", "1"),
        ("edgeroute_hub_table_version", "4"),
        ("edgeroute_hub_route_hits_total", "1"),
    ] {
        assert_eq!(value(&text, name, &[]).as_deref(), Some(expected), "{name}");
    }
}

#[test]
fn output_is_ordered() {
    let metrics = metrics();
    for name in ["c", "a", "b"] {
        metrics.connected(&ClientId::device(name));
    }
    let text = metrics.encode(StoreFigures::default());
    let ids: Vec<_> = text.lines().filter(|line| line.starts_with("edgehub_client_connect_success_total")).collect();
    assert!(ids.is_sorted());
    assert_eq!(ids.len(), 3);
}
