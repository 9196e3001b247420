//! Places the boxes of a graph with [`dagre`], which gets no arrows that lead back.

use std::collections::BTreeSet;

use dagre::graph::{Graph, GraphOptions};
use dagre::{EdgeLabel, LayoutOptions, NodeLabel, RankDir, layout};

use super::super::Picture;
use super::TooLarge;
use super::placed::{BETWEEN, GAP, Placed, edges_out};
use super::size::Size;

/// The most boxes.
const NODES: usize = 700;
/// The most columns; the layout recurses along them.
const COLUMNS: usize = 120;
/// The most crossings of columns by arrows in total; each one is a node of its own in the layout.
const CROSSINGS: usize = 4_000;
/// The distance between arrows that cross a column.
const CROSSING_SPACE: f64 = 10.0;

pub(super) fn place(picture: &Picture, sizes: &[Size]) -> Result<Placed, TooLarge> {
    let limit = |what, found, limit| if found > limit { Err(TooLarge { what, found, limit }) } else { Ok(()) };
    limit("boxes", picture.nodes.len(), NODES)?;
    let (is_back, depth) = acyclic(picture);
    let forward = || picture.edges.iter().enumerate().filter(|(index, _)| is_back.get(*index) != Some(&true));
    let depth_of = |node: usize| depth.get(node).copied().unwrap_or(0);
    limit("columns", depth.iter().max().map_or(0, |deepest| deepest + 1), COLUMNS)?;
    let crossings =
        forward().map(|(_, edge)| depth_of(edge.to.node).saturating_sub(depth_of(edge.from.node) + 1)).sum();
    limit("crossings of columns", crossings, CROSSINGS)?;

    let mut graph = Graph::with_options(GraphOptions { directed: true, multigraph: true, compound: false });
    for (index, size) in sizes.iter().enumerate() {
        let label = NodeLabel { width: size.width, height: size.height, ..NodeLabel::default() };
        graph.set_node(index.to_string(), Some(label));
    }
    for (index, edge) in forward() {
        let [from, to, name] = [edge.from.node, edge.to.node, index].map(|number| number.to_string());
        graph.set_edge(from, to, Some(EdgeLabel::default()), Some(name.as_str()));
    }
    let options = LayoutOptions {
        rankdir: RankDir::LR,
        nodesep: BETWEEN,
        edgesep: CROSSING_SPACE,
        ranksep: GAP,
        ..LayoutOptions::default()
    };
    layout(&mut graph, Some(options));
    Ok(read(picture, sizes, &graph, &is_back))
}

/// Reads the layout as columns.
fn read(picture: &Picture, sizes: &[Size], graph: &Graph<NodeLabel, EdgeLabel>, is_back: &[bool]) -> Placed {
    let at = |index: usize| {
        let node = graph.node(&index.to_string());
        node.map_or((0.0, 0.0), |node| (node.x.unwrap_or_default(), node.y.unwrap_or_default()))
    };
    let centres: Vec<(f64, f64)> = (0..picture.nodes.len()).map(at).collect();
    // Boxes of a column share their centre, except for rounding.
    let key = |x: f64| rounded(x);
    let columns: Vec<i64> = centres.iter().map(|(x, _)| key(*x)).collect::<BTreeSet<_>>().into_iter().collect();
    let column = |x: f64| columns.partition_point(|known| *known < key(x) - 1);
    let top = centres.iter().zip(sizes).map(|((_, y), size)| y - size.height / 2.0).fold(f64::INFINITY, f64::min);
    let bottom = centres.iter().zip(sizes).map(|((_, y), size)| y + size.height / 2.0).fold(0.0, f64::max);
    let mut widths = vec![0.0_f64; columns.len()];
    for ((x, _), size) in centres.iter().zip(sizes) {
        if let Some(width) = widths.get_mut(column(*x)) {
            *width = width.max(size.width);
        }
    }
    let nodes: Vec<(usize, f64)> = centres.iter().map(|(x, y)| (column(*x), y - top)).collect();
    let column_of = |node: usize| nodes.get(node).map_or(0, |(column, _)| *column);
    let crossings = picture
        .edges
        .iter()
        .enumerate()
        .map(|(index, edge)| {
            if is_back.get(index) == Some(&true) {
                return None;
            }
            let [from, to, name] = [edge.from.node, edge.to.node, index].map(|number| number.to_string());
            let points = graph.edge(&from, &to, Some(&name)).map(|edge| edge.points.as_slice()).unwrap_or_default();
            let (first, last) = (column_of(edge.from.node), column_of(edge.to.node));
            let crossed = columns.get(first + 1..last).unwrap_or_default();
            let crossing =
                |x: &i64| points.iter().find(|point| (key(point.x) - x).abs() <= 1).map(|point| point.y - top);
            Some(crossed.iter().filter_map(crossing).collect())
        })
        .collect();
    let mut arrows = vec![0_usize; columns.len()];
    for (edge, _) in picture.edges.iter().zip(is_back).filter(|(_, is_back)| !**is_back) {
        let between = column_of(edge.from.node)..column_of(edge.to.node);
        arrows.get_mut(between).into_iter().flatten().for_each(|arrows| *arrows += 1);
    }
    let height = if centres.is_empty() { 0.0 } else { bottom - top };
    Placed { columns: Placed::columns(&widths, &arrows), nodes, crossings, height }
}

/// Determines by depth-first search which edges lead back, and how many steps each node is from the left without them.
fn acyclic(picture: &Picture) -> (Vec<bool>, Vec<usize>) {
    #[derive(Copy, Clone, PartialEq, Eq)]
    enum State {
        New,
        Open,
        Done,
    }
    let out = edges_out(picture);
    let mut state = vec![State::New; picture.nodes.len()];
    let mut is_back = vec![false; picture.edges.len()];
    let mut finished = Vec::with_capacity(picture.nodes.len());
    let mut has_entry = vec![false; picture.nodes.len()];
    for edge in &picture.edges {
        if let Some(has_entry) = has_entry.get_mut(edge.to.node) {
            *has_entry = true;
        }
    }
    // Starts at nodes without incoming edges, so that the edges found to lead back are those a reader would name.
    let (entries, others): (Vec<usize>, Vec<usize>) =
        (0..picture.nodes.len()).partition(|node| has_entry.get(*node) == Some(&false));
    for root in entries.into_iter().chain(others) {
        if state.get(root) != Some(&State::New) {
            continue;
        }
        let mut path = vec![(root, 0_usize)];
        while let Some((node, next)) = path.last_mut() {
            let node = *node;
            if let Some(state) = state.get_mut(node) {
                *state = State::Open;
            }
            let Some(&edge) = out.get(node).and_then(|edges| edges.get(*next)) else {
                path.pop();
                finished.push(node);
                if let Some(state) = state.get_mut(node) {
                    *state = State::Done;
                }
                continue;
            };
            *next += 1;
            let Some(to) = picture.edges.get(edge).map(|edge| edge.to.node) else {
                continue;
            };
            match state.get(to) {
                Some(State::New) => path.push((to, 0)),
                Some(State::Open) => {
                    if let Some(is_back) = is_back.get_mut(edge) {
                        *is_back = true;
                    }
                }
                _ => {}
            }
        }
    }
    let mut depth = vec![0_usize; picture.nodes.len()];
    for &node in finished.iter().rev() {
        let next = depth.get(node).map_or(0, |depth| depth + 1);
        for edge in out.get(node).into_iter().flatten().filter(|edge| is_back.get(**edge) == Some(&false)) {
            let to = picture.edges.get(*edge).map_or(node, |edge| edge.to.node);
            if let Some(depth) = depth.get_mut(to) {
                *depth = next.max(*depth);
            }
        }
    }
    (is_back, depth)
}

#[expect(clippy::cast_possible_truncation, reason = "a cast of a real saturates, and places in a picture are small")]
fn rounded(x: f64) -> i64 {
    x.round() as i64
}
