//! The language of IoT Edge hub routes.
#![forbid(unsafe_code)]

pub mod steps;

pub mod span;

pub mod hash_map;
pub mod id;
pub mod limits;

pub mod priority;

pub mod diagnostic;

pub mod text;

pub mod syntax;

pub mod message;

pub mod body;
pub mod endpoint;
pub mod source;

pub mod builtin;
pub mod value;

pub mod hir;

pub mod interpret;

pub mod predicate;
pub mod prove;

pub mod manifest;
#[cfg(feature = "miette")]
pub mod miette;

pub mod format;
