//! Decides all routes of a small table at once, with one bit for each term.
//!
//! A *term* is a conjunction of tests on single properties. It has a number below [`MAX_TERMS`]. A route has one term,
//! or one term for each disjunct. For each slot, the index stores which terms a value leaves alive: those that do not
//! test the slot, and those that ask for this value. So matching intersects sets of terms, one set for each slot that
//! live terms test, and each set is one word. Testing equality with any number of constants costs one lookup for all terms.
//! Every other test is evaluated once for all terms that contain it, as long as one of them is alive.
//!
//! A term leaves out what it cannot express: body queries, expressions, and disjunctions over several properties inside
//! a conjunction. Such a term is *necessary* but does not decide; if it is left alive, the program of the route is run.
//!
//! This is the bit vector scheme of packet classification (Lakshman and Stiliadis, High-speed policy-based packet
//! forwarding using efficient multi-dimensional range matching, SIGCOMM 1998). Its cost grows with the number of slots,
//! not with the number of routes. One word limits the number of terms; larger tables are split by [access
//! tests](super::access).

use std::collections::BTreeMap;

use super::hash::Words;
use super::id::GroupId;
use super::program::{ProgramAt, Programs};
use super::text::Texts;
use crate::tuning::SCANNED_STRINGS;
use edgeroute_lang::hash_map::RandomMap;
use edgeroute_lang::predicate::{
    Formula, FormulaId, Formulas, Interner, Orderings, Slot, SlotKind, States, Test, TestKind, TextId,
};
use edgeroute_lang::steps;

/// The maximum number of terms: the bits of a word.
pub(super) const MAX_TERMS: usize = 64;

/// The terms of a table.
#[derive(Debug)]
pub(crate) struct Terms {
    /// For each group the terms of its routes.
    groups: Box<[u64]>,
    /// For each slot the terms that its values leave alive.
    slots: Box<[SlotTerms]>,
    /// A bit for each slot that some term tests.
    tested_slots: u64,
    /// The terms that test slots which a system property may fill.
    pub(crate) of_system: u64,
    /// The terms that decide: if one is left alive, its route takes the message.
    pub(crate) deciding: u64,
    /// For each term the program of its route.
    programs: Box<[ProgramAt]>,
    /// The other programs of routes with several disjuncts in one term, each with the bit of the term. Such a term
    /// decides.
    others: Box<[(u64, ProgramAt)]>,
}

/// The terms that each value of a slot leaves alive. Every set contains all terms that do not test the slot.
#[derive(Debug)]
pub(crate) struct SlotTerms {
    /// The bit of this slot among all slots.
    pub(crate) bit: u64,
    /// The terms that test the slot.
    pub(crate) testing: u64,
    pub(crate) absent: u64,
    pub(crate) null: u64,
    /// The terms that a string leaves alive if no term names the string.
    other: u64,
    /// Strings that terms name, in ascending order.
    short: Box<[(Words, u64)]>,
    /// Strings that are too long for `short`, in ascending order.
    long: Box<[(TextId, u64)]>,
    /// Other tests of a string, each with the terms that it rules out if it fails.
    pub(crate) checks: Box<[(TestKind, u64)]>,
}

impl Terms {
    /// Returns the terms of the routes in a group.
    #[inline]
    pub(crate) fn of_group(&self, group: GroupId) -> u64 {
        self.groups.get(group.index()).copied().unwrap_or_default()
    }

    /// Returns the terms that the values of a slot leave alive.
    #[inline]
    pub(crate) fn slot(&self, slot: Slot) -> Option<&SlotTerms> {
        self.slots.get(slot.index())
    }

    /// Returns the terms of `alive` that stay alive if every slot outside `held` is absent. `held` has one bit for each
    /// slot.
    #[inline]
    pub(crate) fn without_others(&self, held: u64, alive: u64) -> u64 {
        let mut alive = alive;
        let mut absent = self.tested_slots & !held;
        while absent != 0 && alive != 0 {
            steps::step();
            alive &= self.slots.get(absent.trailing_zeros() as usize).map_or(0, |slot| slot.absent);
            absent &= absent - 1;
        }
        alive
    }

    /// Returns the program of the route that a term belongs to.
    #[inline]
    pub(crate) fn program(&self, term: u32) -> Option<ProgramAt> {
        self.programs.get(term as usize).copied()
    }

    /// Iterates over the terms of the routes in a group, each as its bit.
    pub(super) fn bits_of_group(&self, group: GroupId) -> impl Iterator<Item = u64> {
        let of_group = self.of_group(group);
        bits().filter(move |bit| of_group & bit != 0)
    }

    /// Iterates over the slots that a term tests.
    pub(super) fn slots_of(&self, term: u64) -> impl Iterator<Item = Slot> {
        let tested = self.slots.iter().enumerate().filter(move |(_, slot)| slot.testing & term != 0);
        tested.map(|(slot, _)| Slot::new(slot))
    }

    /// Returns the number of terms.
    pub(super) fn len(&self) -> usize {
        self.programs.len()
    }

    /// Iterates over the programs of these terms, including the program of each disjunct.
    pub(crate) fn programs(&self, terms: u64) -> impl Iterator<Item = ProgramAt> {
        let firsts = self.programs.iter().zip(bits()).map(|(program, bit)| (bit, *program));
        firsts.chain(self.others.iter().copied()).filter(move |(bit, _)| terms & bit != 0).map(|(_, program)| program)
    }

    /// Returns the number of bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        let slots = self.slots.iter().map(|slot| {
            size_of::<SlotTerms>() + size_of_val(&*slot.short) + size_of_val(&*slot.long) + size_of_val(&*slot.checks)
        });
        size_of_val(&*self.groups) + slots.sum::<usize>() + size_of_val(&*self.programs) + size_of_val(&*self.others)
    }
}

impl SlotTerms {
    /// Returns the terms that a string leaves alive, without `checks`.
    #[inline]
    pub(crate) fn text(&self, texts: &Texts, text: &str) -> u64 {
        steps::step();
        let Some(words) = Words::of(text.as_bytes()) else {
            let found = self.long.binary_search_by(|(constant, _)| {
                steps::comparison(texts.text_of(*constant), text);
                texts.text_of(*constant).cmp(text)
            });
            return found.ok().and_then(|at| self.long.get(at)).map_or(self.other, |(_, alive)| *alive);
        };
        if self.short.len() <= SCANNED_STRINGS {
            let found = self.short.iter().inspect(|_| steps::step()).find(|(constant, _)| *constant == words);
            return found.map_or(self.other, |(_, alive)| *alive);
        }
        let found = self.short.binary_search_by(|(constant, _)| {
            steps::step();
            constant.cmp(&words)
        });
        found.ok().and_then(|at| self.short.get(at)).map_or(self.other, |(_, alive)| *alive)
    }
}

/// Collects the terms of a table.
#[derive(Debug)]
pub(super) struct TermsBuilder<'b> {
    interner: &'b Interner,
    terms: Vec<Term>,
}

#[derive(Debug)]
struct Term {
    group: GroupId,
    program: ProgramAt,
    /// The programs of the other disjuncts that the term represents.
    others: Vec<ProgramAt>,
    demands: Vec<Demand>,
    /// Whether the demands are the whole condition of the route, or one whole disjunct of it.
    decides: bool,
}

impl Term {
    /// Iterates over the demands on a slot.
    fn of(&self, slot: Slot) -> impl Iterator<Item = &Demand> {
        self.demands.iter().inspect(|_| steps::step()).filter(move |demand| demand.slot == slot)
    }
}

/// Tests of one slot, one of which must hold: a single test, or several tests for equality with a string.
#[derive(Debug)]
struct Demand {
    slot: Slot,
    tests: Vec<Test>,
}

impl Demand {
    fn may_hold(&self, held: Held) -> bool {
        steps::steps(self.tests.len());
        self.tests.iter().any(|test| may_hold(*test, held))
    }
}

/// The possible contents of a slot, as far as equality can distinguish them.
#[derive(Copy, Clone)]
enum Held {
    Absent,
    Null,
    /// A string that no test names.
    OtherText,
}

impl<'b> TermsBuilder<'b> {
    pub(super) fn new(interner: &'b Interner) -> Self {
        Self { interner, terms: Vec::new() }
    }

    /// Returns the number of terms.
    pub(super) fn len(&self) -> usize {
        self.terms.len()
    }

    /// Adds a route, or one disjunct of a route, whose program is a conjunction.
    pub(super) fn add_conjunction(&mut self, group: GroupId, programs: &Programs, program: ProgramAt) {
        let demands: Vec<Option<Demand>> = programs.get(program).tests().map(|test| self.single(test)).collect();
        // Disjuncts that compare the same slot with strings are combined into one term.
        if let [Some(Demand { slot, tests })] = demands.as_slice()
            && let [test] = tests.as_slice()
            && compares_text(*test)
        {
            let route = programs.route(program);
            let of_route = self.terms.iter_mut().rev().take_while(|term| programs.route(term.program) == route);
            for term in of_route {
                if let [choice] = term.demands.as_mut_slice()
                    && term.decides
                    && choice.slot == *slot
                    && choice.tests.iter().all(|test| compares_text(*test))
                {
                    choice.tests.push(*test);
                    term.others.push(program);
                    return;
                }
            }
        }
        self.push(group, program, demands);
    }

    /// Adds a route whose condition is the formula `root`, with one term for each disjunct. All disjuncts that compare
    /// the same slot with strings are combined into one term.
    pub(super) fn add(&mut self, group: GroupId, program: ProgramAt, formulas: &Formulas, root: FormulaId) {
        let Formula::Or(disjuncts) = formulas.get(root) else {
            let demands = self.conjunction(formulas, root);
            return self.push(group, program, demands);
        };
        let mut choices: BTreeMap<Slot, Vec<Test>> = BTreeMap::new();
        for disjunct in disjuncts {
            match formulas.get(*disjunct) {
                Formula::Test(test) if compares_text(*test) => choices.entry(test.slot).or_default().push(*test),
                _ => {
                    let demands = self.conjunction(formulas, *disjunct);
                    self.push(group, program, demands);
                }
            }
        }
        for (slot, tests) in choices {
            self.push(group, program, vec![Some(Demand { slot, tests })]);
        }
    }

    fn push(&mut self, group: GroupId, program: ProgramAt, demands: Vec<Option<Demand>>) {
        let decides = demands.iter().all(Option::is_some);
        let demands = demands.into_iter().flatten().collect();
        self.terms.push(Term { group, program, others: Vec::new(), demands, decides });
    }

    /// Returns the demands of the parts of a conjunction, with `None` for a part that is not a demand.
    fn conjunction(&self, formulas: &Formulas, id: FormulaId) -> Vec<Option<Demand>> {
        match formulas.get(id) {
            Formula::And(parts) => parts.iter().map(|part| self.demand(formulas, *part)).collect(),
            Formula::True => Vec::new(),
            Formula::False | Formula::Test(_) | Formula::Or(_) => vec![self.demand(formulas, id)],
        }
    }

    fn demand(&self, formulas: &Formulas, id: FormulaId) -> Option<Demand> {
        match formulas.get(id) {
            Formula::Test(test) => self.single(*test),
            Formula::Or(parts) => {
                let choice = |part: &FormulaId| match formulas.get(*part) {
                    Formula::Test(test) if compares_text(*test) => Some(*test),
                    _ => None,
                };
                let tests: Vec<Test> = parts.iter().map(choice).collect::<Option<_>>()?;
                let slot = tests.first()?.slot;
                tests.iter().all(|test| test.slot == slot).then_some(Demand { slot, tests })
            }
            Formula::True | Formula::False | Formula::And(_) => None,
        }
    }

    /// Returns a test as a demand, if it tests a property.
    fn single(&self, test: Test) -> Option<Demand> {
        let is_of_property = match test.kind {
            TestKind::State(_) | TestKind::Text(..) | TestKind::Affix(..) | TestKind::Number(..) => {
                !matches!(self.interner.reads.get(test.slot), Some(SlotKind::Body { .. }) | None)
            }
            TestKind::Value(..) | TestKind::Expression(..) => false,
        };
        is_of_property.then(|| Demand { slot: test.slot, tests: vec![test] })
    }

    /// Returns the terms of a table with this number of groups. Returns `None` if a word is too small for the terms, or
    /// for the slots that the table reads.
    pub(super) fn finish(self, groups: usize, texts: &Texts) -> Option<Terms> {
        let Self { terms, interner } = self;
        if terms.len() > MAX_TERMS || interner.reads.len() > MAX_TERMS {
            return None;
        }
        let mut of_groups = vec![0; groups];
        for (term, bit) in terms.iter().zip(bits()) {
            if let Some(group) = of_groups.get_mut(term.group.index()) {
                *group |= bit;
            }
        }
        let slots: Box<[SlotTerms]> = interner
            .reads
            .iter()
            .zip(bits())
            .map(|((slot, _), bit)| SlotTerms::new(slot, bit, &terms, texts))
            .collect();
        let may_be_system = |kind: &SlotKind| matches!(kind, SlotKind::System(_) | SlotKind::ApplicationOrSystem(_));
        let of_system = interner.reads.iter().zip(&slots).filter(|((_, kind), _)| may_be_system(kind));
        Some(Terms {
            groups: of_groups.into(),
            of_system: of_system.fold(0, |all, (_, slot)| all | slot.testing),
            tested_slots: slots.iter().filter(|slot| slot.testing != 0).fold(0, |all, slot| all | slot.bit),
            slots,
            deciding: set(&terms, |term| term.decides),
            programs: terms.iter().map(|term| term.program).collect(),
            others: (terms.iter().zip(bits()))
                .flat_map(|(term, bit)| term.others.iter().map(move |program| (bit, *program)))
                .collect(),
        })
    }
}

impl SlotTerms {
    fn new(slot: Slot, bit: u64, terms: &[Term], texts: &Texts) -> Self {
        let alive = |held: Held| set(terms, |term| term.of(slot).all(|demand| demand.may_hold(held)));
        let mut checks: Vec<(TestKind, u64)> = Vec::new();
        let mut known: RandomMap<TestKind, usize> = RandomMap::default();
        for (term, bit) in terms.iter().zip(bits()) {
            let tests = term.of(slot).flat_map(|demand| &demand.tests);
            for &Test { kind, .. } in tests.filter(|test| !tests_state_or_text(**test)) {
                let next = checks.len();
                match checks.get_mut(*known.entry(kind).or_insert(next)) {
                    Some((_, terms)) => *terms |= bit,
                    None => checks.push((kind, bit)),
                }
            }
        }
        let other = alive(Held::OtherText);
        let (mut short, mut long) = (Vec::new(), Vec::new());
        for (text, alive) in constants(slot, terms, other) {
            match Words::of(texts.text_of(text).as_bytes()) {
                Some(words) => short.push((words, alive)),
                None => long.push((text, alive)),
            }
        }
        short.sort_unstable();
        long.sort_unstable_by_key(|(text, _)| texts.text_of(*text));
        Self {
            bit,
            testing: set(terms, |term| term.of(slot).next().is_some()),
            absent: alive(Held::Absent),
            null: alive(Held::Null),
            other,
            short: short.into(),
            long: long.into(),
            checks: checks.into(),
        }
    }
}

/// Returns the strings that leave other terms alive than `other` does, in ascending order. The cost is that of sorting
/// the tests: a condition may contain as many tests as fit into its text.
fn constants(slot: Slot, terms: &[Term], other: u64) -> Vec<(TextId, u64)> {
    // For each string and term, how many more demands fail than for a string that no test names.
    let mut changes: Vec<(TextId, u64, i64)> = Vec::new();
    let mut failing: Vec<i64> = Vec::with_capacity(terms.len());
    for (term, bit) in terms.iter().zip(bits()) {
        let mut fail = 0;
        for demand in term.of(slot) {
            let hold = demand.tests.iter().filter(|test| may_hold(**test, Held::OtherText)).count();
            fail += i64::from(hold == 0);
            let mut named: Vec<(TextId, bool)> = demand.tests.iter().filter_map(|test| compared_text(*test)).collect();
            steps::steps(demand.tests.len());
            named.sort_unstable();
            for same in named.chunk_by(|a, b| a.0 == b.0) {
                let fails_of_it = same.iter().filter(|(_, is_equal)| !is_equal).count();
                let holds = fails_of_it < same.len() || hold > fails_of_it;
                if let Some(&(text, _)) = same.first()
                    && holds != (hold > 0)
                {
                    changes.push((text, bit, if holds { -1 } else { 1 }));
                }
            }
        }
        failing.push(fail);
    }
    changes.sort_unstable();
    let of_text = |changes: &[(TextId, u64, i64)]| {
        let text = changes.first()?.0;
        let alive = changes.chunk_by(|a, b| a.1 == b.1).fold(other, |alive, of_term| {
            let bit = of_term.first().map_or(0, |change| change.1);
            let before = failing.get(bit.trailing_zeros() as usize).copied().unwrap_or_default();
            let fail = before + of_term.iter().map(|change| change.2).sum::<i64>();
            if fail == 0 { alive | bit } else { alive & !bit }
        });
        Some((text, alive))
    };
    changes.chunk_by(|a, b| a.0 == b.0).filter_map(of_text).collect()
}

/// Returns the string that a test compares with, and whether the property must be equal to it (rather than different).
fn compared_text(test: Test) -> Option<(TextId, bool)> {
    match test.kind {
        TestKind::Text(Orderings::EQUAL, text) => Some((text, true)),
        TestKind::Text(Orderings::DIFFERENT, text) => Some((text, false)),
        _ => None,
    }
}

fn tests_state_or_text(test: Test) -> bool {
    matches!(test.kind, TestKind::State(_)) || compares_text(test)
}

/// Returns whether the test compares a property with a string.
fn compares_text(test: Test) -> bool {
    compared_text(test).is_some()
}

/// Returns whether a test holds for the contents of the slot, as far as equality can distinguish them.
fn may_hold(test: Test, held: Held) -> bool {
    match (test.kind, held) {
        (TestKind::State(states), Held::Absent) => states.contains(States::ABSENT),
        (TestKind::State(states), Held::Null) => states.contains(States::NULL),
        (TestKind::State(states), Held::OtherText) => states.contains(States::TEXT),
        (_, Held::Absent | Held::Null) => false,
        (kind, Held::OtherText) => !matches!(kind, TestKind::Text(Orderings::EQUAL, _)),
    }
}

/// Iterates over the bits of the terms.
fn bits() -> impl Iterator<Item = u64> {
    (0..64).map(|number| 1 << number)
}

/// Returns the set of terms that satisfy the predicate.
fn set(terms: &[Term], is_in: impl Fn(&Term) -> bool) -> u64 {
    terms.iter().zip(bits()).filter(|(term, _)| is_in(term)).fold(0, |set, (_, bit)| set | bit)
}

#[cfg(test)]
#[cfg(feature = "count-steps")]
mod tests {
    use crate::RouteTable;
    use edgeroute_lang::steps::counted;

    /// Returns the steps that building takes with this many strings for one property, and with twice as many.
    fn growth(condition: impl Fn(usize) -> String) -> (u64, u64) {
        let steps = |texts: usize| {
            let text = format!("FROM /* WHERE {} INTO $upstream", condition(texts));
            let (steps, built) = counted(|| RouteTable::builder().route("r", text).build());
            assert_eq!(built.unwrap().stats().terms, 1);
            steps
        };
        (steps(2_000), steps(4_000))
    }

    #[test]
    fn a_term_with_many_strings_of_one_property_is_built_in_linear_time() {
        // Evaluating every test of the term for each string would be quadratic.
        let joined = |texts: usize, operator: &str, test: &dyn Fn(usize) -> String| {
            (0..texts).map(test).collect::<Vec<_>>().join(operator)
        };
        for (once, twice) in [
            growth(|texts| joined(texts, " or ", &|text| format!("a = '{text}'"))),
            growth(|texts| joined(texts, " or ", &|text| format!("a = 'longer than sixteen bytes {text}'"))),
            growth(|texts| joined(texts, " and ", &|text| format!("a != '{text}'"))),
            growth(|texts| joined(texts, " and ", &|text| format!("not starts_with(a, '{text}')"))),
        ] {
            assert!(twice < once * 5 / 2, "{once} steps, then {twice}");
        }
    }
}
