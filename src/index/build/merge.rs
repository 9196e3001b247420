//! Joining trees in the making: what was added to one follows what was added to another, as if all had been added to one.
//!
//! Everything is numbered in the order in which it is first met, so the joined tree has the same numbers as one to which
//! the routes were added one by one. Linear in what is joined on.

use super::{TreeBuilder, Waiting};
use crate::tree::{GroupId, RouteId};

impl TreeBuilder {
    /// How many different names and paths are read so far.
    pub(crate) fn reads(&self) -> usize {
        self.vocabulary.reads.len()
    }

    /// Adds what was added to `other`, whose first route becomes `first`. Both must have the same budgets; `other` must
    /// have no fallback, and both together no more reads than a tree can number.
    pub(crate) fn absorb(&mut self, other: Self, first: RouteId) {
        if first.index() == 0 {
            // Nothing was added before.
            *self = other;
            return;
        }
        let translation = self.vocabulary.absorb(other.vocabulary);
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
        self.filed.never += other.filed.never;
    }
}

fn new_group(groups: &mut Vec<u32>) -> GroupId {
    groups.push(0);
    GroupId::new(groups.len() - 1)
}
