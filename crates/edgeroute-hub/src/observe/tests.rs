use edgeroute::{Origin, OwnedMessage};

use super::*;
use crate::clock::Timestamp;

fn message(module: &str, body: impl Into<Vec<u8>>) -> Arc<Message> {
    let content = OwnedMessage::new(Origin::module("edge-1", module).output("out1"))
        .with_system_property("messageId", "m-1")
        .with_body(body);
    Arc::new(Message { sender: ClientId::module("edge-1", module), received: Timestamp(5), content })
}

fn input(name: &str) -> Destination {
    Destination::Input { module: "filter".into(), input: name.into() }
}

fn stored(sequence: Sequence, inputs: &[&str]) -> Fate {
    let taken = inputs.iter().map(|name| Taken {
        route: format!("to-{name}").into(),
        destination: input(name),
        level: Level::new(10).expect("a level"),
    });
    Fate::Stored { sequence, taken: taken.collect() }
}

fn record(observer: &Observer, message: &Arc<Message>, fate: Fate) {
    observer.message(&message.sender, Some(message), fate);
}

fn states(observer: &Observer, id: u64) -> Vec<Progress> {
    observer.find(id).expect("it is recent").0.deliveries.iter().map(|delivery| delivery.state).collect()
}

#[test]
fn a_message_shows_where_each_of_its_deliveries_is() {
    let observer = Observer::default();
    record(&observer, &message("sensor", "{\"t\":1}"), stored(40, &["a", "b", "c"]));
    assert_eq!(states(&observer, 1), [Progress::Pending; 3]);
    observer.event(Event::Delivered { sequence: 40, destination: input("b") });
    observer.event(Event::Lost { sequence: 40, destination: input("c"), reason: DropReason::TimeToLive });
    assert_eq!(states(&observer, 1), [Progress::Pending, Progress::Delivered, Progress::Expired]);
    let (summary, content) = observer.find(1).expect("it is recent");
    assert_eq!(summary.source.as_deref(), Some("/messages/modules/sensor/outputs/out1"));
    assert_eq!(summary.preview.as_deref(), Some("{\"t\":1}"));
    assert_eq!(summary.message_id.as_deref(), Some("m-1"));
    assert_eq!(content.expect("it fits").content.body(), b"{\"t\":1}");
    assert_eq!(observer.id_of(40), Some(1));
    assert_eq!(observer.id_of(41), None);
}

#[test]
fn a_delivery_that_is_faster_than_the_record_is_not_pending_for_ever() {
    let observer = Observer::default();
    observer.event(Event::Delivered { sequence: 7, destination: input("a") });
    record(&observer, &message("sensor", ""), stored(7, &["a", "b"]));
    assert_eq!(states(&observer, 1), [Progress::Delivered, Progress::Pending]);
}

#[test]
fn deliveries_of_unknown_messages_are_bounded() {
    let observer = Observer::default();
    for sequence in 0..10 * u64::try_from(MOST_EARLY).expect("it fits") {
        observer.event(Event::Delivered { sequence, destination: input("a") });
    }
    assert_eq!(observer.recent().early.len(), MOST_EARLY);
}

#[test]
fn messages_are_found_by_id_and_sender() {
    let observer = Observer::default();
    for number in 0..6 {
        let module = if number % 2 == 0 { "sensor" } else { "filter" };
        record(&observer, &message(module, ""), stored(number, &["a"]));
    }
    let ids = |query: Query| observer.messages(&query).iter().map(|summary| summary.id).collect::<Vec<_>>();
    assert_eq!(ids(Query { limit: 2, ..Query::default() }), [5, 6]);
    assert_eq!(ids(Query { since: 1, limit: 2, ..Query::default() }), [2, 3]);
    let sender = Some("sensor".to_owned());
    assert_eq!(ids(Query { sender: sender.clone(), limit: 9, ..Query::default() }), [1, 3, 5]);
    assert_eq!(ids(Query { sender, since: 1, limit: 9 }), [3, 5]);
    let sender = Some("edge-1/filter".to_owned());
    assert_eq!(ids(Query { sender, limit: 1, ..Query::default() }), [6]);
    assert_eq!(ids(Query { since: u64::MAX, limit: 1, ..Query::default() }), [0_u64; 0]);
    assert!(observer.find(0).is_none() && observer.find(7).is_none() && observer.find(u64::MAX).is_none());
}

#[test]
fn bodies_go_first_and_then_messages() {
    let observer = Observer::default();
    let large = message("sensor", vec![b'x'; 1024 * 1024]);
    for sequence in 1..=40 {
        record(&observer, &large, stored(sequence, &["a"]));
    }
    assert!(observer.recent().messages.bytes() <= MOST_BYTES);
    let (old, content) = observer.find(1).expect("it is recent");
    assert_eq!((old.size > 1024 * 1024, content), (true, None));
    assert!(observer.find(40).expect("it is recent").1.is_some());

    let small = message("sensor", "");
    let most = u64::try_from(MOST_MESSAGES).expect("it fits");
    for sequence in 41..=most + 40 {
        record(&observer, &small, stored(sequence, &["a"]));
    }
    assert!(observer.find(40).is_none());
    assert!(observer.find(41).is_some());
    assert_eq!(observer.recent().by_sequence.len(), MOST_MESSAGES);
}

#[test]
fn messages_with_very_many_deliveries_are_bounded_too() {
    let observer = Observer::default();
    let names: Vec<String> = (0..1_000).map(|number| number.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for sequence in 1..=1_000 {
        record(&observer, &message("sensor", ""), stored(sequence, &names));
    }
    let recent = observer.recent();
    assert!(recent.messages.bytes() <= MOST_BYTES);
    assert!(recent.by_sequence.len() < 1_000);
    assert_eq!(recent.hits.get("to-0"), Some(&1_000));
}

#[test]
fn what_cannot_be_read_is_shown_with_its_reason() {
    let observer = Observer::default();
    let detail = format!("bad escape: {}", "ä".repeat(1_000));
    let sender = ClientId::module("edge-1", "sensor");
    observer.message(&sender, None, Fate::Dropped { reason: DropReason::Malformed, detail });
    let (summary, _) = observer.find(1).expect("it is recent");
    let dropped = summary.dropped.expect("it was dropped");
    assert_eq!(dropped.reason, DropReason::Malformed);
    assert!(dropped.detail.starts_with("bad escape: ä") && dropped.detail.len() <= 512);
}

#[test]
fn previews_end_between_characters_and_are_text() {
    let observer = Observer::default();
    record(&observer, &message("sensor", format!("x{}", "ä".repeat(200))), stored(1, &[]));
    record(&observer, &message("sensor", [0xff, 0xfe]), stored(2, &[]));
    let preview = |id| observer.find(id).expect("it is recent").0.preview;
    assert_eq!(preview(1).map(|text| text.len()), Some(159));
    assert_eq!(preview(2), None);
}

#[tokio::test]
async fn slow_readers_learn_that_they_missed_some() {
    let observer = Observer::default();
    let (mut notices, mut whole) = (observer.notices(), observer.record());
    let sent = message("sensor", "");
    for sequence in 0..2_000 {
        record(&observer, &sent, stored(sequence, &["a"]));
    }
    let missed = notices.recv().await;
    assert!(matches!(missed, Err(broadcast::error::RecvError::Lagged(976))), "{missed:?}");
    let Ok(Notice::Message(summary)) = notices.recv().await else { panic!("the next is a message") };
    assert_eq!(summary.id, 977);
    assert!(matches!(whole.recv().await, Err(broadcast::error::RecvError::Lagged(_))));
}

#[tokio::test]
async fn events_are_passed_on() {
    let observer = Observer::default();
    let mut notices = observer.notices();
    record(&observer, &message("sensor", ""), stored(3, &["a"]));
    observer.event(Event::Delivered { sequence: 3, destination: input("a") });
    observer.event(Event::Delivered { sequence: 2, destination: input("a") });
    observer.event(Event::Reloaded { routes: 4 });
    observer.upstream(&message("sensor", ""));
    assert!(matches!(notices.recv().await, Ok(Notice::Message(_))));
    let delivery = notices.recv().await;
    assert!(matches!(delivery, Ok(Notice::Delivery { id: 1, state: Progress::Delivered, .. })), "{delivery:?}");
    let Ok(Notice::Event(event)) = notices.recv().await else { panic!("the next is the event") };
    let json = serde_json::to_value(&*event).expect("it is written");
    assert_eq!(json, serde_json::json!({ "kind": "reloaded", "routes": 4 }));
    assert!(matches!(notices.recv().await, Ok(Notice::Upstream(1))));
}

#[test]
fn the_last_thousand_messages_that_went_upstream_are_kept() {
    let observer = Observer::default();
    for number in 0..1_500 {
        observer.upstream(&message("sensor", number.to_string()));
    }
    let all = observer.upstream_after(0, usize::MAX);
    assert_eq!((all.len(), all[0].id), (MOST_UPSTREAM, 501));
    let last = observer.upstream_after(0, 1);
    assert_eq!(last[0].message.as_ref().expect("it fits").content.body(), b"1499");
    assert_eq!(observer.upstream_after(1_498, 9).len(), 2);
}
