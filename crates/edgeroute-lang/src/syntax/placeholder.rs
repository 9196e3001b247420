//! Finds placeholders of templates that were not filled in: `${MODULE}`, `{{module}}`, `<MODULE_NAME>`.

use crate::diagnostic::{Code, Diagnostic, quoted};
use crate::span::{Span, floor};
use crate::steps;

/// The maximum distance from a position to the start or end of its placeholder, in bytes.
const REACH: usize = 80;

/// The delimiters of placeholders. Longer ones come first.
const FORMS: [(&str, &str); 9] = [
    ("{{", "}}"),
    ("[[", "]]"),
    ("<%", "%>"),
    ("${", "}"),
    ("#{", "}"),
    ("$(", ")"),
    ("<", ">"),
    ("{", "}"),
    ("[", "]"),
];

/// Returns the placeholder that contains the bytes `at` of a text. Examines a bounded number of bytes around them.
pub fn placeholder_at(text: &str, at: Span) -> Option<Span> {
    let place = at.range();
    let from = floor(text, place.start.saturating_sub(REACH));
    let to = floor(text, place.end.min(place.start.saturating_add(REACH)).saturating_add(REACH));
    let near = text.get(from..to)?;
    steps::steps(near.len());
    for (open, close) in FORMS {
        for (start, _) in near.match_indices(open) {
            let inside = near.get(start + open.len()..)?;
            let Some(length) = inside.find(close) else { continue };
            let end = start + open.len() + length + close.len();
            let is_there = from + start <= place.start && place.start < from + end;
            let content = inside.get(..length).unwrap_or_default();
            if is_there && is_name(open, content) && (open.len() > 1 || is_alone(near, open, start, end)) {
                return Some(Span::from_range(from + start..from + end));
            }
        }
    }
    None
}

/// A placeholder that was not filled in.
pub fn placeholder_left(text: &str, span: Span) -> Diagnostic {
    let message = format!("the placeholder `{}` was not replaced", quoted(span.slice(text)));
    Diagnostic::new(Code::PlaceholderLeft, span, message)
        .with_label("a template was supposed to insert a value here")
        .with_help("replace it, or run the tool that does so before you deploy")
}

/// Whether a name such as `$MODULE_NAME` is written like an environment variable.
pub fn is_variable(name: &str) -> bool {
    name.strip_prefix('$').is_some_and(|name| {
        name.len() > 2
            && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
            && name.bytes().any(|byte| byte.is_ascii_uppercase())
    })
}

fn is_name(open: &str, content: &str) -> bool {
    let content = if open.len() > 1 { content.trim() } else { content };
    let is_part = |c: char| c.is_alphanumeric() || "_-.".contains(c) || (open.len() > 1 && " |:()'\"".contains(c));
    content.starts_with(|first: char| first.is_alphabetic() || first == '_' || (open.len() > 1 && first == '.'))
        && content.chars().all(is_part)
}

/// Single braces and brackets mean something else in conditions, so there they must be a whole item of a path.
fn is_alone(near: &str, open: &str, start: usize, end: usize) -> bool {
    let before = near.get(..start).unwrap_or_default();
    let after = near.get(end..).unwrap_or_default();
    open == "<" || (before.ends_with('/') && (after.is_empty() || after.starts_with(['/', ' ', '"', '\''])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'t>(text: &'t str, at: &str) -> Option<&'t str> {
        let start = text.find(at).unwrap();
        Some(placeholder_at(text, Span::from_range(start..start + at.len()))?.slice(text))
    }

    #[test]
    fn placeholders_are_found_from_any_part_of_them() {
        for (text, at, expected) in [
            ("a = ${VALUE}", "{", "${VALUE}"),
            ("a = ${VALUE}", "$", "${VALUE}"),
            ("/modules/{{ .module }}/x", "{", "{{ .module }}"),
            ("/modules/<MODULE_NAME>/x", "<", "<MODULE_NAME>"),
            ("/modules/<MODULE_NAME>/x", "MODULE_NAME", "<MODULE_NAME>"),
            ("/modules/{module}/x", "{", "{module}"),
            ("/modules/[module]/x", "[module]", "[module]"),
            ("a = $(Build.Number)", "(", "$(Build.Number)"),
            ("a = {{ b | quote }}", "{", "{{ b | quote }}"),
            ("a = ${_b}", "{", "${_b}"),
        ] {
            assert_eq!(found(text, at), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_placeholder_is_none() {
        for (text, at) in [
            ("{$contentType} = 'x'", "{"),
            ("{a} = 'x'", "{"),
            ("a < b and c > d", "<"),
            ("${VALUE} = ", "="),
            ("a = ${VALUE}", "a"),
            ("${VALUE}b", "b"),
            ("a < b > c", "<"),
            ("a <b(c)> d", "<"),
            ("a <b:c> d", "<"),
            ("a <.b> c", "<"),
            ("/{.a}/x", "{"),
            ("/[a b]/x", "[a b]"),
            ("a = {{ b, c }}", "{"),
            ("a = {{ -b }}", "{"),
            ("a = ${5}", "{"),
            ("a = ${}", "{"),
            ("a = ${", "{"),
            ("a[0] = 5", "[0]"),
            ("(a < 5) > (b)", "<"),
        ] {
            assert_eq!(found(text, at), None, "{text}");
        }
        assert_eq!(found(&format!("${{{}}}", "x".repeat(500)), "{"), None);
    }

    #[test]
    fn names_of_variables_are_in_capitals() {
        assert!(is_variable("$MODULE_NAME") && is_variable("$FOO"));
        assert!(!is_variable("$edgeAgent") && !is_variable("$") && !is_variable("FOO") && !is_variable("$123"));
        assert!(!is_variable("$AB"), "too short to decide");
    }
}
