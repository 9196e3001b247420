//! Hash maps for keys from outside: [`ahash`] with a random key.

use std::hash::{BuildHasher, Hasher};

/// A hash map whose keys route text can control. Never iterate over one to produce output or a compiled table, because
/// its order differs from run to run.
pub type RandomMap<K, V> = std::collections::HashMap<K, V, RandomHash>;

/// Builds hashers with a secret random key. The key comes from the standard library, so that the build needs no random
/// number generator for the target.
#[derive(Clone, Debug)]
pub struct RandomHash(ahash::RandomState);

impl Default for RandomHash {
    fn default() -> Self {
        let seed = random_seed();
        Self(ahash::RandomState::with_seeds(seed, seed.rotate_left(16), seed.rotate_left(32), seed.rotate_left(48)))
    }
}

impl BuildHasher for RandomHash {
    type Hasher = ahash::AHasher;

    fn build_hasher(&self) -> ahash::AHasher {
        self.0.build_hasher()
    }
}

/// Returns a seed that differs from call to call.
pub fn random_seed() -> u64 {
    std::hash::RandomState::new().build_hasher().finish()
}
