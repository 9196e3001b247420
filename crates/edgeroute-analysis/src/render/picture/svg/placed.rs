//! The positions of boxes, and the columns that arrows cross.

use super::super::Picture;
use super::size::number;

/// The space between columns, where arrows bend.
pub(super) const GAP: f64 = 64.0;
/// The additional width for each arrow that may cross another, and its maximum.
const FOR_ARROW: f64 = 0.8;
const FOR_ARROWS: f64 = 96.0;
/// The space between two boxes of a column.
pub(super) const BETWEEN: f64 = 18.0;

/// A layout. Columns are numbered from the left, and no two boxes of a column overlap.
#[derive(Debug)]
pub(super) struct Placed {
    /// The left and right edge of each column, starting at 0.
    pub(super) columns: Vec<(f64, f64)>,
    /// For each node, its column and the height of its centre, measured downwards from 0.
    pub(super) nodes: Vec<(usize, f64)>,
    /// For each edge, the height at which it crosses each column between its ends; `None` for an edge that leads back.
    pub(super) crossings: Vec<Option<Vec<f64>>>,
    pub(super) height: f64,
}

impl Placed {
    /// Places columns of these widths. `arrows` counts the arrows after each column that cross one another.
    pub(super) fn columns(widths: &[f64], arrows: &[usize]) -> Vec<(f64, f64)> {
        let mut left = 0.0;
        let mut columns = Vec::with_capacity(widths.len());
        for (column, width) in widths.iter().enumerate() {
            columns.push((left, left + width));
            let arrows = arrows.get(column).map_or(0.0, |arrows| number(*arrows));
            left += width + GAP + (arrows * FOR_ARROW).min(FOR_ARROWS);
        }
        columns
    }

    pub(super) fn column(&self, node: usize) -> (f64, f64) {
        let column = self.nodes.get(node).map_or(0, |(column, _)| *column);
        self.columns.get(column).copied().unwrap_or_default()
    }

    pub(super) fn middle(&self, node: usize) -> f64 {
        self.nodes.get(node).map_or(0.0, |(_, middle)| *middle)
    }

    /// The total width of the columns.
    pub(super) fn width(&self) -> f64 {
        self.columns.last().map_or(0.0, |(_, right)| *right)
    }
}

/// The edges out of each node.
pub(super) fn edges_out(picture: &Picture) -> Vec<Vec<usize>> {
    let mut out = vec![Vec::new(); picture.nodes.len()];
    for (index, edge) in picture.edges.iter().enumerate() {
        if let Some(edges) = out.get_mut(edge.from.node) {
            edges.push(index);
        }
    }
    out
}
