//! The memory of matching.

use std::fmt;
use std::sync::{Arc, Weak};

use smallvec::SmallVec;

use super::directory::Location;
use super::rank::Rank;
use super::segment::{RouteRecord, Segment};
use super::{Inner, RouteTable};
use crate::search::SearchMemory;
use edgeroute_lang::message::{Message, Properties};
use edgeroute_lang::priority::Priority;

/// Holds the memory that matching writes to. [`RouteTable::create_scratch`] creates one for each worker, which reuses
/// it for every message. It keeps nothing of a message, so it may outlive the messages that it was used for.
pub struct Scratch {
    /// The table that the scratch belongs to. The weak reference prevents the address of the table from being reused.
    table: Weak<Inner>,
    /// One for each segment of the table.
    segments: SmallVec<[SegmentMemory; 1]>,
    fallback: Option<SegmentMemory>,
    /// The best route so far for each endpoint.
    best: Vec<Option<Winner>>,
    /// The endpoints that have a winner. Has room for all endpoints.
    reached: Vec<u32>,
    /// The winners in order. Has room for one winner for each endpoint.
    winners: Vec<Winner>,
}

struct SegmentMemory {
    segment: Weak<Segment>,
    memory: SearchMemory,
}

/// A route that accepted a message. The derived order is the preference: lowest priority number, then first declared
/// (SEMANTICS#winner).
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Winner {
    priority: Priority,
    rank: Rank,
    pub(super) location: Location,
}

impl Scratch {
    /// Returns the number of bytes on the heap. The size is fixed when the scratch is created or adapted; no message
    /// changes it.
    #[must_use]
    pub fn memory_usage(&self) -> usize {
        let segments = self.segments.iter().chain(&self.fallback);
        segments.map(|segment| size_of::<SegmentMemory>() + segment.memory.heap_bytes()).sum::<usize>()
            + self.best.capacity() * size_of::<Option<Winner>>()
            + self.reached.capacity() * size_of::<u32>()
            + self.winners.capacity() * size_of::<Winner>()
    }

    pub(super) fn new(table: &RouteTable) -> Self {
        let mut scratch = Self {
            table: Weak::new(),
            segments: SmallVec::new(),
            fallback: None,
            best: Vec::new(),
            reached: Vec::new(),
            winners: Vec::new(),
        };
        scratch.adapt(table);
        scratch
    }

    /// Makes the scratch belong to `table`. Keeps the memory of the segments that `table` shares with the previous
    /// table.
    pub(super) fn adapt(&mut self, table: &RouteTable) {
        let Inner { segments, fallback, endpoint_bound, body_depth, .. } = &*table.inner;
        let mut old: Vec<SegmentMemory> = self.segments.drain(..).chain(self.fallback.take()).collect();
        let mut memory_for = |segment: &Arc<Segment>| {
            let kept = old.iter().position(|memory| core::ptr::eq(memory.segment.as_ptr(), Arc::as_ptr(segment)));
            match kept {
                Some(index) => old.swap_remove(index),
                None => SegmentMemory {
                    segment: Arc::downgrade(segment),
                    memory: SearchMemory::new(&segment.matcher, *body_depth),
                },
            }
        };
        self.segments = segments.iter().map(&mut memory_for).collect();
        self.fallback = fallback.as_ref().map(memory_for);
        self.best.clear();
        self.best.resize(*endpoint_bound, None);
        self.reached.clear();
        self.reached.reserve(*endpoint_bound);
        self.winners.clear();
        self.winners.reserve(*endpoint_bound);
        self.table = Arc::downgrade(&table.inner);
    }

    /// Whether this scratch belongs to the table, so that [`RouteTable::route_with`] accepts it.
    #[inline]
    #[must_use]
    pub fn belongs_to(&self, table: &RouteTable) -> bool {
        core::ptr::eq(self.table.as_ptr(), Arc::as_ptr(&table.inner))
    }

    /// Finds the winning route of each endpoint, in the order of declaration.
    pub(super) fn route<P: Properties + ?Sized, S: Properties + ?Sized>(
        &mut self,
        table: &RouteTable,
        message: &Message<'_, P, S>,
    ) -> &[Winner] {
        let Self { segments: memories, fallback, best, reached, winners, .. } = self;
        let Inner { segments, fallback: fallback_segment, version, .. } = &*table.inner;
        if !reached.is_empty() {
            // A `Properties` implementation of the hub panicked in the middle of a message, so the winners of that
            // message are still here.
            best.fill(None);
            reached.clear();
        }
        let mut number = 0;
        for (segment, SegmentMemory { memory, .. }) in segments.iter().zip(&mut *memories) {
            memory.search(&segment.matcher, message, |route| {
                let Some(record) = segment.record(route) else {
                    return;
                };
                if segment.is_alive(route, *version) {
                    prefer(best, reached, record, segment.rank(route), Location { segment: number, route });
                }
            });
            number += 1;
        }
        if let (true, Some(segment), Some(SegmentMemory { memory, .. })) =
            (reached.is_empty(), fallback_segment, fallback)
        {
            memory.search(&segment.matcher, message, |route| {
                if let Some(record) = segment.record(route) {
                    prefer(best, reached, record, Rank::nth(0), Location { segment: number, route });
                }
            });
        }
        winners.clear();
        for endpoint in reached.drain(..) {
            winners.extend(best.get_mut(endpoint as usize).and_then(Option::take));
        }
        winners.sort_unstable_by_key(|winner| winner.rank);
        winners
    }
}

/// Makes a route the winner of its endpoint if there is no winner yet or if the current winner is less preferred.
#[inline]
fn prefer(best: &mut [Option<Winner>], reached: &mut Vec<u32>, record: &RouteRecord, rank: Rank, location: Location) {
    let found = Winner { priority: record.priority, rank, location };
    match best.get_mut(record.endpoint as usize) {
        Some(winner @ None) => {
            *winner = Some(found);
            reached.push(record.endpoint);
        }
        Some(Some(winner)) if found < *winner => *winner = found,
        Some(Some(_)) | None => {}
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch").field("endpoints", &self.best.len()).finish_non_exhaustive()
    }
}
