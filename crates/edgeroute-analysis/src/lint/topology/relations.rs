//! Which route takes nothing that another does not take before it.
//!
//! A route is compared only with those that go to the same endpoint, select at least its source, and share something
//! that they test: each route is filed under the rarest test that it needs, and looked for under all tests that the other
//! has. What is left is decided by proof, for a bounded number of others, the highest in rank; where some were cut off
//! and none of the rest decides, that is counted.

use std::collections::BTreeMap;

use crate::lint::CheckedRoute;
use edgeroute_lang::hash_map::RandomMap;
use edgeroute_lang::priority::TimeToLive;
use edgeroute_lang::prove::{Answer, Probe, Prover};

/// The most other routes that a route is compared with.
const COMPARED: usize = 32;

/// The most parts of a condition that is compared word by word.
const WORDED: usize = 4_000;

/// Relations between pairs of routes.
#[derive(Debug, Default)]
pub(in crate::lint) struct Relations {
    /// Grouped by the losing route.
    pub(in crate::lint) all: Vec<Relation>,
}

/// A route that changes no delivery, and the route that makes it redundant.
#[derive(Copy, Clone, Debug)]
pub(in crate::lint) struct Relation {
    /// The index among the checked routes.
    pub(in crate::lint) loser: usize,
    pub(in crate::lint) winner: usize,
    pub(in crate::lint) kind: RelationKind,
}

#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(in crate::lint) enum RelationKind {
    /// Both match the same messages, at the same priority and time to live.
    Duplicate,
    /// The winner matches everything the loser matches, at the same priority and time to live.
    Superfluous,
    /// The winner matches everything the loser matches, at a higher priority.
    Outranked,
    /// Like [`Outranked`](Self::Outranked), but the winner matches everything from its source.
    OutrankedByCatchAll,
}

/// The key that routes are grouped by: the endpoint, the source, and a test; `None` for no condition.
type Key = (usize, usize, Option<Probe>);

impl Relations {
    pub(in crate::lint) fn of(subjects: &[CheckedRoute<'_>], reasoner: &mut Prover) -> Self {
        let mut endpoints = Numbers::default();
        let mut sources = Numbers::default();
        let mut filed: RandomMap<Key, Vec<usize>> = RandomMap::default();
        let mut places: Vec<(usize, Vec<usize>)> = Vec::with_capacity(subjects.len());
        let mut runs = Runs::default();
        let mut run_of: Vec<usize> = Vec::with_capacity(subjects.len());
        for subject in subjects {
            let endpoint = endpoints.of(subject.typed.endpoint.to_string());
            let source: String = subject.typed.source.folded().collect();
            // Every prefix that ends with a slash is a source that contains this one.
            let prefixes = source.match_indices('/').map(|(at, _)| source.get(..=at).unwrap_or_default().to_owned());
            places.push((endpoint, prefixes.map(|prefix| sources.of(prefix)).collect()));
            run_of.push(runs.of(endpoint, subject));
        }
        let mut asked: RandomMap<Probe, usize> = RandomMap::default();
        let probes: Vec<Vec<Probe>> = subjects.iter().map(|subject| reasoner.probes(subject.formula)).collect();
        for probe in probes.iter().flatten() {
            *asked.entry(*probe).or_default() += 1;
        }
        let rarity = |probe: Probe| asked.get(&probe).copied().unwrap_or_default();
        let mut by_rank: Vec<usize> = (0..subjects.len()).collect();
        by_rank.sort_by_key(|index| subjects.get(*index).map(|subject| (subject.priority, subject.index)));
        for index in by_rank {
            let (Some(subject), Some((endpoint, prefixes))) = (subjects.get(index), places.get(index)) else {
                continue;
            };
            let Some(&source) = prefixes.last() else {
                continue;
            };
            for probe in reasoner.needed_probes(subject.formula, rarity) {
                let filed = filed.entry((*endpoint, source, probe)).or_default();
                // One entry beyond the limit shows that there are more.
                if filed.len() <= COMPARED {
                    filed.push(index);
                }
            }
        }
        let mut found = Self::default();
        for (index, ((subject, (endpoint, prefixes)), probes)) in subjects.iter().zip(&places).zip(&probes).enumerate()
        {
            let asked = || probes.iter().copied().map(Some).chain([None]);
            let keys = prefixes.iter().flat_map(|source| asked().map(move |probe| (*endpoint, *source, probe)));
            let lists = keys.filter_map(|key| filed.get(&key));
            let is_cut = lists.clone().any(|list| list.len() > COMPARED);
            let mut others: Vec<usize> = lists.flatten().copied().filter(|other| *other != index).collect();
            others.sort_by_key(|other| subjects.get(*other).map(|other| (other.priority, other.index)));
            others.dedup();
            let is_same_run = |other: usize| run_of.get(other) == run_of.get(index);
            others.retain(|&other| {
                subjects.get(other).is_some_and(|winner| may_win(winner, subject, is_same_run(other)))
            });
            if others.is_empty() || reasoner.refute(&[(subject.formula, true)], &subject.facts) == Answer::Impossible {
                continue;
            }
            let is_cut = is_cut || others.len() > COMPARED;
            let relation = others.into_iter().take(COMPARED).find_map(|other| {
                let kind = relation(subjects.get(other)?, subject, reasoner)?;
                Some(Relation { loser: index, winner: other, kind })
            });
            if relation.is_none() && is_cut {
                reasoner.give_up();
            }
            found.all.extend(relation);
        }
        found
    }
}

/// Whether the priorities and times to live allow a route to make another redundant. Between routes of equal priority,
/// the one declared first delivers. A later one can replace it only if no route between them has a different time to
/// live.
fn may_win(winner: &CheckedRoute<'_>, loser: &CheckedRoute<'_>, is_same_run: bool) -> bool {
    winner.priority < loser.priority
        || (winner.priority == loser.priority
            && winner.time_to_live == loser.time_to_live
            && (winner.index < loser.index || is_same_run))
}

/// The relation of `loser` to `winner`, whose source contains the loser's and whose endpoint is the same.
fn relation(winner: &CheckedRoute<'_>, loser: &CheckedRoute<'_>, reasoner: &mut Prover) -> Option<RelationKind> {
    let claims = [(loser.formula, true), (winner.formula, false)];
    if reasoner.refute(&claims, &loser.facts) == Answer::Open && !is_worded_alike(winner, loser, reasoner) {
        return None;
    }
    if winner.priority < loser.priority {
        let is_catch_all = reasoner.is_true(winner.formula);
        return Some(if is_catch_all { RelationKind::OutrankedByCatchAll } else { RelationKind::Outranked });
    }
    let claims = [(winner.formula, true), (loser.formula, false)];
    let is_mutual = winner.typed.source == loser.typed.source
        && (reasoner.refute(&claims, &winner.facts) == Answer::Impossible || is_worded_alike(winner, loser, reasoner));
    match is_mutual {
        false => Some(RelationKind::Superfluous),
        // Of two duplicates, the later one is reported.
        true if winner.index < loser.index => Some(RelationKind::Duplicate),
        true => None,
    }
}

/// Whether two conditions are the same except for layout, which needs no proof.
fn is_worded_alike(one: &CheckedRoute<'_>, other: &CheckedRoute<'_>, reasoner: &Prover) -> bool {
    match (reasoner.fingerprint(one.formula, WORDED), reasoner.fingerprint(other.formula, WORDED)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}

/// Numbers runs of routes. A run is a sequence of routes to one endpoint at one priority, with no route of a different
/// time to live between them.
#[derive(Default)]
struct Runs {
    last: BTreeMap<(usize, u32), (TimeToLive, usize)>,
    next: usize,
}

impl Runs {
    fn of(&mut self, endpoint: usize, subject: &CheckedRoute<'_>) -> usize {
        let terms = (endpoint, subject.priority.get());
        match self.last.get(&terms) {
            Some(&(time_to_live, run)) if time_to_live == subject.time_to_live => run,
            _ => {
                self.next += 1;
                self.last.insert(terms, (subject.time_to_live, self.next));
                self.next
            }
        }
    }
}

/// Numbers strings in the order of their first occurrence.
#[derive(Default)]
struct Numbers {
    known: BTreeMap<String, usize>,
}

impl Numbers {
    fn of(&mut self, text: String) -> usize {
        let next = self.known.len();
        *self.known.entry(text).or_insert(next)
    }
}
