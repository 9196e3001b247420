//! Values for the placeholders of templates.

use core::str::FromStr;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use edgeroute_lang::span::Span;

/// The delimiters of placeholders; longer ones come first. White space is allowed between them and the name.
const FORMS: [(&str, &str); 12] = [
    ("{{", "}}"),
    ("[[", "]]"),
    ("<%=", "%>"),
    ("<%", "%>"),
    ("${", "}"),
    ("#{", "}#"),
    ("#{", "}"),
    ("$(", ")"),
    ("__", "__"),
    ("<", ">"),
    ("%", "%"),
    ("@", "@"),
];

/// The value of a placeholder, written `NAME=VALUE`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Definition {
    name: String,
    value: String,
}

impl FromStr for Definition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
        if !is_name(name) {
            return Err(format!("`{name}` is not a name: use letters, digits and `_`, `-` or `.`"));
        }
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

/// Values by the names of their placeholders.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Definitions(BTreeMap<String, String>);

impl Definitions {
    /// Adds values, which override earlier ones.
    pub(crate) fn extend(&mut self, definitions: impl IntoIterator<Item = Definition>) {
        self.0.extend(definitions.into_iter().map(|Definition { name, value }| (name, value)));
    }

    /// Replaces the placeholders that are defined, verbatim: a value must already be escaped for a JSON string. Others
    /// are left, and a value is not searched for placeholders.
    pub(crate) fn fill_in<'t>(&self, text: &'t str) -> (Cow<'t, str>, Substitutions) {
        let mut substitutions = Substitutions::default();
        if self.0.is_empty() {
            return (Cow::Borrowed(text), substitutions);
        }
        let mut filled = String::with_capacity(text.len());
        let mut done = 0;
        while let Some((range, value)) = self.next_placeholder(text, done) {
            filled.push_str(text.get(done..range.start).unwrap_or_default());
            let start = filled.len();
            filled.push_str(value);
            done = range.end;
            substitutions.0.push(Substitution { value: start..filled.len(), placeholder: range });
        }
        filled.push_str(text.get(done..).unwrap_or_default());
        (if substitutions.0.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(filled) }, substitutions)
    }

    /// The first placeholder that starts at `from` or later, and its value.
    fn next_placeholder(&self, text: &str, from: usize) -> Option<(Range<usize>, &str)> {
        let mut at = from;
        loop {
            let start = at + text.get(at..)?.find(['{', '[', '<', '$', '#', '_', '%', '@'])?;
            let rest = text.get(start..)?;
            let found = FORMS.iter().find_map(|form| self.delimited(rest, *form)).or_else(|| self.bare(rest));
            if let Some((length, value)) = found {
                return Some((start..start + length, value));
            }
            at = start + 1;
        }
    }

    /// The length and the value of the placeholder with these delimiters that `text` starts with.
    fn delimited(&self, text: &str, (open, close): (&str, &str)) -> Option<(usize, &str)> {
        let inside = text.strip_prefix(open)?;
        // Underscores are part of a name and also a delimiter, so the defined names are tried.
        let content = inside.trim_start();
        let length = content.find(|c: char| !is_part_of_name(c)).unwrap_or(content.len());
        let name = content.get(..length)?;
        let name = if close.starts_with('_') { name.split(close).next()? } else { name };
        let after = content.get(name.len()..)?;
        let rest = after.trim_start().strip_prefix(close)?;
        Some((text.len() - rest.len(), self.0.get(name)?))
    }

    /// The length and the value of a placeholder like `$NAME`.
    fn bare(&self, text: &str) -> Option<(usize, &str)> {
        let rest = text.strip_prefix('$')?;
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let name = rest.get(..length)?;
        let is_variable = !name.chars().any(|c| c.is_ascii_lowercase());
        Some((1 + length, self.0.get(name).filter(|_| is_variable)?))
    }
}

/// Reads definitions from the text of an `.env` file: one `NAME=VALUE` in each line, with `#` before comments, optional
/// quotes around values, and an optional `export` before the name.
///
/// # Errors
/// Names the line that is not a definition.
pub(crate) fn read_env(text: &str) -> Result<Vec<Definition>, String> {
    let mut definitions = Vec::new();
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Definition { name, value } = line.parse().map_err(|error| format!("line {}: {error}", index + 1))?;
        definitions.push(Definition { name, value: unquoted(value.trim()).to_owned() });
    }
    Ok(definitions)
}

fn unquoted(value: &str) -> &str {
    let quoted = ['"', '\''].into_iter().find_map(|quote| {
        let inside = value.strip_prefix(quote)?;
        inside.get(..inside.find(quote)?)
    });
    quoted.unwrap_or_else(|| value.split_once(" #").map_or(value, |(value, _)| value.trim_end()))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(is_part_of_name)
}

fn is_part_of_name(character: char) -> bool {
    character.is_alphanumeric() || "_-.".contains(character)
}

/// The placeholders that were replaced, in order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Substitutions(Vec<Substitution>);

#[derive(Clone, PartialEq, Eq, Debug)]
struct Substitution {
    /// The place of the value in the new text.
    value: Range<usize>,
    /// The place of the placeholder in the old text.
    placeholder: Range<usize>,
}

impl Substitutions {
    /// Maps a span of the new text to the old text. A part of a value maps to its whole placeholder.
    pub(crate) fn locate(&self, span: Span) -> Span {
        if self.0.is_empty() {
            return span;
        }
        let range = span.range();
        let start = match self.last_before(range.start) {
            Some(last) if range.start < last.value.end => last.placeholder.start,
            last => after(last, range.start),
        };
        let end = match self.last_before(range.end) {
            Some(last) if range.end > last.value.start && range.end <= last.value.end => last.placeholder.end,
            Some(last) if range.end == last.value.start => last.placeholder.start,
            last => after(last, range.end),
        };
        Span::from_range(start..end.max(start))
    }

    /// Whether the span has a part of a value, so that the old text has something else there.
    pub(crate) fn touch(&self, span: Span) -> bool {
        let range = span.range();
        let last = self.last_before(range.end);
        last.is_some_and(|last| range.start < last.value.end && last.value.start < range.end)
            || last.is_some_and(|last| last.value.start < range.start && range.start < last.value.end)
    }

    /// The last one that starts at or before an offset of the new text.
    fn last_before(&self, offset: usize) -> Option<&Substitution> {
        let count = self.0.partition_point(|one| one.value.start <= offset);
        self.0.get(count.checked_sub(1)?)
    }
}

/// Maps an offset after a value.
fn after(last: Option<&Substitution>, offset: usize) -> usize {
    last.map_or(offset, |last| last.placeholder.end + offset.saturating_sub(last.value.end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definitions(given: &[&str]) -> Definitions {
        let mut definitions = Definitions::default();
        definitions.extend(given.iter().map(|text| text.parse().unwrap()));
        definitions
    }

    #[test]
    fn placeholders_of_every_style_are_replaced() {
        let values = definitions(&["MODULE=m", "a.b=1", "my_name=n"]);
        for (text, expected) in [
            ("${MODULE} {{MODULE}} {{ MODULE }} $MODULE", "m m m m"),
            ("<MODULE>/%MODULE%/#{MODULE}#/#{MODULE}/$(MODULE)", "m/m/m/m/m"),
            ("__MODULE__ @MODULE@ [[MODULE]] <%= MODULE %>", "m m m m"),
            ("${a.b} __my_name__", "1 n"),
            ("${OTHER} $MODULES {MODULE} MODULE ${MODULE", "${OTHER} $MODULES {MODULE} MODULE ${MODULE"),
            ("$my_name ${my_name}", "$my_name n"),
        ] {
            assert_eq!(values.fill_in(text).0, expected, "{text}");
        }
        assert!(matches!(Definitions::default().fill_in("${MODULE}"), (Cow::Borrowed(_), _)));
    }

    #[test]
    fn spans_are_mapped_to_the_template() {
        let text = "ab ${X} cd ${YY} ef";
        let (filled, substitutions) = definitions(&["X=12345678", "YY="]).fill_in(text);
        assert_eq!(filled, "ab 12345678 cd  ef");
        let located = |part: &str| {
            let start = filled.find(part).unwrap();
            let span = Span::from_range(start..start + part.len());
            (substitutions.locate(span).slice(text).to_owned(), substitutions.touch(span))
        };
        assert_eq!(located("ab"), ("ab".to_owned(), false));
        assert_eq!(located("ab "), ("ab ".to_owned(), false));
        assert_eq!(located("34"), ("${X}".to_owned(), true));
        assert_eq!(located("12345678"), ("${X}".to_owned(), true));
        assert_eq!(located("8 c"), ("${X} c".to_owned(), true));
        assert_eq!(located("b 1"), ("b ${X}".to_owned(), true));
        assert_eq!(located("cd"), ("cd".to_owned(), false));
        assert_eq!(located("ef"), ("ef".to_owned(), false));
    }

    #[test]
    fn an_env_file_is_read_line_by_line() {
        let text = "# comment\n\nexport A=1\nB = x\n";
        assert_eq!(
            read_env(text),
            Err("line 4: `B ` is not a name: use letters, digits and `_`, `-` or `.`".to_owned())
        );
        let text = "\u{feff}A=1 # one\r\n  B='x # y' # no\nC=\"\"\nexport D=a=b\n";
        let read: Vec<(String, String)> =
            read_env(text).unwrap().into_iter().map(|Definition { name, value }| (name, value)).collect();
        let expected = [("A", "1"), ("B", "x # y"), ("C", ""), ("D", "a=b")];
        assert_eq!(read, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(read_env("A").unwrap_err(), "line 1: expected NAME=VALUE");
    }
}
