//! A star-edge decision tree: the design that edgeroute was weighed against.
//!
//! A node tests one attribute of the message (its module, its output, a property) and has an edge for each value that a
//! route below it wants, found through a hash map, and a *star* edge to the routes that do not care, which is always
//! followed (Aguilera et al., "Matching Events in a Content-based Subscription System", PODC 1999). A route stands in
//! one leaf, one for each disjunct and each value of one choice, so that the tree is linear in the conditions, and a leaf
//! keeps the tests that the path to it has not decided. Beyond the paper, prefixes and ranges are edges too: by length,
//! and by cells of a power of two in width. So the two designs differ in where routes stand, not in what can be hashed.
//!
//! Conditions are parsed when the tree is built, texts are numbered, and equal texts are equal numbers. A message is
//! matched without an allocation: its names are resolved once, and each value is looked up among the texts, and parsed
//! as a number, at most once.
//!
//! Of the hub's language it knows what the workloads use. Numbers are plain decimals, names are ASCII.

mod build;
mod names;

pub(crate) use build::Order;

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use ahash::RandomState;

use crate::contest::Contender;
use crate::workloads::{WorkMessage, WorkRoute};
use names::Names;

/// The slots before those of the properties.
const MODULE: usize = 0;
const OUTPUT: usize = 1;
const PROPERTIES: usize = 2;

/// No node, and no text that a route names.
const NONE: u32 = u32::MAX;

/// A node with more edges than this finds them in the hash map of all nodes, one with fewer goes through them.
const MOST_LISTED: usize = 8;

/// The longest module and output name that a message may have without an allocation.
const NAME_CAPACITY: usize = 256;

/// The routes as a tree, what matching writes to, and the messages that it works on.
#[derive(Debug)]
pub(crate) struct StarTree<'m> {
    tree: Tree,
    scratch: Scratch,
    messages: &'m [WorkMessage],
}

#[derive(Debug)]
struct Tree {
    /// The root is the first.
    nodes: Box<[Node]>,
    /// Edges of the nodes that have few.
    listed: Box<[Edge]>,
    /// By node and label.
    hashed: HashMap<(u32, u32), u32, RandomState>,
    /// Lengths of prefixes and levels of ranges.
    parameters: Box<[u32]>,
    entries: Box<[Entry]>,
    predicates: Box<[Predicate]>,
    routes: Box<[Route]>,
    endpoints: usize,
    texts: Texts,
    names: Names,
}

type Texts = HashMap<Rc<str>, u32, RandomState>;

#[derive(Debug)]
struct Node {
    /// Routes that stand here, whatever the node's test gives.
    entries: Span,
    /// A leaf has none.
    edges: Span,
    parameters: Span,
    star: u32,
    slot: u16,
    family: Family,
}

/// What the edges of a node are about. An edge is labelled with a text's number, or with the hash of a cell.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Family {
    Equal,
    Prefix,
    Range,
}

#[derive(Debug)]
struct Edge {
    label: u32,
    child: u32,
}

/// One disjunct of a route. Of its predicates, which begin at `predicates`, those with a bit in `undecided` are to check.
#[derive(Copy, Clone, Debug)]
struct Entry {
    route: u32,
    predicates: u32,
    undecided: u32,
}

#[derive(Debug)]
struct Route {
    endpoint: u32,
    /// The lowest wins.
    priority: u32,
}

#[derive(Debug)]
enum Predicate {
    /// The slot's property is there, and the test has the wanted outcome.
    Test {
        slot: u16,
        wanted: bool,
        comparison: Comparison,
    },
    All(Box<[Predicate]>),
    Any(Box<[Predicate]>),
}

/// Texts by their numbers.
#[derive(Debug)]
enum Comparison {
    Equals(u32),
    OneOf(Box<[u32]>),
    StartsWith(Rc<str>),
    Within(f64, f64),
    Above(f64),
    Below(f64),
}

#[derive(Copy, Clone, Debug, Default)]
struct Span {
    start: u32,
    end: u32,
}

impl Span {
    fn range(self) -> Range<usize> {
        index(self.start)..index(self.end)
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The label of a cell. Cells that share one are told apart by the range itself, which is always checked.
fn cell_label(level: u32, cell: f64) -> u32 {
    // Adding zero makes a negative zero positive.
    let word = (cell + 0.0).to_bits() ^ (u64::from(level) << 1);
    u32::try_from(names::mix(word) >> 32).unwrap_or(0)
}

/// The width of the cells of a level.
fn cell_width(level: u32) -> f64 {
    f64::from(level).exp2()
}

/// What matching writes to. Its size is fixed by the tree.
#[derive(Debug)]
struct Scratch {
    slots: Vec<Slot>,
    folded: String,
    marks: Vec<Mark>,
    /// Counts the messages, so that marks need no clearing.
    stamp: u64,
    deliveries: Vec<usize>,
}

#[derive(Copy, Clone, Debug)]
struct Slot {
    place: Place,
    text: TextNumber,
    number: Number,
}

/// Where a slot's property is in the message.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Place {
    Missing,
    Application(usize),
    System(usize),
}

#[derive(Copy, Clone, Debug)]
enum TextNumber {
    NotLookedUp,
    /// `NONE`: no route names it.
    Known(Option<u32>),
}

#[derive(Copy, Clone, Debug)]
enum Number {
    NotParsed,
    Parsed(Option<f64>),
}

/// `delivery` is the endpoint's place among the deliveries of the message that `stamp` counts.
#[derive(Copy, Clone, Debug)]
struct Mark {
    stamp: u64,
    delivery: usize,
}

const UNREAD: Slot = Slot { place: Place::Missing, text: TextNumber::NotLookedUp, number: Number::NotParsed };

impl StarTree<'_> {
    pub(crate) fn new(routes: &[WorkRoute], order: Order) -> Self {
        let tree = build::build(routes, order);
        let scratch = Scratch {
            slots: vec![UNREAD; PROPERTIES + tree.names.len()],
            folded: String::with_capacity(NAME_CAPACITY),
            marks: vec![Mark { stamp: 0, delivery: 0 }; tree.endpoints],
            stamp: 0,
            deliveries: Vec::with_capacity(tree.endpoints),
        };
        Self { tree, scratch, messages: &[] }
    }

    /// The routes that deliver the message at `index`. Does not allocate.
    fn matches(&mut self, index: usize) -> &[usize] {
        let Scratch { slots, folded, marks, stamp, deliveries } = &mut self.scratch;
        let message = &self.messages[index];
        slots.fill(UNREAD);
        for (slot, name) in [(MODULE, &message.module), (OUTPUT, &message.output)] {
            folded.clear();
            folded.push_str(name);
            folded.make_ascii_uppercase();
            slots[slot].text = TextNumber::Known(Some(self.tree.text_number(folded)));
        }
        self.tree.names.resolve(message, |slot, place| {
            let known = &mut slots[PROPERTIES + slot].place;
            if *known == Place::Missing {
                *known = place;
            }
        });
        *stamp += 1;
        deliveries.clear();
        let properties = Properties { tree: &self.tree, slots, message };
        Walk { properties, marks, stamp: *stamp, deliveries }.visit(0);
        deliveries
    }
}

impl<'m> Contender<'m> for StarTree<'m> {
    fn load(&mut self, messages: &'m [WorkMessage]) {
        self.messages = messages;
    }

    fn count(&mut self, index: usize) -> usize {
        self.matches(index).len()
    }

    fn deliveries(&mut self, index: usize, into: &mut Vec<usize>) {
        into.extend(self.matches(index));
    }
}

impl Tree {
    fn text_number(&self, text: &str) -> u32 {
        self.texts.get(text).copied().unwrap_or(NONE)
    }

    fn child(&self, at: u32, node: &Node, label: u32) -> Option<u32> {
        let edges = node.edges.range();
        if edges.len() > MOST_LISTED {
            return self.hashed.get(&(at, label)).copied();
        }
        self.listed[edges].iter().find(|edge| edge.label == label).map(|edge| edge.child)
    }
}

/// One message's way through the tree.
struct Walk<'a> {
    properties: Properties<'a>,
    marks: &'a mut [Mark],
    stamp: u64,
    deliveries: &'a mut Vec<usize>,
}

impl Walk<'_> {
    /// Star edges are a loop. Other edges recurse: each decides a test of a route, of which a route has at most 32.
    fn visit(&mut self, mut at: u32) {
        let tree = self.properties.tree;
        while at != NONE {
            let node = &tree.nodes[index(at)];
            for entry in &tree.entries[node.entries.range()] {
                self.check(*entry);
            }
            if node.edges.start == node.edges.end {
                return;
            }
            let slot = usize::from(node.slot);
            let parameters = &tree.parameters[node.parameters.range()];
            match node.family {
                Family::Equal => {
                    if let Some(text) = self.properties.text_number(slot) {
                        self.follow(at, node, text);
                    }
                }
                Family::Prefix => {
                    if let Some(value) = self.properties.text(slot) {
                        for length in parameters {
                            if let Some(prefix) = value.get(..index(*length)) {
                                self.follow(at, node, tree.text_number(prefix));
                            }
                        }
                    }
                }
                Family::Range => {
                    if let Some(number) = self.properties.number(slot) {
                        for level in parameters {
                            // A range is as wide as a cell at most, so it begins in the number's cell or the one before.
                            let cell = (number / cell_width(*level)).floor();
                            self.follow(at, node, cell_label(*level, cell));
                            self.follow(at, node, cell_label(*level, cell - 1.0));
                        }
                    }
                }
            }
            at = node.star;
        }
    }

    fn follow(&mut self, at: u32, node: &Node, label: u32) {
        if let Some(child) = self.properties.tree.child(at, node, label) {
            self.visit(child);
        }
    }

    fn check(&mut self, entry: Entry) {
        let tree = self.properties.tree;
        let mut undecided = entry.undecided;
        while undecided != 0 {
            let predicate = &tree.predicates[index(entry.predicates + undecided.trailing_zeros())];
            if !predicate.is_true(&mut self.properties) {
                return;
            }
            undecided &= undecided - 1;
        }
        let route = &tree.routes[index(entry.route)];
        let mark = &mut self.marks[index(route.endpoint)];
        if mark.stamp != self.stamp {
            *mark = Mark { stamp: self.stamp, delivery: self.deliveries.len() };
            self.deliveries.push(index(entry.route));
            return;
        }
        let winner = &mut self.deliveries[mark.delivery];
        if (route.priority, index(entry.route)) < (tree.routes[*winner].priority, *winner) {
            *winner = index(entry.route);
        }
    }
}

impl Predicate {
    fn is_true(&self, properties: &mut Properties<'_>) -> bool {
        match self {
            Self::Test { slot, wanted, comparison } => {
                comparison.outcome(usize::from(*slot), properties) == Some(*wanted)
            }
            Self::All(predicates) => predicates.iter().all(|predicate| predicate.is_true(properties)),
            Self::Any(predicates) => predicates.iter().any(|predicate| predicate.is_true(properties)),
        }
    }
}

impl Comparison {
    /// The outcome, or `None` where it is undefined.
    fn outcome(&self, slot: usize, properties: &mut Properties<'_>) -> Option<bool> {
        match self {
            Self::Equals(text) => properties.text_number(slot).map(|value| value == *text),
            Self::OneOf(texts) => properties.text_number(slot).map(|value| texts.contains(&value)),
            Self::StartsWith(prefix) => properties.text(slot).map(|value| value.starts_with(&**prefix)),
            Self::Within(low, high) => properties.number(slot).map(|number| *low <= number && number < *high),
            Self::Above(bound) => properties.number(slot).map(|number| number > *bound),
            Self::Below(bound) => properties.number(slot).map(|number| number < *bound),
        }
    }
}

/// One message's values by slot.
struct Properties<'a> {
    tree: &'a Tree,
    slots: &'a mut [Slot],
    message: &'a WorkMessage,
}

impl<'a> Properties<'a> {
    fn text(&self, slot: usize) -> Option<&'a str> {
        match self.slots[slot].place {
            Place::Application(index) => Some(&self.message.properties[index].1),
            Place::System(index) => Some(&self.message.system_properties[index].1),
            Place::Missing => None,
        }
    }

    fn text_number(&mut self, slot: usize) -> Option<u32> {
        if let TextNumber::Known(number) = self.slots[slot].text {
            return number;
        }
        let number = self.text(slot).map(|text| self.tree.text_number(text));
        self.slots[slot].text = TextNumber::Known(number);
        number
    }

    fn number(&mut self, slot: usize) -> Option<f64> {
        if let Number::Parsed(number) = self.slots[slot].number {
            return number;
        }
        let number = self.text(slot).and_then(|text| text.parse().ok());
        self.slots[slot].number = Number::Parsed(number);
        number
    }
}
