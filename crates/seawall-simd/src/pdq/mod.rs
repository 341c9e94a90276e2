//! PDQ, bit-identical to the reference.
//!
//! The reference is Meta's C++ as the Python package pdqhash 0.2.8 calls it. Two things
//! make its bits: every sum is a 32-bit float, added in a fixed order; and the luma of a
//! pixel is 0.299 R + 0.587 G + 0.114 B rounded **once** to 32 bits, as pdqhash hands it
//! to the C++ (the C++ file tool rounds after each step instead, so that it gives a grey
//! picture and the same picture as RGB different values; lists are made with the former).
//!
//! The reference keeps two full-size float buffers and walks them value by value. Here rows
//! stream in, memory grows with the width, and a kernel takes eight or sixteen rows at a time. The
//! additions are the same, in the same order, so the bits are too. `docs/design/pdq.md`
//! explains how.
//!
//! ```
//! use seawall_simd::pdq::{PdqStream, RowKind, pdq_luma};
//!
//! let pixels: Vec<u8> = (0..90 * 70).map(|i| (i * 7 % 251) as u8).collect();
//! let mut stream = PdqStream::new(90, 70, RowKind::Luma8).expect("no side is below five");
//! for row in pixels.chunks_exact(90) {
//!     stream.push_row(row);
//! }
//! assert!(stream.finish() == pdq_luma(90, 70, &pixels));
//! ```

mod filter;
mod kernel;
mod sampling;
mod scalar;
mod stream;
#[cfg(any(
    target_arch = "x86_64",
    all(target_arch = "wasm32", target_feature = "simd128")
))]
mod tiles;
mod transform;

pub use kernel::Kernel;
pub use stream::{PdqStream, RowKind};

/// What PDQ says about one picture.
#[derive(Clone, PartialEq)]
pub struct PdqOutput {
    /// The 256 bits, most significant word first, as in the hexadecimal form.
    pub hash: [u64; 4],
    /// 0 to 100: how much detail there is.
    pub quality: u8,
    /// The 16 × 16 coefficients that the bits come from, row by row: bit `k` of the hash,
    /// counted from the least significant, is set where coefficient `k` is above the median.
    pub coefficients: [f32; 256],
    /// Their lower median.
    pub median: f32,
}

/// PDQ of an RGB picture: three bytes a pixel, rows from the top, no padding.
///
/// `None` where a side is below 5 pixels, as in the reference, or where `pixels` has another
/// length than the sides ask for.
#[must_use]
pub fn pdq_rgb(width: usize, height: usize, pixels: &[u8]) -> Option<PdqOutput> {
    pdq_with(Kernel::best(), width, height, RowKind::Rgb8, pixels)
}

/// PDQ of a grey picture: one byte a pixel, rows from the top, no padding.
///
/// `None` as for [`pdq_rgb`].
#[must_use]
pub fn pdq_luma(width: usize, height: usize, pixels: &[u8]) -> Option<PdqOutput> {
    pdq_with(Kernel::best(), width, height, RowKind::Luma8, pixels)
}

/// PDQ with a kernel of the caller's choice, for tests and measurements.
///
/// `None` as for [`pdq_rgb`], and where the kernel does not run here.
#[must_use]
pub fn pdq_with(
    kernel: Kernel,
    width: usize,
    height: usize,
    kind: RowKind,
    pixels: &[u8],
) -> Option<PdqOutput> {
    let length = width.checked_mul(height)?.checked_mul(kind.bytes())?;
    if length != pixels.len() {
        return None;
    }
    let mut stream = PdqStream::with_kernel(kernel, width, height, kind)?;
    stream.push_rows(pixels);
    stream.finish()
}
