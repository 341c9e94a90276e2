//! Tickets: a recorded reveal may be fetched once, soon, by the session that asked for it.
//!
//! They live in memory only. After a restart nothing can be fetched, and looking again is a
//! new act that is recorded anew.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use seawall_core::{CaseId, RevealId, Timestamp};
use seawall_store::RevealMode;

/// A picture that may be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    /// SHA-256 of the session's secret.
    pub(super) session: [u8; 32],
    /// The case whose picture it is.
    pub(super) case: CaseId,
    /// How it is shown.
    pub(super) mode: RevealMode,
    /// When the reveal was recorded.
    pub(super) at: Timestamp,
}

/// Who asks for a picture, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asker {
    /// SHA-256 of the session's secret.
    pub(super) session: [u8; 32],
    /// The case in the address.
    pub(super) case: CaseId,
    /// Now.
    pub(super) now: Timestamp,
}

/// All tickets of this process.
#[derive(Debug, Default)]
pub(super) struct Tickets(Mutex<HashMap<RevealId, Ticket>>);

impl Tickets {
    /// Keeps a ticket. Old ones go; where there are too many, the oldest goes.
    pub(super) fn issue(&self, reveal: RevealId, ticket: Ticket) {
        let mut tickets = self.lock();
        tickets.retain(|_, kept| ticket.at.millis_since(kept.at) <= TICKET_MS);
        if tickets.len() >= TICKETS_MAX {
            let oldest = tickets
                .iter()
                .min_by_key(|(id, kept)| (kept.at, **id))
                .map(|(id, _)| *id);
            oldest.and_then(|id| tickets.remove(&id));
        }
        tickets.insert(reveal, ticket);
    }

    /// How the picture would be shown, if it may still be fetched.
    pub(super) fn peek(&self, reveal: RevealId, asker: Asker) -> Option<RevealMode> {
        self.lock()
            .get(&reveal)
            .filter(|ticket| ticket.admits(asker))
            .map(|ticket| ticket.mode)
    }

    /// Uses the ticket up. Nobody else's question does.
    pub(super) fn take(&self, reveal: RevealId, asker: Asker) -> Option<RevealMode> {
        let mut tickets = self.lock();
        if !tickets
            .get(&reveal)
            .is_some_and(|ticket| ticket.admits(asker))
        {
            return None;
        }
        tickets.remove(&reveal).map(|ticket| ticket.mode)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<RevealId, Ticket>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket {
    fn admits(&self, asker: Asker) -> bool {
        let age_ms = asker.now.millis_since(self.at);
        self.session == asker.session && self.case == asker.case && age_ms <= TICKET_MS
    }
}

const TICKET_MS: i64 = 60_000;
const TICKETS_MAX: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_testkit::SeededRandom;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000 + ms)
    }

    fn ticket(case: CaseId) -> (Ticket, Asker) {
        let ticket = Ticket {
            session: [1; 32],
            case,
            mode: RevealMode::Grey,
            at: at(0),
        };
        (
            ticket,
            Asker {
                session: [1; 32],
                case,
                now: at(10),
            },
        )
    }

    #[test]
    fn a_ticket_works_once_for_its_session_and_case_and_a_minute() {
        let random = SeededRandom::new(1);
        let (case, other) = (CaseId::new(at(0), &random), CaseId::new(at(0), &random));
        let reveal = RevealId::new(at(0), &random);
        let (ticket, asker) = ticket(case);
        let tickets = Tickets::default();
        tickets.issue(reveal, ticket);
        assert_eq!(
            tickets.take(
                reveal,
                Asker {
                    session: [2; 32],
                    ..asker
                }
            ),
            None
        );
        assert_eq!(
            tickets.take(
                reveal,
                Asker {
                    case: other,
                    ..asker
                }
            ),
            None
        );
        assert_eq!(
            tickets.take(
                reveal,
                Asker {
                    now: at(60_001),
                    ..asker
                }
            ),
            None
        );
        assert_eq!(tickets.peek(reveal, asker), Some(RevealMode::Grey));
        assert_eq!(tickets.take(reveal, asker), Some(RevealMode::Grey));
        assert_eq!(tickets.take(reveal, asker), None);
    }

    #[test]
    fn there_are_never_too_many() {
        let random = SeededRandom::new(2);
        let (ticket, asker) = ticket(CaseId::new(at(0), &random));
        let tickets = Tickets::default();
        let ids: Vec<RevealId> = (0..2_000)
            .map(|ms| RevealId::new(at(ms), &random))
            .collect();
        for id in &ids {
            tickets.issue(*id, ticket);
        }
        assert_eq!(tickets.lock().len(), TICKETS_MAX);
        assert_eq!(tickets.peek(ids[0], asker), None);
        assert!(tickets.peek(ids[1_999], asker).is_some());
    }
}
