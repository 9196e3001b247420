//! Growing the tree: which attribute a node tests, and where routes go from there.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use ahash::RandomState;

use super::names::Names;
use super::{
    Comparison, Edge, Entry, Family, MODULE, MOST_LISTED, NONE, Node, OUTPUT, PROPERTIES, Predicate, Route, Span,
    Texts, Tree, cell_label, cell_width, index,
};
use crate::contest::as_f64;
use crate::workloads::WorkRoute;
use crate::workloads::condition::{Condition, Formula, Key, Test};
use crate::workloads::route::Source;

/// Which attribute a node tests first.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// The source, then properties by name.
    Name,
    /// The one that leaves the fewest routes to look at.
    Selectivity,
}

/// So many routes are a leaf: going through them costs less than another test.
const LEAF: usize = 2;

/// A route with more disjuncts than this is filed once, with nothing but its source to find it by.
const MOST_DISJUNCTS: usize = 64;

/// The bits of [`Entry::undecided`].
const MOST_PREDICATES: usize = 32;

/// A disjunct on its way to a leaf. The bits of `open` are the predicates that a node can still test.
#[derive(Copy, Clone, Debug)]
struct Filing {
    entry: Entry,
    open: u32,
}

struct Builder {
    order: Order,
    keys: BTreeMap<Key, u16>,
    texts: Texts,
    predicates: Vec<Predicate>,
    nodes: Vec<Node>,
    listed: Vec<Edge>,
    hashed: HashMap<(u32, u32), u32, RandomState>,
    parameters: Vec<u32>,
    entries: Vec<Entry>,
}

/// The same tree in every run.
fn seeded() -> RandomState {
    RandomState::with_seeds(1, 2, 3, 4)
}

/// A place in a table; those of the workloads are far below 2^32.
fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(NONE)
}

pub(super) fn build(routes: &[WorkRoute], order: Order) -> Tree {
    let formulas: Vec<_> = routes.iter().map(|route| route.condition.as_ref().map(Condition::is_true)).collect();
    let mut keys = BTreeSet::new();
    formulas.iter().flatten().for_each(|formula| collect_keys(formula, &mut keys));
    let slot = |place: usize| u16::try_from(PROPERTIES + place).unwrap_or(u16::MAX);
    let mut builder = Builder {
        order,
        keys: keys.iter().enumerate().map(|(place, key)| (key.clone(), slot(place))).collect(),
        texts: Texts::with_hasher(seeded()),
        predicates: Vec::new(),
        nodes: Vec::new(),
        listed: Vec::new(),
        hashed: HashMap::with_hasher(seeded()),
        parameters: Vec::new(),
        entries: Vec::new(),
    };
    let mut filings = Vec::new();
    for (place, (route, formula)) in routes.iter().zip(&formulas).enumerate() {
        builder.file(number(place), &route.source, formula.as_ref(), &mut filings);
    }
    builder.grow(filings);
    let mut endpoints = BTreeMap::new();
    let routes = routes.iter().map(|route| {
        let next = number(endpoints.len());
        Route {
            endpoint: *endpoints.entry(&route.endpoint).or_insert(next),
            priority: route.priority.unwrap_or(2_000_000_000),
        }
    });
    let routes = routes.collect();
    builder.texts.shrink_to_fit();
    builder.hashed.shrink_to_fit();
    Tree {
        nodes: builder.nodes.into(),
        listed: builder.listed.into(),
        hashed: builder.hashed,
        parameters: builder.parameters.into(),
        entries: builder.entries.into(),
        predicates: builder.predicates.into(),
        routes,
        endpoints: endpoints.len(),
        texts: builder.texts,
        names: Names::new(keys.into_iter().collect()),
    }
}

fn collect_keys(formula: &Formula, keys: &mut BTreeSet<Key>) {
    match formula {
        Formula::Leaf { key, .. } => {
            keys.insert(key.clone());
        }
        Formula::All(parts) | Formula::Any(parts) => parts.iter().for_each(|part| collect_keys(part, keys)),
    }
}

/// The conjunctions of which at least one holds where the formula does, as far as they need no expansion.
fn disjuncts<'f>(formula: &'f Formula, into: &mut Vec<Vec<&'f Formula>>) {
    if let Formula::Any(parts) = formula {
        for part in parts {
            disjuncts(part, into);
        }
    } else {
        let mut parts = Vec::new();
        conjuncts(formula, &mut parts);
        into.push(parts);
    }
}

fn conjuncts<'f>(formula: &'f Formula, into: &mut Vec<&'f Formula>) {
    match formula {
        Formula::All(parts) => parts.iter().for_each(|part| conjuncts(part, into)),
        _ => into.push(formula),
    }
}

/// What is known of the tests of one attribute among the routes of a node.
#[derive(Debug, Default)]
struct Occurrences {
    routes: usize,
    /// How many routes go to each edge.
    edges: BTreeMap<u32, usize>,
    /// The least lower and the greatest upper bound, and the sum of the widths of the cells.
    low: f64,
    high: f64,
    widths: f64,
}

impl Builder {
    fn file(&mut self, route: u32, source: &Source, formula: Option<&Formula>, filings: &mut Vec<Filing>) {
        let mut alternatives = Vec::new();
        match formula {
            None => alternatives.push(Vec::new()),
            Some(formula) => disjuncts(formula, &mut alternatives),
        }
        if alternatives.len() > MOST_DISJUNCTS {
            alternatives = vec![formula.into_iter().collect()];
        }
        for parts in alternatives {
            let mut predicates = self.source(source);
            predicates.extend(parts.into_iter().map(|part| self.lower(part)));
            // What is quick to check goes first.
            predicates.sort_by_key(|predicate| match predicate {
                Predicate::Test { comparison: Comparison::Equals(_), wanted: true, .. } => 0,
                Predicate::Test { .. } => 1,
                Predicate::All(_) | Predicate::Any(_) => 2,
            });
            if predicates.len() > MOST_PREDICATES {
                let rest = predicates.split_off(MOST_PREDICATES - 1);
                predicates.push(Predicate::All(rest.into()));
            }
            let bits = |count: usize| u32::try_from((1_u64 << count) - 1).unwrap_or(u32::MAX);
            let open = (0..predicates.len())
                .filter(|&bit| family(&predicates[bit]).is_some())
                .fold(0, |open, bit| open | 1 << bit);
            let entry = Entry { route, predicates: number(self.predicates.len()), undecided: bits(predicates.len()) };
            filings.push(Filing { entry, open });
            self.predicates.append(&mut predicates);
        }
    }

    fn source(&mut self, source: &Source) -> Vec<Predicate> {
        let mut is = |slot: usize, name: &str| Predicate::Test {
            slot: u16::try_from(slot).unwrap_or(u16::MAX),
            wanted: true,
            comparison: Comparison::Equals(self.text(&name.to_ascii_uppercase()).1),
        };
        match source {
            Source::Any => Vec::new(),
            Source::Module(module) => vec![is(MODULE, module)],
            Source::Output { module, output } => vec![is(MODULE, module), is(OUTPUT, output)],
        }
    }

    /// The text, stored once, and its number.
    fn text(&mut self, text: &str) -> (Rc<str>, u32) {
        if let Some((stored, number)) = self.texts.get_key_value(text) {
            return (Rc::clone(stored), *number);
        }
        let stored: Rc<str> = Rc::from(text);
        let number = number(self.texts.len());
        self.texts.insert(Rc::clone(&stored), number);
        (stored, number)
    }

    fn lower(&mut self, formula: &Formula) -> Predicate {
        match formula {
            Formula::Leaf { key, test, wanted } => {
                let comparison = match test {
                    Test::Equals(text) => Comparison::Equals(self.text(text).1),
                    Test::OneOf(choice) => Comparison::OneOf(choice.iter().map(|text| self.text(text).1).collect()),
                    Test::StartsWith(prefix) => Comparison::StartsWith(self.text(prefix).0),
                    Test::Within(low, high) => Comparison::Within(f64::from(*low), f64::from(*high)),
                    Test::Above(bound) => Comparison::Above(f64::from(*bound)),
                    Test::Below(bound) => Comparison::Below(f64::from(*bound)),
                };
                Predicate::Test { slot: self.keys.get(key).copied().unwrap_or(u16::MAX), wanted: *wanted, comparison }
            }
            Formula::All(parts) => Predicate::All(parts.iter().map(|part| self.lower(part)).collect()),
            Formula::Any(parts) => Predicate::Any(parts.iter().map(|part| self.lower(part)).collect()),
        }
    }

    /// The node of these routes, with all that is below it.
    fn grow(&mut self, mut filings: Vec<Filing>) -> u32 {
        let first = self.push_node();
        let mut at = first;
        loop {
            let chosen = if filings.len() > LEAF { self.choose(&filings) } else { None };
            let Some((slot, family)) = chosen else {
                self.nodes[index(at)].entries = self.push_entries(&filings);
                return first;
            };
            let (open, done): (Vec<_>, Vec<_>) = filings.into_iter().partition(|filing| filing.open != 0);
            let entries = self.push_entries(&done);
            let mut branches: BTreeMap<u32, Vec<Filing>> = BTreeMap::new();
            let mut parameters = BTreeSet::new();
            let mut others = Vec::new();
            for filing in open {
                let Some(bit) = self.tests(filing).find(|(_, test)| *test == (slot, family)).map(|(bit, _)| bit) else {
                    others.push(filing);
                    continue;
                };
                let (labels, parameter) = self.labels(filing, bit);
                parameters.extend(parameter);
                let below = self.decide(filing, bit);
                for label in labels {
                    branches.entry(label).or_default().push(below);
                }
            }
            let edges: Vec<_> =
                branches.into_iter().map(|(label, filings)| Edge { label, child: self.grow(filings) }).collect();
            let edges = self.push_edges(at, edges);
            let start = number(self.parameters.len());
            self.parameters.extend(parameters);
            let parameters = Span { start, end: number(self.parameters.len()) };
            let star = if others.is_empty() { NONE } else { self.push_node() };
            self.nodes[index(at)] = Node { entries, edges, parameters, star, slot, family };
            if star == NONE {
                return first;
            }
            at = star;
            filings = others;
        }
    }

    fn push_node(&mut self) -> u32 {
        let none = Span::default();
        let leaf = Node { entries: none, edges: none, parameters: none, star: NONE, slot: 0, family: Family::Equal };
        self.nodes.push(leaf);
        number(self.nodes.len() - 1)
    }

    fn push_entries(&mut self, filings: &[Filing]) -> Span {
        let start = number(self.entries.len());
        self.entries.extend(filings.iter().map(|filing| filing.entry));
        Span { start, end: number(self.entries.len()) }
    }

    /// The span tells the number of edges in either case; of hashed ones it says nothing else.
    fn push_edges(&mut self, at: u32, edges: Vec<Edge>) -> Span {
        if edges.len() > MOST_LISTED {
            let count = number(edges.len());
            self.hashed.extend(edges.into_iter().map(|edge| ((at, edge.label), edge.child)));
            return Span { start: 0, end: count };
        }
        let start = number(self.listed.len());
        self.listed.extend(edges);
        Span { start, end: number(self.listed.len()) }
    }

    /// The open predicates, and what a node would test to decide each.
    fn tests(&self, filing: Filing) -> impl Iterator<Item = (u32, (u16, Family))> {
        (0..32).filter(move |bit| filing.open >> bit & 1 == 1).filter_map(move |bit| {
            let predicate = self.predicate(filing, bit);
            match predicate {
                Predicate::Test { slot, .. } => family(predicate).map(|family| (bit, (*slot, family))),
                Predicate::All(_) | Predicate::Any(_) => None,
            }
        })
    }

    fn predicate(&self, filing: Filing, bit: u32) -> &Predicate {
        &self.predicates[index(filing.entry.predicates + bit)]
    }

    /// The edges that a route takes by this predicate, and the length or level that finds them.
    fn labels(&self, filing: Filing, bit: u32) -> (Vec<u32>, Option<u32>) {
        match self.predicate(filing, bit) {
            Predicate::Test { comparison, .. } => match comparison {
                Comparison::Equals(text) => (vec![*text], None),
                Comparison::OneOf(texts) => (texts.to_vec(), None),
                Comparison::StartsWith(prefix) => {
                    (self.texts.get(prefix).copied().into_iter().collect(), Some(number(prefix.len())))
                }
                Comparison::Within(low, high) => {
                    let level = level(*low, *high);
                    (vec![cell_label(level, (low / cell_width(level)).floor())], Some(level))
                }
                Comparison::Above(_) | Comparison::Below(_) => (Vec::new(), None),
            },
            Predicate::All(_) | Predicate::Any(_) => (Vec::new(), None),
        }
    }

    /// The route as it goes on below an edge.
    fn decide(&self, mut filing: Filing, bit: u32) -> Filing {
        let is_choice =
            |bit: u32| matches!(self.predicate(filing, bit), Predicate::Test { comparison: Comparison::OneOf(_), .. });
        let mut open = filing.open & !(1 << bit);
        if is_choice(bit) {
            // A second choice would multiply the route.
            open = (0..32).filter(|bit| open >> bit & 1 == 1 && !is_choice(*bit)).fold(0, |open, bit| open | 1 << bit);
        }
        if !matches!(self.predicate(filing, bit), Predicate::Test { comparison: Comparison::Within(..), .. }) {
            filing.entry.undecided &= !(1 << bit);
        }
        Filing { open, ..filing }
    }

    /// What the node of these routes tests; `None` where no test would help.
    fn choose(&self, filings: &[Filing]) -> Option<(u16, Family)> {
        let tests = || filings.iter().flat_map(|filing| self.tests(*filing).map(move |test| (*filing, test)));
        if self.order == Order::Name {
            return tests().map(|(_, (_, test))| test).min();
        }
        let mut occurrences: BTreeMap<(u16, Family), Occurrences> = BTreeMap::new();
        for (filing, (bit, test)) in tests() {
            let known = occurrences.entry(test).or_default();
            known.routes += 1;
            for label in self.labels(filing, bit).0 {
                *known.edges.entry(label).or_default() += 1;
            }
            if let Predicate::Test { comparison: Comparison::Within(low, high), .. } = self.predicate(filing, bit) {
                let first = known.routes == 1;
                known.low = if first { *low } else { known.low.min(*low) };
                known.high = if first { *high } else { known.high.max(*high) };
                known.widths += 2.0 * cell_width(level(*low, *high));
            }
        }
        let spared = occurrences.iter().map(|(test, known)| (*test, known.spared(test.1)));
        let best = spared.reduce(|best, next| if next.1 > best.1 { next } else { best });
        best.filter(|(_, spared)| *spared > 1.0).map(|(test, _)| test)
    }
}

impl Occurrences {
    /// How many routes a message need not look at, thanks to the test: those that ask for it, less those that it is
    /// likely to find. Nothing is known of messages, so a value is taken to be as frequent as it is among the routes, and
    /// as if each attribute had been asked for eight others; a range is as likely as it is wide.
    fn spared(&self, family: Family) -> f64 {
        const OTHERS: usize = 8;
        let routes = as_f64(self.routes);
        let found = if family == Family::Range {
            self.widths / (self.high - self.low).max(1.0)
        } else {
            let all: usize = self.edges.values().sum();
            let squares: usize = self.edges.values().map(|count| count * count).sum();
            as_f64(squares) / as_f64(all + OTHERS)
        };
        routes - found.min(routes)
    }
}

/// What edges a predicate can be.
fn family(predicate: &Predicate) -> Option<Family> {
    match predicate {
        Predicate::Test { wanted: true, comparison, .. } => match comparison {
            Comparison::Equals(_) | Comparison::OneOf(_) => Some(Family::Equal),
            Comparison::StartsWith(_) => Some(Family::Prefix),
            Comparison::Within(..) => Some(Family::Range),
            Comparison::Above(_) | Comparison::Below(_) => None,
        },
        Predicate::Test { .. } | Predicate::All(_) | Predicate::Any(_) => None,
    }
}

/// The level whose cells are just as wide as the range, or wider.
fn level(low: f64, high: f64) -> u32 {
    (0..64).find(|level| cell_width(*level) >= high - low).unwrap_or(64)
}
