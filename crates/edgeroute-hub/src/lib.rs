//! An edge hub: modules and devices connect with the vendors' SDKs, unchanged, and edgeroute routes what they send.
//!
//! Modules, lowest first: each uses only those before it.

pub mod admin;
pub mod administration;
pub mod bind;
pub mod clients;
pub mod clock;
pub mod command;
pub mod config;
pub mod contact;
pub mod doctor;
pub mod files;
pub mod http;
pub mod hub;
pub mod identity;
pub mod ingest;
pub mod listen;
pub mod message;
pub mod methods;
pub mod metrics;
pub mod mqtt;
pub mod observe;
pub mod operations;
pub mod outbox;
pub mod reload;
pub mod routing;
pub mod run;
pub mod services;
pub mod store;
pub mod tls;
pub mod twins;
pub mod upstream;
pub mod wire;
pub mod workload;
