//! Lints about the manifest around the routes.

mod converted_number;
mod duplicate_key;
mod no_routes;
mod refused_route_name;
mod unknown_key;

use super::Lint;

/// The lints of this group, in the order of their codes.
pub(super) const LINTS: &[&Lint] =
    &[&duplicate_key::LINT, &unknown_key::LINT, &converted_number::LINT, &refused_route_name::LINT, &no_routes::LINT];
