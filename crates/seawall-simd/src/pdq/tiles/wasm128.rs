//! The operations of the tiled filter for WebAssembly's 128-bit SIMD: eight floats in two
//! registers. There is no fused multiply-add, so means are plain divisions.

use std::arch::wasm32::{
    f32x4_add, f32x4_convert_i32x4, f32x4_div, f32x4_splat, f32x4_sub, i8x16_shuffle, i16x8,
    i32x4_add, i32x4_dot_i16x8, i32x4_shuffle, u8x16_splat, u16x8_extend_low_u8x16,
    u32x4_extend_high_u16x8, u32x4_extend_low_u16x8, v128, v128_load, v128_load64_zero, v128_store,
};

use super::super::filter::Filter;
use super::super::sampling::Sampler;
use super::lanes::{Divisor, Isa};
use super::tiled::Tiled;

/// A module that was compiled with these instructions only runs where they are.
#[derive(Clone, Copy)]
pub(super) struct Wasm128;

/// Lanes of two registers.
const LANES: usize = 8;
/// Lanes of one.
const PART: usize = 4;

impl Filter for Tiled<Wasm128, LANES> {
    fn batch_rows(&self) -> usize {
        LANES
    }

    fn take(&mut self, pixels: &[u8], ahead: &[u8]) {
        self.batch(pixels, ahead);
    }

    fn wants_more(&self) -> bool {
        Tiled::wants_more(self)
    }

    fn copied(&self) -> Box<dyn Filter + Send> {
        Box::new(self.clone())
    }

    fn into_sampler(self: Box<Self>) -> Sampler {
        Tiled::into_sampler(*self)
    }
}

impl Isa<LANES> for Wasm128 {
    type Group = [v128; 2];
    type Divisor = v128;

    #[inline(always)]
    fn splat(self, value: f32) -> Self::Group {
        [f32x4_splat(value); 2]
    }

    #[inline(always)]
    fn group(self, lanes: &[f32; LANES]) -> Self::Group {
        // SAFETY: the array has 32 bytes, 16 from its first lane and 16 from its fifth.
        unsafe {
            [
                v128_load(lanes.as_ptr().cast()),
                v128_load(lanes.as_ptr().add(PART).cast()),
            ]
        }
    }

    #[inline(always)]
    fn lanes(self, group: Self::Group) -> [f32; LANES] {
        let mut lanes = [0.0_f32; LANES];
        // SAFETY: the array has room for 32 bytes, 16 from its first lane and 16 from its fifth.
        unsafe {
            v128_store(lanes.as_mut_ptr().cast(), group[0]);
            v128_store(lanes.as_mut_ptr().add(PART).cast(), group[1]);
        }
        lanes
    }

    #[inline(always)]
    fn add(self, a: Self::Group, b: Self::Group) -> Self::Group {
        [f32x4_add(a[0], b[0]), f32x4_add(a[1], b[1])]
    }

    #[inline(always)]
    fn sub(self, a: Self::Group, b: Self::Group) -> Self::Group {
        [f32x4_sub(a[0], b[0]), f32x4_sub(a[1], b[1])]
    }

    #[inline(always)]
    fn divisor(self, divisor: &Divisor) -> v128 {
        f32x4_splat(divisor.whole)
    }

    #[inline(always)]
    fn divide(self, a: Self::Group, by: &v128) -> Self::Group {
        [f32x4_div(a[0], *by), f32x4_div(a[1], *by)]
    }

    #[inline(always)]
    fn transpose(self, block: [Self::Group; LANES]) -> [Self::Group; LANES] {
        let [a, b, c, d, e, f, g, h] = block;
        let above_left = transposed([a[0], b[0], c[0], d[0]]);
        let above_right = transposed([a[1], b[1], c[1], d[1]]);
        let below_left = transposed([e[0], f[0], g[0], h[0]]);
        let below_right = transposed([e[1], f[1], g[1], h[1]]);
        [
            [above_left[0], below_left[0]],
            [above_left[1], below_left[1]],
            [above_left[2], below_left[2]],
            [above_left[3], below_left[3]],
            [above_right[0], below_right[0]],
            [above_right[1], below_right[1]],
            [above_right[2], below_right[2]],
            [above_right[3], below_right[3]],
        ]
    }

    #[inline(always)]
    fn luma_of_grey(self, pixels: &[u8]) -> Self::Group {
        assert!(pixels.len() == LANES, "eight pixels");
        // SAFETY: the load takes 8 bytes, which are there.
        let bytes = unsafe { v128_load64_zero(pixels.as_ptr().cast()) };
        let words = u16x8_extend_low_u8x16(bytes);
        [
            f32x4_convert_i32x4(u32x4_extend_low_u16x8(words)),
            f32x4_convert_i32x4(u32x4_extend_high_u16x8(words)),
        ]
    }

    #[inline(always)]
    fn luma_of_rgb(self, pixels: &[u8], thousand: &v128) -> Self::Group {
        assert!(pixels.len() == 3 * LANES, "eight pixels");
        // SAFETY: the loads take bytes 0 to 23, which are there.
        let (first, second) = unsafe {
            let start = pixels.as_ptr();
            (v128_load(start.cast()), v128_load(start.add(8).cast()))
        };
        // The second register starts four bytes early.
        let second =
            i8x16_shuffle::<4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 0, 0, 0>(second, second);
        let thousandths = [weighted(first), weighted(second)];
        self.divide(thousandths, thousand)
    }

    #[inline(always)]
    fn prefetch(self, _: *const u8) {}
}

/// 299 R + 587 G + 114 B of four pixels in the first 12 bytes.
#[inline(always)]
fn weighted(bytes: v128) -> v128 {
    let zero = u8x16_splat(0);
    let red_green =
        i8x16_shuffle::<0, 16, 1, 16, 3, 16, 4, 16, 6, 16, 7, 16, 9, 16, 10, 16>(bytes, zero);
    let blue =
        i8x16_shuffle::<2, 16, 16, 16, 5, 16, 16, 16, 8, 16, 16, 16, 11, 16, 16, 16>(bytes, zero);
    f32x4_convert_i32x4(i32x4_add(
        i32x4_dot_i16x8(red_green, i16x8(299, 587, 299, 587, 299, 587, 299, 587)),
        i32x4_dot_i16x8(blue, i16x8(114, 0, 114, 0, 114, 0, 114, 0)),
    ))
}

/// Four rows of four as four columns.
#[inline(always)]
fn transposed([a, b, c, d]: [v128; PART]) -> [v128; PART] {
    let low = [
        i32x4_shuffle::<0, 4, 1, 5>(a, b),
        i32x4_shuffle::<0, 4, 1, 5>(c, d),
    ];
    let high = [
        i32x4_shuffle::<2, 6, 3, 7>(a, b),
        i32x4_shuffle::<2, 6, 3, 7>(c, d),
    ];
    [
        i32x4_shuffle::<0, 1, 4, 5>(low[0], low[1]),
        i32x4_shuffle::<2, 3, 6, 7>(low[0], low[1]),
        i32x4_shuffle::<0, 1, 4, 5>(high[0], high[1]),
        i32x4_shuffle::<2, 3, 6, 7>(high[0], high[1]),
    ]
}
