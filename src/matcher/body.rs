//! Holds the place of what follows.
#![expect(clippy::unused_self, reason = "the real one follows")]
use super::scalar::Scalar;
use crate::body::{BodyPath, Encoding};
#[derive(Debug, Default)]
pub(crate) struct BodyPlan;
impl BodyPlan {
    pub(crate) fn new(_: &[BodyPath]) -> Self {
        Self
    }
    pub(crate) fn heap_bytes(&self) -> usize {
        0
    }
    pub(crate) fn scan<'m>(
        &self,
        _: &'m [u8],
        _: Encoding,
        _: usize,
        _: &mut BodyScratch,
        _: &mut [Scalar<'m>],
    ) -> Result<(), ()> {
        Err(())
    }
}
#[derive(Debug)]
pub(crate) struct BodyScratch;
impl BodyScratch {
    pub(crate) fn new(_: &BodyPlan, _: usize) -> Self {
        Self
    }
}
