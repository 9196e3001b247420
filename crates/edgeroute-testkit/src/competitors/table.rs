//! The table as a contender: with names as strings, and with names that the hub has resolved.

use std::collections::BTreeMap;
use std::hint::black_box;

use edgeroute::{CompileError, Delivery, Key, RouteTable, Scratch};
use edgeroute_lang::message::{Message, Properties};
use edgeroute_lang::priority::Priority;
use edgeroute_lang::route::Route;

use crate::harness::Contender;
use crate::workloads::{WorkMessage, WorkRoute};

/// Compiles `texts`, the texts of `routes`. As in a hub, the builder gets a copy of each.
///
/// # Errors
/// Returns the errors in the routes.
pub fn build(routes: &[WorkRoute], texts: &[String]) -> Result<RouteTable, CompileError> {
    let builder = routes.iter().zip(texts).fold(RouteTable::builder(), |builder, (route, text)| {
        let priority = route.priority.and_then(Priority::new).unwrap_or_default();
        builder.add(Route::new(&route.name, text).with_priority(priority))
    });
    builder.build()
}

/// A table that gets the names of properties as strings.
#[derive(Debug)]
pub struct Table<'m> {
    matcher: Matcher,
    messages: &'m [WorkMessage],
}

impl Table<'_> {
    pub fn new(table: RouteTable) -> Self {
        Self { matcher: Matcher::new(table), messages: &[] }
    }
}

impl<'m> Contender<'m> for Table<'m> {
    fn load(&mut self, messages: &'m [WorkMessage]) {
        self.messages = messages;
    }

    fn count(&mut self, index: usize) -> usize {
        self.matcher.count(&super::message(&self.messages[index]))
    }

    fn deliveries(&mut self, index: usize, into: &mut Vec<usize>) {
        self.matcher.deliveries(&super::message(&self.messages[index]), into);
    }
}

/// A table that gets resolved names; the names of each message are resolved when it is loaded.
#[derive(Debug)]
pub struct ResolvedTable<'m> {
    matcher: Matcher,
    messages: Vec<ResolvedMessage<'m>>,
}

#[derive(Debug)]
struct ResolvedMessage<'m> {
    work: &'m WorkMessage,
    properties: Pairs<'m>,
    system_properties: Pairs<'m>,
}

/// Properties as stored by a hub that decodes into known keys.
type Pairs<'m> = Vec<(Key, &'m str)>;

impl ResolvedTable<'_> {
    pub fn new(table: RouteTable) -> Self {
        Self { matcher: Matcher::new(table), messages: Vec::new() }
    }
}

impl<'m> ResolvedMessage<'m> {
    fn borrowed(&self) -> Message<'_, Pairs<'m>, Pairs<'m>> {
        super::message(self.work).properties(&self.properties).system_properties(&self.system_properties)
    }
}

impl<'m> Contender<'m> for ResolvedTable<'m> {
    fn load(&mut self, messages: &'m [WorkMessage]) {
        let table = &self.matcher.table;
        let mut keys: [BTreeMap<&str, Key>; 2] = Default::default();
        let [application, system] = &mut keys;
        self.messages = messages
            .iter()
            .map(|work| ResolvedMessage {
                work,
                properties: resolve(&work.properties, application, |name| table.key(name)),
                system_properties: resolve(&work.system_properties, system, |name| table.system_key(name)),
            })
            .collect();
    }

    fn count(&mut self, index: usize) -> usize {
        self.matcher.count(&self.messages[index].borrowed())
    }

    fn deliveries(&mut self, index: usize, into: &mut Vec<usize>) {
        self.matcher.deliveries(&self.messages[index].borrowed(), into);
    }
}

/// Resolves each name once.
fn resolve<'m>(
    pairs: &'m [(String, String)],
    keys: &mut BTreeMap<&'m str, Key>,
    key: impl Fn(&str) -> Key,
) -> Pairs<'m> {
    pairs.iter().map(|(name, value)| (keys.entry(name).or_insert_with(|| key(name)).clone(), value.as_str())).collect()
}

#[derive(Debug)]
struct Matcher {
    table: RouteTable,
    scratch: Scratch,
}

impl Matcher {
    fn new(table: RouteTable) -> Self {
        let scratch = table.create_scratch();
        Self { table, scratch }
    }

    /// Examines each delivery, as a hub does.
    fn count(&mut self, message: &Message<'_, impl Properties, impl Properties>) -> usize {
        self.table.route_with(&mut self.scratch, message).map(black_box).count()
    }

    fn deliveries(&mut self, message: &Message<'_, impl Properties, impl Properties>, into: &mut Vec<usize>) {
        into.extend(self.table.route_with(&mut self.scratch, message).filter_map(place));
    }
}

/// The winning route's index in the workload, which is part of its name.
fn place(delivery: Delivery<'_>) -> Option<usize> {
    delivery.route().strip_prefix("route")?.parse().ok()
}
