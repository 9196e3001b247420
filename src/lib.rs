//! edgeroute compiles all routes of an IoT Edge hub into one index, and matches a message against every route at once.
//!
//! A route is a line such as `FROM /messages/* WHERE as_number(temperature) > 80 INTO $upstream`.
//! It has a name, a priority and a time to live, and usually comes from a deployment manifest.
//! A hub builds a [`RouteTable`] from its routes and asks the table for the deliveries of each message.
//! Messages go exactly where the hub's own engine would send them; `grammar/DEVIATIONS.md` lists the exceptions.
//!
//! # Example
//!
//! ```
//! use edgeroute::{Message, Origin, RouteTable};
//!
//! let table = RouteTable::builder()
//!     .route("hot", "FROM /messages/* WHERE as_number(temperature) > 80 INTO $upstream")
//!     .build()?;
//! let mut scratch = table.create_scratch();
//! let properties = [("temperature", "81.5")];
//! let message = Message::new(Origin::module("edge-1", "sensor")).properties(&properties);
//! let mut deliveries = table.route_with(&mut scratch, &message);
//! assert_eq!(deliveries.next().map(|delivery| delivery.route()), Some("hot"));
//! # Ok::<(), edgeroute::CompileError>(())
//! ```
//!
//! # Tables and sets
//!
//! A [`RouteTable`] is immutable, cheap to clone and can be shared between threads.
//! Build it with [`RouteTableBuilder`] if the routes do not change, or with [`CheckedManifest`] to get all errors of a manifest at once.
//!
//! A [`RouteSet`] holds routes that change.
//! [`RouteSet::apply`] takes [`Changes`] and returns a new table.
//! It makes all changes or none, and reports everything that is wrong with them.
//! Tables already in use are not affected.
//!
//! ```
//! use edgeroute::{Changes, Route, RouteSet, RouteTable};
//!
//! let mut routes = RouteSet::new(RouteTable::builder().route("all", "FROM /messages/* INTO $upstream"))?;
//! let mut scratch = routes.table().create_scratch();
//!
//! let changes = Changes::new()
//!     .replace(Route::new("all", "FROM /messages/* WHERE level != 'debug' INTO $upstream"))
//!     .add(Route::new("log", "FROM /messages/* INTO BrokeredEndpoint(\"/modules/log/inputs/in\")"));
//! let table = routes.apply(changes)?;
//!
//! // Keeps the memory for the routes that did not change.
//! table.adapt_scratch(&mut scratch);
//! # Ok::<(), edgeroute::CompileError>(())
//! ```
//!
//! # Scratch
//!
//! A [`Scratch`] is the memory that matching writes to.
//! Create one per worker thread with [`RouteTable::create_scratch`] and reuse it for every message.
//! It belongs to one table and its clones; [`RouteTable::adapt_scratch`] moves it to another table.
//!
//! # Features
//!
//! | feature | effect |
//! |---|---|
//! | `miette` | errors implement `miette::Diagnostic` |
//! | `parallel` | large tables are compiled on all cores; the result is the same |
//! | `serde` | deliveries, problems and statistics implement `Serialize`; [`OwnedMessage`] also implements `Deserialize`, in the JSON form of messages that the command reads |
//! | `tracing` | building and changing tables emits `tracing` events; matching emits none |
//! | `count-steps` | counts steps for the tests of this repository; makes no promises |
//!
//! No feature is on by default.
//!
//! # Costs
//!
//! - Building a table takes time linear in the size of the routes, apart from sorting.
//! - Matching a message takes time that grows with the properties of the message and with the routes that resemble it,
//!   not with the number of routes.
//!   At worst it looks at every route.
//! - The body is scanned only if a route that otherwise matches queries it, and one scan serves all routes.
//!   Paths with wildcards make the scan look ahead once for every 4,096 members of the body.
//! - Adding, replacing or removing a route compiles that route and, on average, a few others.
//!   The number of routes affects this cost only by a logarithm.
//!
//! # Untrusted input
//!
//! Routes, manifests and messages may come from anyone:
//!
//! - No input causes a panic or deep recursion, and the crate has no `unsafe` code.
//!   The only panic is [`RouteTable::route_with`] or [`RouteTable::is_match_with`] called with a scratch that belongs to another table.
//! - Matching with a scratch does not allocate and cannot fail.
//! - Every size that a route or a manifest determines has a limit, see [`Limits`]. Exceeding it is an error that names the limit.
//! - Names and values are hashed with a key that senders do not know.
//! - The same input gives the same output. Nothing depends on the order of a hash map.
//!
//! `SECURITY.md` lists each promise with the tests that check it.
//!
//! # Stability
//!
//! Semantic versioning covers the items exported from the root of this crate; `docs/public-api.txt` lists them.
//! The module `internals` and the crates `edgeroute-lang` and `edgeroute-analysis` are internal and may change in any release.
//! Codes of diagnostics, such as `E0201`, keep their meaning; the wording of messages may change.
//!
//! # More
//!
//! - [`Manifest`] reads deployment manifests, [`diagnostic`] describes errors.
//! - `docs/language.md` is the reference of the language, and `grammar/SEMANTICS.md` defines what a route means.
//!   References such as SEMANTICS#winner name its rules.
//! - `docs/codes.md` explains every error code.
//! - `ARCHITECTURE.md` describes how the crate works.
#![forbid(unsafe_code)]

mod index;
#[doc(hidden)]
pub mod internals;
mod search;
mod table;
mod tuning;

pub use edgeroute_lang::endpoint::{Endpoint, InvalidEndpoint};
pub use edgeroute_lang::hir::Shadowing;
pub use edgeroute_lang::limits::{Budgets, Limits};
pub use edgeroute_lang::manifest::{Manifest, Retention};
pub use edgeroute_lang::message::{
    DynProperties, InvalidOrigin, Message, MessageSource, NameHint, NoProperties, Origin, OwnedMessage,
    OwnedProperties, Properties, PropertyName, PropertyValue,
};
pub use edgeroute_lang::priority::{InvalidPriority, Priority, TimeToLive};
pub use edgeroute_lang::route::Route;
pub use table::{
    Changes, CheckedManifest, CompileError, Deliveries, Delivery, EndpointId, Interests, Key, Listing, PartialTable,
    RouteId, RouteProblem, RouteSet, RouteTable, RouteTableBuilder, Scratch, Stats,
};

/// Errors and warnings as data: a code, places in the text, and a fix where there is one.
pub mod diagnostic {
    pub use edgeroute_lang::diagnostic::{
        Applicability, Code, Diagnostic, Finding, Fix, Label, Severity, UnknownCode, render,
    };
}

/// What a deployment manifest declares besides its routes, its problems, and edits of its text.
pub mod manifest {
    pub use edgeroute_lang::manifest::{
        Edited, Fingerprint, InvalidFingerprint, ManifestError, ManifestProblem, ModuleSpec, Parsed, Retention,
        RouteSpec, SchemaVersion, StoreAndForward, StoreLimits, apply,
    };
}

/// Places in a text, in bytes, Unicode scalar values and UTF-16 code units.
pub mod span {
    pub use edgeroute_lang::span::{LineColumn, LineIndex, Position, PositionWalk, Span, TextUnit};
}

/// The examples of the README, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
