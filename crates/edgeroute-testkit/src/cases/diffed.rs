//! Checks comparisons of two sets of routes. Used by the property test of the analysis crate.

use edgeroute::Route;
use edgeroute_analysis::diff::{Answer, Change, Comparer, Declared, Delivered, Summary};

use super::linted::is_of_hub;
use super::oracle::{Found, Oracle};
use super::{Case, Choices};

/// Counts of answers.
#[derive(Clone, Debug, Default)]
pub struct Diffed {
    /// The questions that were proved, have a witness, and are undecided.
    pub same: usize,
    pub different: usize,
    pub undecided: usize,
    /// The messages that the two sets deliver differently.
    pub differing_messages: usize,
    /// The comparisons by their answer.
    pub sets: [usize; 3],
}

impl Diffed {
    /// Adds the counts of another comparison.
    pub fn add(&mut self, other: &Self) {
        self.same += other.same;
        self.different += other.different;
        self.undecided += other.undecided;
        self.differing_messages += other.differing_messages;
        for (count, other) in self.sets.iter_mut().zip(other.sets) {
            *count += other;
        }
    }
}

/// Small edits: what is replaced, and by what.
const EDITS: [(&str, &str); 22] = [
    (" and ", " or "),
    (" or ", " and "),
    (" = ", " != "),
    (" < ", " <= "),
    (" > ", " >= "),
    (" >= ", " < "),
    ("'a'", "'ab'"),
    ("'ab'", "'a'"),
    ("level", "LEVEL"),
    ("level", "device"),
    ("80", "81"),
    ("1", "2"),
    ("0", "0.5"),
    ("is_defined", "is_null"),
    ("as_number", "length"),
    ("not ", ""),
    ("WHERE ", "WHERE not is_defined(site) and "),
    ("WHERE ", "WHERE level = 'critical' and "),
    ("WHERE ", "WHERE level = 'critical' or "),
    ("FROM /messages/", "FROM /"),
    ("FROM /messages/*", "FROM /messages/modules/m/*"),
    (" WHERE", "  WHERE"),
];

impl Case {
    /// Compares the case's routes with those that `steps` make of them. Every witness must be delivered differently by
    /// the oracle, exactly as reported; and where the oracle delivers a message of the case differently, the change
    /// that decides must not be reported as harmless.
    pub fn check_diff(&self, steps: &[u8]) -> Result<Diffed, String> {
        let (new, new_fallback) = self.edited(steps);
        let declared = |routes: &[Route], fallback: Option<&Route>| {
            let declared = Declared::new(routes);
            fallback.map_or(declared.clone(), |fallback| declared.with_fallback(fallback))
        };
        let comparer = Comparer::new().shadowing(self.shadowing).limits(self.limits.clone());
        let diff =
            comparer.compare(&declared(&self.routes, self.fallback.as_ref()), &declared(&new, new_fallback.as_ref()));
        let before = self.oracle()?;
        let after = Oracle::new(&new, new_fallback.as_ref(), self.shadowing, &self.limits)?;
        let mut diffed = Diffed::default();
        for change in diff.changes() {
            for answer in [change.lost(), change.gained()] {
                match answer {
                    Answer::Same => diffed.same += 1,
                    Answer::Undecided(_) => diffed.undecided += 1,
                    Answer::Different(witness) => {
                        diffed.different += 1;
                        let message = witness.message().as_message();
                        let (old, new) = (before.deliveries(&message), after.deliveries(&message));
                        let is_reported = |reported: &[Delivered], found: &[Found]| {
                            reported.iter().map(of_delivered).eq(found.iter().cloned())
                        };
                        if keys(&old) == keys(&new)
                            || !is_reported(witness.before(), &old)
                            || !is_reported(witness.after(), &new)
                        {
                            return Err(format!("wrong witness {witness:#?}\n{old:?}\n{new:?}"));
                        }
                    }
                }
            }
        }
        for parts in self.messages.iter().filter(|parts| is_of_hub(parts)) {
            let message = parts.message();
            let (old, new) = (before.deliveries(&message), after.deliveries(&message));
            if keys(&old) == keys(&new) {
                continue;
            }
            diffed.differing_messages += 1;
            let is_admitted = old.iter().any(|found| {
                !keys(&new).contains(&key(found))
                    && is_open(diff.changes(), |change| (change.before(), change.lost()), found)
            }) || new.iter().any(|found| {
                !keys(&old).contains(&key(found))
                    && is_open(diff.changes(), |change| (change.after(), change.gained()), found)
            });
            if !is_admitted || diff.answer() == Summary::Same {
                return Err(format!("{parts:?}\nis delivered differently\n{old:?}\n{new:?}\n{diff:#?}"));
            }
        }
        if let Some(count) = diffed.sets.get_mut(diff.answer() as usize) {
            *count += 1;
        }
        Ok(diffed)
    }

    /// The routes and the fallback after some changes, two bytes each.
    fn edited(&self, steps: &[u8]) -> (Vec<Route>, Option<Route>) {
        let (mut routes, mut fallback) = (self.routes.clone(), self.fallback.clone());
        let mut choices = Choices::of(steps);
        for _ in 0..=choices.below(4) {
            let index = choices.below(routes.len());
            let kind = choices.byte() % 12;
            let other = choices.pick(&self.routes).clone();
            let Some(route) = routes.get(index).cloned() else { continue };
            match kind {
                0 => drop(routes.remove(index)),
                1 => routes.insert(index, other.with_name("added")),
                2 => routes[index] = other.with_name(route.name()),
                3 => routes[index] = route.with_priority(other.priority()),
                4 => routes[index] = route.with_time_to_live(other.time_to_live()),
                5 => routes.swap(index, 0),
                6 => routes[index] = route.with_name("renamed"),
                7 => fallback = (!choices.one_in(3)).then_some(other.with_name("fallback")),
                _ => routes[index] = self.with_edit(route, &mut choices),
            }
            if routes.is_empty() {
                routes.clone_from(&self.routes);
            }
        }
        (routes, fallback)
    }

    /// Makes one of the small edits that apply and still compile.
    fn with_edit(&self, route: Route, choices: &mut Choices<'_>) -> Route {
        let start = choices.below(EDITS.len());
        for (wanted, replacement) in EDITS.iter().cycle().skip(start).take(EDITS.len()) {
            let text = route.text().replacen(wanted, replacement, 1);
            if text != route.text() && self.route(&text).is_some() {
                return route.with_text(text);
            }
        }
        route
    }
}

/// Whether the change of the route of this delivery is not reported as harmless.
fn is_open<'c>(
    changes: &'c [Change],
    of: impl Fn(&'c Change) -> (Option<&'c edgeroute_analysis::diff::Place>, &'c Answer),
    found: &Found,
) -> bool {
    changes.iter().any(|change| {
        let (place, answer) = of(change);
        place.is_some_and(|place| place.route().name() == found.route) && answer.summary() != Summary::Same
    })
}

fn of_delivered(delivered: &Delivered) -> Found {
    Found {
        route: delivered.route.clone(),
        endpoint: delivered.endpoint.to_string(),
        priority: delivered.priority.get(),
        time_to_live: delivered.time_to_live.as_secs(),
    }
}

fn key(found: &Found) -> (&str, u32, u32) {
    (&found.endpoint, found.priority, found.time_to_live)
}

fn keys(found: &[Found]) -> Vec<(&str, u32, u32)> {
    let mut keys: Vec<_> = found.iter().map(key).collect();
    keys.sort_unstable();
    keys
}
