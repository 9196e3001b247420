//! The linear scan as a contender; it also gives the expected answers for all others.

use std::hint::black_box;

use super::Contender;
use crate::linear_scan::{LinearScan, Scratch};
use crate::workloads::{WorkMessage, WorkRoute};

/// The linear scan and the messages that it matches.
#[derive(Debug)]
pub struct Linear<'m> {
    scan: LinearScan,
    scratch: Scratch,
    messages: &'m [WorkMessage],
}

impl Linear<'_> {
    pub fn new(routes: &[WorkRoute]) -> Self {
        let scan = LinearScan::new(routes);
        let scratch = scan.create_scratch();
        Self { scan, scratch, messages: &[] }
    }

    /// The routes that deliver `message`, in ascending order.
    pub fn expected(&mut self, message: &WorkMessage) -> Vec<usize> {
        let mut routes = self.scan.matches(&mut self.scratch, message).to_vec();
        routes.sort_unstable();
        routes
    }
}

impl<'m> Contender<'m> for Linear<'m> {
    fn load(&mut self, messages: &'m [WorkMessage]) {
        self.messages = messages;
    }

    fn count(&mut self, index: usize) -> usize {
        self.scan.matches(&mut self.scratch, &self.messages[index]).iter().map(black_box).count()
    }

    fn deliveries(&mut self, index: usize, into: &mut Vec<usize>) {
        into.extend(self.scan.matches(&mut self.scratch, &self.messages[index]));
    }
}
