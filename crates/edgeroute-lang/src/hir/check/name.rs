//! Resolves names to properties, system properties and body queries.

use super::{Checker, Shadowing};
use crate::body::BodyPath;
use crate::hir::{NodeId, NodeKind, Property, Type};
use crate::message::Stamp;
use crate::span::Span;
use crate::text::eq_ignore_case;

impl<'t> Checker<'_, 't> {
    /// `name` reads the application property (SEMANTICS#application-properties).
    pub(super) fn property(&mut self, name: &'t str, span: Span) -> NodeId {
        self.arena.push(NodeKind::Property(Property::Application(name)), Type::Text, span)
    }

    /// `$name` is a body query, which an application property of that name shadows unless the path has brackets
    /// (SEMANTICS#body-shadowing), or else the application property, or else the system property
    /// (SEMANTICS#system-properties).
    pub(super) fn system_property(&mut self, name: &'t str, span: Span) -> Option<NodeId> {
        if let Some(path) = body_path(name) {
            let shadow = if has_bracket(name) { None } else { Some(name) };
            let path_span = Span::new(span.start() + BODY_PREFIX_BYTES, span.end());
            return self.body_query(path, path_span, shadow, span);
        }
        let system = without_dollar(name);
        let property = match self.options.shadowing {
            // A client must not pass for another device (SEMANTICS#stamps-cannot-be-forged).
            Shadowing::Deny if Stamp::named(system).is_some() => Property::System(system),
            Shadowing::Deny | Shadowing::Reference => Property::ApplicationOrSystem(name),
        };
        Some(self.property_without_brackets(property, name, span))
    }

    /// `{$name}` never reads the application property (SEMANTICS#system-properties).
    pub(super) fn escaped_system_property(&mut self, name: &'t str, span: Span) -> Option<NodeId> {
        if let Some(path) = body_path(name) {
            return self.body_query(path, span, None, span);
        }
        Some(self.property_without_brackets(Property::System(without_dollar(name)), name, span))
    }

    /// A name with a bracket has the static type undefined and reads nothing (SEMANTICS#bracketed-names).
    fn property_without_brackets(&mut self, property: Property<'t>, name: &str, span: Span) -> NodeId {
        if has_bracket(name) {
            self.arena.push(NodeKind::Undefined, Type::Undefined, span)
        } else {
            self.arena.push(NodeKind::Property(property), Type::Text, span)
        }
    }

    /// `path_span` is the place of the path, or of the whole expression if that is not known.
    fn body_query(&mut self, path: &'t str, path_span: Span, shadow: Option<&'t str>, span: Span) -> Option<NodeId> {
        match BodyPath::parse(path) {
            Ok(path) => Some(self.arena.push(NodeKind::Body { path, shadow }, Type::Value, span)),
            Err(error) => {
                self.invalid_body_path(&error, path, path_span);
                None
            }
        }
    }
}

const BODY_PREFIX: &str = "$body.";
const BODY_PREFIX_BYTES: u32 = 6;

/// The path after `$body.`, which ignores case (SEMANTICS#body-queries).
fn body_path(name: &str) -> Option<&str> {
    let (prefix, path) = name.split_at_checked(BODY_PREFIX.len())?;
    eq_ignore_case(prefix, BODY_PREFIX).then_some(path)
}

fn without_dollar(name: &str) -> &str {
    name.strip_prefix('$').unwrap_or(name)
}

fn has_bracket(name: &str) -> bool {
    name.contains(['[', ']'])
}
