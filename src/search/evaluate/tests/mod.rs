//! Compares evaluation with the interpreter, and ropes with plain code units.

mod expressions;
#[cfg(feature = "count-steps")]
mod hostile;
mod ropes;
mod vectors;

use std::collections::BTreeMap;

use proptest::prelude::ProptestConfig;

use super::*;
use crate::search::body::{BodyPlan, BodyScratch};
use edgeroute_lang::body::{BodyPath, Encoding};
use edgeroute_lang::hir::{Condition, NodeId};
use edgeroute_lang::interpret::{self, Presence, ResolvedMessage};
use edgeroute_lang::predicate::{Interner, SlotKind};

/// Few enough cases to run every time; `PROPTEST_CASES` sets another number.
fn config(cases: u32) -> ProptestConfig {
    let from_environment = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: from_environment.unwrap_or(cases), failure_persistence: None, ..ProptestConfig::default() }
}

/// A message as the expressions of an interner read it.
struct Resolved<'v, 'm> {
    interner: &'v Interner,
    facts: &'m ResolvedMessage<'m>,
    /// The values in the body by slot; none if the body cannot be read.
    found: BTreeMap<Slot, Scalar<'m>>,
}

impl<'v, 'm> Resolved<'v, 'm> {
    fn new(interner: &'v Interner, facts: &'m ResolvedMessage<'m>, body: &'m [u8]) -> Self {
        const DEPTH: usize = 64;
        let bodies = interner.reads.iter().filter_map(|(slot, kind)| match kind {
            SlotKind::Body { path, .. } => Some((slot, path.clone())),
            _ => None,
        });
        let (slots, paths): (Vec<Slot>, Vec<BodyPath>) = bodies.unzip();
        let plan = BodyPlan::new(&paths);
        let mut found = vec![Scalar::default(); paths.len()];
        let content = ["contentType", "contentEncoding"].map(|name| match facts.system_property(name) {
            Presence::Text(text) => Some(text),
            Presence::Missing | Presence::Null => None,
        });
        let encoding = Encoding::of(content[0], content[1]);
        let is_read = encoding.is_some_and(|encoding| {
            plan.scan(body, encoding, DEPTH, &mut BodyScratch::new(&plan, DEPTH), &mut found).is_ok()
        });
        let found = slots.into_iter().zip(found).filter(|_| is_read).collect();
        Self { interner, facts, found }
    }

    fn of_kind(&self, kind: &SlotKind) -> Property<'m> {
        let presence = match kind {
            SlotKind::Application(name) => self.facts.property(name),
            SlotKind::System(name) => self.facts.system_property(name),
            SlotKind::ApplicationOrSystem(name) => match self.facts.property(&format!("${name}")) {
                Presence::Missing => self.facts.system_property(name),
                found => found,
            },
            SlotKind::Body { .. } => panic!("a property was from_environment for"),
        };
        match presence {
            Presence::Missing => Property::Absent,
            Presence::Null => Property::Null,
            Presence::Text(text) => Property::Text(text),
        }
    }
}

impl<'m> ReadSlots<'m> for Resolved<'_, 'm> {
    fn property(&self, slot: Slot) -> Property<'m> {
        self.of_kind(self.interner.reads.get(slot).unwrap())
    }

    fn value(&mut self, slot: Slot) -> Scalar<'m> {
        let Some(SlotKind::Body { shadow, .. }) = self.interner.reads.get(slot) else {
            panic!("a body slot was expected");
        };
        match shadow.map_or(Property::Absent, |shadow| self.property(shadow)) {
            Property::Text(text) => Scalar::text(text),
            Property::Null => Scalar::NullText,
            Property::Absent => self.found.get(&slot).copied().unwrap_or_default(),
        }
    }

    fn is_there(&mut self, slot: Slot) -> Option<bool> {
        self.found.get(&slot).copied().unwrap_or_default().is_there()
    }
}

/// The parts of a condition, each as a separate expression.
struct Expressions {
    interner: Interner,
    of_nodes: BTreeMap<NodeId, Expression>,
    memory: EvaluateMemory,
}

impl Expressions {
    /// Creates the expressions of these nodes.
    fn of(condition: &Condition<'_>, nodes: impl Iterator<Item = NodeId>) -> Self {
        let mut interner = Interner::default();
        let of_nodes: BTreeMap<NodeId, Expression> =
            nodes.map(|node| (node, Expression::of(condition, node, &mut interner))).collect();
        let all: Vec<Expression> = of_nodes.values().cloned().collect();
        Self { interner, of_nodes, memory: EvaluateMemory::new(&all) }
    }

    /// Evaluates each expression and compares the result with the interpreter. Checks that the memory has not grown.
    fn check(&mut self, text: &str, condition: &Condition<'_>, facts: &ResolvedMessage<'_>, body: &[u8]) {
        let before = self.memory.heap_bytes();
        let evaluation = interpret::evaluate(condition, facts);
        let mut resolved = Resolved::new(&self.interner, facts, body);
        for (&node, expression) in &self.of_nodes {
            let found = evaluate(expression, &mut resolved, &mut self.memory);
            let expected = match evaluation.value(node) {
                _ if condition.type_of(node) == Type::Null => Some(false),
                Value::Bool(truth) => Some(*truth),
                _ => None,
            };
            assert_eq!(found, expected, "{node:?} of {text}\n{condition:?}\n{facts:?}");
        }
        assert_eq!(self.memory.heap_bytes(), before, "{text}");
    }
}
