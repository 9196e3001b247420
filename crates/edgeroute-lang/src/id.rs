//! Index newtypes: a `u32` that says what it counts.
//!
//! The compiled forms are arenas, and their links are 32-bit indices, half the size of a pointer. Each kind of index is
//! a type of its own, so that one cannot be taken for another. All conversions between `usize` and `u32` stand here.

/// Defines an index type over an arena.
macro_rules! define_id {
    ($(#[$attribute:meta])* $visibility:vis struct $name:ident) => {
        $(#[$attribute])*
        #[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $visibility struct $name(u32);

        impl $name {
            /// The id of the element at `index`. Arenas are bounded by [`Limits`](crate::limits::Limits), far below
            /// `u32::MAX`; a larger index gives the largest id, which no arena holds.
            #[must_use]
            $visibility fn new(index: usize) -> Self {
                Self(u32::try_from(index).unwrap_or(u32::MAX))
            }

            /// The index, to look the element up with.
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

pub(crate) use define_id;
