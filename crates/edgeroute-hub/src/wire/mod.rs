//! The wire format of the vendors' SDKs: topics, filters and property bags of MQTT.

mod bag;
mod error;
mod filter;
mod telemetry;
mod template;
mod topic;

pub use bag::{Bag, LONGEST_BAG, MOST_PROPERTIES};
pub use error::{TopicError, shortened};
pub use filter::{Filter, Filters};
pub use telemetry::telemetry;
pub use template::{InvalidTemplate, Template};
pub use topic::{
    Inbound, desired_patch_topic, devicebound_topic, events_topic, input_topic, method_request_topic, parse_publish,
    twin_response_topic,
};
