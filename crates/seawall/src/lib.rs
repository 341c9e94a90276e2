//! Hash pictures and match them against banks of known hashes.
//!
//! It returns values and nothing else: it opens no file, dials nowhere, deletes and
//! reports nothing.

pub mod hash;
pub mod index;
pub mod json;
pub mod preview;
pub mod scan;

pub use seawall_decode::{Budget, Refusal, sniff};
