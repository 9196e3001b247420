//! Computes the sizes of boxes and the positions of what is in them.

use super::super::words::{CONDITION_WIDTH, NAME_WIDTH, TITLE_WIDTH, column_count, short};
use super::super::{Node, NodeKind, Picture};

pub(super) const NAME_SIZE: f64 = 13.0;
pub(super) const SMALL_SIZE: f64 = 11.0;
/// The space around the content of a box.
pub(super) const PADDING: f64 = 10.0;
pub(super) const NAME_LINE: f64 = 19.0;
pub(super) const SMALL_LINE: f64 = 15.0;
pub(super) const PORT_LINE: f64 = 18.0;
/// The space between two routes of a box.
pub(super) const ROW_GAP: f64 = 7.0;
/// The width of a priority in its frame and the space after it.
pub(super) const BADGE: f64 = 22.0;
/// The space between an input's name and an output's name.
const PORTS_APART: f64 = 22.0;
/// The distance between arrows that end at the side of a box.
const ARROW_SPACE: f64 = 7.0;
/// The greatest height that a box gains for its arrows.
const MOST_FOR_ARROWS: f64 = 420.0;

/// The size of a box.
#[derive(Clone, Debug)]
pub(super) struct Size {
    pub(super) width: f64,
    pub(super) height: f64,
}

/// The height of the head of a box: its name and its kind.
pub(super) fn head_height(node: &Node) -> f64 {
    let name = if has_name(node) { NAME_LINE } else { 0.0 };
    let note = if node.note.is_empty() { 0.0 } else { SMALL_LINE };
    name + note
}

pub(super) fn has_name(node: &Node) -> bool {
    !node.name.is_empty() || node.rows.is_empty()
}

/// The size of each box.
pub(super) fn of_all(picture: &Picture) -> Vec<Size> {
    let mut arrows = vec![(0_usize, 0_usize); picture.nodes.len()];
    for edge in &picture.edges {
        if let Some((_, into)) = arrows.get_mut(edge.to.node).filter(|_| edge.to.port.is_none()) {
            *into += 1;
        }
        if let Some((out, _)) = arrows.get_mut(edge.from.node).filter(|_| edge.from.port.is_none()) {
            *out += 1;
        }
    }
    picture.nodes.iter().zip(arrows).map(|(node, (out, into))| of(node, out.max(into))).collect()
}

/// The size of a box with at most this many arrows at either side.
fn of(node: &Node, arrows: usize) -> Size {
    let mut width: f64 = 64.0;
    let mut height = head_height(node);
    if has_name(node) {
        width = width.max(bold_width(&short(&node.name, TITLE_WIDTH), NAME_SIZE));
    }
    width = width.max(text_width(node.note, SMALL_SIZE));
    let ports = node.inputs.len().max(node.outputs.len());
    if ports > 0 {
        let widest = |names: &[String]| {
            names.iter().map(|name| text_width(&short(name, NAME_WIDTH), SMALL_SIZE)).fold(0.0, f64::max)
        };
        width = width.max(widest(&node.inputs) + PORTS_APART + widest(&node.outputs));
        height += number(ports) * PORT_LINE + 4.0;
    }
    for (index, row) in node.rows.iter().enumerate() {
        let badge = if row.badge.is_empty() { 0.0 } else { BADGE };
        let mark = if row.in_loop { 18.0 } else { 0.0 };
        width = width.max(badge + bold_width(&short(&row.name, NAME_WIDTH), NAME_SIZE) + mark);
        for condition in &row.conditions {
            width = width.max(mono_width(&short(condition, CONDITION_WIDTH)));
        }
        let gap = if index > 0 { ROW_GAP } else { 0.0 };
        height += NAME_LINE + number(row.conditions.len()) * SMALL_LINE + gap;
    }
    height += if node.kind == NodeKind::Routes { PADDING } else { 1.4 * PADDING };
    if !matches!(node.kind, NodeKind::Test | NodeKind::Module | NodeKind::UnknownModule) {
        height = height.max((number(arrows) * ARROW_SPACE).min(MOST_FOR_ARROWS));
    }
    Size { width: width + 2.0 * PADDING, height }
}

pub(super) fn bold_width(text: &str, size: f64) -> f64 {
    text_width(text, size) * 1.1
}

/// Estimates the width of a text from the advances of `DejaVu Sans`, which is a wide font.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    let em: f64 = text
        .chars()
        .map(|character| match character {
            'i' | 'j' | 'l' | '\'' | '|' => 0.29,
            ' ' | '.' | ',' | 'f' | 't' | 'r' | '-' | '/' | ':' | ';' | '(' | ')' | '[' | ']' | '!' | 'I' | 'J' => 0.41,
            'm' | 'w' | 'M' | 'W' | '@' | '%' | 'Q' | 'O' | '…' | '→' => 0.99,
            '+' | '=' | '<' | '>' | '#' | '~' => 0.84,
            'A'..='Z' => 0.75,
            _ => {
                if column_count(character) == 2 {
                    1.05
                } else {
                    0.635
                }
            }
        })
        .sum();
    em * size
}

pub(super) fn mono_width(text: &str) -> f64 {
    number(text.chars().map(column_count).sum()) * 0.605 * SMALL_SIZE
}

/// Converts a count to a length. The counts of drawn things are small.
pub(super) fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
