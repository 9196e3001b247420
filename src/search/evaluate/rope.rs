//! Ropes: strings that are stored as the operations that produce them.
//!
//! A rope is a plain string, or a function of other ropes: `lower`, `upper`, a part, a concatenation.

use crate::search::scalar::BodyText;
use edgeroute_lang::id::define_id;

define_id! {
    /// A rope of one evaluation.
    pub(super) struct RopeId
}

/// A string, or how it is produced from earlier ropes.
#[derive(Copy, Clone, Debug)]
pub(super) enum Rope<'x> {
    Text(&'x str),
    /// A constant that contains unpaired surrogates.
    Units(&'x [u16]),
    /// A string of a body that has to be decoded.
    Body(BodyText<'x>),
    Cased(Case, RopeId),
    /// A number of code units from a start on, all of which exist.
    Part {
        of: RopeId,
        start: usize,
        count: usize,
    },
    /// The concatenation of the ropes in `parts` from the first index up to the second.
    Joined {
        first: usize,
        end: usize,
    },
}

/// A mapping of code points. It preserves the number of code units of each.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Case {
    Lower,
    Upper,
}
