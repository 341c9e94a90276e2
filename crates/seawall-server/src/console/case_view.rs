//! A case in the words of its page.

use seawall_casework::case::{CasePurpose, CaseState, Decision};
use seawall_casework::context::{UploadContext, UploadEvent};
use seawall_core::{RevealId, Timestamp, UserId};
use seawall_store::{CaseRecord, RevealMode};
use seawall_workflow::{CaseFile, Receiver};

use super::audit::EventLine;
use super::case::More;
use super::evidence::{MatchView, owners, summary};
use super::report::ReportView;
use super::texts::Texts;
use super::words::{Moment, bytes, span, visible};

/// Who reads the page, when, and what they asked to see.
pub(super) struct Seen {
    pub(super) now: Timestamp,
    pub(super) reader: UserId,
    pub(super) shown: Option<(RevealId, RevealMode)>,
}

/// Everything on the page but the decision form.
pub(super) struct CaseView {
    pub(super) id: String,
    pub(super) item: String,
    pub(super) is_test: bool,
    pub(super) channel: String,
    pub(super) opened: Moment,
    pub(super) age: String,
    pub(super) state: String,
    pub(super) is_open: bool,
    pub(super) summary: String,
    pub(super) owners: String,
    pub(super) matches: Vec<MatchView>,
    pub(super) suppressed: Vec<MatchView>,
    pub(super) context: Vec<Fact>,
    pub(super) untold: Option<String>,
    pub(super) file: Vec<Fact>,
    pub(super) digests: Vec<Fact>,
    pub(super) picture: PictureView,
    pub(super) decision: Option<DecisionView>,
    pub(super) report: Option<ReportView>,
    pub(super) events: Vec<EventLine>,
}

/// A name and its value.
pub(super) struct Fact {
    pub(super) name: String,
    pub(super) value: String,
}

/// The picture, or how to ask for it.
pub(super) struct PictureView {
    pub(super) shown: Option<Shown>,
    /// The first step, and those that show more.
    pub(super) first: Step,
    pub(super) further: [Step; 2],
    pub(super) is_further_open: bool,
    pub(super) full_note: String,
    pub(super) looks: Vec<Look>,
    pub(super) looked: String,
}

/// A picture that is shown.
pub(super) struct Shown {
    pub(super) address: String,
    pub(super) alt: String,
    pub(super) mode: String,
}

/// A way of looking that can be asked for.
pub(super) struct Step {
    pub(super) mode: &'static str,
    pub(super) act: String,
}

/// One act of looking.
pub(super) struct Look {
    pub(super) who: String,
    pub(super) mode: String,
    pub(super) at: Moment,
    pub(super) was_shown: bool,
}

/// The decision that stands.
pub(super) struct DecisionView {
    pub(super) verdict: String,
    pub(super) is_confirmed: bool,
    pub(super) who: String,
    pub(super) at: Moment,
    pub(super) facts: Vec<Fact>,
}

impl CaseView {
    pub(super) fn new(
        t: &Texts,
        file: &CaseFile,
        more: &More,
        seen: Seen,
        receiver: Option<&Receiver>,
    ) -> Self {
        let CaseFile {
            record, context, ..
        } = file;
        let decided = match &record.case.state {
            CaseState::Open => None,
            CaseState::Decided(decision) => Some(decision),
        };
        let (told, untold) = context_facts(t, context);
        Self {
            id: record.case.id.to_string(),
            item: visible(&record.upload.item_id),
            is_test: record.case.purpose == CasePurpose::Test,
            channel: t.of("channel", record.case.channel.name()),
            opened: Moment::new(t, record.case.opened_at),
            age: t.fill(
                "span-ago",
                [(
                    "span",
                    span(t, seen.now.millis_since(record.case.opened_at)).into(),
                )],
            ),
            state: decided.map_or_else(
                || t.text("state-open"),
                |decision| t.of("verdict", decision.finding.verdict.name()),
            ),
            is_open: decided.is_none(),
            summary: summary(t, &record.matches),
            owners: owners(t, &record.matches),
            matches: record
                .matches
                .iter()
                .map(|found| MatchView::new(t, found))
                .collect(),
            suppressed: record
                .suppressed
                .iter()
                .map(|found| MatchView::new(t, found))
                .collect(),
            context: told,
            untold,
            file: file_facts(t, record),
            digests: digest_facts(t, record),
            picture: PictureView::new(t, record, more, seen),
            decision: decided.map(|decision| DecisionView::new(t, decision, more)),
            report: file
                .report
                .as_ref()
                .map(|row| ReportView::new(t, row, file.calls, receiver)),
            events: event_lines(t, file, more),
        }
    }

    /// Whether the page is worth reloading by itself.
    pub(super) fn is_moving(&self) -> bool {
        self.report
            .as_ref()
            .is_some_and(|report| report.state == "open")
    }
}

impl PictureView {
    fn new(t: &Texts, record: &CaseRecord, more: &More, seen: Seen) -> Self {
        let step = |mode: RevealMode| Step {
            mode: mode.name(),
            act: t.of("reveal-act", mode.name()),
        };
        let shown = seen.shown.map(|(reveal, mode)| Shown {
            address: format!("/cases/{}/reveals/{reveal}", record.case.id),
            alt: t.of("reveal-alt", mode.name()),
            mode: t.of("mode", mode.name()),
        });
        let has_looked = record
            .reveals
            .iter()
            .any(|reveal| reveal.user == seen.reader);
        let key = if record.was_fully_viewed() {
            "full-note-viewed"
        } else {
            "full-note"
        };
        let now = seen.shown.map(|(reveal, _)| reveal);
        let looks = record.reveals.iter().map(|reveal| Look {
            who: more.name(reveal.user),
            mode: t.of("mode", reveal.mode.name()),
            at: Moment::new(t, reveal.at),
            // The one on this very page is fetched after the page was written.
            was_shown: reveal.shown_at.is_some() || now == Some(reveal.id),
        });
        Self {
            is_further_open: has_looked || shown.is_some(),
            shown,
            first: step(RevealMode::Blurred),
            further: [step(RevealMode::Grey), step(RevealMode::Full)],
            full_note: t.text(key),
            looked: t.fill("looks-title", [("count", record.reveals.len().into())]),
            looks: looks.collect(),
        }
    }
}

impl DecisionView {
    pub(super) fn new(t: &Texts, decision: &Decision, more: &More) -> Self {
        let finding = &decision.finding;
        let mut facts = Vec::new();
        let mut add = |name: &str, value: String| {
            facts.push(Fact {
                name: t.text(name),
                value,
            })
        };
        if let Some(manifestation) = finding.manifestation {
            let name = t.of("manifestation", manifestation.code());
            add(
                "decision-manifestation",
                format!("{} \u{b7} {name}", manifestation.code()),
            );
        }
        if !finding.attributes.is_empty() {
            let names: Vec<_> = finding
                .attributes
                .iter()
                .map(|found| t.of("attribute", found.code()))
                .collect();
            add("decision-attributes", names.join(" \u{b7} "));
        }
        if let Some(classification) = finding.classification {
            add(
                "decision-classification",
                classification.official().to_owned(),
            );
        }
        add(
            "decision-report",
            t.text(if finding.report {
                "word-yes"
            } else {
                "word-no"
            }),
        );
        Self {
            verdict: t.of("verdict", finding.verdict.name()),
            is_confirmed: finding.verdict == seawall_casework::case::Verdict::Confirmed,
            who: more.name(decision.reviewer),
            at: Moment::new(t, decision.at),
            facts,
        }
    }
}

/// What the platform told, and a sentence that names what it did not.
fn context_facts(t: &Texts, context: &UploadContext) -> (Vec<Fact>, Option<String>) {
    let address = context
        .ip
        .as_ref()
        .map(|ip| match (ip.reveal(), context.port) {
            (ip, Some(port)) if ip.is_ipv6() => format!("[{ip}]:{port}"),
            (ip, Some(port)) => format!("{ip}:{port}"),
            (ip, None) => ip.to_string(),
        });
    let all = [
        (
            "context-uploader",
            context
                .uploader_id
                .as_ref()
                .map(|text| visible(text.reveal())),
        ),
        (
            "context-screen-name",
            context
                .screen_name
                .as_ref()
                .map(|text| visible(text.reveal())),
        ),
        (
            "context-file-name",
            context
                .file_name
                .as_ref()
                .map(|text| visible(text.reveal())),
        ),
        (
            "context-url",
            context.url.as_ref().map(|text| visible(text.reveal())),
        ),
        (
            "context-uploaded-at",
            context.uploaded_at.map(|at| Moment::new(t, at).people),
        ),
        ("context-address", address),
        (
            "context-event",
            context
                .event
                .map(|event| t.of("upload-event", event_name(event))),
        ),
        (
            "context-jurisdictions",
            (!context.jurisdictions.is_empty()).then(|| context.jurisdictions.join(", ")),
        ),
    ];
    let (mut told, mut untold) = (Vec::new(), Vec::new());
    for (key, value) in all {
        match value {
            Some(value) => told.push(Fact {
                name: t.text(key),
                value,
            }),
            None => untold.push(t.text(key)),
        }
    }
    let untold = (!untold.is_empty())
        .then(|| t.fill("context-untold", [("fields", untold.join(", ").into())]));
    (told, untold)
}

fn event_name(event: UploadEvent) -> &'static str {
    match event {
        UploadEvent::Login => "login",
        UploadEvent::Registration => "registration",
        UploadEvent::Purchase => "purchase",
        UploadEvent::Upload => "upload",
        UploadEvent::Other => "other",
        UploadEvent::Unknown => "unknown",
    }
}

fn file_facts(t: &Texts, record: &CaseRecord) -> Vec<Fact> {
    let fact = |key: &str, value: String| Fact {
        name: t.text(key),
        value,
    };
    let reason = record.upload.reason.as_deref();
    let outcome = t.of("outcome", &record.upload.outcome);
    let outcome = match reason.map(|reason| {
        t.known("reason", reason)
            .unwrap_or_else(|| reason.to_owned())
    }) {
        Some(reason) => t.fill(
            "file-outcome-reason",
            [("outcome", outcome.into()), ("reason", reason.into())],
        ),
        None => outcome,
    };
    vec![
        fact("file-type", record.upload.media_type.clone()),
        fact("file-size", bytes(t, record.evidence.bytes)),
        fact("file-outcome", outcome),
        fact(
            "file-received",
            Moment::new(t, record.upload.received_at).people,
        ),
    ]
}

fn digest_facts(t: &Texts, record: &CaseRecord) -> Vec<Fact> {
    let fact = |hash: &seawall_core::Hash| Fact {
        name: t.of("algorithm", hash.algorithm().name()),
        value: hash.to_string(),
    };
    record.evidence.digests.iter().map(fact).collect()
}

fn event_lines(t: &Texts, file: &CaseFile, more: &More) -> Vec<EventLine> {
    let line = |event| EventLine::new(t, event, more.actor(t, event.actor));
    let mut lines: Vec<_> = file
        .events
        .iter()
        .chain(&more.report_events)
        .map(line)
        .collect();
    lines.sort_by_key(|line| line.number);
    lines
}
