//! Cursors: the characters of a rope, one after the other.
//!
//! A cursor stands in a text in memory. The ropes around that text are its *layers*, the outermost first; each takes what
//! the one below it gives, and gives something up in its turn. There is no recursion, and the memory for layers is the
//! caller's.

use core::iter::FusedIterator;
use core::str::Chars;

use super::rope::{Case, Rope, RopeId};
use crate::matcher::scalar;
use crate::text::{lower, upper};
use crate::work;

/// A code point of a text in UTF-16.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Point {
    Char(char),
    /// A surrogate that is no half of a pair.
    Lone(u16),
}

/// A rope around the text in which a cursor stands.
#[derive(Copy, Clone, Debug)]
pub(super) enum Layer {
    Cased(Case),
    /// How many code units are still to be skipped, and then to be given.
    Part {
        skip: usize,
        left: usize,
    },
    Joined {
        /// The parts that are still to come.
        next: usize,
        end: usize,
        /// A surrogate that was kept back: it may be the first half of a pair, with what the next part starts with.
        high: Option<u16>,
    },
}

/// The text in which a cursor stands.
#[derive(Clone)]
enum Leaf<'x> {
    Text(Chars<'x>),
    Units(&'x [u16]),
    Body(scalar::Chars<'x>),
}

/// The code points of a rope. Surrogates that form a pair are one.
pub(super) struct Points<'c, 'x> {
    ropes: &'c [Rope<'x>],
    parts: &'c [RopeId],
    layers: &'c mut Vec<Layer>,
    leaf: Leaf<'x>,
    /// What the layer at this index gives next, before anything else comes from below: behind a surrogate that it had
    /// kept back in vain. One such is enough: until it is taken, only surrogates move, and behind those no layer puts
    /// anything here.
    next: Option<(usize, Point)>,
}

/// The UTF-16 code units of a rope.
pub(super) struct CodeUnits<'c, 'x> {
    points: Points<'c, 'x>,
    /// The second half of what was given last.
    low: Option<u16>,
}

/// What a layer makes of what it got.
enum Given {
    /// It gives this to the layer above; `None` is the end.
    Up(Option<Point>),
    /// It wants more from below.
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
    /// The point as code units.
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
    /// At the start of a rope. `layers` needs room for as many ropes as there are within each other.
    pub(super) fn new(ropes: &'c [Rope<'x>], parts: &'c [RopeId], layers: &'c mut Vec<Layer>, rope: RopeId) -> Self {
        layers.clear();
        let mut points = Self { ropes, parts, layers, leaf: Leaf::EMPTY, next: None };
        points.enter(rope);
        points
    }

    /// Goes down to the first text in memory of a rope.
    fn enter(&mut self, mut id: RopeId) {
        self.leaf = loop {
            work::step();
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

    /// What comes next from below, and the number of layers above it.
    fn pull(&mut self) -> (usize, Option<Point>) {
        work::step();
        match self.next.take() {
            Some((index, point)) => (index, Some(point)),
            None => (self.layers.len(), self.leaf.next()),
        }
    }

    /// Gives the layer at `index` what comes from below; `None` is the end.
    fn give(&mut self, index: usize, point: Option<Point>) -> Given {
        work::step();
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
                        // A part below may have ended before what it is a part of.
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

/// The character of which these are the halves. The first is a high surrogate; so is the second if they are no halves.
fn paired(first: u16, second: u16) -> Option<Point> {
    match char::decode_utf16([first, second]).next() {
        Some(Ok(character)) => Some(Point::Char(character)),
        _ => None,
    }
}

/// What a part takes of a point: all, nothing, or half of it. `left > 0`
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

// A part that has nothing left gives nothing more, and every other layer nothing without something from below.
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
