//! Explains where a message's source differs from a route's.

use super::{SourcePattern, trimmed};
use crate::message::MessageSource;
use crate::text::upper;

/// The first segment in which a message's source differs from a pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceMismatch {
    segment: usize,
    wanted: String,
    found: Option<String>,
}

impl SourceMismatch {
    /// Returns the index of the segment, counted from 0: in `/messages/modules/m`, `modules` is 1.
    #[must_use]
    pub const fn segment(&self) -> usize {
        self.segment
    }

    /// Returns the pattern's segment. A `*` is a literal asterisk here: it is a wildcard only at the end of a source.
    #[must_use]
    pub fn wanted(&self) -> &str {
        &self.wanted
    }

    /// Returns the segment of the message's source; `None` if the source is shorter.
    #[must_use]
    pub fn found(&self) -> Option<&str> {
        self.found.as_deref()
    }
}

impl SourcePattern {
    /// Returns the first difference from a message's source; `None` if the pattern [matches](Self::matches). Allocates.
    ///
    /// ```
    /// use edgeroute_lang::message::Origin;
    /// use edgeroute_lang::source::SourcePattern;
    ///
    /// let pattern = SourcePattern::new("/messages/modules/filter/outputs/*");
    /// let mismatch = pattern.mismatch(Origin::module("edge", "sensor").source()).expect("another module");
    /// assert_eq!((mismatch.segment(), mismatch.wanted(), mismatch.found()), (2, "filter", Some("sensor")));
    /// let mismatch = pattern.mismatch(Origin::module("edge", "filter").source()).expect("without an output");
    /// assert_eq!((mismatch.segment(), mismatch.wanted(), mismatch.found()), (3, "outputs", None));
    /// ```
    #[must_use]
    pub fn mismatch(&self, source: MessageSource<'_>) -> Option<SourceMismatch> {
        let source: String = trimmed(source).concat();
        let mut found = source.split('/');
        // Any text before the first slash, normally empty, is not a segment of its own in either.
        let wanted = self.text.strip_suffix('/').unwrap_or(&self.text).split('/');
        for (index, wanted) in wanted.enumerate() {
            let found = found.next();
            if !found.is_some_and(|found| found.chars().map(upper).eq(wanted.chars().map(upper))) {
                let segment = index.saturating_sub(1);
                return Some(SourceMismatch { segment, wanted: wanted.to_owned(), found: found.map(str::to_owned) });
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_source_differs_somewhere_unless_it_matches(
            pattern in "(/(messages|modules|[aAéÉ*]|outputs| )){0,6}[/*]{0,2}",
            module in "[aAéÉ/ ]{0,3}",
            output in prop::option::of("[aA/ ]{0,3}"),
            other in "[/aA ]{0,6}",
        ) {
            let pattern = SourcePattern::new(&pattern);
            let of_module = MessageSource::Module { module: &module, output: output.as_deref() };
            for source in [of_module, MessageSource::Telemetry, MessageSource::TwinChange, MessageSource::Other(&other)] {
                prop_assert_eq!(pattern.mismatch(source).is_none(), pattern.matches(source), "{} {}", pattern, source);
            }
        }
    }
}
