//! No route for messages of leaf devices.
//!
//! # Why
//! Devices that use the hub as their gateway send from `/messages`, without a module.
//! Routes from `/messages/modules/...` do not select their messages, and the hub drops messages that no route takes.
//! This lint is off by default, because many deployments have no leaf devices.
//!
//! # Example
//! ```json W0311
//! {
//!   "schemaVersion": "1.0",
//!   "routes": { "up": "FROM /messages/modules/* INTO $upstream" },
//!   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
//! }
//! ```
//!
//! # Use instead
//! ```json
//! {
//!   "schemaVersion": "1.0",
//!   "routes": {
//!     "up": "FROM /messages/modules/* INTO $upstream",
//!     "leaves": "FROM /messages/* WHERE NOT IS_DEFINED($connectionModuleId) INTO $upstream"
//!   },
//!   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
//! }
//! ```

use crate::diagnostic::Code;
use crate::lint::{Findings, Level, Lint, Pass, Set};

pub(in crate::lint) const LINT: Lint = Lint {
    code: Code::UnservedLeafDevices,
    name: "unserved-leaf-devices",
    level: Level::Allow,
    fixes: None,
    pass: Pass::Set(check),
};

fn check(set: &Set<'_>, findings: &mut Findings<'_>) {
    let Some((_, topology)) = set.manifest.filter(|_| set.is_complete) else {
        return;
    };
    if topology.flows().any(|(_, flow)| flow.takes_from_leaf_devices()) {
        return;
    }
    let Some((subject, source)) = set.subjects.first().and_then(|first| Some((first, first.tree.source.as_ref()?)))
    else {
        return;
    };
    let diagnostic = findings
        .diagnostic(source.span, "no route takes messages from leaf devices")
        .with_label("no route matches messages from leaf devices")
        .with_help("to take them, use `FROM /messages/* WHERE not is_defined($connectionModuleId)`");
    findings.add(subject.index, diagnostic);
}
