//! Finds the modules that certainly send messages, and routes that certainly take all of them, among which loops are
//! searched for.
//!
//! A route from `/messages/*` selects the messages of every module, but many modules send nothing. Only a module that
//! some route names as its source is assumed to send. Only routes from all outputs of a module count, whose condition
//! is true for every message of the module: the author of a route from one output, or for messages with certain
//! properties or from a certain device, has already separated requests from answers.

use core::cell::Cell;
use std::borrow::Cow;

use crate::lint::RouteSetContext;
use crate::topology::{Flow, ModuleId, Outputs, Selection, SomeModules, Topology, holds_for_module};
use edgeroute_lang::hir::reads_stamps;

/// The most pairs of a route and a module that are examined one by one.
const PAIRS: usize = 4_000_000;

/// The most nodes of conditions that are evaluated for single modules.
const NODES: usize = 1_000_000;

/// The modules that some route names as a source, by id.
pub(super) struct Senders<'s> {
    set: &'s RouteSetContext<'s>,
    topology: &'s Topology,
    is_named: Vec<bool>,
    /// Whether routes from all modules are counted; false if there are too many of these routes and modules.
    counts_wide: bool,
    /// What is left of [`NODES`].
    nodes_left: Cell<usize>,
}

impl<'s> Senders<'s> {
    pub(super) fn of(set: &'s RouteSetContext<'s>, topology: &'s Topology) -> Self {
        let mut is_named = vec![false; topology.modules().len()];
        let mut wide = 0;
        for (_, flow) in topology.flows() {
            if let Selection::Module { modules, .. } = flow.selection() {
                for module in modules {
                    if let Some(is_named) = is_named.get_mut(module.index()) {
                        *is_named = true;
                    }
                }
            } else if flow.selection().is_wide() {
                wide += 1;
            }
        }
        let counts_wide = is_named.len().saturating_mul(wide) <= PAIRS;
        Self { set, topology, is_named, counts_wide, nodes_left: Cell::new(NODES) }
    }

    /// The modules of which the flow takes all messages. `None` if the flow does not count.
    pub(super) fn of_flow<'f>(&self, flow: &'f Flow) -> Option<Cow<'f, SomeModules>> {
        let subject = self.set.subject_at(flow.position())?;
        let condition = &subject.typed.condition;
        let is_always_true = subject.tree.condition.is_none();
        let mut ids: Vec<ModuleId> = match flow.selection() {
            Selection::Module { outputs: Outputs::Any | Outputs::Named, .. } if is_always_true => {
                return Some(Cow::Borrowed(flow.modules()));
            }
            Selection::Module { outputs: Outputs::Any | Outputs::Named, modules } => modules.clone(),
            selection if selection.is_wide() && self.counts_wide => {
                let named = self.is_named.iter().enumerate().filter(|(_, is_named)| **is_named);
                named.map(|(index, _)| ModuleId::new(index)).collect()
            }
            _ => return None,
        };
        ids.retain(|id| flow.takes_from(*id));
        if is_always_true || ids.is_empty() {
            return Some(Cow::Owned(SomeModules::Only(ids)));
        }
        if reads_stamps(condition) {
            ids.retain(|id| {
                let Some(nodes_left) = self.nodes_left.get().checked_sub(condition.nodes().len()) else {
                    return false;
                };
                self.nodes_left.set(nodes_left);
                self.topology.module(*id).is_some_and(|module| holds_for_module(condition, module.name()))
            });
        } else if !holds_for_module(condition, "") {
            return None;
        }
        Some(Cow::Owned(SomeModules::Only(ids)))
    }
}
