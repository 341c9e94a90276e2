//! The audit log: events chained by hash, so that a change or a gap shows.
//!
//! Each event's hash is SHA-256 over a domain word, the previous event's hash and the
//! event's own text, in that order. The text is JSON with its members in a fixed order
//! and is stored exactly as it was hashed; nothing is re-serialised to verify it.
//!
//! What the chain proves: no event was changed, removed from the middle, inserted or
//! reordered since it was written. What it cannot prove alone: that the newest events
//! were not cut off the end. For that, compare the head (`seawall audit verify` prints
//! it) with one noted earlier outside the machine.

use std::collections::BTreeMap;

use seawall_core::{Actor, EventKind, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The hash before the first event.
pub const GENESIS: EventHash = EventHash([0; 32]);

/// The hash of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventHash(pub [u8; 32]);

impl std::fmt::Display for EventHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// An event before it has its place in the chain.
#[derive(Clone, Debug, PartialEq)]
pub struct EventDraft {
    /// What happened.
    pub kind: EventKind,
    /// Who did it.
    pub actor: Actor,
    /// The id of the thing it happened to.
    pub subject: Option<String>,
    /// Counts, codes and ids. Never a name, an address, a hash or content.
    pub detail: BTreeMap<&'static str, Value>,
}

impl EventDraft {
    /// An event without subject or detail.
    #[must_use]
    pub fn new(kind: EventKind, actor: Actor) -> Self {
        Self {
            kind,
            actor,
            subject: None,
            detail: BTreeMap::new(),
        }
    }

    /// The same event about `subject`.
    #[must_use]
    pub fn about(mut self, subject: impl ToString) -> Self {
        self.subject = Some(subject.to_string());
        self
    }

    /// The same event with one more detail.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.detail.insert(name, value.into());
        self
    }
}

/// An event in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedEvent {
    /// Its number: 1 for the first, without gaps.
    pub sequence: u64,
    /// The text that was hashed.
    pub body: String,
    /// The hash of the event before.
    pub previous: EventHash,
    /// This event's hash.
    pub hash: EventHash,
}

/// What an event's text says.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct EventBody {
    /// Version of this form, now 1.
    #[serde(rename = "v")]
    pub version: u32,
    /// The event's number.
    #[serde(rename = "seq")]
    pub sequence: u64,
    /// When it was written.
    pub at: Timestamp,
    /// What happened.
    pub kind: EventKind,
    /// Who did it.
    pub actor: Actor,
    /// The id of the thing it happened to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Counts, codes and ids.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub detail: BTreeMap<String, Value>,
}

impl SealedEvent {
    /// Reads the event's text.
    ///
    /// # Errors
    /// [`AuditError::Body`] where it is not the JSON this version writes.
    pub fn read(&self) -> Result<EventBody, AuditError> {
        serde_json::from_str(&self.body).map_err(|source| AuditError::Body {
            sequence: self.sequence,
            source,
        })
    }
}

/// Why the chain does not hold, or cannot be read. Names the first break.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// A number is missing, doubled or out of order.
    #[error("verifying the audit log: event {expected} should come next, found {found}")]
    Sequence {
        /// The number that should have come.
        expected: u64,
        /// The number that came.
        found: u64,
    },
    /// The event does not name the hash of the one before it.
    #[error("verifying the audit log: event {sequence} does not follow the one before it")]
    Link {
        /// The first event that does not fit.
        sequence: u64,
    },
    /// The event's text is not the one that was hashed.
    #[error("verifying the audit log: event {sequence} was changed after it was written")]
    Hash {
        /// The changed event.
        sequence: u64,
    },
    /// The event's text cannot be read.
    #[error("reading the text of audit event {sequence}")]
    Body {
        /// The unreadable event.
        sequence: u64,
        /// What the reader found.
        source: serde_json::Error,
    },
}

/// What a complete verification found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How many events there are.
    pub events: u64,
    /// The newest event's hash: note it elsewhere to be able to prove the end.
    pub head: EventHash,
}

/// Gives a draft its place behind `previous`.
#[must_use]
pub fn seal(sequence: u64, at: Timestamp, draft: &EventDraft, previous: EventHash) -> SealedEvent {
    let body = EventBody {
        version: 1,
        sequence,
        at,
        kind: draft.kind,
        actor: draft.actor,
        subject: draft.subject.clone(),
        detail: draft
            .detail
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
    };
    let body = serde_json::to_string(&body).expect("event bodies hold only values JSON can write");
    let hash = chain_hash(&body, previous);
    SealedEvent {
        sequence,
        body,
        previous,
        hash,
    }
}

/// Walks the chain from its first event.
///
/// # Errors
/// The first break, or the source's own error.
pub fn verify<E>(
    events: impl IntoIterator<Item = Result<SealedEvent, E>>,
) -> Result<Verified, VerifyError<E>> {
    let mut verified = Verified {
        events: 0,
        head: GENESIS,
    };
    for event in events {
        let event = event.map_err(VerifyError::Source)?;
        check_link(&event, verified).map_err(VerifyError::Broken)?;
        verified = Verified {
            events: event.sequence,
            head: event.hash,
        };
    }
    Ok(verified)
}

/// A break in the chain, or a failure to read it.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError<E> {
    /// The chain does not hold.
    #[error(transparent)]
    Broken(AuditError),
    /// The events could not be read.
    #[error("reading the audit log")]
    Source(#[source] E),
}

fn check_link(event: &SealedEvent, before: Verified) -> Result<(), AuditError> {
    let (expected, sequence) = (before.events + 1, event.sequence);
    if sequence != expected {
        return Err(AuditError::Sequence {
            expected,
            found: sequence,
        });
    }
    if event.previous != before.head {
        return Err(AuditError::Link { sequence });
    }
    if chain_hash(&event.body, event.previous) != event.hash {
        return Err(AuditError::Hash { sequence });
    }
    let body = event.read()?;
    if body.sequence != sequence {
        return Err(AuditError::Sequence {
            expected: sequence,
            found: body.sequence,
        });
    }
    Ok(())
}

fn chain_hash(body: &str, previous: EventHash) -> EventHash {
    let mut hasher = Sha256::new();
    hasher.update(DOMAIN);
    hasher.update(previous.0);
    hasher.update(body.as_bytes());
    EventHash(hasher.finalize().into())
}

const DOMAIN: &[u8] = b"seawall-event-v1\0";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::convert::Infallible;

    fn chain(length: u64) -> Vec<SealedEvent> {
        let mut events: Vec<SealedEvent> = Vec::new();
        for sequence in 1..=length {
            let draft = EventDraft::new(EventKind::CaseOpened, Actor::System)
                .about(format!("case-{sequence}"))
                .with("matches", sequence);
            let previous = events.last().map_or(GENESIS, |event| event.hash);
            events.push(seal(sequence, Timestamp::from_millis(1), &draft, previous));
        }
        events
    }

    fn broken(events: Vec<SealedEvent>) -> Option<AuditError> {
        match verify(events.into_iter().map(Ok::<_, Infallible>)) {
            Ok(_) => None,
            Err(VerifyError::Broken(error)) => Some(error),
            Err(VerifyError::Source(never)) => match never {},
        }
    }

    /// The hash of the first event, computed by hand with `sha256sum` over the bytes that
    /// the module's description names.
    #[test]
    fn the_form_is_what_the_description_says() {
        let draft = EventDraft::new(EventKind::StoreCreated, Actor::System);
        let event = seal(1, Timestamp::from_millis(0), &draft, GENESIS);
        assert_eq!(
            event.body,
            r#"{"v":1,"seq":1,"at":"1970-01-01T00:00:00.000Z","kind":"store.created","actor":{"kind":"system"}}"#
        );
        assert_eq!(
            event.hash.to_string(),
            "58be486bb74ff89c1ecc926424c58091b965056ed07cfd3fd41aa682e9d86b51"
        );
    }

    #[test]
    fn an_empty_log_verifies() {
        let verified = verify(Vec::<Result<_, Infallible>>::new()).expect("no events");
        assert_eq!(
            verified,
            Verified {
                events: 0,
                head: GENESIS
            }
        );
    }

    proptest! {
        #[test]
        fn any_change_is_named_at_its_place(length in 1_u64..20, at: prop::sample::Index, byte: prop::sample::Index) {
            let mut events = chain(length);
            let place = at.index(events.len());
            let mut body = events[place].body.clone().into_bytes();
            let position = byte.index(body.len());
            body[position] = if body[position] == b'x' { b'y' } else { b'x' };
            events[place].body = String::from_utf8(body).expect("ASCII stays ASCII");
            let named = match broken(events) {
                Some(AuditError::Hash { sequence }) => sequence,
                other => panic!("{other:?}"),
            };
            prop_assert_eq!(named, place as u64 + 1);
        }

        #[test]
        fn a_removed_or_swapped_event_is_noticed(length in 3_u64..20, at: prop::sample::Index) {
            let place = at.index(usize::try_from(length).expect("small") - 1);
            let mut removed = chain(length);
            removed.remove(place);
            prop_assert!(broken(removed).is_some());
            let mut swapped = chain(length);
            swapped.swap(place, place + 1);
            prop_assert!(broken(swapped).is_some());
        }

        #[test]
        fn an_event_rewritten_with_a_fresh_hash_breaks_the_next_link(length in 2_u64..20, at: prop::sample::Index) {
            let mut events = chain(length);
            let place = at.index(events.len() - 1);
            events[place].body = events[place].body.replace("case-", "kase-");
            events[place].hash = chain_hash(&events[place].body, events[place].previous);
            let sequence = place as u64 + 2;
            let named = matches!(broken(events), Some(AuditError::Link { sequence: s }) if s == sequence);
            prop_assert!(named);
        }
    }
}
