//! Telling the partner whether a fingerprint of an entry is what the list says.

use quick_xml::escape::escape;
use seawall_core::{Algorithm, Redacted};

use super::document::{self, NAMESPACE};
use super::{Config, missing, unreadable};
use crate::feed::{EntryKey, FeedError, Method, Opinion, PartnerAnswer, PartnerRequest};
use crate::feedback::{Feedback, FeedbackDesk, FeedbackFault};

/// The partner's desk for feedback.
///
/// A `PUT` replaces what the same member said before of the same fingerprint. Reasons are the
/// guids that [`reasons_request`](super::reasons_request) asks for.
#[derive(Clone, Debug)]
pub struct Desk {
    config: Config,
}

impl Desk {
    /// The desk of a list.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { config }
    }
}

impl FeedbackDesk for Desk {
    fn request(&self, feedback: &Feedback) -> Result<PartnerRequest, FeedbackFault> {
        let (member, id) = entry_of(&feedback.key).ok_or(FeedbackFault::Key)?;
        let kind = kind_name(feedback.hash.algorithm()).ok_or(FeedbackFault::Kind)?;
        let said = match feedback.opinion {
            Opinion::Agrees => "<affirmative/>".to_owned(),
            Opinion::Disagrees => negative(&feedback.reasons)?,
            Opinion::Seen => return Err(FeedbackFault::Opinion),
        };
        let url = self
            .config
            .endpoint(&["entries", member, id, kind, "feedback"]);
        let mut request = self.config.request(Method::Put, url);
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <feedbackSubmission xmlns=\"{NAMESPACE}\">{said}</feedbackSubmission>"
        );
        request.body = Some((
            "application/xml; charset=utf-8",
            Redacted(body.into_bytes()),
        ));
        Ok(request)
    }

    /// The partner does not say what it answers; the receipt is empty. A page of HTML is none.
    fn receipt(&self, answer: &PartnerAnswer<'_>) -> Result<String, FeedError> {
        let body = answer.granted(&missing(answer.status, "give feedback on this list"))?;
        if !body.trim_ascii().is_empty() {
            let root = document::read_any(body)?;
            if root.name.eq_ignore_ascii_case("html") {
                return Err(unreadable("it is a page of HTML"));
            }
        }
        Ok(String::new())
    }
}

/// The member and the id that a key is made of.
fn entry_of(key: &EntryKey) -> Option<(&str, &str)> {
    let (member, id) = key.as_str().split_once('-')?;
    let is_member = !member.is_empty() && member.bytes().all(|b| b.is_ascii_digit());
    // These two would be steps in the address's path.
    (is_member && !matches!(id, "" | "." | "..")).then_some((member, id))
}

/// The partner's name of a kind of hash that Seawall has.
pub(super) fn kind_name(algorithm: Algorithm) -> Option<&'static str> {
    match algorithm {
        Algorithm::Pdq => Some("PDQ"),
        Algorithm::Md5 => Some("MD5"),
        Algorithm::Sha1 => Some("SHA1"),
        Algorithm::Sha256 => None,
    }
}

fn negative(reasons: &[String]) -> Result<String, FeedbackFault> {
    let is_guid = |text: &&String| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
    let guids: Vec<String> = reasons
        .iter()
        .filter(is_guid)
        .map(|guid| format!("<guid>{}</guid>", escape(guid.as_str())))
        .collect();
    if guids.is_empty() {
        return Err(FeedbackFault::NoReason);
    }
    let guids = guids.concat();
    Ok(format!(
        "<negative><reasonIds>{guids}</reasonIds></negative>"
    ))
}
