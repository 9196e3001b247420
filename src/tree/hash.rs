//! Keyed hashes of names and values.
//!
//! Messages are hostile, so every hash depends on a key that they cannot know. What a table answers does not depend on
//! it: a hash only ever selects what is then compared in full. Texts of up to 16 bytes, which is what names and values
//! mostly are, are read as two words and mixed by one multiplication; longer ones go through [`ahash`].

use std::hash::{BuildHasher, Hasher};

use crate::predicate::ValueConstant;

/// The key.
#[derive(Clone, Debug)]
pub(crate) struct HashKey {
    a: u64,
    b: u64,
    long: ahash::RandomState,
}

/// The hash of a value as slots keep it. The lowest bit is set, so that no hash is 0 (nothing there) and none is
/// [`PRESENT`](Self::PRESENT).
#[derive(Copy, Clone, PartialEq, Eq, Debug, Hash, Default, PartialOrd, Ord)]
pub(crate) struct ValueHash(u32);

impl ValueHash {
    /// Of a slot that holds nothing.
    pub(crate) const ABSENT: Self = Self(0);
    /// Stands for any value, where only presence is asked. No value has it.
    pub(crate) const PRESENT: Self = Self(1);
    /// Of null. No value has it.
    pub(crate) const NULL: Self = Self(2);

    /// Whether a slot with this hash passes a header that wants `wanted`: equal, or there at all.
    #[inline]
    pub(crate) fn passes(self, wanted: Self) -> bool {
        self == wanted || (wanted == Self::PRESENT && self != Self::ABSENT)
    }

    pub(crate) const fn bits(self) -> u32 {
        self.0
    }

    fn of(hash: u64) -> Self {
        let bits = u32::try_from(hash >> 32).unwrap_or_default() | 1;
        // 1 stands for presence.
        Self(if bits == 1 { 3 } else { bits })
    }
}

impl HashKey {
    /// A key that differs from run to run.
    pub(crate) fn random() -> Self {
        Self::from_seed(crate::keyed::random_seed())
    }

    /// The key of a seed.
    pub(crate) fn from_seed(seed: u64) -> Self {
        let mut state = seed;
        let mut next = || {
            // splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014)
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ (mixed >> 31)
        };
        Self { a: next(), b: next(), long: ahash::RandomState::with_seeds(next(), next(), next(), next()) }
    }

    /// The hash of a value.
    #[inline]
    pub(crate) fn value(&self, text: &str) -> ValueHash {
        ValueHash::of(self.bytes(text.as_bytes()))
    }

    /// The hash of a bool among body values.
    #[inline]
    pub(crate) fn truth(&self, truth: bool) -> ValueHash {
        ValueHash::of(fold(u64::from(truth) ^ self.a, self.b))
    }

    /// The hash of a number among body values; both zeros have the same.
    #[inline]
    pub(crate) fn number(&self, number: f64) -> ValueHash {
        ValueHash::of(fold((number + 0.0).to_bits() ^ self.a, !self.b))
    }

    /// The hash of a constant that body values are compared with.
    pub(crate) fn constant(&self, constant: ValueConstant, texts: &[ValueHash]) -> ValueHash {
        match constant {
            ValueConstant::Bool(truth) => self.truth(truth),
            ValueConstant::Number(number) => self.number(number),
            ValueConstant::Text(text) => texts.get(text.index()).copied().unwrap_or_default(),
            ValueConstant::Null => ValueHash::NULL,
        }
    }

    /// The hash of some bytes.
    #[inline]
    pub(crate) fn bytes(&self, bytes: &[u8]) -> u64 {
        match Words::of(bytes) {
            Some(words) => self.words(words, bytes.len()),
            None => self.long_bytes(bytes),
        }
    }

    #[inline]
    fn words(&self, words: Words, length: usize) -> u64 {
        fold(words.first ^ self.a, words.last ^ self.b ^ (length as u64))
    }

    #[inline(never)]
    fn long_bytes(&self, bytes: &[u8]) -> u64 {
        let mut hasher = self.long.build_hasher();
        hasher.write(bytes);
        hasher.finish()
    }

    /// The hash of a name, the same for every spelling that [`eq_ignore_case`](crate::text::eq_ignore_case) takes for
    /// it. Names that differ may have it too.
    #[inline]
    pub(crate) fn name(&self, name: &str) -> u64 {
        // Clearing bit 5 maps both cases of an ASCII letter to one byte, and conflates a few other characters.
        const CASE: u64 = 0xdfdf_dfdf_dfdf_dfdf;
        match Words::of(name.as_bytes()) {
            Some(words) if words.is_ascii() => {
                let masked = Words { first: words.first & CASE, last: words.last & CASE };
                self.words(masked, name.len())
            }
            _ => self.long_name(name),
        }
    }

    #[inline(never)]
    fn long_name(&self, name: &str) -> u64 {
        let mut hasher = self.long.build_hasher();
        for character in crate::text::fold_chars(name) {
            hasher.write_u32(u32::from(character));
        }
        // A name with other letters never equals an ASCII one, so the two kinds of hashes need not agree. A long ASCII
        // name is hashed here in every spelling, since its length is the same.
        hasher.finish()
    }

    /// A hash of several numbers.
    #[inline]
    pub(crate) fn combine(&self, a: u64, b: u64) -> u64 {
        fold(a ^ self.a, b ^ self.b)
    }
}

/// The bytes of a short text: its first eight and its last eight, which overlap where it is shorter than 16.
#[derive(Copy, Clone)]
struct Words {
    first: u64,
    last: u64,
}

impl Words {
    #[inline]
    fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > 16 {
            return None;
        }
        if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
            Some(Self { first: u64::from_le_bytes(*first), last: u64::from_le_bytes(*last) })
        } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
            Some(Self { first: u32::from_le_bytes(*first).into(), last: u32::from_le_bytes(*last).into() })
        } else {
            let byte = |index: usize| u64::from(bytes.get(index).copied().unwrap_or_default());
            Some(Self { first: byte(0) | byte(1) << 8, last: byte(2) })
        }
    }

    #[inline]
    fn is_ascii(self) -> bool {
        (self.first | self.last) & 0x8080_8080_8080_8080 == 0
    }
}

/// Both halves of the product, xored.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    #[expect(clippy::cast_possible_truncation, reason = "the two halves of a product are taken apart")]
    let halves = (product as u64, (product >> 64) as u64);
    halves.0 ^ halves.1
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn spellings_of_one_name_have_one_hash() {
        let key = HashKey::from_seed(7);
        for (a, b) in [
            ("level", "LEVEL"),
            ("contentType", "CONTENTTYPE"),
            ("région", "RÉGION"),
            ("a-name-of-more-than-16-bytes", "A-Name-Of-More-Than-16-Bytes"),
            ("ς", "Σ"),
            ("", ""),
        ] {
            assert_eq!(key.name(a), key.name(b), "{a}");
        }
    }

    #[test]
    fn different_texts_have_different_hashes_mostly() {
        let key = HashKey::from_seed(7);
        let texts = (0..20_000).map(|n| format!("{n:x}")).chain((0..2_000).map(|n| format!("device-number-{n}")));
        let distinct: HashSet<ValueHash> = texts.map(|text| key.value(&text)).collect();
        assert!(distinct.len() >= 21_995, "{}", distinct.len());
        assert!(distinct.iter().all(|hash| ![0, 1, 2].contains(&hash.bits())));
    }

    #[test]
    fn short_texts_of_every_length_differ() {
        let key = HashKey::from_seed(1);
        let all: HashSet<u64> = (0..40).map(|length| key.bytes("a".repeat(length).as_bytes())).collect();
        assert_eq!(all.len(), 40);
        assert_ne!(key.bytes(b"ab"), key.bytes(b"ba"));
        assert_ne!(key.bytes(b"a\0"), key.bytes(b"a"));
    }
}
