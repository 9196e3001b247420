//! Index newtypes: a `u32` whose type says what it indexes.
//!
//! The compiled forms are arenas, and they link by 32-bit indices, half the size of a pointer. Each kind of index has
//! its own type, so that they cannot be confused. All conversions between `usize` and `u32` are here.

/// Converts an index or a length to 32 bits. A larger number becomes `u32::MAX`, which is in no arena:
/// [`Limits`](crate::limits::Limits) bound everything that is counted far below that.
#[inline]
#[must_use]
pub fn to_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Defines an index type over an arena.
#[macro_export]
macro_rules! define_id {
    ($(#[$attribute:meta])* $visibility:vis struct $name:ident) => {
        $(#[$attribute])*
        #[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $visibility struct $name(u32);

        impl $name {
            /// Returns the id of the element at `index`. An index above 32 bits gives
            /// the largest id, which is in no arena.
            #[must_use]
            $visibility fn new(index: usize) -> Self {
                Self($crate::id::to_u32(index))
            }

            /// Returns the index of the element.
            #[must_use]
            $visibility const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, "#{}", self.0)
            }
        }
    };
}

pub use define_id;
