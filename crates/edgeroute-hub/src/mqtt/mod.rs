//! MQTT.
pub(crate) mod codec;
