//! What monitoring reads.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use seawall_core::Timestamp;
use seawall_workflow::ExchangeStatus;

use crate::exchange_metrics;

/// The counters of one server.
pub struct Metrics {
    registry: Registry,
    scans: Family<ScanLabels, Counter>,
    scan_seconds: Histogram,
    answers: Family<AnswerLabels, Counter>,
    open_cases: Gauge,
    waiting_messages: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ScanLabels {
    outcome: &'static str,
    matched: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AnswerLabels {
    listener: &'static str,
    status: u16,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("seawall"),
            scans: Family::default(),
            scan_seconds: Histogram::new(exponential_buckets(0.001, 2.0, 15)),
            answers: Family::default(),
            open_cases: Gauge::default(),
            waiting_messages: Gauge::default(),
        };
        let registry = &mut metrics.registry;
        registry.register("scans", "Uploads scanned", metrics.scans.clone());
        registry.register(
            "scan_seconds",
            "Time to answer a scan",
            metrics.scan_seconds.clone(),
        );
        registry.register("answers", "HTTP answers", metrics.answers.clone());
        registry.register(
            "open_cases",
            "Cases nobody has decided",
            metrics.open_cases.clone(),
        );
        registry.register(
            "waiting_messages",
            "Webhook messages on their way",
            metrics.waiting_messages.clone(),
        );
        metrics
    }

    pub(crate) fn count_scan(&self, outcome: &'static str, matched: bool, seconds: f64) {
        let matched = if matched { "yes" } else { "no" };
        self.scans
            .get_or_create(&ScanLabels { outcome, matched })
            .inc();
        self.scan_seconds.observe(seconds);
    }

    pub(crate) fn count_answer(&self, listener: &'static str, status: u16) {
        self.answers
            .get_or_create(&AnswerLabels { listener, status })
            .inc();
    }

    pub(crate) fn render(
        &self,
        open_cases: u64,
        waiting_messages: u64,
        exchanges: &[ExchangeStatus],
        now: Timestamp,
    ) -> String {
        let gauge = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        self.open_cases.set(gauge(open_cases));
        self.waiting_messages.set(gauge(waiting_messages));
        let mut text = String::new();
        let exchanges = exchange_metrics::registry(exchanges, now);
        encode_registry(&mut text, &self.registry)
            .and_then(|()| encode_registry(&mut text, &exchanges))
            .and_then(|()| encode_eof(&mut text))
            .expect("writing to a String does not fail");
        text
    }
}
