//! A route as a hub or a manifest declares it: name, text, priority and time to live.

use std::sync::Arc;

use crate::priority::{Priority, TimeToLive};

/// A route as it is declared: its name, its text, and the two settings that are not part of the text.
///
/// The text is not checked here; compiling it reports every error. Cloning is cheap: name and text are shared.
///
/// ```
/// use edgeroute::{Priority, Route, TimeToLive};
///
/// let alerts = Route::new("alerts", "FROM /messages/* WHERE level = 'critical' INTO $upstream")
///     .with_priority(Priority::HIGHEST)
///     .with_time_to_live(TimeToLive::from_secs(3_600));
/// assert_eq!(alerts.name(), "alerts");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "camelCase"))]
pub struct Route {
    name: Arc<str>,
    text: Arc<str>,
    priority: Priority,
    #[cfg_attr(feature = "serde", serde(rename = "timeToLiveSecs"))]
    time_to_live: TimeToLive,
}

impl Route {
    /// Creates a route with the default priority and the hub's default time to live. Copies both strings.
    #[must_use]
    pub fn new(name: impl AsRef<str>, text: impl AsRef<str>) -> Self {
        Self {
            name: name.as_ref().into(),
            text: text.as_ref().into(),
            priority: Priority::DEFAULT,
            time_to_live: TimeToLive::HUB_DEFAULT,
        }
    }

    /// Returns the route with another name.
    #[must_use]
    pub fn with_name(self, name: impl AsRef<str>) -> Self {
        Self { name: name.as_ref().into(), ..self }
    }

    /// Returns the route with another text.
    #[must_use]
    pub fn with_text(self, text: impl AsRef<str>) -> Self {
        Self { text: text.as_ref().into(), ..self }
    }

    /// Sets the priority.
    #[must_use]
    pub fn with_priority(self, priority: Priority) -> Self {
        Self { priority, ..self }
    }

    /// Sets the time to live of the route's messages.
    #[must_use]
    pub fn with_time_to_live(self, time_to_live: TimeToLive) -> Self {
        Self { time_to_live, ..self }
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the text, such as `FROM /messages/* INTO $upstream`.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the priority.
    #[must_use]
    pub const fn priority(&self) -> Priority {
        self.priority
    }

    /// Returns the time to live of the route's messages.
    #[must_use]
    pub const fn time_to_live(&self) -> TimeToLive {
        self.time_to_live
    }

    /// Returns the shared name. It may be long, and many findings may refer to it.
    #[must_use]
    pub fn shared_name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }

    /// Returns the shared text.
    #[must_use]
    pub fn shared_text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }
}

/// A name and a text make a route with the default priority and time to live.
impl<N: AsRef<str>, T: AsRef<str>> From<(N, T)> for Route {
    fn from((name, text): (N, T)) -> Self {
        Self::new(name, text)
    }
}

impl From<&Self> for Route {
    fn from(route: &Self) -> Self {
        route.clone()
    }
}
