use super::*;

#[test]
fn what_is_stored_is_there_after_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = Store::open(&options(directory.path())).expect("it opens");
    let (a, b) = (store.queue(&input("a")), store.queue(&Destination::Upstream));
    let one = put(&store, message(1, 10), vec![delivery(a, 3)]);
    let two = put(&store, message(2, 10), vec![delivery(a, 3), delivery(b, 10)]);
    assert_eq!(put_state(&store, "twin", "edge-1", Some(b"{}")), Outcome::Stored(None));
    let before = store.status();
    drop(store);

    let store = Store::open(&options(directory.path())).expect("it opens again");
    assert_eq!(store.queue(&input("a")), a);
    assert_eq!(store.destination(b), Some(Destination::Upstream));
    assert_eq!((waiting(&store, a, 3), waiting(&store, b, 10)), (vec![one, two], vec![two]));
    assert_eq!(store.message(two).expect("it can be read").as_deref().map(number), Some(2));
    assert_eq!(store.states("twin").expect("they can be read"), [("edge-1".to_owned(), b"{}".to_vec())]);
    let after = store.status();
    assert_eq!((after.live_bytes, after.messages), (before.live_bytes, before.messages));
    assert!(put(&store, message(3, 10), vec![delivery(a, 3)]) > two, "numbers are never reused");
}

#[test]
fn the_last_removal_removes_the_message() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = Store::open(&options(directory.path())).expect("it opens");
    let queues: Vec<_> = ["a", "b", "c"].iter().map(|name| store.queue(&input(name))).collect();
    let sequence = put(&store, message(1, 10), queues.iter().map(|&queue| delivery(queue, 0)).collect());
    for &queue in &queues {
        assert!(store.message(sequence).expect("it can be read").is_some());
        let entry = first(&store, queue, 0);
        store.remove(vec![entry, entry], Removal::Delivered);
        assert!(waiting(&store, queue, 0).is_empty(), "at once");
        store.flush();
        store.remove(vec![entry], Removal::Delivered);
        store.flush();
        assert!(!store.may_have(queue, level(0), None));
    }
    assert_eq!(store.message(sequence).expect("it can be read"), None);
    let status = store.status();
    assert_eq!((status.live_bytes, status.messages), (0, 0));
}

#[test]
fn numbers_are_not_reused_when_everything_was_removed() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = Store::open(&options(directory.path())).expect("it opens");
    let queue = store.queue(&input("a"));
    let sequence = put(&store, message(1, 10), vec![delivery(queue, 0)]);
    assert_eq!(store.clear(queue), 1);
    assert_eq!((waiting(&store, queue, 0), store.clear(queue)), (vec![], 0));
    drop(store);
    let store = Store::open(&options(directory.path())).expect("it opens again");
    assert!(waiting(&store, queue, 0).is_empty(), "a removal that was pending is written at the end");
    assert!(put(&store, message(2, 10), vec![delivery(queue, 0)]) > sequence);
}

#[test]
fn groups_keep_the_order_and_complete_each_submission_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = Store::open(&options(directory.path())).expect("it opens");
    let queue = store.queue(&input("a"));
    let outcomes = Arc::new(Mutex::new(Vec::new()));
    for n in 0..5_000 {
        let outcomes = Arc::clone(&outcomes);
        let completed: Completion = Box::new(move |outcome| outcomes.lock().expect("a lock").push((n, outcome)));
        let message = Some((message(n, 100), vec![delivery(queue, 0)]));
        store.submit(Submission { state: Vec::new(), message, completed, sender: None });
    }
    store.flush();
    let outcomes = outcomes.lock().expect("a lock");
    assert!(outcomes.iter().map(|&(n, _)| n).eq(0..5_000));
    let sequences: Vec<_> = outcomes
        .iter()
        .map(|&(_, outcome)| match outcome {
            Outcome::Stored(Some(sequence)) => sequence,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(sequences.is_sorted());
    assert_eq!(waiting(&store, queue, 0), sequences);
    let status = store.status();
    assert_eq!(status.submissions, 5_000);
    assert!(status.groups < 1_000, "{} groups", status.groups);
}

#[test]
fn state_is_read_as_submitted() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = Store::open(&options(directory.path())).expect("it opens");
    let key = |id: &str| StateKey { kind: "twin", id: id.to_owned() };
    for n in 0..500_u32 {
        for (id, value) in [("a", Some(n.to_be_bytes().to_vec())), ("b", (n % 2 == 0).then(|| vec![1]))] {
            let completed: Completion = Box::new(|_| ());
            store.submit(Submission { state: vec![(key(id), value)], message: None, completed, sender: None });
        }
        assert_eq!(store.state(&key("a")).expect("it can be read"), Some(n.to_be_bytes().to_vec()));
        assert_eq!(store.states("twin").expect("they can be read").len(), if n % 2 == 0 { 2 } else { 1 });
    }
    store.flush();
    assert_eq!(store.state(&key("a")).expect("it can be read"), Some(499_u32.to_be_bytes().to_vec()));
    assert_eq!(store.state(&key("b")).expect("it can be read"), None);
    assert_eq!(store.states("twi").expect("they can be read"), []);
    assert_eq!(store.status().live_bytes, 4 + 1 + 1 + 4, "kind, separator, id, value");
}

#[tokio::test]
async fn consumers_are_notified_of_new_queues_and_deliveries() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = Store::open(&options(directory.path())).expect("it opens");
    let consumer = Consumer::Module("filter".into());
    let notify = store.deliveries_of(&consumer);
    let queue = store.queue(&input("a"));
    tokio::time::timeout(PATIENCE, notify.notified()).await.expect("of the queue");
    assert_eq!(store.queues_of(&consumer), [queue]);
    let receiver = send(&store, message(1, 1), vec![delivery(queue, 0)]);
    tokio::time::timeout(PATIENCE, notify.notified()).await.expect("of the delivery");
    assert!(store.may_have(queue, level(0), None));
    assert!(receiver.try_recv().is_ok(), "completed before");
}

#[test]
fn a_store_in_use_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = Store::open(&options(directory.path())).expect("it opens");
    let second = Store::open(&options(directory.path()));
    assert!(matches!(second, Err(StoreError::InUse { .. })), "{second:?}");
    drop(store);
    Store::open(&options(directory.path())).expect("it opens when the other is closed");
}

#[test]
fn a_temporary_store_leaves_nothing() {
    let store = Store::ephemeral(&options(Path::new("/nonexistent"))).expect("it opens");
    let directory = store.handle.shared.directory.clone();
    let queue = store.queue(&input("a"));
    put(&store, message(1, 10), vec![delivery(queue, 0)]);
    assert!(directory.exists());
    drop(store);
    assert!(!directory.exists());
}

#[test]
fn a_closed_store_fails_submissions() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = Store::open(&options(directory.path())).expect("it opens");
    let queue = store.queue(&input("a"));
    let other = store.clone();
    store.on_removed(Box::new(move |_, _| assert!(other.status().groups > 0)));
    let before = send(&store, message(1, 10), vec![delivery(queue, 0)]);
    store.close();
    assert!(matches!(before.recv_timeout(PATIENCE), Ok(Outcome::Stored(Some(_)))));
    let after = send(&store, message(1, 10), vec![delivery(queue, 0)]);
    assert_eq!(after.recv_timeout(PATIENCE), Ok(Outcome::Failed));
    store.flush();
    Store::open(&options(directory.path())).expect("the database is closed, though there are clones");
}

#[test]
fn messages_for_unknown_queues_fail() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = Store::open(&options(directory.path())).expect("it opens");
    let outcome = send(&store, message(1, 10), vec![delivery(QueueId(7), 0)]);
    assert_eq!(outcome.recv_timeout(PATIENCE), Ok(Outcome::Failed));
}

#[test]
fn each_group_is_reported_with_its_size() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = Store::open(&options(directory.path())).expect("it opens");
    let (sender, groups) = mpsc::channel();
    store.on_committed(Box::new(move |submissions, took| sender.send((submissions, took)).unwrap_or_default()));
    let queue = store.queue(&input("a"));
    for number in 0..20 {
        put(&store, message(number, 10), vec![delivery(queue, 0)]);
    }
    // Has no submission, so there is nothing to report.
    store.clear(queue);
    store.close();
    let groups: Vec<_> = groups.try_iter().collect();
    assert_eq!(groups.iter().map(|(submissions, _)| submissions).sum::<usize>(), 20);
    assert!(groups.iter().all(|(submissions, took)| *submissions > 0 && !took.is_zero()), "{groups:?}");
}
