//! The structure of a table by name: for [`render`](crate::render), and for `Debug`.

use std::fmt;

use super::RouteTable;
use super::segment::Segment;
use crate::index::{ListedGroup, ListedPosting, RouteId};
use edgeroute_lang::endpoint::Endpoint;

/// A segment of a table, without what is dead in it.
pub struct Listing<'t> {
    segment: &'t Segment,
    version: u32,
}

impl RouteTable {
    /// Its segments in the order in which a message visits them: one, where it was built at once.
    #[doc(hidden)]
    pub fn listings(&self) -> impl Iterator<Item = Listing<'_>> {
        let version = self.inner.version;
        self.segments().map(move |segment| Listing { segment, version })
    }
}

impl Listing<'_> {
    /// Every source with the ways in which its routes are found.
    pub fn groups(&self) -> impl Iterator<Item = ListedGroup> {
        self.segment.matcher.tree.listing().into_iter().filter_map(|ListedGroup { path, mut filings }| {
            filings.retain(|filing| self.segment.is_alive(filing.route, self.version));
            (!filings.is_empty()).then_some(ListedGroup { path, filings })
        })
    }

    /// The fallback route and its condition.
    pub fn fallback(&self) -> Option<(RouteId, String)> {
        self.segment.matcher.tree.listed_fallback()
    }

    /// A route's name.
    pub fn name(&self, route: RouteId) -> &str {
        self.segment.name(route)
    }

    /// Where a route sends messages.
    pub fn endpoint(&self, route: RouteId) -> Option<&Endpoint> {
        self.segment.endpoint(self.segment.record(route)?.endpoint)
    }

    /// A route with where it sends messages, `name -> endpoint`.
    fn label(&self, route: RouteId) -> String {
        match self.endpoint(route) {
            Some(endpoint) => format!("{} -> {endpoint}", self.name(route)),
            None => self.name(route).to_owned(),
        }
    }
}

/// Each source with its routes, a line for each way in which a route is found: by which test, which header it must pass,
/// and what is then checked.
impl fmt::Debug for RouteTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "RouteTable of {} routes to {} endpoints", self.len(), self.endpoints().len())?;
        for (index, listing) in self.listings().enumerate() {
            if (1..self.inner.segments.len()).contains(&index) {
                writeln!(f, "segment {index}")?;
            }
            for group in listing.groups() {
                writeln!(f, "{}", group.path)?;
                for filing in group.filings {
                    let ListedPosting { route, access, header, condition } = filing;
                    let access = access.map_or_else(|| "always".to_owned(), |access| format!("by {access}"));
                    let header = header.map_or_else(String::new, |header| format!(", header {header}"));
                    writeln!(f, "  {}: {access}{header}, if {condition}", listing.label(route))?;
                }
            }
            if let Some((route, condition)) = listing.fallback() {
                writeln!(f, "fallback\n  {}: if {condition}", listing.label(route))?;
            }
        }
        Ok(())
    }
}
