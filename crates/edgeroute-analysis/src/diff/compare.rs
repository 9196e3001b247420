//! Compares two sets: pairs their routes, and asks for each change what it does to deliveries.

use std::collections::{BTreeMap, BTreeSet};

use super::pairing::{Pairing, increasing};
use super::question::{Court, Question, RIVALS};
use super::side::{Class, Compiler, Side, Winner};
use super::{Answer, Broken, Change, ChangeKind, Declared, Diff, Edits, Place, Setting, Which};
use edgeroute_lang::hir::Shadowing;
use edgeroute_lang::limits::Limits;
use edgeroute_lang::priority::{Priority, TimeToLive};
use edgeroute_lang::route::Route;

/// The most parts of a condition that is compared test by test.
const WORDED: usize = 4_000;

/// The budget for looking through the routes of one priority, for all questions.
const VISITS: usize = 2_000_000;

/// Compares two sets of routes.
///
/// ```
/// use edgeroute::Route;
/// use edgeroute_analysis::diff::{Comparer, Declared, Summary};
///
/// let set = |limit: &str| Declared::new([
///     Route::new("hot", format!("FROM /messages/* WHERE as_number(temperature) > {limit} INTO $upstream")),
/// ]);
/// let diff = Comparer::new().compare(&set("80"), &set("90"));
/// assert_eq!(diff.answer(), Summary::Different);
/// let change = &diff.changes()[0];
/// assert_eq!(change.gained().summary(), Summary::Same);
/// let witness = change.lost().witness().expect("a message from 80 to 90");
/// let properties: Vec<_> = witness.message().properties().iter().collect();
/// assert_eq!(properties, [("temperature", Some("81"))]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Comparer {
    shadowing: Shadowing,
    limits: Limits,
}

impl Comparer {
    /// Creates a comparer with the default settings.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether application properties take precedence over stamps, as for a table.
    #[must_use]
    pub fn shadowing(self, shadowing: Shadowing) -> Self {
        Self { shadowing, ..self }
    }

    /// Sets the limits of the routes and of bodies, as for a table.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Compares two sets. The result is the same for the same sets; all budgets are counted in steps.
    #[must_use]
    pub fn compare(&self, old: &Declared, new: &Declared) -> Diff {
        let mut broken = Vec::new();
        let mut compiler = Compiler::new(self.shadowing, self.limits.clone());
        let mut side = |declared, which| {
            Side::new(declared, &mut compiler, |route, errors| {
                broken.push(Broken { which, route: route.clone(), errors });
            })
        };
        let (mut old_side, mut new_side) = (side(old, Which::Old), side(new, Which::New));
        old_side.rank(compiler.endpoints());
        new_side.rank(compiler.endpoints());
        let pairing = Pairing::of(old, new, &self.limits);
        let settings = old.setting_changes(new);
        let is_kept_otherwise = settings.iter().any(|change| change.setting == Setting::TimeToLive);
        let takes_default = |route: &Route| route.time_to_live() == TimeToLive::HUB_DEFAULT;
        let keeps_otherwise = is_kept_otherwise && new.routes().iter().any(takes_default);
        let mut diff = Diff { settings, broken, keeps_otherwise, ..Diff::default() };
        let mut comparison = Comparison::new(Court::new(old_side, new_side, compiler), pairing);
        comparison.compare(&mut diff);
        diff
    }
}

/// A comparison that is under way.
struct Comparison<'d> {
    court: Court<'d>,
    pairing: Pairing,
    /// By old and by new index, the partner.
    partner: [Vec<Option<usize>>; 2],
    /// By pair, whether the two routes do the same to every message and are in the same order.
    is_common: Vec<bool>,
    /// By pair, whether its routes have kept their order among most others.
    is_in_order: Vec<bool>,
    /// By old and by new index, whether the route is part of a common pair.
    is_kept: [Vec<bool>; 2],
    /// By set, endpoint and class, the routes that are not common, in the order of their ranks.
    changed: [Vec<BTreeMap<Class, Vec<usize>>>; 2],
    /// The endpoints and priorities that have routes of several times to live.
    mixed: BTreeSet<(usize, Priority)>,
    visits: usize,
}

impl Which {
    const fn index(self) -> usize {
        match self {
            Self::Old => 0,
            Self::New => 1,
        }
    }
}

impl<'d> Comparison<'d> {
    fn new(court: Court<'d>, pairing: Pairing) -> Self {
        let (old, new) = (court.old.entries.len(), court.new.entries.len());
        let mut comparison = Self {
            partner: [vec![None; old], vec![None; new]],
            is_common: vec![false; pairing.pairs.len()],
            is_in_order: increasing(&pairing.pairs.iter().map(|(_, new)| *new).collect::<Vec<usize>>()),
            is_kept: [vec![false; old], vec![false; new]],
            changed: [Vec::new(), Vec::new()],
            mixed: BTreeSet::new(),
            visits: VISITS,
            court,
            pairing,
        };
        comparison.find_common();
        comparison
    }

    /// Whether two routes accept the same messages, as far as their parts show.
    fn means_same(&mut self, old: Winner, new: Winner) -> bool {
        let (Some(one), Some(other)) = (self.court.old.compiled(old), self.court.new.compiled(new)) else {
            return false;
        };
        if one.is_same(other) {
            return true;
        }
        if one.endpoint != other.endpoint || one.source != other.source {
            return false;
        }
        let prover = &mut self.court.prover;
        let (one, other) = (one.formula(prover), other.formula(prover));
        match (prover.fingerprint(one, WORDED), prover.fingerprint(other, WORDED)) {
            (Some(one), Some(other)) => one == other,
            _ => false,
        }
    }

    /// Finds the pairs that cannot make a difference by themselves.
    fn find_common(&mut self) {
        let pairs = self.pairing.pairs.clone();
        let mut groups: BTreeMap<(usize, Priority), Vec<usize>> = BTreeMap::new();
        for (place, (old, new)) in pairs.iter().copied().enumerate() {
            for (which, one, other) in [(Which::Old, old, new), (Which::New, new, old)] {
                if let Some(partner) = self.partner[which.index()].get_mut(one) {
                    *partner = Some(other);
                }
            }
            let (Some(one), Some(other)) = (self.court.old.entries.get(old), self.court.new.entries.get(new)) else {
                continue;
            };
            let priority = one.route.priority();
            if one.class() == other.class()
                && self.means_same(Some(old), Some(new))
                && let Some(compiled) = self.court.old.compiled(Some(old))
            {
                groups.entry((compiled.endpoint, priority)).or_default().push(place);
            }
        }
        self.find_mixed();
        for (group, places) in groups {
            // The order decides only between routes of different times to live.
            let is_mixed = self.mixed.contains(&group);
            for place in places.into_iter().filter(|place| !is_mixed || self.is_in_order.get(*place) == Some(&true)) {
                if let (Some(common), Some((old, new))) = (self.is_common.get_mut(place), pairs.get(place)) {
                    *common = true;
                    for (which, index) in [(Which::Old, old), (Which::New, new)] {
                        if let Some(kept) = self.is_kept[which.index()].get_mut(*index) {
                            *kept = true;
                        }
                    }
                }
            }
        }
        for which in [Which::Old, Which::New] {
            let is_kept = &self.is_kept[which.index()];
            let side = self.court.side(which);
            let by_class = side.ranked.iter().map(|list| {
                let mut by_class: BTreeMap<Class, Vec<usize>> = BTreeMap::new();
                for index in list.iter().filter(|index| is_kept.get(**index) == Some(&false)) {
                    if let Some(entry) = side.entries.get(*index) {
                        by_class.entry(entry.class()).or_default().push(*index);
                    }
                }
                by_class
            });
            let changed = by_class.collect();
            self.changed[which.index()] = changed;
        }
    }

    /// Finds the endpoints and priorities that have routes of several times to live in one of the sets.
    fn find_mixed(&mut self) {
        let mut first: BTreeMap<(usize, Priority), Class> = BTreeMap::new();
        for which in [Which::Old, Which::New] {
            for entry in &self.court.side(which).entries {
                let Some(compiled) = &entry.compiled else { continue };
                let class = entry.class();
                let group = (compiled.endpoint, class.0);
                if *first.entry(group).or_insert(class) != class {
                    self.mixed.insert(group);
                }
            }
        }
    }

    fn compare(&mut self, diff: &mut Diff) {
        let pairs = self.pairing.pairs.clone();
        // By new index, so that changes are listed in the order of the new set.
        let mut listed: Vec<(usize, Change)> = Vec::new();
        for (place, (old, new)) in pairs.into_iter().enumerate() {
            let is_moved = self.is_in_order.get(place) == Some(&false);
            let is_common = self.is_common.get(place) == Some(&true);
            match self.pair(old, new, is_moved, is_common) {
                Some(change) => listed.push((new, change)),
                None => diff.unchanged += 1,
            }
        }
        for new in self.pairing.added.clone() {
            let mut change = Change::of_kind(ChangeKind::Added, None, self.place(Which::New, new));
            change.gained = self.ask(Which::New, new);
            listed.push((new, change));
        }
        listed.sort_by_key(|(new, _)| *new);
        diff.changes = listed.into_iter().map(|(_, change)| change).collect();
        for old in self.pairing.removed.clone() {
            let mut change = Change::of_kind(ChangeKind::Removed, self.place(Which::Old, old), None);
            change.lost = self.ask(Which::Old, old);
            diff.changes.push(change);
        }
        diff.changes.extend(self.fallback());
    }

    fn place(&self, which: Which, index: usize) -> Option<Place> {
        let route = self.court.side(which).entries.get(index)?.route.clone();
        Some(Place { route, position: index + 1 })
    }

    /// Compares a pair; `None` if nothing differs.
    fn pair(&mut self, old: usize, new: usize, is_moved: bool, is_common: bool) -> Option<Change> {
        let (one, other) = (self.court.old.entries.get(old)?, self.court.new.entries.get(new)?);
        let edits = edits(one.route, other.route, is_moved, self.is_only_layout(Some(old), Some(new)));
        let kind = edits.kind()?;
        let mut change = Change::of_kind(kind, self.place(Which::Old, old), self.place(Which::New, new));
        change.edits = edits;
        if !is_common {
            change.lost = self.ask(Which::Old, old);
            change.gained = self.ask(Which::New, new);
        }
        Some(change)
    }

    /// Whether two texts have the same typed parts.
    fn is_only_layout(&self, old: Winner, new: Winner) -> bool {
        match (self.court.old.compiled(old), self.court.new.compiled(new)) {
            (Some(one), Some(other)) => one.is_same(other),
            _ => false,
        }
    }

    fn ask(&mut self, which: Which, index: usize) -> Answer {
        let partner = self.partner[which.index()].get(index).copied().flatten().map(Some);
        let rivals = self.rivals(which, index);
        let question = Question { which, route: Some(index), partner };
        self.court.decide(&question, rivals.as_deref())
    }

    /// Returns the routes of the other set that may win before routes of the same class although this route wins in its
    /// own set; `None` if there are too many.
    fn rivals(&mut self, which: Which, index: usize) -> Option<Vec<usize>> {
        let mut visits = self.visits;
        let rivals = self.rivals_within(which, index, &mut visits);
        self.visits = visits;
        let mut rivals = rivals?;
        rivals.sort_by_key(|rival| self.court.side(which.other()).rank_of(*rival));
        Some(rivals)
    }

    fn rivals_within(&self, which: Which, index: usize, visits: &mut usize) -> Option<Vec<usize>> {
        let (own, other) = (self.court.side(which), self.court.side(which.other()));
        let Some(entry) = own.entries.get(index) else { return Some(Vec::new()) };
        let (Some(compiled), class) = (&entry.compiled, entry.class()) else { return Some(Vec::new()) };
        let Some(last) = other.last_rank(compiled.endpoint, class) else { return Some(Vec::new()) };
        let mut visit = || {
            let left = visits.checked_sub(1);
            *visits = left.unwrap_or_default();
            left
        };
        let mut rivals: Vec<usize> = Vec::new();
        let classes = self.changed[which.other().index()].get(compiled.endpoint);
        for (_, changed) in classes.into_iter().flatten().filter(|(of, _)| **of != class && of.0 <= class.0) {
            visit()?;
            let wins = changed.iter().take_while(|rival| other.rank_of(**rival) < last);
            rivals.extend(wins.take(RIVALS + 1));
            if rivals.len() > RIVALS {
                return None;
            }
        }
        if self.mixed.contains(&(compiled.endpoint, class.0)) {
            let other_index = which.other().index();
            let ranked = other.ranked.get(compiled.endpoint).map(Vec::as_slice).unwrap_or_default();
            let first = ranked.partition_point(|rival| {
                other.entries.get(*rival).is_some_and(|rival| rival.route.priority() < class.0)
            });
            for rival in ranked.get(first..last).unwrap_or_default() {
                visit()?;
                let is_kept = self.is_kept[other_index].get(*rival) == Some(&true);
                let partner = self.partner[other_index].get(*rival).copied().flatten();
                let follows = partner.is_some_and(|partner| own.rank_of(partner) > own.rank_of(index));
                if is_kept && follows && other.entries.get(*rival).is_some_and(|rival| rival.class() != class) {
                    rivals.push(*rival);
                    if rivals.len() > RIVALS {
                        return None;
                    }
                }
            }
        }
        Some(rivals)
    }

    fn fallback(&mut self) -> Option<Change> {
        let route = |side: &Side<'_>| side.fallback.as_ref().map(|entry| entry.route.clone());
        let (old, new) = (route(&self.court.old), route(&self.court.new));
        let place = |route: Option<&Route>| route.map(|route| Place { route: route.clone(), position: 0 });
        let places = (place(old.as_ref()), place(new.as_ref()));
        let (kind, edits) = match (&old, &new) {
            (None, None) => return None,
            (None, Some(_)) => (ChangeKind::Added, Edits::default()),
            (Some(_), None) => (ChangeKind::Removed, Edits::default()),
            (Some(one), Some(other)) => {
                let edits = edits(one, other, false, self.is_only_layout(None, None));
                (edits.kind()?, edits)
            }
        };
        let mut change = Change::of_kind(kind, places.0, places.1);
        change.is_fallback = true;
        change.edits = edits;
        let is_common = !edits.time_to_live && !edits.priority && self.means_same(None, None);
        if !is_common {
            let partner = (old.is_some() && new.is_some()).then_some(None);
            let ask = |which| Question { which, route: None, partner };
            if old.is_some() {
                change.lost = self.court.decide(&ask(Which::Old), Some(&[]));
            }
            if new.is_some() {
                change.gained = self.court.decide(&ask(Which::New), Some(&[]));
            }
        }
        Some(change)
    }
}

impl Change {
    const fn of_kind(kind: ChangeKind, old: Option<Place>, new: Option<Place>) -> Self {
        Self {
            kind,
            is_fallback: false,
            old,
            new,
            edits: Edits {
                name: false,
                text: false,
                layout: false,
                priority: false,
                time_to_live: false,
                position: false,
            },
            lost: Answer::Same,
            gained: Answer::Same,
        }
    }
}

fn edits(old: &Route, new: &Route, is_moved: bool, is_only_layout: bool) -> Edits {
    let differs = old.text() != new.text();
    Edits {
        name: old.name() != new.name(),
        text: differs && !is_only_layout,
        layout: differs && is_only_layout,
        priority: old.priority() != new.priority(),
        time_to_live: old.time_to_live() != new.time_to_live(),
        position: is_moved,
    }
}

impl Edits {
    /// The kind of change; `None` if nothing differs.
    const fn kind(self) -> Option<ChangeKind> {
        if self.name {
            Some(ChangeKind::Renamed)
        } else if self.text || self.priority || self.time_to_live {
            Some(ChangeKind::Changed)
        } else if self.layout {
            Some(ChangeKind::Reformatted)
        } else if self.position {
            Some(ChangeKind::Moved)
        } else {
            None
        }
    }
}
