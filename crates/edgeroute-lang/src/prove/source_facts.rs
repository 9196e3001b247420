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
    device: Stamped,
    module: Stamped,
    output: Stamped,
    input: Stamped,
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
    /// The stamp is missing.
    Missing,
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
        let stamped = match stamp {
            Stamp::Device => &self.device,
            Stamp::Module => &self.module,
            Stamp::Output => &self.output,
            Stamp::Input => &self.input,
        };
        matches!(stamped, Stamped::Present | Stamped::Named(_))
    }

    /// Adds what holds for every message that a hub routes: it has a device, and no input, which is set on delivery
    /// (SEMANTICS#stamps).
    #[must_use]
    pub fn while_routing(self) -> Self {
        Self { device: Stamped::Present, input: Stamped::Missing, ..self }
    }

    /// Adds that no module sent the message.
    #[must_use]
    pub fn without_module(self) -> Self {
        Self { module: Stamped::Missing, output: Stamped::Missing, ..self }
    }

    /// Adds that the message was sent without an output.
    #[must_use]
    pub fn without_output(self) -> Self {
        Self { output: Stamped::Missing, ..self }
    }

    /// Returns the possible values of the stamps, for those that are read.
    pub(super) fn domains(&self, interner: &Interner) -> impl Iterator<Item = (Slot, PropertyDomain)> {
        let stamps = [
            (Stamp::Device, &self.device),
            (Stamp::Module, &self.module),
            (Stamp::Output, &self.output),
            (Stamp::Input, &self.input),
        ];
        stamps.into_iter().filter(|(_, stamped)| **stamped != Stamped::Unknown).filter_map(|(stamp, stamped)| {
            let domain = match stamped {
                Stamped::Unknown => return None,
                Stamped::Present => PropertyDomain::text(None),
                Stamped::Named(folded) => PropertyDomain::text(Some(folded)),
                Stamped::Missing => PropertyDomain::missing(),
            };
            let slot = interner.reads.known(&SlotKind::System(fold(stamp.name()).into()))?;
            Some((slot, domain))
        })
    }
}
