//! Lists the structure of a table with its names, for rendering and for `Debug`.

use std::fmt;

use super::RouteTable;
use super::segment::Segment;
use crate::index::{ListedGroup, ListedPosting, RouteId};
use edgeroute_lang::endpoint::Endpoint;

/// Lists a segment of a table, without its dead routes.
#[derive(Debug)]
pub struct Listing<'t> {
    segment: &'t Segment,
    version: u32,
}

impl RouteTable {
    /// Iterates over the segments in the order in which a message visits them: one, if the table was built at once.
    #[doc(hidden)]
    pub fn listings(&self) -> impl Iterator<Item = Listing<'_>> {
        let version = self.inner.version;
        self.segments().map(move |segment| Listing { segment, version })
    }
}

impl Listing<'_> {
    /// Iterates over the sources, each with the ways in which its routes are found.
    pub fn groups(&self) -> impl Iterator<Item = ListedGroup> {
        self.segment.matcher.index.listing().into_iter().filter_map(|ListedGroup { path, mut postings }| {
            postings.retain(|posting| self.segment.is_alive(posting.route, self.version));
            (!postings.is_empty()).then_some(ListedGroup { path, postings })
        })
    }

    /// Returns the fallback route and its condition.
    pub fn fallback(&self) -> Option<(RouteId, String)> {
        self.segment.matcher.index.listed_fallback()
    }

    /// Returns the name of a route.
    pub fn name(&self, route: RouteId) -> &str {
        self.segment.name(route)
    }

    /// Returns the endpoint of a route.
    pub fn endpoint(&self, route: RouteId) -> Option<&Endpoint> {
        self.segment.endpoint(self.segment.record(route)?.endpoint)
    }

    /// Formats a route with its endpoint as `name -> endpoint`.
    fn label(&self, route: RouteId) -> String {
        match self.endpoint(route) {
            Some(endpoint) => format!("{} -> {endpoint}", self.name(route)),
            None => self.name(route).to_owned(),
        }
    }
}

/// Writes each source with its routes, one line for each way in which a route is found: the test that selects it, the
/// header it must pass, and what is checked afterwards.
impl fmt::Debug for RouteTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "RouteTable of {} routes to {} endpoints", self.len(), self.endpoints().len())?;
        for (index, listing) in self.listings().enumerate() {
            if (1..self.inner.segments.len()).contains(&index) {
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
