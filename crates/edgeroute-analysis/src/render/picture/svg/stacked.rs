//! Places the boxes of a tree: a column for each depth, and each box beside the middle of its subtree.

use super::super::Picture;
use super::placed::{BETWEEN, Placed};
use super::size::Size;

/// Runs in linear time. Every parent must come before its children.
pub(super) fn place(picture: &Picture, sizes: &[Size]) -> Placed {
    let count = picture.nodes.len();
    let mut parent = vec![usize::MAX; count];
    let mut depth = vec![0_usize; count];
    for edge in &picture.edges {
        let below = depth.get(edge.from.node).map_or(0, |depth| depth + 1);
        if let (Some(parent), Some(depth)) = (parent.get_mut(edge.to.node), depth.get_mut(edge.to.node)) {
            (*parent, *depth) = (edge.from.node, below);
        }
    }
    // The height of each node's subtree, computed from the children up.
    let mut below = vec![0.0_f64; count];
    let height = |node: usize| sizes.get(node).map_or(0.0, |size| size.height);
    for node in (0..count).rev() {
        let room = block(&below, height, node);
        let parent = parent.get(node).copied().unwrap_or(usize::MAX);
        if let Some(below) = below.get_mut(parent) {
            *below += room + BETWEEN;
        }
    }
    let mut nodes = Vec::with_capacity(count);
    // The position of the next child of each node.
    let mut next = vec![0.0_f64; count + 1];
    for node in 0..count {
        let room = block(&below, height, node);
        let place = next.get_mut(parent.get(node).copied().unwrap_or(usize::MAX).min(count));
        let top = place.map_or(0.0, |next| {
            let top = *next;
            *next += room + BETWEEN;
            top
        });
        nodes.push((depth.get(node).copied().unwrap_or(0), top + room / 2.0));
        let children = below.get(node).map_or(0.0, |below| (below - BETWEEN).max(0.0));
        if let Some(next) = next.get_mut(node) {
            *next = top + (room - children) / 2.0;
        }
    }
    let mut widths = vec![0.0_f64; depth.iter().max().map_or(0, |deepest| deepest + 1)];
    for (size, depth) in sizes.iter().zip(&depth) {
        if let Some(width) = widths.get_mut(*depth) {
            *width = width.max(size.width);
        }
    }
    let height = next.last().map_or(0.0, |end| (end - BETWEEN).max(0.0));
    let crossings = picture.edges.iter().map(|_| Some(Vec::new())).collect();
    Placed { columns: Placed::columns(&widths, &[]), nodes, crossings, height }
}

/// The height that a node needs with its subtree.
fn block(below: &[f64], height: impl Fn(usize) -> f64, node: usize) -> f64 {
    below.get(node).map_or(0.0, |below| below - BETWEEN).max(height(node))
}
