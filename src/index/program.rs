//! Residual programs: what remains to be checked of a route after its access test has found it.
//!
//! All programs are stored in one array of words. A program consists of the number of the route, which also contains
//! the form of the program, and its tests. The last test is marked.
//!
//! - A *conjunction* has two words for each test. It holds if all tests hold.
//! - A *branching* program has three words for each test. The third word contains a target and the outcome of the test
//!   that leads to it. With the other outcome the program continues with the next test; after the last test, it fails.
//!
//! A program without tests has one extra word: an empty conjunction holds, an empty branching program fails.
//!
//! Routes of one group with equal programs *share* one of them. Its first word then has the number of the list of these
//! routes instead of the number of a route.
//!
//! So formulas are never expanded: a program has one step for each test of its formula.

use smallvec::{SmallVec, smallvec};

use super::id::LocalRouteId;
use edgeroute_lang::id::to_u32;
use edgeroute_lang::predicate::{
    Affix, ExpressionId, Formula, FormulaId, Formulas, IntervalId, Orderings, Slot, States, Test, TestKind, TextId,
    ValueId,
};
use edgeroute_lang::steps;

/// The maximum number of slots that a step can name. The tests of this crate use a limit small enough to exceed.
pub(crate) const MAX_SLOTS: usize = if cfg!(test) { 1 << 14 } else { 1 << 24 };

/// The start of a program.
#[derive(Copy, Clone, Default, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub(crate) struct ProgramAt(pub(crate) u32);

/// The words of all programs.
#[derive(Debug, Default)]
pub(crate) struct Programs {
    words: Vec<u32>,
    /// The lists of routes that share a program.
    shared: Vec<SharedRoutes>,
    /// The routes of all these lists.
    routes: Vec<LocalRouteId>,
}

/// Where the list of the routes that share a program is.
#[derive(Copy, Clone, Debug)]
struct SharedRoutes {
    start: u32,
    /// Where the routes end that can win if the program holds; the others follow.
    contenders_end: u32,
    end: u32,
}

/// Decides which of the routes that share a program can win if it holds: moves them before the others and returns their
/// number.
pub(crate) type Contenders<'c> = &'c dyn Fn(&mut [LocalRouteId]) -> usize;

/// Programs in a new order.
#[derive(Debug)]
pub(super) struct Arranged {
    words: Vec<u32>,
    /// For each word with which a moved program started, one more than where it starts now.
    moved: Vec<u32>,
}

/// Translates the starts of programs that were appended.
#[cfg(feature = "parallel")]
#[derive(Copy, Clone, Debug)]
pub(super) struct Appended {
    start: u32,
}

#[cfg(feature = "parallel")]
impl Appended {
    /// Returns the new start of a program.
    pub(super) fn of(self, program: ProgramAt) -> ProgramAt {
        ProgramAt(self.start.saturating_add(program.0))
    }
}

/// A program ready to run: its steps, followed by the words after the step that is marked as the last one.
#[derive(Copy, Clone, Debug)]
pub(crate) enum Program<'p> {
    Conjunction(&'p [[u32; 2]]),
    Branching(&'p [[u32; 3]]),
}

/// Set in the number of the route if the program is branching.
const BRANCHING: u32 = 1 << 31;
/// Set in the number of the route if it is the number of a list of routes.
const SHARED: u32 = 1 << 30;
/// Set in the first word of the last test.
const LAST: u32 = 1 << 31;
/// Takes the place of the tests of a program without tests.
const NO_TESTS: u32 = LAST | 7 << 28;
/// The target of a branching step is in the lower 31 bits. This target means that the program holds.
const ACCEPT: u32 = (1 << 31) - 1;
/// This target means that the program fails.
const REJECT: u32 = ACCEPT - 1;
/// Set if a branching step goes to its target when the test holds; clear if it does so when the test fails.
const IF_TRUE: u32 = 1 << 31;

impl Programs {
    /// Adds the program of a route.
    pub(crate) fn push(&mut self, route: LocalRouteId, formulas: &Formulas, root: FormulaId) -> ProgramAt {
        let at = ProgramAt(to_u32(self.words.len()));
        let mut last = None;
        if let Some(parts) = formulas.as_conjunction(&root) {
            self.words.push(to_u32(route.index()));
            for part in parts {
                steps::step();
                if let Formula::Test(test) = formulas.get(*part) {
                    last = Some(self.words.len());
                    self.words.extend(encode(*test));
                }
            }
        } else {
            self.words.push(to_u32(route.index()) | BRANCHING);
            for (test, branch) in Branches::of(formulas, root) {
                last = Some(self.words.len());
                self.words.extend(encode(test));
                self.words.push(branch);
            }
        }
        match last.and_then(|last| self.words.get_mut(last)) {
            Some(last) => *last |= LAST,
            None => self.words.push(NO_TESTS),
        }
        at
    }

    /// Adds the programs of other routes, the first of which becomes `first`. Each test is passed through `translate`.
    #[cfg(feature = "parallel")]
    pub(super) fn append(&mut self, other: &Self, first: LocalRouteId, translate: impl Fn(Test) -> Test) -> Appended {
        let appended = Appended { start: to_u32(self.words.len()) };
        self.words.reserve(other.words.len());
        let mut rest = other.words.as_slice();
        while let Some((&route, tests)) = rest.split_first() {
            self.words.push(route + to_u32(first.index()));
            let words_of_test = if route & BRANCHING == 0 { 2 } else { 3 };
            rest = tests;
            while let Some((&head, others)) = rest.split_first() {
                if head == NO_TESTS {
                    self.words.push(head);
                    rest = others;
                    break;
                }
                let (test, others) = rest.split_at_checked(words_of_test).unwrap_or((rest, &[]));
                if let [first, second, branch @ ..] = test {
                    let [translated, second] = encode(translate(decode([*first, *second])));
                    self.words.extend([translated | first & LAST, second]);
                    self.words.extend(branch);
                }
                rest = others;
                if is_last(head) {
                    break;
                }
            }
        }
        appended
    }

    /// Removes a test from a conjunction that contains it. The test must hold whenever the program is run. The words of
    /// the test stay after the program, unused.
    pub(super) fn remove(&mut self, at: ProgramAt, test: Test) {
        let Some([_, tests @ ..]) = self.words.get_mut(at.0 as usize..) else {
            return;
        };
        let (steps, _) = tests.as_chunks_mut::<2>();
        let count = steps.iter().position(|[head, _]| is_last(*head)).map_or(0, |last| last + 1);
        let Some(steps) = steps.get_mut(..count) else {
            return;
        };
        let Some(removed) = steps.iter().position(|&step| decode(step) == test) else {
            return;
        };
        if let Some(moved) = steps.get_mut(removed..) {
            moved.rotate_left(1);
        }
        match steps {
            [.., [last, _], _] => *last |= LAST,
            [[only, _]] => *only = NO_TESTS,
            [] => {}
        }
    }

    /// Returns the route of a program that is not shared.
    #[inline]
    pub(crate) fn route(&self, at: ProgramAt) -> LocalRouteId {
        LocalRouteId::new((self.first_word(at) & !BRANCHING) as usize)
    }

    /// Calls `visit` for the routes of a program that can win if it holds.
    #[inline]
    pub(crate) fn for_each_contender(&self, at: ProgramAt, visit: &mut impl FnMut(LocalRouteId)) {
        let word = self.first_word(at) & !BRANCHING;
        if word & SHARED == 0 {
            return visit(LocalRouteId::new(word as usize));
        }
        if let Some(list) = self.shared.get((word & !SHARED) as usize) {
            let routes = self.routes.get(list.start as usize..list.contenders_end as usize).unwrap_or_default();
            for &route in routes {
                visit(route);
            }
        }
    }

    /// Returns the route of a program that has no tests and is not shared.
    #[inline]
    pub(crate) fn unconditional(&self, at: ProgramAt) -> Option<LocalRouteId> {
        match self.words.get(at.0 as usize..) {
            Some([route, NO_TESTS, ..]) if route & (BRANCHING | SHARED) == 0 => {
                Some(LocalRouteId::new(*route as usize))
            }
            _ => None,
        }
    }

    /// Returns all routes of a program.
    pub(super) fn all_routes(&self, at: ProgramAt) -> SmallVec<[LocalRouteId; 1]> {
        let word = self.first_word(at) & !BRANCHING;
        if word & SHARED == 0 {
            return smallvec![LocalRouteId::new(word as usize)];
        }
        let list = self.shared.get((word & !SHARED) as usize);
        let routes = list.and_then(|list| self.routes.get(list.start as usize..list.end as usize));
        SmallVec::from_slice(routes.unwrap_or_default())
    }

    /// Returns what a program checks: its form and its words after the first. Programs for which both are equal hold for
    /// the same messages.
    pub(super) fn checks(&self, at: ProgramAt) -> (bool, &[u32]) {
        let [first, tests @ ..] = self.words.get(at.0 as usize..).unwrap_or_default() else {
            return (false, &[]);
        };
        let is_branching = first & BRANCHING != 0;
        let words_of_test = if is_branching { 3 } else { 2 };
        let mut length = 0;
        while let Some(&head) = tests.get(length) {
            steps::step();
            length += if head == NO_TESTS { 1 } else { words_of_test };
            if is_last(head) {
                break;
            }
        }
        (is_branching, tests.get(..length).unwrap_or(tests))
    }

    /// Makes a program that is not shared the program of all these routes, which must have equal
    /// [checks](Self::checks).
    pub(super) fn share(&mut self, at: ProgramAt, routes: &mut [LocalRouteId], contenders: Contenders<'_>) {
        let contenders = contenders(routes);
        let start = to_u32(self.routes.len());
        self.routes.extend_from_slice(routes);
        let number = to_u32(self.shared.len());
        let end = to_u32(self.routes.len());
        self.shared.push(SharedRoutes { start, contenders_end: start + to_u32(contenders), end });
        if let Some(first) = self.words.get_mut(at.0 as usize) {
            *first = *first & BRANCHING | SHARED | number;
        }
    }

    #[inline]
    pub(crate) fn first_word(&self, at: ProgramAt) -> u32 {
        self.words.get(at.0 as usize).copied().unwrap_or(u32::MAX)
    }

    /// Returns the program that starts at `at`.
    #[inline]
    pub(crate) fn get(&self, at: ProgramAt) -> Program<'_> {
        match self.words.get(at.0 as usize..) {
            Some([route, NO_TESTS, ..]) if route & BRANCHING == 0 => Program::Conjunction(&[]),
            Some([route, tests @ ..]) if route & BRANCHING == 0 => Program::Conjunction(tests.as_chunks().0),
            Some([_, NO_TESTS, ..] | []) | None => Program::Branching(&[]),
            Some([_, tests @ ..]) => Program::Branching(tests.as_chunks().0),
        }
    }

    /// Begins to move programs, so that programs that are run together are close together.
    pub(super) fn arrange(&self) -> Arranged {
        Arranged { words: Vec::with_capacity(self.words.len()), moved: vec![0; self.words.len()] }
    }

    /// Moves a program after those that were moved before, unless it was moved itself. Returns its new start.
    pub(super) fn append_to(&self, arranged: &mut Arranged, at: ProgramAt) -> ProgramAt {
        steps::step();
        let Some(moved) = arranged.moved.get_mut(at.0 as usize) else {
            return at;
        };
        if *moved == 0 {
            *moved = to_u32(arranged.words.len()) + 1;
            arranged.words.push(self.first_word(at));
            arranged.words.extend_from_slice(self.checks(at).1);
        }
        ProgramAt(*moved - 1)
    }

    /// Leaves out all programs that were not moved.
    pub(super) fn keep(&mut self, arranged: Arranged) {
        self.words = arranged.words;
    }

    pub(crate) fn shrink(&mut self) {
        self.words.shrink_to_fit();
        self.shared.shrink_to_fit();
        self.routes.shrink_to_fit();
    }

    /// Returns the number of bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.words.capacity() * size_of::<u32>()
            + self.shared.capacity() * size_of::<SharedRoutes>()
            + self.routes.capacity() * size_of::<LocalRouteId>()
    }
}

impl Program<'_> {
    /// Runs the program; `test` evaluates the test of a step.
    #[inline]
    pub(crate) fn run(self, mut test: impl FnMut([u32; 2]) -> bool) -> bool {
        match self {
            Program::Conjunction(steps) => {
                for &step in steps {
                    if !test(step) {
                        return false;
                    }
                    if is_last(step[0]) {
                        break;
                    }
                }
                true
            }
            Program::Branching(steps) => {
                let mut at = 0;
                while let Some(&[first, second, branch]) = steps.get(at) {
                    if test([first, second]) == (branch & IF_TRUE != 0) {
                        let target = branch & !IF_TRUE;
                        if target >= REJECT {
                            return target == ACCEPT;
                        }
                        at = target as usize;
                    } else if is_last(first) {
                        return false;
                    } else {
                        at += 1;
                    }
                }
                false
            }
        }
    }

    /// Iterates over the tests in order.
    pub(crate) fn tests(self) -> impl Iterator<Item = Test> {
        let (conjunction, branching) = match self {
            Program::Conjunction(steps) => (up_to_last(steps), [].as_slice()),
            Program::Branching(steps) => ([].as_slice(), up_to_last(steps)),
        };
        let branching = branching.iter().map(|&[first, second, _]| decode([first, second]));
        conjunction.iter().map(|&step| decode(step)).chain(branching)
    }
}

#[inline]
const fn is_last(first: u32) -> bool {
    first & LAST != 0
}

/// Returns the steps up to the one that is marked as the last.
fn up_to_last<const N: usize>(steps: &[[u32; N]]) -> &[[u32; N]] {
    let last = steps.iter().position(|step| step.first().is_some_and(|first| is_last(*first)));
    last.and_then(|last| steps.get(..=last)).unwrap_or(steps)
}

/// The target of a step.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Next {
    Accept,
    Reject,
    Step(usize),
}

impl Program<'_> {
    /// Iterates over the steps of a branching program: the test, the target if the test holds, and the target if it
    /// fails.
    pub(super) fn steps(self) -> impl Iterator<Item = (Test, Next, Next)> {
        let steps = match self {
            Program::Conjunction(_) => &[],
            Program::Branching(steps) => up_to_last(steps),
        };
        let step = |at: usize| if at < steps.len() { Next::Step(at) } else { Next::Reject };
        steps.iter().enumerate().map(move |(at, &[first, second, branch])| {
            let target = branch & !IF_TRUE;
            let target = match target {
                ACCEPT => Next::Accept,
                REJECT => Next::Reject,
                at => step(at as usize),
            };
            let following = step(at + 1);
            let (if_true, if_false) = if branch & IF_TRUE != 0 { (target, following) } else { (following, target) };
            (decode([first, second]), if_true, if_false)
        })
    }
}

/// Turns a formula into steps, using an explicit stack.
struct Branches {
    steps: Vec<(Test, u32)>,
    /// For each label its step, once the step is known.
    labels: Vec<u32>,
}

/// The target of a part of a formula: a label, or the end of the program.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Goal {
    Accept,
    Reject,
    Label(usize),
}

enum Work {
    Part { formula: FormulaId, if_true: Goal, if_false: Goal, next: Goal },
    Bind(usize),
}

impl Branches {
    fn of(formulas: &Formulas, root: FormulaId) -> Vec<(Test, u32)> {
        let mut branches = Self { steps: Vec::new(), labels: Vec::new() };
        let mut pending: Vec<(Goal, bool)> = Vec::new();
        let root = Work::Part { formula: root, if_true: Goal::Accept, if_false: Goal::Reject, next: Goal::Reject };
        let mut stack = vec![root];
        while let Some(work) = stack.pop() {
            steps::step();
            match work {
                Work::Bind(label) => {
                    let here = to_u32(branches.steps.len());
                    if let Some(label) = branches.labels.get_mut(label) {
                        *label = here;
                    }
                }
                Work::Part { formula, if_true, if_false, next } => match formulas.get(formula) {
                    // Neither occurs inside a formula. A formula that is only `false` is a program without steps.
                    Formula::True | Formula::False => {}
                    Formula::Test(test) => {
                        // One of the two outcomes must continue with the next step.
                        let (goal, at) = if if_false == next { (if_true, true) } else { (if_false, false) };
                        branches.steps.push((*test, 0));
                        pending.push((goal, at));
                    }
                    Formula::And(parts) => branches.chain(&mut stack, parts, (if_true, if_false, next), true),
                    Formula::Or(parts) => branches.chain(&mut stack, parts, (if_true, if_false, next), false),
                },
            }
        }
        let Self { mut steps, labels } = branches;
        for ((_, branch), (goal, at)) in steps.iter_mut().zip(pending) {
            let target = match goal {
                Goal::Accept => ACCEPT,
                Goal::Reject => REJECT,
                Goal::Label(label) => labels.get(label).copied().unwrap_or(REJECT),
            };
            *branch = target | if at { IF_TRUE } else { 0 };
        }
        steps
    }

    /// Pushes the parts of a conjunction or disjunction, with the first part on top.
    fn chain(&mut self, stack: &mut Vec<Work>, parts: &[FormulaId], goals: (Goal, Goal, Goal), is_and: bool) {
        let (if_true, if_false, next) = goals;
        let mut following = next;
        for (index, &formula) in parts.iter().enumerate().rev() {
            let is_last = index + 1 == parts.len();
            let work = match (is_last, is_and) {
                (true, _) => Work::Part { formula, if_true, if_false, next },
                (false, true) => Work::Part { formula, if_true: following, if_false, next: following },
                (false, false) => Work::Part { formula, if_true, if_false: following, next: following },
            };
            stack.push(work);
            if index > 0 {
                let label = self.labels.len();
                self.labels.push(0);
                stack.push(Work::Bind(label));
                following = Goal::Label(label);
            }
        }
    }
}

const STATE: u32 = 0;
const TEXT: u32 = 1;
const AFFIX: u32 = 2;
const NUMBER: u32 = 3;
const VALUE: u32 = 4;
const EXPRESSION: u32 = 5;

/// Encodes a test in two words: whether it is the last (1 bit, not set here), its kind (3 bits), its parameter (4 bits)
/// and slot (24 bits); then the constant.
fn encode(test: Test) -> [u32; 2] {
    let (kind, parameter, operand) = match test.kind {
        TestKind::State(states) => (STATE, states.bits(), 0),
        TestKind::Text(orderings, text) => (TEXT, orderings.bits(), text.index()),
        TestKind::Affix(affix, has, text) => {
            let affix = match affix {
                Affix::Prefix => 0,
                Affix::Suffix => 1,
                Affix::Infix => 2,
            };
            (AFFIX, affix << 1 | u8::from(has), text.index())
        }
        TestKind::Number(within, interval) => (NUMBER, u8::from(within), interval.index()),
        TestKind::Value(orderings, value) => (VALUE, orderings.bits(), value.index()),
        TestKind::Expression(truth, expression) => (EXPRESSION, u8::from(truth), expression.index()),
    };
    [kind << 28 | u32::from(parameter) << 24 | to_u32(test.slot.index()), to_u32(operand)]
}

/// The tests that most steps are.
#[derive(Copy, Clone, Debug)]
pub(crate) enum FrequentTest {
    /// The property equals a string.
    Equal(Slot, TextId),
    /// The property is a string and differs from this one.
    Different(Slot, TextId),
    /// The property starts with a string.
    Prefix(Slot, TextId),
    /// The property is a number in an interval.
    Within(Slot, IntervalId),
    Other,
}

/// Decodes a step that is one of the frequent tests. Few branches separate them, because
/// these branches are hard to predict.
#[inline]
pub(crate) fn decode_frequent([head, operand]: [u32; 2]) -> FrequentTest {
    const EQUAL: u32 = TEXT << 4 | Orderings::EQUAL.bits() as u32;
    const DIFFERENT: u32 = TEXT << 4 | Orderings::DIFFERENT.bits() as u32;
    const PREFIX: u32 = AFFIX << 4 | 1;
    const WITHIN: u32 = NUMBER << 4 | 1;
    let slot = Slot::new((head & 0x00ff_ffff) as usize);
    let operand = operand as usize;
    match head >> 24 & 0x7f {
        EQUAL => FrequentTest::Equal(slot, TextId::new(operand)),
        WITHIN => FrequentTest::Within(slot, IntervalId::new(operand)),
        DIFFERENT => FrequentTest::Different(slot, TextId::new(operand)),
        PREFIX => FrequentTest::Prefix(slot, TextId::new(operand)),
        _ => FrequentTest::Other,
    }
}

/// Decodes the test of a step.
#[inline]
pub(crate) fn decode([head, operand]: [u32; 2]) -> Test {
    let slot = Slot::new((head & 0x00ff_ffff) as usize);
    let [_, _, _, top] = head.to_le_bytes();
    let parameter = top & 15;
    let flag = parameter & 1 != 0;
    let operand = operand as usize;
    let kind = match head >> 28 & 7 {
        STATE => TestKind::State(States::from_bits(parameter)),
        TEXT => TestKind::Text(Orderings::from_bits(parameter), TextId::new(operand)),
        AFFIX => {
            let affix = match parameter >> 1 {
                0 => Affix::Prefix,
                1 => Affix::Suffix,
                _ => Affix::Infix,
            };
            TestKind::Affix(affix, flag, TextId::new(operand))
        }
        NUMBER => TestKind::Number(flag, IntervalId::new(operand)),
        VALUE => TestKind::Value(Orderings::from_bits(parameter), ValueId::new(operand)),
        _ => TestKind::Expression(flag, ExpressionId::new(operand)),
    };
    Test { slot, kind }
}
