//! Where a message's source differs from what a route selects.

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
    /// Which segment it is, counted from 0: that of `modules` in `/messages/modules/m` is 1.
    #[must_use]
    pub const fn segment(&self) -> usize {
        self.segment
    }

    /// What the pattern has there. A `*` stands for itself: only at the end of a source it stands for anything.
    #[must_use]
    pub fn wanted(&self) -> &str {
        &self.wanted
    }

    /// What the message's source has there; `None` where it has ended already.
    #[must_use]
    pub fn found(&self) -> Option<&str> {
        self.found.as_deref()
    }
}

impl SourcePattern {
    /// Where a message's source first differs; `None` where it [matches](Self::matches). Allocates.
    ///
    /// ```
    /// use edgeroute::message::Origin;
    /// use edgeroute::source::SourcePattern;
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
        // What stands before the first slash, nothing as a rule, is no segment of its own in either.
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
