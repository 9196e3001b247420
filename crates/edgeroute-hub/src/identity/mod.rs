//! Who connects: the ids of devices and modules, their keys, and the signatures made with them.

mod client_id;

pub use client_id::{ClientId, InvalidClientId};
