//! Builds a table.

use std::sync::Arc;

use super::RouteTable;
use super::error::{CompileError, ProblemBudget, RouteProblem};
use super::events::{Work, told};
#[cfg(feature = "parallel")]
use super::parallel;
use super::segment::{EndpointNumbers, Lifetimes, SegmentBuilder};
use crate::index::{HashSeed, MAX_SLOTS, TooManyReads};
use edgeroute_lang::diagnostic::{Code, Diagnostic};
use edgeroute_lang::hir::{self, Shadowing};
use edgeroute_lang::limits::{Budgets, Limits};
use edgeroute_lang::manifest::Manifest;
use edgeroute_lang::priority::{Priority, TimeToLive};
use edgeroute_lang::span::Span;

/// Selects what happens to routes that do not compile.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Default)]
pub enum BadRoutes {
    /// Refuses all routes if one does not compile, so there is no table. The reference implementation does this.
    #[default]
    Refuse,
    /// Leaves out the routes that do not compile and reports them together with the table.
    Skip,
}

/// Collects routes and compiles them into a [`RouteTable`].
#[derive(Clone, Debug)]
pub struct RouteTableBuilder {
    pub(super) routes: Vec<Declared>,
    pub(super) fallback: Option<Declared>,
    pub(super) options: Options,
}

/// Options for compiling routes.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    pub(super) limits: Limits,
    pub(super) budgets: Budgets,
    pub(super) shadowing: Shadowing,
    pub(super) bad_routes: BadRoutes,
    hash_seed: Option<u64>,
}

impl Options {
    pub(super) fn hash_key(&self) -> HashSeed {
        self.hash_seed.map_or_else(HashSeed::random, HashSeed::from_seed)
    }

    pub(super) fn compile<'t>(&self, declared: &'t Declared) -> Result<hir::Route<'t>, Vec<Diagnostic>> {
        hir::Route::compile(&declared.text, self.shadowing, &self.limits)
    }
}

/// A route as the caller declared it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Declared {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) priority: Priority,
    pub(super) time_to_live: TimeToLive,
}

/// A table together with the problems of the routes that were left out.
#[derive(Debug)]
pub struct Compiled {
    pub(super) table: RouteTable,
    pub(super) skipped: Vec<RouteProblem>,
}

impl Compiled {
    /// Borrows the table.
    #[must_use]
    pub fn into_table(self) -> RouteTable {
        self.table
    }

    /// Returns the table and discards the problems.
    #[must_use]
    pub const fn table(&self) -> &RouteTable {
        &self.table
    }

    /// Returns the problems of the routes that were left out under [`BadRoutes::Skip`]. After 10,000 problems, only the
    /// first problem of each further route is kept, without its help.
    #[must_use]
    pub fn skipped(&self) -> &[RouteProblem] {
        &self.skipped
    }
}

/// Declaring what to compile.
impl RouteTableBuilder {
    pub(super) fn new() -> Self {
        Self { routes: Vec::new(), fallback: None, options: Options::default() }
    }

    /// Adds a route with the default priority and time to live.
    #[must_use]
    pub fn route(self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.route_with(name, text, Priority::DEFAULT, TimeToLive::HUB_DEFAULT)
    }

    /// Adds a route with the given priority and time to live.
    #[must_use]
    pub fn route_with(
        mut self,
        name: impl Into<String>,
        text: impl Into<String>,
        priority: Priority,
        time_to_live: TimeToLive,
    ) -> Self {
        self.routes.push(Declared { name: name.into(), text: text.into(), priority, time_to_live });
        self
    }

    /// Adds the routes of a manifest, in the order of the manifest.
    #[must_use]
    pub fn manifest(mut self, manifest: &Manifest) -> Self {
        for route in manifest.routes() {
            self = self.route_with(route.name(), route.text(), route.priority(), route.time_to_live());
        }
        self
    }

    /// Sets the fallback route, which accepts telemetry that no other route accepts, if its own condition is true.
    /// Its source is ignored (SEMANTICS#fallback).
    #[must_use]
    pub fn fallback(self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.fallback_with(name, text, Priority::DEFAULT, TimeToLive::HUB_DEFAULT)
    }

    /// Sets the fallback route with the given priority and time to live.
    #[must_use]
    pub fn fallback_with(
        mut self,
        name: impl Into<String>,
        text: impl Into<String>,
        priority: Priority,
        time_to_live: TimeToLive,
    ) -> Self {
        self.fallback = Some(Declared { name: name.into(), text: text.into(), priority, time_to_live });
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

    /// Selects what happens to routes that do not compile. By default, one such route refuses all routes.
    #[must_use]
    pub fn bad_routes(mut self, bad_routes: BadRoutes) -> Self {
        self.options.bad_routes = bad_routes;
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
    /// Under [`BadRoutes::Refuse`], returns the problems of all routes. Under [`BadRoutes::Skip`], fails only if the
    /// fallback does not compile or if there are more routes, names or paths than the limits allow.
    pub fn build(self) -> Result<Compiled, CompileError> {
        #[cfg(feature = "parallel")]
        let add = |routes: &[Declared], options: &Options, segment: &mut SegmentBuilder<'_>| {
            parallel::add_all(routes, options, parallel::threads_for(routes.len()), segment)
        };
        #[cfg(not(feature = "parallel"))]
        let add = add_each;
        told(Work::Build(self.routes.len()), || self.build_with(add))
    }

    /// Compiles the routes; `add` adds each of them to the segment.
    pub(super) fn build_with(
        self,
        add: impl FnOnce(&[Declared], &Options, &mut SegmentBuilder<'_>) -> Result<Vec<RouteProblem>, CompileError>,
    ) -> Result<Compiled, CompileError> {
        let Self { routes, fallback, options } = self;
        if let Some(over) = routes.get(options.limits.routes) {
            let error = too_many_routes(routes.len(), options.limits.routes);
            return Err(CompileError { problems: vec![over.problem(options.limits.routes, error)] });
        }
        let mut endpoints = EndpointNumbers::default();
        let mut segment = SegmentBuilder::new(options.budgets.clone(), &mut endpoints);
        let mut problems = add(&routes, &options, &mut segment)?;
        let may_go_on = problems.is_empty() || options.bad_routes == BadRoutes::Skip;
        if let Some(declared) = &fallback {
            match options.compile(declared) {
                Ok(route) => {
                    let set = segment.set_fallback(declared, &route);
                    set.map_err(|TooManyReads| too_many_reads(declared, routes.len()))?;
                }
                Err(errors) => {
                    problems.extend(declared.problems(routes.len(), errors));
                    return Err(CompileError { problems });
                }
            }
        }
        if !may_go_on {
            return Err(CompileError { problems });
        }
        let segment = segment.finish(options.hash_key(), Lifetimes::Forever);
        let table = RouteTable::of_segment(Arc::new(segment), endpoints.len(), options.limits.body_depth);
        Ok(Compiled { table, skipped: problems })
    }
}

/// Compiles routes one by one and adds them to a segment. Returns the problems of the routes that do not compile.
pub(super) fn add_each(
    routes: &[Declared],
    options: &Options,
    segment: &mut SegmentBuilder<'_>,
) -> Result<Vec<RouteProblem>, CompileError> {
    let mut problems = Vec::new();
    let mut room = ProblemBudget::new();
    let mut rank = 0;
    for (position, declared) in routes.iter().enumerate() {
        match options.compile(declared) {
            Ok(route) => {
                let added = segment.add(rank, declared, &route);
                added.map_err(|TooManyReads| too_many_reads(declared, position))?;
                rank += 1;
            }
            Err(errors) => problems.extend(declared.problems(position, room.told(errors))),
        }
    }
    Ok(problems)
}

impl Declared {
    pub(super) fn problem(&self, position: usize, diagnostic: Diagnostic) -> RouteProblem {
        RouteProblem { route: self.name.as_str().into(), position, text: self.text.as_str().into(), diagnostic }
    }

    pub(super) fn problems(
        &self,
        position: usize,
        diagnostics: Vec<Diagnostic>,
    ) -> impl Iterator<Item = RouteProblem> + use<> {
        let (route, text): (Arc<str>, Arc<str>) = (self.name.as_str().into(), self.text.as_str().into());
        diagnostics.into_iter().map(move |diagnostic| RouteProblem {
            route: Arc::clone(&route),
            position,
            text: Arc::clone(&text),
            diagnostic,
        })
    }
}

pub(super) fn too_many_routes(count: usize, limit: usize) -> Diagnostic {
    let message = format!("there are {count} routes; the limit `routes` is {limit}");
    Diagnostic::new(Code::TooManyRoutes, Span::default(), message)
}

pub(super) fn too_many_reads(declared: &Declared, position: usize) -> CompileError {
    let message = format!("the routes up to this one read more than {MAX_SLOTS} distinct properties and body paths");
    let error = Diagnostic::new(Code::TooManyReads, Span::default(), message);
    CompileError { problems: vec![declared.problem(position, error)] }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use edgeroute_lang::message::{Message, Origin};

    /// A value hash has 31 bits, so some of a hundred thousand strings have the same hash. They must still be
    /// distinguished.
    #[test]
    fn texts_of_one_hash_are_told_apart() {
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
                let table = builder.build().expect("good routes").into_table();
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
            let problem = |error: CompileError| (error.problems()[0].diagnostic().code, error.problems()[0].position());
            builder.build().map(|_| ()).map_err(problem)
        };
        let full = || RouteTable::builder().route("a", names(0, MAX_SLOTS - 1)).route("b", names(MAX_SLOTS - 1, 1));
        assert_eq!(found(full()), Ok(()));
        assert_eq!(found(full().route("c", names(MAX_SLOTS, 1)).route("d", names(0, 1))), Err((Code::TooManyReads, 2)));
        assert_eq!(found(full().fallback("rest", names(MAX_SLOTS, 1))), Err((Code::TooManyReads, 2)));
        // A name that is already read does not count again.
        assert_eq!(found(full().route("c", names(0, 1)).fallback("rest", names(7, 1))), Ok(()));
    }
}
