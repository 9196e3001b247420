//! What formatting must keep: the meaning of routes, and everything around them in a manifest.

use edgeroute_lang::hir::{Shadowing, TypedRoute};
use edgeroute_lang::limits::Limits;
use edgeroute_lang::manifest::{Manifest, RouteSpec};

/// The source, typed condition and endpoint of a route, or the codes of its errors.
pub fn meaning(text: &str) -> String {
    match TypedRoute::compile(text, Shadowing::default(), &Limits::default()) {
        Ok(route) => format!("{} {:?} {}", route.source, route.condition, route.endpoint),
        Err(errors) => format!("{:?}", errors.iter().map(|error| error.code).collect::<Vec<_>>()),
    }
}

/// The parts of a manifest around the texts of its routes, and the routes, in the order of the manifest.
pub fn routes_and_surroundings(text: &str) -> (Vec<&str>, Vec<RouteSpec>) {
    let parsed = Manifest::parse(text);
    let mut routes: Vec<RouteSpec> = parsed.manifest.iter().flat_map(Manifest::routes).cloned().collect();
    routes.extend(parsed.unusable_routes);
    routes.sort_by_key(RouteSpec::text_span);
    let mut around = Vec::new();
    let mut at = 0;
    for route in &routes {
        let span = route.text_span().range();
        around.push(&text[at..=span.start]);
        at = span.end - 1;
    }
    around.push(&text[at..]);
    (around, routes)
}
