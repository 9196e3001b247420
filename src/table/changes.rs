//! What is to be changed about the routes of a set.

use super::build::Declared;
use edgeroute_lang::manifest::Manifest;
use edgeroute_lang::priority::{Priority, TimeToLive};

/// Changes to the routes of a [`RouteSet`](super::RouteSet), made together or not at all. Each sees what those before it
/// have done, so `remove("a")` and then `add("a", ..)` gives `a` a new place at the end.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    pub(super) all: Vec<Change>,
}

#[derive(Clone, Debug)]
pub(super) enum Change {
    /// There must be no route of this name.
    Add(Declared),
    /// There must be a route of this name.
    Replace(Declared),
    /// Adds or replaces.
    Set(Declared),
    /// There must be a route of this name.
    Remove(String),
    SetFallback(Declared),
    RemoveFallback,
}

impl Changes {
    /// No changes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a route after all others, with the default priority and time to live. An error where the name is taken.
    #[must_use]
    pub fn add(self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.add_with(name, text, Priority::DEFAULT, TimeToLive::HUB_DEFAULT)
    }

    /// Adds a route after all others. An error where the name is taken.
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

    /// Replaces a route, which keeps its place, by one with the default priority and time to live. An error where there
    /// is no route of this name.
    #[must_use]
    pub fn replace(self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.replace_with(name, text, Priority::DEFAULT, TimeToLive::HUB_DEFAULT)
    }

    /// Replaces a route, which keeps its place. An error where there is no route of this name.
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

    /// Replaces the route of this name where there is one, or else adds it, with the default priority and time to live.
    #[must_use]
    pub fn set(self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.set_with(name, text, Priority::DEFAULT, TimeToLive::HUB_DEFAULT)
    }

    /// Replaces the route of this name where there is one, or else adds it.
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

    /// Sets every route of a manifest, in its order. Those that are as they were cost next to nothing; those that the
    /// manifest does not name stay.
    #[must_use]
    pub fn set_all(self, manifest: &Manifest) -> Self {
        manifest.routes().iter().fold(self, |changes, route| {
            changes.set_with(route.name(), route.text(), route.priority(), route.time_to_live())
        })
    }

    /// Removes a route. An error where there is no route of this name.
    #[must_use]
    pub fn remove(self, name: impl Into<String>) -> Self {
        self.with(Change::Remove(name.into()))
    }

    /// Sets the fallback route, with the default priority and time to live.
    #[must_use]
    pub fn fallback(self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.fallback_with(name, text, Priority::DEFAULT, TimeToLive::HUB_DEFAULT)
    }

    /// Sets the fallback route.
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
