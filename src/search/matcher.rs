//! Matches one message against all routes of an index.
//!
//! The search fills the slots, follows the source to its groups, and checks the candidates of each group: those that
//! are always checked, and those that the lookups of the group find. If the header of a candidate passes, its program
//! is run. A route with several postings may be found twice. In a small table, the search intersects the
//! [terms](super::bitset) instead, and fills the slots only for routes that the terms do not decide. Matching allocates
//! nothing and cannot fail.

use core::cmp::Ordering;

use super::bitset::{KnownSources, survivors};
use super::body::{BodyPlan, BodyScratch};
use super::evaluate::{EvaluateMemory, ReadSlots, evaluate};
use super::names::Names;
use super::scalar::{BodyText, Scalar};
use super::slots::{Property, SlotMemory, Slots};
use super::text_test::holds_for_text;
use crate::index::{
    AffixLookup, Candidates, EqualLookup, FrequentTest, GroupId, Index, LocalRouteId, Lookups, NumberClass,
    NumberLookup, ProgramAt, SlotSet, Space, Split, Terms, ValueHash, decode, decode_frequent,
};
use crate::tuning::{POSTED_BYTES, QUEUED_LOOKUPS, QUEUED_PROGRAMS, QUEUED_RANGES};
use edgeroute_lang::body::Encoding;
use edgeroute_lang::id::to_u32;
use edgeroute_lang::message::{Message, MessageSource, Properties};
use edgeroute_lang::predicate::{ExpressionId, Orderings, Slot, States, Test, TestKind, TextId, ValueId};
use edgeroute_lang::source::takes_fallback;
use edgeroute_lang::steps;
use edgeroute_lang::value::Comparable;

/// An index, together with the data derived from it for searching.
#[derive(Debug)]
pub(crate) struct Matcher {
    pub(crate) index: Index,
    plan: BodyPlan,
}

impl Matcher {
    pub(crate) fn new(index: Index) -> Self {
        let plan = BodyPlan::new(&index.bodies.paths);
        Self { index, plan }
    }

    /// Returns the number of bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.index.heap_bytes() + self.plan.heap_bytes()
    }
}

/// All memory that matching needs. Its size depends only on the index.
#[derive(Debug)]
pub(crate) struct SearchMemory {
    names: Names,
    sources: KnownSources,
    /// Room for the groups of a source; empty between messages.
    groups: Vec<GroupId>,
    slots: SlotMemory,
    evaluate: EvaluateMemory,
    body: BodyScratch,
    pending: Pending,
    /// Room for one value for each path; empty between messages.
    values: Vec<Scalar<'static>>,
    max_depth: usize,
}

impl SearchMemory {
    /// Creates the memory for searching with `matcher`, whose body queries accept bodies nested up to `max_depth`.
    /// Allocates.
    pub(crate) fn new(matcher: &Matcher, max_depth: usize) -> Self {
        let Matcher { index, plan } = matcher;
        Self {
            names: Names::new(),
            sources: KnownSources::new(),
            groups: Vec::with_capacity(index.sources.most_groups()),
            slots: SlotMemory::new(index),
            evaluate: EvaluateMemory::new(index.interner.expressions()),
            body: BodyScratch::new(plan, max_depth),
            pending: Pending::new(),
            values: Vec::with_capacity(index.bodies.shadows.len()),
            max_depth,
        }
    }

    /// Returns the number of bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        let values = self.values.capacity() * size_of::<Scalar<'_>>();
        self.names.heap_bytes()
            + self.sources.heap_bytes()
            + self.groups.capacity() * size_of::<GroupId>()
            + self.slots.heap_bytes()
            + self.evaluate.heap_bytes()
            + self.body.heap_bytes()
            + values
    }

    /// Calls `visit` for every route that takes the message, perhaps more than once for one route. If no route takes
    /// it, the message is telemetry, and the index has a fallback whose condition holds, calls `visit` for the
    /// fallback.
    pub(crate) fn search<P: Properties + ?Sized, S: Properties + ?Sized>(
        &mut self,
        matcher: &Matcher,
        message: &Message<'_, P, S>,
        visit: impl FnMut(LocalRouteId),
    ) {
        let Matcher { index, .. } = matcher;
        let source = message.origin().source();
        if let Some(terms) = &index.terms {
            let alive = self.sources.terms(index, terms, source);
            self.decide_terms(matcher, terms, message, alive, visit);
            return;
        }
        let mut groups = core::mem::take(&mut self.groups);
        index.sources.for_each_group(&index.key, source, |group| groups.push(group));
        // In most tables, many messages match no group.
        if !groups.is_empty() || (index.fallback.is_some() && takes_fallback(source)) {
            let read = match index.fallback {
                Some(_) => SlotSet::ALL,
                None => groups.iter().fold(SlotSet::default(), |read, group| {
                    index.groups.get(group.index()).map_or(read, |group| read.union(group.read))
                }),
            };
            self.with_slots(matcher, message, read, visit, |search| {
                for group in groups.drain(..) {
                    search.group(group);
                }
                search.run_pending();
                if !search.any_match {
                    search.fallback(source);
                }
            });
        }
        self.groups = groups;
    }

    /// Calls `visit` for the routes of the terms in `alive` that take the message.
    #[inline]
    fn decide_terms<P: Properties + ?Sized, S: Properties + ?Sized>(
        &mut self,
        matcher: &Matcher,
        terms: &Terms,
        message: &Message<'_, P, S>,
        alive: u64,
        mut visit: impl FnMut(LocalRouteId),
    ) {
        let Matcher { index, .. } = matcher;
        // All terms, if they cannot be intersected.
        let mut undecided = alive;
        let mut any = false;
        if alive != 0
            && let Some(alive) = survivors(index, terms, &mut self.names, message, alive)
        {
            let mut decided = alive & terms.deciding;
            undecided = alive & !terms.deciding;
            any = decided != 0;
            while decided != 0 {
                if let Some(program) = terms.program(decided.trailing_zeros()) {
                    visit(index.programs.route(program));
                }
                decided &= decided - 1;
            }
        }
        if undecided != 0 || (!any && index.fallback.is_some()) {
            self.with_slots(matcher, message, SlotSet::ALL, visit, |search| {
                terms.programs(undecided).for_each(|program| search.run(program));
                if !(any || search.any_match) {
                    search.fallback(message.origin().source());
                }
            });
        }
    }

    /// Fills the slots from a message and continues the search with them.
    #[inline]
    fn with_slots<P: Properties + ?Sized, S: Properties + ?Sized, V: FnMut(LocalRouteId)>(
        &mut self,
        matcher: &Matcher,
        message: &Message<'_, P, S>,
        read: SlotSet,
        mut visit: V,
        search_slots: impl FnOnce(&mut Search<'_, '_, '_, V>),
    ) {
        let Self { names, slots, evaluate, body, pending, values, max_depth, .. } = self;
        let Matcher { index, plan } = matcher;
        let recycled = recycle(core::mem::take(values));
        *values = slots.with(index, message, names, read, |slots| {
            let bytes = message.body_bytes();
            let reader =
                Reader { index, plan, slots, body, bytes, values: recycled, is_read: false, max_depth: *max_depth };
            let mut search = Search { index, reader, evaluate, pending, any_match: false, visit: &mut visit };
            search_slots(&mut search);
            recycle(search.reader.values)
        });
    }
}

/// Reuses the same memory for values of another lifetime; see [`SlotMemory`].
fn recycle<'to>(mut values: Vec<Scalar<'_>>) -> Vec<Scalar<'to>> {
    values.clear();
    values.into_iter().map(|_| Scalar::default()).collect()
}

/// Queues of candidates that were found and programs that are to be run. Queueing lets memory accesses overlap instead
/// of waiting for one another, and keeps them free of dependent branches.
#[derive(Debug)]
struct Pending {
    ranges: Box<[Candidates; QUEUED_RANGES]>,
    /// The number of queued `ranges`.
    range_count: usize,
    programs: Box<[ProgramAt; QUEUED_PROGRAMS]>,
    /// The number of queued `programs`.
    program_count: usize,
    /// The keys of the lookups of one group.
    keys: Box<[u64; QUEUED_LOOKUPS]>,
}

/// Stores an element in a queue that has room for it. The size of the queue must be a power of two, so that this needs no
/// branch.
#[inline]
fn put<T, const SIZE: usize>(queue: &mut [T; SIZE], count: usize, element: T) {
    const { assert!(SIZE.is_power_of_two(), "an index is some bits of a count") };
    if let Some(place) = queue.get_mut(count & (SIZE - 1)) {
        *place = element;
    }
}

impl Pending {
    /// Creates empty queues. Allocates.
    fn new() -> Self {
        let ranges = Box::new([Candidates::default(); QUEUED_RANGES]);
        let programs = Box::new([ProgramAt::default(); QUEUED_PROGRAMS]);
        Self { ranges, range_count: 0, programs, program_count: 0, keys: Box::new([0; QUEUED_LOOKUPS]) }
    }
}

/// Queues candidates, if the range is not empty. There must be room.
#[inline]
fn push_range(ranges: &mut [Candidates; QUEUED_RANGES], count: &mut usize, candidates: Candidates) {
    put(ranges, *count, candidates);
    *count += usize::from(candidates.start < candidates.end);
}

/// The state of one search.
struct Search<'w, 's, 'm, V> {
    index: &'w Index,
    reader: Reader<'w, 's, 'm>,
    evaluate: &'w mut EvaluateMemory,
    pending: &'w mut Pending,
    /// Whether any route took the message.
    any_match: bool,
    visit: &'w mut V,
}

impl<'w, V: FnMut(LocalRouteId)> Search<'w, '_, '_, V> {
    #[inline]
    fn group(&mut self, id: GroupId) {
        let index = self.index;
        let Some(group) = index.groups.get(id.index()) else {
            return;
        };
        self.queue(group.always());
        if let Some(split) = &group.split {
            self.look_up(id, split);
        }
    }

    /// Runs the fallback route, if it accepts the source.
    fn fallback(&mut self, source: MessageSource<'_>) {
        if let Some(fallback) = self.index.fallback
            && takes_fallback(source)
        {
            self.run(fallback);
        }
    }

    /// Queues the candidates that the lookups of a group find.
    fn look_up(&mut self, id: GroupId, split: &'w Split) {
        let index = self.index;
        self.look_up_equalities(id, &split.equal);
        self.each_tested_slot(&split.present, |search, slot| {
            if search.reader.slots.is_present(slot) {
                let hash = u64::from(ValueHash::PRESENT.bits());
                search.queue(index.lookups.find(Lookups::key(&index.key, id, slot, Space::Equal, hash)));
            }
        });
        for affix in &split.affixes {
            self.look_up_affixes(id, affix);
        }
        self.look_up_numbers(&split.numbers);
        for &slot in &split.values {
            if let Some(hash) = self.reader.value_hash(slot) {
                let key = Lookups::key(&index.key, id, slot, Space::Value, u64::from(hash.bits()));
                self.queue(index.lookups.find(key));
            }
        }
    }

    /// Looks up the values of properties. Absence and null find nothing, because no constant has their hash.
    #[inline]
    fn look_up_equalities(&mut self, id: GroupId, tested: &[EqualLookup]) {
        let index = self.index;
        if tested.len() > QUEUED_LOOKUPS {
            for at in 0..self.reader.slots.present() {
                steps::step();
                let Some(slot) = self.reader.slots.nth_present(at) else { continue };
                let hash = u64::from(self.reader.slots.hash(slot).bits());
                self.queue(index.lookups.find(Lookups::key(&index.key, id, slot, Space::Equal, hash)));
            }
            return;
        }
        let mut count = 0;
        for lookup in tested {
            steps::step();
            let hash = self.reader.slots.hash(lookup.slot);
            put(&mut self.pending.keys, count, index.key.salted(u64::from(hash.bits()), lookup.salt));
            count += usize::from(lookup.filter.may_have(hash));
        }
        if self.pending.range_count + count > QUEUED_RANGES {
            self.check_headers();
        }
        let Pending { keys, ranges, range_count, .. } = &mut *self.pending;
        let keys = keys.get(..count).unwrap_or_default();
        core::hint::black_box(keys.iter().fold(0, |all, &key| all ^ index.lookups.touch(key)));
        for &key in keys {
            push_range(ranges, range_count, index.lookups.find(key));
        }
    }

    /// Calls `visit` with slots that include every slot that is both tested by the group and present in the message. It
    /// visits the smaller of the two sets. A lookup finds nothing for a slot that is not in both.
    #[inline]
    fn each_tested_slot(&mut self, tested: &[Slot], visit: impl Fn(&mut Self, Slot)) {
        let present = self.reader.slots.present();
        if tested.len() <= present {
            for &slot in tested {
                steps::step();
                visit(self, slot);
            }
        } else {
            for index in 0..present {
                steps::step();
                if let Some(slot) = self.reader.slots.nth_present(index) {
                    visit(self, slot);
                }
            }
        }
    }

    fn look_up_affixes(&mut self, group: GroupId, affix: &AffixLookup) {
        let Property::Text(text) = self.reader.slots.property(affix.slot) else {
            return;
        };
        let bytes = text.as_bytes();
        for length in &affix.lengths {
            steps::step();
            let Some(part) = affix.end.part(bytes, length.bytes as usize) else { break };
            if length.may_have(affix.end, part) {
                let hash = self.index.key.bytes(part);
                let key = Lookups::key(&self.index.key, group, affix.slot, affix.end.space(), hash);
                self.queue(self.index.lookups.find(key));
            }
        }
    }

    fn look_up_numbers(&mut self, lookups: &[NumberLookup]) {
        for lookup in lookups {
            let Some(number) = self.reader.slots.number(lookup.slot) else { continue };
            for table in &lookup.tables {
                self.queue(table.find(number));
            }
            for class in &lookup.classes {
                self.look_up_class(number, class);
            }
        }
    }

    fn look_up_class(&mut self, number: f64, class: &NumberClass) {
        steps::step();
        // The intervals that start at the number or at most one width below it.
        let end = class.lows.partition_point(|&low| low <= number);
        let lows = class.lows.get(..end).unwrap_or_default();
        let highs = class.highs.get(..end).unwrap_or_default();
        let bounds = lows.iter().zip(highs).rev();
        let mut at = class.start + to_u32(end);
        // Adjacent candidates are queued as one range. In hostile tables, all candidates are adjacent.
        let mut range = Candidates { start: at, end: at };
        for (_, &high) in bounds.take_while(|(low, _)| **low + class.width >= number) {
            steps::step();
            at -= 1;
            if number <= high {
                range.start = at;
            } else {
                self.queue(range);
                range = Candidates { start: at, end: at };
            }
        }
        self.queue(range);
    }

    /// Queues these candidates.
    #[inline]
    fn queue(&mut self, candidates: Candidates) {
        steps::step();
        if self.pending.range_count == QUEUED_RANGES {
            self.check_headers();
        }
        push_range(&mut self.pending.ranges, &mut self.pending.range_count, candidates);
    }

    /// Checks the headers of the queued candidates.
    fn check_headers(&mut self) {
        let index = self.index;
        let count = core::mem::take(&mut self.pending.range_count);
        let ranges = self.pending.ranges.get(..count).unwrap_or_default();
        core::hint::black_box(ranges.iter().fold(0, |all, range| {
            all ^ index.candidates.get(range.start as usize).map_or(0, |candidate| candidate.entry)
        }));
        for at in 0..count {
            if let Some(&candidates) = self.pending.ranges.get(at) {
                self.check_candidates(candidates);
            }
        }
    }

    /// Queues the programs of the candidates whose headers pass.
    #[inline]
    fn check_candidates(&mut self, candidates: Candidates) {
        let index = self.index;
        let all = index.candidates.get(candidates.start as usize..candidates.end as usize).unwrap_or_default();
        for candidates in all.chunks(QUEUED_PROGRAMS / 2) {
            if self.pending.program_count > QUEUED_PROGRAMS / 2 {
                self.run_programs();
            }
            let hashes = self.reader.slots.hashes();
            let mut count = self.pending.program_count;
            for candidate in candidates {
                steps::step();
                put(&mut self.pending.programs, count, candidate.program);
                count += usize::from(hashes.get(candidate.entry as usize) == Some(&candidate.hash));
            }
            self.pending.program_count = count;
        }
    }

    /// Checks all queued candidates and runs the programs of those that pass.
    fn run_pending(&mut self) {
        self.check_headers();
        self.run_programs();
    }

    fn run_programs(&mut self) {
        let index = self.index;
        let count = core::mem::take(&mut self.pending.program_count);
        let programs = self.pending.programs.get(..count).unwrap_or_default();
        core::hint::black_box(programs.iter().fold(0, |all, &program| all ^ index.programs.first_word(program)));
        for at in 0..count {
            if let Some(&program) = self.pending.programs.get(at) {
                self.run(program);
            }
        }
    }

    /// Runs a residual program.
    #[inline]
    fn run(&mut self, at: ProgramAt) {
        let index = self.index;
        if let Some(route) = index.programs.unconditional(at) {
            self.any_match = true;
            return (self.visit)(route);
        }
        let (reader, memory) = (&mut self.reader, &mut *self.evaluate);
        let test = |step| {
            steps::step();
            reader.step(step, memory)
        };
        if index.programs.get(at).run(test) {
            self.any_match = true;
            index.programs.for_each_contender(at, self.visit);
        }
    }
}

/// Reads the values of a message that tests ask for.
struct Reader<'w, 's, 'm> {
    index: &'w Index,
    plan: &'w BodyPlan,
    slots: &'w mut Slots<'s, 'm>,
    body: &'w mut BodyScratch,
    bytes: &'m [u8],
    /// One value for each path after the body was read; empty before that, and if the body is not JSON.
    values: Vec<Scalar<'m>>,
    is_read: bool,
    max_depth: usize,
}

impl<'m> Reader<'_, '_, 'm> {
    /// Evaluates the test of a step.
    #[inline]
    fn step(&mut self, step: [u32; 2], memory: &mut EvaluateMemory) -> bool {
        match decode_frequent(step) {
            FrequentTest::Equal(slot, text) => self.is_text(slot, text),
            FrequentTest::Different(slot, text) => {
                let hash = self.slots.hash(slot);
                self.text(slot).is_some_and(|held| !self.index.texts.is(text, hash, held))
            }
            FrequentTest::Prefix(slot, text) => {
                let prefix = self.constant(text).as_bytes();
                self.text(slot).is_some_and(|held| {
                    steps::bytes(held.len().min(prefix.len()));
                    held.as_bytes().starts_with(prefix)
                })
            }
            FrequentTest::Within(slot, interval) if !self.is_body(slot) => {
                let interval = self.index.interner.constants.interval_of(interval);
                self.slots.number(slot).is_some_and(|number| interval.contains(number))
            }
            FrequentTest::Within(..) | FrequentTest::Other => self.test(decode(step), memory),
        }
    }

    #[inline(never)]
    fn test(&mut self, test: Test, memory: &mut EvaluateMemory) -> bool {
        match test.kind {
            TestKind::State(states) => states.contains(match self.slots.property(test.slot) {
                Property::Absent => States::ABSENT,
                Property::Null => States::NULL,
                Property::Text(_) => States::TEXT,
            }),
            TestKind::Text(Orderings::EQUAL, text) => self.is_text(test.slot, text),
            TestKind::Text(..) | TestKind::Affix(..) => {
                self.text(test.slot).is_some_and(|held| holds_for_text(test.kind, &self.index.texts, held))
            }
            TestKind::Number(within, interval) => {
                let interval = self.index.interner.constants.interval_of(interval);
                self.number(test.slot).is_some_and(|number| interval.contains(number) == within)
            }
            TestKind::Value(orderings, value) => {
                self.compare(test.slot, value).is_some_and(|ordering| orderings.contains(ordering))
            }
            TestKind::Expression(truth, expression) => self.expression(expression, memory) == Some(truth),
        }
    }

    #[inline]
    fn is_text(&self, slot: Slot, text: TextId) -> bool {
        let hash = self.slots.hash(slot);
        // Most strings differ, and then the string of the property is not looked up.
        self.index.texts.hash(text) == hash && self.text(slot).is_some_and(|held| self.index.texts.is(text, hash, held))
    }

    fn expression(&mut self, id: ExpressionId, memory: &mut EvaluateMemory) -> Option<bool> {
        let index = self.index;
        evaluate(index.interner.expressions().get(id.index())?, self, memory)
    }

    #[inline]
    fn text(&self, slot: Slot) -> Option<&'m str> {
        match self.slots.property(slot) {
            Property::Text(text) => Some(text),
            Property::Absent | Property::Null => None,
        }
    }

    #[inline]
    fn constant(&self, text: TextId) -> &str {
        self.index.texts.text_of(text)
    }

    /// Returns the slot's value as a number.
    #[inline]
    fn number(&mut self, slot: Slot) -> Option<f64> {
        if !self.is_body(slot) {
            return self.slots.number(slot);
        }
        match self.defined(slot)? {
            Comparable::Number(number) => Some(number),
            Comparable::Text(text) => text.as_number(),
            Comparable::Bool(_) | Comparable::NullText | Comparable::Null => None,
        }
    }

    #[inline]
    fn is_body(&self, slot: Slot) -> bool {
        self.index.bodies.numbers.get(slot.index()).is_some_and(|&number| number != u32::MAX)
    }

    /// Compares the value of a body slot, if it is defined, with a constant.
    fn compare(&mut self, slot: Slot, constant: ValueId) -> Option<Ordering> {
        let constant = self.index.interner.constants.value_of(constant);
        let value = self.defined(slot)?;
        Some(value.compare(constant.as_comparable(), |text, constant| text.compare_utf16(self.constant(constant))))
    }

    /// Returns the value of a body slot, if it is defined.
    fn defined(&mut self, slot: Slot) -> Option<Comparable<BodyText<'m>>> {
        match self.value(slot) {
            Scalar::Missing | Scalar::Null => Some(Comparable::Null),
            Scalar::Bool(truth) => Some(Comparable::Bool(truth)),
            Scalar::Number(number) => Some(Comparable::Number(number)),
            Scalar::Text(text) => Some(Comparable::Text(text)),
            Scalar::NullText => Some(Comparable::NullText),
            Scalar::Undefined | Scalar::Unreadable => None,
        }
    }

    /// Returns the hash under which a body value has its posting; `None` if it is undefined.
    fn value_hash(&mut self, slot: Slot) -> Option<ValueHash> {
        let key = &self.index.key;
        Some(match self.defined(slot)? {
            Comparable::Bool(truth) => key.truth(truth),
            Comparable::Number(number) => key.number(number),
            Comparable::Text(text) => match text.as_str() {
                Some(text) => key.value(text),
                None => key.value(text.to_utf8_in(&mut [0; POSTED_BYTES])?),
            },
            Comparable::Null => ValueHash::NULL,
            Comparable::NullText => return None,
        })
    }

    /// Returns what is at the path of a body slot. Reads the body if it has not been read yet.
    fn at_path(&mut self, slot: Slot) -> Scalar<'m> {
        if !self.is_read {
            self.is_read = true;
            self.read();
        }
        let number = self.index.bodies.numbers.get(slot.index()).map_or(usize::MAX, |&number| number as usize);
        self.values.get(number).copied().unwrap_or(Scalar::Unreadable)
    }

    #[cold]
    fn read(&mut self) {
        let index = self.index;
        let Some((content_type, content_encoding)) = index.bodies.content else {
            return;
        };
        let Some(encoding) = Encoding::of(self.text(content_type), self.text(content_encoding)) else {
            return;
        };
        self.values.resize(index.bodies.shadows.len(), Scalar::default());
        if self.plan.scan(self.bytes, encoding, self.max_depth, self.body, &mut self.values).is_err() {
            self.values.clear();
        }
    }
}

impl<'m> ReadSlots<'m> for Reader<'_, '_, 'm> {
    fn property(&self, slot: Slot) -> Property<'m> {
        self.slots.property(slot)
    }

    fn value(&mut self, slot: Slot) -> Scalar<'m> {
        let number = self.index.bodies.numbers.get(slot.index()).map_or(usize::MAX, |&number| number as usize);
        let shadow = self.index.bodies.shadows.get(number).copied().flatten();
        match shadow.map(|shadow| self.slots.property(shadow)) {
            Some(Property::Text(text)) => Scalar::text(text),
            Some(Property::Null) => Scalar::NullText,
            Some(Property::Absent) | None => self.at_path(slot),
        }
    }

    fn is_there(&mut self, slot: Slot) -> Option<bool> {
        self.at_path(slot).is_there()
    }
}
