//! The input: routes with the settings around them.

use edgeroute_lang::manifest::Manifest;
use edgeroute_lang::route::Route;

/// A set of routes as a hub gets it, with its settings.
///
/// ```
/// use edgeroute::{Manifest, Route};
/// use edgeroute_analysis::diff::Declared;
///
/// let of_routes = Declared::new([Route::new("all", "FROM /* INTO $upstream")]);
/// let manifest = Manifest::from_json(r#"{"schemaVersion": "1.1", "storeAndForwardConfiguration": {},
///     "routes": {"all": "FROM /* INTO $upstream"}}"#)?;
/// assert_eq!(Declared::from(&manifest).routes(), of_routes.routes());
/// # Ok::<(), edgeroute_lang::manifest::ManifestError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Declared {
    routes: Vec<Route>,
    fallback: Option<Route>,
    settings: Vec<(Setting, String)>,
}

/// A setting that is not part of a route.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Setting {
    /// The version of the schema.
    SchemaVersion,
    /// How long the hub keeps messages of routes without a time to live, in seconds. Negative means forever.
    TimeToLive,
    /// The maximum size of the hub's store, in bytes.
    MaxSize,
}

impl Setting {
    /// The path of the setting in a manifest.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::SchemaVersion => "schemaVersion",
            Self::TimeToLive => "storeAndForwardConfiguration.timeToLiveSecs",
            Self::MaxSize => "storeAndForwardConfiguration.storeLimits.maxSizeBytes",
        }
    }

    const ALL: [Self; 3] = [Self::SchemaVersion, Self::TimeToLive, Self::MaxSize];
}

/// A setting that differs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SettingChange {
    /// The setting.
    pub setting: Setting,
    /// The old value; `None` if it was not set.
    pub old: Option<String>,
    /// The new value; `None` if it is not set.
    pub new: Option<String>,
}

impl Declared {
    /// Creates a set of these routes, in the order of their declaration.
    #[must_use]
    pub fn new(routes: impl IntoIterator<Item: Into<Route>>) -> Self {
        Self { routes: routes.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// Sets the fallback of the hub, which takes telemetry that no route takes. Its source is ignored.
    #[must_use]
    pub fn with_fallback(self, fallback: impl Into<Route>) -> Self {
        Self { fallback: Some(fallback.into()), ..self }
    }

    /// Sets a value of a setting, as written in the manifest.
    #[must_use]
    pub fn with_setting(mut self, setting: Setting, value: impl Into<String>) -> Self {
        self.settings.retain(|(known, _)| *known != setting);
        self.settings.push((setting, value.into()));
        self
    }

    /// The routes in the order of their declaration.
    #[must_use]
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The fallback.
    #[must_use]
    pub const fn fallback(&self) -> Option<&Route> {
        self.fallback.as_ref()
    }

    fn setting(&self, setting: Setting) -> Option<&str> {
        self.settings.iter().find(|(known, _)| *known == setting).map(|(_, value)| value.as_str())
    }

    /// The settings that differ.
    pub(super) fn setting_changes(&self, new: &Self) -> Vec<SettingChange> {
        let changed = Setting::ALL.into_iter().filter_map(|setting| {
            let (old, new) = (self.setting(setting), new.setting(setting));
            let (old, new) = (old.map(str::to_owned), new.map(str::to_owned));
            (old != new).then_some(SettingChange { setting, old, new })
        });
        changed.collect()
    }
}

/// Takes the routes of a manifest and its settings.
impl From<&Manifest> for Declared {
    fn from(manifest: &Manifest) -> Self {
        let mut declared = Self::new(manifest.routes().iter().map(|spec| spec.route().clone()));
        if let Some(version) = manifest.schema_version() {
            declared = declared.with_setting(Setting::SchemaVersion, version.as_str());
        }
        if let Some(configuration) = manifest.store_and_forward() {
            declared = declared.with_setting(Setting::TimeToLive, configuration.time_to_live_secs().to_string());
            if let Some(limits) = configuration.store_limits() {
                declared = declared.with_setting(Setting::MaxSize, limits.max_size_bytes.to_string());
            }
        }
        declared
    }
}
