//! A picture in SVG, laid out: no program is needed to see it but what shows SVG.
//!
//! Boxes stand in columns, and arrows bend only between columns, so that none runs through a box. Where the boxes of a
//! graph go is the layout of [`dagre`], Sugiyama's method; a tree needs no more than stacking. Arrows that lead back,
//! which is where messages go round, run around all boxes, above or below.
//!
//! Widths of texts are estimated by a wide font: in another there is more room. The picture brings its own background, and
//! follows a preference for dark colours.

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

/// A picture has more boxes, columns or crossings of columns than anybody could read, or than can be laid out in a few
/// seconds. DOT and Mermaid have no such limit.
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
    /// The picture in SVG, from left to right. Allocates. The cost of a tree is linear; that of a graph is some
    /// milliseconds for tens of boxes, and a second or two for hundreds.
    ///
    /// # Errors
    /// Where a graph has too many boxes or columns to be laid out.
    pub fn to_svg(&self) -> Result<String, TooLarge> {
        let sizes: Vec<Size> = size::of_all(self);
        let placed: Placed = match self.shape {
            Shape::Tree => stacked::place(self, &sizes),
            Shape::Graph => layered::place(self, &sizes)?,
        };
        Ok(write::svg(self, &sizes, &placed))
    }
}
