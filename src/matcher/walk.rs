//! One message against all routes of a tree.
//!
//! Fills the slots, follows the source to its groups, and looks at the candidates of each: those that are always looked
//! at, and those that the group's switches find. A candidate whose header passes has its program run. A route may be
//! found twice, where it is filed under several tests. Allocates nothing; cannot fail.

use core::cmp::Ordering;

use super::body::BodyScratch;
use super::scalar::Scalar;
use super::slots::{Property, SlotMemory, Slots};
use crate::body::Encoding;
use crate::message::{Message, Properties};
use crate::predicate::{Affix, Orderings, Slot, States, Test, TestKind, TextId, ValueConstant, ValueId};
use crate::text::{as_number, compare_utf16};
use crate::tree::{
    AffixEnd, Candidates, Group, GroupId, ProgramAt, RouteId, Space, Switches, Tree, ValueHash, decode,
};

/// All memory that matching needs. Its size depends on the tree alone.
#[derive(Debug)]
pub(crate) struct WalkMemory {
    slots: SlotMemory,
    body: BodyMemory,
}

#[derive(Debug)]
struct BodyMemory {
    scratch: BodyScratch,
    /// Room for one for each path; empty between messages.
    values: Vec<Scalar<'static>>,
    max_depth: usize,
}

impl WalkMemory {
    /// Room for matching against `tree`. Allocates.
    pub(crate) fn new(tree: &Tree, max_depth: usize) -> Self {
        let body = BodyMemory {
            scratch: BodyScratch::new(&tree.bodies.plan, max_depth),
            values: Vec::with_capacity(tree.bodies.shadows.len()),
            max_depth,
        };
        Self { slots: SlotMemory::new(tree), body }
    }

    /// Calls `visit` for every route of `tree` that takes the message, and once more for each further test under which it
    /// was found. Where `visit` is never called, and the tree has a fallback whose condition holds and the source is
    /// telemetry, it is called with that.
    pub(crate) fn walk<P: Properties + ?Sized, S: Properties + ?Sized>(
        &mut self,
        tree: &Tree,
        message: &Message<'_, P, S>,
        visit: impl FnMut(RouteId),
    ) {
        let Self { slots, body } = self;
        slots.with(tree, message, |slots| {
            let mut walk = Walk { tree, slots, body, bytes: message.body_bytes(), values: None, any: false, visit };
            tree.sources.for_each_group(&tree.key, message.origin().source(), |group| walk.group(group));
            if let (false, Some(fallback)) = (walk.any, tree.fallback) {
                if crate::source::takes_fallback(message.origin().source()) {
                    walk.candidate(fallback);
                }
            }
            if let Some(mut values) = walk.values.take() {
                values.clear();
                walk.body.values = values.into_iter().map(|_| Scalar::Missing).collect();
            }
        });
    }
}
