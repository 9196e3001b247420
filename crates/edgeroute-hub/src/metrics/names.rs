//! Labels for clients and their outputs. A client chooses the names of its outputs, so they are bounded.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{PoisonError, RwLock};

use super::series::Label;
use crate::identity::ClientId;

/// The most clients with a label of their own.
const MOST_CLIENTS: usize = 10_000;
/// The most outputs of a client with a label of their own.
pub(super) const MOST_OUTPUTS: usize = 32;
/// The most outputs of all clients with a label of their own.
const MOST_OUTPUTS_IN_ALL: usize = 2_000;
/// The longest name of an output in a label, in bytes.
const LONGEST_OUTPUT: usize = 128;

#[derive(Debug, Default)]
pub(super) struct Names {
    known: RwLock<Known>,
}

#[derive(Debug, Default)]
struct Known {
    clients: BTreeMap<ClientId, Client>,
    outputs: usize,
}

#[derive(Debug)]
struct Client {
    label: Label,
    outputs: BTreeSet<Label>,
}

impl Names {
    /// Returns the label of a client.
    pub(super) fn client(&self, client: &ClientId) -> Label {
        if let Some(known) = self.known.read().unwrap_or_else(PoisonError::into_inner).clients.get(client) {
            return known.label.clone();
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.client(client).map_or(Label::OTHER, |client| client.label.clone())
    }

    /// Returns the labels of a client and of one of its outputs.
    pub(super) fn output(&self, client: &ClientId, output: Option<&str>) -> (Label, Label) {
        let Some(output) = output else {
            return (self.client(client), Label::EMPTY);
        };
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((label, output)) = known.clients.get(client).and_then(|client| {
            // The set is small: a scan needs no owned key.
            let found = client.outputs.iter().find(|known| known.as_str() == output)?;
            Some((client.label.clone(), found.clone()))
        }) {
            return (label, output);
        }
        drop(known);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let has_space = known.outputs < MOST_OUTPUTS_IN_ALL;
        let Some(client) = known.client(client) else {
            return (Label::OTHER, Label::OTHER);
        };
        let label = client.label.clone();
        if !has_space || client.outputs.len() >= MOST_OUTPUTS || output.len() > LONGEST_OUTPUT {
            return (label, Label::OTHER);
        }
        let output = Label::from(output);
        if client.outputs.insert(output.clone()) {
            known.outputs += 1;
        }
        (label, output)
    }

    /// Whether a client has a label.
    pub(super) fn knows(&self, client: &ClientId) -> bool {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clients.contains_key(client)
    }
}

impl Known {
    fn client(&mut self, client: &ClientId) -> Option<&mut Client> {
        if self.clients.len() >= MOST_CLIENTS && !self.clients.contains_key(client) {
            return None;
        }
        let new = || Client { label: Label::from(client.to_string().as_str()), outputs: BTreeSet::new() };
        Some(self.clients.entry(client.clone()).or_insert_with(new))
    }
}
