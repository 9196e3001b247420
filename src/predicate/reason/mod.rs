//! Proofs about formulas: that some hold together for no message.
//!
//! [`Reasoner::refute`] takes formulas, each to hold or not to hold, and looks for a proof that no message makes it so.
//! It splits disjunctions into cases (an analytic tableau) and closes a case when what it asks of one slot cannot be:
//! [`property`] and [`value`] know what sets of tests a slot can satisfy. So an answer *impossible* is proved; *open*
//! only says that no proof was found, since slots are taken for independent of each other and expressions for opaque.
//!
//! The number of cases can be exponential in the formulas, so steps are counted, per question and in all, and a
//! question that runs out of them is given up. Nothing recurses.

mod property;
mod source_facts;
mod text_range;
mod value;

use smallvec::SmallVec;

use super::{
    ExpressionId, Formula, FormulaId, Formulas, Orderings, Slot, SlotKind, Test, TestKind, TextId, Vocabulary, lower,
};
use crate::hir::{Condition, fold};
use crate::keyed::KeyedMap;
use property::PropertyDomain;
pub(crate) use source_facts::SourceFacts;
use value::ValueDomain;

/// How many steps one question may take.
const STEPS_PER_QUESTION: usize = 20_000;

/// How many steps all questions together may take.
const STEPS: usize = 20_000_000;

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
        match self.scratch.get(root) {
            Formula::True | Formula::False => root,
            _ => self.formulas.append(&self.scratch, root).1,
        }
    }

    /// The formula, if it is a constant.
    pub(crate) fn constant(&self, formula: FormulaId) -> Option<bool> {
        match self.formulas.get(formula) {
            Formula::True => Some(true),
            Formula::False => Some(false),
            _ => None,
        }
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
    /// those that are true for reasons of more than one slot. `None`: this one is always true.
    pub(crate) fn needed_probes(&self, formula: FormulaId) -> Vec<Option<Probe>> {
        let mut needed = Vec::new();
        let mut open = vec![formula];
        while let Some(id) = open.pop() {
            match self.formulas.get(id) {
                Formula::True => needed.push(None),
                Formula::False => {}
                Formula::Test(test) => needed.push(self.probes_of(*test).into_iter().min()),
                // One part is enough, and an equality is the best; any part of a disjunction may be the one.
                Formula::And(parts) => {
                    let tests = parts.iter().filter_map(|part| match self.formulas.get(*part) {
                        Formula::Test(test) => self.probes_of(*test).into_iter().min(),
                        _ => None,
                    });
                    match tests.min() {
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
                Formula::Test(Test { slot, kind }) => text.push_str(&match kind {
                    TestKind::Expression(truth, expression) => format!("{truth}{} ", self.class(*expression)),
                    kind => format!("{slot:?}{kind:?} "),
                }),
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
        let budget = STEPS_PER_QUESTION.min(self.steps_left);
        let mut steps = 0;
        let answer = self.search(claims, facts, budget, &mut steps);
        self.steps_left = self.steps_left.saturating_sub(steps);
        answer.unwrap_or_else(|| {
            self.given_up += 1;
            Answer::Open
        })
    }

    /// `None` where the budget is spent before the answer is found.
    fn search(&self, claims: &[Claim], facts: &SourceFacts, budget: usize, steps: &mut usize) -> Option<Answer> {
        let domains = Domains::with(facts, &self.vocabulary);
        let mut cases = vec![Case { claims: claims.into(), splits: SmallVec::new(), domains }];
        while let Some(mut case) = cases.pop() {
            if !self.settle(&mut case, budget, steps)? {
                continue;
            }
            let Some((parts, holds)) = self.next_split(&mut case, budget, steps)? else {
                return Some(Answer::Open);
            };
            let mut rest = Some(case);
            let mut parts = parts.into_iter().peekable();
            while let Some(part) = parts.next() {
                // The last part takes the case itself.
                let next = if parts.peek().is_none() { rest.take() } else { rest.clone() };
                if let Some(mut next) = next {
                    spend(next.domains.len() + 1, budget, steps)?;
                    next.claims.push((part, holds));
                    cases.push(next);
                }
            }
        }
        Some(Answer::Impossible)
    }

    /// Takes up all claims that need no split. Gives whether the case is still open.
    fn settle(&self, case: &mut Case, budget: usize, steps: &mut usize) -> Option<bool> {
        while let Some((id, holds)) = case.claims.pop() {
            spend(1, budget, steps)?;
            match (self.formulas.get(id), holds) {
                (Formula::True, true) | (Formula::False, false) => {}
                (Formula::True, false) | (Formula::False, true) => return Some(false),
                (Formula::Test(test), holds) => {
                    if !case.domains.assume(*test, holds, self) {
                        return Some(false);
                    }
                }
                (Formula::And(parts), true) | (Formula::Or(parts), false) => {
                    case.claims.extend(parts.iter().map(|part| (*part, holds)));
                }
                (Formula::Or(_), true) | (Formula::And(_), false) => case.splits.push((id, holds)),
            }
        }
        Some(true)
    }

    /// Takes the split with the fewest parts that are not contradicted already; `None` where there is none.
    #[expect(clippy::type_complexity, reason = "an option of budget around an option of split")]
    fn next_split(
        &self,
        case: &mut Case,
        budget: usize,
        steps: &mut usize,
    ) -> Option<Option<(SmallVec<[FormulaId; 4]>, bool)>> {
        let mut best: Option<(usize, SmallVec<[FormulaId; 4]>, bool)> = None;
        let mut index = 0;
        while let Some(&(id, holds)) = case.splits.get(index) {
            let (Formula::And(parts) | Formula::Or(parts)) = self.formulas.get(id) else {
                index += 1;
                continue;
            };
            spend(parts.len(), budget, steps)?;
            let mut open = SmallVec::new();
            let mut is_settled = false;
            for part in parts {
                match (self.formulas.get(*part), holds) {
                    (Formula::Test(test), _) => {
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
            if best.as_ref().is_none_or(|(_, least, _)| open.len() < least.len()) {
                let is_least = open.len() <= 1;
                best = Some((index, open, holds));
                if is_least {
                    break;
                }
            }
            index += 1;
        }
        Some(best.map(|(index, parts, holds)| {
            case.splits.swap_remove(index);
            (parts, holds)
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

/// Counts steps; `None` once there are too many.
fn spend(count: usize, budget: usize, steps: &mut usize) -> Option<()> {
    *steps += count;
    (*steps <= budget).then_some(())
}

/// Claims that are to hold together, as far as they have been split.
#[derive(Clone, Debug)]
struct Case {
    claims: SmallVec<[Claim; 8]>,
    /// Of each, one part at least must hold (or, not hold).
    splits: SmallVec<[Claim; 8]>,
    domains: Domains,
}

/// What each slot may still hold.
#[derive(Clone, Debug, Default)]
struct Domains {
    properties: SmallVec<[(Slot, PropertyDomain); 4]>,
    values: SmallVec<[(Slot, ValueDomain); 2]>,
    /// By class: the truth values that are possible.
    expressions: SmallVec<[(usize, Truths); 2]>,
}

/// True, false, undefined: a set of them.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
struct Truths(u8);

impl Truths {
    const ALL: Self = Self(7);

    /// What is left where the expression is (or is not) of this truth.
    const fn keep(self, truth: bool, holds: bool) -> Self {
        let bit = if truth { 1 } else { 2 };
        Self(self.0 & if holds { bit } else { 7 & !bit })
    }
}

impl Domains {
    fn with(facts: &SourceFacts, vocabulary: &Vocabulary) -> Self {
        let mut domains = Self::default();
        for (slot, domain) in facts.domains(vocabulary) {
            domains.properties.push((slot, domain));
        }
        domains
    }

    fn len(&self) -> usize {
        self.properties.len() + self.values.len() + self.expressions.len()
    }

    /// Takes up a test that is to hold, or not to. Gives whether that can be.
    fn assume(&mut self, test: Test, holds: bool, reasoner: &Reasoner) -> bool {
        let constants = &reasoner.vocabulary.constants;
        if let TestKind::Expression(truth, expression) = test.kind {
            let truths = entry(&mut self.expressions, reasoner.class(expression), Truths::ALL);
            return truths.is_none_or(|truths| {
                *truths = truths.keep(truth, holds);
                truths.0 != 0
            });
        }
        match reasoner.vocabulary.reads.get(test.slot) {
            Some(SlotKind::Body { .. }) => {
                let domain = entry(&mut self.values, test.slot, ValueDomain::default());
                domain.is_none_or(|domain| domain.assume(test.kind, holds, constants))
            }
            Some(_) => {
                let domain = entry(&mut self.properties, test.slot, PropertyDomain::default());
                domain.is_none_or(|domain| domain.assume(test.kind, holds, constants))
            }
            None => true,
        }
    }

    /// Whether a test can hold (or not hold) beside what is assumed already.
    fn allows(&self, test: Test, holds: bool, reasoner: &Reasoner) -> bool {
        let constants = &reasoner.vocabulary.constants;
        if let TestKind::Expression(truth, expression) = test.kind {
            let truths = find(&self.expressions, reasoner.class(expression)).copied().unwrap_or(Truths::ALL);
            return truths.keep(truth, holds).0 != 0;
        }
        match reasoner.vocabulary.reads.get(test.slot) {
            Some(SlotKind::Body { .. }) => {
                find(&self.values, test.slot).cloned().unwrap_or_default().assume(test.kind, holds, constants)
            }
            Some(_) => {
                find(&self.properties, test.slot).cloned().unwrap_or_default().assume(test.kind, holds, constants)
            }
            None => true,
        }
    }
}

fn find<K: PartialEq, V>(entries: &[(K, V)], key: K) -> Option<&V> {
    entries.iter().find(|(known, _)| *known == key).map(|(_, value)| value)
}

/// The entry of `key`, made where there is none: never `None`.
fn entry<K: PartialEq + Copy, V, const N: usize>(
    entries: &mut SmallVec<[(K, V); N]>,
    key: K,
    new: V,
) -> Option<&mut V> {
    let known = entries.iter().position(|(known, _)| *known == key);
    let index = known.unwrap_or_else(|| {
        entries.push((key, new));
        entries.len() - 1
    });
    entries.get_mut(index).map(|(_, value)| value)
}

#[cfg(test)]
mod tests;
