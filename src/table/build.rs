//! Builds a table.

use std::sync::Arc;

use super::error::{CompileError, ProblemBudget, RouteProblem};
use super::events::{Work, observed};
use super::id::RouteId;
#[cfg(feature = "parallel")]
use super::parallel;
use super::rank::Rank;
use super::segment::{EndpointNumbers, Lifetimes, SegmentBuilder};
use super::{Extent, RouteTable};
use crate::index::{HashSeed, MAX_SLOTS, TooManyReads};
use edgeroute_lang::diagnostic::{Code, Diagnostic};
use edgeroute_lang::hir::{self, Shadowing};
use edgeroute_lang::limits::{Budgets, Limits};
use edgeroute_lang::manifest::{Manifest, Retention, RouteSpec};
use edgeroute_lang::route::Route;
use edgeroute_lang::span::Span;

/// Selects what happens to routes that do not compile.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum BadRoutes {
    /// Refuses all routes if one does not compile. The reference implementation does this.
    Refuse,
    /// Leaves out the routes that do not compile.
    Skip,
}

/// Collects routes and compiles them into a [`RouteTable`].
#[derive(Clone, Debug)]
pub struct RouteTableBuilder {
    pub(super) routes: Vec<Route>,
    pub(super) fallback: Option<Route>,
    pub(super) options: Options,
}

/// Options for compiling routes.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    pub(super) limits: Limits,
    pub(super) budgets: Budgets,
    pub(super) shadowing: Shadowing,
    pub(super) retention: Retention,
    hash_seed: Option<u64>,
}

impl Options {
    pub(super) fn hash_key(&self) -> HashSeed {
        self.hash_seed.map_or_else(HashSeed::random, HashSeed::from_seed)
    }

    pub(super) fn compile<'t>(&self, route: &'t Route) -> Result<hir::TypedRoute<'t>, Vec<Diagnostic>> {
        hir::TypedRoute::compile(route.text(), self.shadowing, &self.limits)
    }
}

/// A table of the routes that compile, and the problems of those that do not.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PartialTable {
    /// The table of the routes that compile.
    pub table: RouteTable,
    /// The problems of the routes that were left out, in the order of the routes; empty if all compile. After 10,000
    /// problems, only the first problem of each further route is kept, without its help.
    pub skipped: Vec<RouteProblem>,
}

/// Declaring what to compile.
impl RouteTableBuilder {
    pub(super) fn new() -> Self {
        Self { routes: Vec::new(), fallback: None, options: Options::default() }
    }

    /// Adds a route with the default priority and time to live. Same as [`add`](Self::add) with
    /// [`Route::new(name, text)`](Route::new).
    #[must_use]
    pub fn route(self, name: impl AsRef<str>, text: impl AsRef<str>) -> Self {
        self.add(Route::new(name, text))
    }

    /// Adds a route after those that were added before. A table may have several routes of one name; a
    /// [`RouteSet`](super::RouteSet) and a manifest may not.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "nobody adds with `+` here")]
    pub fn add(mut self, route: impl Into<Route>) -> Self {
        self.routes.push(route.into());
        self
    }

    /// Adds routes in order. A pair of name and text is a route, too.
    #[must_use]
    pub fn routes(mut self, routes: impl IntoIterator<Item: Into<Route>>) -> Self {
        self.routes.extend(routes.into_iter().map(Into::into));
        self
    }

    /// Adds the routes of a manifest, in the order of the manifest, and takes over how long it keeps messages by
    /// default.
    #[must_use]
    pub fn manifest(self, manifest: &Manifest) -> Self {
        let builder = self.routes(manifest.routes().iter().map(RouteSpec::route));
        match manifest.store_and_forward() {
            Some(configuration) => builder.retention(configuration.retention()),
            None => builder,
        }
    }

    /// Sets the fallback route, which accepts telemetry that no other route accepts, if its own condition is true.
    /// Its source is ignored (SEMANTICS#fallback).
    #[must_use]
    pub fn fallback(mut self, route: impl Into<Route>) -> Self {
        self.fallback = Some(route.into());
        self
    }

    /// Sets how long the hub keeps the messages of routes that have no time to live
    /// (SEMANTICS#time-to-live). [`Delivery::retention`](super::Delivery::retention) returns it. By default, they are
    /// kept until they are delivered.
    #[must_use]
    pub fn retention(mut self, retention: Retention) -> Self {
        self.options.retention = retention;
        self
    }

    /// Limits what may be compiled.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.options.limits = limits;
        self
    }

    /// Sets how much memory may be spent on selecting routes. Never changes an answer.
    #[must_use]
    pub fn budgets(mut self, budgets: Budgets) -> Self {
        self.options.budgets = budgets;
        self
    }

    /// Selects whether an application property with a name such as `$connectionDeviceId` takes precedence over the
    /// hub's stamp, as in the reference implementation. By default it does not.
    #[must_use]
    pub fn shadowing(mut self, shadowing: Shadowing) -> Self {
        self.options.shadowing = shadowing;
        self
    }

    /// Fixes the seed of the table's hashes, so that two runs take the same steps. Do not call this in a hub: anyone
    /// who knows the seed can send messages that are slow to match. The answers never depend on the seed.
    #[must_use]
    pub fn hash_seed(mut self, seed: u64) -> Self {
        self.options.hash_seed = Some(seed);
        self
    }
}

/// Compiling.
impl RouteTableBuilder {
    /// Compiles the routes into a table.
    ///
    /// # Errors
    /// Fails if any route does not compile, or if there are more routes, names or paths than the limits allow. Returns
    /// the problems of all routes.
    pub fn build(self) -> Result<RouteTable, CompileError> {
        let PartialTable { table, .. } = self.compile(BadRoutes::Refuse)?;
        Ok(table)
    }

    /// Compiles the routes into a table and leaves out those that do not compile. The reference implementation refuses
    /// all routes in this case, and so does [`build`](Self::build).
    ///
    /// # Errors
    /// Fails if the fallback does not compile, or if there are more routes, names or paths than the limits allow.
    pub fn build_partial(self) -> Result<PartialTable, CompileError> {
        self.compile(BadRoutes::Skip)
    }

    fn compile(self, bad_routes: BadRoutes) -> Result<PartialTable, CompileError> {
        #[cfg(feature = "parallel")]
        let add = |routes: &[Route], options: &Options, segment: &mut SegmentBuilder<'_>| {
            parallel::add_all(routes, options, parallel::threads_for(routes.len()), segment)
        };
        #[cfg(not(feature = "parallel"))]
        let add = add_each;
        observed(Work::Build(self.routes.len()), || self.compile_with(bad_routes, add))
    }

    /// Compiles the routes; `add` adds each of them to the segment.
    pub(super) fn compile_with(
        self,
        bad_routes: BadRoutes,
        add: impl FnOnce(&[Route], &Options, &mut SegmentBuilder<'_>) -> Result<Vec<RouteProblem>, CompileError>,
    ) -> Result<PartialTable, CompileError> {
        let Self { routes, fallback, options } = self;
        let count = routes.len();
        if let Some(over) = routes.get(options.limits.routes) {
            let error = too_many_routes(count, options.limits.routes);
            return Err(CompileError { problems: vec![RouteProblem::new(over, options.limits.routes, error)] });
        }
        let mut endpoints = EndpointNumbers::default();
        let mut segment = SegmentBuilder::new(options.budgets.clone(), &mut endpoints);
        let mut problems = add(&routes, &options, &mut segment)?;
        let may_go_on = problems.is_empty() || bad_routes == BadRoutes::Skip;
        if let Some(route) = &fallback {
            match options.compile(route) {
                Ok(compiled) => {
                    let set = segment.set_fallback(Rank::nth(count), RouteId::nth(count), route, &compiled);
                    set.map_err(|TooManyReads| too_many_reads(route, count))?;
                }
                Err(errors) => {
                    problems.extend(RouteProblem::all(route, count, errors));
                    return Err(CompileError { problems });
                }
            }
        }
        if !may_go_on {
            return Err(CompileError { problems });
        }
        let segment = segment.finish(options.hash_key(), Lifetimes::Forever);
        let extent = Extent {
            routes: count + usize::from(fallback.is_some()),
            endpoints: endpoints.bound(),
            body_depth: options.limits.body_depth,
        };
        let table = RouteTable::of_segment(Arc::new(segment), extent, options.retention);
        Ok(PartialTable { table, skipped: problems })
    }
}

/// Compiles routes one by one and adds them to a segment. Returns the problems of the routes that do not compile.
pub(super) fn add_each(
    routes: &[Route],
    options: &Options,
    segment: &mut SegmentBuilder<'_>,
) -> Result<Vec<RouteProblem>, CompileError> {
    let mut problems = Vec::new();
    let mut budget = ProblemBudget::new();
    for (position, route) in routes.iter().enumerate() {
        match options.compile(route) {
            Ok(compiled) => {
                let added = segment.add(Rank::nth(position), RouteId::nth(position), route, &compiled);
                added.map_err(|TooManyReads| too_many_reads(route, position))?;
            }
            Err(errors) => problems.extend(RouteProblem::all(route, position, budget.select(errors))),
        }
    }
    Ok(problems)
}

pub(super) fn too_many_routes(count: usize, limit: usize) -> Diagnostic {
    let message = format!("there are {count} routes; the limit `routes` is {limit}");
    Diagnostic::new(Code::TooManyRoutes, Span::default(), message)
}

pub(super) fn too_many_reads(route: &Route, position: usize) -> CompileError {
    let message = format!("the routes up to this one read more than {MAX_SLOTS} distinct properties and body paths");
    let error = Diagnostic::new(Code::TooManyReads, Span::default(), message);
    CompileError { problems: vec![RouteProblem::new(route, position, error)] }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use edgeroute_lang::message::{Message, Origin};

    /// A value hash has 31 bits, so some of a hundred thousand strings have the same hash. They must still be
    /// distinguished.
    #[test]
    fn strings_of_one_hash_are_distinguished() {
        const SEED: u64 = 7;
        let key = HashSeed::from_seed(SEED);
        let mut of_hash = BTreeMap::new();
        let mut pairs = Vec::new();
        for number in 0..200_000 {
            let text = if number % 2 == 0 { number.to_string() } else { format!("longer than a few words: {number}") };
            if let Some(other) = of_hash.insert(key.value(&text), text.clone()) {
                pairs.push([other, text]);
            }
        }
        assert!(!pairs.is_empty());
        let lists = Budgets::default().with_terms(0);
        for budgets in [Budgets::default(), lists.clone(), lists.with_list(0)] {
            for pair in &pairs {
                let route = |endpoint, text| {
                    format!("FROM /* WHERE a = '{text}' INTO BrokeredEndpoint('/modules/m/inputs/{endpoint}')")
                };
                let builder = RouteTable::builder().budgets(budgets.clone()).hash_seed(SEED);
                let builder = builder.route("first", route(1, &pair[0])).route("second", route(2, &pair[1]));
                let table = builder.build().expect("good routes");
                for (text, expected) in pair.iter().zip(["first", "second"]) {
                    let properties = [("a", text.as_str())];
                    let message = Message::new(Origin::device("d")).properties(&properties);
                    let found: Vec<String> =
                        table.route(&message).iter().map(|delivery| delivery.route().to_owned()).collect();
                    assert_eq!(found, [expected], "{pair:?}");
                }
            }
        }
    }

    #[test]
    fn a_table_reads_as_many_names_as_it_can_number_and_no_more() {
        let names = |first: usize, count: usize| {
            let tests: Vec<String> = (first..first + count).map(|name| format!("a{name} = 'x'")).collect();
            format!("FROM /* WHERE {} INTO $upstream", tests.join(" or "))
        };
        let found = |builder: RouteTableBuilder| {
            let problem = |error: CompileError| (error.problems()[0].diagnostic().code, error.problems()[0].index());
            builder.build().map(|_| ()).map_err(problem)
        };
        let full = || RouteTable::builder().route("a", names(0, MAX_SLOTS - 1)).route("b", names(MAX_SLOTS - 1, 1));
        assert_eq!(found(full()), Ok(()));
        assert_eq!(found(full().route("c", names(MAX_SLOTS, 1)).route("d", names(0, 1))), Err((Code::TooManyReads, 2)));
        assert_eq!(found(full().fallback(("rest", names(MAX_SLOTS, 1)))), Err((Code::TooManyReads, 2)));
        // A name that is already read does not count again.
        assert_eq!(found(full().route("c", names(0, 1)).fallback(("rest", names(7, 1)))), Ok(()));
    }
}
