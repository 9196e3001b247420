//! Finds the modules that certainly send messages, among which loops are searched for.
//!
//! A route from `/messages/*` selects the messages of every module, but many modules send nothing. Only a module that
//! some route names as its source is assumed to send. Only routes from all outputs of a module count: the author of a
//! route from one output has already separated requests from answers.

use std::borrow::Cow;

use crate::topology::{Flow, ModuleId, Outputs, Selection, SomeModules, Topology};

/// The most pairs of a route and a module that are examined one by one.
const PAIRS: usize = 4_000_000;

/// The modules that some route names as a source, by id.
pub(super) struct Senders {
    is_named: Vec<bool>,
    /// Whether routes from all modules are counted; false if there are too many of these routes and modules.
    counts_wide: bool,
}

impl Senders {
    pub(super) fn of(topology: &Topology) -> Self {
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
        Self { is_named, counts_wide }
    }

    /// The modules of which the flow may take all messages. `None` if the flow does not count.
    pub(super) fn of_flow<'f>(&self, flow: &'f Flow) -> Option<Cow<'f, SomeModules>> {
        match flow.selection() {
            Selection::Module { outputs: Outputs::Any | Outputs::Named, .. } => Some(Cow::Borrowed(flow.modules())),
            selection if selection.is_wide() && self.counts_wide => {
                let named = self.is_named.iter().enumerate().filter(|(_, is_named)| **is_named);
                let ids = named.map(|(index, _)| ModuleId::new(index)).filter(|id| flow.takes_from(*id));
                Some(Cow::Owned(SomeModules::Only(ids.collect())))
            }
            _ => None,
        }
    }
}
