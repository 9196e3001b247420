//! Proves that no message satisfies certain formulas together.
//!
//! [`Prover::refute`] takes formulas, each required to be true or not true, and searches for a proof that no message
//! meets the requirements. It splits disjunctions into cases (an analytic tableau) and closes a case if its
//! requirements on one slot contradict each other: `property` and `value` know which sets of tests a slot can
//! satisfy. So the answer *impossible* is proved. *Open* means only that no proof was found, because slots are treated
//! as independent of each other and expressions as opaque.
//!
//! The number of cases can be exponential in the formulas. So steps are counted, per question and in total, and a
//! question that exceeds its budget is abandoned. Nothing recurses.
//!
//! [`Prover::models`] also returns what the open cases require of each slot, as values that a message may have there. A
//! message of these values may meet the requirements; whoever uses it must evaluate the conditions to find out.

mod domains;
mod model;
mod property;
mod source_facts;
mod text_range;
mod value;

use core::fmt::Write as _;
use core::ops::ControlFlow;

use smallvec::SmallVec;

use crate::hash_map::RandomMap;
use crate::hir::{Condition, fold};
use crate::predicate::{
    ExpressionId, Formula, FormulaId, Formulas, Interner, Orderings, Slot, Test, TestKind, TextId, lower,
};
use domains::Domains;
pub use model::{Model, SlotValue, SlotValues};
pub use source_facts::SourceFacts;

/// The maximum number of steps of one question.
const STEPS_PER_QUESTION: usize = 5_000;

/// The maximum number of steps of all questions together: about a second.
const STEPS: usize = 2_000_000;

/// A set of formulas, and proofs about them.
#[derive(Debug)]
pub struct Prover {
    interner: Interner,
    /// The formulas of all conditions.
    formulas: Formulas,
    /// The formulas of the current condition.
    scratch: Formulas,
    /// For each expression a number that is the same for equal expressions.
    classes: Vec<usize>,
    class_of: RandomMap<String, usize>,
    /// For each class its first expression.
    representatives: Vec<ExpressionId>,
    steps_left: usize,
    given_up: usize,
}

/// The answer to a question.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// No message meets the requirements: this is proved.
    Impossible,
    /// No proof was found: some message may meet the requirements.
    Open,
}

/// A requirement of a formula. Routes without a common probe need not be compared.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Probe {
    /// A slot equals a string.
    Equal(Slot, TextId),
    /// Any test of a slot.
    Slot(Slot),
    /// An expression, by its class.
    Expression(usize),
}

/// A formula, and whether it is required to be true.
pub type Claim = (FormulaId, bool);

impl Default for Prover {
    fn default() -> Self {
        Self::new()
    }
}

impl Prover {
    /// Creates a prover without formulas.
    pub fn new() -> Self {
        Self {
            interner: Interner::default(),
            formulas: Formulas::new(),
            scratch: Formulas::new(),
            classes: Vec::new(),
            class_of: RandomMap::default(),
            representatives: Vec::new(),
            steps_left: STEPS,
            given_up: 0,
        }
    }

    /// Adds the formula that is true exactly when `condition` is.
    pub fn add(&mut self, condition: &Condition<'_>) -> FormulaId {
        let root = lower(&fold(condition), &mut self.interner, &mut self.scratch);
        for expression in self.interner.expressions().iter().skip(self.classes.len()) {
            let next = self.class_of.len();
            let class = *self.class_of.entry(format!("{expression:?}")).or_insert(next);
            if class == next {
                self.representatives.push(ExpressionId::new(self.classes.len()));
            }
            self.classes.push(class);
        }
        self.formulas.append(&self.scratch, root).1
    }

    /// Whether the formula has no requirements, and so is true for every message.
    pub fn is_true(&self, formula: FormulaId) -> bool {
        matches!(self.formulas.get(formula), Formula::True)
    }

    /// Returns the number of questions that were abandoned.
    pub const fn given_up(&self) -> usize {
        self.given_up
    }

    /// Counts a question that was skipped because there are too many.
    pub const fn give_up(&mut self) {
        self.given_up += 1;
    }

    /// Returns the requirements of the formula, anywhere in it, each once.
    pub fn probes(&self, formula: FormulaId) -> Vec<Probe> {
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

    /// Returns a set of probes such that every formula that implies this one has at least one of them. The exceptions
    /// are formulas that are never true, and those that depend on several slots at once. Of the possible sets it
    /// returns the rarest; `None` for a formula that is always true.
    pub fn needed_probes(&self, formula: FormulaId, rarity: impl Fn(Probe) -> usize) -> Vec<Option<Probe>> {
        let best = |test: Test| self.probes_of(test).into_iter().min_by_key(|probe| (rarity(*probe), *probe));
        let mut needed = Vec::new();
        let mut open = vec![formula];
        while let Some(id) = open.pop() {
            match self.formulas.get(id) {
                Formula::True => needed.push(None),
                Formula::False => {}
                Formula::Test(test) => needed.push(best(*test)),
                // One part of a conjunction is enough; of a disjunction any part may be the true one.
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

    /// An equality also requires its slot.
    fn probes_of(&self, test: Test) -> SmallVec<[Probe; 2]> {
        match test.kind {
            TestKind::Expression(_, expression) => SmallVec::from_slice(&[Probe::Expression(self.class(expression))]),
            TestKind::Text(Orderings::EQUAL, text) => {
                SmallVec::from_slice(&[Probe::Equal(test.slot, text), Probe::Slot(test.slot)])
            }
            _ => SmallVec::from_slice(&[Probe::Slot(test.slot)]),
        }
    }

    /// Returns a string that is equal for equal formulas of one prover. `None` for a formula of more than `most` parts.
    pub fn fingerprint(&self, formula: FormulaId, most: usize) -> Option<String> {
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
                // Writing to a `String` cannot fail.
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

    /// Whether no message that meets `facts` satisfies all claims.
    pub fn refute(&mut self, claims: &[Claim], facts: &SourceFacts) -> Answer {
        self.ask(claims, facts, |_, _, _| Ok(ControlFlow::Break(())))
    }

    /// Like [`refute`](Self::refute), and also returns the models of up to `most` open cases. None may be left although
    /// the answer is *open*, if the budget runs out.
    pub fn models(&mut self, claims: &[Claim], facts: &SourceFacts, most: usize) -> (Answer, Vec<Model>) {
        let mut models = Vec::new();
        let answer = self.ask(claims, facts, |prover, case, steps| {
            models.push(Model::of(&case.domains, prover, steps)?);
            Ok(if models.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        });
        (answer, models)
    }

    fn ask(
        &mut self,
        claims: &[Claim],
        facts: &SourceFacts,
        on_open: impl FnMut(&Self, &Case, &mut Steps) -> Result<ControlFlow<()>, Exhausted>,
    ) -> Answer {
        if self.steps_left == 0 {
            self.given_up += 1;
            return Answer::Open;
        }
        let budget = STEPS_PER_QUESTION.min(self.steps_left);
        let mut steps = Steps { left: budget };
        let answer = self.search(claims, facts, &mut steps, on_open);
        self.steps_left -= budget - steps.left;
        answer.unwrap_or_else(|Exhausted| {
            self.given_up += 1;
            Answer::Open
        })
    }

    /// Splits the claims into cases and calls `on_open` with those that are not contradictory, until it breaks.
    fn search(
        &self,
        claims: &[Claim],
        facts: &SourceFacts,
        steps: &mut Steps,
        mut on_open: impl FnMut(&Self, &Case, &mut Steps) -> Result<ControlFlow<()>, Exhausted>,
    ) -> Result<Answer, Exhausted> {
        let domains = Domains::with(facts, &self.interner);
        let mut cases = vec![Case { claims: claims.into(), splits: SmallVec::new(), domains }];
        let mut answer = Answer::Impossible;
        while let Some(mut case) = cases.pop() {
            if !self.settle(&mut case, steps)? {
                continue;
            }
            let Some(Split { parts, holds }) = self.next_split(&mut case, steps)? else {
                answer = Answer::Open;
                if on_open(self, &case, steps)?.is_break() {
                    break;
                }
                continue;
            };
            for part in parts {
                // The cost of a copy.
                steps.spend(case.domains.len())?;
                let mut next = case.clone();
                next.claims.push((part, holds));
                cases.push(next);
            }
        }
        Ok(answer)
    }

    /// Applies all claims that need no split. Returns whether the case is still open.
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

    /// Removes the split with the fewest parts that are not contradicted yet; `None` if there is no split.
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
                // One part is true in any case.
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

/// An item of a formula that is still to be printed.
enum Step {
    Formula(FormulaId),
    Close,
}

/// The remaining budget of a question.
#[derive(Debug)]
struct Steps {
    left: usize,
}

/// The budget ran out before the answer was found.
#[derive(Copy, Clone, Debug)]
struct Exhausted;

impl Steps {
    fn spend(&mut self, count: usize) -> Result<(), Exhausted> {
        let left = self.left.checked_sub(count);
        self.left = left.unwrap_or_default();
        left.map_or(Err(Exhausted), |_| Ok(()))
    }
}

/// Formulas of which at least one must be true, or not true.
#[derive(Debug)]
struct Split {
    parts: SmallVec<[FormulaId; 4]>,
    holds: bool,
}

/// Claims that are required together, as far as they have been split.
#[derive(Clone, Debug)]
struct Case {
    claims: SmallVec<[Claim; 8]>,
    /// Of each split, at least one part must be true, or not true.
    splits: SmallVec<[Claim; 8]>,
    domains: Domains,
}

#[cfg(test)]
mod tests;
