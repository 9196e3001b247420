//! Messages as a hub passes them: properties, origin and body.
//!
//! A [`Message`] is a small set of references. Its properties may be a slice of pairs, a map, or the hub's own type,
//! which needs only to visit each property once ([`Properties`]). An [`OwnedMessage`] owns its content, for queues and
//! threads.

#[cfg(feature = "serde")]
mod document;
mod origin;
mod owned;
mod properties;
mod system_properties;

pub use origin::{InvalidOrigin, MessageSource, Origin};
pub use owned::{OwnedMessage, OwnedProperties};
pub use properties::{DynProperties, NameHint, NoProperties, Properties, PropertyName, PropertyValue};
pub use system_properties::{SYSTEM_PROPERTIES, SystemProperty};

pub use origin::Stamp;
pub use properties::NameOf;

/// A message to be routed. It borrows everything for `'m`, so copying it copies only references.
///
/// ```
/// use std::collections::HashMap;
/// use edgeroute::{Message, Origin};
///
/// let properties = HashMap::from([("level".to_owned(), "4".to_owned())]);
/// let system = [("contentType", "application/json"), ("contentEncoding", "utf-8")];
/// let message = Message::new(Origin::module("edge-1", "sensor").output("temp"))
///     .properties(&properties)
///     .system_properties(&system)
///     .body(br#"{"machine": {"status": "hot"}}"#);
/// # let _ = message;
/// ```
#[derive(Debug)]
pub struct Message<'m, P: ?Sized = NoProperties, S: ?Sized = NoProperties> {
    origin: Origin<'m>,
    properties: &'m P,
    system_properties: &'m S,
    body: &'m [u8],
}

impl<P: ?Sized, S: ?Sized> Clone for Message<'_, P, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: ?Sized, S: ?Sized> Copy for Message<'_, P, S> {}

impl<'m> Message<'m> {
    /// Creates a message of this origin, without properties and with an empty body.
    #[must_use]
    pub const fn new(origin: Origin<'m>) -> Self {
        Self { origin, properties: &NoProperties, system_properties: &NoProperties, body: &[] }
    }
}

/// Setters.
impl<'m, P: ?Sized, S: ?Sized> Message<'m, P, S> {
    /// Sets the application properties.
    #[must_use]
    pub const fn properties<Q: Properties + ?Sized>(self, properties: &'m Q) -> Message<'m, Q, S> {
        Message { origin: self.origin, properties, system_properties: self.system_properties, body: self.body }
    }

    /// Sets the system properties. The names that the origin stamps (`connectionDeviceId`, `connectionModuleId`,
    /// `outputName`, `inputName`) are ignored here, unless the origin was itself [read from
    /// them](Origin::from_system_properties).
    #[must_use]
    pub const fn system_properties<Q: Properties + ?Sized>(self, system_properties: &'m Q) -> Message<'m, P, Q> {
        Message { origin: self.origin, properties: self.properties, system_properties, body: self.body }
    }

    /// Sets the body. It is read only if a route queries it.
    #[must_use]
    pub const fn body(self, body: &'m [u8]) -> Self {
        Self { body, ..self }
    }
}

/// Getters.
impl<'m, P: Properties + ?Sized, S: Properties + ?Sized> Message<'m, P, S> {
    /// Returns the sender of the message.
    #[must_use]
    pub const fn origin(&self) -> &Origin<'m> {
        &self.origin
    }

    /// Returns the bytes of the body.
    #[must_use]
    pub const fn body_bytes(&self) -> &'m [u8] {
        self.body
    }

    /// Visits each application property.
    pub fn visit_properties(&self, visit: impl FnMut(&'m str, Option<&'m str>)) {
        self.properties.visit(visit);
    }

    /// Visits each application property with the hint of its name.
    #[doc(hidden)]
    #[inline]
    pub fn visit_hinted_properties(&self, visit: impl FnMut(&'m str, Option<NameHint>, Option<&'m str>)) {
        self.properties.visit_hinted(visit);
    }

    /// Returns the number of application properties if it is known without counting, else 0.
    #[doc(hidden)]
    #[inline]
    pub fn property_count_hint(&self) -> usize {
        self.properties.count_hint()
    }

    /// Visits each of the hub's own system properties, including those that the origin's stamps override.
    #[doc(hidden)]
    #[inline]
    pub fn visit_hinted_system_properties(&self, visit: impl FnMut(&'m str, Option<NameHint>, Option<&'m str>)) {
        self.system_properties.visit_hinted(visit);
    }

    /// Visits each system property, the origin's stamps first. A stamped name among the hub's own system properties is
    /// skipped, in any spelling, unless the origin was read from them (SEMANTICS#stamps-cannot-be-forged).
    pub fn visit_system_properties(&self, mut visit: impl FnMut(&'m str, Option<&'m str>)) {
        match self.origin.stamps() {
            None => self.system_properties.visit(visit),
            Some(stamps) => {
                for (stamp, value) in stamps {
                    if let Some(value) = value {
                        visit(stamp.name(), Some(value));
                    }
                }
                self.system_properties.visit(|name, value| {
                    if Stamp::named(name).is_none() {
                        visit(name, value);
                    }
                });
            }
        }
    }
}
