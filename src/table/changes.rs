//! Changes to the routes of a set.

use super::build::Declared;
use edgeroute_lang::manifest::Manifest;
use edgeroute_lang::priority::{Priority, TimeToLive};

/// A list of changes to the routes of a [`RouteSet`](super::RouteSet), which are applied all together or not at all.
/// Each change sees the result of the changes before it, so `remove("a")` followed by `add("a", ..)` moves `a` to the
/// end.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    pub(super) all: Vec<Change>,
}

#[derive(Clone, Debug)]
pub(super) enum Change {
    /// Adds a route. No route may have this name.
    Add(Declared),
    /// Replaces a route. A route must have this name.
    Replace(Declared),
    /// Adds a route or replaces the route of this name.
    Set(Declared),
    /// Removes a route. A route must have this name.
    Remove(String),
    SetFallback(Declared),
    RemoveFallback,
}

impl Changes {
    /// Returns an empty list of changes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a route after all others, with the default priority and time to live. Fails if the name is taken.
    #[must_use]
    pub fn add(self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.add_with(name, text, Priority::DEFAULT, TimeToLive::HUB_DEFAULT)
    }

    /// Adds a route after all others, with the given priority and time to live. Fails if the name is taken.
    #[must_use]
    pub fn add_with(
        self,
        name: impl Into<String>,
        text: impl Into<String>,
        priority: Priority,
        time_to_live: TimeToLive,
    ) -> Self {
        self.with(Change::Add(Declared { name: name.into(), text: text.into(), priority, time_to_live }))
    }

    /// Replaces a route by one with the default priority and time to live. The route keeps its place. Fails if no route
    /// has this name.
    #[must_use]
    pub fn replace(self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.replace_with(name, text, Priority::DEFAULT, TimeToLive::HUB_DEFAULT)
    }

    /// Replaces a route by one with the given priority and time to live. The route keeps its place. Fails if no route
    /// has this name.
    #[must_use]
    pub fn replace_with(
        self,
        name: impl Into<String>,
        text: impl Into<String>,
        priority: Priority,
        time_to_live: TimeToLive,
    ) -> Self {
        self.with(Change::Replace(Declared { name: name.into(), text: text.into(), priority, time_to_live }))
    }

    /// Replaces the route with this name, or adds it if there is none, with the default priority and time to live.
    #[must_use]
    pub fn set(self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.set_with(name, text, Priority::DEFAULT, TimeToLive::HUB_DEFAULT)
    }

    /// Replaces the route with this name, or adds it if there is none, with the given priority and time to live.
    #[must_use]
    pub fn set_with(
        self,
        name: impl Into<String>,
        text: impl Into<String>,
        priority: Priority,
        time_to_live: TimeToLive,
    ) -> Self {
        self.with(Change::Set(Declared { name: name.into(), text: text.into(), priority, time_to_live }))
    }

    /// Sets every route of a manifest, in the order of the manifest. Unchanged routes cost almost nothing. Routes that
    /// the manifest does not name are kept.
    #[must_use]
    pub fn set_all(self, manifest: &Manifest) -> Self {
        manifest.routes().iter().fold(self, |changes, route| {
            changes.set_with(route.name(), route.text(), route.priority(), route.time_to_live())
        })
    }

    /// Removes a route. Fails if no route has this name.
    #[must_use]
    pub fn remove(self, name: impl Into<String>) -> Self {
        self.with(Change::Remove(name.into()))
    }

    /// Sets the fallback route, with the default priority and time to live.
    #[must_use]
    pub fn fallback(self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.fallback_with(name, text, Priority::DEFAULT, TimeToLive::HUB_DEFAULT)
    }

    /// Sets the fallback route with the given priority and time to live.
    #[must_use]
    pub fn fallback_with(
        self,
        name: impl Into<String>,
        text: impl Into<String>,
        priority: Priority,
        time_to_live: TimeToLive,
    ) -> Self {
        self.with(Change::SetFallback(Declared { name: name.into(), text: text.into(), priority, time_to_live }))
    }

    /// Removes the fallback route, if there is one.
    #[must_use]
    pub fn remove_fallback(self) -> Self {
        self.with(Change::RemoveFallback)
    }

    fn with(mut self, change: Change) -> Self {
        self.all.push(change);
        self
    }
}
