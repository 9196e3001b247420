//! The numbers that decide how fast the engine is.
//!
//! They were chosen by measurement, and none of them changes an answer. The comment of each names the bench that shows
//! its effect; compare only results of the same machine. Bit widths and other constants that follow from a data layout
//! are in the module of that layout.
//!
//! Callers can change the following thresholds, so their defaults are in
//! [`Budgets`](edgeroute_lang::limits::Budgets):
//!
//! | budget | default | unit | bench |
//! |---|---|---|---|
//! | `terms` | 64 | terms of a table that is decided at once | `ratios`, *typical* |
//! | `postings` | 64 | postings of a route | `ratios`, *adversarial*, `disjunctions` |
//! | `list` | 24 | routes of a group that is not split | `ratios`, *equality* |
//! | `affix_lengths` | 8 | lengths that are looked up | `ratios`, *mixed* |
//! | `whole` | 24 | routes that are always recompiled together | `reload` |

// Reading a message.

/// Places in the cache of names of application properties; a power of two. With too few, names replace one another.
/// Bench `ratios`, *mixed*, warm.
pub(crate) const APPLICATION_NAMES: usize = 128;

/// Places in the cache of names of system properties; a power of two. Messages have about ten. Bench `ratios`,
/// *typical*, warm.
pub(crate) const SYSTEM_NAMES: usize = 32;

/// Places in the cache of sources of a small table; a power of two. Bench `ratios`, *typical*, warm.
pub(crate) const SOURCES: usize = 64;

/// Application properties of a message above which the cache of names is bypassed. Few of this many properties are
/// read, and their names would replace one another in the cache. Bench `ratios`, *adversarial*, `many properties`.
pub(crate) const CACHED_PROPERTIES: usize = 48;

// Matching.

/// Ranges of candidates that are queued before their headers are checked. Queueing lets memory accesses overlap; longer
/// queues displace the data in the first-level cache. Bench `ratios`, *mixed*, cold.
pub(crate) const QUEUED_RANGES: usize = 64;

/// Equalities of a group that are looked up together, a power of two of at most [`QUEUED_RANGES`]. In a group that tests
/// more properties, the properties of the message are looked up instead. Bench `ratios`, *mixed*.
pub(crate) const QUEUED_LOOKUPS: usize = 64;

/// Slots up to which all hashes are cleared after a message, not only those that are filled. Bench `instructions`,
/// `equality`.
pub(crate) const CLEARED_SLOTS: usize = 64;

/// Programs that are queued before they are run, as for [`QUEUED_RANGES`]; a power of two. Bench `ratios`, *mixed*, cold.
pub(crate) const QUEUED_PROGRAMS: usize = 128;

/// Strings of a slot up to which a linear scan is faster than a binary search. Bench `instructions`, `typical`.
pub(crate) const SCANNED_STRINGS: usize = 8;

/// Winners of a message up to which they are sorted. More than these are put in order by a bit for each route of the
/// table, if there are not more than [`WORDS_PER_WINNER`] words of bits for each winner. Bench `ratios`, *adversarial*,
/// `one value` and `negations`.
pub(crate) const SORTED_WINNERS: usize = 24;

/// Words of bits for each winner, at most; see [`SORTED_WINNERS`].
pub(crate) const WORDS_PER_WINNER: usize = 16;

// Reading a body.

/// Guesses of the next name; a power of two. Large enough that few of about ten names share a place with another. Bench
/// `body`.
pub(crate) const GUESSES: usize = 512;

/// Bytes of the longest guess, from the comma to the value; a multiple of eight. Bench `body`.
pub(crate) const GUESS_BYTES: usize = 24;

/// Members of a place up to which they are compared one by one. Bench `body`.
pub(crate) const SCANNED_MEMBERS: usize = 8;

/// Members that one look-ahead for overwritten members covers. Only large bodies have more; the memory for them is part
/// of every scratch. No bench has such paths; the tests in `search/body/tests` count the steps.
pub(crate) const LOOK_AHEAD: usize = 4_096;

// Building an index.

/// Bytes of the longest string under which a body value gets a posting. A string with escapes is unescaped on the stack
/// before it is hashed. No bench has longer values.
pub(crate) const POSTED_BYTES: usize = 256;

/// Constants for which each slot is assumed to be tested besides the ones that the routes contain. So a single constant
/// says something about how selective a slot is, but not everything. Bench `ratios`, *mixed* and *cover*.
pub(crate) const ASSUMED_CONSTANTS: f64 = 8.0;

/// The greatest likelihood of a test, and that of a test of presence. Bench `ratios`, *cover*.
pub(crate) const LIKELY: f64 = 0.9;

/// The likelihood of a rare body value, and the share of its rarity that is added. A body value requires reading the
/// body first, so a property is preferred unless it is much less selective. Bench `ratios`, *mixed*.
pub(crate) const BODY_LIKELIHOOD: (f64, f64) = (0.3, 0.6);

/// Classes of intervals of one number. Each costs a binary search for every message; fewer classes find more intervals
/// that do not contain the number. Bench `ratios`, *adversarial*, `overlaps`.
pub(crate) const NUMBER_CLASSES: usize = 8;

/// The factor between the widths of intervals in adjacent classes, as a power of two. Bench as for [`NUMBER_CLASSES`].
pub(crate) const LOG2_CLASS_WIDTH: f64 = 2.0;

/// Buckets of four places of the lookups, for a number of keys: two for every five, so that at most five eighths of the
/// places are taken before rounding. Bench `ratios`, *equality*.
pub(crate) const BUCKETS_FOR_KEYS: (usize, usize) = (2, 5);

/// Places for each name in the tables of names. Most names of a message are not read, and a search for them ends at a
/// free place. Bench `ratios`, *typical*.
pub(crate) const PLACES_PER_NAME: usize = 4;

/// Places for each segment in the trie of sources. Bench `ratios`, *equality*.
pub(crate) const PLACES_PER_SEGMENT: usize = 2;

/// Entries in the lists of intervals that contain the same numbers, for each interval. With more, more intervals need one
/// lookup each and no comparison, but a list is longer in memory. Bench `ratios`, *mixed*.
pub(crate) const LISTED_INTERVALS: usize = 4;

// Building and changing a table.

/// Routes for each thread, at least: starting a thread and merging its result costs as much as compiling a few hundred
/// routes. Bench `compile`, with the feature `parallel`.
#[cfg(feature = "parallel")]
pub(crate) const ROUTES_PER_THREAD: usize = 1_000;

/// The ratio between the sizes of a level of a set and the level below it. A larger ratio gives fewer segments to visit
/// and more routes to compile at each change. Bench `reload`.
pub(crate) const GROWTH: usize = 8;

/// All routes are recompiled when the changes since the base was compiled exceed one part in `BASE_SHARE` of the
/// routes, and also [`MIN_CHANGES`]. Bench `reload`.
pub(crate) const BASE_SHARE: usize = 4;

/// Changes up to which the base is kept, however few routes there are. Bench `reload`.
pub(crate) const MIN_CHANGES: usize = 32;
