//! Writes a picture as SVG, laid out, so that any SVG viewer can show it.
//!
//! Boxes are arranged in columns, and arrows bend only between columns, so that none runs through a box. The boxes of a
//! graph are placed by [`dagre`], which implements Sugiyama's method; the boxes of a tree are simply stacked. Arrows
//! that lead back, which occur in loops, run around all boxes, above or below.
//!
//! Text widths are estimated for a wide font, so other fonts leave more room. The picture has its own background and
//! follows the viewer's preference for dark colours.

mod layered;
mod paths;
mod placed;
mod size;
mod stacked;
mod style;
mod write;

use core::fmt;

use super::{Picture, Shape};
use placed::Placed;
use size::Size;

/// The error for a picture with more boxes, columns or crossings than anybody could read or than can be laid out in a
/// few seconds. DOT and Mermaid have no such limit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TooLarge {
    what: &'static str,
    found: usize,
    limit: usize,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, found, limit } = self;
        write!(f, "the picture has {found} {what}; the limit is {limit}")
    }
}

impl core::error::Error for TooLarge {}

impl Picture {
    /// Writes the picture as SVG, from left to right. Allocates. The cost for a tree is linear. A graph takes some
    /// milliseconds for tens of boxes, and a second or two for hundreds.
    ///
    /// # Errors
    /// Fails if a graph has too many boxes or columns to be laid out.
    pub fn to_svg(&self) -> Result<String, TooLarge> {
        let sizes: Vec<Size> = size::of_all(self);
        let placed: Placed = match self.shape {
            Shape::Tree => stacked::place(self, &sizes),
            Shape::Graph => layered::place(self, &sizes)?,
        };
        Ok(write::svg(self, &sizes, &placed))
    }
}
