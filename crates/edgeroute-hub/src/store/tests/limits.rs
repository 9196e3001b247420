use super::*;

/// The live bytes of a message of these tests with one delivery.
fn bytes_of(message: &Message) -> u64 {
    u64::try_from(8 + message.encode().expect("it can be encoded").len() + 13 + 12).expect("a number")
}

#[test]
fn messages_wait_for_space_in_order() {
    let directory = tempfile::tempdir().expect("a directory");
    let size = bytes_of(&message(1, 1000));
    let store =
        Store::open(&StoreOptions { max_bytes: Some(3 * size), ..options(directory.path()) }).expect("it opens");
    let queue = store.queue(&input("a"));
    let mut outcomes = Vec::new();
    for n in 1..=3 {
        put(&store, message(n, 1000), vec![delivery(queue, 0)]);
    }
    assert_eq!(store.status().live_bytes, 3 * size, "the limit is exact");
    for n in 4..=6 {
        // The second would fit, but does not overtake the first.
        outcomes.push(send(&store, message(n, if n == 5 { 1 } else { 1000 }), vec![delivery(queue, 0)]));
    }
    assert_eq!(put_state(&store, "twin", "edge-1", None), Outcome::Stored(None), "state overtakes them");
    store.flush();
    assert!(outcomes.iter().all(|outcome| outcome.try_recv().is_err()));
    assert!(!store.is_writable());
    for _ in 0..2 {
        store.remove(vec![first(&store, queue, 0)], Removal::Delivered);
    }
    let stored: Vec<_> = outcomes.iter().take(2).map(|outcome| outcome.recv_timeout(PATIENCE)).collect();
    assert!(stored.iter().all(|outcome| matches!(outcome, Ok(Outcome::Stored(Some(_))))), "{stored:?}");
    assert!(outcomes[2].try_recv().is_err());
    store.set_max_bytes(None);
    assert!(matches!(outcomes[2].recv_timeout(PATIENCE), Ok(Outcome::Stored(Some(_)))));
    let numbers: Vec<_> = waiting(&store, queue, 0)
        .iter()
        .map(|&sequence| number(&store.message(sequence).expect("read").expect("there")))
        .collect();
    assert_eq!(numbers, [3, 4, 5, 6]);
    eventually("it takes messages again", || store.is_writable());
}

#[test]
fn messages_that_nobody_waits_for_are_forgotten() {
    let directory = tempfile::tempdir().expect("a directory");
    let size = bytes_of(&message(1, 100));
    let store = Store::open(&StoreOptions { max_bytes: Some(size), ..options(directory.path()) }).expect("it opens");
    let queue = store.queue(&input("a"));
    put(&store, message(1, 100), vec![delivery(queue, 0)]);
    let sender = Arc::<Sender>::default();
    let (report, outcome) = mpsc::channel();
    store.submit(Submission {
        state: Vec::new(),
        message: Some((message(2, 100), vec![delivery(queue, 0)])),
        completed: Box::new(move |outcome| report.send(outcome).unwrap_or_default()),
        sender: Some(Arc::clone(&sender)),
    });
    store.flush();
    assert!(outcome.try_recv().is_err());
    sender.leave();
    assert_eq!(outcome.recv_timeout(PATIENCE), Ok(Outcome::Failed));
    eventually("it takes messages again", || store.is_writable());
    assert_eq!(waiting(&store, queue, 0).len(), 1);
}

#[test]
fn a_message_above_the_limit_fails_and_holds_up_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    for when_full in [WhenFull::Wait, WhenFull::DropOldest] {
        let options = StoreOptions { max_bytes: Some(1000), when_full, ..options(directory.path()) };
        let store = Store::open(&options).expect("it opens");
        let queue = store.queue(&input("a"));
        let large = send(&store, message(1, 1000), vec![delivery(queue, 0)]);
        let small = send(&store, message(2, 10), vec![delivery(queue, 0)]);
        assert_eq!(large.recv_timeout(PATIENCE), Ok(Outcome::TooLarge));
        assert!(matches!(small.recv_timeout(PATIENCE), Ok(Outcome::Stored(Some(_)))));
    }
}

#[test]
fn the_oldest_of_the_worst_priority_are_dropped() {
    let directory = tempfile::tempdir().expect("a directory");
    let size = bytes_of(&message(10, 100));
    let options =
        StoreOptions { max_bytes: Some(6 * size), when_full: WhenFull::DropOldest, ..options(directory.path()) };
    let store = Store::open(&options).expect("it opens");
    let lost = losses(&store);
    let (a, b) = (store.queue(&input("a")), store.queue(&input("b")));
    let mut stored = Vec::new();
    for (n, queue, rank) in [(10, a, 0), (11, b, 7), (12, a, 7), (13, b, 7), (14, a, 0), (15, a, 3)] {
        stored.push(put(&store, message(n, 100), vec![delivery(queue, rank)]));
    }
    let seen = || {
        store.flush();
        lost.lock().expect("a lock").iter().map(|(entry, why)| (entry.sequence, *why)).collect::<Vec<_>>()
    };
    assert_eq!(seen(), []);
    put(&store, message(16, 100), vec![delivery(a, 0)]);
    assert_eq!(seen(), [(stored[1], Removal::Full)]);
    for n in 17..20 {
        put(&store, message(n, 100), vec![delivery(a, 0)]);
    }
    let dropped = [stored[1], stored[2], stored[3], stored[5]].map(|sequence| (sequence, Removal::Full));
    assert_eq!(seen(), dropped, "in order, the worst level first");
    put(&store, message(20, 100), vec![delivery(a, 0)]);
    assert_eq!(seen().last(), Some(&(stored[0], Removal::Full)));
    assert!(store.status().live_bytes <= 6 * size);
}

#[test]
fn a_flood_fits_into_a_small_store() {
    let directory = tempfile::tempdir().expect("a directory");
    let options =
        StoreOptions { max_bytes: Some(100_000), when_full: WhenFull::DropOldest, ..options(directory.path()) };
    let store = Store::open(&options).expect("it opens");
    let queue = store.queue(&input("a"));
    let outcomes: Vec<_> = (0..3_000).map(|n| send(&store, message(n, 400), vec![delivery(queue, 0)])).collect();
    let outcomes: Vec<_> = outcomes.iter().map(|outcome| outcome.recv_timeout(PATIENCE).expect("an outcome")).collect();
    let last = outcomes.last().copied();
    assert!(matches!(last, Some(Outcome::Stored(_))), "{last:?}");
    let status = store.status();
    assert!(status.live_bytes <= 100_000 && status.messages > 100, "{status:?}");
    let there = waiting(&store, queue, 0);
    assert_eq!(there.last().copied().map(Some).map(Outcome::Stored), last);
    assert!(there.windows(2).all(|two| two[0] + 1 == two[1]), "the newest are kept");
}

#[test]
fn an_observer_can_read_what_is_lost() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = Store::open(&options(directory.path())).expect("it opens");
    let queue = store.queue(&input("a"));
    let sequence = put(&store, message(7, 10), vec![delivery(queue, 0)]);
    drop(store);
    let store = Store::open(&options(directory.path())).expect("it opens");
    let (sender, seen) = mpsc::channel();
    let reader = store.clone();
    store.on_removed(Box::new(move |entry, why| {
        let message = reader.message(entry.sequence).expect("it can be read");
        sender.send((why, message.map(|message| number(&message)))).unwrap_or_default();
    }));
    assert_eq!(store.clear(queue), 1);
    assert_eq!(seen.recv_timeout(PATIENCE), Ok((Removal::Cleared, Some(7))));
    store.flush();
    assert_eq!(store.message(sequence).expect("it can be read"), None, "afterwards it is gone");
    store.close();
}
