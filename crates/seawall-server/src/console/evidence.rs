//! What a case rests on: its matches, each with its place within its bank's threshold.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use seawall_core::{Algorithm, Form, Place, View};
use seawall_store::{ExceptionRow, MatchRow};

use super::texts::Texts;
use super::words::{distance, visible};

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
    pub(super) list: Option<String>,
    /// Who vouches for it, what they call its class, and what else they say of it.
    pub(super) origin: Option<String>,
    pub(super) class: Option<String>,
    pub(super) note: Option<String>,
    /// Who says why it is no reason for a case, where it is suppressed.
    pub(super) exception: Option<ExceptionView>,
}

/// What speaks against a match.
pub(super) struct ExceptionView {
    pub(super) head: String,
    pub(super) reason: String,
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
        let algorithm = found.algorithm;
        let is_pdq = algorithm == Algorithm::Pdq;
        let said = |text: &Option<String>| text.as_deref().map(visible);
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
            view: found.view.map(|view| view_words(t, view)),
            list: found
                .list
                .as_ref()
                .map(|list| t.fill("match-list", [("list", list.as_str().into())])),
            origin: said(&found.origin),
            class: said(&found.class),
            note: said(&found.note),
            exception: found
                .exception
                .as_ref()
                .map(|exception| ExceptionView::new(t, exception)),
            gauge: is_pdq.then(|| Gauge::new(found.distance.0, found.threshold.bits())),
        }
    }
}

impl ExceptionView {
    fn new(t: &Texts, exception: &ExceptionRow) -> Self {
        let args = [
            ("bank", exception.bank_name.as_str().into()),
            ("content", exception.content.0.to_string().into()),
            ("owner", visible(&exception.owner).into()),
        ];
        Self {
            head: t.fill("exception-head", args),
            reason: visible(&exception.reason),
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
    let is_digest = |found: &&MatchRow| found.algorithm != Algorithm::Pdq;
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

/// How many independent owners list it, as policy counts them: whoever a match names as its
/// origin, else its bank.
pub(super) fn owners(t: &Texts, matches: &[MatchRow]) -> String {
    let owner = |found: &MatchRow| found.origin.as_ref().unwrap_or(&found.bank_name).clone();
    let owners: BTreeSet<String> = matches.iter().map(owner).collect();
    t.fill("match-owners", [("owners", owners.len().into())])
}

fn quality_words(t: &Texts, quality: u8) -> String {
    t.fill("match-quality", [("quality", quality.into())])
}

/// Every part of a form in words: a match on a changed form must not read as one on the file.
fn view_words(t: &Texts, view: View) -> String {
    let numbered = |key, number: u32| Some(t.fill(key, [("number", number.into())]));
    let place = match view.place {
        Place::Whole => None,
        Place::Frame(number) => numbered("view-frame", number),
        Place::Page(number) => numbered("view-page", number),
        Place::Part(number) => numbered("view-part", number),
    };
    let upright = view.upright.then(|| t.text("view-upright"));
    let form = match view.form {
        Form::Plain => None,
        Form::OnWhite => Some(t.text("view-on-white")),
        Form::OnBlack => Some(t.text("view-on-black")),
        Form::Turned(_) => Some(t.text("view-turned")),
        Form::Unbordered => Some(t.text("view-unbordered")),
        Form::LegacyPalette => Some(t.text("view-legacy-palette")),
    };
    let parts: Vec<String> = [place, upright, form].into_iter().flatten().collect();
    if parts.is_empty() {
        t.text("view-stored")
    } else {
        parts.join(" · ")
    }
}

const GAUGE_WIDTH: f64 = 320.0;
const GAUGE_HEIGHT: u8 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_a_picture_is_told_apart() {
        let words = |view: &str| view_words(Texts::english(), view.parse().expect("a view"));
        assert_eq!(words("stored"), "pixels as stored");
        assert_eq!(words("upright"), "picture as shown upright");
        assert_eq!(
            words("upright/on-white"),
            "picture as shown upright · on a white ground"
        );
        assert_eq!(words("page:2/on-black"), "page 2 · on a black ground");
        let views = [
            "stored",
            "on-white",
            "on-black",
            "turned:90",
            "unbordered",
            "legacy-palette",
            "part:2",
        ];
        let distinct: std::collections::BTreeSet<String> = views.map(words).into();
        assert_eq!(distinct.len(), views.len());
    }
}
