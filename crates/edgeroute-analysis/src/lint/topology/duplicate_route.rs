//! Two routes that take the same messages to the same endpoint.
//!
//! # Why
//! The endpoint gets each message once, so one of the routes does nothing.
//! Often one of them was meant to have another sink.
//! This is proved: the conditions are true for the same messages, however they are written.
//!
//! # Example
//! ```json W0305
//! {
//!   "schemaVersion": "1.0",
//!   "routes": {
//!     "hot": "FROM /messages/* WHERE level = 'critical' and site = 'plant1' INTO $upstream",
//!     "urgent": "FROM /messages/* WHERE site = 'plant1' and level = 'critical' INTO $upstream"
//!   },
//!   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
//! }
//! ```
//!
//! # Use instead
//! ```json
//! {
//!   "schemaVersion": "1.0",
//!   "routes": {
//!     "hot": "FROM /messages/* WHERE level = 'critical' and site = 'plant1' INTO $upstream"
//!   },
//!   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
//! }
//! ```

use super::relations::RelationKind;
use crate::lint::{Findings, Level, Lint, Pass, Related, RouteSetContext};
use edgeroute_lang::diagnostic::Code;

pub(in crate::lint) const LINT: Lint = Lint {
    code: Code::DuplicateRoute,
    name: "duplicate-route",
    level: Level::Warn,
    fixes: None,
    pass: Pass::Set(check),
};

fn check(set: &RouteSetContext<'_>, findings: &mut Findings<'_>) {
    for (loser, winner, _) in set.related(findings.reasoner, |kind| kind == RelationKind::Duplicate) {
        let message = format!("this route takes the same messages to the same endpoint as `{}`", winner.name);
        let diagnostic = findings.diagnostic(loser.route_span(), message).with_label("delivers nothing of its own");
        let related =
            Related { route: winner.index, span: winner.route_span(), text: "takes the same messages".to_owned() };
        findings.add_related(loser.index, diagnostic.with_help("remove one of them"), vec![related]);
    }
}
