//! Cases: opened by a match, decided once by a person.

use seawall_core::{
    Actor, Attribute, CaseId, DecisionId, EventKind, Manifestation, Timestamp, UserId,
};
use serde::{Deserialize, Serialize};

use crate::audit::EventDraft;
use crate::context::ChannelKind;
use crate::report::IndustryClassification;

/// What a person found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is what the list says.
    Confirmed,
    /// It is not: the match was wrong.
    NotConfirmed,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 2] = [Self::Confirmed, Self::NotConfirmed];

    /// The name used in interfaces and the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::NotConfirmed => "not_confirmed",
        }
    }

    /// The verdict with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.name() == name)
    }
}

/// What a reviewer hands in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// What the person found.
    pub verdict: Verdict,
    /// What it is about. Required where confirmed.
    #[serde(default)]
    pub manifestation: Option<Manifestation>,
    /// What sets its urgency.
    #[serde(default)]
    pub attributes: Vec<Attribute>,
    /// The industry classification, where the provider uses it.
    #[serde(default)]
    pub classification: Option<IndustryClassification>,
    /// Whether a report is to be filed.
    #[serde(default)]
    pub report: bool,
}

/// A decision as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Its id.
    pub id: DecisionId,
    /// Who decided.
    pub reviewer: UserId,
    /// When.
    pub at: Timestamp,
    /// What was found.
    pub finding: Finding,
}

/// Where a case is in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseState {
    /// Nobody has decided it.
    Open,
    /// Somebody has.
    Decided(Decision),
}

/// Why a case exists: real work, or a rehearsal that must never leave the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CasePurpose {
    /// A match against a real bank.
    Live,
    /// A match against the built-in test bank alone.
    Test,
}

/// A case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its id.
    pub id: CaseId,
    /// When it was opened: the moment the provider came to know.
    pub opened_at: Timestamp,
    /// Where the upload appeared.
    pub channel: ChannelKind,
    /// Real or a rehearsal.
    pub purpose: CasePurpose,
    /// Where it is in its life.
    pub state: CaseState,
}

/// Why a decision was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecideError {
    /// Somebody was first.
    #[error("deciding a case: it was decided before")]
    AlreadyDecided(Box<Decision>),
    /// A confirmed case needs to say what it is about.
    #[error("deciding a case: a confirmed case needs a manifestation")]
    ManifestationMissing,
    /// Only what is confirmed is reported.
    #[error("deciding a case: only a confirmed case can be reported")]
    ReportNeedsConfirmation,
    /// A case of the built-in test is never reported.
    #[error("deciding a case: a case of the built-in test is never reported")]
    TestIsNeverReported,
}

impl Case {
    /// Takes a decision: the new state and what to write beside it.
    ///
    /// # Errors
    /// [`DecideError`]; the case is then as it was.
    pub fn decide(
        self,
        id: DecisionId,
        reviewer: UserId,
        at: Timestamp,
        finding: Finding,
    ) -> Result<(Self, Decision, EventDraft), DecideError> {
        if let CaseState::Decided(first) = self.state {
            return Err(DecideError::AlreadyDecided(Box::new(first)));
        }
        check_finding(&finding, self.purpose)?;
        let decision = Decision {
            id,
            reviewer,
            at,
            finding,
        };
        let event = decided_event(&self, &decision);
        let decided = Self {
            state: CaseState::Decided(decision.clone()),
            ..self
        };
        Ok((decided, decision, event))
    }

    /// The event that belongs to the opening of a case.
    #[must_use]
    pub fn opened_event(&self, actor: Actor, matches: usize, nearest_bits: u16) -> EventDraft {
        EventDraft::new(EventKind::CaseOpened, actor)
            .about(self.id)
            .with("channel", self.channel.name())
            .with("matches", matches)
            .with("nearest_bits", nearest_bits)
            .with("test", self.purpose == CasePurpose::Test)
    }
}

fn check_finding(finding: &Finding, purpose: CasePurpose) -> Result<(), DecideError> {
    match finding.verdict {
        Verdict::Confirmed if finding.manifestation.is_none() => {
            Err(DecideError::ManifestationMissing)
        }
        Verdict::NotConfirmed if finding.report => Err(DecideError::ReportNeedsConfirmation),
        Verdict::Confirmed | Verdict::NotConfirmed
            if finding.report && purpose == CasePurpose::Test =>
        {
            Err(DecideError::TestIsNeverReported)
        }
        Verdict::Confirmed | Verdict::NotConfirmed => Ok(()),
    }
}

fn decided_event(case: &Case, decision: &Decision) -> EventDraft {
    let finding = &decision.finding;
    let mut event = EventDraft::new(EventKind::CaseDecided, Actor::User(decision.reviewer))
        .about(case.id)
        .with("decision", decision.id.to_string())
        .with("verdict", finding.verdict.name())
        .with("report", finding.report)
        .with("open_ms", decision.at.millis_since(case.opened_at))
        .with("test", case.purpose == CasePurpose::Test);
    if let Some(manifestation) = finding.manifestation {
        event = event.with("manifestation", manifestation.code());
    }
    if !finding.attributes.is_empty() {
        let codes: Vec<&str> = finding
            .attributes
            .iter()
            .map(|attribute| attribute.code())
            .collect();
        event = event.with("attributes", codes);
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use seawall_core::Random;

    struct Counter(std::sync::atomic::AtomicU8);
    impl Random for Counter {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        }
    }

    fn random() -> Counter {
        Counter(std::sync::atomic::AtomicU8::new(1))
    }

    fn case(purpose: CasePurpose) -> Case {
        Case {
            id: CaseId::new(Timestamp::from_millis(5), &random()),
            opened_at: Timestamp::from_millis(5),
            channel: ChannelKind::Public,
            purpose,
            state: CaseState::Open,
        }
    }

    fn finding(verdict: Verdict, report: bool) -> Finding {
        let manifestation = (verdict == Verdict::Confirmed).then_some(Manifestation::M01);
        Finding {
            verdict,
            manifestation,
            attributes: vec![],
            classification: None,
            report,
        }
    }

    fn decide(case: Case, finding: Finding) -> Result<(Case, Decision, EventDraft), DecideError> {
        let random = random();
        let now = Timestamp::from_millis(65);
        case.decide(
            DecisionId::new(now, &random),
            UserId::new(now, &random),
            now,
            finding,
        )
    }

    #[test]
    fn the_second_decision_meets_the_first() {
        let (case, first, event) =
            decide(case(CasePurpose::Live), finding(Verdict::Confirmed, true)).expect("open");
        assert_eq!(event.kind, EventKind::CaseDecided);
        assert_eq!(event.detail["open_ms"], 60);
        let second = decide(case, finding(Verdict::NotConfirmed, false));
        assert_eq!(
            second.expect_err("decided"),
            DecideError::AlreadyDecided(Box::new(first))
        );
    }

    #[test]
    fn what_is_not_confirmed_or_a_test_is_never_reported() {
        let live = decide(
            case(CasePurpose::Live),
            finding(Verdict::NotConfirmed, true),
        );
        assert_eq!(
            live.expect_err("refused"),
            DecideError::ReportNeedsConfirmation
        );
        let test = decide(case(CasePurpose::Test), finding(Verdict::Confirmed, true));
        assert_eq!(test.expect_err("refused"), DecideError::TestIsNeverReported);
    }

    proptest! {
        #[test]
        fn however_many_decide_exactly_one_decision_stands(
            attempts in prop::collection::vec((any::<bool>(), any::<bool>()), 1..8),
        ) {
            let mut case = case(CasePurpose::Live);
            let mut taken = 0;
            for (confirmed, report) in attempts {
                let verdict = if confirmed { Verdict::Confirmed } else { Verdict::NotConfirmed };
                if let Ok((next, _, _)) = decide(case.clone(), finding(verdict, report)) {
                    case = next;
                    taken += 1;
                }
            }
            prop_assert!(taken <= 1);
            prop_assert_eq!(taken == 1, matches!(case.state, CaseState::Decided(_)));
        }
    }
}
