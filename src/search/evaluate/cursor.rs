//! Cursors iterate over the characters of a rope.
//!
//! A cursor is at a position in a plain string. The ropes around that string are its *layers*, outermost first. Each
//! layer takes the characters of the layer below it and passes its own characters up. There is no recursion, and the
//! caller provides the memory for the layers.

use core::iter::FusedIterator;
use core::str::Chars;

use super::rope::{Case, Rope, RopeId};
use crate::search::scalar;
use edgeroute_lang::steps;
use edgeroute_lang::text::{lower, upper};

/// A code point of a UTF-16 string.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Point {
    Char(char),
    /// A surrogate that is not half of a pair.
    Lone(u16),
}

/// A rope around the plain string of a cursor.
#[derive(Copy, Clone, Debug)]
pub(super) enum Layer {
    Cased(Case),
    /// The number of code units still to skip, and then to pass on.
    Part {
        skip: usize,
        left: usize,
    },
    Joined {
        /// The parts that are still to come.
        next: usize,
        end: usize,
        /// A surrogate that is held back, because it may form a pair with the first unit of the next part.
        high: Option<u16>,
    },
}

/// The remaining part of the plain string.
#[derive(Clone)]
enum Leaf<'x> {
    Text(Chars<'x>),
    Units(&'x [u16]),
    Body(scalar::Chars<'x>),
}

/// Iterates over the code points of a rope. Surrogates that form a pair are one code point.
pub(super) struct Points<'c, 'x> {
    ropes: &'c [Rope<'x>],
    parts: &'c [RopeId],
    layers: &'c mut Vec<Layer>,
    leaf: Leaf<'x>,
    /// The next point of the layer at this index, which comes before anything from below. It follows a surrogate that
    /// the layer held back and that did not form a pair. One such point is enough: until it is taken, only surrogates
    /// move, and no layer puts anything here after those.
    next: Option<(usize, Point)>,
}

/// Iterates over the UTF-16 code units of a rope.
pub(super) struct CodeUnits<'c, 'x> {
    points: Points<'c, 'x>,
    /// The second half of the last pair.
    low: Option<u16>,
}

/// The result of passing a point to a layer.
enum Given {
    /// The layer passes this point up; `None` is the end.
    Up(Option<Point>),
    /// The layer needs another point from below.
    Nothing,
}

impl From<Point> for u32 {
    fn from(point: Point) -> Self {
        match point {
            Point::Char(character) => character.into(),
            Point::Lone(surrogate) => surrogate.into(),
        }
    }
}

impl Point {
    /// Returns the point as code units.
    fn units(self) -> (u16, Option<u16>) {
        match self {
            Self::Lone(surrogate) => (surrogate, None),
            Self::Char(character) => {
                let mut buffer = [0; 2];
                let length = character.encode_utf16(&mut buffer).len();
                let [first, second] = buffer;
                (first, (length == 2).then_some(second))
            }
        }
    }

    fn in_case(self, case: Case) -> Self {
        match (self, case) {
            (Self::Char(character), Case::Lower) => Self::Char(lower(character)),
            (Self::Char(character), Case::Upper) => Self::Char(upper(character)),
            (Self::Lone(_), _) => self,
        }
    }
}

impl Leaf<'_> {
    const EMPTY: Self = Leaf::Units(&[]);

    fn next(&mut self) -> Option<Point> {
        match self {
            Leaf::Text(characters) => characters.next().map(Point::Char),
            Leaf::Body(characters) => characters.next().map(Point::Char),
            Leaf::Units(units) => {
                let point = match char::decode_utf16(units.iter().copied()).next()? {
                    Ok(character) => Point::Char(character),
                    Err(lone) => Point::Lone(lone.unpaired_surrogate()),
                };
                let (_, second) = point.units();
                *units = units.get(if second.is_some() { 2 } else { 1 }..).unwrap_or_default();
                Some(point)
            }
        }
    }
}

impl<'c, 'x> Points<'c, 'x> {
    /// Starts at the beginning of a rope. `layers` needs room for the nesting depth of the ropes.
    pub(super) fn new(ropes: &'c [Rope<'x>], parts: &'c [RopeId], layers: &'c mut Vec<Layer>, rope: RopeId) -> Self {
        layers.clear();
        let mut points = Self { ropes, parts, layers, leaf: Leaf::EMPTY, next: None };
        points.enter(rope);
        points
    }

    /// Descends to the first plain string of a rope.
    fn enter(&mut self, mut id: RopeId) {
        self.leaf = loop {
            steps::step();
            let Some(rope) = self.ropes.get(id.index()) else {
                break Leaf::EMPTY;
            };
            match *rope {
                Rope::Text(text) => break Leaf::Text(text.chars()),
                Rope::Units(units) => break Leaf::Units(units),
                Rope::Body(text) => break Leaf::Body(text.chars()),
                Rope::Cased(case, of) => {
                    self.layers.push(Layer::Cased(case));
                    id = of;
                }
                Rope::Part { of, start, count } => {
                    self.layers.push(Layer::Part { skip: start, left: count });
                    id = of;
                }
                Rope::Joined { first, end } => match self.parts.get(first..end) {
                    Some([part, ..]) => {
                        self.layers.push(Layer::Joined { next: first + 1, end, high: None });
                        id = *part;
                    }
                    _ => break Leaf::EMPTY,
                },
            }
        };
    }

    /// Returns the next point from below, and the number of layers above it.
    fn pull(&mut self) -> (usize, Option<Point>) {
        steps::step();
        match self.next.take() {
            Some((index, point)) => (index, Some(point)),
            None => (self.layers.len(), self.leaf.next()),
        }
    }

    /// Passes a point from below to the layer at `index`; `None` is the end.
    fn give(&mut self, index: usize, point: Option<Point>) -> Given {
        steps::step();
        match self.layers.get_mut(index) {
            None => Given::Up(point),
            Some(Layer::Cased(case)) => Given::Up(point.map(|point| point.in_case(*case))),
            Some(Layer::Part { skip, left }) => match point {
                Some(point) if *left > 0 => cut(point, skip, left),
                _ => Given::Up(None),
            },
            Some(Layer::Joined { next, end, high }) => match (high.take(), point) {
                (None, Some(Point::Lone(first @ 0xD800..=0xDBFF))) => {
                    *high = Some(first);
                    Given::Nothing
                }
                (None, Some(point)) => Given::Up(Some(point)),
                (Some(first), Some(Point::Lone(second))) => {
                    let pair = paired(first, second);
                    if pair.is_none() {
                        *high = Some(second);
                    }
                    Given::Up(pair.or(Some(Point::Lone(first))))
                }
                (Some(first), Some(second)) => {
                    self.next = Some((index, second));
                    Given::Up(Some(Point::Lone(first)))
                }
                (before, None) => match self.parts.get(*next).filter(|_| next < end) {
                    Some(&part) => {
                        *high = before;
                        *next += 1;
                        // A part below may have ended before the rope that it is a part of.
                        self.next = None;
                        self.layers.truncate(index + 1);
                        self.enter(part);
                        Given::Nothing
                    }
                    None => Given::Up(before.map(Point::Lone)),
                },
            },
        }
    }
}

/// Combines two halves into a character. The first must be a high surrogate; the second is one too if they do not form
/// a pair.
fn paired(first: u16, second: u16) -> Option<Point> {
    match char::decode_utf16([first, second]).next() {
        Some(Ok(character)) => Some(Point::Char(character)),
        _ => None,
    }
}

/// Returns what a part takes of a point: all, nothing, or half of it. Requires `left > 0`.
fn cut(point: Point, skip: &mut usize, left: &mut usize) -> Given {
    let given = match (point.units(), *skip) {
        ((_, None), 1..) => {
            *skip -= 1;
            return Given::Nothing;
        }
        ((_, Some(_)), 2..) => {
            *skip -= 2;
            return Given::Nothing;
        }
        ((_, Some(low)), 1) => {
            *skip = 0;
            Point::Lone(low)
        }
        ((high, Some(_)), 0) if *left == 1 => Point::Lone(high),
        ((_, Some(_)), 0) => {
            *left -= 1;
            point
        }
        ((_, None), 0) => point,
    };
    *left -= 1;
    Given::Up(Some(given))
}

impl Iterator for Points<'_, '_> {
    type Item = Point;

    fn next(&mut self) -> Option<Point> {
        let (mut above, mut point) = self.pull();
        while let Some(index) = above.checked_sub(1) {
            match self.give(index, point) {
                Given::Up(given) => (above, point) = (index, given),
                Given::Nothing => (above, point) = self.pull(),
            }
        }
        point
    }
}

// A part without remaining units passes nothing more up, and every other layer passes nothing up without input from
// below.
impl FusedIterator for Points<'_, '_> {}

impl<'c, 'x> CodeUnits<'c, 'x> {
    pub(super) fn new(points: Points<'c, 'x>) -> Self {
        Self { points, low: None }
    }
}

impl Iterator for CodeUnits<'_, '_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        if let Some(low) = self.low.take() {
            return Some(low);
        }
        let (unit, low) = self.points.next()?.units();
        self.low = low;
        Some(unit)
    }
}
