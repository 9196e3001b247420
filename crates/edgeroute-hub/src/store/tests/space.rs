//! Case 27: the space on the disk returns.

use super::*;

const MIB: u64 = 1024 * 1024;

/// Sends messages through the store: one receiver takes all, another is absent and holds the first.
fn pass_through(store: &Store, count: u64) {
    let (present, absent) = (store.queue(&input("present")), store.queue(&Destination::Upstream));
    put(store, message(0, 400), vec![delivery(present, 0), delivery(absent, 0)]);
    let mut sent = 1;
    let mut after = None;
    let mut peak = 0;
    let started = Instant::now();
    while sent < count {
        let outcomes: Vec<_> = (0..1_000.min(count - sent))
            .map(|n| send(store, message(sent + n, 400), vec![delivery(present, 0)]))
            .collect();
        sent += u64::try_from(outcomes.len()).expect("a number");
        assert!(outcomes.iter().all(|it| matches!(it.recv_timeout(PATIENCE), Ok(Outcome::Stored(_)))));
        let entries = store.entries(present, level(0), after, 5_000).expect("read");
        after = entries.last().map(|entry| entry.sequence).or(after);
        store.remove(entries, Removal::Delivered);
        if sent % 50_000 < 1_000 {
            peak = peak.max(store.handle.shared.engine().expect("open").disk_bytes());
        }
    }
    store.flush();
    let status = store.status();
    println!(
        "{count} messages in {:?}, {} a group, at most {} KiB on the disk",
        started.elapsed(),
        status.submissions / status.groups.max(1),
        peak / 1024
    );
    assert_eq!(status.messages, 1);
}

fn check_space(store: &Store) {
    let live = store.status().live_bytes;
    eventually("the space returns", || store.handle.shared.engine().expect("open").disk_bytes() <= 2 * live + 64 * MIB);
    println!("{live} live bytes, {} KiB on the disk", store.handle.shared.engine().expect("open").disk_bytes() / 1024);
}

#[test]
fn the_space_of_removed_messages_returns() {
    let store = Store::ephemeral(&options(Path::new("unused"))).expect("it opens");
    pass_through(&store, 150_000);
    check_space(&store);
}

#[test]
fn the_space_of_a_removed_backlog_returns() {
    let store = Store::ephemeral(&options(Path::new("unused"))).expect("it opens");
    let queue = store.queue(&input("a"));
    let outcomes: Vec<_> = (0..40_000).map(|n| send(&store, message(n, 4_000), vec![delivery(queue, 0)])).collect();
    assert!(outcomes.iter().all(|it| matches!(it.recv_timeout(PATIENCE), Ok(Outcome::Stored(_)))));
    assert!(store.handle.shared.engine().expect("open").disk_bytes() > 150 * MIB);
    assert_eq!(store.clear(queue), 40_000);
    store.flush();
    assert_eq!(store.status().live_bytes, 0);
    check_space(&store);
}

#[test]
#[ignore = "takes minutes: case 27 in full"]
fn a_million_messages_leave_no_garbage() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = Store::open(&options(directory.path())).expect("it opens");
    pass_through(&store, 1_000_000);
    check_space(&store);
    drop(store);
    let started = Instant::now();
    let store = Store::open(&options(directory.path())).expect("it opens");
    println!("opened in {:?}", started.elapsed());
    check_space(&store);
}

#[test]
#[ignore = "a measurement"]
fn groups_of_different_sizes() {
    for in_flight in [1_usize, 16, 64, 256, 1_024, 4_096] {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::open(&options(directory.path())).expect("it opens");
        let (a, b) = (store.queue(&input("a")), store.queue(&Destination::Upstream));
        let mut outcomes = std::collections::VecDeque::new();
        let started = Instant::now();
        let mut sent = 0_u64;
        while started.elapsed() < Duration::from_secs(4) {
            while outcomes.len() < in_flight {
                outcomes.push_back(send(&store, message(sent, 400), vec![delivery(a, 0), delivery(b, 10)]));
                sent += 1;
            }
            outcomes.pop_front().expect("one").recv_timeout(PATIENCE).expect("an outcome");
        }
        let rate = f64::from(u32::try_from(sent).expect("a number")) / started.elapsed().as_secs_f64();
        let status = store.status();
        println!("{in_flight} in flight: {rate:.0} messages/s, {} a group", status.submissions / status.groups.max(1));
    }
}
