//! Whole connections of clients, made of choices: a test and a fuzz target follow them.

mod model;
pub(crate) mod packet;
mod rig;
mod script;

pub(crate) use rig::Rig;
