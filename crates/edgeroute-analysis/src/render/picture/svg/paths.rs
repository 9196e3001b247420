//! Routes arrows: level across columns, bent between them.

use std::fmt::Write as _;

use super::super::{End, Picture};
use super::placed::Placed;
use super::size::{PORT_LINE, Size, head_height, number};

/// The distance between two arrows that run around all boxes.
const LANE: f64 = 12.0;
/// The distance between two arrows that run up or down between the same columns.
const TRACK: f64 = 8.0;
/// The number of such arrows that fit between two columns before they share a track.
const TRACKS: usize = 5;
const CORNER: f64 = 8.0;
/// The distance from the corners for an arrow that ends anywhere on a side.
const INSET: f64 = 10.0;

/// The side of a box: where arrows leave, or where they enter.
#[derive(Copy, Clone, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// The paths of all arrows, and the space they need around the boxes.
pub(super) struct Paths {
    /// The path of each edge, in SVG syntax.
    pub(super) ways: Vec<String>,
    /// For each node, the order in which its inputs and outputs are shown.
    pub(super) inputs: Vec<Vec<usize>>,
    pub(super) outputs: Vec<Vec<usize>>,
    pub(super) above: f64,
    pub(super) below: f64,
    pub(super) left: f64,
    pub(super) right: f64,
}

pub(super) fn find(picture: &Picture, sizes: &[Size], placed: &Placed) -> Paths {
    let inputs = port_orders(picture, placed, Side::Left);
    let outputs = port_orders(picture, placed, Side::Right);
    let ends = Ends { picture, sizes, placed, inputs: &inputs, outputs: &outputs };
    let (starts, stops) = (ends.heights(Side::Right), ends.heights(Side::Left));
    let mut paths = Paths {
        ways: Vec::new(),
        inputs: Vec::new(),
        outputs: Vec::new(),
        above: 0.0,
        below: 0.0,
        left: 0.0,
        right: 0.0,
    };
    let mut lanes = [0_usize; 2];
    let mut tracks = vec![[0_usize; 2]; placed.columns.len()];
    for (index, edge) in picture.edges.iter().enumerate() {
        let [start, stop] = [&starts, &stops].map(|heights| heights.get(index).copied().unwrap_or_default());
        let from = (ends.side(edge.from.node, Side::Right), start);
        let to = (ends.side(edge.to.node, Side::Left) - 5.0, stop);
        let way = if let Some(Some(crossings)) = placed.crossings.get(index) {
            forward(placed, edge.from.node, edge.to.node, from, to, crossings)
        } else {
            let is_above = f64::midpoint(start, stop) < placed.height / 2.0;
            let lane = lanes.get_mut(usize::from(is_above)).map_or(0, next);
            let far = 14.0 + number(lane) * LANE;
            let level = if is_above { -far } else { placed.height + far };
            let mut track = |node: usize, side: usize| {
                let column = placed.nodes.get(node).map_or(0, |(column, _)| *column);
                let used = tracks.get_mut(column).and_then(|tracks| tracks.get_mut(side)).map_or(0, next);
                12.0 + number(used % TRACKS) * TRACK
            };
            let out = placed.column(edge.from.node).1 + track(edge.from.node, 0);
            let back = placed.column(edge.to.node).0 - track(edge.to.node, 1) - 6.0;
            paths.left = paths.left.max(-back);
            paths.right = paths.right.max(out - placed.width());
            let around = if is_above { &mut paths.above } else { &mut paths.below };
            *around = around.max(far);
            backward(from, to, out, back, level)
        };
        paths.ways.push(way);
    }
    Paths { inputs, outputs, ..paths }
}

/// Increments a count and returns the result.
fn next(count: &mut usize) -> usize {
    *count += 1;
    *count - 1
}

/// A path that is level through each column and bends between two.
fn forward(placed: &Placed, from: usize, to: usize, start: (f64, f64), stop: (f64, f64), crossings: &[f64]) -> String {
    let mut way = format!("M{:.1} {:.1}", start.0, start.1);
    let mut at = (placed.column(from).1, start.1);
    // Writing to a `String` cannot fail.
    let _ = write!(way, "H{:.1}", at.0);
    let mut bend = |at: (f64, f64), to: (f64, f64)| {
        let middle = f64::midpoint(at.0, to.0);
        let _ = write!(way, "C{middle:.1} {:.1} {middle:.1} {:.1} {:.1} {:.1}", at.1, to.1, to.0, to.1);
    };
    let first = placed.nodes.get(from).map_or(0, |(column, _)| column + 1);
    let crossed = placed.columns.get(first..).unwrap_or_default();
    for (height, (left, right)) in crossings.iter().zip(crossed) {
        bend(at, (*left, *height));
        // A level line through the column, drawn as a bend without height.
        bend((*left, *height), (*right, *height));
        at = (*right, *height);
    }
    let entry = placed.column(to).0.min(stop.0);
    bend(at, (entry, stop.1));
    let _ = write!(way, "H{:.1}", stop.0);
    way
}

/// A path that leaves on the right, runs around all boxes at the height `level`, and enters from the left.
fn backward(from: (f64, f64), to: (f64, f64), out: f64, back: f64, level: f64) -> String {
    let toward = |height: f64| if level < height { -CORNER } else { CORNER };
    let (leave, enter) = (toward(from.1), toward(to.1));
    format!(
        "M{:.1} {:.1}H{:.1}Q{out:.1} {:.1} {out:.1} {:.1}V{:.1}Q{out:.1} {level:.1} {:.1} {level:.1}H{:.1}Q{back:.1} {level:.1} \
         {back:.1} {:.1}V{:.1}Q{back:.1} {:.1} {:.1} {:.1}H{:.1}",
        from.0,
        from.1,
        out - CORNER,
        from.1,
        from.1 + leave,
        level - leave,
        out - CORNER,
        back + CORNER,
        level - enter,
        to.1 + enter,
        to.1,
        back + CORNER,
        to.1,
        to.0,
    )
}

/// For each node, its ports in the order of the nodes they connect to, from the top.
fn port_orders(picture: &Picture, placed: &Placed, side: Side) -> Vec<Vec<usize>> {
    let counts = picture.nodes.iter().map(|node| match side {
        Side::Left => node.inputs.len(),
        Side::Right => node.outputs.len(),
    });
    let mut sums: Vec<Vec<(f64, f64)>> = counts.map(|count| vec![(0.0, 0.0); count]).collect();
    for edge in &picture.edges {
        let (near, far) = ends_of(edge.from, edge.to, side);
        let sum = near.port.and_then(|port| sums.get_mut(near.node)?.get_mut(port));
        if let Some((sum, count)) = sum {
            *sum += placed.middle(far.node);
            *count += 1.0;
        }
    }
    let order = |sums: &Vec<(f64, f64)>| {
        let mut ports: Vec<usize> = (0..sums.len()).collect();
        let mean = |port: &usize| sums.get(*port).map_or(0.0, |(sum, count)| sum / count.max(1.0));
        ports.sort_by(|a, b| mean(a).total_cmp(&mean(b)));
        ports
    };
    sums.iter().map(order).collect()
}

/// The end at the given side, then the other end.
fn ends_of(from: End, to: End, side: Side) -> (End, End) {
    match side {
        Side::Left => (to, from),
        Side::Right => (from, to),
    }
}

struct Ends<'p> {
    picture: &'p Picture,
    sizes: &'p [Size],
    placed: &'p Placed,
    inputs: &'p [Vec<usize>],
    outputs: &'p [Vec<usize>],
}

impl Ends<'_> {
    /// The x coordinate of a side of a box.
    fn side(&self, node: usize, side: Side) -> f64 {
        let (left, right) = self.placed.column(node);
        let half = self.sizes.get(node).map_or(0.0, |size| size.width / 2.0);
        let centre = f64::midpoint(left, right);
        match side {
            Side::Left => centre - half,
            Side::Right => centre + half,
        }
    }

    /// The height at which each edge meets this side of its box. An edge without a port is spread over the side with
    /// the others, in the order of the nodes at their other ends.
    fn heights(&self, side: Side) -> Vec<f64> {
        let mut heights = vec![0.0; self.picture.edges.len()];
        let mut free: Vec<Vec<(f64, usize)>> = vec![Vec::new(); self.picture.nodes.len()];
        for (index, edge) in self.picture.edges.iter().enumerate() {
            let (near, far) = ends_of(edge.from, edge.to, side);
            if let Some(port) = near.port {
                if let Some(height) = heights.get_mut(index) {
                    *height = self.port(near.node, port, side);
                }
                continue;
            }
            let crossings = self.placed.crossings.get(index).and_then(Option::as_ref);
            let beside = crossings.and_then(|crossings| match side {
                Side::Left => crossings.last(),
                Side::Right => crossings.first(),
            });
            let toward = beside.copied().unwrap_or_else(|| self.placed.middle(far.node));
            if let Some(free) = free.get_mut(near.node) {
                free.push((toward, index));
            }
        }
        for (node, mut free) in free.into_iter().enumerate() {
            free.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let room = self.sizes.get(node).map_or(0.0, |size| size.height - 2.0 * INSET);
            let apart = number(free.len().saturating_sub(1));
            let step = if apart > 0.0 { (room / apart).min(16.0) } else { 0.0 };
            let top = self.placed.middle(node) - step * apart / 2.0;
            for (place, (_, index)) in free.into_iter().enumerate() {
                if let Some(height) = heights.get_mut(index) {
                    *height = top + number(place) * step;
                }
            }
        }
        heights
    }

    fn port(&self, node: usize, port: usize, side: Side) -> f64 {
        let order = match side {
            Side::Left => self.inputs.get(node),
            Side::Right => self.outputs.get(node),
        };
        let place = order.and_then(|order| order.iter().position(|other| *other == port)).unwrap_or(0);
        let height = self.sizes.get(node).map_or(0.0, |size| size.height);
        let head = self.picture.nodes.get(node).map_or(0.0, head_height);
        self.placed.middle(node) - height / 2.0 + head + 9.0 + (number(place) + 0.5) * PORT_LINE
    }
}
