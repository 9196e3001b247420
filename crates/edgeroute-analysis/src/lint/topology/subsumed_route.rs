//! A route made superfluous by another.
//!
//! # Why
//! Another route to the same endpoint takes every message that this one takes,
//! and either takes precedence or delivers on the same terms.
//! So this route changes no delivery.
//! This is proved from the conditions, the sources and the priorities.
//!
//! # Example
//! ```json W0306
//! {
//!   "schemaVersion": "1.0",
//!   "routes": {
//!     "hot": "FROM /messages/* WHERE as_number(temp) > 80 INTO $upstream",
//!     "hotter": "FROM /messages/* WHERE as_number(temp) > 90 and site = 'plant1' INTO $upstream"
//!   },
//!   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
//! }
//! ```
//!
//! # Use instead
//! Give the route its own priority if its messages should be sent first; otherwise remove it:
//! ```json
//! {
//!   "schemaVersion": "1.1",
//!   "routes": {
//!     "hot": "FROM /messages/* WHERE as_number(temp) > 80 INTO $upstream",
//!     "hotter": {
//!       "route": "FROM /messages/* WHERE as_number(temp) > 90 and site = 'plant1' INTO $upstream",
//!       "priority": 0
//!     }
//!   },
//!   "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
//! }
//! ```

use super::relations::RelationKind;
use crate::lint::{Findings, Level, Lint, Pass, Related, RouteSetContext};
use edgeroute_lang::diagnostic::Code;

pub(in crate::lint) const LINT: Lint =
    Lint { code: Code::SubsumedRoute, name: "subsumed-route", level: Level::Warn, fixes: None, pass: Pass::Set(check) };

fn check(set: &RouteSetContext<'_>, findings: &mut Findings<'_>) {
    let is_meant = |kind| matches!(kind, RelationKind::Superfluous | RelationKind::Outranked);
    for (loser, winner, kind) in set.related(findings.reasoner, is_meant) {
        let (message, label) = match kind {
            RelationKind::Outranked => {
                (format!("`{}` takes every message of this route at a higher priority", winner.name), "never delivers")
            }
            _ => (
                format!("`{}` takes every message of this route to the same endpoint", winner.name),
                "delivers nothing of its own",
            ),
        };
        let diagnostic = findings.diagnostic(loser.route_span(), message).with_label(label);
        let related =
            Related { route: winner.index, span: winner.route_span(), text: "takes all of its messages".to_owned() };
        let help = match kind {
            RelationKind::Outranked => "give it a higher priority (a lower number), or remove it",
            _ => "remove it, or give it a higher priority if its messages should be sent first",
        };
        findings.add_related(loser.index, diagnostic.with_help(help), vec![related]);
    }
}
