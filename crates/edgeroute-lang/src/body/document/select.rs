//! Follows paths.

use std::collections::BTreeMap;

use super::{Document, Found, Node, NodeId};
use crate::body::path::{BodyPath, Step};

/// The nodes that a path has reached, and how often: with `..` there can be several ways to one node.
type Reached = BTreeMap<NodeId, Times>;

#[derive(Copy, Clone, PartialEq, Eq)]
enum Times {
    Once,
    /// Several times; the exact number has no effect.
    Often,
}

impl Times {
    const fn plus(a: Option<Self>, b: Option<Self>) -> Option<Self> {
        match (a, b) {
            (None, times) | (times, None) => times,
            (Some(_), Some(_)) => Some(Self::Often),
        }
    }
}

impl Document {
    /// Finds the values of a path, from the root on.
    #[must_use]
    pub fn select(&self, path: &BodyPath) -> Found<'_> {
        let Some(steps) = path.steps() else {
            return Found::Impossible;
        };
        let mut reached = Reached::from([(self.root(), Times::Once)]);
        for step in steps {
            reached = match self.follow(&reached, step) {
                Some(reached) => reached,
                None => return Found::Impossible,
            };
            if reached.is_empty() {
                return Found::Missing;
            }
        }
        let mut reached = reached.into_iter();
        match (reached.next(), reached.next()) {
            (Some((only, Times::Once)), None) => self.found(only),
            _ => Found::Several,
        }
    }

    /// Returns the nodes that a step reaches; `None` if it cannot be followed.
    fn follow(&self, reached: &Reached, step: &Step) -> Option<Reached> {
        // Every node has one parent, so different nodes never share a child.
        let mut next = Reached::new();
        for (&id, &times) in reached {
            match step {
                Step::Member(name) => next.extend(self.member(id, name).map(|value| (value, times))),
                Step::Members => next.extend(self.members(id).iter().map(|member| (member.value, times))),
                Step::Index(index) => {
                    let element = usize::try_from(*index).ok().and_then(|index| self.elements(id).get(index));
                    next.extend(element.map(|&element| (element, times)));
                }
                Step::NegativeIndex => {
                    if let Some(Node::Array(_)) = self.nodes.get(id.index()) {
                        return None;
                    }
                }
                Step::Elements => next.extend(self.elements(id).iter().map(|&element| (element, times))),
                // These search from all reached nodes at once.
                Step::Descendants(name) => return Some(self.descendants(reached, Some(name))),
                Step::AllDescendants => return Some(self.descendants(reached, None)),
            }
        }
        Some(next)
    }

    /// Returns the members with a name below all reached nodes; without a name, everything from there down. A node is
    /// reached once for each reached node that it is below.
    fn descendants(&self, reached: &Reached, name: Option<&str>) -> Reached {
        let mut below = Reached::new();
        let mut pending = vec![(self.root(), None, None)];
        while let Some((id, member_name, above)) = pending.pop() {
            let here = Times::plus(above, reached.get(&id).copied());
            let times = match name {
                None => here,
                Some(_) if member_name == name => above,
                Some(_) => None,
            };
            below.extend(times.map(|times| (id, times)));
            pending.extend(self.elements(id).iter().map(|&element| (element, None, here)));
            pending.extend(self.members(id).iter().map(|member| (member.value, Some(self.text(&member.name)), here)));
        }
        below
    }
}
