//! The topology of a manifest: who sends, which messages each route matches, and where they go.
//!
//! A [`Flow`] is a route reduced to its senders and its endpoint. A source is a prefix, so `/messages/*` selects
//! messages from every module *and* every leaf device. A condition on the sender can exclude some of them, as `not
//! is_defined($connectionModuleId)` excludes all modules. That is the only property of conditions that is decided here,
//! on the formulas that the matcher executes. A flow means that messages *may* go this way. If there is no flow, none
//! do, provided that the hub sends only from the origins of [`Origin`](edgeroute_lang::message::Origin).
//!
//! How a module connects its inputs to its outputs is unknown. [`Loop`]s and
//! [`reaches_upstream`](Topology::reaches_upstream) assume that whatever enters a module may leave it.
//!
//! The cost is that of compiling the routes, plus time nearly linear in their texts and the number of modules: routes
//! from all modules are not expanded module by module. Nothing recurses.

mod graph;
mod loops;
mod selection;
mod senders;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use edgeroute_lang::endpoint::Endpoint;
use edgeroute_lang::hash_map::RandomMap;
use edgeroute_lang::hir::{self, Shadowing};
use edgeroute_lang::id::define_id;
use edgeroute_lang::limits::Limits;
use edgeroute_lang::manifest::Manifest;
use edgeroute_lang::priority::{Priority, TimeToLive};
use edgeroute_lang::route::Route;
use edgeroute_lang::source::SourcePattern;
use edgeroute_lang::span::Span;
use edgeroute_lang::syntax::{canonical_condition, parse_route};
use edgeroute_lang::text::fold;

pub use loops::{Hop, Loop};
pub use selection::{Outputs, Selection};
pub use senders::SomeModules;
pub(crate) use senders::holds_for_module;

use graph::Graph;
use senders::Senders;

define_id! {
    /// Identifies a module of a [`Topology`].
    pub struct ModuleId
}

define_id! {
    /// Identifies a flow of a [`Topology`].
    pub struct FlowId
}

/// The modules and flows of a manifest, in the order in which they are declared, and the conclusions from them.
#[derive(Clone, Debug)]
pub struct Topology {
    modules: Vec<Module>,
    flows: Vec<Flow>,
    loops: Vec<Loop>,
    /// Indexed by flow.
    is_in_loop: Vec<bool>,
    /// Indexed by module.
    reaches_upstream: Vec<bool>,
    knows_modules: bool,
}

/// A module that the deployment installs or that a route names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Module {
    name: String,
    declared: Option<Span>,
    inputs: Vec<Input>,
    outputs: Vec<Output>,
}

/// An input of a module: the endpoint of a route.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Input {
    /// The name verbatim; inputs that differ in case are different.
    pub name: String,
    /// The flows into the input. Not empty.
    pub flows: Vec<FlowId>,
}

/// An output of a module that a route names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Output {
    /// The name as the first route writes it; outputs that differ only in case are the same.
    pub name: String,
    /// The flows that name the output. Not empty.
    pub flows: Vec<FlowId>,
}

/// A route from senders to an endpoint.
#[derive(Clone, Debug)]
pub struct Flow {
    position: usize,
    route: Route,
    source: SourcePattern,
    condition: Option<String>,
    selection: Selection,
    taken: Taken,
    target: Target,
    endpoint: Endpoint,
}

/// The end of a flow.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// The cloud, or the hub's parent.
    Upstream,
    /// An input of a module: its index in [`Module::inputs`].
    Input(ModuleId, usize),
}

/// The senders that a source selects and for whose messages the condition can be true.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Taken {
    leaf_devices: bool,
    twin_changes: bool,
    paths: bool,
    modules: SomeModules,
}

/// A flow in the form that the search for loops uses: its senders and its target.
#[derive(Debug)]
struct Way<'f> {
    flow: FlowId,
    senders: Cow<'f, SomeModules>,
    target: Target,
}

/// Construction.
impl Topology {
    /// Builds the topology of a manifest. Leaves out routes that do not compile. Allocates.
    ///
    /// ```
    /// use edgeroute_lang::limits::Limits;
    /// use edgeroute_lang::manifest::Manifest;
    /// use edgeroute_analysis::topology::Topology;
    ///
    /// let manifest = Manifest::from_json(r#"{ "schemaVersion": "1.1", "storeAndForwardConfiguration": {}, "routes": {
    ///     "raw": "FROM /messages/modules/sensor/* INTO BrokeredEndpoint(\"/modules/filter/inputs/raw\")",
    ///     "back": "FROM /messages/modules/filter/outputs/echo INTO BrokeredEndpoint(\"/modules/filter/inputs/raw\")"
    /// } }"#)?;
    /// let topology = Topology::of(&manifest, &Limits::default());
    /// let names: Vec<&str> = topology.modules().map(|(_, module)| module.name()).collect();
    /// assert_eq!(names, ["filter", "sensor"]);
    /// assert_eq!(topology.loops().len(), 1);
    /// # Ok::<(), edgeroute_lang::manifest::ManifestError>(())
    /// ```
    #[must_use]
    pub fn of(manifest: &Manifest, limits: &Limits) -> Self {
        Self::with_shadowing(manifest, limits, Shadowing::default())
    }

    /// Same as [`of`](Self::of), for a hub with this shadowing rule. If application properties take precedence over
    /// stamps, a condition on `$connectionModuleId` says nothing about the sender. Allocates.
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
            let Ok(route) = hir::TypedRoute::check(&parsed.tree, parsed.errors, shadowing) else {
                continue;
            };
            let flow = FlowId::new(routes.len());
            let target = modules.target(&route.endpoint, flow);
            routes.push((position, spec, condition, senders.lower(&route.condition), route, target));
        }
        // Sources ignore case, so the modules that they select are known only once all modules are.
        let mut flows = Vec::with_capacity(routes.len());
        let selections: Vec<Selection> = routes
            .iter()
            .enumerate()
            .map(|(index, (.., route, _))| Selection::new(&route.source, FlowId::new(index), &mut modules))
            .collect();
        for ((position, spec, condition, lowered, route, target), selection) in routes.into_iter().zip(selections) {
            let taken = senders.taken(&route.condition, &lowered, &selection, &modules);
            flows.push(Flow {
                position,
                route: spec.route().clone(),
                source: route.source,
                condition,
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

/// Modules and flows.
impl Topology {
    /// Every module: first those that the deployment declares, then those that only endpoints name, then those that
    /// only sources name.
    pub fn modules(&self) -> impl ExactSizeIterator<Item = (ModuleId, &Module)> {
        self.modules.iter().enumerate().map(|(index, module)| (ModuleId::new(index), module))
    }

    /// Every flow, in the order in which the routes are declared.
    pub fn flows(&self) -> impl ExactSizeIterator<Item = (FlowId, &Flow)> {
        self.flows.iter().enumerate().map(|(index, flow)| (FlowId::new(index), flow))
    }

    /// Whether the manifest lists the modules, so that a module that it does not declare is missing.
    #[must_use]
    pub const fn knows_modules(&self) -> bool {
        self.knows_modules
    }

    /// Returns a module; an id from another topology may give `None`.
    #[must_use]
    pub fn module(&self, id: ModuleId) -> Option<&Module> {
        self.modules.get(id.index())
    }

    /// Returns a flow; an id from another topology may give `None`.
    #[must_use]
    pub fn flow(&self, id: FlowId) -> Option<&Flow> {
        self.flows.get(id.index())
    }
}

/// Conclusions.
impl Topology {
    /// Where messages may loop: disjoint sets of modules in which each module can reach every other, ordered by their
    /// first module.
    #[must_use]
    pub fn loops(&self) -> &[Loop] {
        &self.loops
    }

    /// The loops that remain if only these senders are considered for each flow. Flows with `None` are ignored.
    pub(crate) fn loops_of<'s>(&'s self, senders: impl Fn(&'s Flow) -> Option<Cow<'s, SomeModules>>) -> Vec<Loop> {
        let ways: Vec<Way<'_>> = self
            .flows()
            .filter_map(|(id, flow)| Some(Way { flow: id, senders: senders(flow)?, target: flow.target }))
            .collect();
        loops::find(&Graph::new(&self.modules, &ways), &ways)
    }

    /// Whether the flow may bring a message back to a module that it has already passed.
    #[must_use]
    pub fn is_in_loop(&self, flow: FlowId) -> bool {
        self.is_in_loop.get(flow.index()).copied().unwrap_or(false)
    }

    /// Whether messages from the module may reach the cloud, directly or through other modules.
    #[must_use]
    pub fn reaches_upstream(&self, module: ModuleId) -> bool {
        self.reaches_upstream.get(module.index()).copied().unwrap_or(false)
    }

    /// Whether messages from leaf devices may reach the cloud, directly or through modules.
    #[must_use]
    pub fn leaf_devices_reach_upstream(&self) -> bool {
        self.flows.iter().filter(|flow| flow.takes_from_leaf_devices()).any(|flow| match flow.target {
            Target::Upstream => true,
            Target::Input(module, _) => self.reaches_upstream(module),
        })
    }

    /// The flows that may take messages from the module, in order. Examines every flow.
    pub fn flows_from(&self, module: ModuleId) -> impl Iterator<Item = (FlowId, &Flow)> {
        self.flows().filter(move |(_, flow)| flow.takes_from(module))
    }
}

/// Properties of a module.
impl Module {
    /// The module's id, spelled as in the deployment, else as in an endpoint, else as in a source. May be blank: the
    /// reference accepts an endpoint of a module with a blank name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The span of the key that declares the module, in bytes of the manifest's text. `None` if only routes name it.
    /// Whether that is a mistake is known only if the topology [knows its modules](Topology::knows_modules).
    #[must_use]
    pub const fn declared(&self) -> Option<Span> {
        self.declared
    }

    /// The inputs that routes send to, in the order in which they first occur.
    #[must_use]
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// The outputs that routes name, in the order in which they first occur. A module may have others.
    #[must_use]
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }
}

/// Properties of the route.
impl Flow {
    /// The index in [`Manifest::routes`].
    #[must_use]
    pub const fn position(&self) -> usize {
        self.position
    }

    /// The route's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.route.name()
    }

    /// The source, after FROM.
    #[must_use]
    pub const fn source(&self) -> &SourcePattern {
        &self.source
    }

    /// The canonical form of the condition, after WHERE.
    #[must_use]
    pub fn condition(&self) -> Option<&str> {
        self.condition.as_deref()
    }

    /// Its priority.
    #[must_use]
    pub const fn priority(&self) -> Priority {
        self.route.priority()
    }

    /// How long its messages are kept.
    #[must_use]
    pub const fn time_to_live(&self) -> TimeToLive {
        self.route.time_to_live()
    }

    /// The endpoint, after INTO.
    #[must_use]
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

/// Senders and target.
impl Flow {
    /// The senders that its source selects.
    #[must_use]
    pub const fn selection(&self) -> &Selection {
        &self.selection
    }

    /// The end of the flow.
    #[must_use]
    pub const fn target(&self) -> Target {
        self.target
    }

    /// Whether the flow may take messages from leaf devices.
    #[must_use]
    pub const fn takes_from_leaf_devices(&self) -> bool {
        self.taken.leaf_devices
    }

    /// Whether the flow may take twin changes.
    #[must_use]
    pub const fn takes_twin_changes(&self) -> bool {
        self.taken.twin_changes
    }

    /// Whether the flow may take messages from the hub's own sources, such as `/deviceLifecycleEvents`.
    #[must_use]
    pub const fn takes_other_sources(&self) -> bool {
        self.taken.paths
    }

    /// The modules whose messages the flow may take.
    #[must_use]
    pub const fn modules(&self) -> &SomeModules {
        &self.taken.modules
    }

    /// Whether the flow may take messages from this module.
    #[must_use]
    pub fn takes_from(&self, module: ModuleId) -> bool {
        self.taken.modules.contains(module)
    }

    /// Whether no stamped message can match: the condition is never true, or requires a sender that the source does not
    /// select.
    #[must_use]
    pub fn takes_nothing(&self) -> bool {
        let Taken { leaf_devices, twin_changes, paths, modules } = &self.taken;
        !leaf_devices && !twin_changes && !paths && modules.is_none()
    }
}

/// The modules while they are being collected.
#[derive(Default)]
struct Modules {
    all: Vec<Module>,
    by_name: RandomMap<String, ModuleId>,
    /// Keyed by the upper-cased name.
    by_folded_name: RandomMap<String, Vec<ModuleId>>,
    inputs: RandomMap<(ModuleId, String), usize>,
    /// Keyed by the upper-cased name.
    outputs: RandomMap<(ModuleId, String), usize>,
}

impl Modules {
    /// Returns the module with exactly this name, adding it if needed.
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

    /// Returns the modules with this name, ignoring case; at least one.
    fn named_ignoring_case(&mut self, name: &str) -> Vec<ModuleId> {
        if let Some(known) = self.by_folded_name.get(&*fold(name)) {
            return known.clone();
        }
        vec![self.named(name)]
    }

    /// The known modules with this name, ignoring case.
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

    /// Records that `flow` names an output of the module.
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
