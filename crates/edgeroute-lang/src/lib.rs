//! The language of IoT Edge hub routes: parsing, type checking and meaning.
//!
//! This is an internal crate of `edgeroute`, which re-exports what users need. It makes no promises of compatibility of
//! its own: any release may change any item.
//!
//! A route passes through these stages in order:
//!
//! 1. [`syntax`] parses the text of a route into a syntax tree, and prints trees.
//! 2. [`source`] and [`endpoint`] read the route's FROM and INTO.
//! 3. [`hir`] types the condition, resolves its names, and evaluates its constants. [`builtin`] describes the
//!    functions.
//! 4. [`interpret`] evaluates a typed condition for a [`message`], using [`value`] for operators and functions and
//!    [`body`] for body queries. It is the plain implementation that the index is tested against.
//! 5. [`predicate`] lowers a typed condition to a formula of tests, from which `edgeroute` builds its index. [`prove`]
//!    finds contradictions between formulas.
//!
//! [`manifest`] reads routes from deployment manifests, and [`mod@format`] rewrites routes in canonical form.
//! All stages report problems as [`diagnostic`]s, whose positions are [`span`]s.
//! [`limits`] bounds what a compilation may cost.
//!
//! `grammar/` specifies the language; comments cite the rules of `grammar/SEMANTICS.md` by anchor.
#![forbid(unsafe_code)]

pub mod steps;

pub mod span;

pub mod hash_map;
pub mod id;
pub mod limits;

pub mod priority;
pub mod route;

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
#[cfg(feature = "serde")]
mod serialize;
