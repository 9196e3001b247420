//! Finds where messages can loop: strongly connected components (R. Tarjan, *Depth-first search and linear graph
//! algorithms*, 1972), with an explicit stack.

use std::collections::VecDeque;

use super::graph::{Graph, Node};
use super::{FlowId, ModuleId, SomeModules, Target, Way};

/// Modules that can all send to each other, directly or through one another; or a single module that can send to
/// itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Loop {
    /// The modules, ascending.
    pub modules: Vec<ModuleId>,
    /// The flows between these modules, ascending.
    pub flows: Vec<FlowId>,
    /// A shortest loop through the first module, starting and ending there. Not empty.
    pub example: Vec<Hop>,
}

/// A step of a message: the module's message takes a flow to the next module.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Hop {
    /// The module that sends.
    pub module: ModuleId,
    /// The flow that the message takes.
    pub flow: FlowId,
}

/// Finds all loops, ordered by their first module.
pub(super) fn find(graph: &Graph, ways: &[Way<'_>]) -> Vec<Loop> {
    let components = Components::of(graph);
    let mut members: Vec<Vec<ModuleId>> = vec![Vec::new(); components.count];
    let mut is_loop = vec![false; components.count];
    for node in 1..graph.node_count() {
        let component = components.of_node(node);
        if let Some(members) = members.get_mut(component) {
            members.extend(graph.module(node));
        }
        // Edges between ranges lead only upwards, so an edge within a component is part of a loop.
        if graph.edges(node).iter().any(|edge| components.of_node(edge.to) == component)
            && let Some(is_loop) = is_loop.get_mut(component)
        {
            *is_loop = true;
        }
    }
    let mut flows_within: Vec<Vec<FlowId>> = vec![Vec::new(); components.count];
    for way in ways {
        let Target::Input(target, _) = way.target else {
            continue;
        };
        let component = components.of_node(graph.node(target));
        let inside = |id: &ModuleId| components.of_node(graph.node(*id)) == component;
        let size = members.get(component).map_or(0, Vec::len);
        let is_within = match &*way.senders {
            SomeModules::Only(senders) => senders.iter().any(inside),
            SomeModules::AllBut(excluded) => excluded.iter().filter(|id| inside(id)).count() < size,
        };
        if is_within && let Some(within) = flows_within.get_mut(component) {
            within.push(way.flow);
        }
    }
    let found = members.into_iter().zip(flows_within).zip(is_loop).filter(|(_, is_loop)| *is_loop);
    let mut reached = vec![None; graph.node_count()];
    let mut loops: Vec<Loop> = found
        .filter_map(|((modules, flows), _)| {
            let example = shortest_way_round(graph, &components, graph.node(*modules.first()?), &mut reached);
            Some(Loop { modules, flows, example })
        })
        .collect();
    loops.sort_by(|a, b| a.modules.cmp(&b.modules));
    loops
}

/// How a node was reached: from which node, by which flow.
type Step = (Node, Option<FlowId>);

/// Searches breadth-first from `start`, within its component, until it returns to `start`. All entries of `reached` for
/// the component must be `None` at first.
fn shortest_way_round(graph: &Graph, components: &Components, start: Node, reached: &mut [Option<Step>]) -> Vec<Hop> {
    let home = components.of_node(start);
    let mut pending = VecDeque::from([start]);
    while let Some(node) = pending.pop_front() {
        for edge in graph.edges(node).iter().filter(|edge| components.of_node(edge.to) == home) {
            if let Some(reached @ None) = reached.get_mut(edge.to) {
                *reached = Some((node, edge.flow));
                pending.push_back(edge.to);
            }
        }
        if reached.get(start).copied().flatten().is_some() {
            break;
        }
    }
    let mut hops = Vec::new();
    let mut flow = None;
    let mut at = start;
    while let Some((from, by)) = reached.get(at).copied().flatten() {
        flow = by.or(flow);
        if let (Some(module), Some(by)) = (graph.module(from), flow) {
            hops.push(Hop { module, flow: by });
            flow = None;
        }
        at = from;
        if at == start {
            break;
        }
    }
    hops.reverse();
    hops
}

/// The component of each node.
struct Components {
    of: Vec<usize>,
    count: usize,
}

/// A node whose edges are being followed.
struct Visit {
    node: Node,
    next_edge: usize,
}

const UNSEEN: usize = usize::MAX;

impl Components {
    fn of_node(&self, node: Node) -> usize {
        self.of.get(node).copied().unwrap_or(UNSEEN)
    }

    fn of(graph: &Graph) -> Self {
        let nodes = graph.node_count();
        let mut search = Search { order: vec![UNSEEN; nodes], lowest: vec![UNSEEN; nodes], open: Vec::new(), seen: 0 };
        let mut found = Self { of: vec![UNSEEN; nodes], count: 0 };
        let mut path: Vec<Visit> = Vec::new();
        for root in 1..nodes {
            if get(&search.order, root) != UNSEEN {
                continue;
            }
            path.push(search.enter(root));
            while let Some(visit) = path.last_mut() {
                let node = visit.node;
                if let Some(edge) = graph.edges(node).get(visit.next_edge) {
                    visit.next_edge += 1;
                    if get(&search.order, edge.to) == UNSEEN {
                        path.push(search.enter(edge.to));
                    } else if get(&found.of, edge.to) == UNSEEN {
                        search.lower(node, get(&search.order, edge.to));
                    }
                    continue;
                }
                path.pop();
                let lowest = get(&search.lowest, node);
                if let Some(parent) = path.last() {
                    search.lower(parent.node, lowest);
                }
                if lowest == get(&search.order, node) {
                    while let Some(member) = search.open.pop() {
                        if let Some(of) = found.of.get_mut(member) {
                            *of = found.count;
                        }
                        if member == node {
                            break;
                        }
                    }
                    found.count += 1;
                }
            }
        }
        found
    }
}

struct Search {
    /// The order in which nodes were entered.
    order: Vec<usize>,
    /// The earliest open node that each node is known to reach.
    lowest: Vec<usize>,
    /// Nodes entered but not yet in a component.
    open: Vec<Node>,
    seen: usize,
}

impl Search {
    fn enter(&mut self, node: Node) -> Visit {
        for times in [&mut self.order, &mut self.lowest] {
            if let Some(time) = times.get_mut(node) {
                *time = self.seen;
            }
        }
        self.seen += 1;
        self.open.push(node);
        Visit { node, next_edge: 0 }
    }

    fn lower(&mut self, node: Node, to: usize) {
        if let Some(lowest) = self.lowest.get_mut(node) {
            *lowest = to.min(*lowest);
        }
    }
}

fn get(numbers: &[usize], node: Node) -> usize {
    numbers.get(node).copied().unwrap_or(UNSEEN)
}
