//! Merges index builders: the routes of one builder follow the routes of another, as if all had been added to a single
//! builder.
//!
//! Everything is numbered in the order in which it is first seen, so the merged builder has the same numbers as a
//! builder to which the routes were added one by one. Merging is linear in the size of the builder that is added.

use super::{IndexBuilder, Waiting};
use crate::index::id::{GroupId, LocalRouteId};

impl IndexBuilder {
    /// Returns the number of different names and paths that are read so far.
    pub(crate) fn reads(&self) -> usize {
        self.interner.reads.len()
    }

    /// Adds the routes of `other`, the first of which becomes `first`. Both builders must have the same budgets.
    /// `other` must have no fallback, and both together must not read more names and paths than an index can number.
    pub(crate) fn absorb(&mut self, other: Self, first: LocalRouteId) {
        if first.index() == 0 {
            // Nothing was added before.
            *self = other;
            return;
        }
        let translation = self.interner.absorb(other.interner);
        let programs = self.programs.append(&other.programs, first, |test| translation.test(test));
        let formulas = self.kept.append_all(other.kept, |test| translation.test(test));
        let groups: Vec<GroupId> = (other.sources.into_paths().iter())
            .map(|path| self.sources.group_of_path(path, || new_group(&mut self.groups)))
            .collect();
        self.waiting.reserve(other.waiting.len());
        for Waiting { group, program, formula } in other.waiting {
            let Some(&group) = groups.get(group.index()) else { continue };
            if let Some(count) = self.groups.get_mut(group.index()) {
                *count += 1;
            }
            let formula = formula.map(|(part, root)| (formulas.of(part), formulas.of(root)));
            self.waiting.push(Waiting { group, program: programs.of(program), formula });
        }
        self.counts.never += other.counts.never;
    }
}

fn new_group(groups: &mut Vec<u32>) -> GroupId {
    groups.push(0);
    GroupId::new(groups.len() - 1)
}
