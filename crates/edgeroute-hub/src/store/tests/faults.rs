//! Case 26: the disk fails or is full.

use std::sync::atomic::Ordering;

use super::faulty::{Faults, FaultyOpen};
use super::*;
use crate::store::open::open_with;
use crate::store::thread::Flushing;

fn faulty(options: &StoreOptions, faults: &Arc<Faults>) -> Store {
    let opener = FaultyOpen::boxed(&options.directory, faults);
    store_of(open_with(options, opener, Flushing::EachGroup, None).expect("it opens"))
}

#[test]
fn a_group_whose_flush_fails_is_not_acknowledged() {
    let directory = tempfile::tempdir().expect("a directory");
    let faults = Faults::none();
    let store = faulty(&options(directory.path()), &faults);
    let queue = store.queue(&input("a"));
    let one = put(&store, message(1, 10), vec![delivery(queue, 0)]);
    faults.no_open.store(true, Ordering::SeqCst);
    faults.flushes_left.store(0, Ordering::SeqCst);
    let outcome = send(&store, message(2, 10), vec![delivery(queue, 0)]);
    assert_eq!(outcome.recv_timeout(PATIENCE), Ok(Outcome::Failed));
    eventually("it says that it failed", || store.status().failed && !store.is_writable());
    assert!(store.entries(queue, level(0), None, 9).is_err(), "it is not open");
    // What comes meanwhile waits.
    let later = send(&store, message(3, 10), vec![delivery(queue, 0)]);
    store.flush();
    assert!(later.try_recv().is_err());
    faults.flushes_left.store(-1, Ordering::SeqCst);
    faults.no_open.store(false, Ordering::SeqCst);
    assert!(matches!(later.recv_timeout(PATIENCE), Ok(Outcome::Stored(_))));
    eventually("it is well again", || store.is_writable());
    let there = waiting(&store, queue, 0);
    let numbers: Vec<_> = there.iter().map(|&it| number(&store.message(it).expect("read").expect("there"))).collect();
    // The second was written, but not flushed: it may be there.
    assert!(numbers == [1, 3] || numbers == [1, 2, 3], "{numbers:?}");
    assert_eq!(there.first(), Some(&one));
    assert_eq!(faults.written_after_failure.load(Ordering::SeqCst), 0, "no handle is used after a failure");
}

#[test]
fn each_operation_may_fail() {
    for fails in 0..12 {
        for left in
            [|faults: &Faults| &faults.commits_left, |faults: &Faults| &faults.flushes_left] as [fn(&_) -> &_; 2]
        {
            let directory = tempfile::tempdir().expect("a directory");
            let faults = Faults::none();
            let store = faulty(&options(directory.path()), &faults);
            left(&faults).store(fails, Ordering::SeqCst);
            let mut acknowledged = Vec::new();
            let mut removed = Vec::new();
            let queue = store.queue(&input("a"));
            for n in 0..10 {
                let outcome = send(&store, message(n, 10), vec![delivery(queue, 0)]);
                // The group that fails may have had no message: those that come later wait for the disk.
                let mut found = None;
                eventually("an outcome", || {
                    found = outcome.recv_timeout(Duration::from_millis(100)).ok();
                    if found.is_none() && store.status().failed {
                        left(&faults).store(-1, Ordering::SeqCst);
                    }
                    found.is_some()
                });
                match found.expect("an outcome") {
                    Outcome::Stored(sequence) => acknowledged.push((sequence.expect("a number"), n)),
                    Outcome::Failed | Outcome::TooLarge => {
                        left(&faults).store(-1, Ordering::SeqCst);
                        eventually("it is open again", || store.entries(queue, level(0), None, 1).is_ok());
                    }
                }
                if n % 3 == 2
                    && let Some((sequence, _)) = acknowledged.pop()
                {
                    let entry = Entry { queue, level: level(0), sequence, expires: Timestamp::NEVER };
                    store.remove(vec![entry], Removal::Delivered);
                    removed.push(sequence);
                }
            }
            left(&faults).store(-1, Ordering::SeqCst);
            // A removal whose group failed is written again.
            eventually("removals are written", || {
                store.flush();
                !store.status().failed && waiting(&store, queue, 0).iter().all(|it| !removed.contains(it))
            });
            store.close();
            drop(store);
            let store = Store::open(&options(directory.path())).expect("it opens");
            let there = waiting(&store, queue, 0);
            for (sequence, n) in &acknowledged {
                assert!(there.contains(sequence), "message {n} of {there:?}");
                assert_eq!(store.message(*sequence).expect("read").map(|message| number(&message)), Some(*n));
            }
            assert!(removed.iter().all(|sequence| !there.contains(sequence)), "{removed:?} of {there:?}");
            assert_eq!(faults.written_after_failure.load(Ordering::SeqCst), 0);
        }
    }
}

#[test]
fn closing_a_store_whose_disk_fails_ends() {
    let directory = tempfile::tempdir().expect("a directory");
    let faults = Faults::none();
    let store = faulty(&options(directory.path()), &faults);
    let queue = store.queue(&input("a"));
    // Otherwise the group that fails may be that of the queue, and the message waits for the disk.
    store.flush();
    faults.commits_left.store(0, Ordering::SeqCst);
    faults.no_open.store(true, Ordering::SeqCst);
    let outcome = send(&store, message(1, 10), vec![delivery(queue, 0)]);
    assert_eq!(outcome.recv_timeout(PATIENCE), Ok(Outcome::Failed));
    let later = send(&store, message(2, 10), vec![delivery(queue, 0)]);
    drop(store);
    assert_eq!(later.recv_timeout(PATIENCE), Ok(Outcome::Failed));
}

#[test]
fn nothing_is_taken_when_the_file_system_is_almost_full() {
    let directory = tempfile::tempdir().expect("a directory");
    let faults = Faults::none();
    faults.set_room(4, 100);
    let store = faulty(&options(directory.path()), &faults);
    let queue = store.queue(&input("a"));
    eventually("it has seen that", || {
        let outcome = send(&store, message(1, 10), vec![delivery(queue, 0)]);
        let stored = outcome.recv_timeout(Duration::from_millis(300)).is_ok();
        !stored && !store.is_writable()
    });
    assert_eq!(put_state(&store, "twin", "edge-1", Some(b"{}")), Outcome::Stored(None), "state is still taken");
    faults.set_room(6, 100);
    eventually("it takes messages again", || store.is_writable() && store.status().messages > 0);
}

#[test]
fn a_directory_that_cannot_be_written_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("file");
    std::fs::write(&file, b"").expect("written");
    let error = Store::open(&options(&file)).expect_err("a file is no directory");
    assert!(error.to_string().contains("cannot be created"), "{error}");

    let faults = Faults::none();
    faults.commits_left.store(0, Ordering::SeqCst);
    let options = options(directory.path());
    let opener = FaultyOpen::boxed(directory.path(), &faults);
    assert!(open_with(&options, opener, Flushing::EachGroup, None).is_err(), "the first write fails");
}
