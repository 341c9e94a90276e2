//! A picture to be looked at by a reviewer, showing as little as asked for.

use seawall_core::{MediaType, Reason};
use seawall_decode::{Budget, Refusal};

/// How much a preview shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreviewStyle {
    /// The longer side at most, in pixels.
    pub side_px_max: u32,
    /// Blurred so strongly that nothing can be recognised.
    pub blur: bool,
    /// Without colour.
    pub greyscale: bool,
}

/// The first upright view of a file as a PNG.
///
/// # Errors
/// [`Refusal`] where nothing could be decoded within the budget.
pub fn render(
    _bytes: &[u8],
    _budget: &Budget<'_>,
    _style: PreviewStyle,
) -> Result<Vec<u8>, Refusal> {
    Err(Refusal {
        media_type: MediaType::Unknown,
        reason: Reason::NotAPicture,
        notes: Vec::new(),
    })
}
