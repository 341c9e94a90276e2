//! What goes back to the owner of an entry: whether it was what the list said.

use std::fmt;

use seawall_core::Hash;

use crate::feed::{EntryKey, FeedError, Media, Opinion, PartnerAnswer, PartnerRequest};

/// A partner that takes opinions of the entries of its list.
pub trait FeedbackDesk: Send + Sync {
    /// The request that tells the partner. Sent twice, it does what it does once: each protocol
    /// here replaces what the same sender said before of the same entry.
    ///
    /// # Errors
    /// [`FeedbackFault`] where the protocol has no way to say it.
    fn request(&self, feedback: &Feedback) -> Result<PartnerRequest, FeedbackFault>;

    /// What the partner answered: a receipt to keep, which may be empty.
    ///
    /// # Errors
    /// [`FeedError`], of which [`FeedError::Later`] says to send the same again.
    fn receipt(&self, answer: &PartnerAnswer<'_>) -> Result<String, FeedError>;
}

/// An opinion of one hash of one entry.
#[derive(Clone, PartialEq, Eq)]
pub struct Feedback {
    /// The entry.
    pub key: EntryKey,
    /// The hash of it that was met.
    pub hash: Hash,
    /// What that hash is made of.
    pub media: Media,
    /// What is said.
    pub opinion: Opinion,
    /// Why, in the partner's own words or numbers, where its protocol asks for reasons.
    pub reasons: Vec<String>,
}

impl fmt::Debug for Feedback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feedback")
            .field("opinion", &self.opinion)
            .finish_non_exhaustive()
    }
}

/// Why a protocol cannot say something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FeedbackFault {
    /// It has no word for this opinion.
    #[error("the partner's protocol has no word for this opinion")]
    Opinion,
    /// It takes no opinions of hashes of this kind.
    #[error("the partner's protocol takes no opinion of this kind of hash")]
    Kind,
    /// It wants a reason.
    #[error("the partner wants at least one of its reasons")]
    NoReason,
    /// The key is not one of this partner's entries.
    #[error("the key is not one of the partner's entries")]
    Key,
}
