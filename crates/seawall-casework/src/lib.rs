//! Cases, decisions, reports and the audit chain, as pure state machines.
//!
//! Nothing here reads a clock, a file or a network. A transition takes the state and
//! what happened, and returns the new state together with the events to be written in
//! the same transaction; `seawall-store` does the writing.
//!
//! It refuses to decide anything by itself: a match opens a case, a person decides it,
//! and a report follows from that decision alone.
//!
//! ```
//! use seawall_casework::audit::{EventDraft, GENESIS, seal, verify};
//! use seawall_core::{Actor, EventKind, Timestamp};
//!
//! let draft = EventDraft::new(EventKind::StoreCreated, Actor::System);
//! let first = seal(1, Timestamp::from_millis(0), &draft, GENESIS);
//! assert_eq!(verify([Ok::<_, std::convert::Infallible>(first)]).expect("readable").events, 1);
//! ```

pub mod audit;
pub mod case;
pub mod context;
pub mod figures;
pub mod report;
