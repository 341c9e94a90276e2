//! The words every other crate is written in.
//!
//! Ids, times, hashes, outcomes, limits, manifestations, and the types that keep
//! personal content out of logs. It does no I/O: time and randomness come in
//! through [`Clock`] and [`Random`], which the outermost crates implement.
//!
//! ```
//! use seawall_core::{Hash, PdqHash, Algorithm};
//!
//! let hash = Hash::parse(Algorithm::Pdq, &"0f".repeat(32))?;
//! assert_eq!(hash.algorithm(), Algorithm::Pdq);
//! assert_eq!(hash.to_string(), "0f".repeat(32));
//! # Ok::<(), seawall_core::HashError>(())
//! ```

mod bank;
mod causes;
mod content;
mod event;
mod hash;
mod id;
mod limits;
mod manifestation;
mod pixels;
mod random;
mod redact;
mod time;
mod view;

pub use bank::{BankRole, BankRoleError};
pub use causes::causes;
pub use content::{HashRecord, HashReport, MediaType, Outcome, Reason};
pub use event::{Actor, EventKind};
pub use hash::{Algorithm, Distance, Hash, HashError, PdqHash, Quality, Threshold};
pub use id::{
    BankId, BankName, BankNameError, CallId, CaseId, ContentId, DecisionId, EvidenceId, ExchangeId,
    IdError, ListId, MessageId, ReportId, RevealId, TokenId, UploadId, UserId,
};
pub use limits::Limits;
pub use manifestation::{Attribute, LawTag, MANIFESTATIONS_VERSION, Manifestation};
pub use pixels::{PixelKind, Pixels, PixelsError};
pub use random::Random;
pub use redact::Redacted;
pub use time::{Clock, Timestamp, TimestampError};
pub use view::{Form, Place, Turn, View, ViewError, ViewOptions};
