//! Finds placeholders of templates in the values of a manifest, where a number, a version or nothing quoted belongs.
//!
//! A value that is wrong anyway can be searched for more forms than a route, in which `$TTL` or `<a>` may be meant.

use crate::diagnostic::Diagnostic;
use crate::span::{Span, floor};
use crate::steps;
use crate::syntax::placeholder::placeholder_left;

use super::layered::Layered;

/// The maximum number of bytes that are searched.
const REACH: usize = 200;

/// The delimiters of placeholders. Longer ones come first.
const FORMS: [(&str, &str); 17] = [
    ("{{", "}}"),
    ("{%", "%}"),
    ("<%", "%>"),
    ("[[", "]]"),
    ("${", "}"),
    ("#{", "}"),
    ("$(", ")"),
    ("$[", "]"),
    ("@@", "@@"),
    ("__", "__"),
    ("##", "##"),
    ("<", ">"),
    ("%", "%"),
    ("@", "@"),
    ("{", "}"),
    ("[", "]"),
    ("#", "#"),
];

/// Returns the placeholder that starts at the beginning of `text`.
pub(super) fn placeholder_starting(text: &str) -> Option<Span> {
    let near = text.get(..floor(text, REACH)).unwrap_or(text);
    steps::steps(near.len());
    for (open, close) in FORMS {
        let Some(inside) = near.strip_prefix(open) else { continue };
        let Some((content, _)) = inside.split_once(close).filter(|(content, _)| is_content(open, content)) else {
            continue;
        };
        let mut end = open.len() + content.len() + close.len();
        // `#{NAME}#`
        if open == "#{" && near.get(end..).is_some_and(|after| after.starts_with('#')) {
            end += 1;
        }
        return Some(Span::from_range(0..end));
    }
    let name = near.strip_prefix('$')?;
    let name = name.strip_prefix("env:").unwrap_or(name);
    let length = name.find(|c: char| !is_word(c)).unwrap_or(name.len());
    let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    is_name.then(|| Span::from_range(0..near.len() - name.len() + length))
}

/// Returns the first placeholder in `text`.
fn placeholder_within(text: &str) -> Option<Span> {
    let near = text.get(..floor(text, REACH)).unwrap_or(text);
    let starts = near.char_indices().filter(|&(_, c)| "{<[$#@_%".contains(c));
    let mut spans = starts
        .filter_map(|(at, _)| Some(placeholder_starting(near.get(at..)?)?.shifted(Span::from_range(0..at).end())));
    spans.next()
}

/// Reports the placeholder in a value that is a string.
pub(super) fn placeholder_of(value: &Layered<'_>) -> Option<Diagnostic> {
    let node = value.node()?;
    let json = node.json();
    // A placeholder is not written with escapes.
    let content = json.strip_prefix('"')?.strip_suffix('"')?;
    let span = placeholder_within(content)?.shifted(1);
    Some(placeholder_left(json, span).shifted(node.span().start()))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn is_content(open: &str, content: &str) -> bool {
    match open {
        // Tags and expressions of template languages.
        "{{" | "{%" | "<%" | "${" | "#{" | "$(" | "$[" | "[[" => !content.trim().is_empty() && !content.contains('\n'),
        _ => {
            content.starts_with(|c: char| c.is_alphabetic() || c == '_')
                && content.ends_with(|c: char| c.is_alphanumeric())
                && content.chars().all(|c| is_word(c) || "-.".contains(c))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_of_the_usual_templates_are_found() {
        for placeholder in [
            "${TTL}",
            "${TTL:-60}",
            "{{ .Values.ttl | default 60 }}",
            "{% if ttl %}",
            "<%= ttl %>",
            "[[ttl]]",
            "#{TTL}",
            "#{TTL}#",
            "$(ttl)",
            "$[variables.ttl]",
            "@@TTL@@",
            "@TTL@",
            "__TTL__",
            "__TIME_TO_LIVE__",
            "##TTL##",
            "#TTL#",
            "%TTL%",
            "<ttl>",
            "<time-to-live>",
            "{ttl}",
            "[ttl]",
            "$TTL",
            "$ttl",
            "$env:TTL",
        ] {
            let found = placeholder_starting(placeholder).map(|span| span.slice(placeholder));
            assert_eq!(found, Some(placeholder));
            let within = format!("a {placeholder}, b");
            assert_eq!(placeholder_within(&within).map(|span| span.slice(&within)), Some(placeholder));
        }
    }

    #[test]
    fn what_is_no_placeholder_is_none() {
        for text in ["", "x", "1.4", "{}", "${}", "$", "$5", "<>", "< a >", "__", "____", "__a", "@", "%", "50%", "a@b"]
        {
            assert_eq!(placeholder_within(text), None, "{text}");
        }
        assert_eq!(placeholder_within(&format!("{{{{{}}}}}", "x".repeat(500))), None);
    }
}
