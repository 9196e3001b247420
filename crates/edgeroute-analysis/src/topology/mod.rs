//! What the routes and modules of a manifest make: who sends, what each route takes of it, and where that goes.
//!
//! A [`Flow`] is a route seen from afar: which senders' messages it takes, and into what. A source is a prefix, so
//! `/messages/*` takes from every module *and* every leaf device; a condition that asks who sent the message takes some
//! away again, as `not is_defined($connectionModuleId)` takes away all modules. Of conditions only that is decided, on
//! the formulas that the matcher executes: a flow says that messages *may* go this way, and where there is none, none
//! does, as long as a hub sends from the origins of [`Origin`](crate::message::Origin).
//!
//! What a module does between its inputs and its outputs is not known. [`Loop`]s and
//! [`reaches_upstream`](Topology::reaches_upstream) take it that whatever goes into a module may come out of it.
//!
//! The cost is that of compiling the routes, and then nearly linear in their texts and the number of modules: routes from
//! all modules are not counted out module by module. Nothing recurses.

mod graph;
mod loops;
mod selection;
mod senders;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use crate::endpoint::Endpoint;
use crate::hir::{self, Shadowing};
use crate::id::define_id;
use crate::keyed::KeyedMap;
use crate::limits::Limits;
use crate::manifest::Manifest;
use crate::priority::{Priority, TimeToLive};
use crate::source::SourcePattern;
use crate::span::Span;
use crate::syntax::{canonical_condition, parse_route};
use crate::text::fold;

pub use loops::{Hop, Loop};
pub use selection::{Outputs, Selection};
pub use senders::SomeModules;

use graph::Graph;
use senders::Senders;

define_id! {
    /// A module of a [`Topology`].
    pub struct ModuleId
}

define_id! {
    /// A flow of a [`Topology`].
    pub struct FlowId
}

/// The modules and flows of a manifest, in the order in which they are declared, and what follows from them.
#[derive(Clone, Debug)]
pub struct Topology {
    modules: Vec<Module>,
    flows: Vec<Flow>,
    loops: Vec<Loop>,
    /// Of each flow.
    is_in_loop: Vec<bool>,
    /// Of each module.
    reaches_upstream: Vec<bool>,
    knows_modules: bool,
}

/// A module that the deployment installs or some route names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Module {
    name: String,
    declared: Option<Span>,
    inputs: Vec<Input>,
    outputs: Vec<Output>,
}

/// An input of a module: an endpoint of some route.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Input {
    /// As written; inputs that differ by case are different.
    pub name: String,
    /// The flows into it. Not empty.
    pub flows: Vec<FlowId>,
}

/// An output of a module that some route names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Output {
    /// As some route writes it first; outputs that differ by case are one.
    pub name: String,
    /// The flows that name it. Not empty.
    pub flows: Vec<FlowId>,
}

/// A route: from senders to an endpoint.
#[derive(Clone, Debug)]
pub struct Flow {
    position: usize,
    name: String,
    source: SourcePattern,
    condition: Option<String>,
    priority: Priority,
    time_to_live: TimeToLive,
    selection: Selection,
    taken: Taken,
    target: Target,
    endpoint: Endpoint,
}

/// Where a flow ends.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// The cloud, or the hub's parent.
    Upstream,
    /// An input of a module: its place among [`Module::inputs`].
    Input(ModuleId, usize),
}

/// Of the senders that a source selects, those whose messages the condition can be true of.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Taken {
    leaf_devices: bool,
    twin_changes: bool,
    paths: bool,
    modules: SomeModules,
}

/// A flow as loops are looked for: from whom to whom.
#[derive(Debug)]
struct Way<'f> {
    flow: FlowId,
    senders: Cow<'f, SomeModules>,
    target: Target,
}

/// Making one.
impl Topology {
    /// The topology of a manifest. Routes that do not compile are left out. Allocates.
    ///
    /// ```
    /// use edgeroute::limits::Limits;
    /// use edgeroute::manifest::Manifest;
    /// use edgeroute::topology::Topology;
    ///
    /// let manifest = Manifest::from_json(r#"{ "schemaVersion": "1.1", "storeAndForwardConfiguration": {}, "routes": {
    ///     "raw": "FROM /messages/modules/sensor/* INTO BrokeredEndpoint(\"/modules/filter/inputs/raw\")",
    ///     "back": "FROM /messages/modules/filter/outputs/echo INTO BrokeredEndpoint(\"/modules/filter/inputs/raw\")"
    /// } }"#)?;
    /// let topology = Topology::of(&manifest, &Limits::default());
    /// let names: Vec<&str> = topology.modules().map(|(_, module)| module.name()).collect();
    /// assert_eq!(names, ["filter", "sensor"]);
    /// assert_eq!(topology.loops().len(), 1);
    /// # Ok::<(), edgeroute::manifest::ManifestError>(())
    /// ```
    #[must_use]
    pub fn of(manifest: &Manifest, limits: &Limits) -> Self {
        Self::with_shadowing(manifest, limits, Shadowing::default())
    }

    /// As [`of`](Self::of), of a hub that takes names for this. Where application properties go before stamps, a condition
    /// on `$connectionModuleId` tells nothing of who sends. Allocates.
    #[must_use]
    pub fn with_shadowing(manifest: &Manifest, limits: &Limits, shadowing: Shadowing) -> Self {
        let mut modules = Modules::default();
        for declared in manifest.modules().into_iter().flatten() {
            let id = modules.named(declared.name());
            if let Some(module) = modules.all.get_mut(id.index()) {
                module.declared = Some(declared.name_span());
            }
        }
        let mut senders = Senders::default();
        let mut routes = Vec::new();
        for (position, spec) in manifest.routes().iter().enumerate() {
            let parsed = parse_route(spec.text(), limits);
            let condition = parsed.tree.condition.as_ref().map(canonical_condition);
            let Ok(route) = hir::Route::check(&parsed.tree, parsed.errors, shadowing) else {
                continue;
            };
            let flow = FlowId::new(routes.len());
            let target = modules.target(&route.endpoint, flow);
            routes.push((position, spec, condition, senders.lower(&route.condition), route, target));
        }
        // Only now is it known which modules a source, which ignores case, may mean.
        let mut flows = Vec::with_capacity(routes.len());
        let selections: Vec<Selection> = routes
            .iter()
            .enumerate()
            .map(|(index, (.., route, _))| Selection::new(&route.source, FlowId::new(index), &mut modules))
            .collect();
        for ((position, spec, condition, lowered, route, target), selection) in routes.into_iter().zip(selections) {
            let taken = senders.taken(&lowered, &selection, &modules);
            flows.push(Flow {
                position,
                name: spec.name().to_owned(),
                source: route.source,
                condition,
                priority: spec.priority(),
                time_to_live: spec.time_to_live(),
                selection,
                taken,
                target,
                endpoint: route.endpoint,
            });
        }
        let modules = modules.all;
        let ways: Vec<Way<'_>> = flows
            .iter()
            .enumerate()
            .map(|(index, flow)| Way {
                flow: FlowId::new(index),
                senders: Cow::Borrowed(&flow.taken.modules),
                target: flow.target,
            })
            .collect();
        let graph = Graph::new(&modules, &ways);
        let loops = loops::find(&graph, &ways);
        drop(ways);
        let mut is_in_loop = vec![false; flows.len()];
        for flow in loops.iter().flat_map(|found| &found.flows) {
            if let Some(is_in_loop) = is_in_loop.get_mut(flow.index()) {
                *is_in_loop = true;
            }
        }
        let reaches_upstream = graph.reaches_upstream();
        let knows_modules = manifest.modules().is_some();
        Self { modules, flows, loops, is_in_loop, reaches_upstream, knows_modules }
    }
}

/// What there is.
impl Topology {
    /// Every module: those that the deployment declares, then those that only endpoints name, then those that only
    /// sources name.
    pub fn modules(&self) -> impl ExactSizeIterator<Item = (ModuleId, &Module)> {
        self.modules.iter().enumerate().map(|(index, module)| (ModuleId::new(index), module))
    }

    /// Every flow, in the order in which the routes are declared.
    pub fn flows(&self) -> impl ExactSizeIterator<Item = (FlowId, &Flow)> {
        self.flows.iter().enumerate().map(|(index, flow)| (FlowId::new(index), flow))
    }

    /// Whether the manifest says which modules there are, so that one which it does not declare is missing.
    #[must_use]
    pub const fn knows_modules(&self) -> bool {
        self.knows_modules
    }

    /// A module; an id of another topology may give `None`.
    #[must_use]
    pub fn module(&self, id: ModuleId) -> Option<&Module> {
        self.modules.get(id.index())
    }

    /// A flow; an id of another topology may give `None`.
    #[must_use]
    pub fn flow(&self, id: FlowId) -> Option<&Flow> {
        self.flows.get(id.index())
    }
}

/// What follows.
impl Topology {
    /// Where messages may go round and round: sets of modules in which each can reach each, without overlaps, by their
    /// first module.
    #[must_use]
    pub fn loops(&self) -> &[Loop] {
        &self.loops
    }

    /// The loops that are left if of each flow only these senders count. `None`: the flow does not count.
    pub(crate) fn loops_of<'s>(&'s self, senders: impl Fn(&'s Flow) -> Option<Cow<'s, SomeModules>>) -> Vec<Loop> {
        let ways: Vec<Way<'_>> = self
            .flows()
            .filter_map(|(id, flow)| Some(Way { flow: id, senders: senders(flow)?, target: flow.target }))
            .collect();
        loops::find(&Graph::new(&self.modules, &ways), &ways)
    }

    /// Whether the flow may lead a message back to a module that it has passed.
    #[must_use]
    pub fn is_in_loop(&self, flow: FlowId) -> bool {
        self.is_in_loop.get(flow.index()).copied().unwrap_or(false)
    }

    /// Whether what the module sends may reach the cloud, directly or through other modules.
    #[must_use]
    pub fn reaches_upstream(&self, module: ModuleId) -> bool {
        self.reaches_upstream.get(module.index()).copied().unwrap_or(false)
    }

    /// Whether what leaf devices send may reach the cloud, directly or through modules.
    #[must_use]
    pub fn leaf_devices_reach_upstream(&self) -> bool {
        self.flows.iter().filter(|flow| flow.takes_from_leaf_devices()).any(|flow| match flow.target {
            Target::Upstream => true,
            Target::Input(module, _) => self.reaches_upstream(module),
        })
    }

    /// The flows that may take what the module sends, in order. Costs a look at every flow.
    pub fn flows_from(&self, module: ModuleId) -> impl Iterator<Item = (FlowId, &Flow)> {
        self.flows().filter(move |(_, flow)| flow.takes_from(module))
    }
}

/// What is known of it.
impl Module {
    /// Its id, as the deployment spells it, or else an endpoint, or else a source. May be blank: the reference accepts
    /// an endpoint of a blank module.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key that declares it, in bytes of the manifest's text. `None` for one that only routes name; whether that is
    /// a mistake can be told only where the topology [knows its modules](Topology::knows_modules).
    #[must_use]
    pub const fn declared(&self) -> Option<Span> {
        self.declared
    }

    /// The inputs that routes send to, in the order of the first of them.
    #[must_use]
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// The outputs that routes name, in the order of the first of them. A module may have others.
    #[must_use]
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }
}

/// What its route says.
impl Flow {
    /// Which of [`Manifest::routes`] it is.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.position
    }

    /// The route's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What follows FROM.
    #[must_use]
    pub const fn source(&self) -> &SourcePattern {
        &self.source
    }

    /// The canonical text of what follows WHERE.
    #[must_use]
    pub fn condition(&self) -> Option<&str> {
        self.condition.as_deref()
    }

    /// Its priority.
    #[must_use]
    pub const fn priority(&self) -> Priority {
        self.priority
    }

    /// How long its messages are kept.
    #[must_use]
    pub const fn time_to_live(&self) -> TimeToLive {
        self.time_to_live
    }

    /// What follows INTO.
    #[must_use]
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

/// Whose messages it takes, and where to.
impl Flow {
    /// Which senders its source selects.
    #[must_use]
    pub const fn selection(&self) -> &Selection {
        &self.selection
    }

    /// Where it ends.
    #[must_use]
    pub const fn target(&self) -> Target {
        self.target
    }

    /// Whether it may take what leaf devices send.
    #[must_use]
    pub const fn takes_from_leaf_devices(&self) -> bool {
        self.taken.leaf_devices
    }

    /// Whether it may take changes of twins.
    #[must_use]
    pub const fn takes_twin_changes(&self) -> bool {
        self.taken.twin_changes
    }

    /// Whether it may take messages of sources of the hub's own, such as `/deviceLifecycleEvents`.
    #[must_use]
    pub const fn takes_other_sources(&self) -> bool {
        self.taken.paths
    }

    /// From which modules it may take.
    #[must_use]
    pub const fn modules(&self) -> &SomeModules {
        &self.taken.modules
    }

    /// Whether it may take what this module sends.
    #[must_use]
    pub fn takes_from(&self, module: ModuleId) -> bool {
        self.taken.modules.contains(module)
    }

    /// Whether nothing that a hub stamps can get through: its condition is never true, or asks for another sender than
    /// its source.
    #[must_use]
    pub fn takes_nothing(&self) -> bool {
        let Taken { leaf_devices, twin_changes, paths, modules } = &self.taken;
        !leaf_devices && !twin_changes && !paths && modules.is_none()
    }
}

/// Modules while they are gathered.
#[derive(Default)]
struct Modules {
    all: Vec<Module>,
    by_name: KeyedMap<String, ModuleId>,
    /// By the upper-cased name.
    by_folded_name: KeyedMap<String, Vec<ModuleId>>,
    inputs: KeyedMap<(ModuleId, String), usize>,
    /// By the upper-cased name.
    outputs: KeyedMap<(ModuleId, String), usize>,
}

impl Modules {
    /// The module of exactly this name.
    fn named(&mut self, name: &str) -> ModuleId {
        if let Some(&id) = self.by_name.get(name) {
            return id;
        }
        let id = ModuleId::new(self.all.len());
        self.all.push(Module { name: name.to_owned(), declared: None, inputs: Vec::new(), outputs: Vec::new() });
        self.by_name.insert(name.to_owned(), id);
        self.by_folded_name.entry(fold(name).into_owned()).or_default().push(id);
        id
    }

    /// The modules of this name, ignoring case; at least one.
    fn named_ignoring_case(&mut self, name: &str) -> Vec<ModuleId> {
        if let Some(known) = self.by_folded_name.get(&*fold(name)) {
            return known.clone();
        }
        vec![self.named(name)]
    }

    /// The modules of this name, ignoring case.
    fn known(&self, name: &str) -> impl Iterator<Item = ModuleId> {
        self.by_folded_name.get(&*fold(name)).into_iter().flatten().copied()
    }

    fn target(&mut self, endpoint: &Endpoint, flow: FlowId) -> Target {
        let Endpoint::Module { module, input } = endpoint else {
            return Target::Upstream;
        };
        let id = self.named(module);
        let Some(module) = self.all.get_mut(id.index()) else {
            return Target::Upstream;
        };
        let next = module.inputs.len();
        let index = *self.inputs.entry((id, input.to_string())).or_insert(next);
        match module.inputs.get_mut(index) {
            Some(input) => input.flows.push(flow),
            None => module.inputs.push(Input { name: input.to_string(), flows: vec![flow] }),
        }
        Target::Input(id, index)
    }

    /// Notes that `flow` names an output of the module.
    fn output(&mut self, id: ModuleId, output: &str, flow: FlowId) {
        let Some(module) = self.all.get_mut(id.index()) else {
            return;
        };
        let next = module.outputs.len();
        let index = *self.outputs.entry((id, fold(output).into_owned())).or_insert(next);
        match module.outputs.get_mut(index) {
            Some(output) => output.flows.push(flow),
            None => module.outputs.push(Output { name: output.to_owned(), flows: vec![flow] }),
        }
    }
}
