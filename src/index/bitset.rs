//! Small tables: all routes decided at once, a bit for each.
//!
//! A *clause* is a conjunction of what a route asks of single properties, and a number below [`MOST`]; a route has one,
//! or one for each disjunct. For each slot it is known which clauses a value leaves alive: those that do not ask for the
//! slot, and those that ask for this value. So matching is an intersection of sets of clauses, one for each slot that
//! living clauses ask for, each set one word. Equality with any number of constants costs one look-up for all clauses;
//! other tests are made once for all clauses that have them, while one of those lives.
//!
//! What a clause cannot say (body queries, expressions, disjunctions within conjunctions over several properties) it
//! leaves out; then it is *necessary* but does not decide, and the route's program is run where the clause is left alive.
//!
//! This is the bit vector scheme of packet classification (Lakshman and Stiliadis, High-speed policy-based packet
//! forwarding using efficient multi-dimensional range matching, SIGCOMM 1998). Its cost grows with the number of slots,
//! not of routes, and one word holds for just so many clauses; larger tables are split by
//! [access tests](super::access).

use std::collections::BTreeMap;

use super::GroupId;
use super::hash::Words;
use super::program::{ProgramAt, Programs};
use super::text::Texts;
use crate::keyed::KeyedMap;
use crate::predicate::{
    Formula, FormulaId, Formulas, Orderings, Slot, SlotKind, States, Test, TestKind, TextId, Vocabulary,
};
use crate::work;

/// How many clauses there can be: the bits of a word.
pub(super) const MOST: usize = 64;

/// The clauses of a table.
#[derive(Debug)]
pub(crate) struct Clauses {
    /// For each group the clauses of its routes.
    groups: Box<[u64]>,
    /// For each slot what its values leave alive.
    slots: Box<[AskedSlot]>,
    /// A bit for each slot that some clause asks for.
    asked_slots: u64,
    /// The clauses that ask for slots which a system property may fill.
    pub(crate) of_system: u64,
    /// The clauses that decide: where one is left alive, its route takes the message.
    pub(crate) deciding: u64,
    /// For each clause the program of its route.
    programs: Box<[ProgramAt]>,
    /// Further programs of routes whose disjuncts are one clause, with its bit. Such a clause decides.
    others: Box<[(u64, ProgramAt)]>,
}

/// What the values of a slot leave alive. Every set has all clauses that do not ask for the slot.
#[derive(Debug)]
pub(crate) struct AskedSlot {
    /// Its own bit among slots.
    pub(crate) bit: u64,
    /// The clauses that ask for it.
    pub(crate) asking: u64,
    pub(crate) absent: u64,
    pub(crate) null: u64,
    /// What a text leaves alive that no clause asks for.
    other: u64,
    /// Texts that clauses ask for, ascending.
    short: Box<[(Words, u64)]>,
    /// Those that are too long for that, ascending by the text.
    long: Box<[(TextId, u64)]>,
    /// Further tests of a text, and the clauses that die where one fails.
    pub(crate) checks: Box<[(TestKind, u64)]>,
}

impl Clauses {
    /// The clauses of the routes from a group.
    #[inline]
    pub(crate) fn of_group(&self, group: GroupId) -> u64 {
        self.groups.get(group.index()).copied().unwrap_or_default()
    }

    /// What the values of a slot leave alive.
    #[inline]
    pub(crate) fn slot(&self, slot: Slot) -> Option<&AskedSlot> {
        self.slots.get(slot.index())
    }

    /// What is left of `alive` where none of the slots holds anything but those of `held`, which has a bit for each.
    #[inline]
    pub(crate) fn without_others(&self, held: u64, alive: u64) -> u64 {
        let mut alive = alive;
        let mut absent = self.asked_slots & !held;
        while absent != 0 && alive != 0 {
            work::step();
            alive &= self.slots.get(absent.trailing_zeros() as usize).map_or(0, |asked| asked.absent);
            absent &= absent - 1;
        }
        alive
    }

    /// The program of a clause's route.
    #[inline]
    pub(crate) fn program(&self, clause: u32) -> Option<ProgramAt> {
        self.programs.get(clause as usize).copied()
    }

    /// The clauses of the routes from a group, each as its bit.
    pub(super) fn bits_of_group(&self, group: GroupId) -> impl Iterator<Item = u64> {
        let of_group = self.of_group(group);
        bits().filter(move |bit| of_group & bit != 0)
    }

    /// The slots that a clause asks for.
    pub(super) fn asked_by(&self, clause: u64) -> impl Iterator<Item = Slot> {
        let asked = self.slots.iter().enumerate().filter(move |(_, asked)| asked.asking & clause != 0);
        asked.map(|(slot, _)| Slot::new(slot))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.programs.len()
    }

    /// The programs of these clauses, each of their disjuncts.
    pub(crate) fn programs(&self, clauses: u64) -> impl Iterator<Item = ProgramAt> {
        let firsts = self.programs.iter().zip(bits()).map(|(program, bit)| (bit, *program));
        firsts.chain(self.others.iter().copied()).filter(move |(bit, _)| clauses & bit != 0).map(|(_, program)| program)
    }

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        let slots = self.slots.iter().map(|asked| {
            size_of::<AskedSlot>()
                + size_of_val(&*asked.short)
                + size_of_val(&*asked.long)
                + size_of_val(&*asked.checks)
        });
        size_of_val(&*self.groups) + slots.sum::<usize>() + size_of_val(&*self.programs) + size_of_val(&*self.others)
    }
}

impl AskedSlot {
    /// The clauses that a text leaves alive, `checks` not counted.
    #[inline]
    pub(crate) fn text(&self, texts: &Texts, text: &str) -> u64 {
        /// Going through so few is quicker than searching.
        const FEW: usize = 8;
        work::step();
        let Some(words) = Words::of(text.as_bytes()) else {
            let found = self.long.binary_search_by(|(asked, _)| {
                work::comparison(texts.text_of(*asked), text);
                texts.text_of(*asked).cmp(text)
            });
            return found.ok().and_then(|at| self.long.get(at)).map_or(self.other, |(_, alive)| *alive);
        };
        if self.short.len() <= FEW {
            let found = self.short.iter().inspect(|_| work::step()).find(|(asked, _)| *asked == words);
            return found.map_or(self.other, |(_, alive)| *alive);
        }
        let found = self.short.binary_search_by(|(asked, _)| {
            work::step();
            asked.cmp(&words)
        });
        found.ok().and_then(|at| self.short.get(at)).map_or(self.other, |(_, alive)| *alive)
    }
}

/// The clauses of a table in the making.
#[derive(Debug)]
pub(super) struct ClausesBuilder<'b> {
    vocabulary: &'b Vocabulary,
    clauses: Vec<Clause>,
}

#[derive(Debug)]
struct Clause {
    group: GroupId,
    program: ProgramAt,
    /// The programs of the other disjuncts that it stands for.
    others: Vec<ProgramAt>,
    demands: Vec<Demand>,
    /// Whether the demands are all of the route's condition, or all of one disjunct of it.
    decides: bool,
}

impl Clause {
    /// What it demands of a slot.
    fn of(&self, slot: Slot) -> impl Iterator<Item = &Demand> {
        self.demands.iter().inspect(|_| work::step()).filter(move |demand| demand.slot == slot)
    }
}

/// Tests of one slot, of which one must hold: a single test, or several that ask which text it is.
#[derive(Debug)]
struct Demand {
    slot: Slot,
    tests: Vec<Test>,
}

impl Demand {
    fn may_hold(&self, held: Held) -> bool {
        work::steps(self.tests.len());
        self.tests.iter().any(|test| may_hold(*test, held))
    }
}

/// What a slot may hold, as far as equality can tell.
#[derive(Copy, Clone)]
enum Held {
    Absent,
    Null,
    /// A text that no test names.
    OtherText,
}

impl<'b> ClausesBuilder<'b> {
    pub(super) fn new(vocabulary: &'b Vocabulary) -> Self {
        Self { vocabulary, clauses: Vec::new() }
    }

    /// How many clauses there are.
    pub(super) fn len(&self) -> usize {
        self.clauses.len()
    }

    /// Adds a route, or a disjunct of one, whose program is a conjunction.
    pub(super) fn add_conjunction(&mut self, group: GroupId, programs: &Programs, program: ProgramAt) {
        let demands: Vec<Option<Demand>> = programs.get(program).tests().map(|test| self.single(test)).collect();
        // Disjuncts that ask which text one slot is are one clause.
        if let [Some(Demand { slot, tests })] = demands.as_slice()
            && let [test] = tests.as_slice()
            && asks_which_text(*test)
        {
            let route = programs.route(program);
            let of_route = self.clauses.iter_mut().rev().take_while(|clause| programs.route(clause.program) == route);
            for clause in of_route {
                if let [choice] = clause.demands.as_mut_slice()
                    && clause.decides
                    && choice.slot == *slot
                    && choice.tests.iter().all(|test| asks_which_text(*test))
                {
                    choice.tests.push(*test);
                    clause.others.push(program);
                    return;
                }
            }
        }
        self.push(group, program, demands);
    }

    /// Adds a route whose condition is the formula `root`: a clause for each of its disjuncts, but one only for all that
    /// ask which text one slot is.
    pub(super) fn add(&mut self, group: GroupId, program: ProgramAt, formulas: &Formulas, root: FormulaId) {
        let Formula::Or(disjuncts) = formulas.get(root) else {
            let demands = self.conjunction(formulas, root);
            return self.push(group, program, demands);
        };
        let mut choices: BTreeMap<Slot, Vec<Test>> = BTreeMap::new();
        for disjunct in disjuncts {
            match formulas.get(*disjunct) {
                Formula::Test(test) if asks_which_text(*test) => choices.entry(test.slot).or_default().push(*test),
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
        self.clauses.push(Clause { group, program, others: Vec::new(), demands, decides });
    }

    /// The demands of a conjunction's parts; `None` for a part that is none.
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
                    Formula::Test(test) if asks_which_text(*test) => Some(*test),
                    _ => None,
                };
                let tests: Vec<Test> = parts.iter().map(choice).collect::<Option<_>>()?;
                let slot = tests.first()?.slot;
                tests.iter().all(|test| test.slot == slot).then_some(Demand { slot, tests })
            }
            Formula::True | Formula::False | Formula::And(_) => None,
        }
    }

    /// A test as a demand, if it is of a property.
    fn single(&self, test: Test) -> Option<Demand> {
        let is_of_property = match test.kind {
            TestKind::State(_) | TestKind::Text(..) | TestKind::Affix(..) | TestKind::Number(..) => {
                !matches!(self.vocabulary.reads.get(test.slot), Some(SlotKind::Body { .. }) | None)
            }
            TestKind::Value(..) | TestKind::Expression(..) => false,
        };
        is_of_property.then(|| Demand { slot: test.slot, tests: vec![test] })
    }

    /// The clauses of a table with so many groups; `None` where a word is too small for them, or for the slots that the
    /// table reads.
    pub(super) fn finish(self, groups: usize, texts: &Texts) -> Option<Clauses> {
        let Self { clauses, vocabulary } = self;
        if clauses.len() > MOST || vocabulary.reads.len() > MOST {
            return None;
        }
        let mut of_groups = vec![0; groups];
        for (clause, bit) in clauses.iter().zip(bits()) {
            if let Some(group) = of_groups.get_mut(clause.group.index()) {
                *group |= bit;
            }
        }
        let slots: Box<[AskedSlot]> = vocabulary
            .reads
            .iter()
            .zip(bits())
            .map(|((slot, _), bit)| AskedSlot::new(slot, bit, &clauses, texts))
            .collect();
        let may_be_system = |kind: &SlotKind| matches!(kind, SlotKind::System(_) | SlotKind::ApplicationOrSystem(_));
        let of_system = vocabulary.reads.iter().zip(&slots).filter(|((_, kind), _)| may_be_system(kind));
        Some(Clauses {
            groups: of_groups.into(),
            of_system: of_system.fold(0, |all, (_, asked)| all | asked.asking),
            asked_slots: slots.iter().filter(|asked| asked.asking != 0).fold(0, |all, asked| all | asked.bit),
            slots,
            deciding: set(&clauses, |clause| clause.decides),
            programs: clauses.iter().map(|clause| clause.program).collect(),
            others: (clauses.iter().zip(bits()))
                .flat_map(|(clause, bit)| clause.others.iter().map(move |program| (bit, *program)))
                .collect(),
        })
    }
}

impl AskedSlot {
    fn new(slot: Slot, bit: u64, clauses: &[Clause], texts: &Texts) -> Self {
        let alive = |held: Held| set(clauses, |clause| clause.of(slot).all(|demand| demand.may_hold(held)));
        let mut checks: Vec<(TestKind, u64)> = Vec::new();
        let mut known: KeyedMap<TestKind, usize> = KeyedMap::default();
        for (clause, bit) in clauses.iter().zip(bits()) {
            let tests = clause.of(slot).flat_map(|demand| &demand.tests);
            for &Test { kind, .. } in tests.filter(|test| !asks_of_state_or_text(**test)) {
                let next = checks.len();
                match checks.get_mut(*known.entry(kind).or_insert(next)) {
                    Some((_, clauses)) => *clauses |= bit,
                    None => checks.push((kind, bit)),
                }
            }
        }
        let other = alive(Held::OtherText);
        let (mut short, mut long) = (Vec::new(), Vec::new());
        for (text, alive) in constants(slot, clauses, other) {
            match Words::of(texts.text_of(text).as_bytes()) {
                Some(words) => short.push((words, alive)),
                None => long.push((text, alive)),
            }
        }
        short.sort_unstable();
        long.sort_unstable_by_key(|(text, _)| texts.text_of(*text));
        Self {
            bit,
            asking: set(clauses, |clause| clause.of(slot).next().is_some()),
            absent: alive(Held::Absent),
            null: alive(Held::Null),
            other,
            short: short.into(),
            long: long.into(),
            checks: checks.into(),
        }
    }
}

/// The texts that leave alive something else than `other`, which is what all others do, ascending. Its cost is that of
/// sorting the tests: a condition may have as many as fit into its text.
fn constants(slot: Slot, clauses: &[Clause], other: u64) -> Vec<(TextId, u64)> {
    // For each text and clause how many more demands fail than of another text.
    let mut changes: Vec<(TextId, u64, i64)> = Vec::new();
    let mut failing: Vec<i64> = Vec::with_capacity(clauses.len());
    for (clause, bit) in clauses.iter().zip(bits()) {
        let mut fail = 0;
        for demand in clause.of(slot) {
            let hold = demand.tests.iter().filter(|test| may_hold(**test, Held::OtherText)).count();
            fail += i64::from(hold == 0);
            let mut named: Vec<(TextId, bool)> = demand.tests.iter().filter_map(|test| which_text(*test)).collect();
            work::steps(demand.tests.len());
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
        let alive = changes.chunk_by(|a, b| a.1 == b.1).fold(other, |alive, of_clause| {
            let bit = of_clause.first().map_or(0, |change| change.1);
            let before = failing.get(bit.trailing_zeros() as usize).copied().unwrap_or_default();
            let fail = before + of_clause.iter().map(|change| change.2).sum::<i64>();
            if fail == 0 { alive | bit } else { alive & !bit }
        });
        Some((text, alive))
    };
    changes.chunk_by(|a, b| a.0 == b.0).filter_map(of_text).collect()
}

/// The text that a test asks for, and whether it has to be this or any other.
fn which_text(test: Test) -> Option<(TextId, bool)> {
    match test.kind {
        TestKind::Text(Orderings::EQUAL, text) => Some((text, true)),
        TestKind::Text(Orderings::DIFFERENT, text) => Some((text, false)),
        _ => None,
    }
}

fn asks_of_state_or_text(test: Test) -> bool {
    matches!(test.kind, TestKind::State(_)) || asks_which_text(test)
}

/// Whether it asks which text a property is.
fn asks_which_text(test: Test) -> bool {
    which_text(test).is_some()
}

/// Whether a test holds of what the slot holds, as far as equality can tell.
fn may_hold(test: Test, held: Held) -> bool {
    match (test.kind, held) {
        (TestKind::State(states), Held::Absent) => states.contains(States::ABSENT),
        (TestKind::State(states), Held::Null) => states.contains(States::NULL),
        (TestKind::State(states), Held::OtherText) => states.contains(States::TEXT),
        (_, Held::Absent | Held::Null) => false,
        (kind, Held::OtherText) => !matches!(kind, TestKind::Text(Orderings::EQUAL, _)),
    }
}

/// Each clause's bit.
fn bits() -> impl Iterator<Item = u64> {
    (0..64).map(|number| 1 << number)
}

/// The clauses of which something is so.
fn set(clauses: &[Clause], is_in: impl Fn(&Clause) -> bool) -> u64 {
    clauses.iter().zip(bits()).filter(|(clause, _)| is_in(clause)).fold(0, |set, (_, bit)| set | bit)
}

#[cfg(test)]
mod tests {
    use crate::RouteTable;
    use crate::work::counted;

    /// The steps that building takes with so many texts of one property, and with twice as many.
    fn growth(condition: impl Fn(usize) -> String) -> (u64, u64) {
        let steps = |texts: usize| {
            let text = format!("FROM /* WHERE {} INTO $upstream", condition(texts));
            let (steps, built) = counted(|| RouteTable::builder().route("r", text).build());
            assert_eq!(built.unwrap().into_table().stats().clauses, 1);
            steps
        };
        (steps(2_000), steps(4_000))
    }

    #[test]
    fn a_clause_with_many_texts_of_one_property_is_built_in_time_linear_in_them() {
        // For each of the texts all tests of the clause were asked once.
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
