//! Formulas: conjunctions and disjunctions of tests, built by smart constructors.

use smallvec::SmallVec;

use super::test::{States, Test, TestKind};
use super::{Constants, Orderings, Slot};
use crate::id::define_id;
use crate::steps;

define_id! {
    /// A formula.
    pub struct FormulaId
}

/// A formula in normal form: it contains no constant, no conjunction directly within a conjunction, and no disjunction
/// directly within a disjunction. Each has at least two parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Formula {
    /// Holds for every message.
    True,
    /// Holds for no message.
    False,
    /// Holds if the test does.
    Test(Test),
    /// True if all parts are.
    And(SmallVec<[FormulaId; 4]>),
    /// True if any part is.
    Or(SmallVec<[FormulaId; 4]>),
}

/// The formulas of one condition. A formula is a tree: each one is part of at most one other.
#[derive(Debug)]
pub struct Formulas {
    nodes: Vec<Formula>,
}

/// The maximum number of parts of a conjunction that is searched for contradicting parts.
const SIMPLIFIED_PARTS: usize = 24;

impl Default for Formulas {
    fn default() -> Self {
        Self::new()
    }
}

impl Formulas {
    /// Creates an arena that holds only the two constants.
    pub fn new() -> Self {
        // `constant` relies on the positions of these two.
        Self { nodes: vec![Formula::True, Formula::False] }
    }

    /// Drops all formulas and keeps the memory.
    pub fn clear(&mut self) {
        self.nodes.truncate(2);
    }

    /// Returns the parts of a conjunction of tests, or a single test as one part. `None` for any other formula.
    pub fn as_conjunction<'f>(&'f self, root: &'f FormulaId) -> Option<&'f [FormulaId]> {
        let is_test = |part: &FormulaId| matches!(self.get(*part), Formula::Test(_));
        match self.get(*root) {
            Formula::True => Some(&[]),
            Formula::False | Formula::Or(_) => None,
            Formula::Test(_) => Some(core::slice::from_ref(root)),
            Formula::And(parts) => parts.iter().all(is_test).then_some(parts),
        }
    }

    /// Adds all formulas of `others`, and maps each test with `translate`.
    #[cfg(feature = "parallel")]
    pub fn append_all(&mut self, others: Self, translate: impl Fn(Test) -> Test) -> Appended {
        // Both arenas contain the constants, which are never parts.
        let appended = Appended { shift: self.nodes.len() - 2 };
        self.nodes.extend(others.nodes.into_iter().skip(2).map(|mut formula| {
            match &mut formula {
                Formula::True | Formula::False => {}
                Formula::Test(test) => *test = translate(*test),
                Formula::And(parts) | Formula::Or(parts) => {
                    parts.iter_mut().for_each(|part| *part = appended.of(*part));
                }
            }
            formula
        }));
        appended
    }

    /// Copies the formula `root` of `others` and its parts, parts first. Returns the ids of the first part and of the
    /// formula.
    pub fn append(&mut self, others: &Self, root: FormulaId) -> (FormulaId, FormulaId) {
        let mut needed: SmallVec<[FormulaId; 16]> = SmallVec::new();
        needed.push(root);
        let mut at = 0;
        while let Some(&id) = needed.get(at) {
            steps::step();
            if let Formula::And(parts) | Formula::Or(parts) = others.get(id) {
                needed.extend_from_slice(parts);
            }
            at += 1;
        }
        // Parts come before the formulas that contain them.
        needed.sort_unstable();
        let first = FormulaId::new(self.nodes.len());
        let of = |part: &FormulaId| match needed.binary_search(part) {
            Ok(place) => FormulaId::new(first.index() + place),
            Err(_) => *part,
        };
        let mut last = first;
        for &id in &needed {
            last = self.push(match others.get(id) {
                Formula::And(parts) => Formula::And(parts.iter().map(of).collect()),
                Formula::Or(parts) => Formula::Or(parts.iter().map(of).collect()),
                simple => simple.clone(),
            });
        }
        (first, last)
    }

    /// Returns the formula of this id.
    pub fn get(&self, id: FormulaId) -> &Formula {
        self.nodes.get(id.index()).unwrap_or(&Formula::False)
    }

    /// Returns the formula that is always true or always false.
    pub fn constant(truth: bool) -> FormulaId {
        FormulaId::new(usize::from(!truth))
    }

    /// Adds a formula of one test.
    pub fn test(&mut self, test: Test) -> FormulaId {
        self.push(Formula::Test(test))
    }

    /// Copies a test or constant so that it can be used twice. Must not be called for any other formula.
    pub fn copy(&mut self, id: FormulaId) -> FormulaId {
        match self.get(id) {
            Formula::Test(test) => {
                let test = *test;
                self.push(Formula::Test(test))
            }
            Formula::True | Formula::False => id,
            Formula::And(_) | Formula::Or(_) => {
                debug_assert!(false, "formulas with parts are part of one other at most");
                Self::constant(false)
            }
        }
    }

    /// Returns the conjunction. Consumes `left` and `right`, which must not be used again.
    pub fn and(&mut self, left: FormulaId, right: FormulaId) -> FormulaId {
        match (self.get(left), self.get(right)) {
            (Formula::False, _) | (_, Formula::True) => left,
            (_, Formula::False) | (Formula::True, _) => right,
            (Formula::And(_), _) | (_, Formula::And(_)) => {
                let parts = joined_parts(self.take_and(left), self.take_and(right));
                self.push(Formula::And(parts))
            }
            _ => self.push(Formula::And(SmallVec::from_slice(&[left, right]))),
        }
    }

    /// Returns the disjunction. Consumes `left` and `right`, which must not be used again.
    pub fn or(&mut self, left: FormulaId, right: FormulaId) -> FormulaId {
        match (self.get(left), self.get(right)) {
            (Formula::True, _) | (_, Formula::False) => left,
            (_, Formula::True) | (Formula::False, _) => right,
            (Formula::Or(_), _) | (_, Formula::Or(_)) => {
                let parts = joined_parts(self.take_or(left), self.take_or(right));
                self.push(Formula::Or(parts))
            }
            _ => self.push(Formula::Or(SmallVec::from_slice(&[left, right]))),
        }
    }

    fn take_and(&mut self, id: FormulaId) -> SmallVec<[FormulaId; 4]> {
        match self.nodes.get_mut(id.index()) {
            Some(Formula::And(parts)) => core::mem::take(parts),
            _ => SmallVec::from_slice(&[id]),
        }
    }

    fn take_or(&mut self, id: FormulaId) -> SmallVec<[FormulaId; 4]> {
        match self.nodes.get_mut(id.index()) {
            Some(Formula::Or(parts)) => core::mem::take(parts),
            _ => SmallVec::from_slice(&[id]),
        }
    }

    fn push(&mut self, formula: Formula) -> FormulaId {
        steps::step();
        let id = FormulaId::new(self.nodes.len());
        self.nodes.push(formula);
        id
    }

    /// Simplifies the formula of `root`. Within each conjunction, tests of one slot are joined if two can become one
    /// (number intervals, states), duplicates are dropped, and a contradiction makes the conjunction false. Runs in
    /// linear time, except that conjunctions of up to 24 parts are compared pairwise.
    pub fn simplify(&mut self, root: FormulaId, constants: &mut Constants) -> FormulaId {
        // Parts have smaller ids than the formulas that contain them, so one upward pass is enough.
        let mut becomes: SmallVec<[FormulaId; 64]> = SmallVec::with_capacity(root.index() + 1);
        for index in 0..=root.index() {
            steps::step();
            let id = FormulaId::new(index);
            if self.is_simple(id, &becomes) {
                becomes.push(id);
                continue;
            }
            let simplified = match self.nodes.get_mut(index) {
                Some(Formula::And(parts)) => {
                    let parts = core::mem::take(parts);
                    self.conjunction(&parts, &becomes, constants)
                }
                Some(Formula::Or(parts)) => {
                    let parts = core::mem::take(parts);
                    parts.iter().fold(Self::constant(false), |all, part| {
                        let part = becomes.get(part.index()).copied().unwrap_or(*part);
                        self.or(all, part)
                    })
                }
                _ => id,
            };
            becomes.push(simplified);
        }
        becomes.last().copied().unwrap_or(root)
    }

    /// Whether a formula needs no simplification after its parts were simplified: no part changed, and no two parts of
    /// a conjunction can be joined.
    fn is_simple(&self, id: FormulaId, becomes: &[FormulaId]) -> bool {
        let is_kept = |part: &FormulaId| becomes.get(part.index()) == Some(part);
        match self.get(id) {
            Formula::True | Formula::False | Formula::Test(_) => true,
            Formula::Or(parts) => parts.iter().all(is_kept),
            Formula::And(parts) => {
                if parts.len() > SIMPLIFIED_PARTS {
                    return parts.iter().all(is_kept);
                }
                let mut slots: SmallVec<[Slot; 8]> = SmallVec::new();
                parts.iter().all(|part| match self.get(*part) {
                    Formula::Test(Test { slot, .. }) if !slots.contains(slot) => {
                        slots.push(*slot);
                        true
                    }
                    _ => false,
                })
            }
        }
    }

    fn conjunction(&mut self, parts: &[FormulaId], becomes: &[FormulaId], constants: &mut Constants) -> FormulaId {
        let mut tests: SmallVec<[Test; 8]> = SmallVec::new();
        let mut rest = Self::constant(true);
        for part in parts {
            steps::step();
            let part = becomes.get(part.index()).copied().unwrap_or(*part);
            match self.get(part) {
                Formula::Test(test) if parts.len() <= SIMPLIFIED_PARTS => {
                    let mut joined = Some(*test);
                    let mut index = 0;
                    while let (Some(test), Some(other)) = (joined, tests.get(index).copied()) {
                        match join(other, test, constants) {
                            Joined::Both => index += 1,
                            Joined::One(one) => {
                                tests.remove(index);
                                // The joined test may now join with others.
                                joined = Some(one);
                                index = 0;
                            }
                            Joined::Never => return Self::constant(false),
                        }
                        if tests.is_empty() {
                            break;
                        }
                    }
                    tests.extend(joined);
                }
                _ => rest = self.and(rest, part),
            }
        }
        let tests = tests.into_iter().fold(Self::constant(true), |all, test| {
            let test = self.test(test);
            self.and(all, test)
        });
        self.and(tests, rest)
    }
}

/// Maps the ids of appended formulas to their new ids.
#[cfg(feature = "parallel")]
#[derive(Copy, Clone, Debug)]
pub struct Appended {
    shift: usize,
}

#[cfg(feature = "parallel")]
impl Appended {
    /// Returns the new id of a formula.
    pub fn of(self, id: FormulaId) -> FormulaId {
        FormulaId::new(id.index() + self.shift)
    }
}

/// Concatenates the parts in order, unless the second list is long and the first is short. Moving the second list once
/// for each parenthesis of a condition that nests to the right would take quadratic time.
fn joined_parts(mut parts: SmallVec<[FormulaId; 4]>, mut rest: SmallVec<[FormulaId; 4]>) -> SmallVec<[FormulaId; 4]> {
    const MANY: usize = 64;
    if rest.len() > parts.len().max(MANY) {
        core::mem::swap(&mut parts, &mut rest);
    }
    steps::steps(rest.len());
    parts.append(&mut rest);
    parts
}

/// Combines two tests that must both be true.
enum Joined {
    Both,
    One(Test),
    Never,
}

fn join(a: Test, b: Test, constants: &mut Constants) -> Joined {
    use TestKind::*;
    steps::step();
    if a == b {
        return Joined::One(a);
    }
    if a.slot != b.slot {
        return Joined::Both;
    }
    let with = |kind| Joined::One(Test { slot: a.slot, kind });
    match (a.kind, b.kind) {
        (State(a), State(b)) => match a.intersection(b) {
            both if both.is_empty() => Joined::Never,
            both => with(State(both)),
        },
        // These are true only of strings.
        (State(states), other @ (Text(..) | Affix(..))) | (other @ (Text(..) | Affix(..)), State(states)) => {
            if states.contains(States::TEXT) { with(other) } else { Joined::Never }
        }
        (Text(Orderings::EQUAL, equal), Text(orderings, other))
        | (Text(orderings, other), Text(Orderings::EQUAL, equal)) => {
            steps::comparison(constants.text_of(equal), constants.text_of(other));
            let ordering = crate::text::compare_utf16(constants.text_of(equal), constants.text_of(other));
            if orderings.contains(ordering) { with(Text(Orderings::EQUAL, equal)) } else { Joined::Never }
        }
        (Number(true, a), Number(true, b)) => match constants.interval_of(a).intersection(constants.interval_of(b)) {
            Some(both) => with(Number(true, constants.interval(both))),
            None => Joined::Never,
        },
        // The slot cannot equal two different constants.
        (Value(Orderings::EQUAL, _), Value(Orderings::EQUAL, _)) => Joined::Never,
        _ => Joined::Both,
    }
}
