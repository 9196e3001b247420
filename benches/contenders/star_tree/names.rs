//! The names of properties, and which slot each has.

use crate::workloads::WorkMessage;
use crate::workloads::condition::Key;

use super::Place;

/// Names that ignore case, as one hash table.
#[derive(Debug)]
pub(super) struct Names {
    /// By slot, counted from the first property.
    keys: Box<[Key]>,
    /// A power of two of them, at most half of them taken: the hash of a name, and its slot and one.
    places: Box<[(u64, usize)]>,
    /// A bit for each length modulo 64 that a name has.
    lengths: u64,
}

/// Which properties a name is looked for among.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Space {
    Application,
    System,
}

impl Names {
    pub(super) fn new(keys: Box<[Key]>) -> Self {
        let mut names = Self { places: vec![(0, 0); (2 * keys.len()).next_power_of_two()].into(), lengths: 0, keys };
        for (slot, key) in names.keys.iter().enumerate() {
            let (space, name) = parts(key);
            let hash = hash(space, name);
            let mut at = place(hash, names.places.len());
            while names.places[at].1 != 0 {
                at = (at + 1) % names.places.len();
            }
            names.places[at] = (hash, slot + 1);
            names.lengths |= length_bit(name);
        }
        names
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Tells for each property of `message` that a route names where it is, those first that shadow later ones.
    pub(super) fn resolve(&self, message: &WorkMessage, mut found: impl FnMut(usize, Place)) {
        for (index, (name, _)) in message.properties.iter().enumerate() {
            let slot = match name.strip_prefix('$') {
                None => self.slot(Space::Application, name),
                Some(name) => self.slot(Space::System, name),
            };
            if let Some(slot) = slot {
                found(slot, Place::Application(index));
            }
        }
        for (index, (name, _)) in message.system_properties.iter().enumerate() {
            if let Some(slot) = self.slot(Space::System, name) {
                found(slot, Place::System(index));
            }
        }
    }

    fn slot(&self, space: Space, name: &str) -> Option<usize> {
        if self.lengths & length_bit(name) == 0 {
            return None;
        }
        let hash = hash(space, name);
        let mut at = place(hash, self.places.len());
        loop {
            let (taken, slot) = self.places[at];
            let slot = slot.checked_sub(1)?;
            if taken == hash {
                let (known_space, known) = parts(&self.keys[slot]);
                // Most senders write a name as the routes do.
                if known_space == space && (known == name || known.eq_ignore_ascii_case(name)) {
                    return Some(slot);
                }
            }
            at = (at + 1) % self.places.len();
        }
    }
}

fn parts(key: &Key) -> (Space, &str) {
    match key {
        Key::Application(name) => (Space::Application, name),
        Key::System(name) => (Space::System, name),
    }
}

fn length_bit(name: &str) -> u64 {
    1 << (name.len() % 64)
}

fn place(hash: u64, places: usize) -> usize {
    usize::try_from(hash & (places as u64 - 1)).unwrap_or(0)
}

/// A hash that does not see the case of ASCII letters.
fn hash(space: Space, name: &str) -> u64 {
    const LOWER_CASE: u64 = 0x2020_2020_2020_2020;
    let bytes = name.as_bytes();
    let seed = (bytes.len() as u64) << 1 | u64::from(space == Space::System);
    // The first and the last bytes, which may overlap, are all of a short name.
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        let (words, _) = bytes.as_chunks::<8>();
        let middle = words.iter().skip(1).fold(mix(seed ^ (u64::from_le_bytes(*first) | LOWER_CASE)), |hash, word| {
            mix(hash ^ (u64::from_le_bytes(*word) | LOWER_CASE))
        });
        return mix(middle ^ (u64::from_le_bytes(*last) | LOWER_CASE));
    }
    let word = match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        (Some(first), Some(last)) => u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last)),
        _ => bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    mix(seed ^ (word | LOWER_CASE))
}

pub(super) fn mix(word: u64) -> u64 {
    let mixed = word.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed ^ (mixed >> 32)
}
