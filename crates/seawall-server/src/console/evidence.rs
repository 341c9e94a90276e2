//! What a case rests on: its matches, each with its place within its bank's threshold.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use seawall_core::Algorithm;
use seawall_store::MatchRow;

use super::texts::Texts;
use super::words::distance;

/// One match.
pub(super) struct MatchView {
    pub(super) bank: String,
    pub(super) content: String,
    pub(super) algorithm: String,
    pub(super) distance: String,
    pub(super) limit: String,
    pub(super) quality: Option<String>,
    pub(super) view: Option<String>,
    pub(super) gauge: Option<Gauge>,
}

/// Where a distance lies within its bank's threshold: a ruler with a cell for each distance
/// from 0 to the threshold, on which the match is marked.
pub(super) struct Gauge {
    pub(super) cells: Vec<Cell>,
}

/// One distance on a gauge, in the picture's own units.
pub(super) struct Cell {
    pub(super) x: String,
    pub(super) width: String,
    pub(super) height: u8,
    pub(super) kind: &'static str,
}

impl MatchView {
    pub(super) fn new(t: &Texts, found: &MatchRow) -> Self {
        let algorithm = found.hash.algorithm();
        let is_pdq = algorithm == Algorithm::Pdq;
        Self {
            bank: found.bank_name.clone(),
            content: t.fill(
                "match-content",
                [("content", found.content.0.to_string().into())],
            ),
            algorithm: t.of("algorithm", algorithm.name()),
            distance: distance(t, found),
            limit: t.fill("match-limit", [("limit", found.threshold.bits().into())]),
            quality: found.quality.map(|quality| quality_words(t, quality.0)),
            view: found.view.map(|view| view_words(t, &view.to_string())),
            gauge: is_pdq.then(|| Gauge::new(found.distance.0, found.threshold.bits())),
        }
    }
}

impl Gauge {
    fn new(distance: u16, limit: u16) -> Self {
        let step = GAUGE_WIDTH / f64::from(limit + 1);
        let gap = if limit > 64 { 0.0 } else { step * 0.25 };
        let cell = |bits: u16| {
            let (kind, height) = match bits.cmp(&distance) {
                Ordering::Less => ("passed", 8),
                Ordering::Equal => ("here", GAUGE_HEIGHT),
                Ordering::Greater => ("rest", 8),
            };
            let x = format!("{:.2}", f64::from(bits) * step);
            Cell {
                x,
                width: format!("{:.2}", step - gap),
                height,
                kind,
            }
        };
        Self {
            cells: (0..=limit).map(cell).collect(),
        }
    }
}

/// The matches in one sentence.
pub(super) fn summary(t: &Texts, matches: &[MatchRow]) -> String {
    let banks: BTreeSet<&str> = matches
        .iter()
        .map(|found| found.bank_name.as_str())
        .collect();
    let is_digest = |found: &&MatchRow| found.hash.algorithm() != Algorithm::Pdq;
    let count = ("banks", banks.len().into());
    if matches.iter().any(|found| is_digest(&found)) {
        return t.fill("summary-exact", [count]);
    }
    let nearest = matches
        .iter()
        .map(|found| found.distance.0)
        .min()
        .unwrap_or_default();
    t.fill("summary-near", [count, ("bits", nearest.into())])
}

fn quality_words(t: &Texts, quality: u8) -> String {
    t.fill("match-quality", [("quality", quality.into())])
}

fn view_words(t: &Texts, view: &str) -> String {
    match view.split_once(':') {
        Some(("frame", number)) => t.fill("view-frame", [("number", number.into())]),
        Some(("page", number)) => t.fill("view-page", [("number", number.into())]),
        _ if view == "upright" => t.text("view-upright"),
        _ => t.text("view-stored"),
    }
}

const GAUGE_WIDTH: f64 = 320.0;
const GAUGE_HEIGHT: u8 = 20;
