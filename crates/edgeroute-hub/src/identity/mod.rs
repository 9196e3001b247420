//! Who connects: the ids of devices and modules, their keys, and the tokens signed with them.

mod authenticate;
mod client_id;
mod file;
mod identities;
mod key;
pub mod sas;
mod username;

pub use authenticate::{Authenticated, Policy, Refusal};
pub use client_id::{ClientId, InvalidClientId};
pub use file::{FILE, Identity};
pub use identities::{Identities, IdentityError, IdentityOptions};
pub use key::{InvalidKey, Key, NoRandomness};
pub use username::{InvalidUsername, Username};
