//! Messages of leaf devices, which no route takes.
//!
//! # Why
//! Devices that use the hub as their gateway send from `/messages`, without a module. Routes from
//! `/messages/modules/...` do not select that, and what no route takes is dropped. This lint is off unless asked for,
//! since many deployments have no leaf devices.
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

use crate::lint::{Findings, Level, Lint, Pass, RouteSetContext};
use edgeroute_lang::diagnostic::Code;

pub(in crate::lint) const LINT: Lint = Lint {
    code: Code::UnservedLeafDevices,
    name: "unserved-leaf-devices",
    level: Level::Allow,
    fixes: None,
    pass: Pass::Set(check),
};

fn check(set: &RouteSetContext<'_>, findings: &mut Findings<'_>) {
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
        .diagnostic(source.span, "no route takes what leaf devices send")
        .with_label("nor does any other route")
        .with_help("they send from /messages: `FROM /messages/* WHERE not is_defined($connectionModuleId)` takes that");
    findings.add(subject.index, diagnostic);
}
