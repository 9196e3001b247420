//! Readers that route while a writer changes the routes: every interleaving, and every value that a relaxed load may see.
//!
//! The only thing that tables share and that changes is one atomic version for each route (`src/table/segment.rs`). Here
//! loom replaces it, and tries all executions that the memory model of C11 allows, up to a bound on preemptions. A reader
//! gets a table as hubs do, by one release and one acquire, and must find exactly the answers of that table.
//!
//!     RUSTFLAGS="--cfg loom" cargo test --release --manifest-path loom/Cargo.toml
#![cfg(loom)]
#![forbid(unsafe_code)]

use std::sync::Arc as StdArc;
use std::sync::atomic::AtomicUsize as StdAtomicUsize;

use edgeroute::{Changes, Message, Origin, RouteSet, RouteTable};
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;

/// The tables that there have been, and how many are published.
struct Shared {
    tables: Vec<Mutex<Option<RouteTable>>>,
    published: AtomicUsize,
}

impl Shared {
    fn new(changes: usize, first: &RouteTable) -> Arc<Self> {
        let mut tables: Vec<Mutex<Option<RouteTable>>> = vec![Mutex::new(Some(first.clone()))];
        tables.extend((0..changes).map(|_| Mutex::new(None)));
        Arc::new(Self { tables, published: AtomicUsize::new(1) })
    }

    fn publish(&self, table: &RouteTable) {
        let number = self.published.load(Ordering::Relaxed);
        *self.tables[number].lock().unwrap() = Some(table.clone());
        self.published.store(number + 1, Ordering::Release);
    }

    /// The newest table, and which it is.
    fn newest(&self) -> (usize, RouteTable) {
        let number = self.published.load(Ordering::Acquire) - 1;
        let table = self.tables[number].lock().unwrap().clone();
        (number, table.expect("it was published"))
    }
}

/// The names of the routes that take a message with these levels.
fn takers(table: &RouteTable) -> Vec<String> {
    let properties = [("level", "critical")];
    let message = Message::new(Origin::device("leaf")).properties(&properties);
    table.route(&message).into_iter().map(|delivery| delivery.route().to_owned()).collect()
}

fn route(input: &str) -> String {
    format!("FROM /messages/* WHERE level = 'critical' INTO BrokeredEndpoint('/modules/m/inputs/{input}')")
}

/// What each change does, and who takes the message after it.
type Step = (fn(Changes) -> Changes, &'static [&'static str]);

/// Checks that readers find of every table they get what it has to answer, however they are interleaved with the writer.
fn check(readers: usize, looks: usize, steps: &'static [Step]) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    let executions = StdArc::new(StdAtomicUsize::new(0));
    let counted = StdArc::clone(&executions);
    model.check(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        // No change compiles all routes anew, or there would be nothing that tables share.
        let budgets = edgeroute_lang::limits::Budgets::default().with_whole(0);
        let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
        let builder = names.iter().fold(RouteTable::builder().budgets(budgets).hash_seed(1), |builder, name| {
            let text = if matches!(*name, "a" | "b") { route(name) } else { "FROM /x INTO $upstream".to_owned() };
            builder.route(*name, text)
        });
        let mut set = RouteSet::new(builder).unwrap();
        let shared = Shared::new(steps.len(), set.table());
        let expected = |number: usize| number.checked_sub(1).map_or(["a", "b"].as_slice(), |step| steps[step].1);
        let readers: Vec<_> = (0..readers)
            .map(|_| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    let (number, table) = shared.newest();
                    for _ in 0..looks {
                        assert_eq!(takers(&table), expected(number), "by table {number}");
                    }
                })
            })
            .collect();
        for (change, _) in steps {
            set.apply(change(Changes::new())).unwrap();
            shared.publish(set.table());
        }
        readers.into_iter().for_each(|reader| reader.join().unwrap());
    });
    let executions = executions.load(Ordering::Relaxed);
    println!("{readers} readers, {} changes: {executions} executions", steps.len());
    assert!(executions > 20, "{executions} executions");
}

#[test]
fn a_reader_never_sees_a_removal_of_a_later_table() {
    check(1, 2, &[(|changes| changes.remove("a"), &["b"]), (|changes| changes.remove("b"), &[])]);
}

#[test]
fn a_replaced_route_is_there_once_before_and_after() {
    check(1, 2, &[(|changes| changes.replace(("a", route("other"))), &["a", "b"])]);
}

#[test]
fn two_readers_hold_on_to_different_tables() {
    check(2, 1, &[(|changes| changes.remove("a"), &["b"])]);
}
