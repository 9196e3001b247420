//! Guesses the next name of an object: the messages of a device usually have the same members in the same order.
//!
//! Between the end of a value and the start of the next one comes `,"name":`, which takes longer to scan than most
//! values. This module stores these bytes, including white space, together with where the name leads, under the last
//! two names that were read. After the same two names, the bytes of the body are first compared with the stored ones.
//! Bytes that were read before in the same context are valid and lead to the same place. A wrong guess is replaced by
//! the bytes that were there instead.
//!
//! The memory is fixed, whatever the bodies. A guess changes the cost of a scan, never its result. The key is the last
//! two names rather than all previous names, so that an extra or missing member spoils only the next two guesses.

use super::trie::{NONE, PlaceId};
use crate::tuning::{GUESS_BYTES, GUESSES};
use edgeroute_lang::body::Encoding;
use edgeroute_lang::steps;

/// The names that are expected after others.
#[derive(Debug)]
pub(super) struct Guesses {
    /// The guesses, indexed by the last two names. There are either none or [`GUESSES`].
    kept: Box<[Guess]>,
    /// A digest of the last two names.
    after: u16,
    /// The depth of the container, because nested objects often have members of the same names.
    depth: u16,
}

/// The bytes from a comma, or from the bracket of an object, to the value of the next member.
#[derive(Clone, Debug)]
struct Guess {
    bytes: Words,
    masks: Words,
    /// The length in bytes. `length <= GUESS_BYTES`
    length: u8,
    /// The value that the name contributes to [`Guesses::after`].
    name: u16,
    /// The place that the name leads to, [packed](PlaceId::pack).
    child: u32,
    /// The context in which the guess is valid.
    context: Context,
}

type Words = [u64; GUESS_BYTES / 8];

/// Everything other than the name that decides where the name leads: the place of its container, if it leads anywhere,
/// and the encoding.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) struct Context(u64);

impl Context {
    /// The context in which no name leads anywhere.
    pub(super) const NOWHERE: Self = Self(u64::MAX);

    #[inline(always)]
    pub(super) fn new(container: Option<PlaceId>, encoding: Encoding) -> Self {
        let encoding = match encoding {
            Encoding::Utf8 => 0,
            Encoding::Utf16 => 1,
            Encoding::Utf32 => 2,
        };
        Self(encoding << 32 | u64::from(PlaceId::pack(container)))
    }
}

impl Guesses {
    /// Makes the guesses of a plan with or without paths. Allocates.
    pub(super) fn new(asks: bool) -> Self {
        let none = Guess {
            bytes: Words::default(),
            masks: Words::default(),
            length: 0,
            name: 0,
            child: NONE,
            context: Context::NOWHERE,
        };
        Self { kept: vec![none; if asks { GUESSES } else { 0 }].into(), after: 0, depth: 0 }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.kept)
    }

    /// Begins a body.
    pub(super) fn begin(&mut self) {
        self.after = 0;
        self.enter(0);
    }

    /// Notes that what follows belongs to a container at this depth.
    #[inline(always)]
    pub(super) fn enter(&mut self, depth: usize) {
        // An odd factor keeps neighbouring depths apart.
        self.depth = u16::from(depth.to_le_bytes()[0]) * 0x35;
    }

    /// Returns the index of the guess.
    #[inline(always)]
    fn place(&self) -> usize {
        usize::from(self.after ^ self.depth) % GUESSES
    }

    /// Checks whether the guess comes next; at this point there is a comma, the bracket of an object, or neither. If
    /// so, returns the place of the value that follows, and where its name leads.
    #[inline(always)]
    pub(super) fn guess<'m>(&mut self, rest: &'m [u8], context: Context) -> Option<(&'m [u8], Option<PlaceId>)> {
        let guess = self.kept.get(self.place())?;
        let [first, second, third] = words(rest);
        let differences = ((first ^ guess.bytes[0]) & guess.masks[0])
            | ((second ^ guess.bytes[1]) & guess.masks[1])
            | ((third ^ guess.bytes[2]) & guess.masks[2])
            | (context.0 ^ guess.context.0);
        if differences != 0 {
            return None;
        }
        self.after = following(self.after, guess.name);
        Some((rest.get(usize::from(guess.length)..)?, PlaceId::unpack(guess.child)))
    }

    /// Stores the bytes from `rest` to the value at `value` as the new guess.
    #[inline(never)]
    pub(super) fn learn(&mut self, rest: &[u8], value: &[u8], context: Context, child: Option<PlaceId>) {
        let place = self.place();
        let Some(guess) = self.kept.get_mut(place) else { return };
        let mut bytes = words(rest);
        let length = rest.len().saturating_sub(value.len());
        let mut masks = Words::default();
        for (number, (bytes, mask)) in bytes.iter_mut().zip(&mut masks).enumerate() {
            *mask = match length.saturating_sub(8 * number) {
                0 => 0,
                covered @ 1..8 => !(u64::MAX << (8 * covered)),
                8.. => u64::MAX,
            };
            *bytes &= *mask;
        }
        let name = digest(bytes);
        if length <= GUESS_BYTES
            && let Ok(length) = u8::try_from(length)
        {
            *guess = Guess { bytes, masks, length, name, child: PlaceId::pack(child), context };
        }
        self.after = following(self.after, name);
    }
}

/// Returns the next bytes, with zeros after the end of the body.
#[inline(always)]
fn words(rest: &[u8]) -> Words {
    steps::step();
    let last;
    let bytes: &[u8; GUESS_BYTES] = if let Some(bytes) = rest.first_chunk() {
        bytes
    } else {
        last = last_bytes(rest);
        &last
    };
    let mut words = Words::default();
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
        *word = u64::from_le_bytes(*bytes);
    }
    words
}

#[cold]
#[inline(never)]
fn last_bytes(rest: &[u8]) -> [u8; GUESS_BYTES] {
    let mut bytes = [0; GUESS_BYTES];
    for (byte, of_rest) in bytes.iter_mut().zip(rest) {
        *byte = *of_rest;
    }
    bytes
}

/// Combines the digests of this name and the one before: all of the last name, half of the previous name, and nothing
/// of earlier names.
#[inline(always)]
const fn following(after: u16, name: u16) -> u16 {
    (after << 5) ^ name
}

/// Returns bits that are unlikely to be equal for another name.
fn digest(words: Words) -> u16 {
    // Knuth, The Art of Computer Programming, vol. 2, 3.3.4, line 26.
    let mixed = words.iter().fold(0, |mixed: u64, word| (mixed ^ word).wrapping_mul(6_364_136_223_846_793_005));
    let [.., low, high] = mixed.to_le_bytes();
    u16::from_le_bytes([low, high])
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Context = Context(1);

    fn guesses() -> Guesses {
        Guesses::new(true)
    }

    #[test]
    fn the_name_that_followed_the_same_two_names_is_guessed() {
        let body = b"{\"a\":1,\"b\" : 2,\"c\":3";
        let mut guesses = guesses();
        for (at, end, child) in [(0, 5, Some(PlaceId::new(7))), (6, 13, None), (14, 19, Some(PlaceId::new(0)))] {
            assert_eq!(guesses.guess(&body[at..], HERE), None);
            guesses.learn(&body[at..], &body[end..], HERE, child);
        }
        guesses.begin();
        assert_eq!(guesses.guess(body, HERE), Some((&body[5..], Some(PlaceId::new(7)))));
        assert_eq!(guesses.guess(&body[6..], Context(2)), None);
        assert_eq!(guesses.guess(&body[6..], HERE), Some((&body[13..], None)));
        assert_eq!(guesses.guess(&body[14..], HERE), Some((&body[19..], Some(PlaceId::new(0)))));
    }

    #[test]
    fn a_guess_fails_on_any_other_byte() {
        for length in 1..=GUESS_BYTES {
            let body: Vec<u8> = (0..GUESS_BYTES).map(|at| if at < length { b'n' } else { b'.' }).collect();
            let mut guesses = guesses();
            guesses.learn(&body, &body[length..], HERE, None);
            for at in 0..GUESS_BYTES {
                let mut other = body.clone();
                other[at] = b'x';
                guesses.begin();
                assert_eq!(guesses.guess(&other, HERE).is_some(), at >= length, "{length} {at}");
                // Another context does not compensate for it.
                other[at] = body[at] ^ 1;
                guesses.begin();
                assert_eq!(guesses.guess(&other, Context(HERE.0 ^ 1 << (8 * (at % 8)))), None, "{length} {at}");
            }
        }
    }

    #[test]
    fn there_is_no_guess_at_first_or_after_a_long_name() {
        let zeros = [0; GUESS_BYTES + 1];
        assert_eq!(guesses().guess(&zeros, HERE), None);
        assert_eq!(guesses().guess(&zeros, Context::new(None, Encoding::Utf8)), None);
        let mut guesses = guesses();
        guesses.learn(&zeros, &[], HERE, None);
        guesses.begin();
        assert_eq!(guesses.guess(&zeros, HERE), None);
    }

    #[test]
    fn contexts_differ_by_container_and_encoding() {
        let contexts: std::collections::BTreeSet<u64> = [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32]
            .into_iter()
            .flat_map(|encoding| {
                [None, Some(PlaceId::new(0)), Some(PlaceId::new(1))].map(|place| Context::new(place, encoding).0)
            })
            .collect();
        assert_eq!(contexts.len(), 9);
        assert!(!contexts.contains(&Context::NOWHERE.0));
    }
}
