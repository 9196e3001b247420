//! The parts that do not depend on the evaluation of conditions: parsing routes and manifests, and matching sources.

use edgeroute_lang::diagnostic::{Code, Diagnostic};
use edgeroute_lang::endpoint::Endpoint;
use edgeroute_lang::hir::{Shadowing, TypedRoute};
use edgeroute_lang::limits::Limits;
use edgeroute_lang::manifest::Manifest;
use edgeroute_lang::message::{Message, MessageSource, NoProperties, Origin, Properties};
use edgeroute_lang::source::SourcePattern;
use edgeroute_lang::syntax;

use crate::compare::Refusal;
use crate::corpus::VectorMessage;

/// The name of the edge device in the vectors.
pub(crate) const EDGE_DEVICE: &str = "edge";

/// A route, parsed.
pub(crate) struct RouteParts {
    pub(crate) source: String,
    /// Its text; `true` if the route has no condition.
    pub(crate) condition: String,
    /// In the form of the vectors.
    pub(crate) endpoint: String,
}

/// A manifest, read.
pub(crate) struct ManifestParts {
    pub(crate) schema_version: String,
    pub(crate) time_to_live_secs: i64,
    pub(crate) routes: Vec<ManifestRouteParts>,
}

pub(crate) struct ManifestRouteParts {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) priority: u32,
    pub(crate) ttl: u32,
    pub(crate) parts: RouteParts,
    /// Whether its condition compiles.
    pub(crate) compiles: bool,
}

/// Parses a route like the reference's parser, which leaves four errors of a condition to its compiler.
pub(crate) fn parse_route(text: &str) -> Result<RouteParts, Refusal> {
    let is_let_through = |found: &Diagnostic| {
        let codes =
            [Code::UnknownCharacter, Code::SurplusParenthesis, Code::MissingParenthesis, Code::UnterminatedString];
        codes.contains(&found.code)
    };
    let parsed = syntax::parse_route(text, &Limits::default());
    let endpoint = parsed.tree.sink.as_ref().map(Endpoint::from_sink);
    match (&parsed.tree.source, endpoint) {
        (Some(source), Some(Ok(endpoint))) if parsed.errors.iter().all(is_let_through) => Ok(RouteParts {
            source: SourcePattern::new(&source.path).as_str().to_owned(),
            condition: match &parsed.tree.condition {
                Some(condition) => condition.span().slice(text).to_owned(),
                None => "true".to_owned(),
            },
            endpoint: endpoint_id(&endpoint),
        }),
        (_, endpoint) => {
            let mut diagnostics = parsed.errors;
            diagnostics.extend(endpoint.and_then(Result::err).map(|error| *error));
            Err(Refusal { text: text.to_owned(), diagnostics })
        }
    }
}

/// Reads a manifest, and parses its routes without compiling their conditions.
pub(crate) fn parse_manifest(json: &str) -> Result<ManifestParts, Refusal> {
    let refusal = |diagnostics| Refusal { text: json.to_owned(), diagnostics };
    let manifest = Manifest::from_json(json)
        .map_err(|error| refusal(error.problems().iter().map(|problem| problem.diagnostic().clone()).collect()))?;
    let routes = manifest.routes().iter().map(|route| {
        let parts = parse_route(route.text()).map_err(|error| {
            refusal(error.diagnostics.into_iter().map(|found| route.locate_diagnostic(found)).collect())
        })?;
        Ok(ManifestRouteParts {
            name: route.name().to_owned(),
            value: route.text().to_owned(),
            priority: route.priority().get(),
            ttl: route.time_to_live().as_secs(),
            parts,
            compiles: TypedRoute::compile(route.text(), Shadowing::default(), &Limits::default()).is_ok(),
        })
    });
    Ok(ManifestParts {
        schema_version: manifest.schema_version().map(ToString::to_string).unwrap_or_default(),
        time_to_live_secs: manifest.store_and_forward().map_or(0, |store| store.time_to_live_secs().into()),
        routes: routes.collect::<Result<_, Refusal>>()?,
    })
}

/// Whether a route with one source selects messages from another.
pub(crate) fn source_matches(route_source: &str, message_source: &str) -> bool {
    SourcePattern::new(route_source).matches(MessageSource::Other(message_source))
}

/// Writes an endpoint in the form of the vectors.
pub(crate) fn endpoint_id(endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::Upstream => "iothub".to_owned(),
        Endpoint::Module { module, input } => format!("{EDGE_DEVICE}/{module}/{input}"),
    }
}

impl VectorMessage {
    /// The sender: the vectors' messages are already stamped. Without a module name, it is a leaf device.
    pub(crate) fn origin(&self) -> Origin<'_> {
        let origin = match Origin::from_system_properties(&self.system_properties) {
            Ok(origin) => origin,
            Err(_) => Origin::from_system_properties(&NoProperties).unwrap_or(Origin::device("")),
        };
        self.source.as_ref().map_or(origin, |source| origin.with_source(source))
    }

    /// The message, with another origin.
    pub(crate) fn with_origin<'m>(&'m self, origin: Origin<'m>) -> Message<'m, impl Properties, impl Properties> {
        Message::new(origin).properties(&self.properties).system_properties(&self.system_properties).body(&self.body)
    }
}
