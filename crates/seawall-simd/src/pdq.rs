//! PDQ, bit-identical to the reference.

/// What PDQ says about one picture.
#[derive(Clone, PartialEq)]
pub struct PdqOutput {
    /// The 256 bits, most significant word first, as in the hexadecimal form.
    pub hash: [u64; 4],
    /// 0 to 100: how much detail there is.
    pub quality: u8,
    /// The 16 × 16 coefficients that the bits come from.
    pub coefficients: [f32; 256],
    /// Their median: a bit is set where its coefficient is above.
    pub median: f32,
}

/// PDQ of an RGB picture, three bytes a pixel; `None` where a side is below 5 pixels.
#[must_use]
pub fn pdq_rgb(_width: usize, _height: usize, _pixels: &[u8]) -> Option<PdqOutput> {
    None
}

/// PDQ of a grey picture, one byte a pixel; `None` where a side is below 5 pixels.
#[must_use]
pub fn pdq_luma(_width: usize, _height: usize, _pixels: &[u8]) -> Option<PdqOutput> {
    None
}
