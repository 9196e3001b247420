//! A module that no route takes from or sends to.
//!
//! # Why
//! The module is installed, but no message from it or to it passes through the hub.
//! This lint is off by default, because many modules, such as databases, do not use the hub.
//!
//! # Example
//! ```json W0310
//! {
//!   "$edgeAgent": { "properties.desired": { "modules": { "sensor": {}, "filter": {} } } },
//!   "$edgeHub": { "properties.desired": {
//!     "schemaVersion": "1.0",
//!     "routes": { "up": "FROM /messages/modules/sensor/* INTO $upstream" },
//!     "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
//!   } }
//! }
//! ```
//!
//! # Use instead
//! ```json
//! {
//!   "$edgeAgent": { "properties.desired": { "modules": { "sensor": {}, "filter": {} } } },
//!   "$edgeHub": { "properties.desired": {
//!     "schemaVersion": "1.0",
//!     "routes": {
//!       "in": "FROM /messages/modules/sensor/* INTO BrokeredEndpoint(\"/modules/filter/inputs/in\")",
//!       "up": "FROM /messages/modules/filter/* INTO $upstream",
//!       "leaves": "FROM /messages/* WHERE NOT IS_DEFINED($connectionModuleId) INTO $upstream"
//!     },
//!     "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
//!   } }
//! }
//! ```

use crate::diagnostic::Code;
use crate::lint::{Findings, Level, Lint, Pass, Set};

pub(in crate::lint) const LINT: Lint = Lint {
    code: Code::UnreachedModule,
    name: "unreached-module",
    level: Level::Allow,
    fixes: None,
    pass: Pass::Set(check),
};

fn check(set: &Set<'_>, findings: &mut Findings<'_>) {
    let Some((_, topology)) = set.manifest.filter(|_| set.is_complete) else {
        return;
    };
    for (id, module) in topology.modules() {
        let Some(declared) = module.declared().filter(|_| module.inputs().is_empty()) else {
            continue;
        };
        if topology.flows_from(id).next().is_none() {
            let message = format!("no route takes messages from the module `{}` or sends any to it", module.name());
            let diagnostic = findings.diagnostic(declared, message).with_label("installed here");
            findings.add_to_manifest(diagnostic);
        }
    }
}
