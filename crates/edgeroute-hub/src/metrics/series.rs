//! Metrics with labels, in a fixed order and with a bounded number of label sets.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use prometheus_client::encoding::{EncodeMetric, LabelValueEncoder, MetricEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::{MetricType, TypedMetric};

/// The value of a label. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) enum Label {
    Static(&'static str),
    Shared(Arc<str>),
}

impl Label {
    /// Takes the place of values that would exceed a limit.
    pub(super) const OTHER: Self = Self::Static("other");
    pub(super) const EMPTY: Self = Self::Static("");

    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Static(text) => text,
            Self::Shared(text) => text,
        }
    }
}

impl From<&str> for Label {
    fn from(text: &str) -> Self {
        Self::Shared(text.into())
    }
}

impl PartialEq for Label {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Label {}

impl PartialOrd for Label {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Label {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl prometheus_client::encoding::EncodeLabelValue for Label {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        prometheus_client::encoding::EncodeLabelValue::encode(&self.as_str(), encoder)
    }
}

/// One metric for each set of values of `N` labels. At the limit, what is new is counted under `other` for each label.
/// Clones share the metrics.
#[derive(Debug)]
pub(super) struct Series<const N: usize, M> {
    names: [&'static str; N],
    limit: usize,
    make: fn() -> M,
    metrics: Arc<RwLock<BTreeMap<[Label; N], M>>>,
}

impl<const N: usize, M> Clone for Series<N, M> {
    fn clone(&self) -> Self {
        Self { names: self.names, limit: self.limit, make: self.make, metrics: Arc::clone(&self.metrics) }
    }
}

impl<const N: usize, M: Clone> Series<N, M> {
    pub(super) fn new(names: [&'static str; N], limit: usize, make: fn() -> M) -> Self {
        Self { names, limit, make, metrics: Arc::default() }
    }

    /// Returns the metric with these values.
    pub(super) fn with(&self, values: [Label; N]) -> M {
        let metrics = self.metrics.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(metric) = metrics.get(&values) {
            return metric.clone();
        }
        drop(metrics);
        let mut metrics = self.metrics.write().unwrap_or_else(PoisonError::into_inner);
        let values = if metrics.len() < self.limit || metrics.contains_key(&values) {
            values
        } else {
            std::array::from_fn(|_| Label::OTHER)
        };
        metrics.entry(values).or_insert_with(self.make).clone()
    }
}

impl<const N: usize> Series<N, Counter> {
    pub(super) fn increment(&self, values: [Label; N]) {
        self.with(values).inc();
    }
}

impl<const N: usize> Series<N, Histogram> {
    pub(super) fn observe(&self, values: [Label; N], value: f64) {
        self.with(values).observe(value);
    }
}

impl<const N: usize, M: EncodeMetric + TypedMetric> EncodeMetric for Series<N, M> {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        for (values, metric) in &*self.metrics.read().unwrap_or_else(PoisonError::into_inner) {
            let labels: Vec<_> = self.names.iter().copied().zip(values.iter().cloned()).collect();
            metric.encode(encoder.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        M::TYPE
    }
}
