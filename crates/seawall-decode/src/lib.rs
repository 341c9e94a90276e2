//! Untrusted bytes to bounded pixels, or a refusal with its cause.
//!
//! The format is told from the content, never from a name. Nothing is decoded without
//! a [`Budget`]; sizes are checked before any picture memory is allocated, since some
//! decoders take limits and do not keep them. This crate hashes nothing, opens no files
//! and reads no clock: the time limit comes in as a closure. `docs/design/decode.md` has the
//! formats, the limits, and what was rejected.
//!
//! The decoders below it are not ours and may fail in ways of their own, so a server runs
//! all of this in a worker process that may die.
//!
//! ```
//! use seawall_core::{Limits, Reason, View, ViewOptions};
//! use seawall_decode::{Budget, Shown, decode};
//!
//! let budget = Budget {
//!     limits: &Limits::default(),
//!     expired: &|| false,
//!     views: ViewOptions::default(),
//! };
//! let refusal = decode(b"just text", &budget, &mut |_: View, _: &Shown<'_>| {});
//! assert_eq!(refusal.map_err(|refusal| refusal.reason), Err(Reason::NotAPicture));
//! ```

mod avif;
mod bands;
mod bmp;
mod border;
mod budget;
mod canvas;
mod cut;
mod frames;
mod gif;
mod ground;
mod heic;
mod iso;
mod jpeg;
mod layout;
mod orientation;
mod picture;
mod png;
mod session;
mod shown;
mod sniff;
mod source;
mod spare;
mod still;
mod tiff;
mod trailing;
mod views;
mod visitor;
mod webp;

pub use budget::Budget;
pub use heic::decode_in_one_thread;
pub use picture::{Decoded, Refusal, decode, decode_for_lookup};
pub use shown::Shown;
pub use sniff::{media_type_from_name, sniff};
pub use visitor::{Size, Visitor};
