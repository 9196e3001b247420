//! An edge hub: modules and devices connect with the vendors' SDKs, unchanged, and edgeroute routes what they send.
//!
//! The modules, from the lowest to the highest; each uses only those before it, which a test of the repository checks:
//!
//! - data: [`clock`], [`files`], [`json`], [`listen`], [`bind`], [`identity`], [`message`], [`store`], [`metrics`],
//!   [`wire`] (the topics of the SDKs), the protocol MQTT, [`tls`], [`config`], [`contact`];
//! - what messages pass: [`outbox`], [`observe`], [`clients`] (sessions), [`routing`], [`ingest`];
//! - services: [`twins`], [`methods`], [`upstream`], all of them together as [`hub`], [`operations`], [`reload`];
//! - servers: [`mqtt`], [`http`], [`workload`], [`admin`], with [`services`] and [`administration`] between them and the
//!   hub;
//! - programs: [`doctor`], [`run`], [`command`], [`start`].
//!
//! A message comes in through [`mqtt`], is read by [`wire`], routed and stored by [`ingest`], and acknowledged when
//! [`store`] has flushed it. It goes out through the [`outbox`] of its receiver.
#![forbid(unsafe_code)]

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
pub mod json;
pub mod listen;
pub mod message;
pub mod methods;
pub mod metrics;
pub mod mqtt;
pub mod observe;
pub mod operations;
pub mod outbox;
mod protocol;
pub mod reload;
pub mod routing;
pub mod run;
pub mod services;
pub mod start;
pub mod store;
pub mod tls;
pub mod twins;
pub mod upstream;
pub mod wire;
pub mod workload;
