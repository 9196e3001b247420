//! Evaluates a typed condition for a message, in the simplest way.
//!
//! It is one loop over the condition, operands first. It copies freely and looks things up in maps: faster code is
//! tested against it, so it is written to be read. Explanations watch the same loop (`observe`), so they cannot differ
//! from the verdict.
//!
//! ```
//! use edgeroute_lang::hir::{CheckOptions, check};
//! use edgeroute_lang::interpret::{ResolvedMessage, Verdict, verdict};
//! use edgeroute_lang::limits::Limits;
//! use edgeroute_lang::message::{Message, Origin};
//! use edgeroute_lang::syntax::parse_condition;
//!
//! let limits = Limits::default();
//! let parsed = parse_condition("as_number(level) > 3 and $body.machine.status = 'hot'", &limits);
//! assert!(parsed.errors.is_empty());
//! let condition = check(&parsed.tree, &CheckOptions::default()).expect("well typed");
//!
//! let properties = [("level", "4")];
//! let system = [("contentType", "application/json"), ("contentEncoding", "utf-8")];
//! let message = Message::new(Origin::device("thermometer"))
//!     .properties(&properties)
//!     .system_properties(&system)
//!     .body(br#"{"machine": {"status": "hot"}}"#);
//! assert_eq!(verdict(&condition, &ResolvedMessage::new(&message, &limits)?), Verdict::True);
//! # Ok::<(), edgeroute_lang::interpret::InvalidMessage>(())
//! ```

use core::fmt;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::OnceLock;

use crate::body::{BodyPath, BodyValue, Document, Encoding, Found, Unreadable};
use crate::hir::{Condition, Node, NodeId, NodeKind, Operand, Property, Type, Value, compute};
use crate::limits::Limits;
use crate::message::{Message, Properties};
use crate::text::fold;

/// The result of a condition for a message. Only `True` accepts the message.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Verdict {
    /// The condition is true.
    True,
    /// The condition is false.
    False,
    /// Neither: a value that it needs is missing or has the wrong kind.
    Undefined,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::True => "true",
            Self::False => "false",
            Self::Undefined => "undefined",
        })
    }
}

/// A resolved message: properties are found by name, and the body is read when it is first needed.
#[derive(Clone, Debug)]
pub struct ResolvedMessage<'m> {
    /// By upper-cased name.
    application: BTreeMap<Cow<'m, str>, Named<'m>>,
    /// By upper-cased name.
    system: BTreeMap<Cow<'m, str>, Named<'m>>,
    body_bytes: &'m [u8],
    /// [`Limits::body_depth`]
    body_depth: usize,
    body: OnceLock<Body>,
}

/// The body of a message, as queries see it.
#[derive(Clone, Debug)]
pub enum Body {
    /// The content type or encoding is missing or not one that queries can read: every query is undefined.
    Opaque,
    /// The body does not match its content type: every query is undefined.
    Unreadable(Unreadable),
    /// The body can be queried.
    Readable(Document),
}

impl<'m> ResolvedMessage<'m> {
    /// Resolves a message; `limits` bounds the nesting of its body. Allocates.
    ///
    /// # Errors
    /// Fails if two of its properties differ only by case.
    pub fn new(
        message: &Message<'m, impl Properties + ?Sized, impl Properties + ?Sized>,
        limits: &Limits,
    ) -> Result<Self, InvalidMessage> {
        let facts = Self::lenient(message, limits);
        let mut named = facts.application.values().chain(facts.system.values());
        match named.find(|named| named.is_ambiguous) {
            None => Ok(facts),
            Some(named) => Err(InvalidMessage { name: named.name.to_owned() }),
        }
    }

    /// As [`new`](Self::new), but accepts names that differ only by case: the name that sorts first, byte by byte,
    /// counts (SEMANTICS#ambiguous-names).
    #[must_use]
    pub fn lenient(message: &Message<'m, impl Properties + ?Sized, impl Properties + ?Sized>, limits: &Limits) -> Self {
        let mut application = BTreeMap::new();
        message.visit_properties(|name, value| insert(&mut application, name, value));
        let mut system = BTreeMap::new();
        message.visit_system_properties(|name, value| insert(&mut system, name, value));
        let (body_bytes, body_depth) = (message.body_bytes(), limits.body_depth);
        Self { application, system, body_bytes, body_depth, body: OnceLock::new() }
    }

    /// Returns the body, which the first call reads whole.
    pub fn body(&self) -> &Body {
        self.body.get_or_init(|| {
            let text = |name| match self.system_property(name) {
                Presence::Text(text) => Some(text),
                Presence::Missing | Presence::Null => None,
            };
            match Encoding::of(text("contentType"), text("contentEncoding")) {
                None => Body::Opaque,
                Some(encoding) => match Document::read(self.body_bytes, encoding, self.body_depth) {
                    Ok(document) => Body::Readable(document),
                    Err(why) => Body::Unreadable(why),
                },
            }
        })
    }

    /// The application property of this name, ignoring case (SEMANTICS#property-names).
    #[must_use]
    pub fn property(&self, name: &str) -> Presence<'m> {
        self.application.get(&*fold(name)).map_or(Presence::Missing, |named| named.presence)
    }

    /// Returns the system property of this name, ignoring case.
    #[must_use]
    pub fn system_property(&self, name: &str) -> Presence<'m> {
        self.system.get(&*fold(name)).map_or(Presence::Missing, |named| named.presence)
    }

    /// Returns the names of all properties of a kind, as given, in the order of their upper-cased forms.
    pub fn names(&self, kind: PropertyKind) -> impl Iterator<Item = &'m str> {
        let properties = match kind {
            PropertyKind::Application => &self.application,
            PropertyKind::System => &self.system,
        };
        properties.values().map(|named| named.name)
    }

    fn read_property(&self, property: Property<'_>) -> Option<(PropertyKind, &Value)> {
        let application =
            |name: &str| self.application.get(&*fold(name)).map(|named| (PropertyKind::Application, &named.value));
        let system = |name: &str| self.system.get(&*fold(name)).map(|named| (PropertyKind::System, &named.value));
        match property {
            Property::Application(name) => application(name),
            Property::System(name) => system(name),
            Property::ApplicationOrSystem(name) => {
                application(name).or_else(|| system(name.strip_prefix('$').unwrap_or(name)))
            }
        }
    }

    fn query_body(&self, path: &BodyPath) -> Queried<'_> {
        match self.body() {
            Body::Opaque => Queried::Opaque,
            Body::Unreadable(why) => Queried::Unreadable(why),
            Body::Readable(body) => Queried::Found(body.select(path)),
        }
    }

    /// Reads what a node finds in the message; `None` if the node does not read it.
    fn read(&self, kind: &NodeKind<'_>) -> Option<Reading<'_>> {
        match kind {
            NodeKind::Property(property) => Some(Reading::Property(self.read_property(*property))),
            // SEMANTICS#body-shadowing
            NodeKind::Body { path, shadow } => {
                let shadowing = shadow.and_then(|name| self.read_property(Property::Application(name)));
                Some(match shadowing {
                    Some((_, value)) => Reading::Shadow(value),
                    None => Reading::Body(self.query_body(path)),
                })
            }
            NodeKind::TwinChangeIncludes(path) => Some(Reading::TwinChange(self.query_body(path))),
            _ => None,
        }
    }
}

/// A kind of property.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum PropertyKind {
    /// A property that the sender set.
    Application,
    /// A property that the protocol or the hub set.
    System,
}

/// The part of the message that a node found.
#[derive(Clone, Debug)]
pub enum Reading<'f> {
    /// A property and its kind; `None` if the message has no property of this name.
    Property(Option<(PropertyKind, &'f Value)>),
    /// An application property that takes precedence over the body.
    Shadow(&'f Value),
    /// The value in the body.
    Body(Queried<'f>),
    /// Whether the body has anything at the path.
    TwinChange(Queried<'f>),
}

/// The result of a path in a message's body.
#[derive(Clone, Debug)]
pub enum Queried<'f> {
    /// See [`Body::Opaque`].
    Opaque,
    /// See [`Body::Unreadable`].
    Unreadable(&'f Unreadable),
    /// The body can be read.
    Found(Found<'f>),
}

impl Reading<'_> {
    /// Returns the value of the node that read this.
    fn value(&self) -> Value {
        match self {
            Self::Property(property) => property.map_or(Value::Undefined, |(_, value)| value.clone()),
            Self::Shadow(value) => (*value).clone(),
            Self::Body(Queried::Found(found)) => match found.value() {
                BodyValue::Null if *found == Found::Missing => Value::Missing,
                BodyValue::Null => Value::Null,
                BodyValue::Bool(value) => Value::Bool(value),
                BodyValue::Number(value) => Value::Number(value),
                BodyValue::Text(text) => Value::text(text),
                BodyValue::Undefined => Value::Undefined,
            },
            // SEMANTICS#twin-change-includes
            Self::TwinChange(Queried::Found(found)) => found.is_there().map_or(Value::Undefined, Value::Bool),
            Self::Body(Queried::Opaque | Queried::Unreadable(_))
            | Self::TwinChange(Queried::Opaque | Queried::Unreadable(_)) => Value::Undefined,
        }
    }
}

/// The state of a property.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Presence<'m> {
    /// The property is missing.
    Missing,
    /// The property is present and null.
    Null,
    /// The property has a value.
    Text(&'m str),
}

/// A property.
#[derive(Clone, Debug)]
struct Named<'m> {
    /// The name as given.
    name: &'m str,
    /// Whether another property has the same name in another case.
    is_ambiguous: bool,
    presence: Presence<'m>,
    /// The value as code units, converted once for all conditions.
    value: Value,
}

impl<'m> Named<'m> {
    fn new(name: &'m str, value: Option<&'m str>) -> Self {
        let (presence, value) = match value {
            None => (Presence::Null, Value::NullText),
            Some(text) => (Presence::Text(text), Value::text(text)),
        };
        Self { name, is_ambiguous: false, presence, value }
    }
}

/// Adds a property; if two have the same name ignoring case, the one whose spelling sorts first stays.
fn insert<'m>(properties: &mut BTreeMap<Cow<'m, str>, Named<'m>>, name: &'m str, value: Option<&'m str>) {
    match properties.entry(fold(name)) {
        Entry::Vacant(entry) => {
            entry.insert(Named::new(name, value));
        }
        Entry::Occupied(mut entry) => {
            let known = entry.get_mut();
            if name < known.name {
                *known = Named::new(name, value);
            }
            known.is_ambiguous = true;
        }
    }
}

/// The error of a message with two properties whose names differ only by case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InvalidMessage {
    name: String,
}

impl fmt::Display for InvalidMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the message has two properties named `{}`, which is compared ignoring case", self.name)
    }
}

impl core::error::Error for InvalidMessage {}

/// Returns the verdict of a condition for a message. Keeps only the values that are still needed.
#[must_use]
pub fn verdict(condition: &Condition<'_>, facts: &ResolvedMessage<'_>) -> Verdict {
    observe(condition, facts, |_| {})
}

/// Returns the verdict of a condition for a message, and the value of each of its nodes.
#[must_use]
pub fn evaluate(condition: &Condition<'_>, facts: &ResolvedMessage<'_>) -> Evaluation {
    let mut values = Vec::with_capacity(condition.nodes().len());
    let verdict = observe(condition, facts, |step| values.push(step.value.clone()));
    Evaluation { values, verdict }
}

/// A node whose value has just been computed.
#[derive(Debug)]
pub struct Step<'s, 'f, 't> {
    /// The id of the node.
    pub id: NodeId,
    /// The node.
    pub node: &'s Node<'t>,
    /// What the node found in the message; `None` if it is computed from its operands.
    pub reading: Option<Reading<'f>>,
    /// The value of the node.
    pub value: &'s Value,
    condition: &'s Condition<'t>,
    values: &'s [Value],
}

impl<'s> Step<'s, '_, '_> {
    /// Returns the value of an operand of the node.
    pub fn operand(&self, id: NodeId) -> Operand<'s> {
        operand(self.condition, self.values, id)
    }
}

/// Returns the verdict of a condition for a message, and calls `watch` with every node, operands before their users.
pub fn observe<'f, 't>(
    condition: &Condition<'t>,
    facts: &'f ResolvedMessage<'_>,
    mut watch: impl FnMut(Step<'_, 'f, 't>),
) -> Verdict {
    let mut values: Vec<Value> = Vec::with_capacity(condition.nodes().len());
    for (id, node) in condition.nodes() {
        let reading = facts.read(&node.kind);
        let value = match &reading {
            Some(reading) => reading.value(),
            None => compute(node, |id| operand(condition, &values, id)).unwrap_or(Value::Undefined),
        };
        watch(Step { id, node, reading, value: &value, condition, values: &values });
        // Each node is the operand of one other, so dropping operands avoids keeping every step of a long string.
        for used in node.kind.operands() {
            if let Some(used) = values.get_mut(used.index()) {
                *used = Value::Undefined;
            }
        }
        values.push(value);
    }
    values.last().map_or(Verdict::Undefined, |root| verdict_of(condition, root))
}

fn operand<'v>(condition: &Condition<'_>, values: &'v [Value], id: NodeId) -> Operand<'v> {
    Operand { ty: condition.type_of(id), value: values.get(id.index()).unwrap_or(&Value::Undefined) }
}

/// The verdict of a condition whose root has this value (SEMANTICS#verdict).
fn verdict_of(condition: &Condition<'_>, root: &Value) -> Verdict {
    match (condition.type_of(condition.root()), root) {
        (Type::Null, _) | (_, Value::Bool(false)) => Verdict::False,
        (_, Value::Bool(true)) => Verdict::True,
        _ => Verdict::Undefined,
    }
}

/// A verdict, and the values that led to it.
#[derive(Clone, PartialEq, Debug)]
pub struct Evaluation {
    /// The values by node.
    values: Vec<Value>,
    verdict: Verdict,
}

impl Evaluation {
    /// Returns the verdict.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Returns the value of a node of the condition; undefined for an id of another condition.
    #[must_use]
    pub fn value(&self, id: NodeId) -> &Value {
        self.values.get(id.index()).unwrap_or(&Value::Undefined)
    }
}

#[cfg(test)]
mod tests;
