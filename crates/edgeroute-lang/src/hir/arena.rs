//! Builds a [`Condition`]: nodes are pushed operands first, and unused nodes are dropped.

use super::{Condition, Node, NodeId, NodeKind, Type};
use crate::span::Span;
use crate::steps;

/// The nodes of a condition that is being built.
#[derive(Debug)]
pub(super) struct Arena<'t> {
    nodes: Vec<Node<'t>>,
}

impl<'t> Arena<'t> {
    /// Creates an empty arena with room for `capacity` nodes.
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { nodes: Vec::with_capacity(capacity) }
    }

    /// Adds a node. Its operands must be in the arena, and must not be operands of another node that is kept.
    pub(super) fn push(&mut self, kind: NodeKind<'t>, ty: Type, span: Span) -> NodeId {
        steps::step();
        let id = NodeId::new(self.nodes.len());
        self.nodes.push(Node { kind, ty, span });
        id
    }

    pub(super) fn get(&self, id: NodeId) -> Option<&Node<'t>> {
        self.nodes.get(id.index())
    }

    pub(super) fn get_mut(&mut self, id: NodeId) -> Option<&mut Node<'t>> {
        self.nodes.get_mut(id.index())
    }

    pub(super) fn type_of(&self, id: NodeId) -> Type {
        self.get(id).map_or(Type::Undefined, |node| node.ty)
    }

    /// Finishes the condition whose outermost node is `root`, without the nodes that `root` does not need.
    pub(super) fn finish(mut self, root: NodeId) -> Condition<'t> {
        self.nodes.truncate(root.index() + 1);
        steps::steps(self.nodes.len());
        let mut operands = 0;
        for node in &self.nodes {
            node.kind.for_each_operand(|_| operands += 1);
        }
        // Every node is used at most once, so all nodes are needed if all but the root are used.
        if operands + 1 == self.nodes.len() {
            return Condition { nodes: self.nodes };
        }
        let mut needed = vec![false; self.nodes.len()];
        if let Some(last) = needed.last_mut() {
            *last = true;
        }
        for (index, node) in self.nodes.iter().enumerate().rev() {
            if needed.get(index) == Some(&true) {
                node.kind.for_each_operand(|operand| {
                    if let Some(needed) = needed.get_mut(operand.index()) {
                        *needed = true;
                    }
                });
            }
        }
        let mut moved = Vec::with_capacity(needed.len());
        let mut nodes: Vec<Node<'t>> = Vec::with_capacity(needed.len());
        for (mut node, needed) in self.nodes.into_iter().zip(needed) {
            moved.push(NodeId::new(nodes.len()));
            if needed {
                node.kind.for_each_operand_mut(|operand| {
                    if let Some(new) = moved.get(operand.index()) {
                        *operand = *new;
                    }
                });
                nodes.push(node);
            }
        }
        Condition { nodes }
    }
}
