//! Proofs about formulas: that some hold together for no message.
//!
//! [`Reasoner::refute`] takes formulas, each to hold or not to hold, and looks for a proof that no message makes it so.
//! It splits disjunctions into cases (an analytic tableau) and closes a case when what it asks of one slot cannot be:
//! [`property`] and [`value`] know what sets of tests a slot can satisfy. So an answer *impossible* is proved; *open*
//! only says that no proof was found, since slots are taken for independent of each other and expressions for opaque.
//!
//! The number of cases can be exponential in the formulas, so steps are counted, per question and in all, and a
//! question that runs out of them is given up. Nothing recurses.

mod domains;
mod property;
mod source_facts;
mod text_range;
mod value;

use core::fmt::Write as _;

use smallvec::SmallVec;

use super::{ExpressionId, Formula, FormulaId, Formulas, Orderings, Slot, Test, TestKind, TextId, Vocabulary, lower};
use crate::hir::{Condition, fold};
use crate::keyed::KeyedMap;
use domains::Domains;
pub(crate) use source_facts::SourceFacts;

/// How many steps one question may take.
const STEPS_PER_QUESTION: usize = 5_000;

/// How many steps all questions together may take: about a second.
const STEPS: usize = 2_000_000;

/// Formulas, and proofs about them.
#[derive(Debug)]
pub(crate) struct Reasoner {
    vocabulary: Vocabulary,
    /// Of all conditions.
    formulas: Formulas,
    /// Of the condition at hand.
    scratch: Formulas,
    /// For each expression a number that is the same for equal ones.
    classes: Vec<usize>,
    class_of: KeyedMap<String, usize>,
    steps_left: usize,
    given_up: usize,
}

/// What was found out about a question.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Answer {
    /// No message does it: proved.
    Impossible,
    /// No proof was found: some message may do it.
    Open,
}

/// Something that a formula asks: routes that have nothing of it in common need not be compared.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Probe {
    /// A slot is equal to a text.
    Equal(Slot, TextId),
    /// Anything of a slot.
    Slot(Slot),
    /// An expression, by its class.
    Expression(usize),
}

/// A formula, and whether it is to hold.
pub(crate) type Claim = (FormulaId, bool);

impl Reasoner {
    pub(crate) fn new() -> Self {
        Self {
            vocabulary: Vocabulary::default(),
            formulas: Formulas::new(),
            scratch: Formulas::new(),
            classes: Vec::new(),
            class_of: KeyedMap::default(),
            steps_left: STEPS,
            given_up: 0,
        }
    }

    /// The formula that holds just where `condition` is true.
    pub(crate) fn add(&mut self, condition: &Condition<'_>) -> FormulaId {
        let root = lower(&fold(condition), &mut self.vocabulary, &mut self.scratch);
        for expression in self.vocabulary.expressions().iter().skip(self.classes.len()) {
            let next = self.class_of.len();
            self.classes.push(*self.class_of.entry(format!("{expression:?}")).or_insert(next));
        }
        self.formulas.append(&self.scratch, root).1
    }

    /// Whether the formula asks nothing, and so holds for every message.
    pub(crate) fn is_true(&self, formula: FormulaId) -> bool {
        matches!(self.formulas.get(formula), Formula::True)
    }

    /// How many questions were given up.
    pub(crate) const fn given_up(&self) -> usize {
        self.given_up
    }

    /// Counts a question that was not even asked, since there are too many.
    pub(crate) const fn give_up(&mut self) {
        self.given_up += 1;
    }

    /// What the formula asks of messages, anywhere in it: each probe once.
    pub(crate) fn probes(&self, formula: FormulaId) -> Vec<Probe> {
        let mut probes = Vec::new();
        let mut open = vec![formula];
        while let Some(id) = open.pop() {
            match self.formulas.get(id) {
                Formula::True | Formula::False => {}
                Formula::Test(test) => probes.extend(self.probes_of(*test)),
                Formula::And(parts) | Formula::Or(parts) => open.extend(parts),
            }
        }
        probes.sort_unstable();
        probes.dedup();
        probes
    }

    /// Probes of which every formula that implies this one has at least one, but for formulas that are never true and
    /// those that are true for reasons of more than one slot. Of those that would do, the rarest; `None` for one that is
    /// always true.
    pub(crate) fn needed_probes(&self, formula: FormulaId, rarity: impl Fn(Probe) -> usize) -> Vec<Option<Probe>> {
        let best = |test: Test| self.probes_of(test).into_iter().min_by_key(|probe| (rarity(*probe), *probe));
        let mut needed = Vec::new();
        let mut open = vec![formula];
        while let Some(id) = open.pop() {
            match self.formulas.get(id) {
                Formula::True => needed.push(None),
                Formula::False => {}
                Formula::Test(test) => needed.push(best(*test)),
                // One part is enough; any part of a disjunction may be the one.
                Formula::And(parts) => {
                    let tests = parts.iter().filter_map(|part| match self.formulas.get(*part) {
                        Formula::Test(test) => best(*test),
                        _ => None,
                    });
                    match tests.min_by_key(|probe| (rarity(*probe), *probe)) {
                        Some(probe) => needed.push(Some(probe)),
                        None => open.extend(parts.first()),
                    }
                }
                Formula::Or(parts) => open.extend(parts),
            }
        }
        needed.sort_unstable();
        needed.dedup();
        needed
    }

    /// An equality asks for its slot too.
    fn probes_of(&self, test: Test) -> SmallVec<[Probe; 2]> {
        match test.kind {
            TestKind::Expression(_, expression) => SmallVec::from_slice(&[Probe::Expression(self.class(expression))]),
            TestKind::Text(Orderings::EQUAL, text) => {
                SmallVec::from_slice(&[Probe::Equal(test.slot, text), Probe::Slot(test.slot)])
            }
            _ => SmallVec::from_slice(&[Probe::Slot(test.slot)]),
        }
    }

    /// A text of the formula such that equal formulas of one reasoner have equal texts. `None` for one of more than
    /// `most` parts.
    pub(crate) fn fingerprint(&self, formula: FormulaId, most: usize) -> Option<String> {
        let mut text = String::new();
        let mut open = vec![Step::Formula(formula)];
        let mut parts = 0;
        while let Some(step) = open.pop() {
            let Step::Formula(id) = step else {
                text.push(')');
                continue;
            };
            parts += 1;
            if parts > most {
                return None;
            }
            match self.formulas.get(id) {
                Formula::True => text.push('1'),
                Formula::False => text.push('0'),
                // A `String` takes every write.
                Formula::Test(Test { kind: TestKind::Expression(truth, expression), .. }) => {
                    let _ = write!(text, "{truth}{} ", self.class(*expression));
                }
                Formula::Test(Test { slot, kind }) => {
                    let _ = write!(text, "{slot:?}{kind:?} ");
                }
                Formula::And(inner) | Formula::Or(inner) => {
                    text.push(if matches!(self.formulas.get(id), Formula::And(_)) { '&' } else { '|' });
                    text.push('(');
                    open.push(Step::Close);
                    open.extend(inner.iter().rev().map(|part| Step::Formula(*part)));
                }
            }
        }
        Some(text)
    }

    /// Whether no message, of those that `facts` tells of, satisfies all claims.
    pub(crate) fn refute(&mut self, claims: &[Claim], facts: &SourceFacts) -> Answer {
        if self.steps_left == 0 {
            self.given_up += 1;
            return Answer::Open;
        }
        let budget = STEPS_PER_QUESTION.min(self.steps_left);
        let mut steps = Steps { left: budget };
        let answer = self.search(claims, facts, &mut steps);
        self.steps_left -= budget - steps.left;
        answer.unwrap_or_else(|Exhausted| {
            self.given_up += 1;
            Answer::Open
        })
    }

    fn search(&self, claims: &[Claim], facts: &SourceFacts, steps: &mut Steps) -> Result<Answer, Exhausted> {
        let domains = Domains::with(facts, &self.vocabulary);
        let mut cases = vec![Case { claims: claims.into(), splits: SmallVec::new(), domains }];
        while let Some(mut case) = cases.pop() {
            if !self.settle(&mut case, steps)? {
                continue;
            }
            let Some(Split { parts, holds }) = self.next_split(&mut case, steps)? else {
                return Ok(Answer::Open);
            };
            for part in parts {
                // What a copy costs.
                steps.spend(case.domains.len())?;
                let mut next = case.clone();
                next.claims.push((part, holds));
                cases.push(next);
            }
        }
        Ok(Answer::Impossible)
    }

    /// Takes up all claims that need no split. Gives whether the case is still open.
    fn settle(&self, case: &mut Case, steps: &mut Steps) -> Result<bool, Exhausted> {
        while let Some((id, holds)) = case.claims.pop() {
            steps.spend(1)?;
            match (self.formulas.get(id), holds) {
                (Formula::True, true) | (Formula::False, false) => {}
                (Formula::True, false) | (Formula::False, true) => return Ok(false),
                (Formula::Test(test), holds) => {
                    if !case.domains.assume(*test, holds, self) {
                        return Ok(false);
                    }
                }
                (Formula::And(parts), true) | (Formula::Or(parts), false) => {
                    case.claims.extend(parts.iter().map(|part| (*part, holds)));
                }
                (Formula::Or(_), true) | (Formula::And(_), false) => case.splits.push((id, holds)),
            }
        }
        Ok(true)
    }

    /// Takes the split with the fewest parts that are not contradicted already; `None` where there is none.
    fn next_split(&self, case: &mut Case, steps: &mut Steps) -> Result<Option<Split>, Exhausted> {
        let mut best: Option<(usize, Split)> = None;
        let mut index = 0;
        while let Some(&(id, holds)) = case.splits.get(index) {
            let parts = match self.formulas.get(id) {
                Formula::And(parts) | Formula::Or(parts) => parts.as_slice(),
                _ => core::slice::from_ref(&id),
            };
            steps.spend(parts.len())?;
            let mut open = SmallVec::new();
            let mut is_settled = false;
            for part in parts {
                match self.formulas.get(*part) {
                    Formula::Test(test) => {
                        if case.domains.allows(*test, holds, self) {
                            is_settled |= !case.domains.allows(*test, !holds, self);
                            open.push(*part);
                        }
                    }
                    _ => open.push(*part),
                }
            }
            if is_settled {
                // One part holds whatever else does.
                case.splits.swap_remove(index);
                continue;
            }
            let count = open.len();
            if best.as_ref().is_none_or(|(_, least)| count < least.parts.len()) {
                best = Some((index, Split { parts: open, holds }));
            }
            if count <= 1 {
                break;
            }
            index += 1;
        }
        Ok(best.map(|(index, split)| {
            case.splits.swap_remove(index);
            split
        }))
    }

    fn class(&self, expression: ExpressionId) -> usize {
        self.classes.get(expression.index()).copied().unwrap_or(usize::MAX)
    }
}

/// What is still to be written of a formula.
enum Step {
    Formula(FormulaId),
    Close,
}

/// What a question may still cost.
#[derive(Debug)]
struct Steps {
    left: usize,
}

/// The budget is spent before the answer is found.
#[derive(Copy, Clone, Debug)]
struct Exhausted;

impl Steps {
    fn spend(&mut self, count: usize) -> Result<(), Exhausted> {
        let left = self.left.checked_sub(count);
        self.left = left.unwrap_or_default();
        left.map_or(Err(Exhausted), |_| Ok(()))
    }
}

/// Formulas of which one at least must hold, or not hold.
#[derive(Debug)]
struct Split {
    parts: SmallVec<[FormulaId; 4]>,
    holds: bool,
}

/// Claims that are to hold together, as far as they have been split.
#[derive(Clone, Debug)]
struct Case {
    claims: SmallVec<[Claim; 8]>,
    /// Of each, one part at least must hold (or, not hold).
    splits: SmallVec<[Claim; 8]>,
    domains: Domains,
}

#[cfg(test)]
mod tests;
