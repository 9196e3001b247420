//! A plain model predicts what the store holds, whatever is done to it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use proptest::prelude::*;

use super::faulty::{Faults, FaultyOpen};
use super::*;
use crate::store::open::open_with;
use crate::store::thread::Flushing;

/// A message with its deliveries and a record of state, whose group failed.
type FailedGroup = (Arc<Message>, Vec<NewDelivery>, Option<(String, Vec<u8>)>);

const RANKS: [u8; 2] = [0, 10];
const QUEUES: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    /// Stores a message for some of the queues and levels.
    Put {
        places: Vec<(usize, usize)>,
        bytes: usize,
        state: Option<u8>,
    },
    /// Removes one of the deliveries.
    Remove {
        which: prop::sample::Index,
        twice: bool,
    },
    Clear {
        queue: usize,
    },
    State {
        id: u8,
        value: Option<Vec<u8>>,
    },
    Flush,
    Reopen,
    /// Lets a commit or a flush fail after some others.
    Fault {
        flush: bool,
        after: u8,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let places = prop::sample::subsequence((0..QUEUES * RANKS.len()).collect::<Vec<_>>(), 1..=4)
        .prop_map(|places| places.into_iter().map(|place| (place / RANKS.len(), place % RANKS.len())).collect());
    let put = (places, 0..600_usize, prop::option::of(0..3_u8));
    prop_oneof![
        8 => put.prop_map(|(places, bytes, state)| Step::Put { places, bytes, state }),
        8 => (any::<prop::sample::Index>(), any::<bool>()).prop_map(|(which, twice)| Step::Remove { which, twice }),
        1 => (0..QUEUES).prop_map(|queue| Step::Clear { queue }),
        2 => (0..3_u8, prop::option::of(prop::collection::vec(any::<u8>(), 0..40)))
            .prop_map(|(id, value)| Step::State { id, value }),
        2 => Just(Step::Flush),
        1 => Just(Step::Reopen),
        1 => (any::<bool>(), 0..3_u8).prop_map(|(flush, after)| Step::Fault { flush, after }),
    ]
}

type Place = (QueueId, u8, Sequence);

#[derive(Default)]
struct Model {
    deliveries: BTreeSet<Place>,
    messages: BTreeMap<Sequence, Arc<Message>>,
    state: BTreeMap<String, Vec<u8>>,
    last: Sequence,
    sent: u64,
}

impl Model {
    fn remove(&mut self, place: Place) {
        self.deliveries.remove(&place);
        if !self.deliveries.iter().any(|(.., sequence)| *sequence == place.2) {
            self.messages.remove(&place.2);
        }
    }

    fn live_bytes(&self) -> u64 {
        let mut bytes = 0;
        for (sequence, message) in &self.messages {
            let deliveries = self.deliveries.iter().filter(|(.., of)| of == sequence).count();
            bytes += 8 + message.encode().expect("encoded").len() + 25 * deliveries;
            bytes += if deliveries > 1 { 12 } else { 0 };
        }
        bytes += self.state.iter().map(|(id, value)| "twin".len() + 1 + id.len() + value.len()).sum::<usize>();
        u64::try_from(bytes).expect("a number")
    }

    fn check(&self, store: &Store, queues: &[QueueId]) -> Result<(), TestCaseError> {
        let mut lengths = 0;
        for &queue in queues {
            for rank in RANKS {
                let expected: Vec<_> =
                    self.deliveries.range((queue, rank, 0)..=(queue, rank, u64::MAX)).map(|place| place.2).collect();
                prop_assert_eq!(&waiting(store, queue, rank), &expected);
                prop_assert_eq!(store.may_have(queue, level(rank), None), !expected.is_empty());
                let after = expected.get(1).copied();
                let rest = store.entries(queue, level(rank), after, 2).expect("read");
                let rest: Vec<_> = rest.iter().map(|entry| entry.sequence).collect();
                let skip = if after.is_some() { 2 } else { 0 };
                prop_assert_eq!(rest, expected.iter().skip(skip).take(2).copied().collect::<Vec<_>>());
                lengths += expected.len();
            }
        }
        let total: u64 = store.queues().iter().map(|status| status.length).sum();
        prop_assert_eq!(total, u64::try_from(lengths).expect("a number"));
        for (sequence, message) in &self.messages {
            let stored = store.message(*sequence).expect("read");
            prop_assert_eq!(stored.as_ref(), Some(message));
        }
        let states: BTreeMap<_, _> = store.states("twin").expect("read").into_iter().collect();
        prop_assert_eq!(&states, &self.state);
        let status = store.status();
        prop_assert_eq!(status.live_bytes, self.live_bytes());
        prop_assert_eq!(status.messages, u64::try_from(self.messages.len()).expect("a number"));
        Ok(())
    }

    /// Takes over what a failed group left: it may be stored or not, but as a whole.
    fn settle(&mut self, store: &Store, failed: FailedGroup) -> Result<(), TestCaseError> {
        eventually("it is open again", || !store.status().failed && store.states("twin").is_ok());
        let (message, deliveries, state) = failed;
        let mut found = BTreeSet::new();
        for delivery in &deliveries {
            let entries = store.entries(delivery.queue, delivery.level, Some(self.last), 9).expect("read");
            prop_assert!(entries.len() <= 1);
            found.extend(entries.iter().map(|entry| (delivery.queue, entry.level.rank(), entry.sequence)));
        }
        prop_assert!(found.is_empty() || found.len() == deliveries.len(), "half of a message: {:?}", found);
        if let Some(&(.., sequence)) = found.first() {
            self.last = sequence;
            self.deliveries.extend(found);
            self.messages.insert(sequence, message);
            self.state.extend(state);
        }
        Ok(())
    }
}

fn run(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let directory = tempfile::tempdir().expect("a directory");
    let faults = Faults::none();
    let open = || {
        let opener = FaultyOpen::boxed(directory.path(), &faults);
        store_of(open_with(&options(directory.path()), opener, Flushing::EachGroup, None).expect("it opens"))
    };
    let mut store = open();
    let queues: Vec<_> = (0..QUEUES).map(|n| store.queue(&input(&n.to_string()))).collect();
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Put { places, bytes, state } => {
                model.sent += 1;
                let message = message(model.sent, bytes);
                let deliveries: Vec<_> =
                    places.iter().map(|&(queue, rank)| delivery(queues[queue], RANKS[rank])).collect();
                let record = state.map(|id| (id.to_string(), model.sent.to_be_bytes().to_vec()));
                let key = |id: &String| StateKey { kind: "twin", id: id.clone() };
                let (sender, outcome) = mpsc::channel();
                store.submit(Submission {
                    state: record.iter().map(|(id, value)| (key(id), Some(value.clone()))).collect(),
                    message: Some((Arc::clone(&message), deliveries.clone())),
                    completed: Box::new(move |outcome| sender.send(outcome).unwrap_or_default()),
                    sender: None,
                });
                match outcome.recv_timeout(PATIENCE).expect("an outcome") {
                    Outcome::Stored(Some(sequence)) => {
                        prop_assert!(sequence > model.last, "a number is reused");
                        model.last = sequence;
                        let places = deliveries.iter().map(|it| (it.queue, it.level.rank(), sequence));
                        model.deliveries.extend(places);
                        model.messages.insert(sequence, message);
                        model.state.extend(record);
                    }
                    Outcome::Stored(None) => prop_assert!(false, "no number"),
                    Outcome::Failed | Outcome::TooLarge => model.settle(&store, (message, deliveries, record))?,
                }
                prop_assert!(outcome.recv_timeout(Duration::from_millis(1)).is_err(), "completed once");
            }
            Step::Remove { which, twice } => {
                if model.deliveries.is_empty() {
                    continue;
                }
                let places: Vec<_> = model.deliveries.iter().copied().collect();
                let place @ (queue, rank, sequence) = *which.get(&places);
                let entry = Entry { queue, level: level(rank), sequence, expires: Timestamp(7) };
                store.remove(if twice { vec![entry, entry] } else { vec![entry] }, Removal::Delivered);
                model.remove(place);
                prop_assert!(!waiting_after_failure(&store, queue, rank).contains(&sequence));
            }
            Step::Clear { queue } => {
                let queue = queues[queue];
                let places: Vec<_> = model.deliveries.iter().copied().filter(|place| place.0 == queue).collect();
                prop_assert_eq!(store.clear(queue), u64::try_from(places.len()).expect("a number"));
                for place in places {
                    model.remove(place);
                }
            }
            Step::State { id, value } => {
                let id = id.to_string();
                if put_state(&store, "twin", &id, value.as_deref()) == Outcome::Failed {
                    eventually("it is open again", || store.states("twin").is_ok());
                    let key = StateKey { kind: "twin", id: id.clone() };
                    let there = store.state(&key).expect("read");
                    prop_assert!(there == value || there.as_ref() == model.state.get(&id));
                    match there {
                        Some(there) => model.state.insert(id, there),
                        None => model.state.remove(&id),
                    };
                } else if let Some(value) = value {
                    model.state.insert(id, value);
                } else {
                    model.state.remove(&id);
                }
            }
            Step::Flush => {
                settle_removals(&store, &faults);
                model.check(&store, &queues)?;
            }
            Step::Reopen => {
                settle_removals(&store, &faults);
                store.close();
                store = open();
                model.check(&store, &queues)?;
            }
            Step::Fault { flush, after } => {
                let left = if flush { &faults.flushes_left } else { &faults.commits_left };
                left.store(i64::from(after), Ordering::SeqCst);
                // The next reopening works again: see `Faults::heals`.
                faults.heals.store(true, Ordering::SeqCst);
            }
        }
    }
    settle_removals(&store, &faults);
    model.check(&store, &queues)?;
    prop_assert_eq!(faults.written_after_failure.load(Ordering::SeqCst), 0);
    Ok(())
}

fn waiting_after_failure(store: &Store, queue: QueueId, rank: u8) -> Vec<Sequence> {
    eventually("it is open", || store.entries(queue, level(rank), None, 1).is_ok());
    let entries = store.entries(queue, level(rank), None, usize::MAX).unwrap_or_default();
    entries.iter().map(|entry| entry.sequence).collect()
}

/// Ends all faults, and waits until removals are written.
fn settle_removals(store: &Store, faults: &Faults) {
    faults.commits_left.store(-1, Ordering::SeqCst);
    faults.flushes_left.store(-1, Ordering::SeqCst);
    eventually("everything is written", || {
        store.flush();
        let waiting = store.handle.shared.inbox.lock();
        let done = waiting.removed.is_empty() && waiting.overlay.is_empty();
        drop(waiting);
        done && !store.status().failed && store.queues().iter().all(|it| it.oldest.is_some())
    });
    // Queues that are being emptied.
    store.flush();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_store_does_what_the_model_says(steps in prop::collection::vec(step(), 1..50)) {
        run(steps)?;
    }
}
