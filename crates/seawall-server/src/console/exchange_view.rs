//! An exchange in the words of its pages.

use seawall_core::{Algorithm, Timestamp};
use seawall_workflow::ExchangeStatus;

use super::case_view::Fact;
use super::figures::number;
use super::texts::Texts;
use super::words::{Moment, span, visible};
use crate::Face;

/// Everything that pages say of an exchange.
pub(super) struct ExchangeView {
    pub(super) name: String,
    pub(super) bank: String,
    pub(super) chips: Vec<Chip>,
    /// What somebody has to look into.
    pub(super) warnings: Vec<String>,
    /// How old the list is, in words.
    pub(super) age: String,
    pub(super) read: Option<Moment>,
    pub(super) gauge: Option<AgeGauge>,
    pub(super) next: String,
    pub(super) contents: String,
    pub(super) held: u64,
    /// How its runs go.
    pub(super) runs: Vec<Fact>,
    pub(super) problems: Vec<String>,
    pub(super) kinds: Vec<KindLine>,
    pub(super) totals: Vec<Fact>,
    pub(super) acts: Acts,
}

/// A word beside the name.
pub(super) struct Chip {
    pub(super) text: String,
    pub(super) is_warning: bool,
}

/// How many hashes of one kind there are.
pub(super) struct KindLine {
    pub(super) name: String,
    pub(super) hashes: String,
    pub(super) held: String,
}

/// How old a list is, on a ruler that goes beyond the age from which on it is stale. In the
/// picture's own units.
pub(super) struct AgeGauge {
    pub(super) age: String,
    pub(super) limit_at: String,
    pub(super) limit: String,
    pub(super) is_stale: bool,
}

/// What an admin can do with it now.
pub(super) struct Acts {
    pub(super) is_configured: bool,
    pub(super) is_removable: bool,
    pub(super) is_paused: bool,
    /// Contents that wait for a person to let them go.
    pub(super) missing: Option<Missing>,
    pub(super) contents: u64,
    pub(super) removal: String,
    pub(super) removal_act: String,
    /// Whether the page is worth loading again by itself.
    pub(super) is_moving: bool,
}

/// What a list that shrank too much lacks.
pub(super) struct Missing {
    pub(super) contents: u64,
    pub(super) text: String,
    pub(super) act: String,
    pub(super) is_allowed: bool,
}

impl ExchangeView {
    pub(super) fn new(t: &Texts, status: &ExchangeStatus, now: Timestamp, face: &Face) -> Self {
        let exchange = &status.exchange;
        let rests = is_resting(face, status);
        let age = ("span", span(t, status.lag_ms(now)).into());
        Self {
            name: exchange.name.to_string(),
            bank: status.bank.to_string(),
            chips: chips(t, status, now, rests),
            warnings: warnings(t, status, now, rests),
            age: match exchange.succeeded_at {
                Some(_) => t.fill("exchange-age", [age]),
                None => t.fill("exchange-never", [age]),
            },
            read: exchange.succeeded_at.map(|at| Moment::new(t, at)),
            gauge: AgeGauge::new(t, status, now),
            next: next(t, status, now),
            contents: number(status.contents),
            held: status.held(),
            runs: run_facts(t, status, now),
            problems: exchange.problems.iter().map(|text| visible(text)).collect(),
            kinds: status.kinds.iter().map(|kind| kind_line(t, kind)).collect(),
            totals: totals(t, status),
            acts: Acts::new(t, status, now, rests),
        }
    }
}

impl AgeGauge {
    fn new(t: &Texts, status: &ExchangeStatus, now: Timestamp) -> Option<Self> {
        let limit_ms = status.stale_after_ms()?;
        let age_ms = status.lag_ms(now);
        // What is far beyond the limit fills the ruler, and the limit moves to its beginning.
        let whole_ms = age_ms.max(limit_ms / 3 * 4).max(1);
        let place = |ms: i64| format!("{:.2}", ms as f64 / whole_ms as f64 * GAUGE_WIDTH);
        Some(Self {
            age: place(age_ms),
            limit_at: place(limit_ms),
            limit: t.fill("exchange-gauge-limit", [("span", span(t, limit_ms).into())]),
            is_stale: status.is_stale(now),
        })
    }
}

impl Acts {
    fn new(t: &Texts, status: &ExchangeStatus, now: Timestamp, rests: bool) -> Self {
        let exchange = &status.exchange;
        let (contents, bank) = (status.contents, status.bank.to_string());
        let goes_on = status.configured && !exchange.paused;
        let removal = [("contents", contents.into()), ("bank", bank.into())];
        Self {
            is_configured: status.configured,
            is_removable: !status.configured && !rests,
            is_paused: exchange.paused,
            missing: exchange.missing.map(|missing| Missing {
                contents: missing,
                text: t.fill(
                    "exchange-missing-text",
                    [("missing", missing.into()), ("contents", contents.into())],
                ),
                act: t.fill("exchange-missing-act", [("missing", missing.into())]),
                is_allowed: exchange.missing_allowed > 0,
            }),
            contents,
            removal: t.fill("exchange-removal", removal),
            removal_act: t.fill("exchange-removal-act", [("contents", contents.into())]),
            is_moving: goes_on && (status.is_running(now) || exchange.next_at <= now),
        }
    }
}

fn chips(t: &Texts, status: &ExchangeStatus, now: Timestamp, rests: bool) -> Vec<Chip> {
    let exchange = &status.exchange;
    let plain = |key: &str| Chip {
        text: t.text(key),
        is_warning: false,
    };
    let warning = |text: String| Chip {
        text,
        is_warning: true,
    };
    let state = match (status.configured, exchange.paused) {
        (false, _) if rests => warning(t.text("exchange-resting")),
        (false, _) => warning(t.text("exchange-unconfigured")),
        (true, true) => warning(t.text("exchange-paused")),
        (true, false) if status.is_running(now) => plain("exchange-running"),
        (true, false) => plain("exchange-on"),
    };
    let mut chips = vec![state];
    if status.is_stale(now) {
        chips.push(warning(t.text("exchange-stale")));
    }
    if exchange.fault.is_some() {
        let count = ("failures", exchange.failures.into());
        chips.push(warning(t.fill("exchange-failed", [count])));
    }
    if exchange.missing.is_some() {
        chips.push(warning(t.text("exchange-missing")));
    }
    if status.held() > 0 {
        let held = ("held", status.held().into());
        chips.push(warning(t.fill("exchange-held", [held])));
    }
    chips
}

/// Whether it is in the configuration and left alone in this drill.
pub(super) fn is_resting(face: &Face, status: &ExchangeStatus) -> bool {
    let name = status.exchange.name.as_str();
    face.resting.iter().any(|resting| resting == name)
}

fn warnings(t: &Texts, status: &ExchangeStatus, now: Timestamp, rests: bool) -> Vec<String> {
    let mut warnings = Vec::new();
    if rests {
        warnings.push(t.text("exchange-resting-text"));
    } else if !status.configured {
        warnings.push(t.text("exchange-unconfigured-text"));
    }
    if status.is_stale(now) {
        let age = ("span", span(t, status.lag_ms(now)).into());
        let limit = status.stale_after_ms().unwrap_or_default();
        let limit = ("limit", span(t, limit).into());
        warnings.push(t.fill("exchange-stale-text", [age, limit]));
    }
    if let Some(fault) = &status.exchange.fault {
        let args = [
            ("failures", status.exchange.failures.into()),
            ("fault", visible(fault).into()),
        ];
        warnings.push(t.fill("exchange-failed-text", args));
    }
    warnings
}

fn next(t: &Texts, status: &ExchangeStatus, now: Timestamp) -> String {
    let exchange = &status.exchange;
    match (status.configured, exchange.paused) {
        (false, _) => t.text("exchange-next-never"),
        (true, true) => t.text("exchange-next-paused"),
        (true, false) if status.is_running(now) => t.text("exchange-next-running"),
        (true, false) if exchange.next_at <= now => t.text("exchange-next-due"),
        (true, false) => {
            let wait = span(t, exchange.next_at.millis_since(now));
            t.fill("exchange-next-in", [("span", wait.into())])
        }
    }
}

fn run_facts(t: &Texts, status: &ExchangeStatus, now: Timestamp) -> Vec<Fact> {
    let exchange = &status.exchange;
    let fact = |key: &str, value: String| Fact {
        name: t.text(key),
        value,
    };
    let moment = |at: Option<Timestamp>| {
        at.map_or_else(
            || t.text("exchange-not-yet"),
            |at| Moment::new(t, at).people,
        )
    };
    let mut facts = vec![
        fact("exchange-protocol", exchange.protocol.clone()),
        fact("exchange-bank", status.bank.to_string()),
        fact("exchange-last-success", moment(exchange.succeeded_at)),
        fact("exchange-last-end", moment(exchange.ended_at)),
        fact("exchange-next", next(t, status, now)),
    ];
    if let Some(every_ms) = status.every_ms {
        facts.push(fact("exchange-every", span(t, every_ms)));
    }
    if exchange.reconcile {
        facts.push(fact(
            "exchange-reconcile-next",
            t.text("exchange-reconcile-next-text"),
        ));
    }
    facts
}

fn kind_line(t: &Texts, (kind, hashes, held): &(String, u64, u64)) -> KindLine {
    let is_matched = Algorithm::ALL.iter().any(|known| known.name() == kind);
    KindLine {
        name: if is_matched {
            t.of("algorithm", kind)
        } else {
            t.fill("exchange-kind-unmatched", [("kind", visible(kind).into())])
        },
        hashes: number(*hashes),
        held: number(*held),
    }
}

fn totals(t: &Texts, status: &ExchangeStatus) -> Vec<Fact> {
    let counts = status.exchange.counts;
    let fact = |key: &str, value: u64| Fact {
        name: t.text(key),
        value: number(value),
    };
    vec![
        fact("exchange-added", counts.added),
        fact("exchange-changed", counts.changed),
        fact("exchange-withdrawn", counts.withdrawn),
        fact("exchange-set-aside", counts.set_aside),
    ]
}

const GAUGE_WIDTH: f64 = 320.0;
