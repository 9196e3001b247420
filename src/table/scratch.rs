//! The memory of matching.

use std::fmt;
use std::sync::{Arc, Weak};

use smallvec::SmallVec;

use super::directory::Location;
use super::rank::Rank;
use super::segment::{RouteRecord, Segment};
use super::{Inner, RouteTable};
use crate::index::LocalRouteId;
use crate::search::SearchMemory;
use crate::tuning::{SORTED_WINNERS, WORDS_PER_WINNER};
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
    best: Vec<Winner>,
    /// The endpoints that have a winner, up to a count. Has room for all endpoints and one more.
    reached: Vec<u32>,
    /// Whether a message is being matched, so that endpoints may have a winner.
    is_matching: bool,
    /// The winners in order. Has room for one winner for each endpoint.
    winners: Vec<Winner>,
    /// A bit for each route of a table of one segment, all clear between messages.
    marks: Box<[u64]>,
}

struct SegmentMemory {
    segment: Weak<Segment>,
    memory: SearchMemory,
}

/// A route that accepted a message.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Winner {
    preference: Preference,
    pub(super) location: Location,
}

impl Winner {
    /// Represents no route.
    const NONE: Self =
        Self { preference: Preference::NONE, location: Location { segment: u32::MAX, route: LocalRouteId::NONE } };
}

/// The order of preference: lowest priority number, then first declared (SEMANTICS#winner). The priority is in the upper
/// bits, the rank in the lower ones.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Preference(u64);

impl Preference {
    /// Comes after that of every route.
    const NONE: Self = Self(u64::MAX);

    #[inline]
    fn of(priority: Priority, rank: Rank) -> Self {
        const { assert!(Rank::BITS <= 60, "a priority takes four bits") };
        // 10 represents the default priority.
        let priority = u64::from(priority.get().min(Priority::LOWEST.get() + 1));
        Self(priority << Rank::BITS | rank.bits())
    }

    #[inline]
    const fn rank(self) -> u64 {
        self.0 & ((1 << Rank::BITS) - 1)
    }
}

impl Scratch {
    /// Returns the number of bytes on the heap. The size is fixed when the scratch is created or adapted; no message
    /// changes it.
    #[must_use]
    pub fn memory_usage(&self) -> usize {
        let segments = self.segments.iter().chain(&self.fallback);
        segments.map(|segment| size_of::<SegmentMemory>() + segment.memory.heap_bytes()).sum::<usize>()
            + self.best.capacity() * size_of::<Winner>()
            + self.reached.capacity() * size_of::<u32>()
            + self.winners.capacity() * size_of::<Winner>()
            + size_of_val(&*self.marks)
    }

    pub(super) fn new(table: &RouteTable) -> Self {
        let mut scratch = Self {
            table: Weak::new(),
            segments: SmallVec::new(),
            fallback: None,
            best: Vec::new(),
            reached: Vec::new(),
            is_matching: false,
            winners: Vec::new(),
            marks: Box::default(),
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
        self.best.resize(*endpoint_bound, Winner::NONE);
        self.reached.clear();
        self.reached.resize(*endpoint_bound + 1, 0);
        self.winners.clear();
        self.winners.reserve(*endpoint_bound);
        self.marks = match segments.as_slice() {
            [segment] if segment.is_ranked_by_id() => vec![0; segment.len().div_ceil(64)].into(),
            _ => Box::default(),
        };
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
        let Self { segments: memories, fallback, best, reached, is_matching, winners, marks, .. } = self;
        let Inner { segments, fallback: fallback_segment, version, .. } = &*table.inner;
        if *is_matching {
            // A `Properties` implementation of the hub panicked in the middle of a message, so the winners of that
            // message are still here.
            best.fill(Winner::NONE);
        }
        *is_matching = true;
        let mut so_far = SoFar { best, reached, count: 0 };
        let mut number = 0;
        for (segment, SegmentMemory { memory, .. }) in segments.iter().zip(&mut *memories) {
            memory.search(&segment.matcher, message, |route| {
                let Some(record) = segment.record(route) else {
                    return;
                };
                if segment.is_alive(route, *version) {
                    so_far.add(record, segment.rank(route), Location { segment: number, route });
                }
            });
            number += 1;
        }
        if let (0, Some(segment), Some(SegmentMemory { memory, .. })) = (so_far.count, fallback_segment, fallback) {
            memory.search(&segment.matcher, message, |route| {
                if let Some(record) = segment.record(route) {
                    so_far.add(record, Rank::nth(0), Location { segment: number, route });
                }
            });
        }
        winners.clear();
        let SoFar { count, .. } = so_far;
        let reached = reached.get(..count).unwrap_or_default();
        let taken = reached
            .iter()
            .filter_map(|endpoint| Some(core::mem::replace(best.get_mut(*endpoint as usize)?, Winner::NONE)));
        // Reading the marks costs one step for each word, sorting several for each winner.
        if count >= SORTED_WINNERS && count.saturating_mul(WORDS_PER_WINNER) >= marks.len() && !marks.is_empty() {
            in_order_by_marks(taken, marks, winners);
        } else {
            winners.extend(taken);
            winners.sort_unstable_by_key(|winner| winner.preference.rank());
        }
        *is_matching = false;
        winners
    }
}

/// Orders the winners of a table of one segment whose routes are ranked by their ids.
fn in_order_by_marks(all: impl Iterator<Item = Winner>, marks: &mut [u64], winners: &mut Vec<Winner>) {
    for winner in all {
        let index = winner.location.route.index();
        if let Some(word) = marks.get_mut(index / 64) {
            *word |= 1 << (index % 64);
        }
    }
    for (index, word) in marks.iter_mut().enumerate() {
        let mut bits = core::mem::take(word);
        while bits != 0 {
            let route = LocalRouteId::new(index * 64 + bits.trailing_zeros() as usize);
            winners.push(Winner { preference: Preference::NONE, location: Location { segment: 0, route } });
            bits &= bits - 1;
        }
    }
}

/// The winners while routes are being found.
struct SoFar<'s> {
    best: &'s mut [Winner],
    reached: &'s mut [u32],
    /// The number of endpoints that have a winner.
    count: usize,
}

impl SoFar<'_> {
    /// Makes a route the winner of its endpoint if there is no winner yet or if the current winner is less preferred.
    #[inline]
    fn add(&mut self, record: &RouteRecord, rank: Rank, location: Location) {
        // Whether a route is better is hard to predict, so nothing here branches on it.
        if let (Some(winner), Some(next)) =
            (self.best.get_mut(record.endpoint as usize), self.reached.get_mut(self.count))
        {
            *next = record.endpoint;
            self.count += usize::from(winner.preference == Preference::NONE);
            let found = Winner { preference: Preference::of(record.priority, rank), location };
            *winner = core::hint::select_unpredictable(found.preference < winner.preference, found, *winner);
        }
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch").field("endpoints", &self.best.len()).finish_non_exhaustive()
    }
}
