//! Tests readers that route while a writer changes the routes: each message must be matched against exactly one
//! complete table.
//!
//! Tables share segments, and a change marks routes as removed in segments that tables in use still have. So before a
//! table is published, its answers are computed with a table built from the same routes at once. Every reader that
//! loads it must get these answers, whatever the writer has done since. The only mutable shared memory is one atomic
//! version per route (`src/table/segment.rs`); everything else is immutable.
//!
//! `EDGEROUTE_SECONDS=120 cargo test --release --test engine concurrency` runs for that long.

use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use edgeroute::{Changes, Delivery, RouteSet, RouteTable, RouteTableBuilder, Scratch};
use edgeroute_lang::message::{Message, Origin};

const READERS: usize = 3;
const LEVELS: [&str; 4] = ["debug", "info", "error", "critical"];

/// A published table, and its expected answer to each of the messages.
struct Published {
    table: RouteTable,
    answers: Vec<Vec<String>>,
}

/// The routes as they are declared: name and text.
type Declared = Vec<(String, String)>;

/// The text of the `number`th route after this many changes.
fn text(number: usize, changes: usize) -> String {
    let source = ["/messages/*", "/messages/modules/m1/*", "/messages/modules/m1/outputs/o"][number % 3];
    let level = LEVELS[(number + changes) % 4];
    let condition = match (number + changes) % 5 {
        0 => format!("level = '{level}'"),
        1 => format!("level = '{level}' or as_number(temp) > {}", changes % 50),
        2 => format!("starts_with(site, 'plant{}')", changes % 3),
        3 => format!("level != '{level}' and is_defined(site)"),
        _ => format!("$body.n = {}", changes % 4),
    };
    format!("FROM {source} WHERE {condition} INTO BrokeredEndpoint('/modules/w/inputs/i{}')", (number + changes) % 40)
}

fn properties(number: usize) -> [(&'static str, String); 3] {
    [
        ("level", LEVELS[number % 4].to_owned()),
        ("temp", (number % 60).to_string()),
        ("site", format!("plant{}", number % 4)),
    ]
}

const SYSTEM: [(&str, &str); 2] = [("contentType", "application/json"), ("contentEncoding", "utf-8")];

fn answer(table: &RouteTable, scratch: &mut Scratch, number: usize) -> Vec<String> {
    let properties = properties(number);
    let origin = [Origin::device("leaf"), Origin::module("edge", "m1"), Origin::module("edge", "m1").output("o")];
    let body = format!(r#"{{"n": {}}}"#, number % 5);
    let message =
        Message::new(origin[number % 3]).properties(&properties).system_properties(&SYSTEM).body(body.as_bytes());
    let shown = |delivery: Delivery<'_>| format!("{} -> {}", delivery.route(), delivery.endpoint());
    table.route_with(scratch, &message).map(shown).collect()
}

const MESSAGES: usize = 60;

fn published(set: &RouteSet, routes: &Declared) -> Arc<Published> {
    let builder = routes.iter().fold(RouteTable::builder(), |builder, (name, text)| builder.route(name, text));
    let fresh = builder.build().unwrap();
    let mut scratch = fresh.create_scratch();
    let answers = (0..MESSAGES).map(|number| answer(&fresh, &mut scratch, number)).collect();
    Arc::new(Published { table: set.table().clone(), answers })
}

/// Changes one route after the other, publishing each table, for the given time and at least this many times.
fn write(
    mut set: RouteSet,
    mut routes: Declared,
    shared: &ArcSwap<Published>,
    at_least: usize,
    time: Duration,
) -> usize {
    let start = Instant::now();
    let mut changes = 0;
    while changes < at_least || start.elapsed() < time {
        changes += 1;
        let number = changes * 7 % routes.len();
        let change = match changes % 4 {
            0 if routes.len() > 20 => {
                let (name, _) = routes.remove(number);
                Changes::new().remove(name)
            }
            1 => {
                let (name, text) = (format!("new{changes}"), text(number, changes));
                routes.push((name.clone(), text.clone()));
                Changes::new().add((name, text))
            }
            _ => {
                routes[number].1 = text(number, changes);
                Changes::new().replace((&routes[number].0, &routes[number].1))
            }
        };
        set.apply(change).unwrap();
        shared.store(published(&set, &routes));
    }
    changes
}

#[test]
fn readers_judge_each_message_by_one_whole_table_while_routes_change() {
    let seconds = env::var("EDGEROUTE_SECONDS").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(0);
    for count in [12, 120] {
        let routes: Declared = (0..count).map(|number| (format!("r{number}"), text(number, 0))).collect();
        let builder: RouteTableBuilder =
            routes.iter().fold(RouteTable::builder(), |builder, (name, text)| builder.route(name, text));
        let set = RouteSet::new(builder).unwrap();
        let shared = ArcSwap::from(published(&set, &routes));
        let (done, judged, seen) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
        let changes = thread::scope(|scope| {
            for reader in 0..READERS {
                let (shared, done, judged, seen) = (&shared, &done, &judged, &seen);
                scope.spawn(move || {
                    let mut current = shared.load_full();
                    let mut scratch = current.table.create_scratch();
                    let mut number = reader;
                    while !done.load(Ordering::Relaxed) {
                        // Keeps one table for a while, so that the writer changes what it shares with others.
                        for _ in 0..MESSAGES / 4 {
                            number = (number + 1) % MESSAGES;
                            assert_eq!(answer(&current.table, &mut scratch, number), current.answers[number]);
                            judged.fetch_add(1, Ordering::Relaxed);
                        }
                        let next = shared.load_full();
                        if !Arc::ptr_eq(&current, &next) {
                            seen.fetch_add(1, Ordering::Relaxed);
                            current = next;
                            current.table.adapt_scratch(&mut scratch);
                        }
                    }
                });
            }
            // A failing reader ends the test here, so the writer must end before it.
            let changes = write(set, routes, &shared, 150, Duration::from_secs(seconds));
            done.store(true, Ordering::Relaxed);
            changes
        });
        let (judged, seen) = (judged.into_inner(), seen.into_inner());
        println!("{count} routes: {changes} changes, {judged} messages judged, {seen} new tables seen by readers");
        assert!(judged > MESSAGES && seen > 1, "{judged} messages judged, {seen} new tables seen");
    }
}
