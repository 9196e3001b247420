//! Terminal colours, and strings that are safe to print on a terminal.

use edgeroute_lang::diagnostic::quoted_up_to;

/// Whether text is coloured with ANSI escapes.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum Color {
    /// Plain text.
    #[default]
    Never,
    /// ANSI escapes.
    Ansi,
}

/// The role of a piece of text, which decides its colour.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Ink {
    /// Something that is true or succeeded.
    Good,
    /// Something that is false or failed.
    Bad,
    /// Something undefined or possibly surprising.
    Odd,
    /// A value from the input.
    Value,
    /// A name.
    Strong,
    /// Text that only helps the eye.
    Faint,
}

impl Color {
    /// Returns the text in the colour of this role.
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

/// Replaces the characters of an untrusted string that a terminal would interpret, or that would reorder the text
/// around them, by symbols or codes.
pub(super) fn printable(text: &str) -> String {
    quoted_up_to(text, usize::MAX)
}

/// Whether a terminal shows a character unchanged and in a column of its own.
pub(super) fn is_shown(character: char) -> bool {
    !character.is_control()
        && !matches!(character, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}
