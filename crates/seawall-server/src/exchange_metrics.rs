//! What monitoring reads of exchanges: names of exchanges and kinds of hashes, times and counts.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use seawall_core::{Algorithm, Timestamp};
use seawall_workflow::ExchangeStatus;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    exchange: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    exchange: String,
    kind: &'static str,
}

/// The metrics of all exchanges as they are now. Made anew for each reading, so that one that was
/// removed leaves nothing behind.
pub(crate) fn registry(statuses: &[ExchangeStatus], now: Timestamp) -> Registry {
    let mut registry = Registry::with_prefix("seawall_exchange");
    for (name, help, value) in GAUGES {
        let family = Family::<Labels, Gauge>::default();
        for status in statuses {
            if let Some(value) = value(status, now) {
                family.get_or_create(&labels(status)).set(value);
            }
        }
        registry.register(name, help, family);
    }
    for (name, help, value) in TOTALS {
        let family = Family::<Labels, Counter>::default();
        for status in statuses {
            family.get_or_create(&labels(status)).inc_by(value(status));
        }
        registry.register(name, help, family);
    }
    register_kinds(&mut registry, statuses);
    registry
}

fn register_kinds(registry: &mut Registry, statuses: &[ExchangeStatus]) {
    let (hashes, held) = (Family::default(), Family::default());
    for status in statuses {
        for (kind, count, held_back) in &status.kinds {
            let labels = KindLabels {
                exchange: status.exchange.name.to_string(),
                kind: kind_label(kind),
            };
            let add = |family: &Family<KindLabels, Gauge>, count: u64| {
                family.get_or_create(&labels).inc_by(gauge(count));
            };
            add(&hashes, *count);
            add(&held, *held_back);
        }
    }
    registry.register("hashes", "Hashes listed, by kind", hashes);
    registry.register(
        "held_hashes",
        "Hashes that wait for a person before they match",
        held,
    );
}

/// What is not matched goes together: partners name those kinds as they like.
fn kind_label(kind: &str) -> &'static str {
    let known = Algorithm::ALL.map(Algorithm::name);
    known
        .into_iter()
        .find(|name| *name == kind)
        .unwrap_or("other")
}

fn labels(status: &ExchangeStatus) -> Labels {
    Labels {
        exchange: status.exchange.name.to_string(),
    }
}

fn gauge(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

type GaugeOf = fn(&ExchangeStatus, Timestamp) -> Option<i64>;
type TotalOf = fn(&ExchangeStatus) -> u64;

const GAUGES: [(&str, &str, GaugeOf); 8] = [
    (
        "last_success_timestamp_seconds",
        "When the list was last read to its end; absent where it never was",
        |status, _| Some(status.exchange.succeeded_at?.as_millis() / 1000),
    ),
    (
        "lag_seconds",
        "How long ago that was, or how long ago it was set up",
        |status, now| Some(status.lag_ms(now) / 1000),
    ),
    (
        "stale",
        "1 where it was not read to its end for three times its interval and a day at least",
        |status, now| Some(status.is_stale(now).into()),
    ),
    ("paused", "1 where a person paused it", |status, _| {
        Some(status.exchange.paused.into())
    }),
    (
        "configured",
        "1 where it is in the configuration",
        |status, _| Some(status.configured.into()),
    ),
    ("contents", "Contents listed", |status, _| {
        Some(gauge(status.contents))
    }),
    ("failures", "Runs in a row that failed", |status, _| {
        Some(status.exchange.failures.into())
    }),
    (
        "missing_contents",
        "Contents missing from a list that shrank too much, which wait for a person",
        |status, _| Some(gauge(status.exchange.missing.unwrap_or(0))),
    ),
];

const TOTALS: [(&str, &str, TotalOf); 4] = [
    ("added_contents", "Contents added", |status| {
        status.exchange.counts.added
    }),
    ("changed_entries", "Entries changed", |status| {
        status.exchange.counts.changed
    }),
    ("withdrawn_contents", "Contents withdrawn", |status| {
        status.exchange.counts.withdrawn
    }),
    (
        "set_aside_entries",
        "Entries, or parts of them, that could not be read",
        |status| status.exchange.counts.set_aside,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::fixture::exchange_status;
    use crate::metrics::Metrics;

    #[test]
    fn each_exchange_has_its_numbers_by_name_and_kind() {
        let mut status = exchange_status();
        let kind = |kind: &str, hashes, held| (kind.to_owned(), hashes, held);
        status.kinds = vec![kind("pdq", 30, 2), kind("PDNA", 4, 0), kind("TMK", 3, 0)];
        status.contents = 37;
        status.exchange.missing = Some(9);
        status.exchange.failures = 2;
        status.exchange.counts.withdrawn = 5;
        let read_at = Timestamp::from_millis(1_700_000_000_000);
        status.exchange.succeeded_at = Some(read_at);
        let later = read_at.plus_millis(90_000_000);
        let text = Metrics::new().render(1, 0, &[status.clone()], later);
        for line in [
            r#"seawall_exchange_last_success_timestamp_seconds{exchange="partner"} 1700000000"#,
            r#"seawall_exchange_lag_seconds{exchange="partner"} 90000"#,
            r#"seawall_exchange_stale{exchange="partner"} 1"#,
            r#"seawall_exchange_contents{exchange="partner"} 37"#,
            r#"seawall_exchange_hashes{exchange="partner",kind="pdq"} 30"#,
            r#"seawall_exchange_hashes{exchange="partner",kind="other"} 7"#,
            r#"seawall_exchange_held_hashes{exchange="partner",kind="pdq"} 2"#,
            r#"seawall_exchange_failures{exchange="partner"} 2"#,
            r#"seawall_exchange_missing_contents{exchange="partner"} 9"#,
            r#"seawall_exchange_withdrawn_contents_total{exchange="partner"} 5"#,
            "seawall_open_cases 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}: {text}");
        }
        assert_eq!(text.matches("# EOF").count(), 1);
        assert!(text.ends_with("# EOF\n"));
        status.exchange.succeeded_at = None;
        let never = Metrics::new().render(0, 0, &[status], later);
        assert!(
            !never.contains("last_success_timestamp_seconds{"),
            "{never}"
        );
    }
}
