//! Finds names that are almost certainly a mistake.
//!
//! A name may contain almost any character. So an operator, a quote or a wrong letter case next to a name produces
//! another name, and the reported error is that a string is compared with a number. If a route has an error, this
//! module suggests what the author probably meant; if it has none, the lints do.

use crate::span::Span;

/// Quotation marks, primes and accents that people type or paste instead of `'` and `"`. To the language they are
/// letters.
pub const TYPOGRAPHIC_QUOTES: [char; 16] = [
    '\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}', '\u{201c}', '\u{201d}', '\u{201e}', '\u{201f}', '\u{2032}',
    '\u{2033}', '\u{ab}', '\u{bb}', '\u{2039}', '\u{203a}', '\u{b4}', '`',
];

/// The probable meaning of a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Misread {
    /// Explains why it is a name, and what to write.
    pub help: String,
    /// An edit that fixes it. The span is in bytes of the name.
    pub edit: Option<(Span, String)>,
}

impl Misread {
    fn new(help: impl Into<String>) -> Self {
        Self { help: help.into(), edit: None }
    }

    fn with_edit(mut self, start: usize, end: usize, replacement: impl Into<String>) -> Self {
        self.edit = Some((Span::from_range(start..end), replacement.into()));
        self
    }

    fn with_space(self, at: usize) -> Self {
        self.with_edit(at, at, " ")
    }
}

/// Suggests what the name of a property or function means, if it looks like something else. `after` is the text after
/// the name.
pub fn misread(name: &str, after: &str) -> Option<Misread> {
    // Names that are longer than people write are skipped.
    if name.len() > 200 {
        return None;
    }
    constant(name)
        .or_else(|| exclamation_mark(name, after))
        .or_else(|| typographic_quotes(name))
        .or_else(|| straight_quotes(name))
        .or_else(|| joined(name))
        .or_else(|| prefixed(name))
}

/// `TRUE`
fn constant(name: &str) -> Option<Misread> {
    let constant = ["true", "false", "null", "undefined"].into_iter().find(|it| it.eq_ignore_ascii_case(name))?;
    let help = format!("`{name}` is read as a property name; constants are lower case: write `{constant}`");
    Some(Misread::new(help).with_edit(0, name.len(), constant))
}

/// `!is_defined`, `a!` before `=`
fn exclamation_mark(name: &str, after: &str) -> Option<Misread> {
    if let Some(rest) = name.strip_prefix('!') {
        // White space may follow the mark.
        let fixed = if rest.is_empty() && !after.starts_with('(') { "not" } else { "not " };
        let help = format!("`!` is read as part of a name; write `{}`", format!("{fixed}{rest}").trim_end());
        return Some(Misread::new(help).with_edit(0, 1, fixed));
    }
    let stem = name.strip_suffix('!')?;
    after.starts_with('=').then(|| {
        let help = format!("`{name}` is read as a single property name; put a space before `!=`: `{stem} !=`");
        Misread::new(help).with_space(stem.len())
    })
}

/// `“hot”`, `“hot` and `cold”`
fn typographic_quotes(name: &str) -> Option<Misread> {
    let inner = name.trim_matches(TYPOGRAPHIC_QUOTES);
    if inner.len() == name.len() {
        return None;
    }
    let quoted = name.starts_with(TYPOGRAPHIC_QUOTES) && name.ends_with(TYPOGRAPHIC_QUOTES);
    if quoted && !inner.is_empty() && !inner.contains(['\'', '\\']) {
        let help = format!("typographic quotes are read as part of a name; write `'{inner}'`");
        return Some(Misread::new(help).with_edit(0, name.len(), format!("'{inner}'")));
    }
    Some(Misread::new("typographic quotes are read as part of a name; put strings between ' or \""))
}

/// `'it''s'`, `'b'and`, `a'b'`
fn straight_quotes(name: &str) -> Option<Misread> {
    let first = name.find('\'')?;
    let close = first + 1 + name.get(first + 1..)?.find('\'')?;
    // It is longer than the string at its start, or it would be a string.
    let whole = first == 0 && name.ends_with('\'');
    if whole && name.get(1..name.len() - 1).is_some_and(|inner| inner.replace("''", "").find('\'').is_none()) {
        let inner = name.get(1..name.len() - 1)?.replace("''", "\\'");
        let help = format!("escape a quote within a string as `\\'`: `'{inner}'`");
        return Some(Misread::new(help).with_edit(0, name.len(), format!("'{inner}'")));
    }
    let help = format!("`{name}` is read as a single property name; put a space between the name and the string");
    let misread = Misread::new(help);
    Some(match (first, close + 1 == name.len()) {
        (0, _) => misread.with_space(close + 1),
        (_, true) => misread.with_space(first),
        _ => misread,
    })
}

/// `a&&b`, `a||b`
fn joined(name: &str) -> Option<Misread> {
    let (sign, operator) = [("&&", "and"), ("||", "||")].into_iter().find(|(sign, _)| name.contains(sign))?;
    let (left, right) = name.split_once(sign)?;
    if left.is_empty() || right.is_empty() {
        return None;
    }
    let help = format!("`{name}` is read as a single property name; write `{left} {operator} {right}`");
    Some(Misread::new(help).with_edit(left.len(), left.len() + sign.len(), format!(" {operator} ")))
}

/// `body.temperature`, `properties.level`
fn prefixed(name: &str) -> Option<Misread> {
    let strip = |prefix: &str| {
        let (start, rest) = name.split_at_checked(prefix.len())?;
        (start.eq_ignore_ascii_case(prefix) && !rest.is_empty()).then_some(rest)
    };
    if let Some(path) = ["body.", "$.", "message.body.", "payload."].into_iter().find_map(strip) {
        let help = format!("`{name}` is read as a property name; to query the message body, write `$body.{path}`");
        return Some(Misread::new(help).with_edit(0, name.len(), format!("$body.{path}")));
    }
    let application = ["properties.", "$properties.", "appProperties.", "$appProperties.", "applicationProperties."];
    if let Some(property) = application.into_iter().find_map(strip) {
        let help = format!("refer to an application property by its name alone: write `{property}`");
        return Some(Misread::new(help).with_edit(0, name.len(), property));
    }
    let property = ["systemProperties.", "$systemProperties."].into_iter().find_map(strip)?;
    let help = format!("refer to a system property by its name after a `$`: write `${property}`");
    Some(Misread::new(help).with_edit(0, name.len(), format!("${property}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the name with the edit applied, or the help if there is no edit.
    fn fixed(name: &str, after: &str) -> Option<String> {
        let misread = misread(name, after)?;
        Some(match misread.edit {
            None => misread.help,
            Some((span, replacement)) => {
                let mut fixed = name.to_owned();
                fixed.replace_range(span.range(), &replacement);
                fixed
            }
        })
    }

    #[test]
    fn names_that_look_like_something_else_are_fixed() {
        for (name, after, expected) in [
            ("TRUE", "", "true"),
            ("Null", "", "null"),
            ("!is_defined", "(a)", "not is_defined"),
            ("!", "(a)", "not "),
            ("!", " a", "not"),
            ("a!", "='b'", "a !"),
            ("“hot”", "", "'hot'"),
            ("`hot`", "", "'hot'"),
            ("'it''s'", "", "'it\\'s'"),
            ("'b'and", " c", "'b' and"),
            ("a'b'", "", "a 'b'"),
            ("'b''c", "", "'b' 'c"),
            ("a&&b", "", "a and b"),
            ("a||b", "", "a || b"),
            ("body.temperature", "", "$body.temperature"),
            ("$.temperature", "", "$body.temperature"),
            ("properties.level", "", "level"),
            ("$systemProperties.contentType", "", "$contentType"),
        ] {
            assert_eq!(fixed(name, after).as_deref(), Some(expected), "{name}{after}");
        }
        assert!(fixed("cold”", "").unwrap().starts_with("typographic quotes"));
        assert!(fixed("b''c'", "").unwrap().contains("put a space between the name and the string"));
    }

    #[test]
    fn names_that_are_names_stay() {
        for (name, after) in [
            ("level", " = "),
            ("machine-1", ""),
            ("a!", " = 5"),
            ("truest", ""),
            ("body", ""),
            ("properties", ""),
            ("body.", ""),
            ("it's", ""),
            ("$body.x", ""),
            ("&&", ""),
            ("a&&", ""),
            ("&&b", ""),
            ("a||", ""),
            ("||b", ""),
            ("5%2", ""),
        ] {
            assert_eq!(misread(name, after), None, "{name}");
        }
        let body = |length: usize| format!("body.{}", "x".repeat(length - 5));
        assert!(misread(&body(200), "").is_some());
        assert_eq!(misread(&body(201), ""), None);
    }
}
