//! Random tables with random messages, and the checks on them. Used by the property tests in these modules and by the
//! fuzz targets `tree_agrees_with_interpreter`, `incremental_agrees_with_fresh_build`, `explain_agrees_with_match` and
//! `lints_are_sound`.
//!
//! A [`Case`] is generated from bytes: each choice takes the next byte, and past the end every choice is the simplest.
//! A fuzzer's mutations and a property test's shrinking therefore both make sensible changes. Messages are generated
//! for the routes: they reuse their names and constants, exactly or nearly.

mod changed;
mod choices;
mod conditions;
mod diffed;
mod explained;
mod linted;
mod messages;
pub mod oracle;
mod suspicious;

use edgeroute::{Changes, Route, RouteSet, RouteTable, RouteTableBuilder};
use edgeroute_lang::hir::Shadowing;
use edgeroute_lang::limits::{Budgets, Limits};
use edgeroute_lang::priority::{Priority, TimeToLive};

pub use choices::Choices;
use conditions::Hint;
pub use diffed::Diffed;
pub use messages::{MessageParts, OriginParts};
use oracle::{Found, Oracle, found};

/// A table, its settings, and messages for it.
#[derive(Clone, Debug)]
pub struct Case {
    pub routes: Vec<Route>,
    pub fallback: Option<Route>,
    pub messages: Vec<MessageParts>,
    pub budgets: Budgets,
    pub shadowing: Shadowing,
    pub limits: Limits,
}

/// A route's text, and hints for a message that it matches.
struct Sketch {
    route: Route,
    source: &'static str,
    hints: Vec<Hint>,
}

const SOURCES: [&str; 14] = [
    "/*",
    "/messages/*",
    "/messages/modules/*",
    "/messages/modules/m/*",
    "/messages/modules/m/outputs/*",
    "/messages/modules/M/outputs/O",
    "/messages/modules/sensor/outputs/o/p",
    "/messages/modules/sens/x/*",
    "/messages/modules/é/outputs/o",
    "/messages",
    "/twinChangeNotifications",
    "/twinChangeNotifications/*",
    "/deviceLifecycleEvents",
    "/messages/modules/*/outputs/o",
];

const SINKS: [&str; 6] = [
    "$upstream",
    "BrokeredEndpoint(\"/modules/a/inputs/in\")",
    "BrokeredEndpoint(\"/modules/b/inputs/in\")",
    "BrokeredEndpoint(\"/modules/A/inputs/in\")",
    "BrokeredEndpoint(\"/modules/a/inputs/out\")",
    "BrokeredEndpoint(\"/modules/c/inputs/in\")",
];

impl Case {
    /// Generates a case from bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut choices = Choices::of(bytes);
        let budgets = if choices.one_in(4) {
            Budgets::default()
        } else {
            Budgets::default()
                .with_terms(if choices.one_in(3) { 64 } else { choices.below(24) })
                .with_postings(choices.below(20))
                .with_list(choices.below(6))
                .with_affix_lengths(choices.below(4))
        };
        let shadowing = if choices.one_in(4) { Shadowing::Reference } else { Shadowing::default() };
        let body_depth = if choices.one_in(8) { choices.below(4) } else { Limits::default().body_depth };
        let count = if choices.one_in(4) { choices.below(60) } else { choices.below(16) };
        // Many routes share a few sources, so that groups are large.
        let sources: Vec<&'static str> = (0..=choices.below(3)).map(|_| *choices.pick(&SOURCES)).collect();
        let sketches: Vec<Sketch> = (0..=count).map(|number| sketch(&mut choices, number, &sources)).collect();
        let fallback = choices.one_in(3).then(|| {
            let sketch = sketch(&mut choices, count + 1, &SOURCES);
            sketch.route.with_name("fallback")
        });
        let messages = (0..choices.below(9) + 4).map(|_| messages::message(&mut choices, &sketches)).collect();
        Self {
            routes: sketches.into_iter().map(|sketch| sketch.route).collect(),
            fallback,
            messages,
            budgets,
            shadowing,
            limits: Limits::default().with_body_depth(body_depth),
        }
    }

    /// Builds the table of these routes, all of which compile, in this order.
    #[expect(single_use_lifetimes, reason = "`impl Trait` in arguments takes no anonymous lifetimes yet")]
    pub fn compile<'r>(
        &self,
        routes: impl IntoIterator<Item = &'r Route>,
        hash_seed: u64,
    ) -> Result<RouteTable, String> {
        self.builder(routes, hash_seed).build().map_err(|error| error.to_string())
    }

    /// Creates a builder for the table of these routes.
    #[expect(single_use_lifetimes, reason = "`impl Trait` in arguments takes no anonymous lifetimes yet")]
    pub fn builder<'r>(&self, routes: impl IntoIterator<Item = &'r Route>, hash_seed: u64) -> RouteTableBuilder {
        let builder = RouteTable::builder()
            .budgets(self.budgets.clone())
            .limits(self.limits.clone())
            .shadowing(self.shadowing)
            .hash_seed(hash_seed);
        let builder = builder.routes(routes);
        match &self.fallback {
            Some(fallback) => builder.fallback(fallback),
            None => builder,
        }
    }

    /// Builds the same table through changes. The initial table has one surplus route, some routes with the texts of
    /// others (`order` chooses the number), and lacks the rest. Each route is then set by a change of its own, in an
    /// order that also depends on `order`.
    pub fn compile_by_changes(&self, order: usize) -> Result<RouteTable, String> {
        let there = order % (self.routes.len() + 1);
        let budgets = self.budgets.clone().with_whole(0);
        let builder =
            RouteTable::builder().budgets(budgets).limits(self.limits.clone()).shadowing(self.shadowing).hash_seed(1);
        let builder = builder.fallback(("before", "FROM /messages/* INTO $upstream"));
        let others = self.routes[..there].iter().zip(self.routes.iter().rev());
        let builder = builder.routes(others.map(|(route, other)| {
            let mixed = Route::new(route.name(), other.text());
            mixed.with_priority(other.priority()).with_time_to_live(route.time_to_live())
        }));
        let mut set =
            RouteSet::new(builder.route("gone", "FROM /* INTO $upstream")).map_err(|error| error.to_string())?;
        let mut replaced: Vec<&Route> = self.routes[..there].iter().collect();
        replaced.rotate_left(order % there.max(1));
        for route in replaced.into_iter().chain(&self.routes[there..]) {
            set.apply(Changes::new().set(route)).map_err(|error| error.to_string())?;
        }
        let changes = Changes::new().remove("gone");
        let changes = match &self.fallback {
            Some(fallback) => changes.fallback(fallback),
            None => changes.remove_fallback(),
        };
        set.apply(changes).map_err(|error| error.to_string())
    }

    /// The oracle for all routes.
    pub fn oracle(&self) -> Result<Oracle<'_>, String> {
        Oracle::new(&self.routes, self.fallback.as_ref(), self.shadowing, &self.limits)
    }

    /// Checks that a table of the routes delivers every message exactly as the oracle does, both with a scratch that
    /// has already seen the messages and with a fresh one, and that another hash seed builds the same table. Returns
    /// the number of deliveries.
    pub fn check(&self) -> Result<usize, String> {
        let oracle = self.oracle()?;
        let table = self.compile(&self.routes, 1)?;
        let other = self.compile(&self.routes, 2)?;
        let (shown, shown_of_other) = (table.listing().to_string(), other.listing().to_string());
        if shown != shown_of_other {
            return Err(format!("another hash key, another table:\n{shown}\n{shown_of_other}"));
        }
        let (mut scratch, mut scratch_of_other) = (table.create_scratch(), other.create_scratch());
        let expected: Vec<Vec<Found>> = self.messages.iter().map(|parts| oracle.deliveries(&parts.message())).collect();
        let mut deliveries = 0;
        for (parts, expected) in self.messages.iter().chain(&self.messages).zip(expected.iter().chain(&expected)) {
            let message = parts.message();
            let reused = found(table.route_with(&mut scratch, &message));
            let fresh = found(table.route(&message));
            let of_other = found(other.route_with(&mut scratch_of_other, &message));
            let is_match = table.is_match_with(&mut scratch, &message);
            if [&reused, &fresh, &of_other] != [expected; 3] || is_match == expected.is_empty() {
                return Err(format!(
                    "{shown}\n{parts:?}\nbody: {}\n  expected: {expected:?}\n    reused: {reused:?}\n     \
                     fresh: {fresh:?}\nother hash: {of_other:?}\n  is_match: {is_match}",
                    String::from_utf8_lossy(&parts.body)
                ));
            }
            deliveries += expected.len();
        }
        Ok(deliveries)
    }

    /// Shrinks the case until no single part can be left out so that `check` still fails.
    pub fn smaller<T>(&self, check: impl Fn(&Self) -> Result<T, String>) -> Self {
        let mut smallest = self.clone();
        smallest.fallback = None;
        if check(&smallest).is_ok() {
            smallest.fallback.clone_from(&self.fallback);
        }
        let mut index = 0;
        while index < smallest.messages.len() {
            let message = smallest.messages.remove(index);
            if check(&smallest).is_ok() {
                smallest.messages.insert(index, message);
                index += 1;
            }
        }
        let mut index = 0;
        while index < smallest.routes.len() {
            let route = smallest.routes.remove(index);
            if check(&smallest).is_ok() {
                smallest.routes.insert(index, route);
                index += 1;
            }
        }
        smallest
    }
}

fn sketch(choices: &mut Choices<'_>, number: usize, sources: &[&'static str]) -> Sketch {
    let source = *choices.pick(sources);
    let mut hints = Vec::new();
    let condition = if choices.one_in(12) {
        String::new()
    } else {
        let is_of_twins = source.starts_with("/twinChangeNotifications");
        format!(" WHERE {}", conditions::condition(choices, is_of_twins, &mut hints))
    };
    let sink = *choices.pick(&SINKS);
    let (priority, time_to_live) = if choices.one_in(2) {
        (Priority::DEFAULT, TimeToLive::HUB_DEFAULT)
    } else {
        let priority = u32::from(choices.byte() % 3) * 4;
        (Priority::new(priority).unwrap_or_default(), TimeToLive::from_secs(choices.byte().into()))
    };
    let text = format!("FROM {source}{condition} INTO {sink}");
    let route = Route::new(format!("r{number}"), text).with_priority(priority).with_time_to_live(time_to_live);
    Sketch { route, source, hints }
}
