//! Texts as a picture can show them.

use crate::diagnostic::is_invisible;

/// How many columns of a box's name are shown; paths are long.
pub(super) const TITLE_WIDTH: usize = 60;
/// How many columns of another name are shown.
pub(super) const NAME_WIDTH: usize = 36;
/// How many columns of a condition are shown.
pub(super) const CONDITION_WIDTH: usize = 46;

/// The text on one line, cut where it is longer than `width` columns. Control characters, and those that change the
/// direction of what follows, are shown as a dot.
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

/// The whole text, line breaks kept, with nothing in it that cannot be seen or that XML has no place for.
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

/// Two for characters that are as wide as they are high: those of East Asian scripts, and pictures.
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

/// `text` with each character that `escape` has something for replaced by it.
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

/// As text or an attribute's value has it in XML, and in the labels of DOT that look like HTML.
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
