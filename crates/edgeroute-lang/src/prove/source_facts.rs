//! Derives facts about the stamps of messages from the source of a route.

use super::property::PropertyDomain;
use crate::message::Stamp;
use crate::predicate::{Interner, Slot, SlotKind};
use crate::source::SourcePattern;
use crate::text::fold;

/// The facts about the stamps of all messages that a source selects.
///
/// They assume that a message's source follows from its stamps, as a hub derives it, and that ids of modules and names
/// of outputs are valid for a hub: without slashes, and without white space at their ends. The segments of the source
/// are then exactly these names, in any case.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SourceFacts {
    module: Stamped,
    output: Stamped,
}

/// A fact about a stamp.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
enum Stamped {
    /// Nothing is known.
    #[default]
    Unknown,
    /// The stamp is present.
    Present,
    /// The stamp is present and upper-cases to this.
    Named(Box<str>),
}

impl SourceFacts {
    /// Derives the facts about the messages that a pattern selects.
    pub fn of(pattern: &SourcePattern) -> Self {
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

    /// Whether every message has this stamp.
    pub fn has(&self, stamp: Stamp) -> bool {
        match stamp {
            Stamp::Module => self.module != Stamped::Unknown,
            Stamp::Output => self.output != Stamped::Unknown,
            Stamp::Device | Stamp::Input => false,
        }
    }

    /// Returns the possible values of the stamps, for those that are read.
    pub(super) fn domains(&self, interner: &Interner) -> impl Iterator<Item = (Slot, PropertyDomain)> {
        [(Stamp::Module, &self.module), (Stamp::Output, &self.output)].into_iter().filter_map(|(stamp, stamped)| {
            let domain = match stamped {
                Stamped::Unknown => return None,
                Stamped::Present => PropertyDomain::text(None),
                Stamped::Named(folded) => PropertyDomain::text(Some(folded)),
            };
            let slot = interner.reads.known(&SlotKind::System(fold(stamp.name()).into()))?;
            Some((slot, domain))
        })
    }
}
