//! Colours of a terminal, and texts that it can be shown.

use crate::diagnostic::quoted_up_to;

/// Whether text is coloured by ANSI escapes.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum Color {
    /// Plain text.
    #[default]
    Never,
    /// Escapes that terminals know.
    Ansi,
}

/// What a piece of text is.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Ink {
    /// What holds.
    Good,
    /// What does not.
    Bad,
    /// What is undefined, or may surprise.
    Odd,
    /// What is given.
    Value,
    /// A name.
    Strong,
    /// What only helps the eye.
    Faint,
}

impl Color {
    /// The text in this ink.
    pub(super) fn paint(self, ink: Ink, text: &str) -> String {
        let code = match (self, ink) {
            (Self::Never, _) => return text.to_owned(),
            (Self::Ansi, Ink::Good) => "32",
            (Self::Ansi, Ink::Bad) => "31",
            (Self::Ansi, Ink::Odd) => "33",
            (Self::Ansi, Ink::Value) => "36",
            (Self::Ansi, Ink::Strong) => "1",
            (Self::Ansi, Ink::Faint) => "2",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

/// A text from outside without characters that a terminal obeys, or that change the order of what stands beside them:
/// those are shown as symbols or codes.
pub(super) fn printable(text: &str) -> String {
    quoted_up_to(text, usize::MAX)
}

/// Whether a terminal shows a character as it is, in a place of its own.
pub(super) fn is_shown(character: char) -> bool {
    !character.is_control()
        && !matches!(character, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}
