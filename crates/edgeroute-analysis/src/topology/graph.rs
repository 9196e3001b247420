//! The graph of which modules, and ranges of modules, can send to which.
//!
//! A flow from all modules except a few would need about as many edges as there are modules. Instead it starts from a
//! few ranges. A binary tree of ranges is built above the modules, with an edge from each module to its range and from
//! each range to the one above. "All but k of n" then takes at most 2 (k + 1) log n ranges.

use super::{FlowId, Module, ModuleId, SomeModules, Target, Way};

/// A node: 1 is the range of all modules, a range `i` consists of `2 i` and `2 i + 1`, and the modules are the leaves.
pub(super) type Node = usize;

/// An edge and its flow. The flow is `None` for an edge from a module or range to the enclosing range.
#[derive(Copy, Clone, Debug)]
pub(super) struct Edge {
    pub(super) to: Node,
    pub(super) flow: Option<FlowId>,
}

#[derive(Debug)]
pub(super) struct Graph {
    /// The number of leaves, a power of two.
    room: usize,
    modules: usize,
    edges: Vec<Vec<Edge>>,
    /// The nodes with an edge to the cloud.
    upstream: Vec<Node>,
}

impl Graph {
    pub(super) fn new(modules: &[Module], ways: &[Way<'_>]) -> Self {
        let room = modules.len().max(1).next_power_of_two();
        let mut edges: Vec<Vec<Edge>> = Vec::with_capacity(2 * room);
        // 0 is not a node, and 1 has no enclosing range.
        edges.extend([Vec::new(), Vec::new()]);
        edges.extend((2..2 * room).map(|node| vec![Edge { to: node / 2, flow: None }]));
        let mut graph = Self { room, modules: modules.len(), edges, upstream: Vec::new() };
        for way in ways {
            match &*way.senders {
                SomeModules::Only(senders) => {
                    for &sender in senders {
                        graph.connect(graph.node(sender), way.flow, way.target);
                    }
                }
                SomeModules::AllBut(excluded) => {
                    let mut start = 0;
                    let ends = excluded.iter().map(|id| id.index()).chain([modules.len()]);
                    for end in ends {
                        graph.connect_range(start, end, way.flow, way.target);
                        start = end + 1;
                    }
                }
            }
        }
        graph
    }

    fn connect(&mut self, from: Node, flow: FlowId, target: Target) {
        match target {
            Target::Upstream => self.upstream.push(from),
            Target::Input(module, _) => {
                let to = self.node(module);
                if let Some(edges) = self.edges.get_mut(from) {
                    edges.push(Edge { to, flow: Some(flow) });
                }
            }
        }
    }

    /// Connects the modules from `start` up to but not including `end`, by the largest ranges that contain only these.
    fn connect_range(&mut self, start: usize, end: usize, flow: FlowId, target: Target) {
        let (mut low, mut high) = (start + self.room, end + self.room);
        while low < high {
            if low % 2 == 1 {
                self.connect(low, flow, target);
                low += 1;
            }
            if high % 2 == 1 {
                high -= 1;
                self.connect(high, flow, target);
            }
            low /= 2;
            high /= 2;
        }
    }

    pub(super) fn node(&self, module: ModuleId) -> Node {
        self.room + module.index()
    }

    /// The module of a node; `None` for a range.
    pub(super) fn module(&self, node: Node) -> Option<ModuleId> {
        let index = node.checked_sub(self.room)?;
        (index < self.modules).then(|| ModuleId::new(index))
    }

    /// An upper bound on the nodes (exclusive).
    pub(super) fn node_count(&self) -> usize {
        self.edges.len()
    }

    pub(super) fn modules(&self) -> impl Iterator<Item = ModuleId> {
        (0..self.modules).map(ModuleId::new)
    }

    pub(super) fn edges(&self, node: Node) -> &[Edge] {
        self.edges.get(node).map_or(&[], Vec::as_slice)
    }

    /// Whether a path leads from each module to the cloud, by module.
    pub(super) fn reaches_upstream(&self) -> Vec<bool> {
        let mut backwards: Vec<Vec<Node>> = vec![Vec::new(); self.edges.len()];
        for (from, edges) in self.edges.iter().enumerate() {
            for edge in edges {
                if let Some(sources) = backwards.get_mut(edge.to) {
                    sources.push(from);
                }
            }
        }
        let mut reaches = vec![false; self.edges.len()];
        let mut pending = self.upstream.clone();
        while let Some(node) = pending.pop() {
            if let Some(reached) = reaches.get_mut(node).filter(|reached| !**reached) {
                *reached = true;
                pending.extend(backwards.get(node).into_iter().flatten());
            }
        }
        self.modules().map(|module| reaches.get(self.node(module)).copied().unwrap_or(false)).collect()
    }
}
