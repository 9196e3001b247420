//! Cases 12 and 13: the process or the machine dies.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use proptest::test_runner::{Config, TestRunner};

use super::*;
use crate::store::disk::journals;
use crate::store::open::{DATABASE, FLUSHED};
use crate::store::witness::Witness;

/// Where the child of [`a_killed_process_loses_nothing_acknowledged`] writes.
const CHILD: &str = "EDGEROUTE_STORE_TEST_CHILD";

/// Not a test by itself: writes until it is killed, and prints what was stored and removed.
#[test]
#[ignore = "the child process of another test"]
fn child() {
    let Some(directory) = std::env::var_os(CHILD) else { return };
    let store = Store::open(&options(Path::new(&directory))).expect("it opens");
    let queue = store.queue(&input("a"));
    let mut outcomes = std::collections::VecDeque::new();
    for n in 0.. {
        outcomes.push_back((n, send(&store, message(n, 2_000), vec![delivery(queue, 0), delivery(queue, 5)])));
        if outcomes.len() > 200
            && let Some((n, outcome)) = outcomes.pop_front()
        {
            let Ok(Outcome::Stored(Some(sequence))) = outcome.recv() else { panic!("not stored") };
            println!("stored {n} {sequence}");
            if n % 4 != 0 {
                let entry = Entry { queue, level: level(0), sequence, expires: Timestamp::NEVER };
                println!("removed {sequence}");
                store.remove(vec![entry], Removal::Delivered);
            }
        }
    }
}

#[test]
fn a_killed_process_loses_nothing_acknowledged() {
    let directory = tempfile::tempdir().expect("a directory");
    for round in 0..5 {
        let path = directory.path().join(format!("{round}"));
        let mut child = Command::new(std::env::current_exe().expect("this binary"))
            .args(["--exact", "store::tests::crash::child", "--ignored", "--nocapture", "--test-threads", "1"])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut stored = Vec::new();
        let mut removed = std::collections::BTreeSet::new();
        for line in lines.map_while(Result::ok) {
            let words: Vec<&str> = line.split(' ').collect();
            match words.as_slice() {
                ["stored", n, sequence] => {
                    stored.push((n.parse::<u64>().expect("a number"), sequence.parse::<u64>().expect("a number")));
                }
                ["removed", sequence] => {
                    removed.insert(sequence.parse::<u64>().expect("a number"));
                }
                _ => {}
            }
            if stored.len() >= 3_000 + 1_700 * round {
                child.kill().expect("it can be killed");
            }
        }
        child.wait().expect("it ends");
        assert!(stored.len() >= 3_000, "it wrote {} messages", stored.len());
        let store = Store::open(&options(&path)).expect("it opens");
        let queue = store.queue(&input("a"));
        let (some, all) = (waiting(&store, queue, 0), waiting(&store, queue, 5));
        for &(n, sequence) in &stored {
            assert!(all.binary_search(&sequence).is_ok(), "message {n} is lost");
            let there = some.binary_search(&sequence).is_ok();
            assert!(there || removed.contains(&sequence), "a delivery of message {n} is lost");
        }
        let (last_n, last) = stored[stored.len() - 1];
        assert_eq!(store.message(last).expect("read").map(|message| number(&message)), Some(last_n));
        // Only removals of the last moments may be missing.
        let again = some.iter().filter(|sequence| removed.contains(sequence)).count();
        assert!(again < 2_000, "{again} of {} removals are lost", removed.len());
    }
}

/// What a journal held after a group: its length, and the messages that were acknowledged.
struct Flushed {
    length: usize,
    group: u64,
    messages: Vec<Sequence>,
}

/// Returns the used part of the only journal.
fn journal(directory: &Path) -> Vec<u8> {
    let journals = journals(&directory.join(DATABASE));
    assert_eq!(journals.len(), 1);
    let mut bytes = Vec::new();
    let file = fs::File::open(&journals[0]).expect("it exists");
    file.take(4 * 1024 * 1024).read_to_end(&mut bytes).expect("it can be read");
    let used = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    bytes.truncate(used);
    bytes
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("created");
    for file in fs::read_dir(from).expect("it can be read") {
        let file = file.expect("a file");
        let target = to.join(file.file_name());
        if file.file_type().expect("a type").is_dir() {
            copy(&file.path(), &target);
        } else if file.path().extension().is_none_or(|extension| extension != "jnl") {
            fs::copy(file.path(), &target).expect("copied");
        }
    }
}

#[test]
fn a_torn_journal_holds_what_was_flushed_or_is_refused() {
    let original = tempfile::tempdir().expect("a directory");
    let store = Store::open(&options(original.path())).expect("it opens");
    let queue = store.queue(&input("a"));
    let mut flushed = Vec::new();
    let mut messages = Vec::new();
    for n in 0..30 {
        messages.push(put(&store, message(n, 150), vec![delivery(queue, 0), delivery(queue, 1)]));
        let group = Witness::at(&original.path().join(FLUSHED)).read();
        flushed.push(Flushed { length: journal(original.path()).len(), group, messages: messages.clone() });
    }
    let bytes = journal(original.path());
    let (refused, opened) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    let mut runner = TestRunner::new(Config::with_cases(150));
    let cases = (0..bytes.len(), 0..flushed.len(), 0..3_u8, proptest::prelude::any::<u8>());
    let result = runner.run(&cases, |(at, known, kind, byte)| {
        let known = &flushed[known];
        let torn = tempfile::tempdir().expect("a directory");
        copy(original.path(), torn.path());
        let mut bytes = bytes.clone();
        match kind {
            0 => bytes.truncate(at),
            // What the file system made of the pages that were not flushed.
            1 => bytes.iter_mut().skip(at.max(known.length)).for_each(|it| *it = byte),
            _ => bytes[at] ^= byte,
        }
        let name = journals(&original.path().join(DATABASE))[0].file_name().expect("a name").to_owned();
        let path = torn.path().join(DATABASE).join(name);
        fs::write(&path, &bytes).expect("written");
        fs::OpenOptions::new().write(true).open(&path).and_then(|it| it.set_len(64 * 1024 * 1024)).expect("enlarged");
        let _ = fs::remove_file(torn.path().join(FLUSHED));
        Witness::at(&torn.path().join(FLUSHED)).write(known.group);
        match Store::open(&options(torn.path())) {
            Ok(store) => {
                opened.set(opened.get() + 1);
                for rank in [0, 1] {
                    let there = waiting(&store, queue, rank);
                    let missing = known.messages.iter().find(|sequence| !there.contains(sequence));
                    proptest::prop_assert!(missing.is_none(), "message {:?} is lost", missing);
                }
                // Groups are whole: each message has both deliveries and its record.
                let there = waiting(&store, queue, 0);
                proptest::prop_assert_eq!(&there, &waiting(&store, queue, 1));
                for sequence in there {
                    proptest::prop_assert!(store.message(sequence).expect("it can be read").is_some());
                }
            }
            Err(error) => {
                refused.set(refused.get() + 1);
                proptest::prop_assert!(kind != 1 || byte != 0, "unflushed zeros are no damage: {error}");
                let words = error.to_string();
                proptest::prop_assert!(words.contains("--salvage"), "{}", words);
            }
        }
        Ok(())
    });
    assert!(result.is_ok(), "{result:?}");
    let (refused, opened) = (refused.get(), opened.get());
    assert!(opened > 10 && refused > 10, "{opened} opened, {refused} refused");
}

#[test]
fn salvage_keeps_what_comes_before_the_damage() {
    let parent = tempfile::tempdir().expect("a directory");
    let directory = parent.path().join("store");
    let store = Store::open(&options(&directory)).expect("it opens");
    let queue = store.queue(&input("a"));
    put_state(&store, "twin", "edge-1", Some(b"{}"));
    let mut lengths = Vec::new();
    let sequences: Vec<_> = (0..20)
        .map(|n| {
            let sequence = put(&store, message(n, 150), vec![delivery(queue, 0), delivery(queue, 1)]);
            lengths.push(journal(&directory).len());
            sequence
        })
        .collect();
    store.close();
    drop(store);
    let path = journals(&directory.join(DATABASE)).pop().expect("a journal");
    let mut bytes = journal(&directory);
    // In the record of the message after the tenth.
    bytes[lengths[9] + 100] ^= 0x55;
    fs::write(&path, &bytes).expect("written");
    let error = Store::open(&options(&directory)).expect_err("it is damaged");
    assert!(error.to_string().contains("--salvage"), "{error}");

    let salvaging = StoreOptions { salvage: true, ..options(&directory) };
    let store = Store::open(&salvaging).expect("it opens");
    assert_eq!(waiting(&store, queue, 0), sequences[..10]);
    assert_eq!(waiting(&store, queue, 1), sequences[..10]);
    assert_eq!(store.message(sequences[9]).expect("read").map(|message| number(&message)), Some(9));
    assert_eq!(store.states("twin").expect("read").len(), 1);
    assert!(put(&store, message(99, 10), vec![delivery(queue, 0)]) > sequences[9]);
    drop(store);
    let aside: Vec<_> = fs::read_dir(parent.path()).expect("read").flatten().map(|file| file.file_name()).collect();
    assert!(aside.iter().any(|name| name.to_string_lossy().starts_with("store.damaged-")), "{aside:?}");
    Store::open(&options(&directory)).expect("it opens without salvage from now on");
}

#[test]
fn a_database_without_anything_readable_is_refused_and_salvage_starts_anew() {
    let parent = tempfile::tempdir().expect("a directory");
    let directory = parent.path().join("store");
    let store = Store::open(&options(&directory)).expect("it opens");
    let queue = store.queue(&input("a"));
    put(&store, message(1, 10), vec![delivery(queue, 0)]);
    drop(store);
    let journal = journals(&directory.join(DATABASE)).pop().expect("a journal");
    fs::write(journal, b"nonsense").expect("written");
    let error = Store::open(&options(&directory)).expect_err("it is damaged");
    assert!(error.to_string().contains("--salvage"), "{error}");
    let store = Store::open(&StoreOptions { salvage: true, ..options(&directory) }).expect("it opens");
    assert_eq!(store.status().messages, 0);
}

#[test]
fn the_file_that_is_locked_is_made_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = Store::open(&options(directory.path())).expect("it opens");
    let queue = store.queue(&input("a"));
    let sequence = put(&store, message(1, 10), vec![delivery(queue, 0)]);
    drop(store);
    fs::remove_file(directory.path().join(DATABASE).join("lock")).expect("removed");
    let store = Store::open(&options(directory.path())).expect("it opens");
    assert_eq!(waiting(&store, queue, 0), [sequence]);
    assert!(Store::open(&options(directory.path())).is_err(), "it is locked");
}

#[test]
fn lost_descriptions_are_refused_and_salvage_keeps_what_is_in_the_journal() {
    type Damage = fn(&Path) -> std::io::Result<()>;
    let damages: [Damage; 2] = [|file| fs::remove_file(file), |file| fs::write(file, b"nonsense")];
    let keyspaces = (0..=6).map(|number| format!("keyspaces/{number}/current"));
    for (name, damage) in
        ["version".to_owned()].into_iter().chain(keyspaces).flat_map(|name| damages.map(|it| (name.clone(), it)))
    {
        let parent = tempfile::tempdir().expect("a directory");
        let directory = parent.path().join("store");
        let store = Store::open(&options(&directory)).expect("it opens");
        let queue = store.queue(&input("a"));
        put_state(&store, "twin", "edge-1", Some(b"{}"));
        let sequences: Vec<_> =
            (0..9).map(|n| put(&store, message(n, 50), vec![delivery(queue, 0), delivery(queue, 1)])).collect();
        drop(store);
        damage(&directory.join(DATABASE).join(&name)).expect("damaged");
        let error = Store::open(&options(&directory)).expect_err("it is damaged").to_string();
        assert!(error.contains("--salvage"), "{name}: {error}");
        let store = Store::open(&StoreOptions { salvage: true, ..options(&directory) }).expect("it opens");
        for level in [0, 1] {
            assert_eq!(waiting(&store, queue, level), sequences, "{name}");
        }
        assert_eq!(store.states("twin").expect("read").len(), 1, "{name}");
    }
}

#[test]
fn a_newer_format_is_refused() {
    use crate::store::engine::{Batch, Open};
    use crate::store::keys;

    let directory = tempfile::tempdir().expect("a directory");
    drop(Store::open(&options(directory.path())).expect("it opens"));
    let opener = disk::OpenDisk { directory: directory.path().join(DATABASE) };
    let engine = opener.open(false).expect("it opens");
    let mut batch = Batch::default();
    batch.put(Space::Meta, keys::VERSION, (keys::FORMAT_VERSION + 1).to_be_bytes());
    engine.commit(batch).expect("committed");
    drop(engine);
    let error = Store::open(&options(directory.path())).expect_err("it is newer");
    assert!(error.to_string().contains("a newer hub wrote it"), "{error}");
}

#[test]
fn a_store_without_its_files_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = Store::open(&options(directory.path())).expect("it opens");
    let queue = store.queue(&input("a"));
    put(&store, message(1, 10), vec![delivery(queue, 0)]);
    drop(store);
    fs::remove_dir_all(directory.path().join(DATABASE)).expect("removed");
    let error = Store::open(&options(directory.path())).expect_err("its contents are gone");
    assert!(error.to_string().contains("lost its last writes"), "{error}");
}
