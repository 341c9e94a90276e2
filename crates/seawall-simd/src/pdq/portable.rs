//! The operations of the tiled filter in plain Rust: for processors without a file here.

use super::lanes::{Divisor, Isa, LANES, Lanes};

/// Asks nothing of the processor.
#[derive(Clone, Copy)]
pub(super) struct Portable;

impl Isa for Portable {
    type Group = [f32; LANES];

    #[inline(always)]
    fn splat(self, value: f32) -> Self::Group {
        [value; LANES]
    }

    #[inline(always)]
    fn load(self, from: &Lanes) -> Self::Group {
        from.0
    }

    #[inline(always)]
    fn store(self, group: Self::Group, to: &mut Lanes) {
        to.0 = group;
    }

    #[inline(always)]
    fn add(self, a: Self::Group, b: Self::Group) -> Self::Group {
        std::array::from_fn(|k| a[k] + b[k])
    }

    #[inline(always)]
    fn sub(self, a: Self::Group, b: Self::Group) -> Self::Group {
        std::array::from_fn(|k| a[k] - b[k])
    }

    #[inline(always)]
    fn divide(self, a: Self::Group, by: &Divisor) -> Self::Group {
        a.map(|value| value / by.whole)
    }

    #[inline(always)]
    fn transpose(self, block: &mut [Self::Group; LANES]) {
        let rows = *block;
        for (k, column) in block.iter_mut().enumerate() {
            *column = rows.map(|row| row[k]);
        }
    }

    #[inline(always)]
    fn luma_of_grey(self, pixels: &[u8; LANES]) -> Self::Group {
        pixels.map(f32::from)
    }

    #[inline(always)]
    fn luma_of_rgb(self, pixels: &[u8; 3 * LANES]) -> Self::Group {
        let mut luma = [0.0; LANES];
        super::scalar::luma_of_rgb(pixels, &mut luma);
        luma
    }
}
