//! Which messages of which sender were seen: one bit each.

use std::collections::BTreeMap;

use crate::payload::Mark;

/// Numbers above this are not recorded, so that a wrong number does not take the memory.
const LARGEST: u64 = 1 << 32;

/// A set of messages.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    senders: BTreeMap<u32, Vec<u64>>,
    count: u64,
}

impl Seen {
    /// Adds a message. Returns whether it is new.
    pub(crate) fn insert(&mut self, mark: Mark) -> bool {
        let words = self.senders.entry(mark.sender).or_default();
        let Some((word, bit)) = place(mark.number) else { return false };
        if words.len() <= word {
            words.resize(word + 1, 0);
        }
        let Some(word) = words.get_mut(word) else { return false };
        let new = *word & bit == 0;
        *word |= bit;
        self.count += u64::from(new);
        new
    }

    /// Whether a message is in the set.
    pub(crate) fn contains(&self, mark: Mark) -> bool {
        let bits = |(word, bit): (usize, u64)| Some(self.senders.get(&mark.sender)?.get(word)? & bit != 0);
        place(mark.number).and_then(bits).unwrap_or(false)
    }

    /// Returns the number of messages.
    pub(crate) fn len(&self) -> u64 {
        self.count
    }

    /// Calls `each` with every message, by sender and number.
    pub(crate) fn for_each(&self, mut each: impl FnMut(Mark)) {
        for (&sender, words) in &self.senders {
            for (index, &word) in (0_u64..).zip(words) {
                let bits = (0..64).filter(|bit| word >> bit & 1 == 1);
                bits.for_each(|bit| each(Mark { sender, number: index * 64 + bit }));
            }
        }
    }
}

fn place(number: u64) -> Option<(usize, u64)> {
    if number >= LARGEST {
        return None;
    }
    Some((usize::try_from(number / 64).ok()?, 1 << (number % 64)))
}

/// What came to one receiver: which messages, how often, and in which order.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    pub(crate) seen: Seen,
    /// Deliveries of a message that had been delivered before.
    pub(crate) duplicates: u64,
    /// First deliveries of a message after one with a larger number of the same sender.
    pub(crate) disordered: u64,
    /// Examples of the latter.
    pub(crate) examples: Vec<String>,
    largest: BTreeMap<u32, u64>,
}

impl Arrivals {
    pub(crate) fn record(&mut self, mark: Mark) {
        if !self.seen.insert(mark) {
            self.duplicates += 1;
            return;
        }
        let largest = self.largest.entry(mark.sender).or_insert(mark.number);
        if mark.number < *largest {
            self.disordered += 1;
            if self.examples.len() < 10 {
                self.examples.push(format!("sender {}: {} after {largest}", mark.sender, mark.number));
            }
        }
        *largest = mark.number.max(*largest);
    }
}
