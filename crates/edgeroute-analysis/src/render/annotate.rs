//! Writes a text with marks beneath its parts, and a label after each mark.
//!
//! ```text
//! | as_number(temperature) > 80 and level = 'x'
//! |           ----------- "21.5"    ----- "y"
//! | ---------------------- 21.5     ----------- false
//! | --------------------------- false
//! | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ false
//! ```
//!
//! A mark is placed below the marks within it, so the rows read from the inside out. Marks that fit beside each other
//! share a row. A long text is broken into lines; a part that spans several lines is marked where it ends. The cost is
//! linear in the text, and quadratic in the number of marks on a line.

use core::fmt::Write as _;
use core::ops::Range;

use super::paint::{Color, Ink, is_shown};
use edgeroute_lang::span::Span;

/// A mark for a part of a text, with its label.
pub(super) struct Mark {
    /// The span in bytes of the text.
    pub(super) span: Span,
    pub(super) label: String,
    pub(super) ink: Ink,
    /// The character that underlines the part.
    pub(super) sign: char,
}

/// Layout settings.
pub(super) struct Layout<'l> {
    /// The prefix of every line.
    pub(super) margin: &'l str,
    /// The most columns of the text per line.
    pub(super) width: usize,
    pub(super) color: Color,
}

/// A range of columns that is in use.
type Columns = Range<usize>;

/// A mark on a line, and the column where its label ends.
struct Placed<'m> {
    mark: &'m Mark,
    columns: Columns,
    /// Whether it begins on an earlier line.
    is_continued: bool,
    row: usize,
}

/// Writes `text` with the `marks` beneath it. Inner marks must come before the marks around them. `breaks` are the byte
/// offsets before which lines are best broken, in order. Lines without marks are left out if several follow each other
/// or if no mark comes after them.
pub(super) fn annotate(text: &str, marks: &[Mark], breaks: &[u32], layout: &Layout<'_>) -> String {
    let columns = ColumnIndex::new(text);
    let breaks: Vec<usize> = breaks.iter().map(|&offset| columns.of(offset)).collect();
    let shown: Vec<char> = text.chars().map(|character| if is_shown(character) { character } else { ' ' }).collect();
    let lines = break_lines(&shown, &breaks, layout.width.max(20));
    let mut of_line: Vec<Vec<Placed<'_>>> = lines.iter().map(|_| Vec::new()).collect();
    for mark in marks {
        let (start, end) = (columns.of(mark.span.start()), columns.of(mark.span.end()));
        let line = lines.partition_point(|line| line.end < end).min(lines.len().saturating_sub(1));
        let (Some(line), Some(placed)) = (lines.get(line), of_line.get_mut(line)) else { continue };
        let is_continued = start < line.start;
        let start = start.max(line.start) - line.start;
        let end = end.saturating_sub(line.start).max(start + 1);
        placed.push(Placed { mark, columns: start..end, is_continued, row: 0 });
    }
    let mut out = String::new();
    let faint = |text: &str| layout.color.paint(Ink::Faint, text);
    // Lines without marks are held back until it is known whether another line follows.
    let mut unmarked: Vec<Columns> = Vec::new();
    for (line, mut marks) in lines.into_iter().zip(of_line) {
        if marks.is_empty() {
            unmarked.push(line);
            continue;
        }
        let content = |line: &Columns| shown.get(line.clone()).unwrap_or_default().iter().collect::<String>();
        match unmarked.as_slice() {
            [] => {}
            [only] => drop(writeln!(out, "{}{}", layout.margin, faint(content(only).trim_end()))),
            _ => drop(writeln!(out, "{}{}", layout.margin, faint("..."))),
        }
        unmarked.clear();
        let _ = writeln!(out, "{}{}", layout.margin, content(&line).trim_end());
        let rows = place(&mut marks);
        for row in 0..rows {
            let mut in_row: Vec<&Placed<'_>> = marks.iter().filter(|placed| placed.row == row).collect();
            in_row.sort_by_key(|placed| placed.columns.start);
            let _ = writeln!(out, "{}{}", layout.margin, row_text(&in_row, layout.color));
        }
    }
    out
}

/// Assigns each mark a row below all marks within it, in which its columns are free. Returns the number of rows.
fn place(marks: &mut [Placed<'_>]) -> usize {
    // The columns in use, by row.
    let mut taken: Vec<Vec<Columns>> = Vec::new();
    for index in 0..marks.len() {
        let (before, rest) = marks.split_at_mut(index);
        let Some(placed) = rest.first_mut() else { break };
        let is_within = |other: &&Placed<'_>| {
            placed.columns.start <= other.columns.start && other.columns.end <= placed.columns.end
        };
        let least = before.iter().filter(is_within).map(|other| other.row + 1).max().unwrap_or(0);
        // Keeps two columns free between a label and the next mark.
        let room = placed.columns.start..placed.columns.end + 1 + placed.mark.label.chars().count() + 2;
        let is_free =
            |columns: &Vec<Columns>| columns.iter().all(|other| other.end <= room.start || room.end <= other.start);
        let row =
            (least..taken.len()).find(|&row| taken.get(row).is_some_and(is_free)).unwrap_or(least.max(taken.len()));
        if row >= taken.len() {
            taken.resize_with(row + 1, Vec::new);
        }
        if let Some(columns) = taken.get_mut(row) {
            columns.push(room);
        }
        placed.row = row;
    }
    taken.len()
}

/// Writes the marks and labels of one row, which must be in order and not overlap.
fn row_text(marks: &[&Placed<'_>], color: Color) -> String {
    let mut row = String::new();
    let mut column = 0;
    for Placed { mark, columns, is_continued, .. } in marks {
        row.extend(core::iter::repeat_n(' ', columns.start.saturating_sub(column)));
        let mut signs: String = core::iter::repeat_n(mark.sign, columns.len()).collect();
        if *is_continued {
            // The mark continues from the line above.
            signs.replace_range(..1, "<");
        }
        let label = if mark.label.is_empty() { String::new() } else { format!(" {}", mark.label) };
        column = columns.end + label.chars().count();
        row.push_str(&color.paint(mark.ink, &format!("{signs}{label}")));
    }
    row
}

/// Breaks a text into lines of at most `width` columns: before one of `breaks`, or else after a space.
fn break_lines(text: &[char], breaks: &[usize], width: usize) -> Vec<Columns> {
    let mut lines = Vec::new();
    let mut start = 0;
    while text.len() - start > width {
        let within = start + width / 3..start + width + 1;
        let best = breaks.get(..breaks.partition_point(|&at| at < within.end)).and_then(<[usize]>::last);
        let best = best.copied().filter(|at| within.contains(at));
        let end = best.unwrap_or_else(|| {
            let spaces = text.get(within.clone()).unwrap_or_default();
            spaces.iter().rposition(|&character| character == ' ').map_or(start + width, |at| within.start + at + 1)
        });
        // The next line must begin with a character, not with a space.
        let spaces = text.get(end..).unwrap_or_default().iter().take_while(|&&character| character == ' ').count();
        lines.push(start..end + spaces);
        start = end + spaces;
    }
    if start < text.len() || lines.is_empty() {
        lines.push(start..text.len());
    }
    lines
}

/// Maps bytes of a text to its characters, one per column.
struct ColumnIndex {
    /// The first byte of each character, then the length of the text.
    starts: Vec<usize>,
}

impl ColumnIndex {
    fn new(text: &str) -> Self {
        Self { starts: text.char_indices().map(|(at, _)| at).chain([text.len()]).collect() }
    }

    /// The column of the character that begins at a byte, or of the next character.
    fn of(&self, offset: u32) -> usize {
        let offset = Span::at(offset).range().start;
        self.starts.partition_point(|&start| start < offset).min(self.starts.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(text: &str, marks: &[(&str, &str)], breaks: &[u32], width: usize) -> String {
        let marks: Vec<Mark> = marks
            .iter()
            .map(|(part, label)| {
                let start = text.find(part).unwrap();
                Mark {
                    span: Span::from_range(start..start + part.len()),
                    label: (*label).to_owned(),
                    ink: Ink::Value,
                    sign: '-',
                }
            })
            .collect();
        annotate(text, &marks, breaks, &Layout { margin: "| ", width, color: Color::Never })
    }

    #[test]
    fn a_part_is_below_those_within_it_and_beside_others_where_there_is_room() {
        let shown = show(
            "f(temperature) > 80 and level = 'x'",
            &[
                ("temperature", "21"),
                ("f(temperature)", "21.5"),
                ("f(temperature) > 80", "false"),
                ("level", "no such"),
                ("level = 'x'", "undefined"),
                ("f(temperature) > 80 and level = 'x'", "false"),
            ],
            &[],
            80,
        );
        assert_eq!(
            shown,
            "\
| f(temperature) > 80 and level = 'x'
|   ----------- 21        ----- no such
| -------------- 21.5     ----------- undefined
| ------------------- false
| ----------------------------------- false
"
        );
    }

    #[test]
    fn a_long_text_is_broken_and_a_part_is_marked_where_it_ends() {
        let text = "aaaaaaaaaaaaaaaaaa = b and cccccccccccccc = d";
        let at = u32::try_from(text.find("and").unwrap()).unwrap();
        let shown = show(text, &[("cccccccccccccc", "1"), (text, "2")], &[at], 24);
        assert_eq!(
            shown,
            "\
| aaaaaaaaaaaaaaaaaa = b
| and cccccccccccccc = d
|     -------------- 1
| <--------------------- 2
"
        );
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal_and_columns_count_characters() {
        let shown = show("é\u{1b}\u{202E}\n = b", &[("b", "1")], &[], 80);
        assert_eq!(shown, "| é    = b\n|        - 1\n");
    }
}
