//! An edge hub: modules and devices connect with the vendors' SDKs, unchanged, and edgeroute routes what they send.
//!
//! Modules, lowest first: each uses only those before it.

pub mod clients;
pub mod clock;
pub mod config;
pub mod files;
pub mod http;
pub mod identity;
pub mod ingest;
pub mod listen;
pub mod message;
pub mod metrics;
pub mod observe;
pub mod outbox;
pub mod routing;
pub mod store;
pub mod tls;
pub mod wire;
pub mod workload;
