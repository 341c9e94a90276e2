//! The calls of whoever sets an exchange up: who am I, who is there, which reasons are there.

use seawall_core::Algorithm;

use super::desk::kind_name;
use super::document::{self, Element};
use super::{Config, missing, unreadable};
use crate::feed::{FeedError, Method, PartnerAnswer, PartnerRequest};

/// What the partner knows of whoever asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The member that the user belongs to.
    pub member: Member,
    /// The user's name, as the partner has it.
    pub username: String,
}

/// A member of the exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its number, which is the owner of its entries.
    pub id: u64,
    /// Its name, which may be empty.
    pub name: String,
}

/// A reason to disagree with a fingerprint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedbackReason {
    /// What feedback names it by.
    pub guid: String,
    /// The partner's words.
    pub name: String,
}

/// Asks who the partner takes the user for: a test of the credentials.
#[must_use]
pub fn status_request(config: &Config) -> PartnerRequest {
    config.request(Method::Get, config.endpoint(&["status"]))
}

/// Reads the answer to [`status_request`].
///
/// # Errors
/// [`FeedError::Denied`] says which right is missing: the user, or a member that the user belongs
/// to. Any other [`FeedError`] where there is no such answer.
pub fn read_status(answer: &PartnerAnswer<'_>) -> Result<Status, FeedError> {
    let body = answer.granted(&missing(answer.status, "use this environment"))?;
    let root = document::read(body, &["status"])?;
    let denied = |missing: &str| FeedError::Denied {
        status: answer.status,
        missing: missing.to_owned(),
    };
    let username = root
        .text_of("username")
        .ok_or_else(|| denied("a user: the partner names none for these credentials"))?;
    let member = root.child("member").and_then(read_member).ok_or_else(|| {
        denied("a member: the partner gives no member id for this user, who must belong to one")
    })?;
    Ok(Status {
        member,
        username: username.to_owned(),
    })
}

/// Asks for the members of the exchange.
#[must_use]
pub fn members_request(config: &Config) -> PartnerRequest {
    config.request(Method::Get, config.endpoint(&["members"]))
}

/// Reads the answer to [`members_request`]. A member without a number is left out.
///
/// # Errors
/// [`FeedError`] where there is no such answer.
pub fn read_members(answer: &PartnerAnswer<'_>) -> Result<Vec<Member>, FeedError> {
    let body = answer.granted(&missing(answer.status, "see the members"))?;
    let root = document::read_any(body)?;
    // What the root is called stands nowhere in public.
    if root.child("member").is_none() && !root.is("members") {
        return Err(unreadable("it holds no member"));
    }
    let members = root.children.iter().filter(|child| child.is("member"));
    Ok(members.filter_map(read_member).collect())
}

/// Asks for the reasons to disagree with hashes of a kind; `None` where the partner has no such
/// kind.
#[must_use]
pub fn reasons_request(config: &Config, algorithm: Algorithm) -> Option<PartnerRequest> {
    let url = config.endpoint(&["feedback", kind_name(algorithm)?, "reasons"]);
    Some(config.request(Method::Get, url))
}

/// Reads the answer to [`reasons_request`].
///
/// # Errors
/// [`FeedError`] where there is no such answer.
pub fn read_reasons(answer: &PartnerAnswer<'_>) -> Result<Vec<FeedbackReason>, FeedError> {
    let body = answer.granted(&missing(answer.status, "see the reasons for feedback"))?;
    let root = document::read_any(body)?;
    // The documentation's example has the list as the root, the published client one inside it.
    let list = match root.name.as_str() {
        REASONS => &root,
        _ => root
            .child(REASONS)
            .ok_or_else(|| unreadable("it holds no list of reasons"))?,
    };
    let reasons = list.children.iter().filter(|child| child.is("reason"));
    let read = |reason: &Element| {
        Some(FeedbackReason {
            guid: reason.attribute("guid")?.to_owned(),
            name: reason.attribute("name").unwrap_or_default().to_owned(),
        })
    };
    Ok(reasons.filter_map(read).collect())
}

fn read_member(element: &Element) -> Option<Member> {
    Some(Member {
        id: element.attribute("id")?.parse().ok()?,
        name: element.text().unwrap_or_default().to_owned(),
    })
}

const REASONS: &str = "availableFeedbackReasons";
