//! Lists the structure of a table with its names, for rendering and for people.

use std::fmt;

use super::RouteTable;
use super::segment::Segment;
use crate::index::{ListedGroup, ListedPosting, LocalRouteId};
use edgeroute_lang::endpoint::Endpoint;

/// Prints how the routes of a table were compiled, see [`RouteTable::listing`].
#[derive(Copy, Clone)]
pub struct Listing<'t> {
    table: &'t RouteTable,
}

/// Lists a segment of a table, without its retired routes.
#[derive(Debug)]
pub struct SegmentListing<'t> {
    segment: &'t Segment,
    version: u32,
}

impl RouteTable {
    /// Returns the structure of the table, for reading: printing it writes each source with its routes, one line for
    /// each way in which a route is found, with the test that selects it, the header it must pass, and what is checked
    /// afterwards. The text grows with the number of routes. Its form may change in any release.
    #[must_use]
    pub const fn listing(&self) -> Listing<'_> {
        Listing { table: self }
    }

    /// Iterates over the segments in the order in which a message visits them: one, if the table was built at once.
    #[doc(hidden)]
    pub fn segment_listings(&self) -> impl Iterator<Item = SegmentListing<'_>> {
        let version = self.inner.version;
        self.segments().map(move |segment| SegmentListing { segment, version })
    }
}

impl SegmentListing<'_> {
    /// Iterates over the sources, each with the ways in which its routes are found.
    pub fn groups(&self) -> impl Iterator<Item = ListedGroup> {
        self.segment.matcher.index.listing().into_iter().filter_map(|ListedGroup { path, mut postings }| {
            postings.retain(|posting| self.segment.is_alive(posting.route, self.version));
            (!postings.is_empty()).then_some(ListedGroup { path, postings })
        })
    }

    /// Returns the fallback route and its condition.
    pub fn fallback(&self) -> Option<(LocalRouteId, String)> {
        self.segment.matcher.index.listed_fallback()
    }

    /// Returns the name of a route.
    pub fn name(&self, route: LocalRouteId) -> &str {
        self.segment.name(route)
    }

    /// Returns the endpoint of a route.
    pub fn endpoint(&self, route: LocalRouteId) -> Option<&Endpoint> {
        self.segment.endpoint(self.segment.record(route)?.endpoint)
    }

    /// Formats a route with its endpoint as `name -> endpoint`.
    fn label(&self, route: LocalRouteId) -> String {
        match self.endpoint(route) {
            Some(endpoint) => format!("{} -> {endpoint}", self.name(route)),
            None => self.name(route).to_owned(),
        }
    }
}

impl fmt::Debug for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listing").field("table", self.table).finish()
    }
}

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = self.table;
        writeln!(f, "RouteTable of {} routes to {} endpoints", table.len(), table.endpoints().count())?;
        for (index, listing) in table.segment_listings().enumerate() {
            if (1..table.inner.segments.len()).contains(&index) {
                writeln!(f, "segment {index}")?;
            }
            for group in listing.groups() {
                writeln!(f, "{}", group.path)?;
                for posting in group.postings {
                    let ListedPosting { route, access, header, condition } = posting;
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
