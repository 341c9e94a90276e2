//! Stand-ins for partners, for drills and tests.
//!
//! A stand-in speaks a partner's interface on loopback, keeps state as the partner does
//! and is as strict about what it reads. Every answer says that it is a stand-in. Each one
//! is written from the partner's published interface and shares no type with the code that
//! talks to it, so that the two check each other.
//!
//! It is no partner: nothing that reaches it is passed on to anybody, and nothing here may
//! ever be taken for a filed report.
//!
//! ```
//! use std::sync::Arc;
//! use seawall_core::{Clock, Timestamp};
//! use seawall_sim::cybertipline::{CyberTipline, Options};
//!
//! struct Fixed;
//! impl Clock for Fixed {
//!     fn now(&self) -> Timestamp {
//!         Timestamp::from_millis(1_795_644_000_000)
//!     }
//! }
//!
//! let options = Options { username: "drill".into(), password: "drill".into(), journal: None };
//! let stand_in = CyberTipline::open(options, Arc::new(Fixed))?;
//! let _router: axum::Router = stand_in.router();
//! assert!(stand_in.reports().is_empty());
//! # Ok::<(), seawall_sim::SimError>(())
//! ```

pub mod arachnid;
pub mod cybertipline;
pub mod drill;
pub mod fault;
pub mod hash_sharing;
pub mod stop_ncii;
pub mod tat;
pub mod threat_exchange;

mod desk;
mod gate;
mod query;
mod source;
mod xml;

pub use gate::Gate;

use std::path::PathBuf;

/// The header by which every answer of a stand-in says what it comes from.
pub const STAND_IN_HEADER: &str = "seawall-stand-in";

/// What can go wrong while a stand-in is opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimError {
    /// The journal could not be opened, read or cut back to its last whole line.
    #[error("opening the stand-in's journal {}", path.display())]
    Open {
        /// Where it is.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line of the journal that is not the last cannot be read.
    #[error("reading line {line} of the stand-in's journal {}", path.display())]
    Line {
        /// Where it is.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// Why.
        source: serde_json::Error,
    },
}
