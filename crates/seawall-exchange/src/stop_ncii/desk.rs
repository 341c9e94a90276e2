//! Telling the partner what was seen of a hash, and adding hashes to the list.

use seawall_core::{Hash, Redacted, Timestamp};
use serde_json::json;

use super::{Config, SignalType, missing, unreadable};
use crate::feed::{FeedError, Method, Opinion, PartnerAnswer, PartnerRequest};
use crate::feedback::{Feedback, FeedbackDesk, FeedbackFault};

/// The partner's desk for feedback. What is sent replaces what the same provider said before of
/// the same hash.
#[derive(Clone, Debug)]
pub struct Desk {
    config: Config,
    key: Redacted<String>,
}

impl Desk {
    /// The desk; `None` where the configuration has no key for it.
    #[must_use]
    pub fn new(config: Config) -> Option<Self> {
        let key = config.feedback_key.clone()?;
        Some(Self { config, key })
    }
}

impl FeedbackDesk for Desk {
    /// Reasons are sent as the partner's tags.
    fn request(&self, feedback: &Feedback) -> Result<PartnerRequest, FeedbackFault> {
        let kind = SignalType::of(&feedback.hash).ok_or(FeedbackFault::Kind)?;
        if feedback.key.as_str() != format!("{}:{}", kind.name(), feedback.hash) {
            return Err(FeedbackFault::Key);
        }
        let body = json!({
            "count": 1,
            "hashFeedbacks": [{
                "signalType": kind.name(),
                "hashValue": feedback.hash.to_string(),
                "feedbackValue": value_of(feedback.opinion),
                "tags": feedback.reasons,
            }],
        });
        let url = self.config.endpoint(FEEDBACK);
        Ok(with_body(
            self.config.request(Method::Post, url, &self.key),
            &body,
        ))
    }

    fn receipt(&self, answer: &PartnerAnswer<'_>) -> Result<String, FeedError> {
        receipt(answer, FEEDBACK)
    }
}

/// A hash that a provider adds to the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// The hash: a PDQ of a picture or an MD5 of a video.
    pub hash: Hash,
    /// What the provider says of it.
    pub opinion: Opinion,
    /// Its tags.
    pub tags: Vec<String>,
}

/// Where a provider adds hashes to the list. Sent twice, a hash stands there once.
#[derive(Clone, Debug)]
pub struct Submissions {
    config: Config,
    key: Redacted<String>,
}

impl Submissions {
    /// The call; `None` where the configuration has no key for it.
    #[must_use]
    pub fn new(config: Config) -> Option<Self> {
        let key = config.submit_key.clone()?;
        Some(Self { config, key })
    }

    /// The request that adds these hashes.
    ///
    /// # Errors
    /// [`FeedbackFault::Kind`] where the partner takes no hashes of a kind among them.
    pub fn request(
        &self,
        submissions: &[Submission],
        now: Timestamp,
    ) -> Result<PartnerRequest, FeedbackFault> {
        let record = |submission: &Submission| {
            let kind = SignalType::of(&submission.hash).ok_or(FeedbackFault::Kind)?;
            Ok(json!({
                "lastModtimestamp": now.as_millis().div_euclid(1000),
                "signalType": kind.name(),
                "hashValue": submission.hash.to_string(),
                "CSPFeedbacks": [{
                    "feedbackValue": value_of(submission.opinion),
                    "tags": submission.tags,
                }],
            }))
        };
        let records: Result<Vec<_>, _> = submissions.iter().map(record).collect();
        let body = json!({"count": submissions.len(), "hashRecords": records?});
        let url = self.config.endpoint(SUBMIT);
        Ok(with_body(
            self.config.request(Method::Post, url, &self.key),
            &body,
        ))
    }

    /// What the partner answered: a receipt to keep, which may be empty.
    ///
    /// # Errors
    /// [`FeedError`], of which [`FeedError::Later`] says to send the same again.
    pub fn receipt(&self, answer: &PartnerAnswer<'_>) -> Result<String, FeedError> {
        receipt(answer, SUBMIT)
    }
}

fn value_of(opinion: Opinion) -> &'static str {
    match opinion {
        Opinion::Agrees => "Blocked",
        Opinion::Disagrees => "NotBlocked",
        Opinion::Seen => "PendingReview",
    }
}

fn with_body(mut request: PartnerRequest, body: &serde_json::Value) -> PartnerRequest {
    request.body = Some(("application/json", Redacted(body.to_string().into_bytes())));
    request
}

/// The partner does not say what it answers; the receipt is empty. A page of HTML is none.
fn receipt(answer: &PartnerAnswer<'_>, call: &str) -> Result<String, FeedError> {
    let body = answer.granted(&missing(answer.status, call))?;
    if body.trim_ascii_start().starts_with(b"<") {
        return Err(unreadable("it is a page of HTML"));
    }
    Ok(String::new())
}

const FEEDBACK: &str = "SubmitFeedback";
const SUBMIT: &str = "SubmitHashes";
