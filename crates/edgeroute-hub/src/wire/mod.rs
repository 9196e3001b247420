//! The wire format of the vendors' SDKs: topics, filters and property bags of MQTT.

mod filter;

pub use filter::{Filter, Filters};
