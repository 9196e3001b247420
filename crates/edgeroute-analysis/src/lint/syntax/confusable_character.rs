use crate::lint::{CheckedRoute, Findings, Fixes, Level, Pass};
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::span::Span;

lint! {
    /// A letter of another script that looks like a Latin one.
    ///
    /// # Why
    /// The Cyrillic `а` and the Latin `a` look the same but are different letters.
    /// A name or string that mixes them is not what it seems to be, and never equals one typed on a Latin keyboard.
    ///
    /// # Example
    /// ```route W0110
    /// FROM /messages/* WHERE lеvel = 'critical' INTO $upstream
    /// ```
    ///
    /// # Use instead
    /// ```route
    /// FROM /messages/* WHERE level = 'critical' INTO $upstream
    /// ```
    ///
    /// # Fix
    /// Writes the Latin letters, which changes the meaning.
    Lint {
        code: Code::ConfusableCharacter,
        name: "confusable-character",
        level: Level::Warn,
        fixes: Some(Fixes::ChangeMeaning),
        pass: Pass::Route(check),
    }
}

/// Cyrillic and Greek letters, each with the Latin letter that it looks like. Taken from Unicode's confusables,
/// restricted to those that look the same in every font.
const PAIRS: [(char, char); 51] = [
    ('а', 'a'),
    ('е', 'e'),
    ('о', 'o'),
    ('р', 'p'),
    ('с', 'c'),
    ('у', 'y'),
    ('х', 'x'),
    ('і', 'i'),
    ('ј', 'j'),
    ('ѕ', 's'),
    ('ԁ', 'd'),
    ('ԛ', 'q'),
    ('ԝ', 'w'),
    ('һ', 'h'),
    ('А', 'A'),
    ('В', 'B'),
    ('Е', 'E'),
    ('К', 'K'),
    ('М', 'M'),
    ('Н', 'H'),
    ('О', 'O'),
    ('Р', 'P'),
    ('С', 'C'),
    ('Т', 'T'),
    ('Х', 'X'),
    ('У', 'Y'),
    ('І', 'I'),
    ('Ј', 'J'),
    ('Ѕ', 'S'),
    ('Α', 'A'),
    ('Β', 'B'),
    ('Ε', 'E'),
    ('Ζ', 'Z'),
    ('Η', 'H'),
    ('Ι', 'I'),
    ('Κ', 'K'),
    ('Μ', 'M'),
    ('Ν', 'N'),
    ('Ο', 'O'),
    ('Ρ', 'P'),
    ('Τ', 'T'),
    ('Υ', 'Y'),
    ('Χ', 'X'),
    ('ο', 'o'),
    ('ν', 'v'),
    ('ϲ', 'c'),
    ('ϳ', 'j'),
    ('ⅰ', 'i'),
    ('ⅴ', 'v'),
    ('ⅹ', 'x'),
    ('ℓ', 'l'),
];

fn check(subject: &CheckedRoute<'_>, findings: &mut Findings<'_>) {
    if subject.text.is_ascii() {
        return;
    }
    let mut start = 0;
    for word in subject.text.split(|character: char| !character.is_alphabetic()) {
        let span = Span::from_range(start..start + word.len());
        start += word.len();
        start += subject.text.get(start..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        let Some(found) = word.chars().find(|&character| latin(character).is_some()) else {
            continue;
        };
        // A word in another script has letters of its own, and no Latin ones.
        if !word.chars().any(|character| character.is_ascii_alphabetic())
            || word.chars().any(|character| !character.is_ascii() && latin(character).is_none())
        {
            continue;
        }
        let plain: String = word.chars().map(|character| latin(character).unwrap_or(character)).collect();
        let message = format!("`{word}` contains a letter that only looks like one in `{plain}`");
        let diagnostic = findings
            .diagnostic(span, message)
            .with_label(format!("`{found}` is U+{:04X}", u32::from(found)))
            .with_help(format!("write `{plain}`"));
        let diagnostic = findings.fix(subject, diagnostic, span, &plain);
        findings.add(subject.index, diagnostic);
    }
}

fn latin(character: char) -> Option<char> {
    PAIRS.iter().find(|(look_alike, _)| *look_alike == character).map(|(_, latin)| *latin)
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check;

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        check(
            "confusable-character",
            &[
                (
                    "FROM /* WHERE lеvel = 'x' INTO $upstream",
                    "`lеvel` contains a letter that only looks like one in `level`: `lеvel` -> FROM /* WHERE level = 'x' INTO $upstream",
                ),
                (
                    "FROM /messages/modules/sеnsor INTO $upstream",
                    "`sеnsor` contains a letter that only looks like one in `sensor`: `sеnsor` -> FROM /messages/modules/sensor INTO \
                     $upstream",
                ),
                (
                    "FROM /* WHERE a = 'сritical' INTO $upstream",
                    "`сritical` contains a letter that only looks like one in `critical`: `сritical` -> FROM /* WHERE a = 'critical' \
                     INTO $upstream",
                ),
            ],
            &[
                "FROM /* WHERE уровень = 'высокий' INTO $upstream",
                "FROM /* WHERE région = 'Zürich' INTO $upstream",
                "FROM /* WHERE level = 'μm' INTO $upstream",
                "FROM /* WHERE a = 'abc-где' INTO $upstream",
            ],
        );
    }
}
