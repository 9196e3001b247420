//! The names and values that the generated workloads share.

use super::random::{Random, Zipf};

/// Attribute names of a plant, of the lengths that such names have.
pub const ATTRIBUTES: [&str; 20] = [
    "level", "site", "msgType", "devType", "zone", "vendor", "model", "firmware", "unit", "quality", "severity",
    "region", "tenant", "protocol", "state", "mode", "shift", "batch", "channel", "category",
];

/// How many values an attribute has.
pub const VALUES: usize = 50;

/// How a module's outputs are called.
pub const OUTPUTS: [&str; 4] = ["telemetry", "alerts", "logs", "status"];

pub fn value(rank: usize) -> String {
    format!("value{rank:02}")
}

/// A value other than `text`.
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

/// Attributes and how often each of their values comes: by Zipf's law, the same for routes and messages.
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

/// The levels of a path and how many names each has: 10,000 different prefixes of three levels.
const PATH_LEVELS: [(&str, usize); 4] = [("plant", 10), ("line", 20), ("cell", 50), ("sensor", 1_000)];

/// A prefix of this many levels, up to and with the slash.
pub fn path_prefix(levels: usize, random: &mut Random) -> String {
    let names = names(&PATH_LEVELS[..levels], random);
    format!("{}/", names.join("/"))
}

/// A whole path under `prefix`.
pub fn path_under(prefix: &str, random: &mut Random) -> String {
    let given = prefix.matches('/').count();
    format!("{prefix}{}", names(&PATH_LEVELS[given..], random).join("/"))
}

fn names(levels: &[(&str, usize)], random: &mut Random) -> Vec<String> {
    levels.iter().map(|(level, count)| format!("{level}{}", random.below(*count))).collect()
}
