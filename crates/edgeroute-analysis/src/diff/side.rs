//! One set of routes: compiled, ranked, and able to deliver a message.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Declared, Delivered};
use edgeroute::{RouteTable, Scratch};
use edgeroute_lang::diagnostic::Diagnostic;
use edgeroute_lang::endpoint::Endpoint;
use edgeroute_lang::hash_map::RandomMap;
use edgeroute_lang::hir::{Shadowing, TypedRoute};
use edgeroute_lang::interpret::{ResolvedMessage, Verdict, verdict};
use edgeroute_lang::limits::Limits;
use edgeroute_lang::message::OwnedMessage;
use edgeroute_lang::predicate::FormulaId;
use edgeroute_lang::priority::{Priority, TimeToLive};
use edgeroute_lang::prove::Prover;
use edgeroute_lang::route::Route;
use edgeroute_lang::source::{normalized, takes_fallback};

/// What a delivery has besides its endpoint.
pub(super) type Class = (Priority, TimeToLive);

/// A compiled text. Routes with the same text share it.
#[derive(Debug)]
pub(super) struct Compiled<'d> {
    pub(super) typed: TypedRoute<'d>,
    /// The source in upper case.
    pub(super) source: String,
    /// The number of the endpoint, in both sets.
    pub(super) endpoint: usize,
    formula: OnceCell<FormulaId>,
}

impl Compiled<'_> {
    pub(super) fn formula(&self, prover: &mut Prover) -> FormulaId {
        *self.formula.get_or_init(|| prover.add(&self.typed.condition))
    }

    /// The cost of evaluating the condition.
    pub(super) fn cost(&self) -> usize {
        self.typed.condition.nodes().len() + 1
    }

    /// Whether two routes have the same source, endpoint and typed condition.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let nodes = |typed: &Self| typed.typed.condition.nodes().len();
        self.endpoint == other.endpoint && self.source == other.source && nodes(self) == nodes(other) && {
            let mut pairs = self.typed.condition.nodes().zip(other.typed.condition.nodes());
            pairs.all(|((_, one), (_, other))| one.kind == other.kind && one.ty == other.ty)
        }
    }
}

/// A route of a set.
#[derive(Debug)]
pub(super) struct Entry<'d> {
    pub(super) route: &'d Route,
    /// `None` if it has errors.
    pub(super) compiled: Option<Rc<Compiled<'d>>>,
}

impl Entry<'_> {
    pub(super) fn class(&self) -> Class {
        (self.route.priority(), self.route.time_to_live())
    }
}

/// Compiles the texts of both sets, each once.
#[derive(Debug)]
pub(super) struct Compiler<'d> {
    texts: RandomMap<&'d str, Result<Rc<Compiled<'d>>, Vec<Diagnostic>>>,
    numbers: BTreeMap<Endpoint, usize>,
    shadowing: Shadowing,
    limits: Limits,
}

impl<'d> Compiler<'d> {
    pub(super) fn new(shadowing: Shadowing, limits: Limits) -> Self {
        Self { texts: RandomMap::default(), numbers: BTreeMap::new(), shadowing, limits }
    }

    pub(super) fn compile(&mut self, route: &'d Route) -> Result<Rc<Compiled<'d>>, Vec<Diagnostic>> {
        if let Some(known) = self.texts.get(route.text()) {
            return known.clone();
        }
        let compiled = TypedRoute::compile(route.text(), self.shadowing, &self.limits).map(|typed| {
            let next = self.numbers.len();
            let endpoint = *self.numbers.entry(typed.endpoint.clone()).or_insert(next);
            let source = typed.source.folded().collect();
            Rc::new(Compiled { typed, source, endpoint, formula: OnceCell::new() })
        });
        self.texts.insert(route.text(), compiled.clone());
        compiled
    }

    /// The number of endpoints so far.
    pub(super) fn endpoints(&self) -> usize {
        self.numbers.len()
    }
}

/// A set of routes.
#[derive(Debug)]
pub(super) struct Side<'d> {
    pub(super) entries: Vec<Entry<'d>>,
    pub(super) fallback: Option<Entry<'d>>,
    /// By endpoint, the routes in the order in which they win.
    pub(super) ranked: Vec<Vec<usize>>,
    /// By route, its place among the routes to its endpoint.
    pub(super) ranks: Vec<usize>,
    /// The last place of each class among the routes to an endpoint.
    last: BTreeMap<(usize, Class), usize>,
    engine: Option<Engine>,
}

/// The compiled table, which finds deliveries fast.
#[derive(Debug)]
struct Engine {
    table: RouteTable,
    scratch: Scratch,
    /// The cost of a search.
    cost: usize,
}

/// The route of a delivery; `None` is the fallback.
pub(super) type Winner = Option<usize>;

impl<'d> Side<'d> {
    /// Compiles the routes. `broken` gets those with errors.
    pub(super) fn new(
        declared: &'d Declared,
        compiler: &mut Compiler<'d>,
        mut broken: impl FnMut(&Route, Vec<Diagnostic>),
    ) -> Self {
        let mut entry = |route: &'d Route| {
            let compiled = compiler.compile(route).map_err(|errors| broken(route, errors)).ok();
            Entry { route, compiled }
        };
        let entries: Vec<Entry<'d>> = declared.routes().iter().map(&mut entry).collect();
        let fallback = declared.fallback().map(&mut entry);
        Self { entries, fallback, ranked: Vec::new(), ranks: Vec::new(), last: BTreeMap::new(), engine: None }
    }

    /// Ranks the routes, once all endpoints of both sets have numbers.
    pub(super) fn rank(&mut self, endpoints: usize) {
        self.ranked = vec![Vec::new(); endpoints];
        self.ranks = vec![0; self.entries.len()];
        for (index, entry) in self.entries.iter().enumerate() {
            if let Some(list) = entry.compiled.as_ref().and_then(|compiled| self.ranked.get_mut(compiled.endpoint)) {
                list.push(index);
            }
        }
        for (endpoint, list) in self.ranked.iter_mut().enumerate() {
            // Stable, so routes of one priority stay in the order of their declaration.
            list.sort_by_key(|index| self.entries.get(*index).map(|entry| entry.route.priority()));
            for (rank, index) in list.iter().enumerate() {
                if let (Some(known), Some(entry)) = (self.ranks.get_mut(*index), self.entries.get(*index)) {
                    *known = rank;
                    self.last.insert((endpoint, entry.class()), rank);
                }
            }
        }
    }

    /// The route at this index, or the fallback.
    pub(super) fn entry(&self, winner: Winner) -> Option<&Entry<'d>> {
        match winner {
            Some(index) => self.entries.get(index),
            None => self.fallback.as_ref(),
        }
    }

    /// The compiled text of a route or the fallback.
    pub(super) fn compiled(&self, winner: Winner) -> Option<&Rc<Compiled<'d>>> {
        self.entry(winner)?.compiled.as_ref()
    }

    pub(super) fn rank_of(&self, index: usize) -> usize {
        self.ranks.get(index).copied().unwrap_or_default()
    }

    /// The last place of a route of this class among the routes to the endpoint.
    pub(super) fn last_rank(&self, endpoint: usize, class: Class) -> Option<usize> {
        self.last.get(&(endpoint, class)).copied()
    }

    /// Finds the winners with the compiled table, which is built when first needed.
    pub(super) fn winners(&mut self, message: &OwnedMessage, compiler: &Compiler<'_>) -> Vec<Winner> {
        let engine = match &mut self.engine {
            Some(engine) => engine,
            none => {
                let Some(engine) = Engine::new(&self.entries, self.fallback.as_ref(), compiler) else {
                    return Vec::new();
                };
                none.insert(engine)
            }
        };
        let deliveries = engine.table.route_with(&mut engine.scratch, &message.as_message());
        deliveries.map(|delivery| delivery.route().parse().ok()).collect()
    }

    /// The cost of a search in the compiled table, at least 1.
    pub(super) fn search_cost(&self) -> usize {
        self.engine.as_ref().map_or(1, |engine| engine.cost)
    }

    /// Finds the winners with the interpreter, for at most `budget` steps, which are subtracted.
    pub(super) fn interpreted(
        &self,
        message: &OwnedMessage,
        limits: &Limits,
        budget: &mut usize,
    ) -> Option<Vec<Winner>> {
        *budget = budget.checked_sub(self.entries.len() / 4)?;
        let message = message.as_message();
        let facts = ResolvedMessage::lenient(&message, limits);
        let source: String = normalized(message.origin().source()).collect();
        let holds = |compiled: &Compiled<'_>, budget: &mut usize| {
            *budget = budget.checked_sub(compiled.cost())?;
            Some(verdict(&compiled.typed.condition, &facts) == Verdict::True)
        };
        let mut winners: Vec<Option<(Priority, usize)>> = vec![None; self.ranked.len()];
        for (index, entry) in self.entries.iter().enumerate() {
            // As `SourcePattern::matches`, with the source of the message normalised once.
            let Some(compiled) = entry.compiled.as_ref().filter(|compiled| source.starts_with(&compiled.source)) else {
                continue;
            };
            let Some(winner) = winners.get_mut(compiled.endpoint) else { continue };
            let rank = (entry.route.priority(), index);
            if winner.is_none_or(|winner| rank < winner) && holds(compiled, budget)? {
                *winner = Some(rank);
            }
        }
        let mut indices: Vec<usize> = winners.into_iter().flatten().map(|(_, index)| index).collect();
        indices.sort_unstable();
        if indices.is_empty()
            && let Some(compiled) = self.compiled(None)
            && takes_fallback(message.origin().source())
            && holds(compiled, budget)?
        {
            return Some(vec![None]);
        }
        Some(indices.into_iter().map(Some).collect())
    }

    /// Whether the interpreter takes the message by this route alone.
    pub(super) fn takes(&self, winner: Winner, message: &OwnedMessage, limits: &Limits) -> bool {
        let Some(compiled) = self.compiled(winner) else {
            return false;
        };
        let message = message.as_message();
        let source = message.origin().source();
        let is_selected = match winner {
            Some(_) => compiled.typed.source.matches(source),
            None => takes_fallback(source),
        };
        is_selected && verdict(&compiled.typed.condition, &ResolvedMessage::lenient(&message, limits)) == Verdict::True
    }

    /// Describes the deliveries of these winners.
    pub(super) fn delivered(&self, winners: &[Winner]) -> Vec<Delivered> {
        let described = |winner: &Winner| {
            let entry = self.entry(*winner)?;
            let (priority, time_to_live) = entry.class();
            let endpoint = entry.compiled.as_ref()?.typed.endpoint.clone();
            Some(Delivered { endpoint, priority, time_to_live, route: entry.route.name().to_owned() })
        };
        winners.iter().filter_map(described).collect()
    }
}

impl Engine {
    /// Builds the table. Its routes have their indices as names, so that a delivery leads back to them.
    fn new(entries: &[Entry<'_>], fallback: Option<&Entry<'_>>, compiler: &Compiler<'_>) -> Option<Self> {
        let valid = entries.iter().enumerate().filter(|(_, entry)| entry.compiled.is_some());
        let routes = valid.map(|(index, entry)| entry.route.clone().with_name(index.to_string()));
        let builder = RouteTable::builder().limits(compiler.limits.clone()).shadowing(compiler.shadowing);
        let mut builder = builder.hash_seed(0).routes(routes);
        if let Some(fallback) = fallback.filter(|entry| entry.compiled.is_some()) {
            builder = builder.fallback(fallback.route.clone().with_name("fallback"));
        }
        let table = builder.build().ok()?;
        let scratch = table.create_scratch();
        // Most routes are not even examined, except those that no test selects.
        let cost = 1 + table.stats().always / 64;
        Some(Self { table, scratch, cost })
    }
}

impl Compiler<'_> {
    pub(super) const fn limits(&self) -> &Limits {
        &self.limits
    }
}
