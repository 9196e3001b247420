//! Watches a condition being evaluated, and records the value of each part and the reason for it.
//!
//! The value of each part comes from the interpreter. This module decides only how to explain it.

use super::note::{BodyPart, BodyProperty, Kind, Member, Nearest, Note};
use super::part::{ConditionExplanation, Part, PartValue};
use edgeroute_lang::body::{Encoding, Found, NearestMember};
use edgeroute_lang::builtin::{Function, Parameter};
use edgeroute_lang::diagnostic::closest;
use edgeroute_lang::hir::{Comparison, Condition, Node, NodeId, NodeKind, Operand, Property, Value};
use edgeroute_lang::interpret::{Body, Presence, PropertyKind, Queried, Reading, ResolvedMessage, Step, observe};
use edgeroute_lang::message::Stamp;
use edgeroute_lang::span::Span;
use edgeroute_lang::text::{as_number, eq_ignore_case};

/// The most code units of two strings that are examined to describe how they differ.
const COMPARED_UNITS: usize = 1024;

/// Evaluates a condition of the route `text` and keeps the values of its parts.
pub(super) fn explain(condition: &Condition<'_>, text: &str, facts: &ResolvedMessage<'_>) -> ConditionExplanation {
    let root = condition.root();
    let mut parts: Vec<Part> = Vec::new();
    // Maps each node to its place in `parts`.
    let mut places: Vec<Option<usize>> = Vec::with_capacity(condition.nodes().len());
    let verdict = observe(condition, facts, |step| {
        let (span, is_root) = (step.node.span, step.id == root);
        let is_shown = is_root && !span.is_empty() || !is_literal(step.node, text);
        // A conversion has the span of its operand.
        if !is_shown || matches!(step.node.kind, NodeKind::ToValue(_)) {
            return places.push(None);
        }
        for link in links(step.node, condition) {
            if let Some(part) = places.get(link.index()).copied().flatten().and_then(|place| parts.get_mut(place)) {
                part.is_link = true;
            }
        }
        let note = note(&step, facts, condition);
        let note = if is_root { note.or_else(|| no_bool(step.value)) } else { note };
        places.push(Some(parts.len()));
        parts.push(Part { span, value: PartValue::from(step.value), note, is_link: false });
    });
    let span = condition.get(root).map_or(Span::default(), |node| node.span);
    ConditionExplanation { verdict, span, parts }
}

/// Whether a node is a literal whose source shows its value. The `null` of `null and x` does not look like one.
fn is_literal(node: &Node<'_>, text: &str) -> bool {
    let written = node.span.slice(text);
    match &node.kind {
        NodeKind::Number(_) | NodeKind::Text(_) => true,
        NodeKind::Undefined => matches!(written, "undefined" | ""),
        NodeKind::Null => written == "null",
        NodeKind::Bool(_) => matches!(written, "true" | "false" | ""),
        _ => false,
    }
}

/// The operands of an `and` that are themselves `and`s, or of an `or` that are themselves `or`s.
fn links(node: &Node<'_>, condition: &Condition<'_>) -> impl Iterator<Item = NodeId> {
    let is_link = |id: &NodeId| {
        let operand = condition.get(*id).map(|operand| &operand.kind);
        matches!(
            (&node.kind, operand),
            (NodeKind::And(..), Some(NodeKind::And(..))) | (NodeKind::Or(..), Some(NodeKind::Or(..)))
        )
    };
    let operands: Vec<NodeId> = node.kind.operands().into_iter().filter(is_link).collect();
    operands.into_iter()
}

/// Explains why a condition that is defined is still not true as a whole.
fn no_bool(value: &Value) -> Option<Note> {
    match kind(value) {
        None | Some(Kind::Bool) => None,
        Some(kind) => Some(Note::NoBool(kind)),
    }
}

/// Returns what is worth saying about a node's value.
fn note(step: &Step<'_, '_, '_>, facts: &ResolvedMessage<'_>, condition: &Condition<'_>) -> Option<Note> {
    if let Some(reading) = &step.reading {
        return of_reading(reading, &step.node.kind, facts);
    }
    let operands = step.node.kind.operands();
    let span_of = |id: NodeId| condition.get(id).map_or(step.node.span, |node| node.span);
    if step.value.is_defined() {
        return match &step.node.kind {
            NodeKind::Compare(comparison, left, right) => {
                of_comparison(*comparison, step.operand(*left).value, step.operand(*right).value, step.value)
            }
            _ => None,
        };
    }
    if let Some(&undefined) = operands.iter().find(|&&id| !step.operand(id).value.is_defined()) {
        return Some(Note::UndefinedOperand { operand: span_of(undefined) });
    }
    // All operands are defined, but the result is not.
    let wrong = |wanted: fn(usize) -> Option<Kind>| {
        let is_wrong = |(index, id): (usize, &NodeId)| {
            let (wanted, found) = (wanted(index)?, kind(step.operand(*id).value)?);
            (wanted != found).then(|| Note::WrongKind { operand: span_of(*id), found, wanted })
        };
        operands.iter().enumerate().find_map(is_wrong)
    };
    Some(match &step.node.kind {
        NodeKind::Not(_) | NodeKind::And(..) | NodeKind::Or(..) => {
            wrong(|_| Some(Kind::Bool)).unwrap_or(Note::NotANumber)
        }
        NodeKind::Arithmetic(..) | NodeKind::Negate(_) => wrong(|_| Some(Kind::Number)).unwrap_or(Note::NotANumber),
        NodeKind::Compare(..) => Note::NullAgainstText,
        NodeKind::Call(function, arguments) => {
            let arguments: Vec<(Span, Operand<'_>)> =
                arguments.iter().map(|&id| (span_of(id), step.operand(id))).collect();
            of_call(*function, &arguments)
        }
        _ => Note::UndefinedLiteral,
    })
}

/// Explains why a call is undefined although its arguments are defined.
fn of_call(function: Function, arguments: &[(Span, Operand<'_>)]) -> Note {
    if let (Function::AsNumber, [(_, Operand { value: Value::Text(_), .. })]) = (function, arguments) {
        return Note::NoNumberInText;
    }
    let overload = function.overloads().iter().rfind(|overload| overload.takes(arguments.len()));
    for (index, (operand, argument)) in arguments.iter().enumerate() {
        // `as_number` also accepts strings, but its proper argument is a number.
        let parameter = overload.and_then(|overload| overload.parameter(index)).unwrap_or(Parameter::Any);
        let is_taken = |wanted, found| wanted == found || function == Function::Concat && found == Kind::NullProperty;
        if let (Some(wanted), Some(found)) = (Kind::of(parameter), kind(argument.value))
            && !is_taken(wanted, found)
        {
            return Note::WrongKind { operand: *operand, found, wanted };
        }
    }
    if function == Function::Substring { Note::OutOfRange } else { Note::NotANumber }
}

/// Notes what may be surprising about a comparison that is defined.
fn of_comparison(comparison: Comparison, left: &Value, right: &Value, result: &Value) -> Option<Note> {
    let is_equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
    if let (Value::Text(left), Value::Text(right)) = (left, right) {
        if left.len().max(right.len()) > COMPARED_UNITS {
            return None;
        }
        let (left, right) = (String::from_utf16(left).ok()?, String::from_utf16(right).ok()?);
        if is_equality {
            return (left != right && eq_ignore_case(&left, &right)).then_some(Note::DiffersByCase);
        }
        // Reported only if it makes a difference.
        let numbers = (as_number(&left)?, as_number(&right)?);
        let as_numbers = comparison.holds(numbers.0.partial_cmp(&numbers.1)?);
        return (*result != Value::Bool(as_numbers)).then_some(Note::NumbersAsTexts);
    }
    let (left, right) = (kind(left)?, kind(right)?);
    // `$body.x != null` tests for presence, so its result is no surprise.
    let is_presence = is_equality && (left == Kind::Null || right == Kind::Null);
    (left != right && !is_presence).then_some(Note::DifferentKinds(left, right))
}

/// The kind of a value; `None` for undefined.
fn kind(value: &Value) -> Option<Kind> {
    match value {
        Value::Undefined => None,
        Value::Null | Value::Missing => Some(Kind::Null),
        Value::NullText => Some(Kind::NullProperty),
        Value::Bool(_) => Some(Kind::Bool),
        Value::Number(_) => Some(Kind::Number),
        Value::Text(_) => Some(Kind::Text),
    }
}

/// Notes what may be surprising about the value that a node read from the message.
fn of_reading(reading: &Reading<'_>, node: &NodeKind<'_>, facts: &ResolvedMessage<'_>) -> Option<Note> {
    match reading {
        Reading::Property(None) => match node {
            NodeKind::Property(property) => Some(missing(*property, facts)),
            _ => None,
        },
        Reading::Property(Some((_, Value::NullText))) => Some(Note::NullProperty),
        Reading::Property(Some((PropertyKind::Application, _))) => match node {
            NodeKind::Property(Property::ApplicationOrSystem(_)) => Some(Note::Shadowed),
            _ => None,
        },
        Reading::Property(Some(_)) => None,
        Reading::Shadow(_) => Some(Note::Shadowed),
        Reading::Body(queried) => match queried {
            Queried::Found(Found::Missing) => Some(Note::NothingThere { nearest: nearest_member(node, facts) }),
            Queried::Found(found) => of_found(*found),
            Queried::Opaque => Some(opaque(facts)),
            Queried::Unreadable(why) => Some(unreadable(why)),
        },
        Reading::TwinChange(queried) => match queried {
            Queried::Found(Found::Impossible) => Some(Note::NoValue(BodyPart::Impossible)),
            Queried::Found(_) => None,
            Queried::Opaque => Some(opaque(facts)),
            Queried::Unreadable(why) => Some(unreadable(why)),
        },
    }
}

const fn of_found(found: Found<'_>) -> Option<Note> {
    Some(match found {
        Found::Missing | Found::Null | Found::Bool(_) | Found::Number(_) | Found::Text(_) => return None,
        Found::Date => Note::NoValue(BodyPart::Date),
        Found::Array => Note::NoValue(BodyPart::Array),
        Found::Object => Note::NoValue(BodyPart::Object),
        Found::Several => Note::NoValue(BodyPart::Several),
        Found::Impossible => Note::NoValue(BodyPart::Impossible),
    })
}

/// What the body has instead of a member that is missing.
fn nearest_member(node: &NodeKind<'_>, facts: &ResolvedMessage<'_>) -> Option<Member> {
    let (NodeKind::Body { path, .. }, Body::Readable(document)) = (node, facts.body()) else {
        return None;
    };
    Some(match document.nearest(path)? {
        NearestMember::Spelled(name) => Member::Spelled(name.to_owned()),
        NearestMember::Dotted(name) => Member::Dotted(name.to_owned()),
    })
}

fn unreadable(why: &edgeroute_lang::body::Unreadable) -> Note {
    Note::BodyUnreadable { offset: why.offset(), reason: why.reason().to_string() }
}

/// Names the property that prevents the body from being read.
fn opaque(facts: &ResolvedMessage<'_>) -> Note {
    let text = |property: BodyProperty| match facts.system_property(property.name()) {
        Presence::Text(text) => Some(text),
        Presence::Missing | Presence::Null => None,
    };
    let content_type = text(BodyProperty::ContentType);
    // If the encoding is known, the content type decides.
    let is_by_type = Encoding::of(content_type, Some("utf-8")).is_none();
    let property = if is_by_type { BodyProperty::ContentType } else { BodyProperty::ContentEncoding };
    let found = text(property).map(str::to_owned);
    let application = facts.names(PropertyKind::Application).find(|name| declares(name, property)).map(str::to_owned);
    Note::BodyNotDeclared { property, found, application }
}

/// Whether an application property has a name that devices and protocols use for this system property.
fn declares(name: &str, property: BodyProperty) -> bool {
    let short = match property {
        BodyProperty::ContentType => "ct",
        BodyProperty::ContentEncoding => "ce",
    };
    let bare: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let bare = bare.strip_prefix("iothub").unwrap_or(&bare);
    bare.eq_ignore_ascii_case(property.name()) || name.strip_prefix("$.").is_some_and(|rest| rest == short)
}

/// Notes that a property is missing, and the nearest one that the message has.
fn missing(property: Property<'_>, facts: &ResolvedMessage<'_>) -> Note {
    let (name, kind) = match property {
        Property::Application(name) => (name, PropertyKind::Application),
        Property::System(name) => (name, PropertyKind::System),
        Property::ApplicationOrSystem(name) => (name.strip_prefix('$').unwrap_or(name), PropertyKind::System),
    };
    if kind == PropertyKind::System && Stamp::named(name) == Some(Stamp::Input) {
        return Note::NeverWhileRouting;
    }
    let other = match kind {
        PropertyKind::Application => facts.system_property(name),
        PropertyKind::System => facts.property(name),
    };
    let nearest = if other != Presence::Missing {
        Some(Nearest::OtherKind)
    } else if kind == PropertyKind::System && Stamp::named(name).is_some() {
        // The name is spelled correctly: the hub did not stamp this property. Names of other stamps would only look
        // similar.
        None
    } else {
        closest(name, facts.names(kind)).map(|near| Nearest::Spelled(near.to_owned()))
    };
    Note::NoProperty { name: name.to_owned(), kind, nearest }
}
