//! The operations of the tiled filter for AVX-512 (F and BW): sixteen floats are one register.

use std::arch::x86_64::{
    __m512, __m512i, _mm_loadu_si128, _mm512_add_epi32, _mm512_add_ps, _mm512_castpd_ps,
    _mm512_castps_pd, _mm512_cvtepi32_ps, _mm512_cvtepu8_epi32, _mm512_fmadd_ps, _mm512_load_ps,
    _mm512_madd_epi16, _mm512_maskz_loadu_epi32, _mm512_mul_ps, _mm512_permutexvar_epi32,
    _mm512_set1_epi32, _mm512_set1_ps, _mm512_set4_epi32, _mm512_setr_epi32, _mm512_shuffle_epi8,
    _mm512_shuffle_f32x4, _mm512_store_ps, _mm512_sub_ps, _mm512_unpackhi_pd, _mm512_unpackhi_ps,
    _mm512_unpacklo_pd, _mm512_unpacklo_ps,
};

use super::lanes::{Divisor, Isa, LANES, Lanes};
use super::tiled::{Batch, batch};

/// Proof of AVX-512 F and BW.
#[derive(Clone, Copy)]
pub(super) struct Avx512(());

impl Avx512 {
    /// The proof, where this processor has the instructions.
    pub(super) fn detect() -> Option<Self> {
        let present = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
        present.then_some(Self(()))
    }

    /// Runs [`batch`] with these instructions.
    pub(super) fn batch(self, on: Batch<'_>) {
        // SAFETY: a value of this type exists only where `detect` found both features.
        unsafe { run(self, on) }
    }
}

#[target_feature(enable = "avx512f,avx512bw")]
fn run(isa: Avx512, on: Batch<'_>) {
    batch(isa, on);
}

// In every block below: a value of `Avx512` exists only where `detect` found AVX-512 F and
// BW, which are all that the instructions need.
impl Isa for Avx512 {
    type Group = __m512;

    #[inline(always)]
    fn splat(self, value: f32) -> __m512 {
        // SAFETY: the token proves the features.
        unsafe { _mm512_set1_ps(value) }
    }

    #[inline(always)]
    fn load(self, from: &Lanes) -> __m512 {
        // SAFETY: the token proves the features; `Lanes` is 64 bytes, aligned to 64.
        unsafe { _mm512_load_ps(from.0.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, group: __m512, to: &mut Lanes) {
        // SAFETY: the token proves the features; `Lanes` is 64 bytes, aligned to 64.
        unsafe { _mm512_store_ps(to.0.as_mut_ptr(), group) }
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
    fn divide(self, a: __m512, by: &Divisor) -> __m512 {
        // SAFETY: the token proves the features.
        unsafe {
            let rest = _mm512_mul_ps(a, _mm512_set1_ps(by.low));
            _mm512_fmadd_ps(a, _mm512_set1_ps(by.high), rest)
        }
    }

    #[inline(always)]
    fn transpose(self, block: &mut [__m512; LANES]) {
        // SAFETY: the token proves the features.
        unsafe {
            transpose_quads(block);
            gather_quads(block);
        }
    }

    #[inline(always)]
    fn luma_of_grey(self, pixels: &[u8; LANES]) -> __m512 {
        // SAFETY: the token proves the features; the load takes the array's 16 bytes.
        unsafe {
            let bytes = _mm_loadu_si128(pixels.as_ptr().cast());
            _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes))
        }
    }

    #[inline(always)]
    fn luma_of_rgb(self, pixels: &[u8; 3 * LANES]) -> __m512 {
        // SAFETY: the token proves the features; the mask keeps the load to 12 words of four
        // bytes, the array's 48.
        unsafe {
            let bytes = _mm512_maskz_loadu_epi32(0x0fff, pixels.as_ptr().cast());
            let thousandths = weighted(bytes);
            self.divide(_mm512_cvtepi32_ps(thousandths), &Divisor::THOUSAND)
        }
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

/// Transposes each 4 × 4 part: afterwards register `4 i + j` holds, in quarter `q`, column
/// `4 q + j` of rows `4 i` to `4 i + 3`.
///
/// # Safety
/// The processor has AVX-512 F.
#[inline(always)]
unsafe fn transpose_quads(block: &mut [__m512; LANES]) {
    for rows in block.as_chunks_mut::<4>().0 {
        let [a, b, c, d] = *rows;
        // SAFETY: the caller vouches for the features.
        unsafe {
            let low_above = _mm512_castps_pd(_mm512_unpacklo_ps(a, b));
            let low_below = _mm512_castps_pd(_mm512_unpacklo_ps(c, d));
            let high_above = _mm512_castps_pd(_mm512_unpackhi_ps(a, b));
            let high_below = _mm512_castps_pd(_mm512_unpackhi_ps(c, d));
            *rows = [
                _mm512_castpd_ps(_mm512_unpacklo_pd(low_above, low_below)),
                _mm512_castpd_ps(_mm512_unpackhi_pd(low_above, low_below)),
                _mm512_castpd_ps(_mm512_unpacklo_pd(high_above, high_below)),
                _mm512_castpd_ps(_mm512_unpackhi_pd(high_above, high_below)),
            ];
        }
    }
}

/// Brings the quarters of one column together.
///
/// # Safety
/// The processor has AVX-512 F.
#[inline(always)]
unsafe fn gather_quads(block: &mut [__m512; LANES]) {
    let quads = *block;
    for j in 0..4 {
        let [a, b, c, d] = [quads[j], quads[4 + j], quads[8 + j], quads[12 + j]];
        // SAFETY: the caller vouches for the features.
        unsafe {
            let even = [
                _mm512_shuffle_f32x4::<0x88>(a, b),
                _mm512_shuffle_f32x4::<0x88>(c, d),
            ];
            let odd = [
                _mm512_shuffle_f32x4::<0xdd>(a, b),
                _mm512_shuffle_f32x4::<0xdd>(c, d),
            ];
            block[j] = _mm512_shuffle_f32x4::<0x88>(even[0], even[1]);
            block[4 + j] = _mm512_shuffle_f32x4::<0x88>(odd[0], odd[1]);
            block[8 + j] = _mm512_shuffle_f32x4::<0xdd>(even[0], even[1]);
            block[12 + j] = _mm512_shuffle_f32x4::<0xdd>(odd[0], odd[1]);
        }
    }
}
