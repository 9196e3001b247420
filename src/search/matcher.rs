//! One message against all routes of a tree.
//!
//! Fills the slots, follows the source to its groups, and looks at the candidates of each: those that are always looked
//! at, and those that the group's switches find. A candidate whose header passes has its program run. A route may be
//! found twice, where it is filed under several tests. A small table has its [clauses](super::clauses) intersected
//! instead, and fills the slots only for routes that these do not decide. Allocates nothing; cannot fail.

use core::cmp::Ordering;

use super::body::{BodyPlan, BodyScratch};
use super::clauses::{KnownSources, survivors};
use super::evaluate::{EvaluateMemory, Reads, evaluate};
use super::names::Names;
use super::scalar::{BodyText, Scalar};
use super::slots::{Property, SlotMemory, Slots};
use crate::body::Encoding;
use crate::message::{Message, MessageSource, Properties};
use crate::predicate::{Affix, ExpressionId, Orderings, Slot, States, Test, TestKind, TextId, ValueConstant, ValueId};
use crate::source::takes_fallback;
use crate::text::compare_utf16;
use crate::tree::{
    AffixSwitch, Candidates, Clauses, GroupId, MAX_FILED_TEXT, NumberSwitch, ProgramAt, RouteId, Space, Split,
    Switches, Texts, Tree, ValueHash, decode, decode_equality,
};
use crate::work;

/// A tree, and what is made of it for walking.
#[derive(Debug)]
pub(crate) struct Matcher {
    pub(crate) tree: Tree,
    plan: BodyPlan,
}

impl Matcher {
    pub(crate) fn new(tree: Tree) -> Self {
        let plan = BodyPlan::new(&tree.bodies.paths);
        Self { tree, plan }
    }

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.tree.heap_bytes() + self.plan.heap_bytes()
    }
}

/// All memory that matching needs. Its size depends on the tree alone.
#[derive(Debug)]
pub(crate) struct WalkMemory {
    names: Names,
    sources: KnownSources,
    /// Room for the groups of a source; empty between messages.
    groups: Vec<GroupId>,
    slots: SlotMemory,
    evaluate: EvaluateMemory,
    body: BodyScratch,
    pending: Pending,
    /// Room for one for each path; empty between messages.
    values: Vec<Scalar<'static>>,
    max_depth: usize,
}

impl WalkMemory {
    /// Room for matching against `matcher`, whose body queries look `max_depth` deep. Allocates.
    pub(crate) fn new(matcher: &Matcher, max_depth: usize) -> Self {
        let Matcher { tree, plan } = matcher;
        Self {
            names: Names::new(),
            sources: KnownSources::new(),
            groups: Vec::with_capacity(tree.sources.most_groups()),
            slots: SlotMemory::new(tree),
            evaluate: EvaluateMemory::new(tree.vocabulary.expressions()),
            body: BodyScratch::new(plan, max_depth),
            pending: Pending::new(),
            values: Vec::with_capacity(tree.bodies.shadows.len()),
            max_depth,
        }
    }

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        let values = self.values.capacity() * size_of::<Scalar<'_>>();
        self.names.heap_bytes()
            + self.sources.heap_bytes()
            + self.groups.capacity() * size_of::<GroupId>()
            + self.slots.heap_bytes()
            + self.evaluate.heap_bytes()
            + self.body.heap_bytes()
            + values
    }

    /// Calls `visit` for every route that takes the message, perhaps more than once. Where none does, the tree has a
    /// fallback whose condition holds, and the message is telemetry, it is called with that.
    pub(crate) fn walk<P: Properties + ?Sized, S: Properties + ?Sized>(
        &mut self,
        matcher: &Matcher,
        message: &Message<'_, P, S>,
        visit: impl FnMut(RouteId),
    ) {
        let Matcher { tree, .. } = matcher;
        let source = message.origin().source();
        if let Some(clauses) = &tree.clauses {
            let alive = self.sources.clauses(tree, clauses, source);
            self.clauses(matcher, clauses, message, alive, visit);
            return;
        }
        let mut groups = core::mem::take(&mut self.groups);
        tree.sources.for_each_group(&tree.key, source, |group| groups.push(group));
        // Of most tables many messages want nothing.
        if !groups.is_empty() || (tree.fallback.is_some() && takes_fallback(source)) {
            self.with(matcher, message, visit, |walk| {
                for group in groups.drain(..) {
                    walk.group(group);
                }
                walk.run_pending();
                if !walk.any {
                    walk.fallback(source);
                }
            });
        }
        self.groups = groups;
    }

    /// What the message leaves alive of these clauses.
    #[inline]
    fn clauses<P: Properties + ?Sized, S: Properties + ?Sized>(
        &mut self,
        matcher: &Matcher,
        clauses: &Clauses,
        message: &Message<'_, P, S>,
        alive: u64,
        mut visit: impl FnMut(RouteId),
    ) {
        let Matcher { tree, .. } = matcher;
        // All, where they cannot be intersected.
        let mut undecided = alive;
        let mut any = false;
        if alive != 0
            && let Some(alive) = survivors(tree, clauses, &mut self.names, message, alive)
        {
            let mut decided = alive & clauses.deciding;
            undecided = alive & !clauses.deciding;
            any = decided != 0;
            while decided != 0 {
                if let Some(program) = clauses.program(decided.trailing_zeros()) {
                    visit(tree.programs.route(program));
                }
                decided &= decided - 1;
            }
        }
        if undecided != 0 || (!any && tree.fallback.is_some()) {
            self.with(matcher, message, visit, |walk| {
                clauses.programs(undecided).for_each(|program| walk.run(program));
                if !(any || walk.any) {
                    walk.fallback(message.origin().source());
                }
            });
        }
    }

    /// Fills the slots from a message, and hands it over on its way.
    #[inline]
    fn with<P: Properties + ?Sized, S: Properties + ?Sized, V: FnMut(RouteId)>(
        &mut self,
        matcher: &Matcher,
        message: &Message<'_, P, S>,
        mut visit: V,
        go: impl FnOnce(&mut Walk<'_, '_, '_, V>),
    ) {
        let Self { names, slots, evaluate, body, pending, values, max_depth, .. } = self;
        let Matcher { tree, plan } = matcher;
        let recycled = recycle(core::mem::take(values));
        *values = slots.with(tree, message, names, |slots| {
            let bytes = message.body_bytes();
            let reader =
                Reader { tree, plan, slots, body, bytes, values: recycled, is_read: false, max_depth: *max_depth };
            let mut walk = Walk { tree, reader, evaluate, pending, any: false, visit: &mut visit };
            go(&mut walk);
            recycle(walk.reader.values)
        });
    }
}

/// The same memory for values of another lifetime; see [`SlotMemory`].
fn recycle<'to>(mut values: Vec<Scalar<'_>>) -> Vec<Scalar<'to>> {
    values.clear();
    values.into_iter().map(|_| Scalar::default()).collect()
}

/// What was found and is still to be looked at: so that what depends on memory is asked for at once, not one after the
/// other, and no branch depends on it.
#[derive(Debug)]
struct Pending {
    ranges: Box<[Candidates; 32]>,
    /// How many of `ranges`. Never all of them.
    found: usize,
    programs: Box<[ProgramAt; 128]>,
    /// How many of `programs`. Never all of them.
    passed: usize,
}

impl Pending {
    /// Allocates.
    fn new() -> Self {
        let ranges = Box::new([Candidates::default(); 32]);
        Self { ranges, found: 0, programs: Box::new([ProgramAt::default(); 128]), passed: 0 }
    }
}

/// A message on its way through the tree.
struct Walk<'w, 's, 'm, V> {
    tree: &'w Tree,
    reader: Reader<'w, 's, 'm>,
    evaluate: &'w mut EvaluateMemory,
    pending: &'w mut Pending,
    /// Whether any route took the message.
    any: bool,
    visit: &'w mut V,
}

impl<V: FnMut(RouteId)> Walk<'_, '_, '_, V> {
    #[inline]
    fn group(&mut self, id: GroupId) {
        let tree = self.tree;
        let Some(group) = tree.groups.get(id.index()) else {
            return;
        };
        self.found(group.always());
        if let Some(split) = &group.split {
            self.switches(id, split);
        }
    }

    /// The fallback route, where the source is one that it takes.
    fn fallback(&mut self, source: MessageSource<'_>) {
        if let Some(fallback) = self.tree.fallback
            && takes_fallback(source)
        {
            self.run(fallback);
        }
    }

    /// What the switches of a group find.
    fn switches(&mut self, id: GroupId, split: &Split) {
        let tree = self.tree;
        let property_key =
            |slot, hash: ValueHash| Switches::key(&tree.key, id, slot, Space::Equal, u64::from(hash.bits()));
        self.asked_slots(&split.equal, |walk, slot| {
            // Null is found nowhere: no constant has its hash.
            let hash = walk.reader.slots.hash(slot.index());
            if hash != ValueHash::ABSENT {
                walk.found(tree.switches.find(property_key(slot, hash)));
            }
        });
        self.asked_slots(&split.present, |walk, slot| {
            if walk.reader.slots.hash(slot.index()) != ValueHash::ABSENT {
                walk.found(tree.switches.find(property_key(slot, ValueHash::PRESENT)));
            }
        });
        for affix in &split.affixes {
            self.affixes(id, affix);
        }
        for number in &split.numbers {
            self.numbers(number);
        }
        for &slot in &split.values {
            if let Some(hash) = self.reader.value_hash(slot) {
                let key = Switches::key(&tree.key, id, slot, Space::Value, u64::from(hash.bits()));
                self.found(tree.switches.find(key));
            }
        }
    }

    /// Calls `visit` with slots among which are all that the group asks for and the message has: with either of the two,
    /// whichever are fewer. For a slot that is not of both a switch finds nothing.
    #[inline]
    fn asked_slots(&mut self, asked: &[Slot], visit: impl Fn(&mut Self, Slot)) {
        let present = self.reader.slots.present();
        if asked.len() <= present {
            for &slot in asked {
                work::step();
                visit(self, slot);
            }
        } else {
            for index in 0..present {
                work::step();
                if let Some(slot) = self.reader.slots.nth_present(index) {
                    visit(self, slot);
                }
            }
        }
    }

    fn affixes(&mut self, group: GroupId, affix: &AffixSwitch) {
        let Property::Text(text) = self.reader.slots.property(affix.slot) else {
            return;
        };
        let bytes = text.as_bytes();
        for &length in &affix.lengths {
            work::step();
            let Some(part) = affix.end.part(bytes, length as usize) else { break };
            let hash = self.tree.key.bytes(part);
            let key = Switches::key(&self.tree.key, group, affix.slot, affix.end.space(), hash);
            self.found(self.tree.switches.find(key));
        }
    }

    fn numbers(&mut self, switch: &NumberSwitch) {
        let Some(number) = self.reader.slots.number(switch.slot) else {
            return;
        };
        for class in &switch.classes {
            work::step();
            // The intervals that start at most a width before the number and not after it.
            let end = class.lows.partition_point(|&low| low <= number);
            let lows = class.lows.get(..end).unwrap_or_default();
            let highs = class.highs.get(..end).unwrap_or_default();
            let bounds = lows.iter().zip(highs).rev();
            let mut at = class.start + u32::try_from(end).unwrap_or_default();
            // What stands together is found together: in hostile tables that is all of them.
            let mut found = Candidates { start: at, end: at };
            for (_, &high) in bounds.take_while(|(low, _)| **low + class.width >= number) {
                work::step();
                at -= 1;
                if number <= high {
                    found.start = at;
                } else {
                    self.found(found);
                    found = Candidates { start: at, end: at };
                }
            }
            self.found(found);
        }
    }

    /// Has these candidates looked at.
    #[inline]
    fn found(&mut self, candidates: Candidates) {
        work::step();
        if let Some(range) = self.pending.ranges.get_mut(self.pending.found) {
            *range = candidates;
            self.pending.found += usize::from(candidates.start < candidates.end);
        }
        if self.pending.found == self.pending.ranges.len() {
            self.look_at_found();
        }
    }

    /// Looks at the headers of what was found.
    fn look_at_found(&mut self) {
        for index in 0..core::mem::take(&mut self.pending.found) {
            if let Some(&candidates) = self.pending.ranges.get(index) {
                self.candidates(candidates);
            }
        }
    }

    /// Has the programs run of those candidates whose headers pass.
    #[inline]
    fn candidates(&mut self, candidates: Candidates) {
        let tree = self.tree;
        for candidate in tree.candidates.get(candidates.start as usize..candidates.end as usize).unwrap_or_default() {
            work::step();
            let passes = self.reader.slots.hash(candidate.slot as usize).passes(candidate.hash);
            if let Some(program) = self.pending.programs.get_mut(self.pending.passed) {
                *program = candidate.program;
                self.pending.passed += usize::from(passes);
            }
            if self.pending.passed == self.pending.programs.len() {
                self.run_passed();
            }
        }
    }

    /// Looks at all that was found, and runs the programs of all that passed.
    fn run_pending(&mut self) {
        self.look_at_found();
        self.run_passed();
    }

    fn run_passed(&mut self) {
        for index in 0..core::mem::take(&mut self.pending.passed) {
            if let Some(&program) = self.pending.programs.get(index) {
                self.run(program);
            }
        }
    }

    /// Runs a residual program.
    #[inline]
    fn run(&mut self, at: ProgramAt) {
        let tree = self.tree;
        let (reader, memory) = (&mut self.reader, &mut *self.evaluate);
        let test = |step| {
            work::step();
            match decode_equality(step) {
                Some((slot, text)) => reader.is_text(slot, text),
                None => reader.test(decode(step), memory),
            }
        };
        if tree.programs.get(at).run(test) {
            self.any = true;
            (self.visit)(tree.programs.route(at));
        }
    }
}

/// What tests read of a message.
struct Reader<'w, 's, 'm> {
    tree: &'w Tree,
    plan: &'w BodyPlan,
    slots: &'w mut Slots<'s, 'm>,
    body: &'w mut BodyScratch,
    bytes: &'m [u8],
    /// One for each path, once the body was read; empty before, and where it is not JSON.
    values: Vec<Scalar<'m>>,
    is_read: bool,
    max_depth: usize,
}

/// A defined body value, or what shadows it.
#[derive(Copy, Clone)]
enum Value<'m> {
    Bool(bool),
    Number(f64),
    /// A property that is there but null: below every text.
    NullText,
    Text(BodyText<'m>),
    Null,
}

impl<'m> Reader<'_, '_, 'm> {
    #[inline]
    fn test(&mut self, test: Test, memory: &mut EvaluateMemory) -> bool {
        match test.kind {
            TestKind::State(states) => states.contains(match self.slots.property(test.slot) {
                Property::Absent => States::ABSENT,
                Property::Null => States::NULL,
                Property::Text(_) => States::TEXT,
            }),
            TestKind::Text(Orderings::EQUAL, text) => self.is_text(test.slot, text),
            TestKind::Text(..) | TestKind::Affix(..) => {
                self.text(test.slot).is_some_and(|held| is_so(test.kind, &self.tree.texts, held))
            }
            TestKind::Number(within, interval) => {
                let interval = self.tree.vocabulary.constants.interval_of(interval);
                self.number(test.slot).is_some_and(|number| interval.contains(number) == within)
            }
            TestKind::Value(orderings, value) => {
                self.compare(test.slot, value).is_some_and(|ordering| orderings.contains(ordering))
            }
            TestKind::Expression(truth, expression) => self.expression(expression, memory) == Some(truth),
        }
    }

    #[inline]
    fn is_text(&self, slot: Slot, text: TextId) -> bool {
        let hash = self.slots.hash(slot.index());
        self.text(slot).is_some_and(|held| self.tree.texts.is(text, hash, held))
    }

    fn expression(&mut self, id: ExpressionId, memory: &mut EvaluateMemory) -> Option<bool> {
        let tree = self.tree;
        evaluate(tree.vocabulary.expressions().get(id.index())?, self, memory)
    }

    #[inline]
    fn text(&self, slot: Slot) -> Option<&'m str> {
        match self.slots.property(slot) {
            Property::Text(text) => Some(text),
            Property::Absent | Property::Null => None,
        }
    }

    #[inline]
    fn constant(&self, text: TextId) -> &str {
        self.tree.texts.text_of(text)
    }

    /// The number that a slot reads as.
    #[inline]
    fn number(&mut self, slot: Slot) -> Option<f64> {
        if !self.is_body(slot) {
            return self.slots.number(slot);
        }
        match self.defined(slot)? {
            Value::Number(number) => Some(number),
            Value::Text(text) => text.as_number(),
            Value::Bool(_) | Value::NullText | Value::Null => None,
        }
    }

    #[inline]
    fn is_body(&self, slot: Slot) -> bool {
        self.tree.bodies.numbers.get(slot.index()).is_some_and(|&number| number != u32::MAX)
    }

    /// How the value of a body slot, if it is defined, is ordered to a constant.
    fn compare(&mut self, slot: Slot, constant: ValueId) -> Option<Ordering> {
        let constant = self.tree.vocabulary.constants.value_of(constant);
        let value = self.defined(slot)?;
        Some(match (value, constant) {
            (Value::Bool(value), ValueConstant::Bool(constant)) => value.cmp(&constant),
            // A body's number is never NaN.
            (Value::Number(value), ValueConstant::Number(constant)) => {
                value.partial_cmp(&constant).unwrap_or(Ordering::Less)
            }
            (Value::Text(value), ValueConstant::Text(constant)) => value.compare_utf16(self.constant(constant)),
            (Value::NullText, ValueConstant::Text(_)) => Ordering::Less,
            (value, constant) => value.rank().cmp(&rank(constant)),
        })
    }

    /// The value of a body slot, if it is defined.
    fn defined(&mut self, slot: Slot) -> Option<Value<'m>> {
        match self.value(slot) {
            Scalar::Missing | Scalar::Null => Some(Value::Null),
            Scalar::Bool(truth) => Some(Value::Bool(truth)),
            Scalar::Number(number) => Some(Value::Number(number)),
            Scalar::Text(text) => Some(Value::Text(text)),
            Scalar::NullText => Some(Value::NullText),
            Scalar::Undefined | Scalar::Unreadable => None,
        }
    }

    /// The hash by which a body value is filed; `None` where it is undefined.
    fn value_hash(&mut self, slot: Slot) -> Option<ValueHash> {
        let key = &self.tree.key;
        Some(match self.defined(slot)? {
            Value::Bool(truth) => key.truth(truth),
            Value::Number(number) => key.number(number),
            Value::Text(text) => match text.as_str() {
                Some(text) => key.value(text),
                None => key.value(text.to_utf8_in(&mut [0; MAX_FILED_TEXT])?),
            },
            Value::Null => ValueHash::NULL,
            Value::NullText => return None,
        })
    }

    /// What is at the path of a body slot, the body being read now if it was not before.
    fn at_path(&mut self, slot: Slot) -> Scalar<'m> {
        if !self.is_read {
            self.is_read = true;
            self.read();
        }
        let number = self.tree.bodies.numbers.get(slot.index()).map_or(usize::MAX, |&number| number as usize);
        self.values.get(number).copied().unwrap_or(Scalar::Unreadable)
    }

    #[cold]
    fn read(&mut self) {
        let tree = self.tree;
        let Some((content_type, content_encoding)) = tree.bodies.content else {
            return;
        };
        let Some(encoding) = Encoding::of(self.text(content_type), self.text(content_encoding)) else {
            return;
        };
        self.values.resize(tree.bodies.shadows.len(), Scalar::default());
        if self.plan.scan(self.bytes, encoding, self.max_depth, self.body, &mut self.values).is_err() {
            self.values.clear();
        }
    }
}

/// Whether a test of a text, or of how it begins, ends or goes, holds of it.
#[inline]
pub(super) fn is_so(kind: TestKind, texts: &Texts, text: &str) -> bool {
    match kind {
        TestKind::Text(orderings, constant) => {
            work::comparison(text, texts.text_of(constant));
            orderings.contains(compare_utf16(text, texts.text_of(constant)))
        }
        TestKind::Affix(affix, has, part) => {
            let part = texts.text_of(part);
            work::bytes(if affix == Affix::Infix { text.len() } else { text.len().min(part.len()) });
            has == match affix {
                Affix::Prefix => text.starts_with(part),
                Affix::Suffix => text.ends_with(part),
                Affix::Infix => text.contains(part),
            }
        }
        TestKind::State(_) | TestKind::Number(..) | TestKind::Value(..) | TestKind::Expression(..) => false,
    }
}

impl<'m> Reads<'m> for Reader<'_, '_, 'm> {
    fn property(&self, slot: Slot) -> Property<'m> {
        self.slots.property(slot)
    }

    fn value(&mut self, slot: Slot) -> Scalar<'m> {
        let number = self.tree.bodies.numbers.get(slot.index()).map_or(usize::MAX, |&number| number as usize);
        let shadow = self.tree.bodies.shadows.get(number).copied().flatten();
        match shadow.map(|shadow| self.slots.property(shadow)) {
            Some(Property::Text(text)) => Scalar::text(text),
            Some(Property::Null) => Scalar::NullText,
            Some(Property::Absent) | None => self.at_path(slot),
        }
    }

    fn is_there(&mut self, slot: Slot) -> Option<bool> {
        self.at_path(slot).is_there()
    }
}

impl Value<'_> {
    fn rank(self) -> u8 {
        match self {
            Self::Bool(_) => 0,
            Self::Number(_) => 1,
            Self::NullText | Self::Text(_) => 2,
            Self::Null => 3,
        }
    }
}

fn rank(constant: ValueConstant) -> u8 {
    match constant {
        ValueConstant::Bool(_) => 0,
        ValueConstant::Number(_) => 1,
        ValueConstant::Text(_) => 2,
        ValueConstant::Null => 3,
    }
}
