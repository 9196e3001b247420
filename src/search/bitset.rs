//! Intersects the terms of a small table while the properties of a message are visited.

use super::matcher::is_so;
use super::names::Names;
use crate::index::{Index, Readers, Terms, Words};
use edgeroute_lang::message::{Message, MessageSource, Properties};
use edgeroute_lang::predicate::{Slot, TestKind};
use edgeroute_lang::steps;
use edgeroute_lang::text::as_number;

/// Remembers the sources of earlier messages with the terms of the routes that accept them, so that a repeated source
/// is compared instead of looked up. It is a cache with one place for each source, where a new source replaces the old
/// one. See `benches/ratios.rs`, workload *typical*.
#[derive(Debug)]
pub(super) struct KnownSources {
    places: Box<[KnownSource; PLACES]>,
}

const PLACES: usize = 64;

#[derive(Copy, Clone, Debug)]
struct KnownSource {
    module: Words,
    output: Words,
    clauses: u64,
}

impl KnownSources {
    /// Creates a cache that contains only the empty module, which never uses the cache. Allocates.
    pub(super) fn new() -> Self {
        Self { places: Box::new([KnownSource { module: Words::EMPTY, output: Words::EMPTY, clauses: 0 }; PLACES]) }
    }

    /// Returns the number of bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.places)
    }

    /// Returns the terms of the routes that accept a source.
    #[inline]
    pub(super) fn clauses(&mut self, tree: &Index, clauses: &Terms, source: MessageSource<'_>) -> u64 {
        let look_up = || {
            let mut all = 0;
            tree.sources.for_each_group(&tree.key, source, |group| all |= clauses.of_group(group));
            all
        };
        if let MessageSource::Module { module, output: Some(output) } = source
            && !module.is_empty()
            && let (Some(module), Some(output)) = (Words::of(module.as_bytes()), Words::of(output.as_bytes()))
            && let Some(known) = self.places.get_mut(module.place_among(PLACES, output))
        {
            if known.module != module || known.output != output {
                *known = KnownSource { module, output, clauses: look_up() };
            }
            return known.clauses;
        }
        look_up()
    }
}

/// Returns which of `clauses` the message leaves alive. `None` if the message contains a property twice, with the same
/// or with different spelling: this function does not decide which of them counts. Allocates nothing.
#[inline]
pub(super) fn survivors<P: Properties + ?Sized, S: Properties + ?Sized>(
    tree: &Index,
    clauses: &Terms,
    names: &mut Names,
    message: &Message<'_, P, S>,
    alive: u64,
) -> Option<u64> {
    let mut all = Intersection { tree, clauses, alive, held: 0, is_ambiguous: false };
    names.visit_application(tree, message, |readers, _, text| all.show(readers, 0, text));
    // Slots that no live term tests make no difference, whether or not they are present.
    if all.alive & clauses.of_system != 0 {
        let settled = all.held;
        names.visit_system(tree, message, |readers, _, text| all.show(readers, settled, text));
    }
    (!all.is_ambiguous).then(|| clauses.without_others(all.held, all.alive))
}

struct Intersection<'t> {
    tree: &'t Index,
    clauses: &'t Terms,
    alive: u64,
    /// A bit for each slot that is not empty.
    held: u64,
    is_ambiguous: bool,
}

impl Intersection<'_> {
    /// Stores a property; the slots in `settled` take precedence over it.
    #[inline]
    fn show(&mut self, readers: Readers, settled: u64, text: Option<&str>) {
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
        let Some(asked) = self.clauses.slot(slot) else {
            return;
        };
        if self.held & asked.bit != 0 {
            self.is_ambiguous |= settled & asked.bit == 0;
            return;
        }
        self.held |= asked.bit;
        if self.alive & asked.asking == 0 {
            return;
        }
        let Some(text) = text else {
            self.alive &= asked.null;
            return;
        };
        self.alive &= asked.text(&self.tree.texts, text);
        let mut number = None;
        for &(kind, clauses) in &asked.checks {
            steps::step();
            if self.alive & clauses == 0 {
                continue;
            }
            let holds = match kind {
                TestKind::Number(within, interval) => {
                    let number = *number.get_or_insert_with(|| {
                        steps::bytes(text.len());
                        as_number(text)
                    });
                    let interval = self.tree.vocabulary.constants.interval_of(interval);
                    number.is_some_and(|number| interval.contains(number) == within)
                }
                kind => is_so(kind, &self.tree.texts, text),
            };
            if !holds {
                self.alive &= !clauses;
            }
        }
    }
}
