//! Intersects the terms of a small table while the properties of a message are visited.

use super::names::Names;
use super::text_test::holds_for_text;
use crate::index::{Index, Readers, Terms, Words};
use crate::tuning::SOURCES;
use edgeroute_lang::message::{Message, MessageSource, Properties};
use edgeroute_lang::predicate::{Slot, TestKind};
use edgeroute_lang::steps;
use edgeroute_lang::text::as_number;

/// Remembers the sources of earlier messages with the terms of the routes that accept them, so that a repeated source
/// is compared instead of looked up. It is a cache with one place for each source, where a new source replaces the old
/// one. See `benches/ratios.rs`, workload *typical*.
#[derive(Debug)]
pub(super) struct KnownSources {
    places: Box<[KnownSource; SOURCES]>,
}

#[derive(Copy, Clone, Debug)]
struct KnownSource {
    module: Words,
    output: Words,
    terms: u64,
}

impl KnownSources {
    /// Creates a cache that contains only the empty module, which never uses the cache. Allocates.
    pub(super) fn new() -> Self {
        Self { places: Box::new([KnownSource { module: Words::EMPTY, output: Words::EMPTY, terms: 0 }; SOURCES]) }
    }

    /// Returns the number of bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.places)
    }

    /// Returns the terms of the routes that accept a source.
    #[inline]
    pub(super) fn terms(&mut self, index: &Index, terms: &Terms, source: MessageSource<'_>) -> u64 {
        let look_up = || {
            let mut all = 0;
            index.sources.for_each_group(&index.key, source, |group| all |= terms.of_group(group));
            all
        };
        if let MessageSource::Module { module, output: Some(output) } = source
            && !module.is_empty()
            && let (Some(module), Some(output)) = (Words::of(module.as_bytes()), Words::of(output.as_bytes()))
            && let Some(known) = self.places.get_mut(module.place_among(SOURCES, output))
        {
            if known.module != module || known.output != output {
                *known = KnownSource { module, output, terms: look_up() };
            }
            return known.terms;
        }
        look_up()
    }
}

/// Returns which of `terms` the message leaves alive. `None` if the message contains a property twice, with the same
/// or with different spelling: this function does not decide which of them counts. Allocates nothing.
#[inline]
pub(super) fn survivors<P: Properties + ?Sized, S: Properties + ?Sized>(
    index: &Index,
    terms: &Terms,
    names: &mut Names,
    message: &Message<'_, P, S>,
    alive: u64,
) -> Option<u64> {
    let mut all = Intersection { index, terms, alive, held: 0, is_ambiguous: false };
    names.visit_application(index, message, |readers, _, text| all.apply(readers, 0, text));
    // Slots that no live term tests make no difference, whether or not they are present.
    if all.alive & terms.of_system != 0 {
        let settled = all.held;
        names.visit_system(index, message, |readers, _, text| all.apply(readers, settled, text));
    }
    (!all.is_ambiguous).then(|| terms.without_others(all.held, all.alive))
}

struct Intersection<'t> {
    index: &'t Index,
    terms: &'t Terms,
    alive: u64,
    /// A bit for each slot that is not empty.
    held: u64,
    is_ambiguous: bool,
}

impl Intersection<'_> {
    /// Narrows the terms by a property; the slots in `settled` take precedence over it.
    #[inline]
    fn apply(&mut self, readers: Readers, settled: u64, text: Option<&str>) {
        if readers.first != Slot::NONE {
            self.put(readers.first, settled, text);
            if readers.second != Slot::NONE {
                self.put(readers.second, settled, text);
            }
        }
    }

    #[inline]
    fn put(&mut self, slot: Slot, settled: u64, text: Option<&str>) {
        steps::step();
        let Some(terms) = self.terms.slot(slot) else {
            return;
        };
        if self.held & terms.bit != 0 {
            self.is_ambiguous |= settled & terms.bit == 0;
            return;
        }
        self.held |= terms.bit;
        if self.alive & terms.testing == 0 {
            return;
        }
        let Some(text) = text else {
            self.alive &= terms.null;
            return;
        };
        self.alive &= terms.text(&self.index.texts, text);
        let mut number = None;
        for &(kind, testing) in &terms.checks {
            steps::step();
            if self.alive & testing == 0 {
                continue;
            }
            let holds = match kind {
                TestKind::Number(within, interval) => {
                    let number = *number.get_or_insert_with(|| {
                        steps::bytes(text.len());
                        as_number(text)
                    });
                    let interval = self.index.interner.constants.interval_of(interval);
                    number.is_some_and(|number| interval.contains(number) == within)
                }
                kind => holds_for_text(kind, &self.index.texts, text),
            };
            if !holds {
                self.alive &= !testing;
            }
        }
    }
}
