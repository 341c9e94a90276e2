//! `POST /cases/{case}/decision`: a person decides, once.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use seawall_casework::case::{CasePurpose, CaseState, DecideError, Decision, Finding, Verdict};
use seawall_casework::report::{IndustryClassification, Problem, ProblemKind};
use seawall_core::{Attribute, CaseId, Manifestation};
use seawall_store::RevealMode;
use seawall_workflow::{CaseFile, DecideFault, Receiver, WorkflowError};

use super::body::{Fields, Posted};
use super::case::{Filled, More};
use super::case_view::DecisionView;
use super::fault::Fault;
use super::page::{Page, Part, html_with};
use super::report::receiver_name;
use super::session::{Reviewer, Visitor};
use super::texts::Texts;
use super::{Console, block};

/// `POST /cases/{case}/decision`
pub(super) async fn decide(
    State(console): State<Console>,
    Path(case): Path<String>,
    posted: Posted<Reviewer>,
) -> Result<Response, Fault> {
    let case: CaseId = case.parse().map_err(|_| Fault::NotFound)?;
    let Reviewer(visitor) = posted.by;
    let input = DecisionInput::read(&posted.fields);
    let finding = match input.finding() {
        Ok(finding) => finding,
        Err(Unread::Nothing) => {
            let complaint = Texts::english().text("decide-no-verdict");
            return again(&console, &visitor, case, input, vec![complaint]).await;
        }
        Err(Unread::Foreign) => return Err(Fault::Form),
    };
    let (workflow, user) = (console.app.workflow.clone(), visitor.user.id);
    match block(move || workflow.decide(case, user, finding)).await {
        Ok(_) => Ok(Redirect::to(&format!("/cases/{case}")).into_response()),
        Err(fault) => refused(&console, &visitor, case, input, fault).await,
    }
}

async fn refused(
    console: &Console,
    visitor: &Visitor,
    case: CaseId,
    input: DecisionInput,
    fault: DecideFault,
) -> Result<Response, Fault> {
    let t = Texts::english();
    let complaints = match fault {
        DecideFault::NoCase => return Err(Fault::NotFound),
        DecideFault::Workflow(error) => return Err(error.into()),
        DecideFault::Rule(DecideError::AlreadyDecided(first)) => {
            return conflict(console, visitor, case, *first).await;
        }
        DecideFault::Rule(DecideError::ManifestationMissing) => {
            vec![t.text("decide-no-manifestation")]
        }
        DecideFault::Rule(DecideError::ReportNeedsConfirmation) => {
            vec![t.text("decide-report-unconfirmed")]
        }
        DecideFault::Rule(DecideError::TestIsNeverReported) => vec![t.text("decide-report-test")],
        DecideFault::NoReceiver => vec![t.text("decide-no-receiver")],
        DecideFault::Draft(problems) => problems
            .iter()
            .map(|problem| problem_words(t, problem))
            .collect(),
        _ => vec![t.text("decide-refused")],
    };
    again(console, visitor, case, input, complaints).await
}

async fn again(
    console: &Console,
    visitor: &Visitor,
    case: CaseId,
    input: DecisionInput,
    complaints: Vec<String>,
) -> Result<Response, Fault> {
    super::case::page(console, visitor, case, None, Filled { input, complaints }).await
}

/// Somebody was first: their decision stands, and this one was not written.
async fn conflict(
    console: &Console,
    visitor: &Visitor,
    case: CaseId,
    first: Decision,
) -> Result<Response, Fault> {
    let workflow = console.app.workflow.clone();
    let more = block(move || -> Result<_, Fault> {
        let file = workflow.case_file(case)?.ok_or(Fault::NotFound)?;
        Ok(workflow
            .store()
            .read(|reader| More::read(reader, &file))
            .map_err(WorkflowError::from)?)
    });
    let t = Texts::english();
    let page = ConflictPage {
        page: Page::new(&console.app, t.text("conflict-title"), Some(visitor)).part(Part::Queue),
        case: case.to_string(),
        is_own: first.reviewer == visitor.user.id,
        first: DecisionView::new(t, &first, &more.await?),
    };
    Ok(html_with(StatusCode::CONFLICT, &page))
}

#[derive(Template)]
#[template(path = "conflict.html")]
struct ConflictPage {
    page: Page,
    case: String,
    is_own: bool,
    first: DecisionView,
}

/// The form as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DecisionInput {
    verdict: String,
    manifestation: String,
    attributes: Vec<String>,
    classification: String,
    report: bool,
}

/// Why a form is not a finding.
#[derive(Debug, PartialEq, Eq)]
enum Unread {
    /// No verdict was chosen.
    Nothing,
    /// It holds a value that the page does not offer.
    Foreign,
}

impl DecisionInput {
    fn read(fields: &Fields) -> Self {
        Self {
            verdict: fields.one("verdict").to_owned(),
            manifestation: fields.one("manifestation").to_owned(),
            attributes: fields.all("attributes").map(str::to_owned).collect(),
            classification: fields.one("classification").to_owned(),
            report: fields.one("report") == "yes",
        }
    }

    fn finding(&self) -> Result<Finding, Unread> {
        if self.verdict.is_empty() {
            return Err(Unread::Nothing);
        }
        let attribute = |code: &String| {
            Attribute::ALL
                .iter()
                .copied()
                .find(|known| known.code() == code)
        };
        let classification = |text: &str| {
            IndustryClassification::ALL
                .iter()
                .copied()
                .find(|known| known.official() == text)
        };
        let mut attributes = self
            .attributes
            .iter()
            .map(attribute)
            .collect::<Option<Vec<_>>>()
            .ok_or(Unread::Foreign)?;
        attributes.sort_unstable();
        attributes.dedup();
        Ok(Finding {
            verdict: Verdict::from_name(&self.verdict).ok_or(Unread::Foreign)?,
            manifestation: chosen(&self.manifestation, Manifestation::from_code)?,
            attributes,
            classification: chosen(&self.classification, classification)?,
            report: self.report,
        })
    }
}

/// A choice that may be left open.
fn chosen<T>(text: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, Unread> {
    if text.is_empty() {
        Ok(None)
    } else {
        read(text).map(Some).ok_or(Unread::Foreign)
    }
}

/// The form on a case's page.
pub(super) struct DecisionForm {
    pub(super) complaints: Vec<String>,
    pub(super) is_confirmed: bool,
    pub(super) is_not_confirmed: bool,
    pub(super) manifestations: Vec<Choice>,
    pub(super) attributes: Vec<Choice>,
    pub(super) classifications: Vec<Choice>,
    pub(super) report: Option<ReportOffer>,
    pub(super) no_report: String,
    pub(super) buttons: Buttons,
}

/// One thing that can be chosen.
pub(super) struct Choice {
    pub(super) value: &'static str,
    pub(super) name: String,
    pub(super) is_chosen: bool,
}

/// A report that can be asked for.
pub(super) struct ReportOffer {
    pub(super) is_chosen: bool,
    pub(super) name: String,
    pub(super) receiver: String,
    pub(super) viewed: String,
}

/// What the button says for each choice.
pub(super) struct Buttons {
    pub(super) open: String,
    pub(super) confirm: String,
    pub(super) confirm_report: String,
    pub(super) not_confirm: String,
}

impl DecisionForm {
    /// The form; `None` where the case is decided.
    pub(super) fn new(
        t: &Texts,
        file: &CaseFile,
        receiver: Option<&Receiver>,
        shown: Option<RevealMode>,
        filled: Filled,
    ) -> Option<Self> {
        match file.record.case.state {
            CaseState::Open => {}
            CaseState::Decided(_) => return None,
        }
        let is_test = file.record.case.purpose == CasePurpose::Test;
        let Filled { input, complaints } = filled;
        let receiver = receiver.filter(|_| !is_test);
        let name = receiver.map_or_else(String::new, |receiver| receiver_name(t, &receiver.name));
        Some(Self {
            complaints,
            is_confirmed: input.verdict == Verdict::Confirmed.name(),
            is_not_confirmed: input.verdict == Verdict::NotConfirmed.name(),
            manifestations: manifestations(t, &input),
            attributes: attributes(t, &input),
            classifications: classifications(&input),
            report: receiver.map(|receiver| ReportOffer {
                is_chosen: input.report,
                name: t.fill("report-offer", [("receiver", name.clone().into())]),
                receiver: t.text(if receiver.stand_in {
                    "report-to-stand-in"
                } else {
                    "report-to-receiver"
                }),
                viewed: t.text(viewed_key(file, shown)),
            }),
            no_report: t.text(if is_test {
                "report-never-test"
            } else {
                "report-no-receiver"
            }),
            buttons: Buttons {
                open: t.text("button-open"),
                confirm: t.text("button-confirm"),
                confirm_report: t.fill("button-confirm-report", [("receiver", name.into())]),
                not_confirm: t.text("button-not-confirm"),
            },
        })
    }
}

/// What a report would say about a look in full. A picture that this very page shows is drawn,
/// and counted, only after the page was written.
fn viewed_key(file: &CaseFile, shown: Option<RevealMode>) -> &'static str {
    if file.record.was_fully_viewed() {
        "report-says-viewed"
    } else if shown == Some(RevealMode::Full) {
        "report-says-viewed-once-drawn"
    } else {
        "report-says-not-viewed"
    }
}

fn manifestations(t: &Texts, input: &DecisionInput) -> Vec<Choice> {
    let choice = |found: &Manifestation| Choice {
        value: found.code(),
        name: format!(
            "{} \u{b7} {}",
            found.code(),
            t.of("manifestation", found.code())
        ),
        is_chosen: input.manifestation == found.code(),
    };
    Manifestation::ALL.iter().map(choice).collect()
}

fn attributes(t: &Texts, input: &DecisionInput) -> Vec<Choice> {
    let choice = |found: &Attribute| Choice {
        value: found.code(),
        name: t.of("attribute", found.code()),
        is_chosen: input.attributes.iter().any(|chosen| chosen == found.code()),
    };
    Attribute::ALL.iter().map(choice).collect()
}

fn classifications(input: &DecisionInput) -> Vec<Choice> {
    let choice = |found: &IndustryClassification| Choice {
        value: found.official(),
        name: found.official().to_owned(),
        is_chosen: input.classification == found.official(),
    };
    IndustryClassification::ALL.iter().map(choice).collect()
}

fn problem_words(t: &Texts, problem: &Problem) -> String {
    let field = ("field", problem.field.into());
    match problem.kind {
        ProblemKind::Missing => t.fill("problem-missing", [field]),
        ProblemKind::InFuture => t.fill("problem-in-future", [field]),
        ProblemKind::TooLong { chars_max } => {
            t.fill("problem-too-long", [field, ("max", chars_max.into())])
        }
        ProblemKind::ZeroPort => t.fill("problem-zero-port", [field]),
        ProblemKind::NoAddress => t.fill("problem-no-address", [field]),
        ProblemKind::NoEmail => t.fill("problem-no-email", [field]),
        ProblemKind::NoDigest => t.fill("problem-no-digest", [field]),
        ProblemKind::Repeated => t.fill("problem-repeated", [field]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input() -> DecisionInput {
        DecisionInput {
            verdict: "confirmed".into(),
            manifestation: "M02".into(),
            attributes: vec![
                "victim_known".into(),
                "imminent_danger".into(),
                "victim_known".into(),
            ],
            classification: "B1".into(),
            report: true,
        }
    }

    #[test]
    fn a_form_becomes_a_finding() {
        let finding = input().finding().expect("a whole form");
        assert_eq!(finding.manifestation, Some(Manifestation::M02));
        assert_eq!(
            finding.attributes,
            [Attribute::ImminentDanger, Attribute::VictimKnown]
        );
        assert_eq!(finding.classification, Some(IndustryClassification::B1));
        assert!(finding.report);
    }

    #[test]
    fn what_was_left_open_stays_open() {
        let open = DecisionInput {
            verdict: "not_confirmed".into(),
            ..DecisionInput::default()
        };
        let finding = open.finding().expect("a verdict is enough to be read");
        assert_eq!(
            (
                finding.manifestation,
                finding.classification,
                finding.report
            ),
            (None, None, false)
        );
        assert_eq!(DecisionInput::default().finding(), Err(Unread::Nothing));
    }

    #[test]
    fn a_value_that_is_not_offered_is_refused() {
        let changes: [fn(&mut DecisionInput); 4] = [
            |input| input.verdict = "perhaps".into(),
            |input| input.manifestation = "M15".into(),
            |input| input.attributes.push("loud".into()),
            |input| input.classification = "A3".into(),
        ];
        for change in changes {
            let mut changed = input();
            change(&mut changed);
            assert_eq!(changed.finding(), Err(Unread::Foreign));
        }
    }
}
