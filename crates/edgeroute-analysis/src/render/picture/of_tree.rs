//! Draws the index that routes are compiled to: from the message by its source and one test to each route.

use std::collections::BTreeMap;

use super::{EdgeKind, End, Node, NodeKind, Picture, Row, Shape};
use edgeroute::RouteTable;
use edgeroute::internals::SegmentListing;
use edgeroute::internals::{ListedPosting, LocalRouteId};

impl Picture {
    /// Draws how a table finds its routes: the sources, the tests by which each finds its routes, and the routes with
    /// the conditions that are then checked. Allocates, and walks the whole table.
    #[must_use]
    pub fn of_tree(table: &RouteTable) -> Self {
        let title = format!("{} routes to {} endpoints", table.len(), table.endpoints().count());
        let mut picture = Self::new(title, Shape::Tree);
        let message = picture.add(Node::new(NodeKind::Sender, "message"));
        for listing in table.segment_listings() {
            for group in listing.groups() {
                let mut source = Node::new(NodeKind::Module, group.path);
                source.note = "source";
                let source = picture.child(message, source);
                // Routes that are found by the same test share a node.
                let mut by_access: BTreeMap<Option<String>, Vec<ListedPosting>> = BTreeMap::new();
                for posting in group.postings {
                    by_access.entry(posting.access.clone()).or_default().push(posting);
                }
                for (access, postings) in by_access {
                    let found_at = match access {
                        None => source,
                        Some(access) => {
                            let mut test = Node::new(NodeKind::Test, access);
                            test.note = "test";
                            picture.child(source, test)
                        }
                    };
                    for posting in postings {
                        let header = posting.header.map(|header| format!("header: {header}"));
                        let checked = header.into_iter().chain([posting.condition]).collect();
                        picture.route(found_at, &listing, posting.route, checked);
                    }
                }
            }
            if let Some((route, condition)) = listing.fallback() {
                let mut fallback = Node::new(NodeKind::Test, "nothing else matched");
                fallback.note = "fallback";
                let fallback = picture.child(message, fallback);
                picture.route(fallback, &listing, route, vec![condition]);
            }
        }
        picture
    }

    fn child(&mut self, parent: usize, node: Node) -> usize {
        let child = self.add(node);
        self.connect(End::at(parent), End::at(child), EdgeKind::Flow);
        child
    }

    fn route(&mut self, parent: usize, listing: &SegmentListing<'_>, route: LocalRouteId, conditions: Vec<String>) {
        let mut node = Node::new(NodeKind::Routes, "");
        let endpoint = listing.endpoint(route).map(|endpoint| format!("-> {endpoint}"));
        let conditions = endpoint.into_iter().chain(conditions).collect();
        node.rows.push(Row { badge: String::new(), name: listing.name(route).to_owned(), conditions, in_loop: false });
        self.child(parent, node);
    }
}
