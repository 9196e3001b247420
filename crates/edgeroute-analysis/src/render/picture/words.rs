//! Prepares strings for pictures.

use edgeroute_lang::diagnostic::is_invisible;

/// The most columns that are shown of a box's name, which may be a path.
pub(super) const TITLE_WIDTH: usize = 60;
/// The most columns that are shown of any other name.
pub(super) const NAME_WIDTH: usize = 36;
/// The most columns that are shown of a condition.
pub(super) const CONDITION_WIDTH: usize = 46;

/// Puts a text on one line and cuts it if it is wider than `width` columns. Control characters, and those that change
/// the direction of the text, are replaced by a dot.
pub(super) fn short(text: &str, width: usize) -> String {
    let mut shown = String::new();
    let mut columns = 0;
    for character in text.chars() {
        columns += column_count(character);
        if columns > width {
            shown.push('…');
            break;
        }
        shown.push(visible(character));
    }
    shown
}

/// Keeps the whole text with its line breaks, but replaces characters that are invisible or not allowed in XML.
pub(super) fn whole(text: &str) -> String {
    text.chars().map(|character| if character == '\n' { '\n' } else { visible(character) }).collect()
}

fn visible(character: char) -> char {
    match character {
        '\t' | '\n' | '\r' => ' ',
        '\u{fffe}' | '\u{ffff}' => '·',
        _ if is_invisible(character) => '·',
        _ => character,
    }
}

/// The number of columns of a character: two for East Asian scripts and pictographs.
pub(super) fn column_count(character: char) -> usize {
    match u32::from(character) {
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0x1f300..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// Replaces each character for which `escape` returns a replacement.
pub(super) fn escaped(text: &str, escape: impl Fn(char) -> Option<&'static str>) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match escape(character) {
            Some(escape) => out.push_str(escape),
            None => out.push(character),
        }
    }
    out
}

/// Escapes a text for XML content and attribute values, and for the HTML-like labels of DOT.
pub(super) fn xml(text: &str) -> String {
    escaped(text, |character| match character {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\'' => Some("&#39;"),
        _ => None,
    })
}
