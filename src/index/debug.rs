//! Lists an index in a readable form. Nothing depends on the hash seed, so equal indexes have equal listings.

use smallvec::SmallVec;

use super::bitset::Terms;
use super::compiled::Index;
use super::hash::ValueHash;
use super::id::{GroupId, LocalRouteId};
use super::lookup::{AffixEnd, Candidate, Candidates, Group, Lookups, Space};
use super::program::{Next, Program, ProgramAt};
use edgeroute_lang::predicate::{
    Affix, Interval, Orderings, Slot, SlotKind, States, Test, TestKind, TextId, ValueConstant, ValueId,
};

/// The routes from one source.
#[derive(Clone, Debug)]
pub struct ListedGroup {
    /// In upper case; ends in `/`.
    pub path: String,
    /// Sorted by route.
    pub postings: Vec<ListedPosting>,
}

/// One way in which a route is found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListedPosting {
    /// The route.
    pub route: LocalRouteId,
    /// The access test or the term; `None` if the route is always checked.
    pub access: Option<String>,
    /// The header; `None` if there is no header to pass.
    pub header: Option<String>,
    /// What the residual program checks.
    pub condition: String,
}

impl Index {
    /// Lists every group with its postings, sorted by path. Allocates; visits the whole index.
    pub(crate) fn listing(&self) -> Vec<ListedGroup> {
        let group = |(path, id): (String, GroupId)| {
            if let Some(terms) = &self.terms {
                let mut postings: Vec<ListedPosting> =
                    terms.bits_of_group(id).filter_map(|term| self.term(terms, term)).collect();
                postings.sort();
                return Some(ListedGroup { path, postings });
            }
            let group = self.groups.get(id.index())?;
            let candidates = self.candidates_of(group.all).iter().enumerate();
            let mut postings: Vec<ListedPosting> =
                candidates.flat_map(|(index, candidate)| self.postings(id, group, index, candidate)).collect();
            postings.sort();
            Some(ListedGroup { path, postings })
        };
        self.sources.groups().into_iter().filter_map(group).collect()
    }

    /// Returns the fallback route and its condition.
    pub(crate) fn listed_fallback(&self) -> Option<(LocalRouteId, String)> {
        self.fallback.map(|at| (self.programs.route(at), self.program(self.programs.get(at))))
    }

    fn term(&self, terms: &Terms, term: u64) -> Option<ListedPosting> {
        let slots: Vec<String> = terms.slots_of(term).map(|slot| self.slot(slot)).collect();
        let access = (!slots.is_empty()).then(|| format!("the term on {}", slots.join(", ")));
        let disjuncts: Vec<String> =
            terms.programs(term).map(|program| self.program(self.programs.get(program))).collect();
        let route = self.programs.route(terms.programs(term).next()?);
        Some(ListedPosting { route, access, header: None, condition: disjuncts.join(" or ") })
    }

    fn candidates_of(&self, range: Candidates) -> &[Candidate] {
        self.candidates.get(range.start as usize..range.end as usize).unwrap_or_default()
    }

    /// Describes how the `index`th candidate of a group is found, and what must then hold, for each of its routes.
    fn postings(
        &self,
        id: GroupId,
        group: &Group,
        index: usize,
        candidate: &Candidate,
    ) -> impl Iterator<Item = ListedPosting> + use<> {
        let at = group.all.start as usize + index;
        let is_in = |range: Candidates| (range.start as usize..range.end as usize).contains(&at);
        let program = self.programs.get(candidate.program);
        let by_number = interval_at(group, &self.candidates, at);
        let access = match by_number {
            _ if is_in(group.always()) => None,
            Found::Before => None,
            Found::Interval(slot, interval) => Some(format!("number {} {}", self.slot(slot), bounds(interval))),
            Found::Otherwise => {
                // The table is keyed by hashes, so this looks up the tests of the route itself.
                let mut tests = program.tests();
                let found = tests.find_map(|test| self.key(id, group, test).filter(|(_, range)| is_in(*range)));
                found.map(|(text, _)| text)
            }
        };
        let routes = match by_number {
            Found::Before => SmallVec::new(),
            _ => self.programs.all_routes(candidate.program),
        };
        let (entry, slots) = (candidate.entry as usize, self.interner.reads.len());
        let header = match entry.checked_sub(slots) {
            Some(slot) if slot == slots => None,
            Some(slot) => Some(format!("{} is there", self.slot(Slot::new(slot)))),
            None => program.tests().find_map(|test| {
                let is_header = test.slot.index() == entry
                    && matches!(test.kind, TestKind::Text(Orderings::EQUAL, text) if self.texts.hash(text) == candidate.hash);
                is_header.then(|| self.test(test))
            }),
        };
        let condition = self.program(program);
        routes.into_iter().map(move |route| {
            let (access, header, condition) = (access.clone(), header.clone(), condition.clone());
            ListedPosting { route, access, header, condition }
        })
    }

    /// Returns what the lookup finds for a message that satisfies `test`, if the group has a lookup for this test.
    fn key(&self, id: GroupId, group: &Group, test: Test) -> Option<(String, Candidates)> {
        let slot = test.slot;
        let split = group.split.as_ref()?;
        let find = |space, hash| self.lookups.find(Lookups::key(&self.key, id, slot, space, hash));
        let shown = self.test(test);
        match test.kind {
            TestKind::Text(Orderings::EQUAL, text) => {
                Some((shown, find(Space::Equal, self.texts.hash(text).bits().into())))
            }
            TestKind::Value(Orderings::EQUAL, value) => {
                let hash = self.texts.value_hash(&self.key, self.interner.constants.value_of(value));
                Some((shown, find(Space::Value, hash.bits().into())))
            }
            // An empty affix has its posting under presence.
            TestKind::Affix(affix @ (Affix::Prefix | Affix::Suffix), true, text)
                if !self.texts.text_of(text).is_empty() =>
            {
                let end = if affix == Affix::Prefix { AffixEnd::Start } else { AffixEnd::End };
                let lookup = split.affixes.iter().find(|lookup| lookup.slot == slot && lookup.end == end)?;
                let bytes = self.texts.text_of(text).as_bytes();
                let part = lookup.part(bytes)?;
                Some((shown, find(end.space(), self.key.bytes(part))))
            }
            _ => {
                let found = find(Space::Equal, ValueHash::PRESENT.bits().into());
                Some((format!("{} is there", self.slot(slot)), found))
            }
        }
    }

    /// Formats a program as a condition, or as numbered steps if it branches.
    fn program(&self, program: Program<'_>) -> String {
        if let Program::Conjunction(_) = program {
            let tests: Vec<String> = program.tests().map(|test| self.test(test)).collect();
            return if tests.is_empty() { "true".to_owned() } else { tests.join(" and ") };
        }
        let goal = |next: Next| match next {
            Next::Accept => "yes".to_owned(),
            Next::Reject => "no".to_owned(),
            Next::Step(step) => format!("{step}"),
        };
        let steps = program.steps().enumerate().map(|(index, (test, if_true, if_false))| {
            format!("{index}: {} ? {} : {}", self.test(test), goal(if_true), goal(if_false))
        });
        format!("[{}]", steps.collect::<Vec<_>>().join("; "))
    }

    fn test(&self, test: Test) -> String {
        let slot = self.slot(test.slot);
        match test.kind {
            TestKind::State(States::PRESENT) => format!("{slot} is there"),
            TestKind::State(States::ABSENT) => format!("{slot} is not there"),
            TestKind::State(States::TEXT) => format!("{slot} is a string"),
            TestKind::State(States::NULL) => format!("{slot} is null"),
            TestKind::State(states) if states == States::TEXT.complement() => format!("{slot} is not a string"),
            TestKind::State(_) => format!("{slot} is not null"),
            TestKind::Text(orderings, text) => format!("{slot} {} {}", ordering(orderings), self.text(text)),
            TestKind::Affix(affix, has, text) => {
                let verb = match affix {
                    Affix::Prefix => "starts with",
                    Affix::Suffix => "ends with",
                    Affix::Infix => "contains",
                };
                format!("{}{slot} {verb} {}", if has { "" } else { "not " }, self.text(text))
            }
            TestKind::Number(within, interval) => {
                let interval = self.interner.constants.interval_of(interval);
                format!("{}number {slot} {}", if within { "" } else { "not " }, bounds(interval))
            }
            TestKind::Value(orderings, value) => format!("{slot} {} {}", ordering(orderings), self.value(value)),
            TestKind::Expression(truth, id) => {
                let expression = self.interner.expressions().get(id.index());
                let shown = expression.map(|expression| expression.show(|slot| self.slot(slot))).unwrap_or_default();
                format!("{shown} is {truth}")
            }
        }
    }

    fn slot(&self, slot: Slot) -> String {
        match self.interner.reads.get(slot) {
            Some(SlotKind::Application(name)) => name.to_string(),
            Some(SlotKind::System(name)) => format!("{{${name}}}"),
            Some(SlotKind::ApplicationOrSystem(name)) => format!("${name}"),
            Some(SlotKind::Body { path, .. }) => format!("$body.{}", path.as_str()),
            None => String::new(),
        }
    }

    fn text(&self, text: TextId) -> String {
        format!("{:?}", self.texts.text_of(text))
    }

    fn value(&self, value: ValueId) -> String {
        match self.interner.constants.value_of(value) {
            ValueConstant::Bool(truth) => truth.to_string(),
            ValueConstant::Number(number) => number.to_string(),
            ValueConstant::Text(text) => self.text(text),
            ValueConstant::Null => "null".to_owned(),
        }
    }
}

/// Formats an interval as comparisons.
fn bounds(interval: Interval) -> String {
    // An open end is stored as the next number inside the interval; the original bound is the shorter of the two.
    let shorter = |open: f64, closed: f64| open.to_string().len() < closed.to_string().len();
    let (below, above) = (interval.low.next_down(), interval.high.next_up());
    let low = match interval.low {
        f64::NEG_INFINITY => None,
        low if shorter(below, low) => Some(format!("> {below}")),
        low => Some(format!(">= {low}")),
    };
    let high = match interval.high {
        f64::INFINITY => None,
        high if shorter(above, high) => Some(format!("< {above}")),
        high => Some(format!("<= {high}")),
    };
    match (low, high) {
        _ if interval.low == interval.high => format!("= {}", interval.low),
        (Some(low), Some(high)) => format!("{low} and {high}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => "is any".to_owned(),
    }
}

/// How a candidate is found by a number.
enum Found {
    Otherwise,
    Interval(Slot, Interval),
    /// In the list before this one too, where its interval is listed.
    Before,
}

/// Returns the interval of the candidate at `at`, if it has its posting in a number lookup.
fn interval_at(group: &Group, candidates: &[Candidate], at: usize) -> Found {
    let is_in = |range: Candidates| (range.start as usize..range.end as usize).contains(&at);
    let has = |range: Candidates, program: ProgramAt| {
        let list = candidates.get(range.start as usize..range.end as usize).unwrap_or_default();
        list.iter().any(|candidate| candidate.program == program)
    };
    let Some(program) = candidates.get(at).map(|candidate| candidate.program) else {
        return Found::Otherwise;
    };
    for lookup in group.split.iter().flat_map(|split| &split.numbers) {
        for class in &lookup.classes {
            let index = at.checked_sub(class.start as usize);
            let bounds = index.and_then(|index| Some((*class.lows.get(index)?, *class.highs.get(index)?)));
            if let Some(interval) = bounds.and_then(|(low, high)| Interval::new(low, high)) {
                return Found::Interval(lookup.slot, interval);
            }
        }
        for table in &lookup.tables {
            let mut before = Candidates::default();
            let mut lists = table.lists();
            while let Some((list, numbers)) = lists.next() {
                if is_in(list) {
                    if has(before, program) {
                        return Found::Before;
                    }
                    let rest = lists.take_while(|(list, _)| has(*list, program));
                    let high = rest.last().map_or(numbers.high, |(_, last)| last.high);
                    return Interval::new(numbers.low, high)
                        .map_or(Found::Otherwise, |interval| Found::Interval(lookup.slot, interval));
                }
                before = list;
            }
        }
    }
    Found::Otherwise
}

fn ordering(orderings: Orderings) -> &'static str {
    match orderings {
        Orderings::LESS => "<",
        Orderings::EQUAL => "=",
        Orderings::GREATER => ">",
        Orderings::DIFFERENT => "!=",
        Orderings::AT_MOST => "<=",
        Orderings::AT_LEAST => ">=",
        _ => "is ordered to",
    }
}
