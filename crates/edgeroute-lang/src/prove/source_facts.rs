//! What a route's source tells of the stamps of the messages that it selects.

use super::property::PropertyDomain;
use crate::message::Stamp;
use crate::predicate::{Slot, SlotKind, Vocabulary};
use crate::source::SourcePattern;
use crate::text::fold;

/// What is known of the stamps of all messages of a source.
///
/// This holds where a message's source follows from its stamps, as a hub makes it, and where the ids of modules and the
/// names of outputs are such as a hub takes: without slashes, and without white space at their ends. Then the segments
/// of the source are just these names, in any case.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct SourceFacts {
    module: Stamped,
    output: Stamped,
}

/// What is known of a stamp.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
enum Stamped {
    /// Nothing.
    #[default]
    Unknown,
    /// It is there.
    Present,
    /// It is there, and upper-cases to this.
    Named(Box<str>),
}

impl SourceFacts {
    /// Of the messages that a pattern selects.
    pub(crate) fn of(pattern: &SourcePattern) -> Self {
        let path: String = pattern.folded().collect();
        let mut segments = path.trim_matches('/').split('/');
        let mut facts = Self::default();
        if (segments.next(), segments.next()) != (Some("MESSAGES"), Some("MODULES")) {
            return facts;
        }
        let rest: Vec<&str> = segments.collect();
        facts.module = rest.first().map_or(Stamped::Present, |module| Stamped::Named((*module).into()));
        match rest.get(1..).unwrap_or_default() {
            ["OUTPUTS"] => facts.output = Stamped::Present,
            ["OUTPUTS", output] => facts.output = Stamped::Named((*output).into()),
            _ => {}
        }
        facts
    }

    /// What the stamps may be, if anything reads them.
    pub(super) fn domains(&self, vocabulary: &Vocabulary) -> impl Iterator<Item = (Slot, PropertyDomain)> {
        [(Stamp::Module, &self.module), (Stamp::Output, &self.output)].into_iter().filter_map(|(stamp, stamped)| {
            let domain = match stamped {
                Stamped::Unknown => return None,
                Stamped::Present => PropertyDomain::text(None),
                Stamped::Named(folded) => PropertyDomain::text(Some(folded)),
            };
            let slot = vocabulary.reads.known(&SlotKind::System(fold(stamp.name()).into()))?;
            Some((slot, domain))
        })
    }
}
