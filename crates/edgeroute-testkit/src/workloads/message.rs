//! Messages as data.

use super::condition::{Condition, Key, Test};
use super::random::Random;
use super::route::{Source, WorkRoute};
use super::vocabulary;

/// A message as decoded by a hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkMessage {
    pub device: String,
    pub module: String,
    pub output: String,
    pub properties: Vec<(String, String)>,
    /// Without the stamps, which come from the three fields above.
    pub system_properties: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl WorkMessage {
    /// A message with four system properties and no application properties.
    pub fn new(module: String, output: String, random: &mut Random) -> Self {
        let content_type = *random.pick(&["application/json", "application/json", "application/octet-stream"]);
        let message_id = format!("{:08x}-{:04x}", random.below(1 << 32), random.below(1 << 16));
        let created = format!("2024-05-{:02}T{:02}:00:00Z", random.between(1, 29), random.below(24));
        let pairs = [
            ("contentType", content_type.to_owned()),
            ("contentEncoding", "utf-8".to_owned()),
            ("messageId", message_id),
            ("creationTime", created),
        ];
        Self {
            device: "edge-device-01".to_owned(),
            module,
            output,
            properties: Vec::new(),
            system_properties: pairs.map(|(name, value)| (name.to_owned(), value)).to_vec(),
            body: format!("{{\"machine\":{{\"temperature\":{}}}}}", random.below(100)).into_bytes(),
        }
    }

    /// Whether it has an application property of this name.
    pub fn has(&self, name: &str) -> bool {
        self.properties.iter().any(|(candidate, _)| candidate == name)
    }

    pub fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.properties.push((name.into(), value.into()));
    }

    /// Makes the route match the message, by setting its source and adding properties that it does not have yet. The
    /// route's condition must not name a property twice in one conjunction.
    pub fn satisfy(&mut self, route: &WorkRoute, random: &mut Random) {
        match &route.source {
            Source::Any => {}
            Source::Module(module) => self.module.clone_from(module),
            Source::Output { module, output } => {
                self.module.clone_from(module);
                self.output.clone_from(output);
            }
        }
        if let Some(condition) = &route.condition {
            self.fulfil(condition, random);
        }
    }

    fn fulfil(&mut self, condition: &Condition, random: &mut Random) {
        match condition {
            Condition::All(conditions) => conditions.iter().for_each(|condition| self.fulfil(condition, random)),
            Condition::Any(conditions) => self.fulfil(random.pick(conditions), random),
            Condition::Test(Key::Application(name), test) => {
                let value = match test {
                    Test::Equals(wanted) => wanted.clone(),
                    Test::OneOf(choice) => random.pick(choice).clone(),
                    Test::StartsWith(prefix) => vocabulary::path_under(prefix, random),
                    Test::Within(low, high) => {
                        let width = usize::try_from(high - low).unwrap_or(1);
                        format!("{}", i64::from(*low) + i64::try_from(random.below(width)).unwrap_or(0))
                    }
                    Test::Above(bound) => format!("{}", bound + 1),
                    Test::Below(bound) => format!("{}", bound - 1),
                };
                self.push(name, value);
            }
            Condition::Differs(Key::Application(name), text) => self.push(name, vocabulary::other_value(text, random)),
            // No workload that aims its messages tests a system property, or negates anything but an equality.
            Condition::Not(_) | Condition::Test(Key::System(_), _) | Condition::Differs(Key::System(_), _) => {}
        }
    }
}
