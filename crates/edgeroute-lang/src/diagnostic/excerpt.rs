//! The lines that a finding shows, cut to windows if they are long, and made safe to print.
//!
//! A text comes from outside. It may be one line of a gigabyte, and may contain characters that move a terminal's
//! cursor or reverse the direction of writing. So a line is shown as a window of at most [`WIDTH`] characters around
//! what is marked, and every invisible character is shown as its code. The cost depends on the length of the windows,
//! not of the lines.

use core::fmt::Write as _;
use core::ops::Range;

use crate::span::{self, LineIndex, Span};

/// The maximum number of characters of a line that are shown.
const WIDTH: usize = 120;

/// The number of characters shown before a mark in a line that is cut.
const CONTEXT: usize = 40;

/// The maximum number of marks of one finding that are shown.
const MARKS: usize = 16;

/// Marks a place where a line was cut.
const CUT: &str = "...";

/// A line of the text, or a window of it, as shown to the reader.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Excerpt {
    /// The number of the line, counted from 1.
    pub line: u32,
    /// The text shown, without control characters. It contains at least part of what is marked, unless that is empty.
    pub text: String,
    /// The marks under the text; never empty.
    pub marks: Vec<Mark>,
}

/// A span within an excerpt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mark {
    /// The index of the span in the list that was passed.
    pub label: usize,
    /// A range of bytes of the excerpt's text, on character boundaries.
    pub range: Range<usize>,
}

/// Returns the excerpts that show `spans`, in the order of the text. A span over several lines is shown on its first
/// line. `lines` must have been built from `text`.
pub fn excerpts(text: &str, lines: &LineIndex, spans: &[Span]) -> Vec<Excerpt> {
    let mut placed: Vec<(u32, Span, usize)> = spans
        .iter()
        .take(MARKS)
        .enumerate()
        .map(|(label, span)| (lines.position(text, span.start()).line, *span, label))
        .collect();
    placed.sort_by_key(|&(line, _, label)| (line, label));
    let mut found: Vec<Excerpt> = Vec::new();
    for on_line in placed.chunk_by(|a, b| a.0 == b.0) {
        let Some(&(line, ..)) = on_line.first() else { continue };
        let mut on_line: Vec<(usize, Span)> = on_line.iter().map(|&(_, span, label)| (label, span)).collect();
        let first = found.len();
        while !on_line.is_empty() {
            let window = Window::around(text, lines.line_span(text, line), &on_line);
            let (inside, outside) = on_line.into_iter().partition(|&(_, span)| window.shows(span));
            found.push(window.excerpt(text, line, inside));
            on_line = outside;
        }
        if let Some(windows) = found.get_mut(first..) {
            windows.sort_by_key(|excerpt| excerpt.marks.iter().map(|mark| spans.get(mark.label).copied()).min());
        }
    }
    found
}

/// The maximum number of characters of a message that are shown.
const MESSAGE: usize = 1_000;

/// The maximum number of characters that a message quotes from a text.
pub const QUOTED: usize = 60;

/// Makes a text from outside printable on one line, of bounded length. Invisible characters are shown as their codes.
pub fn bounded(text: &str) -> String {
    printable(text, MESSAGE)
}

/// Quotes a text from outside for a message: printable, and cut after [`QUOTED`] characters.
pub fn quoted(text: &str) -> String {
    printable(text, QUOTED)
}

/// Quotes a text from outside for a message, cut after `most` characters.
pub fn quoted_up_to(text: &str, most: usize) -> String {
    printable(text, most)
}

fn printable(text: &str, most: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(most));
    let mut characters = text.chars();
    for c in characters.by_ref().take(most) {
        push_printable(&mut shown, c);
    }
    if characters.next().is_some() {
        shown.push_str(CUT);
    }
    shown
}

fn push_printable(shown: &mut String, c: char) {
    match c {
        '\t' => shown.push(' '),
        // The control pictures are in the order of the controls that they show.
        '\0'..' ' => shown.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER)),
        '\u{7f}' => shown.push('\u{2421}'),
        _ if is_invisible(c) => {
            // Writing to a `String` cannot fail.
            let _ = write!(shown, "<U+{:04X}>", u32::from(c));
        }
        _ => shown.push(c),
    }
}

/// Whether a character is invisible or changes how others are shown: controls, direction marks, zero-width spaces, line
/// separators, tags.
pub fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// A part of a line.
struct Window {
    line: Span,
    /// A range of bytes of the text, on character boundaries, within the line.
    range: Range<usize>,
}

impl Window {
    /// Returns the whole line if it is short, else the part around all spans if they are close together, else the part
    /// around the first span.
    fn around(text: &str, line: Span, spans: &[(usize, Span)]) -> Self {
        let Range { start, end } = line.range();
        let after = |from: usize, count: usize| {
            let rest = text.get(from..end).unwrap_or_default();
            rest.char_indices().nth(count).map_or(end, |(at, _)| from + at)
        };
        let before = |from: usize, count: usize| {
            let head = text.get(start..from).unwrap_or_default();
            head.char_indices().rev().take(count).last().map_or(from, |(at, _)| start + at)
        };
        let range = if after(start, WIDTH) == end {
            start..end
        } else {
            let first = spans.first().map_or(line, |&(_, span)| span);
            let (least, most) = spans.iter().fold((first.start(), first.end()), |(least, most), (_, span)| {
                (least.min(span.start()), most.max(span.end()))
            });
            let is_near = after(floor(text, least).max(start), WIDTH - CONTEXT) >= (most as usize).min(end);
            let from = floor(text, if is_near { least } else { first.start() }).clamp(start, end);
            let from = before(from, CONTEXT);
            from..after(from, WIDTH)
        };
        Self { line, range }
    }

    /// Whether the start of a span is in the window.
    fn shows(&self, span: Span) -> bool {
        let start = span.range().start.min(self.line.range().end);
        // A span that begins at the end of the line is shown at the end of the last window.
        self.range.contains(&start) || start == self.range.end && self.range.end == self.line.range().end
    }

    fn excerpt(&self, text: &str, line: u32, spans: Vec<(usize, Span)>) -> Excerpt {
        let mut shown = String::new();
        if self.range.start > self.line.range().start {
            shown.push_str(CUT);
        }
        let clip = |offset: u32| floor(text, offset).clamp(self.range.start, self.range.end);
        let mut marks: Vec<(usize, Range<usize>)> =
            spans.into_iter().map(|(label, span)| (label, clip(span.start())..clip(span.end()))).collect();
        let content = text.get(self.range.clone()).unwrap_or_default();
        let mut places: Vec<Range<usize>> = marks.iter().map(|_| shown.len()..shown.len()).collect();
        for (at, c) in content.char_indices() {
            let at = self.range.start + at;
            let from = shown.len();
            push_printable(&mut shown, c);
            for (place, (_, range)) in places.iter_mut().zip(&marks) {
                if at < range.start {
                    *place = shown.len()..shown.len();
                } else if at < range.end || at == range.start {
                    // An empty span is shown at the character after it.
                    place.start = place.start.min(from);
                    place.end = if range.is_empty() { from } else { shown.len() };
                }
            }
        }
        if self.range.end < self.line.range().end {
            shown.push_str(CUT);
        }
        let marks = marks.drain(..).zip(places).map(|((label, _), range)| Mark { label, range }).collect();
        Excerpt { line, text: shown, marks }
    }
}

fn floor(text: &str, offset: u32) -> usize {
    span::floor(text, Span::at(offset).range().start)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns each excerpt as its line and its text, with the marks in brackets: `1: a[b]c`.
    fn show(text: &str, spans: &[(usize, usize)]) -> Vec<String> {
        let spans: Vec<Span> = spans.iter().map(|&(start, end)| Span::from_range(start..end)).collect();
        let excerpts = excerpts(text, &LineIndex::new(text), &spans);
        excerpts
            .into_iter()
            .map(|excerpt| {
                let mut shown = excerpt.text.clone();
                let mut marks: Vec<Range<usize>> = excerpt.marks.iter().map(|mark| mark.range.clone()).collect();
                marks.sort_by_key(|mark| core::cmp::Reverse(mark.start));
                for mark in marks {
                    shown.insert(mark.end, ']');
                    shown.insert(mark.start, '[');
                }
                format!("{}: {shown}", excerpt.line)
            })
            .collect()
    }

    #[test]
    fn short_lines_are_shown_whole_with_all_their_marks() {
        assert_eq!(show("a\nbcd\ne", &[(3, 4)]), ["2: b[c]d"]);
        assert_eq!(show("a\nbcd\ne", &[(6, 7), (0, 1), (4, 5), (2, 3)]), ["1: [a]", "2: [b]c[d]", "3: [e]"]);
        assert_eq!(show("é = ü", &[(0, 2), (5, 7)]), ["1: [é] = [ü]"]);
    }

    #[test]
    fn a_span_over_lines_is_shown_on_its_first() {
        assert_eq!(show("ab\ncd", &[(1, 5)]), ["1: a[b]"]);
    }

    #[test]
    fn places_at_and_past_the_end_are_shown_at_the_end() {
        assert_eq!(show("ab", &[(2, 2)]), ["1: ab[]"]);
        assert_eq!(show("ab\n", &[(3, 3)]), ["2: []"]);
        assert_eq!(show("ab", &[(90, 99)]), ["1: ab[]"]);
        assert_eq!(show("", &[(0, 0)]), ["1: []"]);
        assert_eq!(show("ab\ncd", &[(2, 2)]), ["1: ab[]"]);
        assert_eq!(show("é", &[(1, 2)]), ["1: [é]"]);
    }

    #[test]
    fn a_long_line_is_cut_around_what_is_marked() {
        let text = format!("{}@{}", "x".repeat(5_000), "y".repeat(5_000));
        let expected = format!("1: ...{}[@]{}...", "x".repeat(40), "y".repeat(79));
        assert_eq!(show(&text, &[(5_000, 5_001)]), [expected]);
        assert_eq!(show(&text, &[(0, 1)]), [format!("1: [x]{}...", "x".repeat(119))]);
        let last = text.len() - 1;
        assert_eq!(show(&text, &[(last, last + 1)]), [format!("1: ...{}[y]", "y".repeat(40))]);
    }

    #[test]
    fn marks_far_apart_on_one_line_have_windows_of_their_own_in_the_order_of_the_line() {
        let text = "x".repeat(1_000);
        let shown = show(&text, &[(900, 902), (100, 101), (905, 906)]);
        assert_eq!(shown.len(), 2);
        assert!(shown[0].contains("[x]") && !shown[0].contains("[xx]"), "{}", shown[0]);
        assert!(shown[1].contains("[xx]xxx[x]"), "{}", shown[1]);
    }

    #[test]
    fn what_is_not_seen_as_itself_is_shown_as_its_code() {
        assert_eq!(show("a\u{202e}b", &[(1, 4)]), ["1: a[<U+202E>]b"]);
        assert_eq!(show("\u{1b}[2J\0\t\u{7f}\u{9b}x", &[(0, 1)]), ["1: [\u{241b}][2J\u{2400} \u{2421}<U+009B>x"]);
        assert_eq!(bounded("a\u{2066}\n"), "a<U+2066>\u{240a}");
    }

    #[test]
    fn quoted_texts_are_cut() {
        assert_eq!(quoted("level"), "level");
        assert_eq!(quoted(&"x".repeat(60)), "x".repeat(60));
        assert_eq!(quoted(&"x".repeat(1 << 20)), "x".repeat(60) + "...");
    }

    proptest! {
        #[test]
        fn every_span_is_shown_once_in_bounds_and_in_little_text(
            pieces in prop::collection::vec(
                prop::sample::select(vec!["a", "é", "😀", "\n", "\r\n", "\t", "\u{202e}", "xxxxxxxxxxxxxxxxxxxxxxxxxxxx"]),
                0..60,
            ),
            spans in prop::collection::vec((0_u32..700, 0_u32..40), 1..6),
        ) {
            let text = pieces.concat();
            let spans: Vec<Span> = spans.into_iter().map(|(start, length)| Span::new(start, start + length)).collect();
            let excerpts = excerpts(&text, &LineIndex::new(&text), &spans);
            let mut shown: Vec<usize> =
                excerpts.iter().flat_map(|excerpt| excerpt.marks.iter().map(|mark| mark.label)).collect();
            shown.sort_unstable();
            prop_assert_eq!(shown, (0..spans.len()).collect::<Vec<_>>());
            for excerpt in excerpts {
                prop_assert!(excerpt.text.chars().count() <= WIDTH * "<U+202E>".len() + 2 * CUT.len());
                prop_assert!(!excerpt.text.chars().any(is_invisible), "{:?}", excerpt.text);
                for mark in excerpt.marks {
                    prop_assert!(excerpt.text.get(mark.range.clone()).is_some(), "{:?} in {:?}", mark, excerpt.text);
                }
            }
        }
    }
}
