//! Prints a typed condition as a table with a line for each node; operands come before their users.

use core::fmt;

use super::{Condition, NodeKind, Property, Text};

impl fmt::Debug for Condition<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (id, node) in self.nodes() {
            let separator = if id.index() == 0 { "" } else { "\n" };
            write!(f, "{separator}{id:?} {}: {}", node.ty, Shown(&node.kind))?;
        }
        Ok(())
    }
}

struct Shown<'a, 't>(&'a NodeKind<'t>);

impl fmt::Display for Shown<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            NodeKind::Undefined => f.write_str("undefined"),
            NodeKind::Null => f.write_str("null"),
            NodeKind::Bool(value) => write!(f, "{value}"),
            NodeKind::Number(value) => write!(f, "{value:?}"),
            NodeKind::Text(Text::WellFormed(text)) => write!(f, "{text:?}"),
            NodeKind::Text(Text::IllFormed(units)) => write!(f, "{units:04x?}"),
            NodeKind::Property(Property::Application(name)) => write!(f, "property {name}"),
            NodeKind::Property(Property::System(name)) => write!(f, "system property {name}"),
            NodeKind::Property(Property::ApplicationOrSystem(name)) => write!(f, "property or system property {name}"),
            NodeKind::Body { path, shadow: None } => write!(f, "body {path}"),
            NodeKind::Body { path, shadow: Some(name) } => write!(f, "property {name} or body {path}"),
            NodeKind::ToValue(operand) => write!(f, "value of {operand:?}"),
            NodeKind::Not(operand) => write!(f, "not {operand:?}"),
            NodeKind::Negate(operand) => write!(f, "- {operand:?}"),
            NodeKind::And(left, right) => write!(f, "{left:?} and {right:?}"),
            NodeKind::Or(left, right) => write!(f, "{left:?} or {right:?}"),
            NodeKind::Arithmetic(operator, left, right) => write!(f, "{left:?} {} {right:?}", operator.as_str()),
            NodeKind::Compare(comparison, left, right) => write!(f, "{left:?} {} {right:?}", comparison.as_str()),
            NodeKind::Coalesce(left, right) => write!(f, "{left:?} ?? {right:?}"),
            NodeKind::Call(function, arguments) => {
                write!(f, "{}(", function.name())?;
                for (index, argument) in arguments.iter().enumerate() {
                    let separator = if index == 0 { "" } else { ", " };
                    write!(f, "{separator}{argument:?}")?;
                }
                f.write_str(")")
            }
            NodeKind::TwinChangeIncludes(path) => write!(f, "twin_change_includes {path}"),
        }
    }
}
