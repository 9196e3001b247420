//! Formulas: conjunctions and disjunctions of tests, made by smart constructors.

use smallvec::SmallVec;

use super::test::{States, Test, TestKind};
use super::{Constants, Orderings, Slot};
use crate::id::define_id;
use crate::work;

define_id! {
    /// A formula.
    pub(crate) struct FormulaId
}

/// A formula in normal form: no constant within it, no conjunction directly in a conjunction, no disjunction directly
/// in a disjunction, at least two parts in each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Formula {
    True,
    False,
    Test(Test),
    /// All of them.
    And(SmallVec<[FormulaId; 4]>),
    /// Any of them.
    Or(SmallVec<[FormulaId; 4]>),
}

/// The formulas of one condition. A formula is a tree: each is part of at most one other.
#[derive(Debug)]
pub(crate) struct Formulas {
    nodes: Vec<Formula>,
}

/// Conjunctions of up to this many parts are searched for parts that contradict each other.
const SIMPLIFIED_PARTS: usize = 24;

impl Formulas {
    pub(crate) fn new() -> Self {
        // `constant` knows where these two stand.
        Self { nodes: vec![Formula::True, Formula::False] }
    }

    /// Forgets all formulas and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.nodes.truncate(2);
    }

    /// The parts of a formula that is a conjunction of tests, or a single one.
    pub(crate) fn as_conjunction<'f>(&'f self, root: &'f FormulaId) -> Option<&'f [FormulaId]> {
        let is_test = |part: &FormulaId| matches!(self.get(*part), Formula::Test(_));
        match self.get(*root) {
            Formula::True => Some(&[]),
            Formula::False | Formula::Or(_) => None,
            Formula::Test(_) => Some(core::slice::from_ref(root)),
            Formula::And(parts) => parts.iter().all(is_test).then_some(parts),
        }
    }

    /// Adds all formulas of `others`, with each test put through `translate`.
    #[cfg(feature = "parallel")]
    pub(crate) fn append_all(&mut self, others: Self, translate: impl Fn(Test) -> Test) -> Appended {
        // Both have the constants, which are never parts.
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

    /// Adds a copy of the formula `root` of `others`, its parts before it, and nothing else; gives its first part and
    /// itself.
    pub(crate) fn append(&mut self, others: &Self, root: FormulaId) -> (FormulaId, FormulaId) {
        let mut needed: SmallVec<[FormulaId; 16]> = SmallVec::new();
        needed.push(root);
        let mut at = 0;
        while let Some(&id) = needed.get(at) {
            work::step();
            if let Formula::And(parts) | Formula::Or(parts) = others.get(id) {
                needed.extend_from_slice(parts);
            }
            at += 1;
        }
        // Parts stand before wholes.
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

    pub(crate) fn get(&self, id: FormulaId) -> &Formula {
        self.nodes.get(id.index()).unwrap_or(&Formula::False)
    }

    pub(crate) fn constant(truth: bool) -> FormulaId {
        FormulaId::new(usize::from(!truth))
    }

    pub(crate) fn test(&mut self, test: Test) -> FormulaId {
        self.push(Formula::Test(test))
    }

    /// A copy of a test or constant, so that it can be used twice. Must be given nothing else.
    pub(crate) fn copy(&mut self, id: FormulaId) -> FormulaId {
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

    /// Both. Takes `left` and `right` apart: they must not be used again.
    pub(crate) fn and(&mut self, left: FormulaId, right: FormulaId) -> FormulaId {
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

    /// Any. Takes `left` and `right` apart: they must not be used again.
    pub(crate) fn or(&mut self, left: FormulaId, right: FormulaId) -> FormulaId {
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
        work::step();
        let id = FormulaId::new(self.nodes.len());
        self.nodes.push(formula);
        id
    }

    /// The finished formula of `root`: within each conjunction, tests of one slot are joined where two become one
    /// (number intervals, states), doubles are dropped, and a contradiction makes it false. Linear, but for conjunctions
    /// of up to 24 parts, which are compared pairwise.
    pub(crate) fn simplify(&mut self, root: FormulaId, constants: &mut Constants) -> FormulaId {
        // Parts have smaller ids than what they are part of, so one pass upwards is enough.
        let mut becomes: SmallVec<[FormulaId; 64]> = SmallVec::with_capacity(root.index() + 1);
        for index in 0..=root.index() {
            work::step();
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

    /// Whether nothing of a formula can be simplified once its parts are: no parts changed, and none of a conjunction can
    /// be joined with another.
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
            work::step();
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
                                // What it was joined to may join with others now.
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

/// What the ids of formulas that were appended have become.
#[cfg(feature = "parallel")]
#[derive(Copy, Clone, Debug)]
pub(crate) struct Appended {
    shift: usize,
}

#[cfg(feature = "parallel")]
impl Appended {
    /// The id of a formula now.
    pub(crate) fn of(self, id: FormulaId) -> FormulaId {
        FormulaId::new(id.index() + self.shift)
    }
}

/// Both, in order, unless the second are many and the first few: then moving them behind the first, once for each
/// parenthesis of a condition that nests to the right, would cost the square of it.
fn joined_parts(mut parts: SmallVec<[FormulaId; 4]>, mut rest: SmallVec<[FormulaId; 4]>) -> SmallVec<[FormulaId; 4]> {
    const MANY: usize = 64;
    if rest.len() > parts.len().max(MANY) {
        core::mem::swap(&mut parts, &mut rest);
    }
    work::steps(rest.len());
    parts.append(&mut rest);
    parts
}

/// What two tests that must both hold come to.
enum Joined {
    Both,
    One(Test),
    Never,
}

fn join(a: Test, b: Test, constants: &mut Constants) -> Joined {
    use TestKind::*;
    work::step();
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
        // These hold of texts only.
        (State(states), other @ (Text(..) | Affix(..))) | (other @ (Text(..) | Affix(..)), State(states)) => {
            if states.contains(States::TEXT) { with(other) } else { Joined::Never }
        }
        (Text(Orderings::EQUAL, equal), Text(orderings, other))
        | (Text(orderings, other), Text(Orderings::EQUAL, equal)) => {
            work::comparison(constants.text_of(equal), constants.text_of(other));
            let ordering = crate::text::compare_utf16(constants.text_of(equal), constants.text_of(other));
            if orderings.contains(ordering) { with(Text(Orderings::EQUAL, equal)) } else { Joined::Never }
        }
        (Number(true, a), Number(true, b)) => match constants.interval_of(a).intersection(constants.interval_of(b)) {
            Some(both) => with(Number(true, constants.interval(both))),
            None => Joined::Never,
        },
        // Equal to one constant, and to another one.
        (Value(Orderings::EQUAL, _), Value(Orderings::EQUAL, _)) => Joined::Never,
        _ => Joined::Both,
    }
}
