use crate::lint::{CheckedRoute, Findings, Fixes, Level, Pass};
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::span::Span;

lint! {
    /// A character that is invisible or changes the order in which text is shown.
    ///
    /// # Why
    /// A no-break space, pasted from a web page, is not white space in a route but part of a name.
    /// Zero-width characters make strings differ that look the same.
    /// Bidirectional controls can show a condition in an order other than the one in which it is read, which misleads a
    /// reviewer.
    ///
    /// # Example
    /// ```json W0111
    /// {
    ///   "schemaVersion": "1.0",
    ///   "routes": { "hot": "FROM /messages/* WHERE level = 'critical\u200b' INTO $upstream" },
    ///   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
    /// }
    /// ```
    ///
    /// # Use instead
    /// ```json
    /// {
    ///   "schemaVersion": "1.0",
    ///   "routes": { "hot": "FROM /messages/* WHERE level = 'critical' INTO $upstream" },
    ///   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
    /// }
    /// ```
    ///
    /// # Fix
    /// Removes the character, or replaces it with a space if it is a kind of space.
    /// That changes the meaning.
    Lint {
        code: Code::InvisibleCharacter,
        name: "invisible-character",
        level: Level::Warn,
        fixes: Some(Fixes::ChangeMeaning),
        pass: Pass::Route(check),
    }
}

/// The most characters that are reported for one route.
const REPORTED: usize = 20;

/// What is wrong with a character.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Kind {
    /// It changes the order in which text is displayed.
    Bidirectional,
    /// It looks like a space.
    Space,
    /// It is not visible.
    Nothing,
}

fn check(subject: &CheckedRoute<'_>, findings: &mut Findings<'_>) {
    if subject.text.bytes().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) {
        return;
    }
    let mut last = None;
    let mut reported = 0;
    for (at, character) in subject.text.char_indices() {
        let before = last.replace(character);
        let Some(kind) = kind(character) else {
            continue;
        };
        // Emoji and some scripts use these to join characters.
        if matches!(character, '\u{200c}' | '\u{200d}') && before.is_some_and(|before| !before.is_ascii()) {
            continue;
        }
        reported += 1;
        if reported > REPORTED {
            return;
        }
        let span = Span::from_range(at..at + character.len_utf8());
        let code = format!("U+{:04X}", u32::from(character));
        let (message, replacement) = match kind {
            Kind::Bidirectional => (format!("{code} changes the order in which the text is displayed"), ""),
            Kind::Space => (format!("{code} looks like a space but is part of a name or string"), " "),
            Kind::Nothing => (format!("{code} is invisible and is part of a name or string"), ""),
        };
        let diagnostic = findings.diagnostic(span, message).with_help(match replacement {
            "" => "remove it",
            _ => "replace it with a space",
        });
        let diagnostic = findings.fix(subject, diagnostic, span, replacement);
        findings.add(subject.index, diagnostic);
    }
}

fn kind(character: char) -> Option<Kind> {
    match character {
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}' => {
            Some(Kind::Bidirectional)
        }
        ' ' | '\t' | '\r' | '\n' => None,
        _ if character.is_whitespace() => Some(Kind::Space),
        '\u{200b}'..='\u{200d}'
        | '\u{2060}'..='\u{2064}'
        | '\u{feff}'
        | '\u{ad}'
        | '\u{180e}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{3164}'
        | '\u{ffa0}' => Some(Kind::Nothing),
        _ if character.is_control() => Some(Kind::Nothing),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check_conditions;

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        check_conditions(
            "invisible-character",
            &[
                ("a = 'x\u{200b}'", "U+200B is invisible and is part of a name or string: `\u{200b}` -> a = 'x'"),
                ("a = 'x'\u{a0}", "U+00A0 looks like a space but is part of a name or string: `\u{a0}` -> a = 'x' "),
                ("a = 'x\u{202e}'", "U+202E changes the order in which the text is displayed: `\u{202e}` -> a = 'x'"),
            ],
            &["a = 'x'", "a = 'é'", "a = '👩\u{200d}🚀'", "a\t=\r\n'x'"],
        );
    }
}
