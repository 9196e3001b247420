//! Case 19: times to live.

use super::*;

const MINUTE: u64 = 60_000;

fn expiring(queue: QueueId, expires: Timestamp) -> NewDelivery {
    NewDelivery { queue, level: level(0), expires }
}

#[test]
fn what_expires_leaves_its_queue() {
    let directory = tempfile::tempdir().expect("a directory");
    let options = options(directory.path());
    let clock = options.clock.clone();
    let store = Store::open(&options).expect("it opens");
    let lost = losses(&store);
    let (a, b) = (store.queue(&input("a")), store.queue(&input("b")));
    let now = clock.now();
    let (soon, late) = (now.plus_millis(2 * MINUTE), now.plus_millis(60 * MINUTE));
    let mixed = put(&store, message(1, 10), vec![expiring(a, soon), expiring(b, late)]);
    let stays = put(&store, message(2, 10), vec![expiring(a, late)]);
    let goes = put(&store, message(3, 10), vec![expiring(a, soon)]);
    assert_eq!(waiting(&store, a, 0), [mixed, stays, goes]);
    clock.shift(3 * 60_000);
    eventually("they expire", || lost.lock().expect("a lock").len() == 2);
    let lost: Vec<_> = lost.lock().expect("a lock").iter().map(|(it, why)| (it.queue, it.sequence, *why)).collect();
    assert_eq!(lost, [(a, mixed, Removal::Expired), (a, goes, Removal::Expired)]);
    assert_eq!((waiting(&store, a, 0), waiting(&store, b, 0)), (vec![stays], vec![mixed]));
    assert!(store.message(mixed).expect("read").is_some(), "one delivery is left");
    assert_eq!(store.message(goes).expect("read"), None);
    assert_eq!(store.status().messages, 2);
}

#[test]
fn the_time_without_power_counts() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut options = options(directory.path());
    let store = Store::open(&options).expect("it opens");
    let queue = store.queue(&input("a"));
    put(&store, message(1, 10), vec![expiring(queue, options.clock.now().plus_millis(60 * MINUTE))]);
    drop(store);
    options.clock = Clock::default();
    options.clock.shift(120 * 60_000);
    let store = Store::open(&options).expect("it opens");
    eventually("it expires", || store.status().messages == 0);
    assert_eq!(store.status().live_bytes, 0, "its space returns");
}

#[test]
fn the_clock_goes_on_from_the_newest_record() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut options = options(directory.path());
    options.clock.shift(1_000 * 60_000);
    let store = Store::open(&options).expect("it opens");
    let queue = store.queue(&input("a"));
    put(&store, message(1, 10), vec![delivery(queue, 0)]);
    let stored = options.clock.now();
    drop(store);
    options.clock = Clock::default();
    let store = Store::open(&options).expect("it opens");
    assert!(options.clock.now().plus_millis(MINUTE) > stored, "it is not long before");
    drop(store);
}

#[test]
fn a_jump_of_the_clock_moves_the_expiry_of_what_was_stored_before() {
    let directory = tempfile::tempdir().expect("a directory");
    let options = options(directory.path());
    let clock = options.clock.clone();
    let store = Store::open(&options).expect("it opens");
    let lost = losses(&store);
    let queue = store.queue(&input("a"));
    let expires = clock.now().plus_millis(5 * MINUTE);
    // More than one step of the move.
    let outcomes: Vec<_> = (0..2_500).map(|n| send(&store, message(n, 10), vec![expiring(queue, expires)])).collect();
    for outcome in &outcomes {
        assert!(matches!(outcome.recv_timeout(PATIENCE), Ok(Outcome::Stored(_))));
    }
    put(&store, message(3_000, 10), vec![delivery(queue, 0)]);
    let live = store.status().live_bytes;
    clock.shift(100 * 60_000);
    eventually("all are moved", || {
        let entries = store.entries(queue, level(0), None, 9_999).expect("read");
        assert_eq!(entries.len(), 2_501);
        entries.iter().all(|it| it.expires.millis_since(expires) >= 99 * MINUTE)
            && store.handle.shared.shift().is_none()
    });
    let after = put(&store, message(3_001, 10), vec![expiring(queue, clock.now().plus_millis(MINUTE))]);
    assert_eq!(
        first(&store, queue, 0).expires.millis_since(expires) / MINUTE,
        99 + u64::from(jumped_fully(&store, queue, expires))
    );
    assert_eq!(lost.lock().expect("a lock").len(), 0);
    clock.shift(2 * 60_000);
    eventually("the new one expires as it should", || lost.lock().expect("a lock").len() == 1);
    assert_eq!(lost.lock().expect("a lock")[0].0.sequence, after);
    assert_eq!(store.status().live_bytes, live);
    clock.shift(5 * 60_000);
    eventually("the others expire later", || store.status().messages == 1);
    drop(store);
    let store = Store::open(&StoreOptions { clock: Clock::default(), ..options }).expect("it opens");
    assert_eq!(waiting(&store, queue, 0).len(), 1, "what never expires stays");
}

/// Whether the jump was seen as one of 100 minutes or a little less, as the looks at the clock fell.
fn jumped_fully(store: &Store, queue: QueueId, expires: Timestamp) -> bool {
    first(store, queue, 0).expires.millis_since(expires) >= 100 * MINUTE
}

#[test]
fn a_move_of_expiry_goes_on_after_a_restart() {
    use keys::Shift;

    let directory = tempfile::tempdir().expect("a directory");
    let options = options(directory.path());
    let store = Store::open(&options).expect("it opens");
    let queue = store.queue(&input("a"));
    let expires = options.clock.now().plus_millis(5 * MINUTE);
    let sequences: Vec<_> = (0..4).map(|n| put(&store, message(n, 10), vec![expiring(queue, expires)])).collect();
    drop(store);
    // As a hub leaves it that ends in the middle: two are moved, one comes after the jump.
    let shift = Shift {
        millis: MINUTE,
        through: sequences[2],
        cursor: keys::queue_key(queue, level(0), sequences[1]).to_vec(),
    };
    {
        let opener = disk::OpenDisk { directory: directory.path().join(open::DATABASE) };
        let engine = engine::Open::open(&opener, false).expect("it opens");
        let mut batch = engine::Batch::default();
        batch.put(Space::Meta, keys::SHIFT, shift.to_bytes());
        engine.commit(batch).expect("committed");
        engine.persist().expect("flushed");
    }
    let store = Store::open(&options).expect("it opens");
    let expected = [0, 0, MINUTE, 0];
    let moved = || -> Vec<u64> {
        let entries = store.entries(queue, level(0), None, 9).expect("read");
        entries.iter().map(|entry| entry.expires.millis_since(expires)).collect()
    };
    assert_eq!(moved(), expected, "readers see the move before it is done");
    eventually("it is done", || store.handle.shared.shift().is_none());
    assert_eq!(moved(), expected);
}
