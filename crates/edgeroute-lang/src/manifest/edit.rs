//! Edits the texts of routes inside a manifest, and leaves all other bytes unchanged.
//!
//! [`RouteSpec::rewritten`] turns a new text of a route into an edit of the file.
//! [`locate_diagnostic`](RouteSpec::locate_diagnostic) does so for a fix of a part of it. [`apply`] makes many edits at
//! once. The cost is linear in the texts, plus sorting the edits.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::RouteSpec;
use crate::diagnostic::Fix;

/// An edited text.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Edited {
    /// The new text.
    pub text: String,
    /// The indices of the edits that were not made, ascending. Each overlaps one that was made, or its span is outside
    /// the text. They may be made to the new text, once it has been read again.
    pub left_out: Vec<usize>,
}

/// Makes edits, whose spans all refer to the original `text`. If two overlap, the one that starts first is made; if
/// they start together, the one given first. A duplicate of an edit counts as made. Allocates.
///
/// ```
/// use edgeroute::diagnostic::Fix;
/// use edgeroute::manifest::apply;
/// use edgeroute::span::Span;
///
/// let fix = |start, end, replacement: &str| Fix::new(Span::new(start, end), replacement);
/// let edited = apply("a==b", &[fix(3, 4, "'b'"), fix(1, 3, " = "), fix(2, 3, "")]);
/// assert_eq!(edited.text, "a = 'b'");
/// assert_eq!(edited.left_out, [2]);
/// ```
#[must_use]
pub fn apply(text: &str, edits: &[Fix]) -> Edited {
    let mut order: Vec<(usize, &Fix)> = edits.iter().enumerate().collect();
    order.sort_by_key(|(_, edit)| edit.span.start());
    let mut edited = Edited { text: String::with_capacity(text.len()), left_out: Vec::new() };
    let mut done = 0;
    let mut last: Option<&Fix> = None;
    for (index, edit) in order {
        if last == Some(edit) {
            continue;
        }
        let range = edit.span.range();
        // The order of two insertions at the same place is ambiguous.
        let is_free = last.is_none_or(|last| last.span.start() < edit.span.start());
        match text.get(done..range.start).filter(|_| is_free && text.get(range.clone()).is_some()) {
            Some(before) => {
                edited.text.push_str(before);
                edited.text.push_str(&edit.replacement);
                done = range.end;
                last = Some(edit);
            }
            None => edited.left_out.push(index),
        }
    }
    edited.text.push_str(text.get(done..).unwrap_or_default());
    edited.left_out.sort_unstable();
    edited
}

impl RouteSpec {
    /// Returns the edit of the manifest's text `file` that replaces the route's text. Characters that the route's JSON
    /// string writes as escapes are escaped in the same way, and a string that was ASCII stays ASCII. Allocates.
    ///
    /// ```
    /// use edgeroute::Manifest;
    /// use edgeroute::manifest::apply;
    ///
    /// let json = r#"{"schemaVersion": "1.1", "storeAndForwardConfiguration": {}, "routes": {
    ///     "up": "from /* where a = \u0027b\u0027 into $upstream" }}"#;
    /// let manifest = Manifest::from_json(json)?;
    /// let edit = manifest.routes()[0].rewritten(json, "FROM /* WHERE a = 'b' INTO $upstream");
    /// assert!(apply(json, &[edit]).text.ends_with(r#""FROM /* WHERE a = \u0027b\u0027 INTO $upstream" }}"#));
    /// # Ok::<(), edgeroute_lang::manifest::ManifestError>(())
    /// ```
    #[must_use]
    pub fn rewritten(&self, file: &str, text: &str) -> Fix {
        let span = self.content_span();
        let mut spellings: BTreeMap<char, &str> = BTreeMap::new();
        for (character, escape) in self.escapes() {
            spellings.entry(character).or_insert_with(|| escape.slice(file));
        }
        let is_ascii = span.slice(file).is_ascii();
        let mut replacement = String::with_capacity(text.len());
        for character in text.chars() {
            match spellings.get(&character) {
                Some(escape) => replacement.push_str(escape),
                None => push_escaped(&mut replacement, character, is_ascii),
            }
        }
        Fix::new(span, replacement)
    }
}

/// Appends a character to the content of a JSON string, without an escape if none is required.
fn push_escaped(out: &mut String, character: char, is_ascii: bool) {
    match character {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        _ if character < ' ' || (is_ascii && !character.is_ascii()) => {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a `String` cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
        _ => out.push(character),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::manifest::Manifest;
    use crate::span::Span;

    fn fix(start: u32, end: u32, replacement: &str) -> Fix {
        Fix::new(Span::new(start, end), replacement)
    }

    #[test]
    fn edits_are_made_at_once_in_any_order() {
        let edited = apply("0123456789", &[fix(8, 9, "eight"), fix(0, 0, "<"), fix(2, 4, ""), fix(10, 10, ">")]);
        assert_eq!(edited.text, "<014567eight9>");
        assert_eq!(edited.left_out, [0; 0]);
    }

    #[test]
    fn an_edit_that_overlaps_one_that_is_made_is_left_out() {
        let edited = apply("0123456789", &[fix(3, 6, "b"), fix(1, 4, "a"), fix(4, 4, "x"), fix(5, 6, "c")]);
        assert_eq!((&*edited.text, &*edited.left_out), ("0ax4c6789", &[0][..]));
        let inserted = apply("ab", &[fix(1, 1, "x"), fix(1, 1, "x"), fix(1, 1, "y")]);
        assert_eq!((&*inserted.text, &*inserted.left_out), ("axb", &[2][..]));
    }

    #[test]
    fn an_edit_outside_the_text_is_left_out() {
        let edited = apply("é", &[fix(1, 2, "x"), fix(3, 3, "y"), fix(2, 2, "z")]);
        assert_eq!((&*edited.text, &*edited.left_out), ("éz", &[0, 1][..]));
    }

    /// A manifest whose only route has this JSON string, with the route's text made `text`.
    fn rewritten(string: &str, text: &str) -> String {
        let head = r#"{"schemaVersion": "1.1", "storeAndForwardConfiguration": {}, "routes": {"r": {"route":"#;
        let json = format!("{head}{string}}}}}}}");
        let manifest = Manifest::from_json(&json).unwrap();
        let edited = apply(&json, &[manifest.routes()[0].rewritten(&json, text)]);
        assert_eq!(edited.left_out, [0; 0]);
        assert_eq!(Manifest::from_json(&edited.text).unwrap().routes()[0].text(), text);
        edited.text.strip_prefix(head).and_then(|rest| rest.strip_suffix("}}}")).unwrap().to_owned()
    }

    #[test]
    fn a_rewritten_string_keeps_its_way_of_escaping() {
        for (string, text, expected) in [
            (r#""x""#, "a \"b\" \\ \n\u{1}é😀", r#""a \"b\" \\ \n\u0001\u00e9\ud83d\ude00""#),
            (r#""é""#, "a \"b\" é😀", r#""a \"b\" é😀""#),
            (r#""\u0027 \/ \u003C""#, "'a' < 'b/c'", r#""\u0027a\u0027 \u003C \u0027b\/c\u0027""#),
            (r#""\ud83d\uDE00é""#, "é😀", r#""é\ud83d\uDE00""#),
        ] {
            assert_eq!(rewritten(string, text), expected);
        }
    }

    proptest! {
        #[test]
        fn a_rewritten_route_reads_as_it_was_meant(
            before in "(?s).*[a-z]",
            after in "[a-z](?s).*",
            is_ascii in any::<bool>(),
        ) {
            let mut string = String::new();
            before.chars().for_each(|character| push_escaped(&mut string, character, is_ascii));
            rewritten(&format!("\"{string}\""), &after);
        }
    }
}
