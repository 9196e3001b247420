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

/// The delimiters of placeholders that a string hardly contains for another reason.
const UNMISTAKABLE: [(&str, &str); 7] =
    [("{{", "}}"), ("{%", "%}"), ("<%=", "%>"), ("<%", "%>"), ("${", "}"), ("#{", "}"), ("$(", ")")];

/// The delimiters of placeholders that are a whole segment of a path.
const OF_SEGMENTS: [(&str, &str); 7] =
    [("[[", "]]"), ("@@", "@@"), ("{", "}"), ("[", "]"), ("%", "%"), ("@", "@"), ("__", "__")];

/// Returns the placeholders in a string that the hub takes verbatim, in order. Finds only the styles that a string hardly
/// contains for another reason, such as `${SITE}` and `{{ site }}`, and not `<SITE>` or `%SITE%`.
pub fn placeholders_in_string(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find(['{', '<', '$', '#'])) {
        let start = from + at;
        let end = UNMISTAKABLE.iter().find_map(|(open, close)| {
            let inside = text.get(start..)?.strip_prefix(open)?;
            let near = inside.get(..floor(inside, inside.len().min(REACH)))?;
            let length = near.find(close)?;
            let end = start + open.len() + length + close.len();
            // `#{NAME}#` ends with a `#`.
            let closing = usize::from(*open == "#{" && text.get(end..)?.starts_with('#'));
            is_name(open, near.get(..length)?).then_some(end + closing)
        });
        if let Some(end) = end {
            found.push(Span::from_range(start..end));
        }
        from = end.unwrap_or(start + 1);
    }
    found
}

/// Returns the first placeholder in a segment of a path. Besides the styles of
/// [`placeholders_in_string`], these are `<NAME>`, and `%NAME%`, `__NAME__`, `@NAME@`, `$NAME`, `{name}` and `[name]` if they
/// are the whole segment.
pub fn placeholder_in_segment(segment: &str) -> Option<Span> {
    if let Some(found) = placeholders_in_string(segment).first() {
        return Some(*found);
    }
    let is_whole = is_variable(segment)
        || OF_SEGMENTS.iter().any(|(open, close)| {
            let content = segment.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
            content.is_some_and(|content| match *open {
                "__" => is_variable(&format!("${content}")),
                _ => is_name("", content),
            })
        });
    if is_whole {
        return Some(Span::from_range(0..segment.len()));
    }
    let start = segment.find('<')?;
    let content = segment.get(start + 1..)?.split_once('>')?.0;
    is_name("<%", content).then(|| Span::from_range(start..start + content.len() + 2))
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
    fn strings_contain_placeholders_of_unmistakable_styles() {
        let found =
            |text| -> Vec<&str> { placeholders_in_string(text).into_iter().map(|span| span.slice(text)).collect() };
        for (text, expected) in [
            ("${SITE}", vec!["${SITE}"]),
            ("a-${SITE}-{{ line }}b", vec!["${SITE}", "{{ line }}"]),
            ("#{Site.Name}#", vec!["#{Site.Name}#"]),
            ("#{site}", vec!["#{site}"]),
            ("$(Build.Number)", vec!["$(Build.Number)"]),
            ("<%= site %>", vec!["<%= site %>"]),
            ("{% if a %}", vec!["{% if a %}"]),
            ("{{{ site }}}", vec!["{{ site }}"]),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
        for text in
            ["", "${", "${}", "{a}", "<SITE>", "%SITE%", "__SITE__", "@SITE@", "$SITE", "{\"a\": {}}", "$5 (five)"]
        {
            assert_eq!(found(text), [""; 0], "{text}");
        }
        assert_eq!(found(&format!("${{{}}}", "x".repeat(500))), [""; 0]);
    }

    #[test]
    fn segments_of_paths_are_placeholders_of_more_styles() {
        let found = |text| placeholder_in_segment(text).map(|span| span.slice(text));
        for whole in [
            "${MODULE}",
            "{{ module }}",
            "%MODULE%",
            "__MODULE__",
            "@MODULE@",
            "@@module@@",
            "$MODULE",
            "{module}",
            "[module]",
            "[[module]]",
            "<MODULE>",
            "<module name>",
            "<your-module>",
        ] {
            assert_eq!(found(whole), Some(whole));
        }
        assert_eq!(found("${SITE}-filter"), Some("${SITE}"));
        assert_eq!(found("a<SITE>b"), Some("<SITE>"));
        for name in [
            "", "filter", "__init__", "50%", "%", "@", "$edgeHub", "a@b", "__", "____", "<>", "a<b", "%5%", "filter_1",
            "*", "%a", "a%b%", "[0]", "__A__x",
        ] {
            assert_eq!(found(name), None, "{name}");
        }
    }

    #[test]
    fn names_of_variables_are_in_capitals() {
        assert!(is_variable("$MODULE_NAME") && is_variable("$FOO"));
        assert!(!is_variable("$edgeAgent") && !is_variable("$") && !is_variable("FOO") && !is_variable("$123"));
        assert!(!is_variable("$AB"), "too short to decide");
    }
}
