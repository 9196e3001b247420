//! The schema version of a manifest.

use core::fmt;

use super::json::{Kind, Node, escaped, excerpt};
use super::layered::Layered;
use super::number::{integer_text, shortest_form};
use super::placeholder::placeholder_of;
use crate::diagnostic::{Code, Diagnostic, quoted};

/// Versions of the runtime that are often written for the version of the schema.
const RUNTIMES: [&str; 2] = ["1.4", "1.5"];

/// A schema version, 1.0 to 1.3. `Display` prints it as in the manifest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SchemaVersion {
    text: String,
    /// `<= 3`
    minor: u8,
}

impl SchemaVersion {
    /// Returns the first part of the version: always 1.
    #[must_use]
    pub const fn major(&self) -> u8 {
        1
    }

    /// Returns the second part of the version: 0 to 3.
    #[must_use]
    pub const fn minor(&self) -> u8 {
        self.minor
    }

    /// Returns the version as written, such as `1.1.0`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Reads the value of `schemaVersion`.
    pub(super) fn read(value: Node<'_>) -> Result<Self, Box<Diagnostic>> {
        let (text, number) = match value.kind() {
            Kind::Text => {
                let text = value.text().text.into_owned();
                (text.clone(), text)
            }
            Kind::Number => (value.json().to_owned(), shortest_form(value.json())),
            kind => {
                let message = format!("a schema version is a string such as \"1.2\", found {kind}");
                return Err(Box::new(Diagnostic::new(Code::UnsupportedSchemaVersion, value.span(), message)));
            }
        };
        match supported_minor(&number) {
            Some(minor) => Ok(Self { text, minor }),
            None => Err(Box::new(unsupported(value, &text, &number))),
        }
    }
}

impl fmt::Display for SchemaVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Returns the second part of a version of two to four parts, if the first is 1 and the second is at most 3.
fn supported_minor(version: &str) -> Option<u8> {
    let parts: Option<Vec<i32>> = version.split('.').take(5).map(part).collect();
    match *parts? {
        [1, minor @ 0..=3] | [1, minor @ 0..=3, _] | [1, minor @ 0..=3, _, _] => u8::try_from(minor).ok(),
        _ => None,
    }
}

/// Parses a number from 0 to 2,147,483,647.
fn part(text: &str) -> Option<i32> {
    i32::try_from(integer_text(text)?).ok().filter(|&number| number >= 0)
}

fn unsupported(value: Node<'_>, text: &str, number: &str) -> Diagnostic {
    if let Some(left) = placeholder_of(&Layered::new(Some(value), Vec::new())) {
        return left;
    }
    let shown = quoted(&excerpt(text));
    let message = match value.kind() {
        Kind::Number => format!("the number {shown} is not a supported schema version"),
        _ => format!("schema version `{shown}` is not supported"),
    };
    let found = Diagnostic::new(Code::UnsupportedSchemaVersion, value.span(), message)
        .with_label("expected \"1.0\", \"1.1\", \"1.2\" or \"1.3\"");
    // `1.0` without quotes is the number 1, and `"1"` is not a version.
    let with_minor = if text.contains('.') { text.to_owned() } else { format!("{text}.0") };
    if supported_minor(&with_minor).is_none() {
        let runtime = number.split('.').take(2).collect::<Vec<_>>().join(".");
        return if RUNTIMES.contains(&&*runtime) {
            let help =
                format!("write \"1.3\", the newest schema, or an older one; {runtime} is a version of the runtime");
            found.with_help(help)
        } else {
            found
        };
    }
    let fixed = format!("\"{}\"", escaped(&with_minor));
    let help = match value.kind() {
        Kind::Number => format!("write it as a string, {fixed}; a number loses its trailing zero"),
        _ => format!("a version has at least two parts; write {fixed}"),
    };
    found.with_help(help).with_fix(value.span(), fixed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::json::parse;

    #[test]
    fn versions_of_two_to_four_parts_are_read() {
        let accepted = [
            (r#""1.0""#, 0, "1.0"),
            (r#""1.3""#, 3, "1.3"),
            (r#""1.1.0""#, 1, "1.1.0"),
            (r#""1.2.3.4""#, 2, "1.2.3.4"),
            (r#"" +01 . 02 ""#, 2, " +01 . 02 "),
            (r#""1.1.2147483647""#, 1, "1.1.2147483647"),
            ("1.1", 1, "1.1"),
            ("1.10", 1, "1.10"),
            ("11e-1", 1, "11e-1"),
        ];
        for (text, minor, shown) in accepted {
            let version = SchemaVersion::read(parse(text).unwrap()).unwrap();
            assert_eq!((version.major(), version.minor(), version.as_str()), (1, minor, shown), "{text}");
        }
    }

    #[test]
    fn other_versions_are_refused() {
        let refused = [
            r#""""#,
            r#""1""#,
            r#""1.4""#,
            r#""0.9""#,
            r#""2.0""#,
            r#""1.1.1.1.1""#,
            r#""1.1.2147483648""#,
            r#""1.-1""#,
            r#""1..1""#,
            r#""1.1.""#,
            r#""x""#,
            "1.0",
            "1",
            "1.15",
            "1e400",
            "true",
            "null",
            "[]",
            "{}",
        ];
        for text in refused {
            let found = SchemaVersion::read(parse(text).unwrap()).unwrap_err();
            assert_eq!((found.code, found.primary.span.slice(text)), (Code::UnsupportedSchemaVersion, text));
        }
    }

    #[test]
    fn a_number_without_its_zero_is_fixed() {
        let cases = [("1.0", r#""1.0""#), ("1", r#""1.0""#), (r#""1""#, r#""1.0""#)];
        for (text, fixed) in cases {
            let found = SchemaVersion::read(parse(text).unwrap()).unwrap_err();
            assert_eq!(found.fix.unwrap().replacement, fixed);
            assert!(found.help.unwrap().contains(fixed));
        }
        assert_eq!(SchemaVersion::read(parse("1.4").unwrap()).unwrap_err().fix, None);
    }

    #[test]
    fn a_version_of_the_runtime_is_recognised() {
        let help = |text| SchemaVersion::read(parse(text).unwrap()).unwrap_err().help;
        for text in [r#""1.4""#, r#""1.5.0""#, "1.4"] {
            assert!(help(text).is_some_and(|help| help.contains("is a version of the runtime")), "{text}");
        }
        assert_eq!(help(r#""2.0""#), None);
    }
}
