//! Hash maps of what comes from outside: [`ahash`], keyed at random.

use std::hash::{BuildHasher, Hasher};

/// A hash map whose keys route text can drive. Never iterate one into output or into a compiled table: its order differs
/// from run to run.
pub(crate) type KeyedMap<K, V> = std::collections::HashMap<K, V, KeyedState>;

/// Builds hashers with a key that nobody outside knows. The key comes from the standard library, so that no random number
/// generator has to be built for the target.
#[derive(Clone, Debug)]
pub(crate) struct KeyedState(ahash::RandomState);

impl Default for KeyedState {
    fn default() -> Self {
        let seed = random_seed();
        Self(ahash::RandomState::with_seeds(seed, seed.rotate_left(16), seed.rotate_left(32), seed.rotate_left(48)))
    }
}

impl BuildHasher for KeyedState {
    type Hasher = ahash::AHasher;

    fn build_hasher(&self) -> ahash::AHasher {
        self.0.build_hasher()
    }
}

/// Differs from call to call.
pub(crate) fn random_seed() -> u64 {
    std::hash::RandomState::new().build_hasher().finish()
}
