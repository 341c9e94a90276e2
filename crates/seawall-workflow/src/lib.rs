//! Use-cases: what happens when an upload arrives, a person decides, a report is due.
//!
//! Each use-case is one call on [`Workflow`]: it checks, changes state together with its
//! events in one transaction, and returns a value. HTTP and the command line call these and
//! nothing below them.
//!
//! Calls that touch the database block; an async caller runs them where it may wait.

mod access;
mod answer;
mod banks;
mod curation;
mod deliver;
mod draft;
mod error;
mod exchange;
mod figures;
mod hma_import;
mod ingest;
mod live;
mod lookup;
mod multipart;
mod proof;
mod publish;
mod review;
mod seen;
mod selftest;
mod snapshot;
mod system;
mod tally;
pub mod worker;
mod workflow;

pub use access::{AccessError, Secret, SignedIn};
pub use answer::{ExceptionAnswer, FileLookup, MatchAnswer, Signal, SignalOutcome};
pub use banks::{BankError, BankRequest, Imported};
pub use curation::{BankEdit, ContentEdit, KeptContent};
pub use deliver::{Delivered, Receiver, ResumeError};
pub use error::WorkflowError;
pub use exchange::{
    ExchangeError, ExchangeSetup, ExchangeStatus, ExchangeTest, Partner, RunReport,
};
pub use hma_import::{ForeignContent, TakenOver};
pub use ingest::{OpenedCase, Policy, Recommendation, ScanAnswer, ScanError, ScanRequest};
pub use lookup::{BankMatches, HashesHeld, LISTED_MAX, LookupAnswer, SignalQuery};
pub use proof::{Gap, Proof, prove};
pub use publish::Webhook;
pub use review::{CaseFile, DecideFault, RevealError};
pub use seawall_egress::{
    FetchError, FetchFailure, FetchPolicy, Fetched, Fetcher, Network, NetworkFault, Ports, Reach,
    UrlFault,
};
pub use seawall_exchange::list::parse as parse_list;
pub use seen::{SeenAnswer, SeenMatch, SeenPolicy, search_seen};
pub use selftest::{SELFTEST_BANK, SELFTEST_PICTURE};
pub use system::{SystemClock, SystemRandom};
pub use workflow::{Setup, Workflow};
