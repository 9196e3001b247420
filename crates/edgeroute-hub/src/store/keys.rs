//! The keys and small values of the database. Numbers are big-endian, so that keys sort as numbers do.

use crate::clock::Timestamp;

use super::{Entry, Level, QueueId, Sequence, StateKey};

/// The version of the format that this code writes. Newer ones are refused.
pub(super) const FORMAT_VERSION: u32 = 1;

/// The key of the format's version.
pub(super) const VERSION: &[u8] = b"version";
/// The key of the [`Head`].
pub(super) const HEAD: &[u8] = b"head";
/// The key of the [`Shift`] under way.
pub(super) const SHIFT: &[u8] = b"shift";
/// The first byte of the keys of destinations.
const DESTINATION: u8 = b'd';

/// What is known of a delivery without reading its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct QueueValue {
    pub(super) expires: Timestamp,
    /// The length of the message's record.
    pub(super) record: u32,
}

/// Counters that each group writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    /// The number of the group.
    pub(super) group: u64,
    /// The time at which the group was written.
    pub(super) time: Timestamp,
    /// The number of the next message.
    pub(super) next_sequence: Sequence,
    /// The number of the next destination.
    pub(super) next_queue: u32,
}

/// A move of the expiry of everything stored before a jump of the clock. It is done in steps, in the order of the
/// queues' keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shift {
    /// Milliseconds to add.
    pub(super) millis: u64,
    /// The last message that it concerns.
    pub(super) through: Sequence,
    /// The last delivery that was moved. Empty at the start.
    pub(super) cursor: Vec<u8>,
}

/// Returns the bytes at a place, padded with zeros where the record is too short.
fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    array(bytes, at).map(u64::from_be_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_be_bytes)
}

pub(super) fn message_key(sequence: Sequence) -> [u8; 8] {
    sequence.to_be_bytes()
}

pub(super) fn read_message_key(key: &[u8]) -> Option<Sequence> {
    array(key, 0).map(u64::from_be_bytes).filter(|_| key.len() == 8)
}

pub(super) fn queue_key(queue: QueueId, level: Level, sequence: Sequence) -> [u8; QUEUE_KEY] {
    let mut key = [0; QUEUE_KEY];
    let parts = queue.0.to_be_bytes().into_iter().chain([level.rank()]).chain(sequence.to_be_bytes());
    key.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
    key
}

/// The length of a key of the queues.
pub(super) const QUEUE_KEY: usize = 13;
/// The length of a value of the queues.
pub(super) const QUEUE_VALUE: usize = 12;
/// The length of a key of the index by expiry.
pub(super) const EXPIRY_KEY: usize = 21;
/// The length of a key and a value that count pending deliveries.
pub(super) const PENDING: usize = 12;

pub(super) fn read_queue_key(key: &[u8]) -> Option<(QueueId, Level, Sequence)> {
    if key.len() != QUEUE_KEY {
        return None;
    }
    Some((QueueId(u32_at(key, 0)?), Level::new(*key.get(4)?)?, u64_at(key, 5)?))
}

impl QueueValue {
    pub(super) fn to_bytes(self) -> [u8; QUEUE_VALUE] {
        let mut value = [0; QUEUE_VALUE];
        let parts = self.expires.0.to_be_bytes().into_iter().chain(self.record.to_be_bytes());
        value.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
        value
    }

    pub(super) fn read(value: &[u8]) -> Option<Self> {
        Some(Self { expires: Timestamp(u64_at(value, 0)?), record: u32_at(value, 8)? })
    }
}

/// Returns the key in the index by expiry, or `None` for what never expires: it is not in the index.
pub(super) fn expiry_key(entry: &Entry) -> Option<[u8; EXPIRY_KEY]> {
    if entry.expires == Timestamp::NEVER {
        return None;
    }
    let mut key = [0; EXPIRY_KEY];
    let parts = entry.expires.0.to_be_bytes().into_iter().chain(queue_key(entry.queue, entry.level, entry.sequence));
    key.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
    Some(key)
}

pub(super) fn read_expiry_key(key: &[u8]) -> Option<Entry> {
    let expires = Timestamp(u64_at(key, 0)?);
    let (queue, level, sequence) = read_queue_key(key.get(8..)?)?;
    Some(Entry { queue, level, sequence, expires })
}

pub(super) fn pending_value(pending: u32) -> [u8; 4] {
    pending.to_be_bytes()
}

pub(super) fn read_pending(value: &[u8]) -> Option<u32> {
    u32_at(value, 0)
}

pub(super) fn state_key(key: &StateKey) -> Vec<u8> {
    [key.kind.as_bytes(), &[0], key.id.as_bytes()].concat()
}

/// Returns the first key after all records of a kind.
pub(super) fn state_end(kind: &str) -> Vec<u8> {
    [kind.as_bytes(), &[1]].concat()
}

/// Returns the id in a key of state.
pub(super) fn read_state_id(kind: &str, key: &[u8]) -> Option<String> {
    let id = key.get(kind.len().checked_add(1)?..)?;
    String::from_utf8(id.to_vec()).ok()
}

pub(super) fn destination_key(queue: QueueId) -> [u8; 5] {
    let mut key = [DESTINATION; 5];
    key.iter_mut().skip(1).zip(queue.0.to_be_bytes()).for_each(|(to, from)| *to = from);
    key
}

pub(super) fn read_destination_key(key: &[u8]) -> Option<QueueId> {
    (key.len() == 5 && key.first() == Some(&DESTINATION)).then(|| u32_at(key, 1).map(QueueId)).flatten()
}

impl Head {
    pub(super) fn to_bytes(self) -> Vec<u8> {
        [
            self.group.to_be_bytes().as_slice(),
            &self.time.0.to_be_bytes(),
            &self.next_sequence.to_be_bytes(),
            &self.next_queue.to_be_bytes(),
        ]
        .concat()
    }

    pub(super) fn read(value: &[u8]) -> Option<Self> {
        Some(Self {
            group: u64_at(value, 0)?,
            time: Timestamp(u64_at(value, 8)?),
            next_sequence: u64_at(value, 16)?,
            next_queue: u32_at(value, 24)?,
        })
    }
}

impl Shift {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        [self.millis.to_be_bytes().as_slice(), &self.through.to_be_bytes(), &self.cursor].concat()
    }

    pub(super) fn read(value: &[u8]) -> Option<Self> {
        Some(Self { millis: u64_at(value, 0)?, through: u64_at(value, 8)?, cursor: value.get(16..)?.to_vec() })
    }

    /// Returns when a delivery really expires: as stored, or later if the move has not reached it.
    pub(super) fn expires(&self, key: &[u8], sequence: Sequence, stored: Timestamp) -> Timestamp {
        if sequence <= self.through && key > self.cursor.as_slice() { stored.plus_millis(self.millis) } else { stored }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(expires: u64, queue: u32, level: u8, sequence: u64) -> Entry {
        let level = Level::new(level).expect("a level");
        Entry { queue: QueueId(queue), level, sequence, expires: Timestamp(expires) }
    }

    #[test]
    fn keys_are_read_as_written() {
        for entry in [entry(0, 0, 0, 0), entry(u64::MAX - 1, u32::MAX, 10, u64::MAX), entry(5, 1, 2, 3)] {
            let key = queue_key(entry.queue, entry.level, entry.sequence);
            assert_eq!(read_queue_key(&key), Some((entry.queue, entry.level, entry.sequence)));
            assert_eq!(expiry_key(&entry).and_then(|key| read_expiry_key(&key)), Some(entry));
            assert_eq!(read_message_key(&message_key(entry.sequence)), Some(entry.sequence));
            assert_eq!(read_destination_key(&destination_key(entry.queue)), Some(entry.queue));
        }
        assert_eq!(expiry_key(&entry(u64::MAX, 0, 0, 0)), None);
    }

    #[test]
    fn keys_sort_by_number() {
        let keys =
            [entry(1, 0, 0, 255), entry(1, 0, 0, 256), entry(1, 0, 1, 0), entry(1, 256, 0, 0), entry(256, 0, 0, 0)];
        let keys: Vec<_> = keys.iter().map(|entry| expiry_key(entry).expect("it expires")).collect();
        assert!(keys.is_sorted());
    }

    #[test]
    fn damaged_records_are_not_read() {
        assert_eq!(read_queue_key(&[0; 12]), None);
        assert_eq!(read_queue_key(&[0, 0, 0, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0]), None);
        assert_eq!(read_expiry_key(&[0; 5]), None);
        assert_eq!(QueueValue::read(&[0; 11]), None);
        assert_eq!(Head::read(&[0; 27]), None);
        assert_eq!(Shift::read(&[0; 15]), None);
        assert_eq!(read_state_id("twin", b"twin\0\xff"), None);
    }

    #[test]
    fn a_move_of_expiry_changes_only_what_it_has_not_reached() {
        let key = |sequence| queue_key(QueueId(0), Level::new(0).expect("a level"), sequence);
        let shift = Shift { millis: 10, through: 7, cursor: key(3).to_vec() };
        assert_eq!(shift.expires(&key(3), 3, Timestamp(1)), Timestamp(1));
        assert_eq!(shift.expires(&key(4), 4, Timestamp(1)), Timestamp(11));
        assert_eq!(shift.expires(&key(8), 8, Timestamp(1)), Timestamp(1));
        assert_eq!(Shift::read(&shift.to_bytes()), Some(shift));
    }
}
