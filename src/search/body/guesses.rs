//! Guesses at the next name of an object: the messages of a device mostly have the same members in the same order.
//!
//! From behind a value to the next one stands `,"name":`, which takes a scan longer than most values do. So it is kept,
//! white space included, with where it leads, under the last two names that were read; what stands in a body after these
//! two is first compared with it, byte by byte. The same bytes between the same two values have been read before, so they
//! are valid, and lead where they led. A guess that fails is replaced by what was there instead.
//!
//! The memory is fixed, whatever the bodies, and a guess changes what a scan costs, never what it finds. By the last two
//! names, and not by all, because then a member more or less puts only the next two guesses wrong.

use super::trie::{NONE, PlaceId};
use super::units::look;
use crate::body::Encoding;

/// The names that are expected after others.
#[derive(Debug)]
pub(super) struct Guesses {
    /// By the last two names. None, or [`COUNT`].
    kept: Box<[Guess]>,
    /// The last two names.
    after: u16,
    /// How deep the container lies: objects within each other often have members of the same names.
    depth: u16,
}

/// How many guesses are kept. A power of two; so many that few of some ten names share a place with another.
const COUNT: usize = 512;

/// The longest that is kept, in bytes.
const LONGEST: usize = 24;

/// From a comma, or the bracket of an object, to the value of the member that follows.
#[derive(Clone, Debug)]
struct Guess {
    bytes: Words,
    masks: Words,
    /// In bytes. `length <= LONGEST`
    length: u8,
    /// What the name stands for in [`Guesses::after`].
    name: u16,
    /// Where the name leads, [packed](PlaceId::pack).
    child: u32,
    /// What the name means something to.
    context: Context,
}

type Words = [u64; LONGEST / 8];

/// What else decides where a name leads: the place of its container, none if that leads nowhere, and the encoding.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) struct Context(u64);

impl Context {
    /// That of no name.
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
    /// For a table that asks for something, or for nothing. Allocates.
    pub(super) fn new(asks: bool) -> Self {
        let none = Guess {
            bytes: Words::default(),
            masks: Words::default(),
            length: 0,
            name: 0,
            child: NONE,
            context: Context::NOWHERE,
        };
        Self { kept: vec![none; if asks { COUNT } else { 0 }].into(), after: 0, depth: 0 }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.kept)
    }

    /// Begins a body.
    pub(super) fn begin(&mut self) {
        self.after = 0;
        self.enter(0);
    }

    /// What follows is of a container that lies so deep.
    #[inline(always)]
    pub(super) fn enter(&mut self, depth: usize) {
        // An odd number, so that neighbours stay apart.
        self.depth = u16::from(depth.to_le_bytes()[0]) * 0x35;
    }

    /// Where the guess is kept.
    #[inline(always)]
    fn place(&self) -> usize {
        usize::from(self.after ^ self.depth) % COUNT
    }

    /// Whether what was expected comes next, where there is a comma, the bracket of an object, or neither: the place of the
    /// value that follows, and where its name leads.
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

    /// Expects from now on what was read from `rest` to the value at `value`.
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
        if length <= LONGEST
            && let Ok(length) = u8::try_from(length)
        {
            *guess = Guess { bytes, masks, length, name, child: PlaceId::pack(child), context };
        }
        self.after = following(self.after, name);
    }
}

/// The next bytes; zeros behind the end of the body.
#[inline(always)]
fn words(rest: &[u8]) -> Words {
    look();
    let last;
    let bytes: &[u8; LONGEST] = if let Some(bytes) = rest.first_chunk() {
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
fn last_bytes(rest: &[u8]) -> [u8; LONGEST] {
    let mut bytes = [0; LONGEST];
    for (byte, of_rest) in bytes.iter_mut().zip(rest) {
        *byte = *of_rest;
    }
    bytes
}

/// What comes after this and another name: all of the last name, half of the one before, and nothing of any earlier.
#[inline(always)]
const fn following(after: u16, name: u16) -> u16 {
    (after << 5) ^ name
}

/// Bits that are unlikely to be those of another name.
fn digest(words: Words) -> u16 {
    // Knuth, The Art of Computer Programming, vol. 2, 3.3.4, line 26
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
    fn what_was_read_after_the_same_two_names_is_expected() {
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
    fn any_other_byte_is_noticed() {
        for length in 1..=LONGEST {
            let body: Vec<u8> = (0..LONGEST).map(|at| if at < length { b'n' } else { b'.' }).collect();
            let mut guesses = guesses();
            guesses.learn(&body, &body[length..], HERE, None);
            for at in 0..LONGEST {
                let mut other = body.clone();
                other[at] = b'x';
                guesses.begin();
                assert_eq!(guesses.guess(&other, HERE).is_some(), at >= length, "{length} {at}");
                // Nor does another context make up for it.
                other[at] = body[at] ^ 1;
                guesses.begin();
                assert_eq!(guesses.guess(&other, Context(HERE.0 ^ 1 << (8 * (at % 8)))), None, "{length} {at}");
            }
        }
    }

    #[test]
    fn nothing_is_expected_at_first_nor_where_it_was_too_long() {
        let zeros = [0; LONGEST + 1];
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
