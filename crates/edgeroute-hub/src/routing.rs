//! The routes in force: decides where a message goes, and replaces all routes at once.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use edgeroute::diagnostic::{Finding, Severity};
use edgeroute::manifest::Fingerprint;
use edgeroute::{CheckedManifest, Manifest, Retention, RouteTable, Scratch};
use edgeroute_analysis::lint::Linter;
use edgeroute_analysis::render::{Color, FileReport, Report};

use crate::clock::{Clock, Timestamp};
use crate::message::Message;
use crate::observe::Taken;
use crate::store::{Destination, Level, NewDelivery, QueueId, Store};

/// The routes in force.
#[derive(Debug)]
pub struct Router {
    store: Store,
    clock: Clock,
    current: ArcSwap<Routing>,
}

/// One version of the routes.
#[derive(Debug)]
pub struct Routing {
    version: u64,
    since: Timestamp,
    text: Arc<str>,
    warnings: String,
    manifest: Manifest,
    table: RouteTable,
    /// The queue of each endpoint, by the index of its id.
    queues: Vec<Option<(QueueId, Destination)>>,
    /// The name of each route, by the index of its id.
    routes: Vec<Arc<str>>,
    /// As many as messages were ever routed at the same time.
    scratches: Mutex<Vec<Scratch>>,
}

/// Where a message goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// What to store with the message. Empty if no route takes it.
    pub deliveries: Vec<NewDelivery>,
    /// The route of each delivery.
    pub taken: Vec<Taken>,
}

/// The manifest has errors, so it is not in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadManifest {
    /// The findings, as `edgeroute check` prints them.
    pub report: String,
    /// The number of errors.
    pub errors: usize,
}

/// The longest report of a manifest that is kept, in bytes.
const LONGEST_REPORT: usize = 64 * 1024;

/// A manifest that can be put in force.
#[derive(Debug)]
pub struct GoodManifest {
    text: Arc<str>,
    manifest: Manifest,
    table: RouteTable,
    /// What `edgeroute lint` reports, empty if there is nothing.
    pub warnings: String,
}

impl GoodManifest {
    /// Checks the text of a manifest. `name` is what the report calls it.
    pub fn check(name: &str, text: &str) -> Result<Self, BadManifest> {
        let checked = CheckedManifest::from_json(text);
        let routes = checked.route_count();
        match checked.into_result() {
            Ok((manifest, table)) => {
                let findings = Linter::default().lint_manifest(text).into_findings();
                let warnings = shortened(report(name, text, routes, &findings));
                Ok(Self { text: text.into(), manifest, table, warnings })
            }
            Err(findings) => {
                let errors = findings.iter().filter(|finding| finding.diagnostic.severity == Severity::Error).count();
                Err(BadManifest { report: shortened(report(name, text, routes, &findings)), errors })
            }
        }
    }

    /// Returns the manifest.
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Returns the number of its routes.
    pub fn routes(&self) -> usize {
        self.table.len()
    }
}

/// Cuts a report that is too long for a log and for the page.
fn shortened(mut report: String) -> String {
    if report.len() > LONGEST_REPORT {
        let end = report.as_bytes().iter().take(LONGEST_REPORT).rposition(|byte| *byte == b'\n').unwrap_or(0);
        report.truncate(end);
        report.push_str("\nand more: `edgeroute check` and `edgeroute lint` report all of it");
    }
    report
}

fn report(name: &str, text: &str, routes: usize, findings: &[Finding]) -> String {
    if findings.is_empty() {
        return String::new();
    }
    Report::new(vec![FileReport::new(name, text, routes, findings)]).text(Color::Never)
}

impl Router {
    /// Puts the first manifest in force.
    pub fn new(store: Store, clock: Clock, manifest: GoodManifest) -> Self {
        let first = Routing::new(&store, 1, clock.now(), manifest);
        Self { store, clock, current: ArcSwap::from_pointee(first) }
    }

    /// Returns the routes in force.
    pub fn current(&self) -> Arc<Routing> {
        self.current.load_full()
    }

    /// Replaces all routes. Each message is routed wholly by the old or wholly by the new ones. Returns `false` without
    /// a change if the routes are the same.
    pub fn replace(&self, manifest: GoodManifest) -> bool {
        let old = self.current();
        let same_routes = old.fingerprint() == manifest.manifest.fingerprint();
        if same_routes && old.text == manifest.text {
            return false;
        }
        self.current.store(Arc::new(Routing::new(&self.store, old.version + 1, self.clock.now(), manifest)));
        !same_routes
    }

    /// Decides where a message goes. Takes about a microsecond; allocates only the result.
    pub fn decide(&self, message: &Message) -> Decision {
        self.current.load().decide(message)
    }
}

impl Routing {
    fn new(store: &Store, version: u64, since: Timestamp, manifest: GoodManifest) -> Self {
        let GoodManifest { text, manifest, table, warnings } = manifest;
        let mut queues = vec![None; table.endpoint_bound()];
        for (id, endpoint) in table.endpoints() {
            let destination = Destination::from(endpoint);
            if let Some(queue) = queues.get_mut(id.index()) {
                *queue = Some((store.queue(&destination), destination));
            }
        }
        let mut routes = vec![Arc::default(); table.route_bound()];
        for (id, name) in table.routes() {
            if let Some(route) = routes.get_mut(id.index()) {
                *route = name.into();
            }
        }
        Self { version, since, text, warnings, manifest, table, queues, routes, scratches: Mutex::default() }
    }

    /// Returns the number of the version: 1 for the first, and one more for each replacement.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// Returns when it came into force.
    pub const fn since(&self) -> Timestamp {
        self.since
    }

    /// Returns what `edgeroute lint` reports on the manifest, empty if there is nothing.
    pub fn warnings(&self) -> &str {
        &self.warnings
    }

    /// Returns the destinations of the routes, each once.
    pub fn destinations(&self) -> impl Iterator<Item = (QueueId, &Destination)> {
        self.queues.iter().flatten().map(|(queue, destination)| (*queue, destination))
    }

    /// Returns the text of the manifest.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Returns the manifest.
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Returns the compiled routes.
    pub const fn table(&self) -> &RouteTable {
        &self.table
    }

    /// Returns the fingerprint of the routes.
    pub fn fingerprint(&self) -> Fingerprint {
        self.manifest.fingerprint()
    }

    fn decide(&self, message: &Message) -> Decision {
        let mut scratch = self.scratches().pop().unwrap_or_else(|| self.table.create_scratch());
        let mut decision = Decision::default();
        for delivery in self.table.route_with(&mut scratch, &message.content.as_message()) {
            let Some(Some((queue, destination))) = self.queues.get(delivery.endpoint_id().index()) else { continue };
            let level = Level::of(delivery.priority());
            let expires = match delivery.retention() {
                Retention::For(time) => {
                    message.received.plus_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
                }
                Retention::Forever => Timestamp::NEVER,
            };
            let route = self.routes.get(delivery.route_id().index()).map_or_else(Arc::default, Arc::clone);
            decision.deliveries.push(NewDelivery { queue: *queue, level, expires });
            decision.taken.push(Taken { route, destination: destination.clone(), level });
        }
        self.scratches().push(scratch);
        decision
    }

    fn scratches(&self) -> std::sync::MutexGuard<'_, Vec<Scratch>> {
        self.scratches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
