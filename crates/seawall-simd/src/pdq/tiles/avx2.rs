//! The operations of the tiled filter for AVX2 with FMA: eight floats a register.

use std::arch::x86_64::{
    __m128i, __m256, _MM_HINT_T1, _mm_bsrli_si128, _mm_loadl_epi64, _mm_loadu_si128, _mm_prefetch,
    _mm256_add_epi32, _mm256_add_ps, _mm256_castpd_ps, _mm256_castps_pd, _mm256_cvtepi32_ps,
    _mm256_cvtepu8_epi32, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_madd_epi16, _mm256_mul_ps,
    _mm256_permute2f128_ps, _mm256_set_m128i, _mm256_set1_epi32, _mm256_set1_ps, _mm256_setr_epi32,
    _mm256_shuffle_epi8, _mm256_storeu_ps, _mm256_sub_ps, _mm256_unpackhi_pd, _mm256_unpackhi_ps,
    _mm256_unpacklo_pd, _mm256_unpacklo_ps,
};

use super::super::filter::Filter;
use super::super::sampling::Sampler;
use super::lanes::{Divisor, Isa};
use super::tiled::Tiled;

/// Proof of AVX2 and FMA.
#[derive(Clone, Copy)]
pub(super) struct Avx2(());

impl Avx2 {
    /// The proof, where this processor has the instructions.
    pub(super) fn detect() -> Option<Self> {
        let present = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        present.then_some(Self(()))
    }
}

/// Lanes of a register.
const LANES: usize = 8;

impl Filter for Tiled<Avx2, LANES> {
    fn batch_rows(&self) -> usize {
        LANES
    }

    fn take(&mut self, pixels: &[u8], ahead: &[u8]) {
        // SAFETY: `self` holds an `Avx2`, which exists only where `detect` found both features.
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

#[target_feature(enable = "avx2,fma")]
fn take(filter: &mut Tiled<Avx2, LANES>, pixels: &[u8], ahead: &[u8]) {
    filter.batch(pixels, ahead);
}

impl Isa<LANES> for Avx2 {
    type Group = __m256;
    type Divisor = [__m256; 2];

    #[inline(always)]
    fn splat(self, value: f32) -> __m256 {
        // SAFETY: the token proves the features.
        unsafe { _mm256_set1_ps(value) }
    }

    #[inline(always)]
    fn group(self, lanes: &[f32; LANES]) -> __m256 {
        // SAFETY: the token proves the features; the array has 32 bytes.
        unsafe { _mm256_loadu_ps(lanes.as_ptr()) }
    }

    #[inline(always)]
    fn lanes(self, group: __m256) -> [f32; LANES] {
        let mut lanes = [0.0; LANES];
        // SAFETY: the token proves the features; the array has room for 32 bytes.
        unsafe { _mm256_storeu_ps(lanes.as_mut_ptr(), group) }
        lanes
    }

    #[inline(always)]
    fn add(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: the token proves the features.
        unsafe { _mm256_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: the token proves the features.
        unsafe { _mm256_sub_ps(a, b) }
    }

    #[inline(always)]
    fn divisor(self, divisor: &Divisor) -> [__m256; 2] {
        [self.splat(divisor.high), self.splat(divisor.low)]
    }

    #[inline(always)]
    fn divide(self, a: __m256, by: &[__m256; 2]) -> __m256 {
        // SAFETY: the token proves the features.
        unsafe { _mm256_fmadd_ps(a, by[0], _mm256_mul_ps(a, by[1])) }
    }

    #[inline(always)]
    fn transpose(self, block: [__m256; LANES]) -> [__m256; LANES] {
        let [a, b, c, d, e, f, g, h] = block;
        // SAFETY: the token proves the features.
        unsafe {
            let above = quads(a, b, c, d);
            let below = quads(e, f, g, h);
            [
                _mm256_permute2f128_ps::<0x20>(above[0], below[0]),
                _mm256_permute2f128_ps::<0x20>(above[1], below[1]),
                _mm256_permute2f128_ps::<0x20>(above[2], below[2]),
                _mm256_permute2f128_ps::<0x20>(above[3], below[3]),
                _mm256_permute2f128_ps::<0x31>(above[0], below[0]),
                _mm256_permute2f128_ps::<0x31>(above[1], below[1]),
                _mm256_permute2f128_ps::<0x31>(above[2], below[2]),
                _mm256_permute2f128_ps::<0x31>(above[3], below[3]),
            ]
        }
    }

    #[inline(always)]
    fn luma_of_grey(self, pixels: &[u8]) -> __m256 {
        assert!(pixels.len() == LANES, "eight pixels");
        // SAFETY: the token proves the features; the load takes 8 bytes, which are there.
        unsafe {
            let bytes = _mm_loadl_epi64(pixels.as_ptr().cast());
            _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes))
        }
    }

    #[inline(always)]
    fn luma_of_rgb(self, pixels: &[u8], thousand: &[__m256; 2]) -> __m256 {
        assert!(pixels.len() == 3 * LANES, "eight pixels");
        // SAFETY: the token proves the features; the loads take bytes 0 to 23, which are
        // there. The second one starts four bytes early and drops them.
        let thousandths = unsafe {
            let first = _mm_loadu_si128(pixels.as_ptr().cast());
            let second = _mm_loadu_si128(pixels.as_ptr().add(8).cast());
            weighted(first, _mm_bsrli_si128::<4>(second))
        };
        self.divide(thousandths, thousand)
    }

    #[inline(always)]
    fn prefetch(self, at: *const u8) {
        // SAFETY: the token proves the features; a prefetch reads nothing that a
        // program can see and never fails, wherever it points.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(at.cast()) }
    }
}

/// 299 R + 587 G + 114 B of eight pixels, four in the first 12 bytes of each part.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn weighted(low: __m128i, high: __m128i) -> __m256 {
    // SAFETY: the caller vouches for the feature.
    unsafe {
        let bytes = _mm256_set_m128i(high, low);
        // (R, G) and (B, 0) as pairs of 16 bits; an index with its top bit set gives 0.
        let [a, b, c, d] = [0x8001_8000_u32, 0x8004_8003, 0x8007_8006, 0x800a_8009];
        let [a, b, c, d] = [a, b, c, d].map(u32::cast_signed);
        let red_green = _mm256_shuffle_epi8(bytes, _mm256_setr_epi32(a, b, c, d, a, b, c, d));
        let [a, b, c, d] = [0x8080_8002_u32, 0x8080_8005, 0x8080_8008, 0x8080_800b];
        let [a, b, c, d] = [a, b, c, d].map(u32::cast_signed);
        let blue = _mm256_shuffle_epi8(bytes, _mm256_setr_epi32(a, b, c, d, a, b, c, d));
        _mm256_cvtepi32_ps(_mm256_add_epi32(
            _mm256_madd_epi16(red_green, _mm256_set1_epi32(587 << 16 | 299)),
            _mm256_madd_epi16(blue, _mm256_set1_epi32(114)),
        ))
    }
}

/// Transposes both 4 × 4 parts of four rows: register `j` then holds columns `j` and `4 + j`.
///
/// # Safety
/// The processor has AVX.
#[inline(always)]
unsafe fn quads(a: __m256, b: __m256, c: __m256, d: __m256) -> [__m256; 4] {
    // SAFETY: the caller vouches for the feature.
    unsafe {
        let low_above = _mm256_castps_pd(_mm256_unpacklo_ps(a, b));
        let low_below = _mm256_castps_pd(_mm256_unpacklo_ps(c, d));
        let high_above = _mm256_castps_pd(_mm256_unpackhi_ps(a, b));
        let high_below = _mm256_castps_pd(_mm256_unpackhi_ps(c, d));
        [
            _mm256_castpd_ps(_mm256_unpacklo_pd(low_above, low_below)),
            _mm256_castpd_ps(_mm256_unpackhi_pd(low_above, low_below)),
            _mm256_castpd_ps(_mm256_unpacklo_pd(high_above, high_below)),
            _mm256_castpd_ps(_mm256_unpackhi_pd(high_above, high_below)),
        ]
    }
}
