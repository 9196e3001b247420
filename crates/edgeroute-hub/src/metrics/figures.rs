//! Figures that are read from the store at each scrape.

use std::fmt;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::clock::Timestamp;
use crate::store::{Destination, Level, Store, StoreStatus};

/// What the store holds.
#[derive(Clone, Debug, Default)]
pub struct StoreFigures {
    /// The queues with deliveries, by destination and level.
    pub queues: Vec<QueueFigures>,
    /// Bytes, groups and health.
    pub status: StoreStatus,
}

/// What a queue holds.
#[derive(Clone, Debug)]
pub struct QueueFigures {
    /// The destination.
    pub destination: Destination,
    /// The level.
    pub level: Level,
    /// The number of deliveries that wait.
    pub length: u64,
    /// The time since the hub received the first message that waits.
    pub oldest_age: Option<Duration>,
}

impl StoreFigures {
    /// Reads the figures. Blocks on the disk: reads the first message of each queue that is not empty.
    pub fn of(store: &Store, now: Timestamp) -> Self {
        let queues = store.queues().into_iter().map(|queue| {
            let oldest = queue.oldest.and_then(|sequence| store.message(sequence).ok().flatten());
            QueueFigures {
                destination: queue.destination,
                level: queue.level,
                length: queue.length,
                oldest_age: oldest.map(|message| Duration::from_millis(now.millis_since(message.received))),
            }
        });
        Self { queues: queues.collect(), status: store.status() }
    }
}

impl Collector for StoreFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let queues = || {
            self.queues.iter().map(|queue| {
                let labels =
                    [("endpoint", queue.destination.to_string()), ("priority", queue.level.number().to_string())];
                (queue, labels)
            })
        };
        let help = "Messages that wait in a queue.";
        let mut lengths = encoder.encode_descriptor("edgehub_queue_length", help, None, MetricType::Gauge)?;
        for (queue, labels) in queues() {
            ConstGauge::new(signed(queue.length)).encode(lengths.encode_family(&labels)?)?;
        }
        let (name, help) =
            ("edgeroute_hub_queue_oldest_age_seconds", "Age of the first message that waits in a queue.");
        let mut ages = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (queue, labels) in queues() {
            if let Some(age) = queue.oldest_age {
                ConstGauge::new(age.as_secs_f64()).encode(ages.encode_family(&labels)?)?;
            }
        }
        let help = "Bytes of the store: live records, and all that it uses on the disk.";
        let mut bytes = encoder.encode_descriptor("edgeroute_hub_store_bytes", help, None, MetricType::Gauge)?;
        for (state, value) in [("live", self.status.live_bytes), ("disk", self.status.disk_bytes)] {
            ConstGauge::new(signed(value)).encode(bytes.encode_family(&[("state", state)])?)?;
        }
        for (name, help, value) in [
            ("edgeroute_hub_store_messages", "Messages in the store.", signed(self.status.messages)),
            (
                "edgeroute_hub_store_writable",
                "1 if the store takes messages, 0 while it is full or its disk fails.",
                i64::from(self.status.writable),
            ),
        ] {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
        }
        for (name, help, value) in [
            ("edgeroute_hub_store_groups", "Groups of submissions that were committed.", self.status.groups),
            ("edgeroute_hub_store_submissions", "Submissions in those groups.", self.status.submissions),
        ] {
            let counter = ConstCounter::new(value);
            counter.encode(encoder.encode_descriptor(name, help, None, MetricType::Counter)?)?;
        }
        Ok(())
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
