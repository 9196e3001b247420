//! Changes routes while messages flow, with one writer, several workers, and no lock between them.
//!
//! The writer owns the routes and publishes each new table through `arc-swap`. A worker loads the current table for
//! each message. Every change in this example replaces two routes together, and the workers check that they never see
//! one change without the other.
//!
//! `cargo run --example reload`
#![expect(clippy::print_stdout, reason = "it shows what it finds")]

use std::error::Error;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use edgeroute::{Changes, Message, Origin, RouteSet, RouteTable};

const WORKERS: usize = 3;
const TIME: Duration = Duration::from_millis(500);

/// State shared by the workers and the writer.
struct Hub {
    table: ArcSwap<RouteTable>,
    is_closing: AtomicBool,
    routed: AtomicU64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let fixed = (0..1_000).fold(RouteTable::builder(), |builder, number| {
        builder.route(format!("device-{number}"), format!("FROM /messages/* WHERE device = '{number}' INTO $upstream"))
    });
    let pair = ["left", "right"].into_iter().fold(fixed, |builder, name| builder.route(name, route_of(name, 0)));
    let mut routes = RouteSet::new(pair)?;
    let hub = Hub {
        table: ArcSwap::from_pointee(routes.table().clone()),
        is_closing: AtomicBool::new(false),
        routed: AtomicU64::new(0),
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(|| work(&hub))).collect();
        let changes = change(&hub, &mut routes);
        hub.is_closing.store(true, Ordering::Relaxed);
        for worker in workers {
            worker.join().map_err(|_| "a worker panicked")??;
        }
        println!("{} changes while {} messages were routed", changes?, hub.routed.load(Ordering::Relaxed));
        Ok(())
    })
}

/// Returns a route whose endpoint contains its generation.
fn route_of(name: &str, generation: u32) -> String {
    format!("FROM /messages/* INTO BrokeredEndpoint(\"/modules/{name}/inputs/{generation}\")")
}

/// Runs the writer: changes routes until the time is over. Returns the number of changes.
fn change(hub: &Hub, routes: &mut RouteSet) -> Result<u32, edgeroute::CompileError> {
    let end = Instant::now() + TIME;
    let mut generation = 0;
    while Instant::now() < end {
        generation += 1;
        let changes = Changes::new()
            .replace(("left", route_of("left", generation)))
            .replace(("right", route_of("right", generation)))
            .set(("spare", format!("FROM /messages/* WHERE device = '{generation}' INTO $upstream")));
        hub.table.store(routes.apply(changes)?.into());

        // A bad change is refused, and the error reports all its problems. The workers continue as before.
        let bad =
            Changes::new().replace(("left", "FROM /messages/* WHERE a > 5 INTO $upstream")).remove("no such route");
        if let Err(error) = routes.apply(bad)
            && generation == 1
        {
            println!("refused:\n{error:#}\n");
        }
        thread::sleep(Duration::from_micros(200));
    }
    Ok(generation)
}

/// Runs a worker: routes messages with the current table.
fn work(hub: &Hub) -> Result<(), String> {
    let mut scratch = hub.table.load().create_scratch();
    let properties = [("site", "plant-1")];
    let message = Message::new(Origin::module("edge-1", "sensor").output("temp")).properties(&properties);
    let mut newest = 0;
    while !hub.is_closing.load(Ordering::Relaxed) {
        let table = hub.table.load();
        // Does nothing unless the table is new. Otherwise keeps the memory for the parts that did not change.
        table.adapt_scratch(&mut scratch);
        let generations: Vec<u32> = table
            .route_with(&mut scratch, &message)
            .filter_map(|delivery| delivery.input_name()?.parse().ok())
            .collect();
        match generations[..] {
            [left, right] if left == right && left >= newest => newest = left,
            _ => return Err(format!("generations {generations:?} after {newest}")),
        }
        hub.routed.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}
