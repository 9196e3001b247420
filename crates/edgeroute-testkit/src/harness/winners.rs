//! Turns matching routes into deliveries, for contenders that only determine which routes match.

use std::collections::BTreeMap;

use crate::workloads::WorkRoute;

/// For each endpoint, the route that wins it: the one with the lowest priority number, or among equals the one declared
/// first. Adding a route does not allocate.
#[derive(Clone, Debug)]
pub struct Winners {
    /// For each route, the number of its endpoint and its priority.
    routes: Vec<(usize, u32)>,
    /// For each endpoint, the message for which it was last won, and its index among the deliveries.
    marks: Vec<(u64, usize)>,
    /// Counts the messages, so that marks need no clearing.
    message: u64,
    deliveries: Vec<usize>,
}

impl Winners {
    pub fn new(routes: &[WorkRoute]) -> Self {
        let mut endpoints = BTreeMap::new();
        let routes = routes
            .iter()
            .map(|route| {
                let next = endpoints.len();
                let endpoint = *endpoints.entry(&route.endpoint).or_insert(next);
                (endpoint, route.priority.unwrap_or(u32::MAX))
            })
            .collect();
        let marks = vec![(0, 0); endpoints.len()];
        Self { routes, marks, message: 0, deliveries: Vec::with_capacity(endpoints.len()) }
    }

    /// Forgets the last message.
    pub fn clear(&mut self) {
        self.message += 1;
        self.deliveries.clear();
    }

    /// Records that this route matches the message. Routes may come in any order.
    pub fn add(&mut self, route: usize) {
        let (endpoint, priority) = self.routes[route];
        let (message, place) = &mut self.marks[endpoint];
        if *message != self.message {
            (*message, *place) = (self.message, self.deliveries.len());
            self.deliveries.push(route);
            return;
        }
        let winner = &mut self.deliveries[*place];
        let (_, best) = self.routes[*winner];
        if (priority, route) < (best, *winner) {
            *winner = route;
        }
    }

    /// The routes that deliver the message.
    pub fn get(&self) -> &[usize] {
        &self.deliveries
    }
}
