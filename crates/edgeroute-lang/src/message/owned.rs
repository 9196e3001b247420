//! Messages that own their data, for queues, threads and bindings.

use core::fmt;

use super::origin::Stamps;
use super::{Message, MessageSource, NameHint, Origin, Properties, PropertyName, PropertyValue};

/// A message that owns its origin, properties and body, for queues, threads and bindings to other languages.
///
/// It has the same content as a [`Message`]: properties keep their order, and duplicates are kept. Hints of names
/// ([`PropertyName::hint`]) are not kept. [`as_message`](Self::as_message) borrows it for routing without allocating.
///
/// It takes six buffers, whatever the number of properties. [`assign`](Self::assign) and [`reset`](Self::reset) reuse
/// them, so a queue that recycles its messages stops allocating when the buffers are large enough. Two messages are
/// equal if they have the same origin, the same properties in the same order, and the same body.
///
/// With the feature `serde` it implements `Serialize` and `Deserialize`, in the JSON form of the command `edgeroute match`.
///
/// ```
/// use edgeroute::{Message, Origin, OwnedMessage};
///
/// let queued = {
///     let properties = [("level", "4")];
///     let message = Message::new(Origin::module("edge-1", "sensor")).properties(&properties).body(b"{}");
///     message.to_owned_message()
/// };
/// let same = OwnedMessage::new(Origin::module("edge-1", "sensor")).with_property("level", "4").with_body("{}");
/// assert_eq!(queued, same);
/// queued.as_message().visit_properties(|name, value| assert_eq!((name, value), ("level", Some("4"))));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct OwnedMessage {
    pub(super) origin: OwnedOrigin,
    pub(super) properties: OwnedProperties,
    pub(super) system_properties: OwnedProperties,
    pub(super) body: Vec<u8>,
}

/// Construction.
impl OwnedMessage {
    /// Creates a message of this origin, without properties and with an empty body. Allocates.
    ///
    /// An origin that was [read from system properties](Origin::from_system_properties) does not bring them along: add
    /// them as well, since a condition finds the stamps only there.
    #[must_use]
    pub fn new(origin: Origin<'_>) -> Self {
        Self {
            origin: OwnedOrigin::new(origin),
            properties: OwnedProperties::default(),
            system_properties: OwnedProperties::default(),
            body: Vec::new(),
        }
    }

    /// Adds an application property after the others. A value of `None` is null. Allocates.
    ///
    /// ```
    /// use edgeroute::{Origin, OwnedMessage};
    ///
    /// let message = OwnedMessage::new(Origin::device("edge-1"))
    ///     .with_property("level", "4")
    ///     .with_property("site", None::<&str>);
    /// assert_eq!(message.properties().len(), 2);
    /// ```
    #[must_use]
    pub fn with_property(mut self, name: impl PropertyName, value: impl PropertyValue) -> Self {
        self.properties.push(name.as_name(), value.as_value());
        self
    }

    /// Adds a system property after the others, its name without the `$`. A value of `None` is null. Allocates.
    ///
    /// The names that the origin stamps are ignored when the message is routed, as in
    /// [`Message::system_properties`].
    #[must_use]
    pub fn with_system_property(mut self, name: impl PropertyName, value: impl PropertyValue) -> Self {
        self.system_properties.push(name.as_name(), value.as_value());
        self
    }

    /// Sets the body. A `Vec<u8>` or `String` is moved; a slice is copied.
    #[must_use]
    pub fn with_body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }
    }
}

/// Getters. None of them allocates.
impl OwnedMessage {
    /// Borrows the message, for routing. Costs nothing that grows with the message.
    #[must_use]
    pub fn as_message(&self) -> Message<'_, OwnedProperties, OwnedProperties> {
        Message::new(self.origin())
            .properties(&self.properties)
            .system_properties(&self.system_properties)
            .body(&self.body)
    }

    /// Returns the sender of the message.
    #[must_use]
    pub fn origin(&self) -> Origin<'_> {
        self.origin.borrow()
    }

    /// Returns the application properties.
    #[must_use]
    pub const fn properties(&self) -> &OwnedProperties {
        &self.properties
    }

    /// Returns the hub's own system properties, including those that the origin's stamps override.
    #[must_use]
    pub const fn system_properties(&self) -> &OwnedProperties {
        &self.system_properties
    }

    /// Returns the bytes of the body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Returns the body by value.
    #[must_use]
    pub fn into_body(self) -> Vec<u8> {
        self.body
    }
}

/// Changes. They keep the memory of the message.
impl OwnedMessage {
    /// Copies `message` into this one and drops the previous content. Allocates only where the content is larger than
    /// the buffers.
    pub fn assign<P: Properties + ?Sized, S: Properties + ?Sized>(&mut self, message: &Message<'_, P, S>) {
        self.reset(*message.origin());
        self.properties.extend_from(message.properties);
        self.system_properties.extend_from(message.system_properties);
        self.body.extend_from_slice(message.body);
    }

    /// Sets the origin, and removes all properties and the body. Allocates only if the origin is longer than all
    /// previous ones.
    pub fn reset(&mut self, origin: Origin<'_>) {
        self.origin.assign(origin);
        self.properties.clear();
        self.system_properties.clear();
        self.body.clear();
    }

    /// Sets the origin. The system properties stay as they are.
    pub fn set_origin(&mut self, origin: Origin<'_>) {
        self.origin.assign(origin);
    }

    /// Returns the application properties for changing them.
    #[must_use]
    pub const fn properties_mut(&mut self) -> &mut OwnedProperties {
        &mut self.properties
    }

    /// Returns the hub's own system properties for changing them. The origin does not change with them, even if it was
    /// [read from them](Origin::from_system_properties).
    #[must_use]
    pub const fn system_properties_mut(&mut self) -> &mut OwnedProperties {
        &mut self.system_properties
    }

    /// Returns the body for changing it.
    #[must_use]
    pub const fn body_mut(&mut self) -> &mut Vec<u8> {
        &mut self.body
    }
}

/// Prints one line: the source, the properties, and the length of the body.
impl fmt::Debug for OwnedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "OwnedMessage {{ source: {:?}, stamps: {:?}, properties: {:?}, system_properties: {:?}, body: {} bytes }}",
            self.origin().source(),
            self.origin().stamps(),
            self.properties,
            self.system_properties,
            self.body.len()
        )
    }
}

impl<P: Properties + ?Sized, S: Properties + ?Sized> From<&Message<'_, P, S>> for OwnedMessage {
    fn from(message: &Message<'_, P, S>) -> Self {
        let mut owned = Self::new(*message.origin());
        owned.assign(message);
        owned
    }
}

impl<P: Properties + ?Sized, S: Properties + ?Sized> From<Message<'_, P, S>> for OwnedMessage {
    fn from(message: Message<'_, P, S>) -> Self {
        Self::from(&message)
    }
}

impl<P: Properties + ?Sized, S: Properties + ?Sized> Message<'_, P, S> {
    /// Copies the message. Allocates.
    #[must_use]
    pub fn to_owned_message(&self) -> OwnedMessage {
        self.into()
    }
}

/// An ordered list of properties that owns its names and values. Duplicate names are kept.
///
/// All names and values share one buffer, so the list takes two allocations however many properties it has, and a
/// cleared list keeps both.
///
/// ```
/// use edgeroute::OwnedProperties;
///
/// let mut properties: OwnedProperties = [("level", Some("4")), ("site", None)].into_iter().collect();
/// properties.push("level", Some("5"));
/// let all: Vec<_> = properties.iter().collect();
/// assert_eq!(all, [("level", Some("4")), ("site", None), ("level", Some("5"))]);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct OwnedProperties {
    /// Each name and its value, without separators.
    text: String,
    entries: Vec<Entry>,
}

/// The maximum number of properties for which a [hint](Properties::count_hint) reserves memory. The hint may be wrong.
const MAX_RESERVED: usize = 1 << 12;

/// Where a property ends in the text. It begins where the one before it ends.
#[derive(Copy, Clone, PartialEq, Eq)]
struct Entry {
    name_end: usize,
    /// `None` for null; then the property ends with its name.
    value_end: Option<usize>,
}

impl Entry {
    fn end(self) -> usize {
        self.value_end.unwrap_or(self.name_end)
    }
}

impl OwnedProperties {
    /// Adds a property after the others. A value of `None` is null. Allocates if the buffers are full.
    pub fn push(&mut self, name: &str, value: Option<&str>) {
        self.text.push_str(name);
        let name_end = self.text.len();
        let value_end = value.map(|value| {
            self.text.push_str(value);
            self.text.len()
        });
        self.entries.push(Entry { name_end, value_end });
    }

    /// Removes all properties and keeps the memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.entries.clear();
    }

    /// Returns the number of properties.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no properties.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the value of the property with exactly this name; of several, of the last. The inner `None` is null.
    /// Takes time linear in the number of properties.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Option<&str>> {
        self.iter().filter(|(key, _)| *key == name).last().map(|(_, value)| value)
    }

    /// Iterates over the names and values in order; `None` is null.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let mut start = 0;
        self.entries.iter().map(move |entry| {
            let part = |from, to| self.text.get(from..to).unwrap_or_default();
            let name = part(start, entry.name_end);
            start = entry.end();
            (name, entry.value_end.map(|end| part(entry.name_end, end)))
        })
    }

    fn extend_from(&mut self, properties: &(impl Properties + ?Sized)) {
        self.entries.reserve(properties.count_hint().min(MAX_RESERVED));
        properties.visit(|name, value| self.push(name, value));
    }
}

impl Properties for OwnedProperties {
    fn visit<'m>(&'m self, mut visit: impl FnMut(&'m str, Option<&'m str>)) {
        self.iter().for_each(|(name, value)| visit(name, value));
    }

    fn visit_hinted<'m>(&'m self, mut visit: impl FnMut(&'m str, Option<NameHint>, Option<&'m str>)) {
        self.iter().for_each(|(name, value)| visit(name, None, value));
    }

    fn count_hint(&self) -> usize {
        self.len()
    }
}

impl<N: PropertyName, V: PropertyValue> Extend<(N, V)> for OwnedProperties {
    fn extend<I: IntoIterator<Item = (N, V)>>(&mut self, properties: I) {
        properties.into_iter().for_each(|(name, value)| self.push(name.as_name(), value.as_value()));
    }
}

impl<N: PropertyName, V: PropertyValue> FromIterator<(N, V)> for OwnedProperties {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(properties: I) -> Self {
        let mut all = Self::default();
        all.extend(properties);
        all
    }
}

/// Prints names and values on one line.
impl fmt::Debug for OwnedProperties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{")?;
        for (index, (name, value)) in self.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{name:?}: ")?;
            match value {
                Some(value) => write!(f, "{value:?}")?,
                None => f.write_str("null")?,
            }
        }
        write!(f, "}}")
    }
}

/// An [`Origin`] that owns its strings, all in one buffer.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct OwnedOrigin {
    source: Source,
    /// Whether the hub passed the stamps with the identity.
    has_stamps: bool,
    /// All parts, without separators.
    text: String,
    /// Where the device, the module, the output and the path of another source end, each if there is one. The module
    /// and the output are those of the source and of the stamps, which never differ.
    ends: [Option<usize>; 4],
}

/// The kind of a [`MessageSource`].
#[derive(Copy, Clone, PartialEq, Eq)]
enum Source {
    Telemetry,
    Module,
    TwinChange,
    Other,
}

impl OwnedOrigin {
    pub(super) fn new(origin: Origin<'_>) -> Self {
        let mut owned =
            Self { source: Source::Telemetry, has_stamps: false, text: String::new(), ends: [const { None }; 4] };
        owned.assign(origin);
        owned
    }

    fn assign(&mut self, origin: Origin<'_>) {
        let (source, identity, path) = match origin.source {
            MessageSource::Telemetry => (Source::Telemetry, (None, None), None),
            MessageSource::Module { module, output } => (Source::Module, (Some(module), output), None),
            MessageSource::TwinChange => (Source::TwinChange, (None, None), None),
            MessageSource::Other(path) => (Source::Other, (None, None), Some(path)),
        };
        let (has_stamps, device, (module, output)) = match origin.stamps {
            Stamps::Given { device, module, output } => (true, device, (module, output)),
            Stamps::InSystemProperties => (false, None, identity),
        };
        self.source = source;
        self.has_stamps = has_stamps;
        self.text.clear();
        self.ends = [device, module, output, path].map(|part| {
            self.text.push_str(part?);
            Some(self.text.len())
        });
    }

    fn borrow(&self) -> Origin<'_> {
        let mut start = 0;
        let [device, module, output, path] = self.ends.map(|end| {
            let part = self.text.get(start..end?);
            start = end?;
            part
        });
        let source = match self.source {
            Source::Telemetry => MessageSource::Telemetry,
            Source::Module => MessageSource::Module { module: module.unwrap_or_default(), output },
            Source::TwinChange => MessageSource::TwinChange,
            Source::Other => MessageSource::Other(path.unwrap_or_default()),
        };
        let stamps =
            if self.has_stamps { Stamps::Given { device, module, output } } else { Stamps::InSystemProperties };
        Origin { source, stamps }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Pairs = Vec<(String, Option<String>)>;

    fn any_pairs() -> impl Strategy<Value = Pairs> {
        let name =
            prop_oneof!["[a-c]{0,2}", "connectionModuleId|outputName|MESSAGETYPE|connectionDeviceId", any::<String>()];
        let value = prop::option::of(prop_oneof!["m|o| |twinChangeNotification", any::<String>()]);
        prop::collection::vec((name, value), 0..6)
    }

    /// Returns every origin that can be made of these parts.
    fn origins<'m>(texts: &'m [String; 4], system_properties: &'m Pairs) -> Vec<Origin<'m>> {
        let [device, module, output, path] = texts;
        let mut origins = vec![
            Origin::device(device),
            Origin::module(device, module),
            Origin::module(device, module).output(output),
            Origin::twin_change(device),
        ];
        origins.extend(Origin::from_system_properties(system_properties));
        let others: Vec<Origin<'_>> = origins.iter().map(|origin| origin.with_source(path)).collect();
        origins.into_iter().chain(others).collect()
    }

    /// Returns everything that can be seen of a message.
    fn visits<P: Properties + ?Sized, S: Properties + ?Sized>(message: &Message<'_, P, S>) -> (Pairs, Pairs, Pairs) {
        let owned = |name: &str, value: Option<&str>| (name.to_owned(), value.map(str::to_owned));
        let (mut properties, mut system, mut own_system) = (Vec::new(), Vec::new(), Vec::new());
        message.visit_properties(|name, value| properties.push(owned(name, value)));
        message.visit_system_properties(|name, value| system.push(owned(name, value)));
        message.visit_hinted_system_properties(|name, _, value| own_system.push(owned(name, value)));
        (properties, system, own_system)
    }

    proptest! {
        #[test]
        fn an_owned_message_shows_what_the_original_shows(
            texts in any::<[String; 4]>(),
            (properties, system) in (any_pairs(), any_pairs()),
            (other_properties, body) in (any_pairs(), any::<Vec<u8>>()),
        ) {
            let mut reused = OwnedMessage::new(Origin::device("previous")).with_body("previous");
            reused.properties_mut().extend(other_properties);
            for origin in origins(&texts, &system) {
                let message = Message::new(origin).properties(&properties).system_properties(&system).body(&body);
                let owned = message.to_owned_message();
                reused.assign(&message);
                prop_assert_eq!(&reused, &owned);
                let borrowed = owned.as_message();
                prop_assert_eq!(borrowed.origin(), &origin);
                prop_assert_eq!(borrowed.body_bytes(), &*body);
                prop_assert_eq!(borrowed.property_count_hint(), properties.len());
                prop_assert_eq!(visits(&borrowed), visits(&message));
                prop_assert_eq!(&OwnedMessage::from(borrowed), &owned);
                let mut built = OwnedMessage::new(origin).with_body(body.clone());
                built.properties_mut().extend(properties.iter().map(|(name, value)| (name, value.as_ref())));
                for (name, value) in &system {
                    built = built.with_system_property(name, value.as_deref());
                }
                prop_assert_eq!(built, owned);
            }
        }
    }

    #[test]
    fn messages_with_other_content_are_not_equal() {
        let message = || OwnedMessage::new(Origin::module("d", "m")).with_property("ab", "c");
        let all = [
            message(),
            message().with_body("x"),
            message().with_property("ab", "c"),
            message().with_system_property("ab", "c"),
            OwnedMessage::new(Origin::module("d", "m")).with_property("a", "bc"),
            OwnedMessage::new(Origin::module("d", "m")).with_property("abc", ""),
            OwnedMessage::new(Origin::module("d", "m")).with_property("abc", None::<&str>),
            OwnedMessage::new(Origin::module("d", "m").output("")).with_property("ab", "c"),
            OwnedMessage::new(Origin::module("dm", "")).with_property("ab", "c"),
            OwnedMessage::new(Origin::device("dm")).with_property("ab", "c"),
            OwnedMessage::new(Origin::twin_change("dm")).with_property("ab", "c"),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(all.iter().skip(index + 1).all(|other| one != other), "{one:?}");
        }
    }

    #[test]
    fn a_message_can_be_sent_to_another_thread() {
        let message = OwnedMessage::new(Origin::device("d")).with_property("a", "1");
        let shared = std::sync::Arc::new(message);
        let other = std::sync::Arc::clone(&shared);
        let seen = std::thread::spawn(move || other.properties().len()).join().unwrap();
        assert_eq!(seen, shared.properties().len());
    }

    #[test]
    fn a_wrong_hint_of_the_number_of_properties_has_no_effect() {
        struct Wrong;

        impl Properties for Wrong {
            fn visit<'m>(&'m self, mut visit: impl FnMut(&'m str, Option<&'m str>)) {
                visit("a", Some("1"));
            }

            fn count_hint(&self) -> usize {
                usize::MAX
            }
        }

        let message = Message::new(Origin::device("d")).properties(&Wrong).system_properties(&Wrong);
        let expected = OwnedMessage::new(Origin::device("d")).with_property("a", "1").with_system_property("a", "1");
        assert_eq!(message.to_owned_message(), expected);
    }

    #[test]
    fn a_reset_message_is_empty() {
        let mut message = OwnedMessage::new(Origin::device("d")).with_property("a", "1").with_body("x");
        message.reset(Origin::module("d", "m"));
        assert_eq!(message, OwnedMessage::new(Origin::module("d", "m")));
        message.set_origin(Origin::device("e"));
        message.system_properties_mut().push("messageId", Some("1"));
        message.body_mut().push(b'y');
        assert_eq!(
            message,
            OwnedMessage::new(Origin::device("e")).with_system_property("messageId", "1").with_body("y")
        );
    }

    #[test]
    fn debug_prints_one_line_with_the_length_of_the_body() {
        let message = OwnedMessage::new(Origin::device("d"))
            .with_property("a\n", "1")
            .with_property("b", None::<&str>)
            .with_body(vec![0; 3000]);
        let shown = format!("{message:#?}");
        assert!(
            shown.ends_with("properties: {\"a\\n\": \"1\", \"b\": null}, system_properties: {}, body: 3000 bytes }"),
            "{shown}"
        );
        assert_eq!(shown.lines().count(), 1);
    }
}
