//! Deployment manifests: reads routes with their names and priorities from JSON.
//!
//! It reads the hub's desired properties, schema 1.0 to 1.3, alone or inside a deployment (`modulesContent`), and the
//! dotted keys of layered deployments. The rules are those of the reference: which keys ignore case, which numbers may
//! be strings, which value of duplicate keys counts. The JSON itself must be strict (RFC 8259). Of the modules only the
//! names are read. Anything that the hub's routing does not use (`mqttBroker`, `integrity`, unknown keys) must be valid
//! JSON and is otherwise ignored.
//!
//! All problems are found in one pass, each with its line and column in the file and the name of its route. There are
//! two policies: [`Manifest::from_json`] refuses a manifest with any problem; [`Manifest::parse`] also returns the good
//! routes of a manifest if only other routes have problems.
//!
//! The cost is a few passes over the text, for every input: linear in time and memory, without recursion. The texts of
//! the routes are not parsed here; [`RouteSpec::locate`] maps a place in one of them to the file.

mod document;
mod edit;
mod embedded;
mod fingerprint;
mod foreign;
mod json;
mod layered;
mod located_text;
mod merge;
mod module_spec;
mod number;
mod placeholder;
mod problem;
mod read;
mod route_spec;
mod schema_version;
mod store_and_forward;
mod survey;
#[cfg(test)]
mod tests;

pub use edit::{Edited, apply};
pub use embedded::{Embedded, EmbeddedForm, embedded_manifests};
pub use fingerprint::{Fingerprint, InvalidFingerprint};
pub use json::json_error;
pub use merge::{MergeError, merge};
pub use module_spec::ModuleSpec;
pub use problem::{ManifestError, ManifestProblem};
pub use route_spec::RouteSpec;
pub use schema_version::SchemaVersion;
pub use store_and_forward::{Retention, StoreAndForward, StoreLimits};
pub use survey::{ConvertedNumber, RepeatedKey, RouteKey, Section, Survey, UnknownKey, survey};

use core::str::FromStr;

use problem::Problems;

/// The routes of a hub, and the other settings of its deployment.
///
/// ```
/// use edgeroute::Manifest;
///
/// let manifest = Manifest::from_json(r#"{
///     "schemaVersion": "1.2",
///     "routes": {
///         "alerts": { "route": "FROM /messages/* WHERE level = 'critical' INTO $upstream", "priority": 0 },
///         "rest": "FROM /messages/* INTO $upstream"
///     },
///     "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
/// }"#)?;
/// let names: Vec<&str> = manifest.routes().iter().map(|route| route.name()).collect();
/// assert_eq!(names, ["alerts", "rest"]);
/// assert!(manifest.routes()[0].priority() < manifest.routes()[1].priority());
/// # Ok::<(), edgeroute_lang::manifest::ManifestError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Manifest {
    schema_version: Option<SchemaVersion>,
    /// All names are different.
    routes: Vec<RouteSpec>,
    store_and_forward: Option<StoreAndForward>,
    modules: Option<Vec<ModuleSpec>>,
}

/// The result of reading a manifest.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Parsed {
    /// The manifest, with the routes that have no problem. `None` if something other than a route has a problem,
    /// because even the good routes may then not mean what they seem to.
    pub manifest: Option<Manifest>,
    /// The routes that could be read but must not be used: those with a problem here, or all of them if there is no
    /// manifest. In the order of the text. With them, the errors in their texts can be reported together with the other
    /// problems.
    pub unusable_routes: Vec<RouteSpec>,
    /// Every problem, in the order of the text.
    pub problems: Vec<ManifestProblem>,
}

/// Reading.
impl Manifest {
    /// Reads a manifest and refuses it if it has any problem. Allocates.
    ///
    /// # Errors
    /// Every problem, with its position and the name of its route.
    ///
    /// ```
    /// use edgeroute::Manifest;
    ///
    /// let json = "{
    ///   \"schemaVersion\": \"1.1\",
    ///   \"routes\": { \"up\": { \"route\": \"FROM /* INTO $upstream\", \"priority\": 12 } },
    ///   \"storeAndForwardConfiguration\": { \"timeToLiveSecs\": 7200.5 }
    /// }";
    /// let error = Manifest::from_json(json).unwrap_err();
    /// let lines: Vec<String> = error.problems().iter().map(|problem| problem.to_string()).collect();
    /// assert_eq!(lines, [
    ///     "3:70: E0406: route `up`: `priority` must be a whole number from 0 to 9, found 12",
    ///     "4:55: E0403: `timeToLiveSecs` must be a whole number of seconds (negative for no limit), found 7200.5",
    /// ]);
    /// ```
    pub fn from_json(text: &str) -> Result<Self, ManifestError> {
        match Self::parse(text) {
            Parsed { manifest: Some(manifest), problems, .. } if problems.is_empty() => Ok(manifest),
            Parsed { problems, .. } => Err(ManifestError::new(problems)),
        }
    }

    /// Reads a manifest and keeps its good routes. Routes with problems are left out and reported by name. Allocates.
    #[must_use]
    pub fn parse(text: &str) -> Parsed {
        let mut problems = Problems::default();
        let (mut manifest, mut unusable_routes) = (None, Vec::new());
        match document::hub_properties(text) {
            Ok(properties) => {
                let (read, faulty) = read::read(properties, &mut problems);
                unusable_routes = faulty;
                if problems.spoil_the_manifest() {
                    unusable_routes.extend(read.routes);
                    unusable_routes.sort_by_key(RouteSpec::text_span);
                } else {
                    manifest = Some(read);
                }
            }
            Err(diagnostic) => problems.add(*diagnostic),
        }
        Parsed { manifest, unusable_routes, problems: problems.in_order_of(text) }
    }
}

/// The same as [`Manifest::from_json`].
impl FromStr for Manifest {
    type Err = ManifestError;

    fn from_str(text: &str) -> Result<Self, ManifestError> {
        Self::from_json(text)
    }
}

/// Getters.
impl Manifest {
    /// Returns the schema version. `None` for a layered deployment, which may leave it to its base.
    #[must_use]
    pub const fn schema_version(&self) -> Option<&SchemaVersion> {
        self.schema_version.as_ref()
    }

    /// Returns the routes in the order of the manifest (SEMANTICS#manifest-order), each name once.
    #[must_use]
    pub fn routes(&self) -> &[RouteSpec] {
        &self.routes
    }

    /// Returns the route whose JSON string contains byte `offset` of the manifest's text, and the byte of the route's
    /// [text](RouteSpec::text) that `offset` maps to ([`RouteSpec::offset_in_text`]). `None` between routes, and in names
    /// and other settings. Costs a comparison for each route, and a binary search of the escapes of the one found.
    ///
    /// ```
    /// use edgeroute::Manifest;
    ///
    /// let json = r#"{"schemaVersion": "1.1", "storeAndForwardConfiguration": {}, "routes": {
    ///     "all": "FROM /* INTO $upstream", "leaf": "FROM /messages INTO $upstream" }}"#;
    /// let manifest = Manifest::from_json(json)?;
    /// let cursor = json.find("/messages").and_then(|at| u32::try_from(at).ok()).unwrap_or_default();
    /// assert_eq!(manifest.route_at(cursor).map(|(route, offset)| (route.name(), offset)), Some(("leaf", 5)));
    /// assert_eq!(manifest.route_at(0), None);
    /// # Ok::<(), edgeroute_lang::manifest::ManifestError>(())
    /// ```
    #[must_use]
    pub fn route_at(&self, offset: u32) -> Option<(&RouteSpec, u32)> {
        // The routes are not in the order of the text if there are duplicate names.
        self.routes.iter().find_map(|route| Some((route, route.offset_in_text(offset)?)))
    }

    /// Returns the hub's store-and-forward configuration. `None` for a layered deployment, which may leave it to its
    /// base.
    #[must_use]
    pub const fn store_and_forward(&self) -> Option<&StoreAndForward> {
        self.store_and_forward.as_ref()
    }

    /// Returns the modules that the deployment installs, in the order of the text, each name once. `None` if the
    /// document does not list them: the hub's properties alone, and layered deployments, whose base has more.
    ///
    /// ```
    /// use edgeroute::Manifest;
    ///
    /// let manifest = Manifest::from_json(r#"{ "modulesContent": {
    ///     "$edgeAgent": { "properties.desired": { "modules": { "sensor": {}, "filter": {} } } },
    ///     "$edgeHub": { "properties.desired": {
    ///         "schemaVersion": "1.1", "routes": {}, "storeAndForwardConfiguration": {} } }
    /// } }"#)?;
    /// let names: Vec<&str> = manifest.modules().into_iter().flatten().map(|module| module.name()).collect();
    /// assert_eq!(names, ["sensor", "filter"]);
    /// # Ok::<(), edgeroute_lang::manifest::ManifestError>(())
    /// ```
    #[must_use]
    pub fn modules(&self) -> Option<&[ModuleSpec]> {
        self.modules.as_deref()
    }
}
