//! Holds the place of what follows.
#![expect(single_use_lifetimes, reason = "the real one follows")]
use super::scalar::Scalar;
use super::slots::Property;
use crate::predicate::{Expression, Slot};
pub(crate) trait Reads<'m> {
    fn property(&self, slot: Slot) -> Property<'m>;
    fn value(&mut self, slot: Slot) -> Scalar<'m>;
    fn is_there(&mut self, slot: Slot) -> Option<bool>;
}
#[derive(Debug)]
pub(crate) struct EvaluateMemory;
impl EvaluateMemory {
    pub(crate) fn new(_: &[Expression]) -> Self {
        Self
    }
}
pub(crate) fn evaluate<'m>(_: &Expression, _: &mut impl Reads<'m>, _: &mut EvaluateMemory) -> Option<bool> {
    None
}
