//! The operations of the tiled filter for WebAssembly's 128-bit SIMD: sixteen floats are four
//! registers. There is no fused multiply-add, so means are plain divisions.

use std::arch::wasm32::{
    f32x4_add, f32x4_convert_i32x4, f32x4_div, f32x4_splat, f32x4_sub, i8x16_shuffle, i16x8,
    i32x4_add, i32x4_dot_i16x8, i32x4_shuffle, u8x16_splat, u16x8_extend_high_u8x16,
    u16x8_extend_low_u8x16, u32x4_extend_high_u16x8, u32x4_extend_low_u16x8, v128, v128_load,
    v128_store,
};

use super::lanes::{Divisor, Isa, LANES, Lanes};

/// A module that was compiled with these instructions only runs where they are.
#[derive(Clone, Copy)]
pub(super) struct Wasm128;

/// Registers in a group, and floats in a register.
const PART: usize = 4;

impl Isa for Wasm128 {
    type Group = [v128; PART];

    #[inline(always)]
    fn splat(self, value: f32) -> Self::Group {
        [f32x4_splat(value); PART]
    }

    #[inline(always)]
    fn load(self, from: &Lanes) -> Self::Group {
        let [a, b, c, d] = quarters(&from.0);
        // SAFETY: each quarter is 16 bytes.
        unsafe {
            [
                v128_load(a.as_ptr().cast()),
                v128_load(b.as_ptr().cast()),
                v128_load(c.as_ptr().cast()),
                v128_load(d.as_ptr().cast()),
            ]
        }
    }

    #[inline(always)]
    fn store(self, group: Self::Group, to: &mut Lanes) {
        for (part, to) in group.into_iter().zip(to.0.as_chunks_mut::<PART>().0) {
            // SAFETY: a chunk of four floats is 16 bytes.
            unsafe { v128_store(to.as_mut_ptr().cast(), part) }
        }
    }

    #[inline(always)]
    fn add(self, a: Self::Group, b: Self::Group) -> Self::Group {
        std::array::from_fn(|k| f32x4_add(a[k], b[k]))
    }

    #[inline(always)]
    fn sub(self, a: Self::Group, b: Self::Group) -> Self::Group {
        std::array::from_fn(|k| f32x4_sub(a[k], b[k]))
    }

    #[inline(always)]
    fn divide(self, a: Self::Group, by: &Divisor) -> Self::Group {
        let whole = f32x4_splat(by.whole);
        a.map(|part| f32x4_div(part, whole))
    }

    #[inline(always)]
    fn transpose(self, block: &mut [Self::Group; LANES]) {
        let from = *block;
        for above in 0..PART {
            for left in 0..PART {
                let rows = std::array::from_fn(|k| from[above * PART + k][left]);
                for (k, column) in transposed(rows).into_iter().enumerate() {
                    block[left * PART + k][above] = column;
                }
            }
        }
    }

    #[inline(always)]
    fn luma_of_grey(self, pixels: &[u8; LANES]) -> Self::Group {
        // SAFETY: the array is 16 bytes.
        let bytes = unsafe { v128_load(pixels.as_ptr().cast()) };
        let (low, high) = (
            u16x8_extend_low_u8x16(bytes),
            u16x8_extend_high_u8x16(bytes),
        );
        [
            f32x4_convert_i32x4(u32x4_extend_low_u16x8(low)),
            f32x4_convert_i32x4(u32x4_extend_high_u16x8(low)),
            f32x4_convert_i32x4(u32x4_extend_low_u16x8(high)),
            f32x4_convert_i32x4(u32x4_extend_high_u16x8(high)),
        ]
    }

    #[inline(always)]
    fn luma_of_rgb(self, pixels: &[u8; 3 * LANES]) -> Self::Group {
        // SAFETY: the loads take bytes 0 to 47 of the array's 48.
        let [a, b, c] = unsafe {
            [
                v128_load(pixels.as_ptr().cast()),
                v128_load(pixels.as_ptr().add(16).cast()),
                v128_load(pixels.as_ptr().add(32).cast()),
            ]
        };
        // Twelve bytes, four pixels, to the front of each register.
        let group = [
            a,
            i8x16_shuffle::<12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27>(a, b),
            i8x16_shuffle::<8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23>(b, c),
            i8x16_shuffle::<4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 0, 0, 0>(c, c),
        ];
        self.divide(group.map(weighted), &Divisor::THOUSAND)
    }
}

#[inline(always)]
fn quarters(lanes: &[f32; LANES]) -> &[[f32; PART]; PART] {
    lanes.as_chunks().0.first_chunk().expect("four quarters")
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
