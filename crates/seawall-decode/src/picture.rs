//! Decoding: one file in, its views out.

use seawall_core::{MediaType, Pixels, Reason, View};

use crate::{Budget, sniff};

/// What was decoded, beside the pixels that the visitor saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The format.
    pub media_type: MediaType,
    /// Whether the file is cut or damaged, so that only a part of it was decoded.
    pub damaged: bool,
    /// What a careful reader should know, such as frames left out.
    pub notes: Vec<String>,
}

/// Why nothing was decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("decoding a file of type {media_type}: {}", reason.sentence())]
pub struct Refusal {
    /// The format, as far as known.
    pub media_type: MediaType,
    /// The cause.
    pub reason: Reason,
    /// What a careful reader should know.
    pub notes: Vec<String>,
}

/// Decodes a file and hands each of its views to `visit`.
///
/// # Errors
/// [`Refusal`] where nothing could be decoded within the budget.
pub fn decode(
    bytes: &[u8],
    _budget: &Budget<'_>,
    _visit: &mut dyn FnMut(View, &Pixels),
) -> Result<Decoded, Refusal> {
    Err(Refusal {
        media_type: sniff(bytes),
        reason: Reason::NotAPicture,
        notes: Vec::new(),
    })
}
