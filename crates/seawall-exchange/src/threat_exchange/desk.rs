//! What goes back to the members of a group.

use seawall_core::{Hash, Redacted};
use serde::Deserialize;
use url::form_urlencoded;

use super::indicator::{DESCRIPTOR, MALICIOUS, NON_MALICIOUS};
use super::{Group, granted};
use crate::description::accept_json;
use crate::feed::{FeedError, Media, Method, Opinion, PartnerAnswer, PartnerRequest};
use crate::feedback::{Feedback, FeedbackDesk, FeedbackFault};
use crate::json;

/// Says what one thinks of an indicator of a privacy group.
///
/// Where a reason names a member's description, `descriptor:` and its number as an entry's
/// opinions tell it, the opinion is a reaction to that. Else it is a description of one's own,
/// `MALICIOUS` or `NON_MALICIOUS`, which only the group sees; a mere sighting is none.
#[derive(Clone, Debug)]
pub struct OpinionDesk {
    group: Group,
}

impl OpinionDesk {
    /// The desk of a group.
    #[must_use]
    pub fn new(group: Group) -> Self {
        Self { group }
    }

    fn post(&self, path: &str, fields: &[(&str, &str)]) -> Result<PartnerRequest, FeedbackFault> {
        let url = self.group.url(path, &[]).map_err(|_| FeedbackFault::Key)?;
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let body = form.finish().into_bytes();
        Ok(PartnerRequest {
            method: Method::Post,
            url: Redacted(url),
            headers: vec![accept_json()],
            body: Some(("application/x-www-form-urlencoded", Redacted(body))),
        })
    }
}

impl FeedbackDesk for OpinionDesk {
    fn request(&self, feedback: &Feedback) -> Result<PartnerRequest, FeedbackFault> {
        let mut reasons = feedback.reasons.iter();
        if let Some(id) = reasons.find_map(|reason| reason.strip_prefix(DESCRIPTOR)) {
            if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(FeedbackFault::Key);
            }
            let reaction = match feedback.opinion {
                Opinion::Agrees => "HELPFUL",
                Opinion::Disagrees => "DISAGREE_WITH_TAGS",
                Opinion::Seen => "SAW_THIS_TOO",
            };
            return self.post(&format!("{id}/"), &[("reactions", reaction)]);
        }
        let status = match feedback.opinion {
            Opinion::Agrees => MALICIOUS,
            Opinion::Disagrees => NON_MALICIOUS,
            Opinion::Seen => return Err(FeedbackFault::Opinion),
        };
        let group = self.group.id.to_string();
        let tags = feedback.reasons.join(",");
        let mut fields = vec![
            ("indicator", feedback.hash.to_string()),
            ("type", kind(feedback).to_owned()),
            ("description", "Judged by a person in Seawall".to_owned()),
            ("share_level", "AMBER".to_owned()),
            ("status", status.to_owned()),
            ("privacy_type", "HAS_PRIVACY_GROUP".to_owned()),
            ("privacy_members", group),
        ];
        if !tags.is_empty() {
            fields.push(("tags", tags));
        }
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(name, text)| (*name, &**text)).collect();
        self.post("threat_descriptors/", &fields)
    }

    fn receipt(&self, answer: &PartnerAnswer<'_>) -> Result<String, FeedError> {
        #[derive(Deserialize)]
        struct Receipt {
            success: Option<bool>,
            id: Option<serde_json::Value>,
        }
        let receipt: Receipt = json::read(granted(answer, MISSING)?)?;
        if receipt.success == Some(false) {
            return Err(FeedError::Refused {
                status: answer.status,
            });
        }
        Ok(receipt.id.as_ref().and_then(json::text).unwrap_or_default())
    }
}

/// The service's name for the kind of a hash.
fn kind(feedback: &Feedback) -> &'static str {
    match (feedback.hash, feedback.media) {
        (Hash::Pdq(_), _) => "HASH_PDQ",
        (Hash::Md5(_), Media::Video) => "HASH_VIDEO_MD5",
        (Hash::Md5(_), Media::Image | Media::Unknown) => "HASH_MD5",
        (Hash::Sha1(_), _) => "HASH_SHA1",
        (Hash::Sha256(_), _) => "HASH_SHA256",
    }
}

const MISSING: &str = "the app may not publish to this privacy group";
