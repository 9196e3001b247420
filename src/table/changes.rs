//! Changes to the routes of a set.

use edgeroute_lang::manifest::{Manifest, Retention, RouteSpec};
use edgeroute_lang::route::Route;

/// A list of changes to the routes of a [`RouteSet`](super::RouteSet), which are applied all together or not at all.
/// Each change sees the result of the changes before it, so `remove("a")` followed by `add(a)` moves `a` to the end.
///
/// Wherever a route is expected, a pair of name and text will do.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    pub(super) all: Vec<Change>,
}

#[derive(Clone, Debug)]
pub(super) enum Change {
    /// Adds a route. No route may have this name.
    Add(Route),
    /// Replaces a route. A route must have this name.
    Replace(Route),
    /// Adds a route or replaces the route of this name.
    Set(Route),
    /// Removes a route. A route must have this name.
    Remove(String),
    /// Makes these the only routes, in this order, without a fallback.
    ReplaceAll(Vec<Route>),
    SetFallback(Route),
    RemoveFallback,
    Retain(Retention),
}

impl Changes {
    /// Returns an empty list of changes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a route after all others. Fails if the name is taken.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "nobody adds with `+` here")]
    pub fn add(self, route: impl Into<Route>) -> Self {
        self.with(Change::Add(route.into()))
    }

    /// Replaces the route of this name. The route keeps its place and its [id](super::RouteId). Fails if no route has
    /// this name.
    #[must_use]
    pub fn replace(self, route: impl Into<Route>) -> Self {
        self.with(Change::Replace(route.into()))
    }

    /// Replaces the route of this name, or adds it after all others if the name is new.
    #[must_use]
    pub fn set(self, route: impl Into<Route>) -> Self {
        self.with(Change::Set(route.into()))
    }

    /// Removes a route. Fails if no route has this name.
    #[must_use]
    pub fn remove(self, name: impl Into<String>) -> Self {
        self.with(Change::Remove(name.into()))
    }

    /// Makes these the only routes, in this order, and removes the fallback. The result is that of building a table
    /// from them, but routes that do not change are not compiled again. Of routes that change their order, as few as
    /// possible are compiled again. Takes time linear in the number of routes, apart from sorting. Fails if two routes
    /// have the same name.
    #[must_use]
    pub fn replace_all(self, routes: impl IntoIterator<Item: Into<Route>>) -> Self {
        self.with(Change::ReplaceAll(routes.into_iter().map(Into::into).collect()))
    }

    /// Replaces everything by what a manifest declares: [all routes](Self::replace_all), and how long messages are kept
    /// by default. Manifests have no fallback; to keep one, [set](Self::fallback) it again afterwards.
    ///
    /// ```
    /// use edgeroute::{Changes, Manifest, RouteSet, RouteTable};
    ///
    /// # let manifest = |routes: &str| Manifest::from_json(&format!(
    /// #     r#"{{"schemaVersion": "1.1", "routes": {{ {routes} }}, "storeAndForwardConfiguration": {{}} }}"#));
    /// let mut routes = RouteSet::new(RouteTable::builder().manifest(&manifest(r#""a": "FROM /* INTO $upstream""#)?))?;
    /// let desired = manifest(r#""b": "FROM /* INTO $upstream", "a": "FROM /* INTO $upstream""#)?;
    /// routes.apply(Changes::new().manifest(&desired))?;
    /// assert_eq!(routes.names().collect::<Vec<_>>(), ["b", "a"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn manifest(self, manifest: &Manifest) -> Self {
        let changes = self.replace_all(manifest.routes().iter().map(RouteSpec::route));
        match manifest.store_and_forward() {
            Some(configuration) => changes.retention(configuration.retention()),
            None => changes,
        }
    }

    /// Sets the fallback route.
    #[must_use]
    pub fn fallback(self, route: impl Into<Route>) -> Self {
        self.with(Change::SetFallback(route.into()))
    }

    /// Removes the fallback route, if there is one.
    #[must_use]
    pub fn remove_fallback(self) -> Self {
        self.with(Change::RemoveFallback)
    }

    /// Sets how long the hub keeps the messages of routes that have no time to live.
    #[must_use]
    pub fn retention(self, retention: Retention) -> Self {
        self.with(Change::Retain(retention))
    }

    fn with(mut self, change: Change) -> Self {
        self.all.push(change);
        self
    }
}
