//! Sources of routes: a route selects every message whose source starts with the route's, ignoring case, at a segment
//! boundary.
//!
//! A pattern is normalised: it ends in one `/`, and is compared in upper case, code point by code point. A message's
//! source matches if its own normalised form starts with the pattern's. So the prefixes of the source that end in `/`
//! are all the patterns that can match the message.

mod mismatch;

use std::fmt;

pub use mismatch::SourceMismatch;

use crate::message::MessageSource;
use crate::text::{eq_ignore_case, fold_chars, upper};

/// The normalised source of a route.
///
/// ```
/// use edgeroute_lang::message::Origin;
/// use edgeroute_lang::source::SourcePattern;
///
/// let pattern = SourcePattern::new("/messages/modules/Sensor/*");
/// assert_eq!(pattern.as_str(), "/messages/modules/Sensor/");
/// assert!(pattern.matches(Origin::module("edge", "sensor").output("temp").source()));
/// assert!(!pattern.matches(Origin::module("edge", "sensor2").source()));
/// ```
#[derive(Clone, Debug)]
pub struct SourcePattern {
    /// Trimmed, ending in one `/`, in its original case.
    text: Box<str>,
}

impl SourcePattern {
    /// Normalises the path of a FROM clause (SEMANTICS#source-normalization): trims white space, then `*`, then `/`,
    /// then white space and `/` again, and appends `/`. A `*` elsewhere is a literal asterisk. Allocates.
    #[must_use]
    pub fn new(path: &str) -> Self {
        let path = path.trim().trim_end_matches('*');
        let path = if path.len() > 1 { path.trim_end_matches('/') } else { path };
        let path = path.trim().trim_end_matches('/');
        let mut text = String::with_capacity(path.len() + 1);
        text.push_str(path);
        text.push('/');
        Self { text: text.into() }
    }

    /// Returns the normalised path in its original case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a message of this source is selected (SEMANTICS#source-match). Does not allocate.
    #[must_use]
    pub fn matches(&self, source: MessageSource<'_>) -> bool {
        let mut source = normalized(source);
        self.text.chars().all(|wanted| source.next() == Some(upper(wanted)))
    }

    /// Whether the source is `/twinChangeNotifications`, so that it selects only changes of twins.
    #[must_use]
    pub fn is_twin_changes(&self) -> bool {
        eq_ignore_case(&self.text, "/twinChangeNotifications/")
    }

    /// Iterates over the upper-cased path, which is equal for patterns that select the same messages.
    pub fn folded(&self) -> impl Iterator<Item = char> + '_ {
        fold_chars(&self.text)
    }
}

/// Two patterns are equal if they select the same messages.
impl PartialEq for SourcePattern {
    fn eq(&self, other: &Self) -> bool {
        self.folded().eq(other.folded())
    }
}

impl Eq for SourcePattern {}

impl fmt::Display for SourcePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether the fallback route accepts messages of this source: it must start with `/messages/`, case included
/// (SEMANTICS#fallback).
pub fn takes_fallback(source: MessageSource<'_>) -> bool {
    match source {
        MessageSource::Telemetry | MessageSource::Module { .. } => true,
        MessageSource::TwinChange => false,
        // `/messages` alone has a slash appended.
        MessageSource::Other(_) => {
            let mut text = trimmed(source).into_iter().flat_map(str::chars).chain(core::iter::once('/'));
            "/messages/".chars().all(|wanted| text.next() == Some(wanted))
        }
    }
}

/// Iterates over a message's source in its normalised form: trimmed, upper-cased, ending in one `/`.
pub fn normalized(source: MessageSource<'_>) -> impl Iterator<Item = char> + '_ {
    trimmed(source).into_iter().flat_map(str::chars).map(upper).chain(core::iter::once('/'))
}

/// Returns the pieces of a source's path without the white space and slashes at its end.
pub fn trimmed(source: MessageSource<'_>) -> [&str; 4] {
    let mut pieces = source.pieces();
    pieces[0] = pieces[0].trim_start();
    // White space is trimmed only once, before the slashes: `a/ /` becomes `a/ `.
    let mut is_space_trimmed = false;
    for piece in pieces.iter_mut().rev() {
        if !is_space_trimmed {
            *piece = piece.trim_end();
            is_space_trimmed = !piece.is_empty();
        }
        *piece = piece.trim_end_matches('/');
        if !piece.is_empty() {
            break;
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalised_as_the_reference_does() {
        for (path, normalised) in [
            ("/messages/modules/a*", "/messages/modules/a/"),
            ("/*", "/"),
            ("/messages/*", "/messages/"),
            ("/messages", "/messages/"),
            ("/messages/modules/*/outputs/*", "/messages/modules/*/outputs/"),
            ("/messages/modules/m**", "/messages/modules/m/"),
            ("/a\u{a0}/*", "/a/"),
        ] {
            assert_eq!(SourcePattern::new(path).as_str(), normalised, "{path}");
        }
    }

    #[test]
    fn a_pattern_is_a_prefix_that_ends_at_a_segment_and_ignores_case() {
        let module = |module, output| MessageSource::Module { module, output };
        let matches = |path, source| SourcePattern::new(path).matches(source);
        assert!(matches("/*", MessageSource::Telemetry));
        assert!(matches("/MESSAGES", MessageSource::Telemetry));
        assert!(!matches("/messages/modules/*", MessageSource::Telemetry));
        assert!(matches("/messages/*", module("m", None)));
        assert!(matches("/messages/modules/ΜÉ", module("µé", Some("o"))));
        assert!(!matches("/messages/modules/m/outputs/*", module("m", None)));
        assert!(matches("/messages/modules/m/outputs/*", module("m", Some("o"))));
        assert!(!matches("/messages/modules/m/outputs/o", module("m", Some("o2"))));
        assert!(
            matches("/messages/modules/m/outputs/o", module("m", Some("O /")))
                == matches("/x", MessageSource::Other("/x /"))
        );
        assert!(matches("/messages/modules/m", module("m/x", None)));
        assert!(!matches("/messages/modules/*/outputs/o", module("m", Some("o"))));
        assert!(matches("/twinChangeNotifications", MessageSource::TwinChange));
        assert!(matches("/deviceLifecycleEvents", MessageSource::Other(" /deviceLifecycleEvents/ ")));
    }

    #[test]
    fn a_source_is_trimmed_as_a_whole() {
        let text = |source| normalized(source).collect::<String>();
        let module = |module, output| MessageSource::Module { module, output };
        assert_eq!(text(module("m ", None)), "/MESSAGES/MODULES/M/");
        assert_eq!(text(module("m / ", None)), "/MESSAGES/MODULES/M /");
        assert_eq!(text(module("//", None)), "/MESSAGES/MODULES/");
        assert_eq!(text(module("m", Some("//"))), "/MESSAGES/MODULES/M/OUTPUTS/");
        assert_eq!(text(module("m", Some("o "))), "/MESSAGES/MODULES/M/OUTPUTS/O/");
        assert_eq!(text(MessageSource::Other("")), "/");
    }

    #[test]
    fn patterns_that_differ_by_case_are_equal() {
        assert_eq!(SourcePattern::new("/a/B/*"), SourcePattern::new("/A/b"));
        assert_ne!(SourcePattern::new("/a/b"), SourcePattern::new("/a/c"));
    }
}
