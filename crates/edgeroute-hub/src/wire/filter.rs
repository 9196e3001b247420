use crate::identity::ClientId;

/// A kind of topic that a client may subscribe to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Filter {
    /// `devices/{device}/modules/{module}/inputs/#`: messages routed to the inputs of a module.
    Inputs,
    /// `devices/{device}/messages/devicebound/#`: messages from the cloud to a device.
    Devicebound,
    /// `$iothub/methods/POST/#`: direct methods.
    Methods,
    /// `$iothub/twin/res/#`: responses to requests about the twin.
    TwinResponses,
    /// `$iothub/twin/PATCH/properties/desired/#`: changes of the desired properties.
    DesiredPatches,
}

impl Filter {
    const ALL: [Self; 5] = [Self::Inputs, Self::Devicebound, Self::Methods, Self::TwinResponses, Self::DesiredPatches];

    /// Reads the filter of a SUBSCRIBE packet. Returns `None` for filters that the client may not subscribe to.
    ///
    /// Modules may also subscribe to `devices/{device}/modules/{module}/#`, as the SDK for C# does.
    pub fn parse(filter: &str, client: &ClientId) -> Option<Self> {
        if let Some(rest) = filter.strip_prefix("$iothub/") {
            return match rest {
                "methods/POST/#" => Some(Self::Methods),
                "twin/res/#" => Some(Self::TwinResponses),
                "twin/PATCH/properties/desired/#" => Some(Self::DesiredPatches),
                _ => None,
            };
        }
        let rest = filter.strip_prefix("devices/")?.strip_prefix(client.device_id())?.strip_prefix('/')?;
        match client.module_id() {
            Some(module) => {
                let rest = rest.strip_prefix("modules/")?.strip_prefix(module)?.strip_prefix('/')?;
                matches!(rest, "inputs/#" | "#").then_some(Self::Inputs)
            }
            None => (rest == "messages/devicebound/#").then_some(Self::Devicebound),
        }
    }
}

/// The filters that a client has subscribed to, each with its quality of service, 0 or 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    granted: [Option<u8>; 5],
}

impl Filters {
    /// Adds a filter, or changes its quality of service.
    pub fn insert(&mut self, filter: Filter, quality: u8) {
        if let Some(granted) = self.granted.get_mut(filter as usize) {
            *granted = Some(quality.min(1));
        }
    }

    /// Removes a filter.
    pub fn remove(&mut self, filter: Filter) {
        if let Some(granted) = self.granted.get_mut(filter as usize) {
            *granted = None;
        }
    }

    /// Returns the quality of service of a filter, or `None` if the client has not subscribed to it.
    pub fn quality(&self, filter: Filter) -> Option<u8> {
        self.granted.get(filter as usize).copied().flatten()
    }

    /// Returns all filters with their qualities of service.
    pub fn iter(&self) -> impl Iterator<Item = (Filter, u8)> {
        Filter::ALL.into_iter().filter_map(|filter| Some((filter, self.quality(filter)?)))
    }
}

impl Filters {
    /// Returns the record of the store: a byte for each filter, 255 where it is not subscribed to.
    pub fn to_bytes(self) -> [u8; 5] {
        self.granted.map(|quality| quality.unwrap_or(u8::MAX))
    }

    /// Reads a record of the store.
    pub fn from_bytes(record: &[u8]) -> Option<Self> {
        let record: [u8; 5] = record.try_into().ok()?;
        Some(Self { granted: record.map(|quality| (quality <= 1).then_some(quality)) })
    }
}
