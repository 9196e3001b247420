//! The clauses of a small table, intersected while a message shows its properties.

use super::names::Names;
use super::walk::is_so;
use crate::message::{Message, MessageSource, Properties};
use crate::predicate::{Slot, TestKind};
use crate::text::as_number;
use crate::tree::{Clauses, Readers, Tree, Words};
use crate::work;

/// The sources that messages had, and the clauses of the routes that take them, so that one that comes again is compared
/// and not looked up: a cache with one place for each source, where a source displaces another.
/// `benches/ratios.rs`, workload *typical*.
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
    /// Knows the empty module, which is looked up otherwise. Allocates.
    pub(super) fn new() -> Self {
        Self { places: Box::new([KnownSource { module: Words::EMPTY, output: Words::EMPTY, clauses: 0 }; PLACES]) }
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.places)
    }

    /// The clauses of the routes that take a source.
    #[inline]
    pub(super) fn clauses(&mut self, tree: &Tree, clauses: &Clauses, source: MessageSource<'_>) -> u64 {
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

/// What a message leaves alive of `clauses`. `None` where it has a property twice, in one spelling or in two: which of
/// them counts is not settled here. Allocates nothing.
#[inline]
pub(super) fn survivors<P: Properties + ?Sized, S: Properties + ?Sized>(
    tree: &Tree,
    clauses: &Clauses,
    names: &mut Names,
    message: &Message<'_, P, S>,
    alive: u64,
) -> Option<u64> {
    let mut all = Intersection { tree, clauses, alive, held: 0, is_ambiguous: false };
    names.visit_application(tree, message, |readers, _, text| all.show(readers, 0, text));
    // What no living clause asks for makes no difference, be it there or not.
    if all.alive & clauses.of_system != 0 {
        let settled = all.held;
        names.visit_system(tree, message, |readers, _, text| all.show(readers, settled, text));
    }
    (!all.is_ambiguous).then(|| clauses.without_others(all.held, all.alive))
}

struct Intersection<'t> {
    tree: &'t Tree,
    clauses: &'t Clauses,
    alive: u64,
    /// A bit for each slot that holds something.
    held: u64,
    is_ambiguous: bool,
}

impl Intersection<'_> {
    /// Takes up a property; what `settled` has goes before it.
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
        work::step();
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
            work::step();
            if self.alive & clauses == 0 {
                continue;
            }
            let holds = match kind {
                TestKind::Number(within, interval) => {
                    let number = *number.get_or_insert_with(|| {
                        work::bytes(text.len());
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
