//! Finds which route of the new set is which route of the old one.

use std::collections::BTreeMap;

use super::Declared;
use edgeroute_lang::limits::Limits;
use edgeroute_lang::route::Route;
use edgeroute_lang::syntax::{canonical_route, parse_route};

/// The pairs of indices, old and new, and the routes without a partner. All in the order of the indices.
#[derive(Debug, Default)]
pub(super) struct Pairing {
    /// In the order of the old routes.
    pub(super) pairs: Vec<(usize, usize)>,
    pub(super) removed: Vec<usize>,
    pub(super) added: Vec<usize>,
}

impl Pairing {
    pub(super) fn of(old: &Declared, new: &Declared, limits: &Limits) -> Self {
        let mut pairing = Self::default();
        let (mut removed, mut added): (Vec<usize>, Vec<usize>) =
            ((0..old.routes().len()).collect(), (0..new.routes().len()).collect());
        let name = |route: &Route| route.name().to_owned();
        pairing.pair((old, &mut removed), (new, &mut added), name);
        // A route that was renamed has the same text, in any layout.
        pairing.pair((old, &mut removed), (new, &mut added), |route| canonical(route, limits));
        pairing.pairs.sort_unstable();
        Self { removed, added, ..pairing }
    }

    /// Pairs the remaining routes that have the same key, in order.
    fn pair(
        &mut self,
        (old, removed): (&Declared, &mut Vec<usize>),
        (new, added): (&Declared, &mut Vec<usize>),
        key: impl Fn(&Route) -> String,
    ) {
        if removed.is_empty() || added.is_empty() {
            return;
        }
        let mut by_key: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for index in added.iter().rev() {
            if let Some(route) = new.routes().get(*index) {
                by_key.entry(key(route)).or_default().push(*index);
            }
        }
        let mut is_taken = vec![false; new.routes().len()];
        removed.retain(|index| {
            let found = old.routes().get(*index).and_then(|route| by_key.get_mut(&key(route))?.pop());
            if let Some(found) = found {
                self.pairs.push((*index, found));
                if let Some(taken) = is_taken.get_mut(found) {
                    *taken = true;
                }
            }
            found.is_none()
        });
        added.retain(|index| is_taken.get(*index) == Some(&false));
    }
}

/// The text in canonical form; the text itself if it has errors.
pub(super) fn canonical(route: &Route, limits: &Limits) -> String {
    let parsed = parse_route(route.text(), limits);
    if parsed.errors.is_empty() { canonical_route(&parsed.tree) } else { route.text().to_owned() }
}

/// Returns, for each of these numbers, whether it is part of a longest increasing subsequence. All are different.
pub(super) fn increasing(numbers: &[usize]) -> Vec<bool> {
    // For each length, the place of the least number that ends a subsequence of that length.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(numbers.len());
    for (place, number) in numbers.iter().enumerate() {
        let at = ends.partition_point(|end| numbers.get(*end).is_some_and(|other| other < number));
        before.push(at.checked_sub(1).and_then(|previous| ends.get(previous).copied()));
        match ends.get_mut(at) {
            Some(end) => *end = place,
            None => ends.push(place),
        }
    }
    let mut kept = vec![false; numbers.len()];
    let mut next = ends.last().copied();
    while let Some(place) = next {
        if let Some(kept) = kept.get_mut(place) {
            *kept = true;
        }
        next = before.get(place).copied().flatten();
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(old: &[(&str, &str)], new: &[(&str, &str)]) -> (Vec<(usize, usize)>, Vec<usize>, Vec<usize>) {
        let declared = |routes: &[(&str, &str)]| Declared::new(routes.iter().copied());
        let Pairing { pairs, removed, added } = Pairing::of(&declared(old), &declared(new), &Limits::default());
        (pairs, removed, added)
    }

    #[test]
    fn routes_are_paired_by_name_and_then_by_text() {
        let (up, down) = ("FROM /* INTO $upstream", "FROM /messages/* INTO $upstream");
        assert_eq!(pairs(&[("a", up), ("b", down)], &[("b", down), ("a", up)]), (vec![(0, 1), (1, 0)], vec![], vec![]));
        let spaced = "from  /messages/*  into $upstream";
        assert_eq!(
            pairs(&[("a", up), ("b", down)], &[("c", spaced), ("a", down)]),
            (vec![(0, 1), (1, 0)], vec![], vec![])
        );
        assert_eq!(pairs(&[("a", up)], &[("b", down)]), (vec![], vec![0], vec![0]));
        assert_eq!(pairs(&[("a", up), ("a", up)], &[("a", up)]), (vec![(0, 0)], vec![1], vec![]));
        assert_eq!(pairs(&[("a", "FROM")], &[("b", "FROM"), ("c", "FROM")]), (vec![(0, 0)], vec![], vec![1]));
    }

    #[test]
    fn a_longest_increasing_subsequence_is_kept() {
        let kept = |numbers: &[usize]| increasing(numbers).iter().filter(|kept| **kept).count();
        assert_eq!(kept(&[]), 0);
        assert_eq!(increasing(&[1, 2, 0]), [true, true, false]);
        assert_eq!(kept(&[5, 4, 3]), 1);
        assert_eq!(kept(&[3, 0, 1, 5, 2, 4]), 4);
    }
}
