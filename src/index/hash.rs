//! Keyed hashes of names and values.
//!
//! Messages may be hostile, so every hash depends on a secret seed. The answers of a table do not depend on the seed: a
//! hash only selects candidates, which are then compared in full. Most names and values have up to 16 bytes; these are
//! read as two words and mixed by a single multiplication. Longer strings are hashed by [`ahash`].

use std::hash::{BuildHasher, Hasher};

use edgeroute_lang::steps;

/// The secret seed of all hashes of a table.
#[derive(Clone, Debug)]
pub(crate) struct HashSeed {
    a: u64,
    b: u64,
    long: ahash::RandomState,
}

/// The hash of a value as it is stored in a slot. The lowest bit is set, so no hash of a value is 0 (absent) or
/// [`PRESENT`](Self::PRESENT).
#[derive(Copy, Clone, PartialEq, Eq, Debug, Hash, Default, PartialOrd, Ord)]
pub(crate) struct ValueHash(u32);

impl ValueHash {
    /// The hash of an empty slot.
    pub(crate) const ABSENT: Self = Self(0);
    /// Represents any value in tests for presence. No value has this hash.
    pub(crate) const PRESENT: Self = Self(1);
    /// The hash of null. No value has this hash.
    pub(crate) const NULL: Self = Self(2);

    pub(crate) const fn bits(self) -> u32 {
        self.0
    }

    fn of(hash: u64) -> Self {
        let bits = u32::try_from(hash >> 32).unwrap_or_default() | 1;
        // 1 is reserved for presence.
        Self(if bits == 1 { 3 } else { bits })
    }
}

impl HashSeed {
    /// Returns a seed that differs from run to run.
    pub(crate) fn random() -> Self {
        Self::from_seed(edgeroute_lang::hash_map::random_seed())
    }

    /// Derives the keys from a number.
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

    /// Returns the hash of a value.
    #[inline]
    pub(crate) fn value(&self, text: &str) -> ValueHash {
        ValueHash::of(self.bytes(text.as_bytes()))
    }

    /// Returns the hash of a bool in a body.
    #[inline]
    pub(crate) fn truth(&self, truth: bool) -> ValueHash {
        ValueHash::of(fold(u64::from(truth) ^ self.a, self.b))
    }

    /// Returns the hash of a number in a body. Both zeros have the same hash.
    #[inline]
    pub(crate) fn number(&self, number: f64) -> ValueHash {
        ValueHash::of(fold((number + 0.0).to_bits() ^ self.a, !self.b))
    }

    /// Returns the hash of bytes.
    #[inline]
    pub(crate) fn bytes(&self, bytes: &[u8]) -> u64 {
        steps::bytes(bytes.len());
        match Words::of(bytes) {
            Some(words) => self.words(words),
            None => self.long_bytes(bytes),
        }
    }

    #[inline]
    fn words(&self, words: Words) -> u64 {
        fold(words.first ^ self.a, words.last ^ self.b ^ u64::from(words.length))
    }

    #[inline(never)]
    fn long_bytes(&self, bytes: &[u8]) -> u64 {
        let mut hasher = self.long.build_hasher();
        hasher.write(bytes);
        hasher.finish()
    }

    /// Returns the hash of a name. All spellings that [`eq_ignore_case`](edgeroute_lang::text::eq_ignore_case)
    /// considers equal have the same hash. Different names may have the same hash.
    #[inline]
    pub(crate) fn name(&self, name: Name<'_>) -> u64 {
        match name {
            Name::Short(words) => self.words(words),
            Name::Other(name) => self.other_name(name),
        }
    }

    #[inline(never)]
    fn other_name(&self, name: &str) -> u64 {
        steps::bytes(name.len());
        if let (Some(last), true) = (name.as_bytes().last_chunk(), name.is_ascii()) {
            let mix = |hash, word: &[u8; 8]| fold(hash ^ upper(u64::from_le_bytes(*word)), self.b);
            let start = self.a ^ name.len() as u64;
            return mix(name.as_bytes().as_chunks().0.iter().fold(start, mix), last);
        }
        let mut hasher = self.long.build_hasher();
        for character in edgeroute_lang::text::fold_chars(name) {
            hasher.write_u32(u32::from(character));
        }
        hasher.finish()
    }

    /// Returns what [`salted`](Self::salted) needs to hash numbers together with `b`.
    #[inline]
    pub(crate) fn salt(&self, b: u64) -> u64 {
        b ^ self.b
    }

    /// Returns the hash of a number and the number of a salt.
    #[inline]
    pub(crate) fn salted(&self, a: u64, salt: u64) -> u64 {
        fold(a ^ self.a, salt)
    }

    /// Returns a hash of several numbers.
    #[inline]
    pub(crate) fn combine(&self, a: u64, b: u64) -> u64 {
        self.salted(a, self.salt(b))
    }
}

/// A name in the form in which it is hashed and compared. All spellings of a name use the same variant, because no
/// letter beyond ASCII is the other case of an ASCII letter.
#[derive(Copy, Clone)]
pub(crate) enum Name<'n> {
    /// Up to 16 ASCII bytes, in upper case: two short names are equal exactly when the names are equal ignoring case.
    Short(Words),
    /// Any other name.
    Other(&'n str),
}

impl<'n> Name<'n> {
    #[inline]
    pub(crate) fn of(name: &'n str) -> Self {
        Words::of(name.as_bytes()).and_then(Words::folded).map_or(Self::Other(name), Self::Short)
    }

    /// Returns the words of a short name.
    pub(crate) fn words(self) -> Option<Words> {
        match self {
            Self::Short(words) => Some(words),
            Self::Other(_) => None,
        }
    }
}

/// The bytes of a string of up to 16 bytes: the first eight and the last eight, which overlap in shorter strings.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) struct Words {
    first: u64,
    last: u64,
    length: u32,
}

impl Words {
    /// The words of the empty string.
    pub(crate) const EMPTY: Self = Self { first: 0, last: 0, length: 0 };

    /// Returns the words of a short string. Two strings have the same words exactly when they are equal.
    #[inline]
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        let length = u32::try_from(bytes.len()).ok().filter(|&length| length <= 16)?;
        let (first, last) = if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
            (u64::from_le_bytes(*first), u64::from_le_bytes(*last))
        } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
            (u32::from_le_bytes(*first).into(), u32::from_le_bytes(*last).into())
        } else {
            match *bytes {
                [first, second, third] => (u64::from(first) | u64::from(second) << 8, third.into()),
                [first, second] => (u64::from(first) | u64::from(second) << 8, 0),
                [first] => (first.into(), 0),
                _ => (0, 0),
            }
        };
        Some(Self { first, last, length })
    }

    /// Returns a place in a table whose size is a power of two, for these words and further ones. It uses no seed, so
    /// it must only be used where nothing but speed depends on the place.
    #[inline]
    pub(crate) fn place_among(self, places: usize, others: Self) -> usize {
        // 2^64 divided by the golden ratio (Knuth, The Art of Computer Programming, vol. 3, 6.4).
        const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
        let mixed =
            (self.first ^ self.last.rotate_left(32) ^ others.first.rotate_left(13) ^ others.last.rotate_left(43))
                .wrapping_mul(GOLDEN);
        // The highest bits depend on all other bits.
        usize::try_from(mixed >> (u64::BITS - places.trailing_zeros())).unwrap_or_default() & (places - 1)
    }

    /// Returns whether one of the bytes equals this byte, which must not be 0.
    #[inline]
    pub(super) const fn contains(self, byte: u8) -> bool {
        has_byte(self.first, byte) || has_byte(self.last, byte)
    }

    /// Returns the words of the string in upper case, if it is ASCII.
    #[inline]
    pub(super) fn folded(self) -> Option<Self> {
        self.is_ascii().then(|| self.upper())
    }

    #[inline]
    fn is_ascii(self) -> bool {
        (self.first | self.last) & (EVERY * 0x80) == 0
    }

    /// Converts ASCII letters to upper case. All bytes must be ASCII.
    #[inline]
    fn upper(self) -> Self {
        Self { first: upper(self.first), last: upper(self.last), length: self.length }
    }
}

/// A one in every byte.
const EVERY: u64 = 0x0101_0101_0101_0101;

/// Converts eight ASCII bytes to upper case. The top bit of one sum shows whether a byte is at least `a`; the top bit
/// of the other, whether it is past `z`. If only the first holds, the bit that makes a letter lower case is cleared.
#[inline]
const fn upper(bytes: u64) -> u64 {
    let from_a = bytes + EVERY * (0x80 - b'a' as u64);
    let past_z = bytes + EVERY * (0x7f - b'z' as u64);
    bytes ^ (((from_a ^ past_z) & (EVERY * 0x80)) >> 2)
}

/// Returns whether one of eight bytes equals this byte. If so, it is 0 in the difference, and subtracting 1 from a 0
/// (or from a byte above a 0) borrows.
#[inline]
const fn has_byte(bytes: u64, byte: u8) -> bool {
    let difference = bytes ^ (EVERY * byte as u64);
    difference.wrapping_sub(EVERY) & !difference & (EVERY * 0x80) != 0
}

/// Returns the exclusive or of both halves of the product.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    #[expect(clippy::cast_possible_truncation, reason = "the two halves of a product are taken apart")]
    let halves = (product as u64, (product >> 64) as u64);
    halves.0 ^ halves.1
}

#[cfg(test)]
#[cfg(feature = "count-steps")]
mod attacks;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn spellings_of_one_name_have_one_hash() {
        let key = HashSeed::from_seed(7);
        for (a, b) in [
            ("level", "LEVEL"),
            ("contentType", "CONTENTTYPE"),
            ("région", "RÉGION"),
            ("a-name-of-more-than-16-bytes", "A-Name-Of-More-Than-16-Bytes"),
            ("a-name-of-more-than-32-bytes-is-long", "A-NAME-OF-MORE-THAN-32-BYTES-IS-LONG"),
            ("ς", "Σ"),
            ("", ""),
        ] {
            assert_eq!(key.name(Name::of(a)), key.name(Name::of(b)), "{a}");
        }
    }

    #[test]
    fn most_different_strings_have_different_hashes() {
        let key = HashSeed::from_seed(7);
        let texts = (0..20_000).map(|n| format!("{n:x}")).chain((0..2_000).map(|n| format!("device-number-{n}")));
        let distinct: HashSet<ValueHash> = texts.map(|text| key.value(&text)).collect();
        assert!(distinct.len() >= 21_995, "{}", distinct.len());
        assert!(distinct.iter().all(|hash| ![0, 1, 2].contains(&hash.bits())));
    }

    #[test]
    fn short_strings_of_every_length_differ() {
        let key = HashSeed::from_seed(1);
        let all: HashSet<u64> = (0..40).map(|length| key.bytes("a".repeat(length).as_bytes())).collect();
        assert_eq!(all.len(), 40);
        assert_ne!(key.bytes(b"ab"), key.bytes(b"ba"));
        assert_ne!(key.bytes(b"a\0"), key.bytes(b"a"));
    }

    #[test]
    fn eight_bytes_are_upper_cased_at_once() {
        for start in 0..=120_u8 {
            let bytes = core::array::from_fn(|index| start + u8::try_from(index).unwrap());
            let upper = upper(u64::from_le_bytes(bytes));
            assert_eq!(upper.to_le_bytes(), bytes.map(|byte| byte.to_ascii_uppercase()), "{bytes:?}");
        }
    }

    #[test]
    fn short_names_are_equal_exactly_when_they_differ_only_by_case() {
        let names =
            ["a", "A", "ab", "aB", "abc", "abcd", "ABCD", "abcde", "a23456789", "A23456789", "a234567890123456", "b"];
        for a in names {
            for b in names {
                let (Name::Short(x), Name::Short(y)) = (Name::of(a), Name::of(b)) else { panic!("{a} {b}") };
                assert_eq!(x == y, a.eq_ignore_ascii_case(b), "{a} {b}");
            }
        }
    }
}
