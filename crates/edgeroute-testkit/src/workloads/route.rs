//! Routes as data, and their text in the hub's language.

use std::fmt;

use super::condition::Condition;
use super::random::Random;

/// The source, after FROM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Any,
    Module(String),
    Output { module: String, output: String },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("/messages/*"),
            Self::Module(module) => write!(f, "/messages/modules/{module}/*"),
            Self::Output { module, output } => write!(f, "/messages/modules/{module}/outputs/{output}"),
        }
    }
}

/// The endpoint, after INTO.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endpoint {
    Upstream,
    Input { module: String, input: String },
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Upstream => f.write_str("$upstream"),
            Self::Input { module, input } => write!(f, "BrokeredEndpoint(\"/modules/{module}/inputs/{input}\")"),
        }
    }
}

/// A route. Its `Display` writes its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkRoute {
    pub name: String,
    pub source: Source,
    /// `None` if there is no WHERE.
    pub condition: Option<Condition>,
    pub endpoint: Endpoint,
    /// 0 to 9, or `None` for the default, which comes after all of them.
    pub priority: Option<u32>,
}

impl fmt::Display for WorkRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FROM {}", self.source)?;
        if let Some(condition) = &self.condition {
            write!(f, " WHERE {condition}")?;
        }
        write!(f, " INTO {}", self.endpoint)
    }
}

impl WorkRoute {
    /// Generates the route numbered `index`. One route in ten goes to the cloud, the others to one of 400 module
    /// inputs. A hub has many more routes than endpoints, so several routes that match a message often share an
    /// endpoint, and the deliveries must be made unique. One route in four has a priority.
    pub fn generated(index: usize, source: Source, condition: Condition, random: &mut Random) -> Self {
        let endpoint = if random.chance(10) {
            Endpoint::Upstream
        } else {
            let place = random.below(400);
            Endpoint::Input { module: format!("target{}", place / 4), input: format!("input{}", place % 4) }
        };
        let priority = random.chance(25).then(|| u32::try_from(random.below(10)).unwrap_or(0));
        Self { name: format!("route{index}"), source, condition: Some(condition), endpoint, priority }
    }
}
