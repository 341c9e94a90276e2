//! Hash pictures and match them against banks of known hashes.
//!
//! It returns values and nothing else: it opens no file, dials nowhere, deletes and
//! reports nothing. A match is a reason for a person to look, not a proof.
//!
//! ```
//! use std::sync::Arc;
//! use seawall::index::{BankIndex, BankSettings, Entry, Index};
//! use seawall::{Budget, hash, scan};
//! use seawall_core::{BankId, BankRole, ContentId, Limits, Threshold, ViewOptions};
//!
//! let budget = Budget {
//!     limits: &Limits::default(),
//!     expired: &|| false,
//!     views: ViewOptions::default(),
//! };
//! let file = seawall_testkit::png(&seawall_testkit::picture(320, 240, 1));
//!
//! let known = hash::report(&file, &budget);
//! let settings = BankSettings {
//!     bank: BankId(1),
//!     name: "PATTERNS".to_owned(),
//!     threshold: Threshold::DEFAULT,
//!     enabled: true,
//!     role: BankRole::Known,
//!     lists: Vec::new(),
//! };
//! let entries = known.hashes.iter().map(|record| Entry {
//!     content: ContentId(7),
//!     list: None,
//!     hash: record.hash,
//! });
//! let index = Index::new(vec![Arc::new(BankIndex::new(settings, entries))]);
//!
//! let copy = seawall_testkit::jpeg(&seawall_testkit::picture(640, 480, 1), 80);
//! let (_, matches) = scan::scan(&copy, &budget, &index, None);
//! assert_eq!(matches[0].hit.content, ContentId(7));
//! ```

pub mod hash;
pub mod index;
pub mod json;
pub mod preview;
pub mod rows;
pub mod scan;

pub use seawall_decode::{Budget, Refusal, Shown, decode_in_one_thread, sniff};
