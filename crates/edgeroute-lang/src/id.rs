//! Index newtypes: a `u32` whose type says what it indexes.
//!
//! The compiled forms are arenas, and they link by 32-bit indices, half the size of a pointer. Each kind of index has
//! its own type, so that they cannot be confused. All conversions between `usize` and `u32` are here.

/// Defines an index type over an arena.
#[macro_export]
macro_rules! define_id {
    ($(#[$attribute:meta])* $visibility:vis struct $name:ident) => {
        $(#[$attribute])*
        #[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $visibility struct $name(u32);

        impl $name {
            /// Returns the id of the element at `index`. [`Limits`](crate::limits::Limits) bound arenas far below
            /// `u32::MAX`; a larger index gives the largest id, which is in no arena.
            #[must_use]
            $visibility fn new(index: usize) -> Self {
                Self(u32::try_from(index).unwrap_or(u32::MAX))
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
