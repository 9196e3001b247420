//! Finds one string in another if both can only be read from start to end.
//!
//! Uses rolling hashes (Karp and Rabin, Efficient randomized pattern-matching algorithms, 1987): polynomials in a
//! random base modulo the prime 2^61 - 1. Two different strings of n code units have equal hashes for at most n of the
//! bases.

use edgeroute_lang::hash_map::random_seed;

/// The prime 2^61 - 1.
const MODULUS: u64 = (1 << 61) - 1;

/// The base, which is secret.
#[derive(Copy, Clone, Debug)]
pub(super) struct RollingKey(u64);

/// The needle: its length, and its hash, which is the sum of `unit * base^(number of units after it)`.
#[derive(Copy, Clone, Debug)]
pub(super) struct Needle {
    base: u64,
    length: usize,
    hash: u64,
    /// The value `base^length`.
    power: u64,
}

impl RollingKey {
    /// Returns a base that differs from call to call.
    pub(super) fn random() -> Self {
        // Any number up to the modulus is suitable.
        Self(random_seed() >> 3)
    }

    /// Makes the hash the sum of the units, so that many different strings collide.
    #[cfg(test)]
    pub(super) const fn weak() -> Self {
        Self(1)
    }
}

impl Needle {
    /// Hashes the units of the needle.
    pub(super) fn new(RollingKey(base): RollingKey, units: impl Iterator<Item = u16>) -> Self {
        let mut needle = Self { base, length: 0, hash: 0, power: 1 };
        for unit in units {
            needle.hash = needle.with(needle.hash, unit);
            needle.power = multiply(needle.power, base);
            needle.length += 1;
        }
        needle
    }

    /// Returns the first position at which the units have the hash of the needle, which is the first possible match.
    /// Both iterators yield all units: `entering` those that enter the hashed window, `leaving` those that leave it.
    pub(super) fn find(
        &self,
        mut entering: impl Iterator<Item = u16>,
        mut leaving: impl Iterator<Item = u16>,
    ) -> Option<usize> {
        let mut hash = 0;
        for _ in 0..self.length {
            hash = self.with(hash, entering.next()?);
        }
        let mut at = 0;
        while hash != self.hash {
            hash = self.with(hash, entering.next()?);
            hash = add(hash, MODULUS - multiply(self.power, leaving.next()?.into()));
            at += 1;
        }
        Some(at)
    }

    /// Returns the hash after appending a unit.
    fn with(&self, hash: u64, unit: u16) -> u64 {
        add(multiply(hash, self.base), unit.into())
    }
}

/// Adds two numbers up to the modulus, at least one of which is less. The sum is less than the modulus.
fn add(a: u64, b: u64) -> u64 {
    let sum = a + b;
    if sum >= MODULUS { sum - MODULUS } else { sum }
}

/// Multiplies two numbers less than the modulus. The product is less than the modulus.
fn multiply(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    // 2^61 is congruent to 1, so both halves have the same weight. Both are below 2^61.
    let half = |bits: u128| u64::try_from(bits).unwrap_or_default();
    add(half(product >> 61), half(product & u128::from(MODULUS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_long_division() {
        let numbers = [0, 1, 2, 3, 1 << 31, (1 << 32) + 7, 1 << 60, MODULUS / 3, MODULUS - 2, MODULUS - 1];
        for a in numbers {
            for b in numbers {
                let product = u128::from(a) * u128::from(b) % u128::from(MODULUS);
                assert_eq!(u128::from(multiply(a, b)), product, "{a} * {b}");
            }
        }
    }

    #[test]
    fn random_keys_differ() {
        let keys: Vec<u64> = (0..8).map(|_| RollingKey::random().0).collect();
        assert!(keys.iter().all(|&base| (2..=MODULUS).contains(&base)));
        assert!(keys.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
