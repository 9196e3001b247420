//! Builds an index: routes are added one by one, then each group is split.

#[cfg(feature = "parallel")]
mod merge;

use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::access::{Access, Cover, Occurrences, Posting, cover, cover_conjunction};
use super::bitset::TermsBuilder;
use super::compiled::{Bodies, Index, PostingCounts};
use super::hash::{HashSeed, ValueHash};
use super::id::{GroupId, LocalRouteId};
use super::keys::NameTable;
use super::lookup::{
    AffixEnd, AffixLength, AffixLookup, Candidate, Candidates, EqualLookup, Group, HashFilter, Lookups, NumberClass,
    NumberLookup, SlotSet, Space, Split, StabbingLists, StabbingTable,
};
use super::program::{Contenders, MAX_SLOTS, Program, ProgramAt, Programs};
use super::source::SourcesBuilder;
use super::text::Texts;
use crate::tuning::{LISTED_INTERVALS, LOG2_CLASS_WIDTH, NUMBER_CLASSES};
use edgeroute_lang::hash_map::RandomMap;
use edgeroute_lang::hir::Condition;
use edgeroute_lang::id::to_u32;
use edgeroute_lang::limits::Budgets;
use edgeroute_lang::message::Stamp;
use edgeroute_lang::predicate::{
    Formula, FormulaId, Formulas, Interner, Interval, Slot, SlotKind, Test, TestKind, lower,
};
use edgeroute_lang::source::SourcePattern;
use edgeroute_lang::steps;

/// Builds an [`Index`].
#[derive(Debug)]
pub(crate) struct IndexBuilder {
    budgets: Budgets,
    interner: Interner,
    sources: SourcesBuilder,
    programs: Programs,
    /// The routes that wait for their postings, in order. A route with disjuncts has one entry for each disjunct.
    waiting: Vec<Waiting>,
    /// For each group the number of waiting entries.
    groups: Vec<u32>,
    /// The formulas of the current condition.
    formulas: Formulas,
    /// The formulas of waiting routes.
    kept: Formulas,
    fallback: Option<ProgramAt>,
    counts: PostingCounts,
}

/// A route, or one disjunct of it, that waits for its postings.
#[derive(Copy, Clone, Debug)]
struct Waiting {
    group: GroupId,
    program: ProgramAt,
    /// The formula among the kept ones, if the program is not a conjunction and therefore does not contain the formula.
    formula: Option<(FormulaId, FormulaId)>,
}

/// The error for more different names and paths than an index can number.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct TooManyReads;

/// A candidate of a group before it has a place.
struct Unplaced {
    access: Access,
    candidate: Candidate,
}

impl IndexBuilder {
    pub(crate) fn new(budgets: Budgets) -> Self {
        Self {
            budgets,
            interner: Interner::default(),
            sources: SourcesBuilder::default(),
            programs: Programs::default(),
            waiting: Vec::new(),
            groups: Vec::new(),
            formulas: Formulas::new(),
            kept: Formulas::new(),
            fallback: None,
            counts: PostingCounts::default(),
        }
    }

    /// Sets the condition of the fallback route, which applies if no other route matches. It has no postings.
    pub(crate) fn set_fallback(&mut self, route: LocalRouteId, condition: &Condition<'_>) -> Result<(), TooManyReads> {
        let root = lower(condition, &mut self.interner, &mut self.formulas);
        self.fallback = Some(self.programs.push(route, &self.formulas, root));
        self.check_reads()
    }

    fn check_reads(&self) -> Result<(), TooManyReads> {
        if self.interner.reads.len() <= MAX_SLOTS { Ok(()) } else { Err(TooManyReads) }
    }

    /// Adds a route. Its condition should be folded.
    pub(crate) fn add(
        &mut self,
        route: LocalRouteId,
        source: &SourcePattern,
        condition: &Condition<'_>,
    ) -> Result<(), TooManyReads> {
        let root = lower(condition, &mut self.interner, &mut self.formulas);
        self.check_reads()?;
        if *self.formulas.get(root) == Formula::False {
            self.counts.never += 1;
            return Ok(());
        }
        let groups = &mut self.groups;
        let group = self.sources.group(source, || {
            groups.push(0);
            GroupId::new(groups.len() - 1)
        });
        // Each disjunct is treated as a separate route: if one disjunct matches, the others need not be checked.
        match self.formulas.get(root) {
            Formula::Or(disjuncts) if disjuncts.len() <= self.budgets.postings => {
                for disjunct in disjuncts.clone() {
                    self.push(group, route, disjunct);
                }
            }
            _ => self.push(group, route, root),
        }
        Ok(())
    }

    /// Adds a route, or one disjunct of a route.
    fn push(&mut self, group: GroupId, route: LocalRouteId, root: FormulaId) {
        let program = self.programs.push(route, &self.formulas, root);
        let formula = match self.programs.get(program) {
            Program::Conjunction(_) => None,
            Program::Branching(_) => Some(self.kept.append(&self.formulas, root)),
        };
        if let Some(count) = self.groups.get_mut(group.index()) {
            *count += 1;
        }
        self.waiting.push(Waiting { group, program, formula });
    }

    /// Builds the index of everything that was added.
    pub(crate) fn finish(self, key: HashSeed, contenders: Contenders<'_>) -> Index {
        // A hint must not be mistaken for a hint of another index, even of one that was dropped.
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        let Self { budgets, mut interner, sources, mut programs, waiting, groups, kept, mut fallback, counts, .. } =
            self;
        let bodies = Bodies::of(&mut interner.reads);
        let texts = Texts::new(&interner.constants, &key);
        let terms =
            terms(&waiting, &programs, &kept, &interner, &budgets).and_then(|terms| terms.finish(groups.len(), &texts));
        let mut builder = PostingsBuilder {
            key: &key,
            budgets: &budgets,
            interner: &interner,
            programs: &mut programs,
            texts: &texts,
            formulas: &kept,
            occurrences: Occurrences::default(),
            candidates: Vec::with_capacity(if terms.is_none() { waiting.len() } else { 0 }),
            places: Vec::new(),
            counts,
            contenders,
        };
        let groups: Box<[Group]> = if let Some(terms) = &terms {
            builder.counts.terms = terms.len();
            groups.iter().map(|_| Group::default()).collect()
        } else {
            let waiting = by_group(&waiting, &groups);
            let mut rest = waiting.as_slice();
            (groups.iter().enumerate())
                .map(|(index, &count)| {
                    let (routes, others) = rest.split_at_checked(count as usize).unwrap_or_default();
                    rest = others;
                    builder.group(GroupId::new(index), routes)
                })
                .collect()
        };
        let PostingsBuilder { mut candidates, places, counts, .. } = builder;
        if terms.is_none() {
            let mut arranged = programs.arrange();
            for program in candidates.iter_mut().map(|candidate| &mut candidate.program).chain(&mut fallback) {
                *program = programs.append_to(&mut arranged, *program);
            }
            programs.keep(arranged);
        }
        programs.shrink();
        let lookups = Lookups::new(&places);
        let system = NameTable::system(&interner.reads, &key);
        Index {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            application: NameTable::application(&interner.reads, &key),
            stamps: Stamp::ALL.map(|stamp| system.find(&key, stamp.name())),
            system,
            sources: sources.finish(&key),
            groups,
            candidates: candidates.into(),
            lookups,
            terms,
            programs,
            interner: {
                interner.freeze();
                interner
            },
            texts,
            bodies,
            fallback,
            counts,
            key,
        }
    }
}

/// Creates the postings of one group after the other.
struct PostingsBuilder<'b> {
    key: &'b HashSeed,
    budgets: &'b Budgets,
    interner: &'b Interner,
    programs: &'b mut Programs,
    texts: &'b Texts,
    formulas: &'b Formulas,
    occurrences: Occurrences,
    candidates: Vec<Candidate>,
    places: Vec<(u64, Candidates)>,
    counts: PostingCounts,
    contenders: Contenders<'b>,
}

/// Routes of a group that share a program, and so have the same postings.
#[derive(Copy, Clone)]
struct Sharing {
    /// The first of them.
    first: Waiting,
    count: usize,
}

impl PostingsBuilder<'_> {
    fn group(&mut self, id: GroupId, routes: &[Waiting]) -> Group {
        let tests = routes.iter().flat_map(|route| self.programs.get(route.program).tests());
        self.occurrences.count(tests, self.interner);
        let tests = routes.iter().flat_map(|route| self.programs.get(route.program).tests());
        let read = tests.fold(SlotSet::default(), |read, test| read.union(slots_read_by(test, self.interner)));
        let is_list = routes.len() <= self.budgets.list;
        let routes = self.share(routes);
        if is_list {
            return Group { read, ..self.list(&routes) };
        }
        let mut all: Vec<Unplaced> = Vec::with_capacity(routes.len());
        for sharing in routes {
            let route = sharing.first;
            for Posting { access, header } in self.postings(sharing) {
                self.count(access, sharing.count);
                all.push(Unplaced { access, candidate: self.candidate(header, route.program) });
                if let (Access::Number(slot, interval), None) = (access, route.formula) {
                    // The lookup finds the route exactly when the number is in the interval.
                    let test = Test { slot, kind: TestKind::Number(true, interval) };
                    self.programs.remove(route.program, test);
                }
            }
        }
        Group { read, ..self.split(id, all) }
    }

    /// Makes the routes of a group with equal programs share one. Keeps the order of the first route of each program.
    fn share(&mut self, routes: &[Waiting]) -> Vec<Sharing> {
        if let [first] = *routes {
            return vec![Sharing { first, count: 1 }];
        }
        let mut numbers: RandomMap<(bool, &[u32]), u32> = RandomMap::default();
        numbers.reserve(routes.len());
        let mut sharing: Vec<Sharing> = Vec::with_capacity(routes.len());
        let number_of: Vec<u32> = (routes.iter())
            .map(|&first| {
                let next = to_u32(sharing.len());
                let number = *numbers.entry(self.programs.checks(first.program)).or_insert(next);
                match sharing.get_mut(number as usize) {
                    Some(known) => known.count += 1,
                    None => sharing.push(Sharing { first, count: 1 }),
                }
                number
            })
            .collect();
        if sharing.len() == routes.len() {
            return sharing;
        }
        let mut lists: Vec<Vec<LocalRouteId>> =
            sharing.iter().map(|sharing| Vec::with_capacity(sharing.count)).collect();
        for (route, number) in routes.iter().zip(number_of) {
            let route = self.programs.route(route.program);
            // A route may contain the same disjunct twice.
            if let Some(list) = lists.get_mut(number as usize).filter(|list| list.last() != Some(&route)) {
                list.push(route);
            }
        }
        for (sharing, list) in sharing.iter().zip(&mut lists).filter(|(_, list)| list.len() > 1) {
            self.programs.share(sharing.first.program, list, self.contenders);
        }
        sharing
    }

    /// Builds a group that is too small to be split. Its access tests become headers.
    fn list(&mut self, routes: &[Sharing]) -> Group {
        let start = to_u32(self.candidates.len());
        for &sharing in routes {
            for posting in self.postings(sharing) {
                self.counts.listed += sharing.count;
                self.candidates.push(self.candidate(posting.access.as_header(), sharing.first.program));
            }
        }
        let all = Candidates { start, end: to_u32(self.candidates.len()) };
        Group { all, ..Group::default() }
    }

    /// Returns the postings of routes in the current group.
    fn postings(&mut self, sharing: Sharing) -> SmallVec<[Posting; 2]> {
        let route = sharing.first;
        let cover = if let Some(formula) = route.formula {
            cover(self.formulas, formula, &self.occurrences, self.interner, self.budgets)
        } else {
            let tests = self.programs.get(route.program).tests();
            cover_conjunction(tests, &self.occurrences, self.interner, self.budgets)
        };
        match cover {
            Cover::Postings(postings) => postings,
            Cover::OverBudget => {
                self.counts.over_budget += sharing.count;
                SmallVec::from_slice(&[Posting::ALWAYS])
            }
            Cover::None => SmallVec::from_slice(&[Posting::ALWAYS]),
        }
    }

    fn candidate(&self, header: Access, program: ProgramAt) -> Candidate {
        let slots = self.interner.reads.len();
        let (entry, hash) = match header {
            Access::Equal(slot, text) => (slot.index(), self.texts.hash(text)),
            Access::Present(slot) => (slots + slot.index(), ValueHash::PRESENT),
            _ => (2 * slots, ValueHash::PRESENT),
        };
        Candidate { entry: to_u32(entry), hash, program }
    }

    fn count(&mut self, access: Access, postings: usize) {
        *match access {
            Access::Equal(..) => &mut self.counts.equal,
            Access::Value(..) => &mut self.counts.value,
            Access::Prefix(..) | Access::Suffix(..) => &mut self.counts.affix,
            Access::Number(..) => &mut self.counts.number,
            Access::Present(_) => &mut self.counts.present,
            Access::Always => &mut self.counts.always,
        } += postings;
    }

    /// Assigns a place to every posting.
    fn split(&mut self, id: GroupId, postings: Vec<Unplaced>) -> Group {
        let start = to_u32(self.candidates.len());
        let mut split = Split::default();
        let mut hashed: Vec<(u64, Candidate)> = Vec::new();
        let mut numbers: BTreeMap<Slot, Vec<(Interval, Candidate)>> = BTreeMap::new();
        let mut affixes: BTreeMap<(Slot, AffixEnd), Vec<(&str, Candidate)>> = BTreeMap::new();
        let mut always = Vec::new();
        let mut equal: BTreeMap<Slot, HashFilter> = BTreeMap::new();
        let (mut present, mut values) = (Vec::new(), Vec::new());
        let interner = self.interner;
        let text_of = |text| interner.constants.text_of(text);
        for Unplaced { access, candidate } in postings {
            match access {
                Access::Always => always.push(candidate),
                Access::Equal(slot, text) => {
                    let hash = self.texts.hash(text);
                    equal.entry(slot).or_default().add(hash);
                    hashed.push((self.property_key(id, slot, hash), candidate));
                }
                Access::Present(slot) => {
                    present.push(slot);
                    hashed.push((self.property_key(id, slot, ValueHash::PRESENT), candidate));
                }
                Access::Value(slot, value) => {
                    values.push(slot);
                    let hash = self.texts.value_hash(self.key, interner.constants.value_of(value));
                    hashed.push((Lookups::key(self.key, id, slot, Space::Value, hash.bits().into()), candidate));
                }
                Access::Prefix(slot, text) => {
                    affixes.entry((slot, AffixEnd::Start)).or_default().push((text_of(text), candidate));
                }
                Access::Suffix(slot, text) => {
                    affixes.entry((slot, AffixEnd::End)).or_default().push((text_of(text), candidate));
                }
                Access::Number(slot, interval) => {
                    let interval = interner.constants.interval_of(interval);
                    numbers.entry(slot).or_default().push((interval, candidate));
                }
            }
        }
        split.always = self.place(always);
        split.equal = (equal.into_iter())
            .map(|(slot, filter)| EqualLookup { slot, salt: Lookups::salt(self.key, id, slot, Space::Equal), filter })
            .collect();
        split.present = sorted(present);
        split.values = sorted(values);
        split.affixes =
            affixes.into_iter().map(|((slot, end), all)| self.affix_lookup(id, slot, end, all, &mut hashed)).collect();
        split.numbers = numbers.into_iter().map(|(slot, all)| self.number_lookup(slot, all)).collect();
        // The sort is stable, so candidates with the same key stay in the order of their routes.
        steps::steps(hashed.len());
        hashed.sort_by_key(|(key, _)| *key);
        for same in hashed.chunk_by(|a, b| a.0 == b.0) {
            let candidates = self.place(same.iter().map(|(_, candidate)| *candidate));
            self.places.extend(same.first().map(|(key, _)| (*key, candidates)));
        }
        let all = Candidates { start, end: to_u32(self.candidates.len()) };
        Group { all, split: Some(Box::new(split)), ..Group::default() }
    }

    fn property_key(&self, group: GroupId, slot: Slot, hash: ValueHash) -> u64 {
        Lookups::key(self.key, group, slot, Space::Equal, hash.bits().into())
    }

    fn place(&mut self, candidates: impl IntoIterator<Item = Candidate>) -> Candidates {
        let start = to_u32(self.candidates.len());
        self.candidates.extend(candidates);
        Candidates { start, end: to_u32(self.candidates.len()) }
    }

    fn affix_lookup(
        &self,
        group: GroupId,
        slot: Slot,
        end: AffixEnd,
        all: Vec<(&str, Candidate)>,
        hashed: &mut Vec<(u64, Candidate)>,
    ) -> AffixLookup {
        let mut lengths: Vec<usize> = all.iter().map(|(text, _)| text.len()).collect();
        lengths.sort_unstable();
        lengths.dedup();
        let lengths = spread(&lengths, self.budgets.affix_lengths.max(1));
        let lengths = lengths.into_iter().map(|length| AffixLength::new(to_u32(length))).collect();
        let mut lookup = AffixLookup { slot, end, lengths };
        for (text, candidate) in all {
            steps::step();
            // The shortest length of all affixes is always among the lengths of the lookup.
            let hash = self.key.bytes(lookup.add(text.as_bytes()).unwrap_or_default());
            hashed.push((Lookups::key(self.key, group, slot, end.space(), hash), candidate));
        }
        lookup
    }

    /// Makes the lookup of intervals of one number. Sorts them into classes first: the intervals of a class are up to four
    /// times as wide as those of the class before.
    fn number_lookup(&mut self, slot: Slot, all: Vec<(Interval, Candidate)>) -> NumberLookup {
        let mut classes: BTreeMap<i32, Vec<(Interval, Candidate)>> = BTreeMap::new();
        for (interval, candidate) in all {
            steps::step();
            let width = interval.high - interval.low;
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a logarithm is small, or infinite, as that of no width"
            )]
            let class = (width.log2() / LOG2_CLASS_WIDTH).ceil() as i32;
            classes.entry(class).or_default().push((interval, candidate));
        }
        while classes.len() > NUMBER_CLASSES {
            // There are too many classes: the two widest become one.
            let Some((_, widest)) = classes.pop_last() else { break };
            steps::steps(widest.len());
            if let Some(mut next) = classes.last_entry() {
                next.get_mut().extend(widest);
            }
        }
        let (mut tables, mut others) = (Vec::new(), Vec::new());
        // Intervals of as many classes as possible are in one table.
        let mut joined: Vec<(Interval, Candidate)> = Vec::new();
        for class in classes.into_values() {
            let alone = joined.len();
            joined.extend_from_slice(&class);
            if is_stabbing(&joined) {
                continue;
            }
            joined.truncate(alone);
            tables.extend(self.stabbing_table(&joined));
            joined.clear();
            if is_stabbing(&class) {
                joined = class;
            } else {
                others.push(self.number_class(class));
            }
        }
        tables.extend(self.stabbing_table(&joined));
        NumberLookup { slot, tables: tables.into(), classes: others.into() }
    }

    fn stabbing_table(&mut self, all: &[(Interval, Candidate)]) -> Option<StabbingTable> {
        if all.is_empty() {
            return None;
        }
        let lists = StabbingLists::new(all.iter().map(|(interval, _)| *interval));
        let (entries, table) = lists.finish(to_u32(self.candidates.len()));
        self.place(entries.iter().filter_map(|&entry| all.get(entry).map(|(_, candidate)| *candidate)));
        Some(table)
    }

    fn number_class(&mut self, mut all: Vec<(Interval, Candidate)>) -> NumberClass {
        all.sort_by(|a, b| a.0.low.total_cmp(&b.0.low));
        let start = self.place(all.iter().map(|(_, candidate)| *candidate)).start;
        let width = all.iter().map(|(interval, _)| interval.high - interval.low).fold(0.0, f64::max);
        NumberClass {
            // Slightly more than the rounded difference. Then the exact sum with `low` is at least `high`. Rounding is
            // monotone, so the rounded sum is too.
            width: width * (1.0 + 4.0 * f64::EPSILON),
            lows: all.iter().map(|(interval, _)| interval.low).collect(),
            highs: all.iter().map(|(interval, _)| interval.high).collect(),
            start,
        }
    }
}

/// Returns whether intervals can be in a [`StabbingTable`]: its lists are not longer than in proportion to them.
fn is_stabbing(all: &[(Interval, Candidate)]) -> bool {
    let lists = StabbingLists::new(all.iter().map(|(interval, _)| *interval));
    lists.len() <= LISTED_INTERVALS.saturating_mul(all.len())
}

/// Returns the slots that a test reads.
fn slots_read_by(test: Test, interner: &Interner) -> SlotSet {
    match (test.kind, interner.reads.get(test.slot)) {
        // An expression reads several slots. A body is read together with its content type and encoding.
        (TestKind::Expression(..) | TestKind::Value(..), _) | (_, Some(SlotKind::Body { .. }) | None) => SlotSet::ALL,
        _ => SlotSet::of(test.slot),
    }
}

/// Builds the terms of the routes, if their number is within the budget.
fn terms<'b>(
    routes: &[Waiting],
    programs: &Programs,
    formulas: &Formulas,
    interner: &'b Interner,
    budgets: &Budgets,
) -> Option<TermsBuilder<'b>> {
    let mut terms = TermsBuilder::new(interner);
    for &Waiting { group, program, formula } in routes {
        match formula {
            None => terms.add_conjunction(group, programs, program),
            Some((_, root)) => terms.add(group, program, formulas, root),
        }
        if terms.len() > budgets.terms {
            return None;
        }
    }
    Some(terms)
}

/// Sorts the entries by group, keeping the order within each group. `counts` holds the number of entries of each group.
fn by_group(waiting: &[Waiting], counts: &[u32]) -> Vec<Waiting> {
    let mut ends: Vec<u32> = Vec::with_capacity(counts.len());
    let mut start = 0;
    for &count in counts {
        ends.push(start);
        start += count;
    }
    let mut sorted = waiting.to_vec();
    for route in waiting {
        if let Some(end) = ends.get_mut(route.group.index()) {
            if let Some(place) = sorted.get_mut(*end as usize) {
                *place = *route;
            }
            *end += 1;
        }
    }
    sorted
}

fn sorted(mut slots: Vec<Slot>) -> Box<[Slot]> {
    slots.sort_unstable();
    slots.dedup();
    slots.into()
}

/// Returns at most `count` of the ascending `lengths`, evenly spread and including the first one.
fn spread(lengths: &[usize], count: usize) -> Vec<usize> {
    if lengths.len() <= count {
        return lengths.to_vec();
    }
    (0..count).filter_map(|index| lengths.get(index * lengths.len() / count).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_spread_and_the_shortest_is_among_them() {
        assert!(spread(&[], 3).is_empty());
        assert_eq!(spread(&[4, 9], 2), [4, 9]);
        assert_eq!(spread(&[1, 2, 3, 4, 5, 6], 3), [1, 3, 5]);
        assert_eq!(spread(&[7, 8, 9], 1), [7]);
        for count in 1..12 {
            let lengths: Vec<usize> = (0..11).map(|n| n * n + 3).collect();
            let spread = spread(&lengths, count);
            assert_eq!(spread.len(), count.min(11));
            assert!(spread[0] == 3 && spread.is_sorted_by(|a, b| a < b), "{spread:?}");
        }
    }
}
