//! Tests the events that building and changing tables emit, and that matching emits none.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use edgeroute::{BadRoutes, Changes, RouteSet, RouteTable};
use edgeroute_lang::message::{Message, Origin};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Keeps a line for each span and event.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, metadata: &Metadata<'_>, record: impl FnOnce(&mut Line)) {
        let mut line = Line(format!("{} {}", metadata.level(), metadata.target()));
        record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    /// The lines logged while `run` ran.
    fn of(run: impl FnOnce()) -> Vec<String> {
        let log = Self::default();
        tracing::subscriber::with_default(log.clone(), run);
        let lines = log.0.lock().unwrap();
        lines.clone()
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.add(span.metadata(), |line| {
            line.0 = format!("{} span {}", line.0, span.metadata().name());
            span.record(line);
        });
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        self.add(event.metadata(), |line| event.record(line));
    }

    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

const GOOD: &str = "FROM /messages/* INTO $upstream";
const BAD: &str = "FROM /messages/* INTO $upsteam";

#[test]
fn building_a_table_reports_its_size_and_what_was_left_out() {
    let log = Log::of(|| {
        let builder = RouteTable::builder().route("good", GOOD).route("bad", BAD);
        builder.clone().bad_routes(BadRoutes::Skip).build().unwrap();
        builder.build().unwrap_err();
    });
    assert_eq!(log[0], "INFO edgeroute span build_table routes=2");
    assert!(log[1].starts_with("WARN edgeroute message=route left out route=\"bad\" code=\"E0301\""), "{log:?}");
    assert_eq!(log[2], "INFO edgeroute message=table ready routes=1 problems=1");
    assert!(log[4].starts_with("WARN edgeroute message=route refused"), "{log:?}");
    assert_eq!(log[5], "ERROR edgeroute message=table refused problems=1");
    assert_eq!(log.len(), 6, "{log:?}");
}

#[test]
fn changes_are_reported() {
    let log = Log::of(|| {
        let mut set = RouteSet::new(RouteTable::builder().route("a", GOOD)).unwrap();
        set.apply(Changes::new().add("b", GOOD).remove("a")).unwrap();
        set.apply(Changes::new().add("c", BAD)).unwrap_err();
    });
    let heads: Vec<&str> = log.iter().map(|line| line.split(" edgeroute ").nth(1).unwrap()).collect();
    assert_eq!(heads[0], "span change_routes changes=1");
    assert_eq!(heads[1], "message=table ready routes=1 problems=0");
    assert_eq!(heads[2], "span change_routes changes=2");
    assert_eq!(heads[3], "message=table ready routes=1 problems=0");
    assert!(heads[5].starts_with("message=route refused"), "{log:?}");
    assert_eq!(heads[6], "message=table refused problems=1");
}

#[test]
fn matching_reports_nothing() {
    let table = RouteTable::builder().route("all", GOOD).build().unwrap().into_table();
    let mut scratch = table.create_scratch();
    let log = Log::of(|| {
        let message = Message::new(Origin::device("d"));
        assert_eq!(table.route_with(&mut scratch, &message).len(), 1);
        assert_eq!(table.route(&message).len(), 1);
    });
    assert!(log.is_empty(), "{log:?}");
}
