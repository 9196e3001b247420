//! Figures for Prometheus, under the names of the reference where it has them.
//!
//! Clients choose the names of their outputs, and anybody can claim an id. So the number of series is bounded: what
//! exceeds a limit is counted under `other`. Counting takes a read lock and one search in a map.

mod figures;
mod names;
mod series;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Metric, Registry};

pub use figures::{QueueFigures, StoreFigures};

use names::Names;
use series::{Label, Series};

use crate::identity::ClientId;
use crate::store::{Destination, Level};

/// Why a message is not routed on or a delivery is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// No route takes the message.
    NoRoute,
    /// Its time to live was over.
    TimeToLive,
    /// It is larger than 256 KiB.
    TooLarge,
    /// Its topic or property bag cannot be read.
    Malformed,
    /// It names another client as its sender.
    Forged,
    /// The store was full and drops the oldest.
    Full,
    /// An operator dropped it.
    Operator,
    /// It cannot be sent to its receiver.
    Undeliverable,
}

impl DropReason {
    /// Returns the value of the label `reason`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoRoute => "no_route",
            Self::TimeToLive => "ttl_expiry",
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
            Self::Forged => "forged",
            Self::Full => "full",
            Self::Operator => "operator",
            Self::Undeliverable => "undeliverable",
        }
    }
}

/// Says whether there is an identity with an id.
type KnownIds = Box<dyn Fn(&str) -> bool + Send + Sync>;

/// Counters and histograms of a hub.
pub struct Metrics {
    hub_device: Arc<str>,
    constant: [(&'static str, String); 3],
    registry: Registry,
    names: Names,
    known_ids: OnceLock<KnownIds>,
    received: Series<2, Counter>,
    sent: Series<5, Counter>,
    size: Series<1, Histogram>,
    send: Series<4, Histogram>,
    process: Series<3, Histogram>,
    dropped: Series<3, Counter>,
    unacknowledged: Series<3, Counter>,
    twin_reads: Series<2, Counter>,
    twin_read_duration: Series<2, Histogram>,
    reports: Series<2, Counter>,
    report_duration: Series<2, Histogram>,
    methods: Series<2, Counter>,
    method_duration: Series<2, Histogram>,
    connected: Gauge,
    connects: Series<1, Counter>,
    refusals: Series<2, Counter>,
    disconnects: Series<1, Counter>,
    retries: Series<2, Counter>,
    offline: Series<1, Counter>,
    offline_duration: Series<1, Histogram>,
    takeovers: Series<1, Counter>,
    route_hits: Series<1, Counter>,
    commit: Histogram,
    group: Histogram,
    table_version: Gauge,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("constant", &self.constant).finish_non_exhaustive()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new("", "")
    }
}

/// The most series of a counter.
const MOST_COUNTERS: usize = 10_000;
/// The most series of a histogram, each of which has a dozen lines.
const MOST_HISTOGRAMS: usize = 2_000;

fn seconds() -> Histogram {
    Histogram::new([0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 600.0])
}

fn bytes() -> Histogram {
    Histogram::new(exponential_buckets(64.0, 4.0, 7))
}

fn counter() -> Counter {
    Counter::default()
}

/// Registers what it makes.
struct Maker {
    registry: Registry,
}

impl Maker {
    fn add<M: Metric + Clone>(&mut self, name: &str, help: &str, metric: M) -> M {
        self.registry.register(name, help, metric.clone());
        metric
    }

    fn counters<const N: usize>(&mut self, name: &str, help: &str, names: [&'static str; N]) -> Series<N, Counter> {
        self.add(name, help, Series::new(names, MOST_COUNTERS, counter))
    }

    fn seconds<const N: usize>(&mut self, name: &str, help: &str, names: [&'static str; N]) -> Series<N, Histogram> {
        self.add(name, help, Series::new(names, MOST_HISTOGRAMS, seconds))
    }
}

/// Construction and output.
impl Metrics {
    /// Makes the metrics of a hub. All of them carry `iothub`, the host name of the IoT hub, and `edge_device`.
    pub fn new(hub_host: &str, device: &str) -> Self {
        let constant = [
            ("iothub", hub_host.to_owned()),
            ("edge_device", device.to_owned()),
            ("instance_number", uuid::Uuid::new_v4().to_string()),
        ];
        let mut make = Maker { registry: labelled(&constant) };
        Self {
            hub_device: device.into(),
            names: Names::default(),
            known_ids: OnceLock::new(),
            received: make.counters("edgehub_messages_received", "Messages from clients.", ["route_output", "id"]),
            sent: make.counters(
                "edgehub_messages_sent",
                "Messages that a receiver acknowledged.",
                ["from", "to", "from_route_output", "to_route_input", "priority"],
            ),
            size: make.add(
                "edgehub_message_size_bytes",
                "Size of messages from clients.",
                Series::new(["id"], MOST_HISTOGRAMS, bytes),
            ),
            send: make.seconds(
                "edgehub_message_send_duration_seconds",
                "Time from sending a message until its receiver acknowledged it.",
                ["from", "to", "from_route_output", "to_route_input"],
            ),
            process: make.seconds(
                "edgehub_message_process_duration_seconds",
                "Time from receiving a message until its receiver acknowledged it.",
                ["from", "to", "priority"],
            ),
            dropped: make.counters(
                "edgehub_messages_dropped",
                "Messages that were not delivered, by reason.",
                ["reason", "from", "from_route_output"],
            ),
            unacknowledged: make.counters(
                "edgehub_messages_unack",
                "Messages that were sent and not acknowledged.",
                ["reason", "from", "from_route_output"],
            ),
            twin_reads: make.counters("edgehub_gettwin", "Twins that clients fetched.", ["source", "id"]),
            twin_read_duration: make.seconds("edgehub_gettwin_duration_seconds", "Time to answer.", ["source", "id"]),
            reports: make.counters("edgehub_reported_properties", "Updates of reported properties.", ["target", "id"]),
            report_duration: make.seconds(
                "edgehub_reported_properties_update_duration_seconds",
                "Time to store an update of reported properties.",
                ["target", "id"],
            ),
            methods: make.counters("edgehub_direct_methods", "Direct methods that were invoked.", ["from", "to"]),
            method_duration: make.seconds(
                "edgehub_direct_method_duration_seconds",
                "Time from the request of a direct method to its response.",
                ["from", "to"],
            ),
            connected: make.add("edgehub_connected_clients", "Clients that are connected.", Gauge::default()),
            connects: make.counters("edgehub_client_connect_success", "Connections of clients.", ["id"]),
            refusals: make.counters("edgehub_client_connect_failed", "Clients that were refused.", ["id", "reason"]),
            disconnects: make.counters("edgehub_client_disconnect", "Connections that ended.", ["id"]),
            retries: make.counters("edgehub_operation_retry", "Operations that were repeated.", ["id", "operation"]),
            offline: make.counters("edgehub_offline_count", "Times that upstream went offline.", ["id"]),
            offline_duration: make.seconds(
                "edgehub_offline_duration_seconds",
                "Time until upstream was online again.",
                ["id"],
            ),
            takeovers: make.counters(
                "edgeroute_hub_takeovers",
                "Connections that another connection of the same client ended.",
                ["id"],
            ),
            route_hits: make.counters("edgeroute_hub_route_hits", "Messages that a route took.", ["route"]),
            commit: make.add(
                "edgeroute_hub_commit_duration_seconds",
                "Time to write and flush a group of submissions.",
                seconds(),
            ),
            group: make.add(
                "edgeroute_hub_commit_group_size",
                "Submissions in a group that was committed.",
                Histogram::new(exponential_buckets(1.0, 4.0, 6)),
            ),
            table_version: make.add(
                "edgeroute_hub_table_version",
                "Number of manifests that came into force since the start.",
                Gauge::default(),
            ),
            constant,
            registry: make.registry,
        }
    }

    /// Sets how to find out whether there is an identity with an id. Without it only ids that have connected are shown
    /// for refused clients. Later calls do nothing.
    pub fn know_ids(&self, known: impl Fn(&str) -> bool + Send + Sync + 'static) {
        // The first one stays.
        let _ = self.known_ids.set(Box::new(known));
    }

    /// Writes all metrics as text of `OpenMetrics`, ordered. `figures` is what the store holds now.
    pub fn encode(&self, figures: StoreFigures) -> String {
        let mut store = labelled(&self.constant);
        store.register_collector(Box::new(figures));
        let mut out = String::new();
        // Writing to a `String` cannot fail.
        let _ = text::encode_registry(&mut out, &self.registry);
        let _ = text::encode(&mut out, &store);
        out
    }

    /// The media type of [`Metrics::encode`].
    pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
}

fn labelled(constant: &[(&'static str, String)]) -> Registry {
    Registry::with_labels(constant.iter().map(|(name, value)| ((*name).into(), value.clone().into())))
}

/// Messages.
impl Metrics {
    /// A message arrived from a client.
    #[expect(clippy::cast_precision_loss, reason = "a message has less than 2^52 bytes")]
    pub fn received(&self, from: &ClientId, output: Option<&str>, bytes: usize) {
        let (id, output) = self.names.output(from, output);
        self.received.increment([output, id.clone()]);
        self.size.observe([id], bytes as f64);
    }

    /// A route took a message.
    pub fn route_hit(&self, route: &Arc<str>) {
        self.route_hits.increment([Label::Shared(Arc::clone(route))]);
    }

    /// A delivery was sent and acknowledged. `since_received` is the time since the message was received, `since_sent`
    /// the time since it was sent.
    pub fn sent(
        &self,
        from: &ClientId,
        output: Option<&str>,
        to: &Destination,
        level: Level,
        since_received: Duration,
        since_sent: Duration,
    ) {
        let (from, output) = self.names.output(from, output);
        let (to, input) = match to {
            Destination::Upstream => (Label::Static("upstream"), Label::Static("upstream")),
            Destination::Input { module, input } => {
                let to = ClientId::module(Arc::clone(&self.hub_device), Arc::clone(module));
                (self.names.client(&to), Label::Shared(Arc::clone(input)))
            }
            Destination::Device(device) => (self.names.client(&ClientId::device(Arc::clone(device))), Label::EMPTY),
        };
        let priority = Label::Static(priority(level));
        self.sent.increment([from.clone(), to.clone(), output.clone(), input.clone(), priority.clone()]);
        self.send.observe([from.clone(), to.clone(), output, input], since_sent.as_secs_f64());
        self.process.observe([from, to, priority], since_received.as_secs_f64());
    }

    /// A message or delivery was dropped.
    pub fn dropped(&self, reason: DropReason, from: &ClientId, output: Option<&str>) {
        let (from, output) = self.names.output(from, output);
        self.dropped.increment([Label::Static(reason.as_str()), from, output]);
    }

    /// A delivery was sent and not acknowledged in time, or its connection ended first.
    pub fn unacknowledged(&self, reason: &'static str, from: &ClientId, output: Option<&str>) {
        let (from, output) = self.names.output(from, output);
        self.unacknowledged.increment([Label::Static(reason), from, output]);
    }
}

/// Clients.
impl Metrics {
    /// A client connected.
    pub fn connected(&self, client: &ClientId) {
        self.connected.inc();
        self.connects.increment([self.names.client(client)]);
    }

    /// A client was refused. `client` is the id that it claims, which is shown only if there is such an identity.
    pub fn connect_failed(&self, client: &str, reason: &'static str) {
        let is_known = match self.known_ids.get() {
            Some(known) => known(client),
            None => client.parse().is_ok_and(|id: ClientId| self.names.knows(&id)),
        };
        let id = client.parse().ok().filter(|_| is_known);
        let id = id.map_or(Label::Static("unknown"), |id: ClientId| self.names.client(&id));
        self.refusals.increment([id, Label::Static(reason)]);
    }

    /// The connection of a client ended.
    pub fn disconnected(&self, client: &ClientId) {
        self.connected.dec();
        self.disconnects.increment([self.names.client(client)]);
    }

    /// A second connection of a client ended the first.
    pub fn taken_over(&self, client: &ClientId) {
        self.takeovers.increment([self.names.client(client)]);
    }

    /// A client fetched its twin.
    pub fn twin_read(&self, client: &ClientId, took: Duration) {
        let labels = [Label::Static("edge_hub"), self.names.client(client)];
        self.twin_reads.increment(labels.clone());
        self.twin_read_duration.observe(labels, took.as_secs_f64());
    }

    /// A client reported properties.
    pub fn reported(&self, client: &ClientId, took: Duration) {
        let labels = [Label::Static("edge_hub"), self.names.client(client)];
        self.reports.increment(labels.clone());
        self.report_duration.observe(labels, took.as_secs_f64());
    }

    /// A method was invoked. `from` is a client id, or `$administration`.
    pub fn method(&self, from: &str, to: &ClientId, took: Duration) {
        let labels = [Label::from(from), self.names.client(to)];
        self.methods.increment(labels.clone());
        self.method_duration.observe(labels, took.as_secs_f64());
    }
}

/// Upstream, the store and routes.
impl Metrics {
    /// An operation of a client, or of `$upstream`, was repeated.
    pub fn retried(&self, id: &str, operation: &'static str) {
        self.retries.increment([Label::from(id), Label::Static(operation)]);
    }

    /// Upstream went offline. `id` is the client whose connection it is, or the device of the hub.
    pub fn went_offline(&self, id: &ClientId) {
        self.offline.increment([self.names.client(id)]);
    }

    /// Upstream is online again after a time.
    pub fn back_online(&self, id: &ClientId, after: Duration) {
        self.offline_duration.observe([self.names.client(id)], after.as_secs_f64());
    }

    /// The store wrote and flushed a group of submissions.
    #[expect(clippy::cast_precision_loss, reason = "a group has at most a few thousand submissions")]
    pub fn committed(&self, submissions: usize, took: Duration) {
        self.commit.observe(took.as_secs_f64());
        self.group.observe(submissions as f64);
    }

    /// Routes were loaded, for the `version`th time since the start.
    pub fn table_version(&self, version: u64) {
        self.table_version.set(i64::try_from(version).unwrap_or(i64::MAX));
    }
}

/// Returns the value of the label `priority`.
const fn priority(level: Level) -> &'static str {
    match level.rank() {
        0 => "0",
        1 => "1",
        2 => "2",
        3 => "3",
        4 => "4",
        5 => "5",
        6 => "6",
        7 => "7",
        8 => "8",
        9 => "9",
        _ => "2000000000",
    }
}
