//! The operations of the tiled filter for AVX-512 (F and BW): sixteen floats a register.

use std::arch::x86_64::{
    __m512, __m512i, _MM_HINT_T1, _mm_loadu_si128, _mm_prefetch, _mm512_add_epi32, _mm512_add_ps,
    _mm512_castpd_ps, _mm512_castps_pd, _mm512_cvtepi32_ps, _mm512_cvtepu8_epi32, _mm512_fmadd_ps,
    _mm512_loadu_ps, _mm512_madd_epi16, _mm512_maskz_loadu_epi32, _mm512_mul_ps,
    _mm512_permutexvar_epi32, _mm512_set1_epi32, _mm512_set1_ps, _mm512_set4_epi32,
    _mm512_setr_epi32, _mm512_shuffle_epi8, _mm512_shuffle_f32x4, _mm512_storeu_ps, _mm512_sub_ps,
    _mm512_unpackhi_pd, _mm512_unpackhi_ps, _mm512_unpacklo_pd, _mm512_unpacklo_ps,
};

use super::super::filter::Filter;
use super::super::sampling::Sampler;
use super::lanes::{Divisor, Isa};
use super::tiled::Tiled;

/// Proof of AVX-512 F and BW.
#[derive(Clone, Copy)]
pub(super) struct Avx512(());

impl Avx512 {
    /// The proof, where this processor has the instructions.
    pub(super) fn detect() -> Option<Self> {
        let present = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
        present.then_some(Self(()))
    }
}

/// Lanes of a register.
const LANES: usize = 16;

impl Filter for Tiled<Avx512, LANES> {
    fn batch_rows(&self) -> usize {
        LANES
    }

    fn take(&mut self, pixels: &[u8], ahead: &[u8]) {
        // SAFETY: `self` holds an `Avx512`, which exists only where `detect` found both features.
        unsafe { take(self, pixels, ahead) }
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

#[target_feature(enable = "avx512f,avx512bw")]
fn take(filter: &mut Tiled<Avx512, LANES>, pixels: &[u8], ahead: &[u8]) {
    filter.batch(pixels, ahead);
}

impl Isa<LANES> for Avx512 {
    type Group = __m512;
    /// Spread over a register when it is used: that is part of the instruction.
    type Divisor = Divisor;

    #[inline(always)]
    fn splat(self, value: f32) -> __m512 {
        // SAFETY: the token proves the features.
        unsafe { _mm512_set1_ps(value) }
    }

    #[inline(always)]
    fn group(self, lanes: &[f32; LANES]) -> __m512 {
        // SAFETY: the token proves the features; the array has 64 bytes.
        unsafe { _mm512_loadu_ps(lanes.as_ptr()) }
    }

    #[inline(always)]
    fn lanes(self, group: __m512) -> [f32; LANES] {
        let mut lanes = [0.0; LANES];
        // SAFETY: the token proves the features; the array has room for 64 bytes.
        unsafe { _mm512_storeu_ps(lanes.as_mut_ptr(), group) }
        lanes
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: the token proves the features.
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: the token proves the features.
        unsafe { _mm512_sub_ps(a, b) }
    }

    #[inline(always)]
    fn divisor(self, divisor: &Divisor) -> Divisor {
        *divisor
    }

    #[inline(always)]
    fn divide(self, a: __m512, by: &Divisor) -> __m512 {
        // SAFETY: the token proves the features.
        unsafe {
            let rest = _mm512_mul_ps(a, _mm512_set1_ps(by.low));
            _mm512_fmadd_ps(a, _mm512_set1_ps(by.high), rest)
        }
    }

    #[inline(always)]
    fn transpose(self, block: [__m512; LANES]) -> [__m512; LANES] {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = block;
        // SAFETY: the token proves the features.
        unsafe {
            let first = quads(a, b, c, d);
            let second = quads(e, f, g, h);
            let third = quads(i, j, k, l);
            let fourth = quads(m, n, o, p);
            let [a, e, i, m] = gathered(first[0], second[0], third[0], fourth[0]);
            let [b, f, j, n] = gathered(first[1], second[1], third[1], fourth[1]);
            let [c, g, k, o] = gathered(first[2], second[2], third[2], fourth[2]);
            let [d, h, l, p] = gathered(first[3], second[3], third[3], fourth[3]);
            [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
        }
    }

    #[inline(always)]
    fn luma_of_grey(self, pixels: &[u8]) -> __m512 {
        assert!(pixels.len() == LANES, "sixteen pixels");
        // SAFETY: the token proves the features; the load takes 16 bytes, which are there.
        unsafe {
            let bytes = _mm_loadu_si128(pixels.as_ptr().cast());
            _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes))
        }
    }

    #[inline(always)]
    fn luma_of_rgb(self, pixels: &[u8], thousand: &Divisor) -> __m512 {
        assert!(pixels.len() == 3 * LANES, "sixteen pixels");
        // SAFETY: the token proves the features; the mask keeps the load to 12 words of four
        // bytes, 48 in all, which are there.
        unsafe {
            let bytes = _mm512_maskz_loadu_epi32(0x0fff, pixels.as_ptr().cast());
            let thousandths = weighted(bytes);
            self.divide(_mm512_cvtepi32_ps(thousandths), thousand)
        }
    }

    #[inline(always)]
    fn prefetch(self, at: *const u8) {
        // SAFETY: the token proves the features; a prefetch reads nothing that a
        // program can see and never fails, wherever it points.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(at.cast()) }
    }
}

/// 299 R + 587 G + 114 B of sixteen pixels in the first 48 bytes.
///
/// # Safety
/// The processor has AVX-512 F and BW.
#[inline(always)]
unsafe fn weighted(bytes: __m512i) -> __m512i {
    // SAFETY: the caller vouches for the features.
    unsafe {
        // Four pixels, twelve bytes, to each quarter of the register.
        let quarters = _mm512_setr_epi32(0, 1, 2, 2, 3, 4, 5, 5, 6, 7, 8, 8, 9, 10, 11, 11);
        let spread = _mm512_permutexvar_epi32(quarters, bytes);
        // Then (R, G) and (B, 0) as pairs of 16 bits; an index with its top bit set gives 0.
        let red_green = _mm512_set4_epi32(
            0x800a_8009_u32 as i32,
            0x8007_8006_u32 as i32,
            0x8004_8003_u32 as i32,
            0x8001_8000_u32 as i32,
        );
        let blue = _mm512_set4_epi32(
            0x8080_800b_u32 as i32,
            0x8080_8008_u32 as i32,
            0x8080_8005_u32 as i32,
            0x8080_8002_u32 as i32,
        );
        let red_green = _mm512_shuffle_epi8(spread, red_green);
        let blue = _mm512_shuffle_epi8(spread, blue);
        _mm512_add_epi32(
            _mm512_madd_epi16(red_green, _mm512_set1_epi32(587 << 16 | 299)),
            _mm512_madd_epi16(blue, _mm512_set1_epi32(114)),
        )
    }
}

/// Transposes the four 4 × 4 parts of four rows: register `j` then holds, in quarter `q`,
/// column `4 q + j`.
///
/// # Safety
/// The processor has AVX-512 F.
#[inline(always)]
unsafe fn quads(a: __m512, b: __m512, c: __m512, d: __m512) -> [__m512; 4] {
    // SAFETY: the caller vouches for the feature.
    unsafe {
        let low_above = _mm512_castps_pd(_mm512_unpacklo_ps(a, b));
        let low_below = _mm512_castps_pd(_mm512_unpacklo_ps(c, d));
        let high_above = _mm512_castps_pd(_mm512_unpackhi_ps(a, b));
        let high_below = _mm512_castps_pd(_mm512_unpackhi_ps(c, d));
        [
            _mm512_castpd_ps(_mm512_unpacklo_pd(low_above, low_below)),
            _mm512_castpd_ps(_mm512_unpackhi_pd(low_above, low_below)),
            _mm512_castpd_ps(_mm512_unpacklo_pd(high_above, high_below)),
            _mm512_castpd_ps(_mm512_unpackhi_pd(high_above, high_below)),
        ]
    }
}

/// Brings quarter `q` of four registers together, for each `q`.
///
/// # Safety
/// The processor has AVX-512 F.
#[inline(always)]
unsafe fn gathered(a: __m512, b: __m512, c: __m512, d: __m512) -> [__m512; 4] {
    // SAFETY: the caller vouches for the feature.
    unsafe {
        let even_above = _mm512_shuffle_f32x4::<0x88>(a, b);
        let even_below = _mm512_shuffle_f32x4::<0x88>(c, d);
        let odd_above = _mm512_shuffle_f32x4::<0xdd>(a, b);
        let odd_below = _mm512_shuffle_f32x4::<0xdd>(c, d);
        [
            _mm512_shuffle_f32x4::<0x88>(even_above, even_below),
            _mm512_shuffle_f32x4::<0x88>(odd_above, odd_below),
            _mm512_shuffle_f32x4::<0xdd>(even_above, even_below),
            _mm512_shuffle_f32x4::<0xdd>(odd_above, odd_below),
        ]
    }
}
