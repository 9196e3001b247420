//! Building a table.

use std::sync::Arc;

use super::error::{CompileError, RouteProblem};
use super::{Inner, RouteRecord, RouteTable};
use crate::diagnostic::{Code, Diagnostic};
use crate::endpoint::Endpoint;
use crate::hir::{self, Shadowing, fold};
use crate::keyed::KeyedMap;
use crate::limits::{Budgets, Limits};
use crate::manifest::Manifest;
use crate::matcher::Matcher;
use crate::priority::{Priority, TimeToLive};
use crate::span::Span;
use crate::tree::{HashKey, MAX_SLOTS, RouteId, TooManyReads, TreeBuilder};

/// What to do about routes that do not compile.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Default)]
pub enum BadRoutes {
    /// Refuse all: one bad route and there is no table. What the reference does.
    #[default]
    Refuse,
    /// Leave them out, and report them with the table.
    Skip,
}

/// Collects routes and compiles them.
#[derive(Clone, Debug)]
pub struct RouteTableBuilder {
    routes: Vec<Declared>,
    fallback: Option<Declared>,
    limits: Limits,
    budgets: Budgets,
    shadowing: Shadowing,
    bad_routes: BadRoutes,
    hash_seed: Option<u64>,
}

#[derive(Clone, Debug)]
struct Declared {
    name: String,
    text: String,
    priority: Priority,
    time_to_live: TimeToLive,
}

/// A table, and what there is to say about its routes.
#[derive(Debug)]
pub struct Compiled {
    table: RouteTable,
    skipped: Vec<RouteProblem>,
}

impl Compiled {
    /// The table.
    #[must_use]
    pub fn into_table(self) -> RouteTable {
        self.table
    }

    /// The table.
    #[must_use]
    pub const fn table(&self) -> &RouteTable {
        &self.table
    }

    /// What is wrong with the routes that were left out, where [`BadRoutes::Skip`] was asked for.
    #[must_use]
    pub fn skipped(&self) -> &[RouteProblem] {
        &self.skipped
    }
}

/// Saying what to compile.
impl RouteTableBuilder {
    pub(super) fn new() -> Self {
        Self {
            routes: Vec::new(),
            fallback: None,
            limits: Limits::default(),
            budgets: Budgets::default(),
            shadowing: Shadowing::default(),
            bad_routes: BadRoutes::default(),
            hash_seed: None,
        }
    }

    /// Adds a route with the default priority and time to live.
    #[must_use]
    pub fn route(self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.route_with(name, text, Priority::DEFAULT, TimeToLive::HUB_DEFAULT)
    }

    /// Adds a route.
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

    /// Adds the routes of a manifest, in its order.
    #[must_use]
    pub fn manifest(mut self, manifest: &Manifest) -> Self {
        for route in manifest.routes() {
            self = self.route_with(route.name(), route.text(), route.priority(), route.time_to_live());
        }
        self
    }

    /// Sets the fallback route: it takes telemetry that no other route takes, if its own condition is true. Its source is
    /// not looked at.
    #[must_use]
    pub fn fallback(self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.fallback_with(name, text, Priority::DEFAULT, TimeToLive::HUB_DEFAULT)
    }

    /// Sets the fallback route with its priority and time to live.
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

    /// Bounds what is compiled.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Bounds what selecting routes may cost in memory; never changes an answer.
    #[must_use]
    pub fn budgets(mut self, budgets: Budgets) -> Self {
        self.budgets = budgets;
        self
    }

    /// Whether an application property named `$connectionDeviceId` and the like goes before the hub's stamp, as in the
    /// reference. By default it does not.
    #[must_use]
    pub fn shadowing(mut self, shadowing: Shadowing) -> Self {
        self.shadowing = shadowing;
        self
    }

    /// What to do about routes that do not compile; by default all are refused.
    #[must_use]
    pub fn bad_routes(mut self, bad_routes: BadRoutes) -> Self {
        self.bad_routes = bad_routes;
        self
    }

    /// Fixes the key of the table's hashes, so that two runs do the same work step by step. Leave it out in a hub: who
    /// knows the key can send messages that are slow to match. Answers never depend on it.
    #[must_use]
    pub fn hash_seed(mut self, seed: u64) -> Self {
        self.hash_seed = Some(seed);
        self
    }
}

/// Compiling.
impl RouteTableBuilder {
    /// Compiles the routes.
    ///
    /// # Errors
    /// Everything that is wrong with any route, if [`BadRoutes::Refuse`]. With [`BadRoutes::Skip`] only a bad fallback,
    /// and more routes, names or paths than the limits allow.
    pub fn build(self) -> Result<Compiled, CompileError> {
        let Self { routes, fallback, limits, budgets, shadowing, bad_routes, hash_seed } = self;
        if let Some(over) = routes.get(limits.routes) {
            let message = format!("{} routes are more than the limit `routes` of {}", routes.len(), limits.routes);
            let error = Diagnostic::new(Code::TooManyRoutes, Span::default(), message);
            return Err(CompileError { problems: vec![over.problem(limits.routes, error)] });
        }
        let mut collector = Collector::new(budgets);
        let mut problems = Vec::new();
        for (position, declared) in routes.iter().enumerate() {
            match hir::Route::compile(&declared.text, shadowing, &limits) {
                Ok(route) => collector.add(declared, position, &route)?,
                Err(errors) => problems.extend(errors.into_iter().map(|error| declared.problem(position, error))),
            }
        }
        let may_go_on = problems.is_empty() || bad_routes == BadRoutes::Skip;
        if let Some(declared) = &fallback {
            match hir::Route::compile(&declared.text, shadowing, &limits) {
                Ok(route) => collector.set_fallback(declared, routes.len(), &route)?,
                Err(errors) => {
                    problems.extend(errors.into_iter().map(|error| declared.problem(routes.len(), error)));
                    return Err(CompileError { problems });
                }
            }
        }
        if !may_go_on {
            return Err(CompileError { problems });
        }
        let key = hash_seed.map_or_else(HashKey::random, HashKey::from_seed);
        Ok(Compiled { table: collector.finish(key, &limits), skipped: problems })
    }
}

impl Declared {
    fn problem(&self, position: usize, diagnostic: Diagnostic) -> RouteProblem {
        RouteProblem { route: self.name.clone(), position, text: self.text.clone(), diagnostic }
    }
}

/// The parts of a table as its routes come in.
struct Collector {
    tree: TreeBuilder,
    routes: Vec<RouteRecord>,
    endpoints: Vec<Endpoint>,
    endpoint_numbers: KeyedMap<Endpoint, u32>,
    names: String,
    name_ends: Vec<u32>,
}

impl Collector {
    fn new(budgets: Budgets) -> Self {
        Self {
            tree: TreeBuilder::new(budgets),
            routes: Vec::new(),
            endpoints: Vec::new(),
            endpoint_numbers: KeyedMap::default(),
            names: String::new(),
            name_ends: Vec::new(),
        }
    }

    fn add(&mut self, declared: &Declared, position: usize, route: &hir::Route<'_>) -> Result<(), CompileError> {
        let id = self.record(declared, &route.endpoint);
        let added = self.tree.add(id, &route.source, &fold(&route.condition));
        added.map_err(|TooManyReads| too_many_reads(declared, position))
    }

    fn set_fallback(
        &mut self,
        declared: &Declared,
        position: usize,
        route: &hir::Route<'_>,
    ) -> Result<(), CompileError> {
        let id = self.record(declared, &route.endpoint);
        let set = self.tree.set_fallback(id, &fold(&route.condition));
        set.map_err(|TooManyReads| too_many_reads(declared, position))
    }

    fn record(&mut self, declared: &Declared, endpoint: &Endpoint) -> RouteId {
        let id = RouteId::new(self.routes.len());
        let word = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let endpoint = if let Some(&number) = self.endpoint_numbers.get(endpoint) {
            number
        } else {
            let number = word(self.endpoints.len());
            self.endpoints.push(endpoint.clone());
            self.endpoint_numbers.insert(endpoint.clone(), number);
            number
        };
        let Declared { name, priority, time_to_live, .. } = declared;
        self.names.push_str(name);
        self.name_ends.push(word(self.names.len()));
        self.routes.push(RouteRecord { endpoint, priority: *priority, time_to_live: *time_to_live });
        id
    }

    fn finish(self, key: HashKey, limits: &Limits) -> RouteTable {
        let Self { tree, routes, endpoints, names, name_ends, .. } = self;
        RouteTable {
            inner: Arc::new(Inner {
                matcher: Matcher::new(tree.finish(key)),
                routes: routes.into(),
                endpoints: endpoints.into(),
                names: names.into(),
                name_ends: name_ends.into(),
                body_depth: limits.body_depth,
            }),
        }
    }
}

fn too_many_reads(declared: &Declared, position: usize) -> CompileError {
    let message = format!("the routes up to this one read more than {MAX_SLOTS} different properties and body paths");
    let error = Diagnostic::new(Code::TooManyReads, Span::default(), message);
    CompileError { problems: vec![declared.problem(position, error)] }
}
