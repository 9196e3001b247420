//! JSON with comments and trailing commas, as editors read it.

use core::ops::Range;
use std::borrow::Cow;

/// Replaces comments and trailing commas by spaces, so that the rest is strict JSON. Every other byte keeps its offset
/// and its line. A comment that does not end is left, and so is a comma that does not follow a value.
pub(crate) fn strict(text: &str) -> Cow<'_, str> {
    let blanks = blanks(text);
    if blanks.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(blank(text, &blanks)) }
}

/// Replaces the bytes of these ranges by spaces, and keeps line breaks. The ranges are in order and do not overlap.
pub(super) fn blank(text: &str, ranges: &[Range<usize>]) -> String {
    let mut blanked = String::with_capacity(text.len());
    let mut done = 0;
    for range in ranges {
        blanked.push_str(text.get(done..range.start).unwrap_or_default());
        let bytes = text.get(range.clone()).unwrap_or_default().bytes();
        blanked.extend(bytes.map(|byte| if matches!(byte, b'\n' | b'\r') { char::from(byte) } else { ' ' }));
        done = range.end;
    }
    blanked.push_str(text.get(done..).unwrap_or_default());
    blanked
}

/// The comments and trailing commas, in order.
fn blanks(text: &str) -> Vec<Range<usize>> {
    let mut blanks = Vec::new();
    // The comma that is a trailing one if a bracket follows, and the number of comments before it.
    let mut comma: Option<(usize, usize)> = None;
    let mut is_after_value = false;
    let mut at = 0;
    while let Some(&byte) = text.as_bytes().get(at) {
        let start = at;
        at += 1;
        match byte {
            b'"' => {
                at += string(text.get(at..).unwrap_or_default());
                (comma, is_after_value) = (None, true);
            }
            b'/' => {
                if let Some(length) = comment(text.get(at..).unwrap_or_default()) {
                    at += length;
                    blanks.push(start..at);
                } else {
                    (comma, is_after_value) = (None, false);
                }
            }
            b',' => (comma, is_after_value) = (Some((start, blanks.len())).filter(|_| is_after_value), false),
            b'}' | b']' => {
                if let Some((comma, comments)) = comma.take() {
                    blanks.insert(comments, comma..comma + 1);
                }
                is_after_value = true;
            }
            b'{' | b'[' | b':' => (comma, is_after_value) = (None, false),
            b' ' | b'\t' | b'\n' | b'\r' => {}
            _ => (comma, is_after_value) = (None, true),
        }
    }
    blanks
}

/// The length of a string up to its closing quote, without the opening quote.
fn string(rest: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of a comment without its first slash.
fn comment(rest: &str) -> Option<usize> {
    match rest.as_bytes().first()? {
        b'/' => Some(rest.find(['\n', '\r']).unwrap_or(rest.len())),
        b'*' => Some(rest.get(1..)?.find("*/")? + 3),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use edgeroute_lang::manifest::Manifest;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn comments_and_trailing_commas_become_spaces() {
        for (text, expected) in [
            ("{} // é", "{}      "),
            ("// a\n{/* b\r\n */}", "    \n{    \r\n   }"),
            (r#"{"a": "//\\\" /*", "b": [1, 2,],}"#, r#"{"a": "//\\\" /*", "b": [1, 2 ] }"#),
            ("[1, /* none */ ] // end\n", "[1             ]       \n"),
            ("[[], {},\n]", "[[], {} \n]"),
            ("/*/ {} */[]", "         []"),
        ] {
            assert_eq!(strict(text), expected);
        }
    }

    #[test]
    fn other_mistakes_stay() {
        for text in ["[,]", "[1,,]", "{\"a\":,}", "[1] /* open", "[1 / 2]", "{\"a\", }", "\"open // ", "[/]"] {
            let commas = text.matches(',').count();
            assert!(strict(text).len() == text.len() && strict(text).matches(',').count() + 1 >= commas, "{text}");
            assert!(serde_json::from_str::<serde_json::Value>(&strict(text)).is_err(), "{text}");
        }
    }

    proptest! {
        /// White space, comments and trailing commas may be anywhere between the tokens.
        #[test]
        fn a_commented_manifest_reads_like_the_plain_one(
            gaps in prop::collection::vec("(//[a\"/*]{0,3}\n|/\\*[a\"/,{]{0,3}\\*/| |\n){0,3}", 27),
            trailing in prop::collection::vec(any::<bool>(), 3),
        ) {
            let tokens = [
                "{", "\"schemaVersion\"", ":", "\"1.1\"", ",", "\"storeAndForwardConfiguration\"", ":", "{", "}", ",",
                "\"routes\"", ":", "{", "\"up // \\\" /*\"", ":", "{", "\"route\"", ":",
                "\"FROM /* INTO $upstream\"", ",", "\"priority\"", ":", "1",
            ];
            let comma = |index: usize| if trailing[index] { "," } else { "" };
            let mut gaps = gaps.iter();
            let mut lenient = String::new();
            for token in tokens.into_iter().chain([comma(0), "}", comma(1), "}", comma(2), "}"]) {
                lenient.push_str(token);
                lenient.push_str(gaps.next().map_or("", |gap| gap.as_str()));
            }
            let plain = tokens.concat() + "}}}";
            let read = strict(&lenient);
            prop_assert_eq!(read.len(), lenient.len());
            let read = Manifest::from_json(&read).unwrap();
            let plain = Manifest::from_json(&plain).unwrap();
            prop_assert_eq!(read.fingerprint(), plain.fingerprint());
        }
    }
}
