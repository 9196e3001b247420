//! No route to the cloud.
//!
//! # Why
//! Without a route into `$upstream` no message leaves the device.
//! That may be intended on a device that works alone.
//! More often the route was forgotten, or a partial manifest was deployed as a whole one.
//!
//! # Example
//! ```json W0309
//! {
//!   "schemaVersion": "1.0",
//!   "routes": { "in": "FROM /messages/modules/sensor/* INTO BrokeredEndpoint(\"/modules/filter/inputs/in\")" },
//!   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
//! }
//! ```
//!
//! # Use instead
//! ```json
//! {
//!   "schemaVersion": "1.0",
//!   "routes": {
//!     "in": "FROM /messages/modules/sensor/* INTO BrokeredEndpoint(\"/modules/filter/inputs/in\")",
//!     "up": "FROM /messages/modules/filter/* INTO $upstream"
//!   },
//!   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
//! }
//! ```

use crate::diagnostic::Code;
use crate::endpoint::Endpoint;
use crate::lint::{Findings, Level, Lint, Pass, Set};

pub(in crate::lint) const LINT: Lint = Lint {
    code: Code::NoWayUpstream,
    name: "no-way-upstream",
    level: Level::Warn,
    fixes: None,
    pass: Pass::Set(check),
};

fn check(set: &Set<'_>, findings: &mut Findings<'_>) {
    let is_upstream = |endpoint: &Endpoint| *endpoint == Endpoint::Upstream;
    if set.manifest.is_none()
        || !set.is_complete
        || set.subjects.iter().any(|subject| is_upstream(&subject.typed.endpoint))
    {
        return;
    }
    let Some((subject, sink)) = set.subjects.first().and_then(|first| Some((first, first.tree.sink.as_ref()?))) else {
        return;
    };
    let label = match set.subjects.len() {
        1 => "the only route delivers on the device".to_owned(),
        2 => "this route and one other deliver on the device".to_owned(),
        count => format!("this route and {} others deliver on the device", count - 1),
    };
    let diagnostic = findings
        .diagnostic(sink.span, "no route leads to the cloud")
        .with_label(label)
        .with_help("add a route INTO $upstream; without one, no message leaves the device");
    findings.add(subject.index, diagnostic);
}
