//! Draws who sends, through which routes, to whom.
//!
//! Senders and modules are boxes with a port for each output and input that a route names. The routes are between them:
//! those with the same output and the same input share a box, ordered by priority. Loops are marked.

use std::collections::{BTreeMap, BTreeSet};

use super::{Edge, EdgeKind, End, Node, NodeKind, Picture, Row, Shape};
use crate::topology::{Flow, FlowId, Module, ModuleId, Outputs, Selection, SomeModules, Target, Topology};
use edgeroute_lang::priority::Priority;
use edgeroute_lang::text::fold;

impl Picture {
    /// Draws the modules and routes of a manifest: who sends what to whom. Allocates.
    #[must_use]
    pub fn of_topology(topology: &Topology) -> Self {
        let mut drawing = Drawing {
            topology,
            picture: Self::new(title(topology), Shape::Graph),
            modules: Vec::new(),
            senders: BTreeMap::new(),
            outputs: BTreeMap::new(),
            inputs: BTreeMap::new(),
            boxes: BTreeMap::new(),
            upstream: None,
            in_loop: BTreeSet::new(),
        };
        drawing.add_modules();
        drawing.mark_loops();
        for (id, flow) in topology.flows() {
            drawing.add_flow(id, flow);
        }
        drawing.close_wide_loops();
        for node in &mut drawing.picture.nodes {
            // Among equal priorities the first declared wins; the sort is stable, so their order is kept.
            node.rows.sort_by_key(|row| row.badge.parse::<u32>().unwrap_or(u32::MAX));
        }
        drawing.picture
    }
}

fn title(topology: &Topology) -> String {
    let count = |number: usize, what: &str| if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") };
    let parts = [
        count(topology.modules().len(), "module"),
        count(topology.flows().len(), "route"),
        count(topology.loops().len(), "loop"),
    ];
    parts.join(", ")
}

/// A sender that is not a single module.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Sender {
    LeafDevices,
    EveryModule,
    TwinChanges,
    Other,
}

/// The key of a box of routes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Between {
    from: Vec<End>,
    to: End,
    in_loop: bool,
    takes_nothing: bool,
}

struct Drawing<'t> {
    topology: &'t Topology,
    picture: Picture,
    /// The node of each module, by module.
    modules: Vec<usize>,
    senders: BTreeMap<Sender, usize>,
    /// Keyed by node and upper-cased name.
    outputs: BTreeMap<(usize, String), usize>,
    /// Keyed by node and name.
    inputs: BTreeMap<(usize, String), usize>,
    boxes: BTreeMap<Between, usize>,
    upstream: Option<usize>,
    /// The nodes that are part of a loop.
    in_loop: BTreeSet<usize>,
}

impl Drawing<'_> {
    fn add_modules(&mut self) {
        for (_, module) in self.topology.modules() {
            let is_unknown = self.topology.knows_modules() && module.declared().is_none();
            let kind = if is_unknown { NodeKind::UnknownModule } else { NodeKind::Module };
            let mut node = Node::new(kind, module.name());
            node.note = if is_unknown { "not in the deployment" } else { "" };
            node.inputs = module.inputs().iter().map(|input| input.name.clone()).collect();
            let index = self.picture.add(node);
            self.modules.push(index);
            for (port, input) in module.inputs().iter().enumerate() {
                self.inputs.insert((index, input.name.clone()), port);
            }
        }
    }

    fn mark_loops(&mut self) {
        let topology = self.topology;
        for &module in topology.loops().iter().flat_map(|found| &found.modules) {
            let node = self.module(module);
            self.in_loop.insert(node);
            if let Some(node) = self.picture.nodes.get_mut(node) {
                node.in_loop = true;
            }
        }
    }

    fn module(&self, id: ModuleId) -> usize {
        self.modules.get(id.index()).copied().unwrap_or_default()
    }

    fn sender(&mut self, sender: Sender) -> usize {
        if let Some(&node) = self.senders.get(&sender) {
            return node;
        }
        let (name, note) = match sender {
            Sender::LeafDevices => ("leaf devices", ""),
            Sender::EveryModule => ("every module", ""),
            Sender::TwinChanges => ("twin changes", ""),
            Sender::Other => ("the hub itself", "sources of its own"),
        };
        let mut node = Node::new(NodeKind::Sender, name);
        node.note = note;
        let node = self.picture.add(node);
        self.senders.insert(sender, node);
        node
    }

    fn upstream(&mut self) -> usize {
        if let Some(node) = self.upstream {
            return node;
        }
        let node = self.picture.add(Node::new(NodeKind::Upstream, "$upstream"));
        *self.upstream.insert(node)
    }

    /// Returns the port for an output on the right side of a node.
    fn output(&mut self, node: usize, name: &str) -> End {
        let key = (node, fold(name).into_owned());
        let next = self.picture.nodes.get(node).map_or(0, |node| node.outputs.len());
        let port = *self.outputs.entry(key).or_insert(next);
        if port == next
            && let Some(node) = self.picture.nodes.get_mut(node)
        {
            node.outputs.push(name.to_owned());
        }
        End { node, port: Some(port) }
    }

    fn add_flow(&mut self, id: FlowId, flow: &Flow) {
        let mut from = self.sources(flow);
        from.sort_unstable();
        from.dedup();
        let to = match flow.target() {
            Target::Upstream => End::at(self.upstream()),
            Target::Input(module, input) => End { node: self.module(module), port: Some(input) },
        };
        let between = Between { from, to, in_loop: self.topology.is_in_loop(id), takes_nothing: flow.takes_nothing() };
        let node = match self.boxes.get(&between) {
            Some(&node) => node,
            None => self.add_box(between),
        };
        let in_loop = self.topology.is_in_loop(id);
        if let Some(node) = self.picture.nodes.get_mut(node) {
            node.in_loop |= in_loop;
            node.rows.push(Row {
                badge: if flow.priority() == Priority::DEFAULT { String::new() } else { flow.priority().to_string() },
                name: flow.name().to_owned(),
                conditions: flow.condition().map(str::to_owned).into_iter().collect(),
                in_loop,
            });
        }
    }

    fn add_box(&mut self, between: Between) -> usize {
        let mut node = Node::new(NodeKind::Routes, "");
        node.note = if between.takes_nothing { "nothing gets through" } else { "" };
        let node = self.picture.add(node);
        let kind = match (between.takes_nothing, between.in_loop) {
            (true, _) => EdgeKind::Never,
            (_, true) => EdgeKind::Loop,
            _ => EdgeKind::Flow,
        };
        for &from in &between.from {
            // If there are several senders, only those in the loop are marked.
            let is_way_round = kind == EdgeKind::Loop && self.is_in_loop(from.node);
            let kind = if kind == EdgeKind::Loop && !is_way_round { EdgeKind::Flow } else { kind };
            self.picture.connect(from, End::at(node), kind);
        }
        self.picture.connect(End::at(node), between.to, kind);
        self.boxes.insert(between, node);
        node
    }

    /// Whether a node is a module in a loop, or represents such modules.
    fn is_in_loop(&self, node: usize) -> bool {
        self.in_loop.contains(&node) || self.senders.get(&Sender::EveryModule) == Some(&node)
    }

    /// The ends where a flow starts: the senders whose messages it may take or, without any, those that it
    /// selects.
    fn sources(&mut self, flow: &Flow) -> Vec<End> {
        let mut from = Vec::new();
        let takes_nothing = flow.takes_nothing();
        let selects = |selections: &[Selection]| takes_nothing && selections.contains(flow.selection());
        if flow.takes_from_leaf_devices() || selects(&[Selection::Messages]) {
            from.push(End::at(self.sender(Sender::LeafDevices)));
        }
        if flow.takes_twin_changes() || selects(&[Selection::TwinChanges]) {
            from.push(End::at(self.sender(Sender::TwinChanges)));
        }
        if flow.takes_other_sources() || selects(&[Selection::Path, Selection::Everything]) {
            let node = self.sender(Sender::Other);
            from.push(match flow.selection() {
                Selection::Everything => End::at(node),
                _ => self.output(node, flow.source().as_str()),
            });
        }
        if selects(&[Selection::Modules]) {
            from.push(End::at(self.sender(Sender::EveryModule)));
        }
        match flow.modules() {
            SomeModules::AllBut(excluded) => {
                let node = self.sender(Sender::EveryModule);
                let names: Vec<&str> =
                    excluded.iter().filter_map(|id| self.topology.module(*id)).map(Module::name).collect();
                from.push(if names.is_empty() {
                    End::at(node)
                } else {
                    self.output(node, &format!("all but {}", names.join(", ")))
                });
            }
            SomeModules::Only(modules) => {
                let named = match flow.selection() {
                    Selection::Module { modules: named, .. } if takes_nothing => named,
                    _ => modules,
                };
                for &module in named {
                    let node = self.module(module);
                    from.push(match flow.selection() {
                        Selection::Module { outputs: Outputs::Named, .. } => self.output(node, "any output"),
                        Selection::Module { outputs: Outputs::One(output), .. } => self.output(node, output),
                        _ => self.output(node, "all it sends"),
                    });
                }
            }
        }
        from
    }

    /// A loop through "every module" is drawn as a loop only if an arrow leads back there.
    fn close_wide_loops(&mut self) {
        let Some(&every) = self.senders.get(&Sender::EveryModule) else {
            return;
        };
        for found in self.topology.loops() {
            let wide: Vec<&Flow> = found
                .flows
                .iter()
                .filter_map(|id| self.topology.flow(*id))
                .filter(|flow| matches!(flow.modules(), SomeModules::AllBut(_)))
                .collect();
            for &module in found.modules.iter().filter(|id| wide.iter().any(|flow| flow.takes_from(**id))) {
                let edge = Edge { from: End::at(self.module(module)), to: End::at(every), kind: EdgeKind::Loop };
                self.picture.edges.push(edge);
            }
        }
    }
}
