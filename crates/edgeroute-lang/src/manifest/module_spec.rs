//! The modules that a deployment installs, which its routes can receive messages from and send them to.
//!
//! These are the keys of `$edgeAgent` -> `properties.desired` -> `modules`, those that dotted keys add, and the modules
//! that have desired properties next to the two system modules. The settings of a module are not read.

use std::collections::HashSet;

use super::json::{Kind, Member, Node};
use crate::span::Span;

pub(super) const AGENT: &str = "$edgeAgent";
const DESIRED: &str = "properties.desired";
const MODULES: &str = "modules";
const DOTTED: &str = "properties.desired.modules.";

/// A module as a deployment declares it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ModuleSpec {
    name: String,
    name_span: Span,
}

impl ModuleSpec {
    /// Returns the module's id as the deployment spells it. It is unique in the deployment.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the span of the key that names the module, with its quotes, in bytes of the manifest's text; for a
    /// module of a layered deployment, the whole dotted key.
    #[must_use]
    pub const fn name_span(&self) -> Span {
        self.name_span
    }
}

/// Reads the modules of a deployment whose `modulesContent` has these members, in the order of the text. `None` if the
/// deployment does not list its modules: a layered one, whose base has more, and one without an agent.
pub(super) fn read(contents: &[Member<'_>]) -> Option<Vec<ModuleSpec>> {
    let agent = last(contents, AGENT)?.members();
    let installed = last(&last(&agent, DESIRED)?.members(), MODULES).filter(|modules| modules.is_object())?;
    let mut modules = Vec::new();
    let mut add = |name: &str, span, value: Node<'_>| {
        if value.kind() != Kind::Null {
            modules.push(ModuleSpec { name: name.to_owned(), name_span: span });
        }
    };
    for member in installed.members() {
        add(&member.key.name, member.key.span, member.value);
    }
    for member in &agent {
        if let Some(name) = member.key.name.strip_prefix(DOTTED).filter(|_| member.value.is_object()) {
            add(name, member.key.span, member.value);
        }
    }
    for member in contents.iter().filter(|member| !member.key.name.starts_with('$')) {
        add(&member.key.name, member.key.span, member.value);
    }
    let mut seen = HashSet::new();
    modules.retain(|module| seen.insert(module.name.clone()));
    modules.sort_by_key(|module| module.name_span);
    Some(modules)
}

/// Of duplicate keys the last counts.
fn last<'t>(members: &[Member<'t>], name: &str) -> Option<Node<'t>> {
    members.iter().rev().find(|member| member.key.name == name).map(|member| member.value)
}
