//! Untrusted bytes to bounded pixels, or a refusal with its cause.
//!
//! The format is told from the content, never from a name. Nothing is decoded without
//! a [`Budget`]; sizes are checked before any picture memory is allocated. This crate
//! hashes nothing, opens no files and reads no clock: the time limit comes in as a closure.

mod budget;
mod picture;
mod sniff;

pub use budget::Budget;
pub use picture::{Decoded, Refusal, decode};
pub use sniff::sniff;
