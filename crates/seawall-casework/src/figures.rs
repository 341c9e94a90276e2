//! Figures: every number is a sum over audit events, so that it can be proven.

use std::collections::BTreeMap;

use seawall_core::EventKind;
use serde::Serialize;
use serde_json::Value;

use crate::audit::EventBody;

/// What happened, in numbers. Rehearsals with the built-in test are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Uploads scanned, by what became of the file.
    pub scans: BTreeMap<String, u64>,
    /// Uploads scanned that matched no enabled bank.
    pub scans_without_match: u64,
    /// Uploads whose every match was suppressed by exceptions. They are among those without a
    /// match.
    pub scans_suppressed: u64,
    /// Uploads kept in the seen index.
    pub seen_kept: u64,
    /// Hashes held against the seen index.
    pub seen_lookups: u64,
    /// Hashes looked up without a case.
    pub lookups: u64,
    /// Hashes looked up that matched an enabled bank.
    pub lookups_matched: u64,
    /// Cases opened, by channel.
    pub cases_opened: BTreeMap<String, u64>,
    /// Cases decided, by verdict.
    pub cases_decided: BTreeMap<String, u64>,
    /// Confirmed cases, by manifestation.
    pub confirmed_by_manifestation: BTreeMap<String, u64>,
    /// How often a picture was shown, by mode.
    pub reveals: BTreeMap<String, u64>,
    /// Decisions taken without a full view of the picture.
    pub decided_without_full_view: u64,
    /// Reports that a decision asked for.
    pub reports_asked: u64,
    /// Reports that the receiver confirmed.
    pub reports_filed: u64,
    /// Median time from opening to decision, in milliseconds.
    pub open_ms_median: Option<i64>,
    /// The newest event that these figures count.
    pub through_event: u64,
}

/// Adds up events, in order.
#[derive(Debug, Default)]
pub struct Counter {
    figures: Figures,
    open_ms: Vec<i64>,
    fully_viewed: std::collections::BTreeSet<String>,
}

impl Counter {
    /// Counts one event.
    pub fn add(&mut self, event: &EventBody) {
        self.figures.through_event = event.sequence;
        let is_test = event
            .detail
            .get("test")
            .and_then(Value::as_bool)
            .unwrap_or(false);
        if !is_test {
            self.count(event);
        }
    }

    /// The figures so far.
    #[must_use]
    pub fn finish(mut self) -> Figures {
        self.open_ms.sort_unstable();
        self.figures.open_ms_median = self.open_ms.get(self.open_ms.len() / 2).copied();
        self.figures
    }

    fn count(&mut self, event: &EventBody) {
        let text = |name: &str| word(event, name);
        match event.kind {
            EventKind::LookupsTallied => self.add_tally(event),
            EventKind::CaseOpened => raise(&mut self.figures.cases_opened, text("channel")),
            EventKind::CaseShown => {
                raise(&mut self.figures.reveals, text("mode"));
                if text("mode") == "full" {
                    self.fully_viewed.extend(event.subject.clone());
                }
            }
            EventKind::CaseDecided => self.add_decision(event),
            EventKind::ReportDrafted => self.figures.reports_asked += 1,
            EventKind::ReportFiled => self.figures.reports_filed += 1,
            EventKind::ScanSuppressed => self.figures.scans_suppressed += 1,
            EventKind::SeenTallied => self.figures.seen_kept += number(event, "kept"),
            EventKind::SeenLookedUp => self.figures.seen_lookups += number(event, "hashes"),
            // Acts that no figure counts.
            EventKind::StoreCreated
            | EventKind::BankCreated
            | EventKind::CaseRevealed
            | EventKind::BankChanged
            | EventKind::BankDeleted
            | EventKind::BankExported
            | EventKind::ContentsAdded
            | EventKind::ContentDeleted
            | EventKind::ContentChanged
            | EventKind::SignalTypeChanged
            | EventKind::ReportCallStarted
            | EventKind::ReportCallEnded
            | EventKind::ReportStuck
            | EventKind::ReportResumed
            | EventKind::MessageAttempted
            | EventKind::MessageDelivered
            | EventKind::MessageFailed
            | EventKind::UserCreated
            | EventKind::UserChanged
            | EventKind::LinkIssued
            | EventKind::SessionOpened
            | EventKind::SessionClosed
            | EventKind::SignInRefused
            | EventKind::TokenCreated
            | EventKind::TokenRevoked
            | EventKind::SeenFolded
            | EventKind::SeenExpired
            | EventKind::SeenForgotten
            | EventKind::ListChanged
            | EventKind::ListDeleted
            | EventKind::ExchangeCreated
            | EventKind::ExchangeStarted
            | EventKind::EntriesTaken
            | EventKind::ExchangeEnded
            | EventKind::ExchangeChanged
            | EventKind::ExchangeRemoved
            | EventKind::EntryReleased
            | EventKind::SelftestRun => {}
        }
    }

    fn add_decision(&mut self, event: &EventBody) {
        let verdict = word(event, "verdict");
        raise(&mut self.figures.cases_decided, verdict);
        if verdict == "confirmed" {
            let manifestation = word(event, "manifestation");
            raise(&mut self.figures.confirmed_by_manifestation, manifestation);
        }
        let viewed = event
            .subject
            .as_ref()
            .is_some_and(|id| self.fully_viewed.contains(id));
        self.figures.decided_without_full_view += u64::from(!viewed);
        self.open_ms
            .extend(event.detail.get("open_ms").and_then(Value::as_i64));
    }

    fn add_tally(&mut self, event: &EventBody) {
        if let Some(Value::Object(outcomes)) = event.detail.get("scans") {
            for (outcome, value) in outcomes {
                let count = value.as_u64().unwrap_or(0);
                *self.figures.scans.entry(outcome.clone()).or_default() += count;
            }
        }
        self.figures.scans_without_match += number(event, "without_match");
        self.figures.lookups += number(event, "lookups");
        self.figures.lookups_matched += number(event, "lookups_matched");
    }
}

fn raise(counts: &mut BTreeMap<String, u64>, key: &str) {
    *counts.entry(key.to_owned()).or_default() += 1;
}

/// A word among an event's details.
fn word<'a>(event: &'a EventBody, name: &str) -> &'a str {
    let word = event.detail.get(name).and_then(Value::as_str);
    word.unwrap_or("unknown")
}

/// A count among an event's details; 0 where there is none.
fn number(event: &EventBody, name: &str) -> u64 {
    event.detail.get(name).and_then(Value::as_u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{EventDraft, GENESIS, seal};
    use seawall_core::{Actor, Timestamp};

    fn count(drafts: &[EventDraft]) -> Figures {
        let mut counter = Counter::default();
        for (index, draft) in drafts.iter().enumerate() {
            let event = seal(index as u64 + 1, Timestamp::from_millis(0), draft, GENESIS);
            counter.add(&event.read().expect("just written"));
        }
        counter.finish()
    }

    fn event(kind: EventKind, subject: &str) -> EventDraft {
        EventDraft::new(kind, Actor::System).about(subject)
    }

    #[test]
    fn figures_follow_from_events() {
        let decided = |case, verdict, open_ms| {
            event(EventKind::CaseDecided, case)
                .with("verdict", verdict)
                .with("manifestation", "M01")
                .with("open_ms", open_ms)
        };
        let figures = count(&[
            event(EventKind::LookupsTallied, "")
                .with("scans", serde_json::json!({"hashed": 3, "refused": 1}))
                .with("without_match", 2)
                .with("lookups", 5)
                .with("lookups_matched", 1),
            event(EventKind::ScanSuppressed, ""),
            event(EventKind::SeenTallied, "").with("kept", 4),
            event(EventKind::SeenLookedUp, "").with("hashes", 7),
            event(EventKind::CaseOpened, "a").with("channel", "public"),
            event(EventKind::CaseOpened, "b").with("channel", "public"),
            event(EventKind::CaseOpened, "t")
                .with("channel", "public")
                .with("test", true),
            event(EventKind::CaseShown, "a").with("mode", "full"),
            decided("a", "confirmed", 10),
            decided("b", "not_confirmed", 30),
            event(EventKind::ReportDrafted, "r"),
            event(EventKind::ReportFiled, "r"),
        ]);
        assert_eq!(figures.scans["hashed"], 3);
        assert_eq!(figures.scans_without_match, 2);
        assert_eq!((figures.lookups, figures.lookups_matched), (5, 1));
        assert_eq!(figures.scans_suppressed, 1);
        assert_eq!((figures.seen_kept, figures.seen_lookups), (4, 7));
        assert_eq!(figures.cases_opened["public"], 2);
        assert_eq!(figures.decided_without_full_view, 1);
        assert_eq!(figures.confirmed_by_manifestation["M01"], 1);
        assert_eq!((figures.reports_asked, figures.reports_filed), (1, 1));
        assert_eq!(figures.open_ms_median, Some(30));
        assert_eq!(figures.through_event, 12);
    }
}
