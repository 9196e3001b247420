//! The names and values that the generated workloads share.

use super::random::{Random, Zipf};

/// Attribute names of a plant, with typical lengths.
pub const ATTRIBUTES: [&str; 20] = [
    "level", "site", "msgType", "devType", "zone", "vendor", "model", "firmware", "unit", "quality", "severity",
    "region", "tenant", "protocol", "state", "mode", "shift", "batch", "channel", "category",
];

/// The number of values of an attribute.
pub const VALUES: usize = 50;

/// The names of a module's outputs.
pub const OUTPUTS: [&str; 4] = ["telemetry", "alerts", "logs", "status"];

pub fn value(rank: usize) -> String {
    format!("value{rank:02}")
}

/// Returns a value other than `text`.
pub fn other_value(text: &str, random: &mut Random) -> String {
    loop {
        let other = value(random.below(VALUES));
        if other != text {
            return other;
        }
    }
}

pub fn module(index: usize) -> String {
    format!("module{index}")
}

pub fn output(random: &mut Random) -> String {
    (*random.pick(&OUTPUTS)).to_owned()
}

/// Attributes and the frequency of their values, which follows Zipf's law and is the same for routes and messages.
#[derive(Clone, Debug)]
pub struct Attributes {
    zipf: Zipf,
}

impl Attributes {
    pub fn new() -> Self {
        Self { zipf: Zipf::new(VALUES) }
    }

    pub fn value(&self, random: &mut Random) -> String {
        value(self.zipf.draw(random))
    }
}

/// The levels of a path and the number of names at each: 10,000 different prefixes of three levels.
const PATH_LEVELS: [(&str, usize); 4] = [("plant", 10), ("line", 20), ("cell", 50), ("sensor", 1_000)];

/// Generates a prefix of this many levels, including the final slash.
pub fn path_prefix(levels: usize, random: &mut Random) -> String {
    let names = names(&PATH_LEVELS[..levels], random);
    format!("{}/", names.join("/"))
}

/// Generates a whole path under `prefix`.
pub fn path_under(prefix: &str, random: &mut Random) -> String {
    let given = prefix.matches('/').count();
    format!("{prefix}{}", names(&PATH_LEVELS[given..], random).join("/"))
}

fn names(levels: &[(&str, usize)], random: &mut Random) -> Vec<String> {
    levels.iter().map(|(level, count)| format!("{level}{}", random.below(*count))).collect()
}
