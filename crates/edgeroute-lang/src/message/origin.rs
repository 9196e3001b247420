//! Origins of messages: the stamps that a hub sets, and the source that routes select by.

use core::fmt;

use super::Properties;
use crate::text::eq_ignore_case;

/// The sender of a message, as the hub has authenticated it.
///
/// It determines the [source](MessageSource) of the message and its stamps: the system properties `connectionDeviceId`,
/// `connectionModuleId` and `outputName`. A message's own properties can never set these.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Origin<'m> {
    pub(super) source: MessageSource<'m>,
    pub(super) stamps: Stamps<'m>,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Stamps<'m> {
    /// The stamps that the hub passed with the identity.
    Given { device: Option<&'m str>, module: Option<&'m str>, output: Option<&'m str> },
    /// The hub has stamped the system properties itself.
    InSystemProperties,
}

/// A system property that only the hub may set (SEMANTICS#stamps). `inputName` is set on delivery, so it is never
/// defined while routing.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// `connectionDeviceId`, the device of the sender.
    Device,
    /// `connectionModuleId`, the module that sent the message.
    Module,
    /// `outputName`, the output that the module named.
    Output,
    /// `inputName`, the input that the message is delivered to.
    Input,
}

impl Stamp {
    /// Every stamp.
    pub const ALL: [Self; 4] = [Self::Device, Self::Module, Self::Output, Self::Input];

    /// Returns the name of the system property.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Device => "connectionDeviceId",
            Self::Module => "connectionModuleId",
            Self::Output => "outputName",
            Self::Input => "inputName",
        }
    }

    /// Returns the stamp with this name, ignoring case.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stamp| eq_ignore_case(stamp.name(), name))
    }
}

impl<'m> Origin<'m> {
    /// Creates the origin of a leaf device: the source is `/messages`.
    #[must_use]
    pub const fn device(device: &'m str) -> Self {
        let stamps = Stamps::Given { device: Some(device), module: None, output: None };
        Self { source: MessageSource::Telemetry, stamps }
    }

    /// Creates the origin of a module on `device`: the source is `/messages/modules/MODULE`, or with an
    /// [output](Self::output), `/messages/modules/MODULE/outputs/OUTPUT`.
    #[must_use]
    pub const fn module(device: &'m str, module: &'m str) -> Self {
        let stamps = Stamps::Given { device: Some(device), module: Some(module), output: None };
        Self { source: MessageSource::Module { module, output: None }, stamps }
    }

    /// Sets the output by which a module sent the message. Has no effect on other origins.
    #[must_use]
    pub const fn output(self, output: &'m str) -> Self {
        match (self.source, self.stamps) {
            (MessageSource::Module { module, .. }, Stamps::Given { device, module: stamp, .. }) => Self {
                source: MessageSource::Module { module, output: Some(output) },
                stamps: Stamps::Given { device, module: stamp, output: Some(output) },
            },
            _ => self,
        }
    }

    /// Creates the origin of a change of the twin of `device`: the source is `/twinChangeNotifications`.
    #[must_use]
    pub const fn twin_change(device: &'m str) -> Self {
        let stamps = Stamps::Given { device: Some(device), module: None, output: None };
        Self { source: MessageSource::TwinChange, stamps }
    }

    /// Reads the origin that a hub has stamped on `system_properties` (SEMANTICS#source-from-properties): a
    /// twin change by `messageType`, else `connectionModuleId` and `outputName`, else a leaf device. These system
    /// properties are then the stamps themselves.
    ///
    /// # Errors
    /// Fails if `connectionModuleId` is present but null or blank, or if the same holds for the `outputName` of a
    /// module.
    pub fn from_system_properties(system_properties: &'m (impl Properties + ?Sized)) -> Result<Self, InvalidOrigin> {
        let mut message_type = None;
        let mut module = None;
        let mut output = None;
        system_properties.visit(|name, value| {
            if eq_ignore_case(name, "messageType") {
                message_type = value;
            } else if eq_ignore_case(name, Stamp::Module.name()) {
                module = Some(value);
            } else if eq_ignore_case(name, Stamp::Output.name()) {
                output = Some(value);
            }
        });
        let present = |value: Option<&'m str>, stamp| match value {
            Some(value) if !value.trim().is_empty() => Ok(value),
            _ => Err(InvalidOrigin { stamp }),
        };
        let source = if message_type.is_some_and(|value| eq_ignore_case(value, "twinChangeNotification")) {
            MessageSource::TwinChange
        } else if let Some(module) = module {
            MessageSource::Module {
                module: present(module, Stamp::Module)?,
                output: output.map(|output| present(output, Stamp::Output)).transpose()?,
            }
        } else {
            MessageSource::Telemetry
        };
        Ok(Self { source, stamps: Stamps::InSystemProperties })
    }

    /// Replaces the source by one of the hub's own, such as `/deviceLifecycleEvents`, for messages that are neither
    /// telemetry nor a change of a twin. The stamps stay as they are.
    #[must_use]
    pub const fn with_source(self, path: &'m str) -> Self {
        Self { source: MessageSource::Other(path), ..self }
    }

    /// Returns the source that routes select by.
    #[must_use]
    pub const fn source(&self) -> MessageSource<'m> {
        self.source
    }

    /// Returns the stamps and their values; `None` if they are among the system properties.
    #[doc(hidden)]
    pub fn stamps(&self) -> Option<[(Stamp, Option<&'m str>); 3]> {
        match self.stamps {
            Stamps::InSystemProperties => None,
            Stamps::Given { device, module, output } => {
                Some([(Stamp::Device, device), (Stamp::Module, module), (Stamp::Output, output)])
            }
        }
    }
}

/// The source of a message, which FROM selects by (SEMANTICS#message-source). `Display` prints the path.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum MessageSource<'m> {
    /// A leaf device: `/messages`.
    Telemetry,
    /// A module: `/messages/modules/MODULE` or `/messages/modules/MODULE/outputs/OUTPUT`.
    Module {
        /// The module's id.
        module: &'m str,
        /// The output that the module named, if any.
        output: Option<&'m str>,
    },
    /// A change of a twin: `/twinChangeNotifications`.
    TwinChange,
    /// A path of the hub's own, unchanged.
    Other(&'m str),
}

impl<'m> MessageSource<'m> {
    /// Returns the pieces of the path, in order.
    #[doc(hidden)]
    pub const fn pieces(self) -> [&'m str; 4] {
        match self {
            Self::Telemetry => ["/messages", "", "", ""],
            Self::Module { module, output: None } => ["/messages/modules/", module, "", ""],
            Self::Module { module, output: Some(output) } => ["/messages/modules/", module, "/outputs/", output],
            Self::TwinChange => ["/twinChangeNotifications", "", "", ""],
            Self::Other(path) => [path, "", "", ""],
        }
    }
}

impl fmt::Display for MessageSource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces().iter().try_for_each(|piece| f.write_str(piece))
    }
}

/// The error of system properties that are stamped with a null or blank identity.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct InvalidOrigin {
    stamp: Stamp,
}

impl fmt::Display for InvalidOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the system property `{}` is null or blank", self.stamp.name())
    }
}

impl core::error::Error for InvalidOrigin {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Message;

    type Pairs = &'static [(&'static str, Option<&'static str>)];

    fn source_of(system: Pairs) -> String {
        match Origin::from_system_properties(system) {
            Ok(origin) => origin.source().to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn source_is_derived_from_stamps_by_presence() {
        assert_eq!(source_of(&[]), "/messages");
        assert_eq!(source_of(&[("outputName", Some("o"))]), "/messages");
        assert_eq!(source_of(&[("CONNECTIONMODULEID", Some("m"))]), "/messages/modules/m");
        assert_eq!(
            source_of(&[("connectionModuleId", Some("m")), ("outputName", Some("o"))]),
            "/messages/modules/m/outputs/o"
        );
        assert_eq!(
            source_of(&[("messageType", Some("TwinChangeNotification")), ("connectionModuleId", None)]),
            "/twinChangeNotifications"
        );
    }

    #[test]
    fn blank_stamps_make_an_invalid_message() {
        assert!(source_of(&[("connectionModuleId", None)]).contains("connectionModuleId"));
        assert!(source_of(&[("connectionModuleId", Some(" \t"))]).contains("connectionModuleId"));
        assert!(source_of(&[("connectionModuleId", Some("m")), ("outputName", Some(""))]).contains("outputName"));
    }

    #[test]
    fn stamps_come_from_the_origin_and_cannot_be_forged() {
        let forged = [("ConnectionDeviceId", "other"), ("inputName", "x"), ("messageId", "1")];
        let message = Message::new(Origin::module("d", "m").output("o")).system_properties(&forged);
        let mut shown = Vec::new();
        message.visit_system_properties(|name, value| shown.push((name, value)));
        assert_eq!(
            shown,
            [
                ("connectionDeviceId", Some("d")),
                ("connectionModuleId", Some("m")),
                ("outputName", Some("o")),
                ("messageId", Some("1"))
            ]
        );
    }

    #[test]
    fn a_source_of_the_hubs_own_keeps_the_stamps() {
        let origin = Origin::module("d", "m").output("o").with_source("/deviceLifecycleEvents");
        assert_eq!(origin.source().to_string(), "/deviceLifecycleEvents");
        assert_eq!(origin.stamps(), Origin::module("d", "m").output("o").stamps());
    }

    #[test]
    fn an_output_means_nothing_for_a_device() {
        assert_eq!(Origin::device("d").output("o"), Origin::device("d"));
    }
}
