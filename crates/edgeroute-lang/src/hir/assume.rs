//! Replaces stamps whose values are known by constants.
//!
//! For all messages of one sender, the stamps are constants. After [`assume`], [`fold`](super::fold) computes every
//! operation on them, so `lower($connectionModuleId) != 'filter'` becomes `false` for the module `Filter`.

use std::borrow::Cow;

use super::arena::Arena;
use super::{Condition, NodeId, NodeKind, Property, Text};
use crate::message::Stamp;

/// What is known about a stamp.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Known<'v> {
    /// No message has the stamp.
    Undefined,
    /// Every message has the stamp, with any value.
    Present,
    /// Every message has the stamp, with this value.
    Text(&'v str),
}

/// Returns the condition with what is known about stamps written into it: it has the same value for every message
/// whose stamps are as `known` says. The result is not folded. Names that an application property may shadow are kept.
/// Allocates if anything is replaced.
#[must_use]
pub fn assume<'c, 't>(
    condition: &'c Condition<'t>,
    known: impl Fn(Stamp) -> Option<Known<'c>>,
) -> Cow<'c, Condition<'t>> {
    let of = |kind: &NodeKind<'t>| match kind {
        NodeKind::Property(Property::System(name)) => Stamp::named(name).and_then(&known),
        _ => None,
    };
    if condition.nodes().all(|(_, node)| of(&node.kind).is_none()) {
        return Cow::Borrowed(condition);
    }
    let mut arena = Arena::with_capacity(condition.nodes.len());
    // For each node of the condition so far, its replacement.
    let mut replaced: Vec<NodeId> = Vec::with_capacity(condition.nodes.len());
    // For each node of `arena`, whether it is known to be defined.
    let mut present: Vec<bool> = Vec::with_capacity(condition.nodes.len());
    for (_, node) in condition.nodes() {
        let mut kind = node.kind.clone();
        kind.for_each_operand_mut(|operand| {
            if let Some(id) = replaced.get(operand.index()) {
                *operand = *id;
            }
        });
        let is_present = |operand: NodeId| present.get(operand.index()) == Some(&true);
        let (id, is_present) = match (of(&kind), kind) {
            (Some(Known::Undefined), _) => (arena.push(NodeKind::Undefined, node.ty, node.span), false),
            (Some(Known::Text(text)), _) => {
                let text = Text::WellFormed(Cow::Owned(text.to_owned()));
                (arena.push(NodeKind::Text(text), node.ty, node.span), true)
            }
            (Some(Known::Present), kind) => (arena.push(kind, node.ty, node.span), true),
            (None, NodeKind::Coalesce(left, _)) if is_present(left) => {
                replaced.push(left);
                continue;
            }
            (None, kind) => {
                let is_present = matches!(kind, NodeKind::ToValue(operand) if is_present(operand));
                (arena.push(kind, node.ty, node.span), is_present)
            }
        };
        replaced.push(id);
        present.push(is_present);
    }
    match replaced.last() {
        Some(&root) => Cow::Owned(arena.finish(root)),
        None => Cow::Borrowed(condition),
    }
}

/// Whether the condition reads a stamp that no application property can shadow, so that its sender may decide it.
#[must_use]
pub fn reads_stamps(condition: &Condition<'_>) -> bool {
    condition.nodes().any(
        |(_, node)| matches!(node.kind, NodeKind::Property(Property::System(name)) if Stamp::named(name).is_some()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hir::{CheckOptions, check, fold};
    use crate::limits::Limits;
    use crate::syntax::parse_condition;

    fn assumed(text: &str, module: Known<'_>) -> String {
        let parsed = parse_condition(text, &Limits::default());
        let condition = check(&parsed.tree, &CheckOptions::default()).unwrap_or_else(|errors| panic!("{errors:?}"));
        let module = |stamp| (stamp == Stamp::Module).then_some(module);
        format!("{:?}", fold(&assume(&condition, module)))
    }

    #[test]
    fn every_function_of_a_known_stamp_is_computed() {
        for text in [
            "$connectionModuleId = 'Proc'",
            "{$ConnectionModuleID} = 'Proc'",
            "($connectionModuleId ?? '') = 'Proc'",
            "not (($connectionModuleId ?? '') != 'Proc')",
            "lower($connectionModuleId) = 'proc'",
            "starts_with($connectionModuleId, 'Pro')",
            "$connectionModuleId || '-1' = 'Proc-1'",
            "concat('/', $connectionModuleId) = '/Proc'",
            "length($connectionModuleId) = 4",
            "is_defined($connectionModuleId) or a = 'b'",
        ] {
            assert_eq!(assumed(text, Known::Text("Proc")), "#0 bool: true", "{text}");
        }
        assert_eq!(assumed("$connectionModuleId != 'a'", Known::Undefined), "#0 bool: undefined");
        assert_eq!(assumed("($connectionModuleId ?? '') != 'a'", Known::Undefined), "#0 bool: true");
    }

    #[test]
    fn a_stamp_that_is_present_needs_no_alternative() {
        let plain = assumed("$connectionModuleId != 'a'", Known::Present);
        assert_eq!(assumed("($connectionModuleId ?? '') != 'a'", Known::Present), plain);
        assert_eq!(assumed("(($connectionModuleId ?? b) ?? '') != 'a'", Known::Present), plain);
    }

    #[test]
    fn other_names_are_kept() {
        for text in ["connectionModuleId = 'Proc'", "$connectionDeviceId = 'Proc'", "$body.x = 5"] {
            let kept = assumed(text, Known::Text("Proc"));
            assert!(kept.lines().count() > 2, "{text}: {kept}");
        }
    }
}
