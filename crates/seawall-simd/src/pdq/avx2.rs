//! The operations of the tiled filter for AVX2 with FMA: sixteen floats are two registers.

use std::arch::x86_64::{
    __m128i, __m256, _mm_bsrli_si128, _mm_loadl_epi64, _mm_loadu_si128, _mm256_add_epi32,
    _mm256_add_ps, _mm256_castpd_ps, _mm256_castps_pd, _mm256_cvtepi32_ps, _mm256_cvtepu8_epi32,
    _mm256_fmadd_ps, _mm256_load_ps, _mm256_madd_epi16, _mm256_mul_ps, _mm256_permute2f128_ps,
    _mm256_set_m128i, _mm256_set1_epi32, _mm256_set1_ps, _mm256_setr_epi32, _mm256_shuffle_epi8,
    _mm256_store_ps, _mm256_sub_ps, _mm256_unpackhi_pd, _mm256_unpackhi_ps, _mm256_unpacklo_pd,
    _mm256_unpacklo_ps,
};

use super::lanes::{Divisor, Isa, LANES, Lanes};
use super::tiled::{Batch, batch};

/// Proof of AVX2 and FMA.
#[derive(Clone, Copy)]
pub(super) struct Avx2(());

impl Avx2 {
    /// The proof, where this processor has the instructions.
    pub(super) fn detect() -> Option<Self> {
        let present = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        present.then_some(Self(()))
    }

    /// Runs [`batch`] with these instructions.
    pub(super) fn batch(self, on: Batch<'_>) {
        // SAFETY: a value of this type exists only where `detect` found both features.
        unsafe { run(self, on) }
    }
}

#[target_feature(enable = "avx2,fma")]
fn run(isa: Avx2, on: Batch<'_>) {
    batch(isa, on);
}

/// Half a group.
const HALF: usize = LANES / 2;

// In every block below: a value of `Avx2` exists only where `detect` found AVX2 and FMA,
// which are all that the instructions need.
impl Isa for Avx2 {
    type Group = [__m256; 2];

    #[inline(always)]
    fn splat(self, value: f32) -> Self::Group {
        // SAFETY: the token proves the features.
        [unsafe { _mm256_set1_ps(value) }; 2]
    }

    #[inline(always)]
    fn load(self, from: &Lanes) -> Self::Group {
        let (low, high) = from.0.split_at(HALF);
        // SAFETY: the token proves the features; each half is 32 bytes, and aligned to 32
        // because `Lanes` is to 64.
        unsafe { [_mm256_load_ps(low.as_ptr()), _mm256_load_ps(high.as_ptr())] }
    }

    #[inline(always)]
    fn store(self, group: Self::Group, to: &mut Lanes) {
        let (low, high) = to.0.split_at_mut(HALF);
        // SAFETY: as for `load`.
        unsafe {
            _mm256_store_ps(low.as_mut_ptr(), group[0]);
            _mm256_store_ps(high.as_mut_ptr(), group[1]);
        }
    }

    #[inline(always)]
    fn add(self, a: Self::Group, b: Self::Group) -> Self::Group {
        // SAFETY: the token proves the features.
        unsafe { [_mm256_add_ps(a[0], b[0]), _mm256_add_ps(a[1], b[1])] }
    }

    #[inline(always)]
    fn sub(self, a: Self::Group, b: Self::Group) -> Self::Group {
        // SAFETY: the token proves the features.
        unsafe { [_mm256_sub_ps(a[0], b[0]), _mm256_sub_ps(a[1], b[1])] }
    }

    #[inline(always)]
    fn divide(self, a: Self::Group, by: &Divisor) -> Self::Group {
        // SAFETY: the token proves the features.
        unsafe {
            let (high, low) = (_mm256_set1_ps(by.high), _mm256_set1_ps(by.low));
            let rest = [_mm256_mul_ps(a[0], low), _mm256_mul_ps(a[1], low)];
            [
                _mm256_fmadd_ps(a[0], high, rest[0]),
                _mm256_fmadd_ps(a[1], high, rest[1]),
            ]
        }
    }

    #[inline(always)]
    fn transpose(self, block: &mut [Self::Group; LANES]) {
        for (from, half) in [(0, 0), (HALF, 1)] {
            let rows: [__m256; HALF] = std::array::from_fn(|k| block[from + k][half]);
            // SAFETY: the token proves the features.
            let columns = unsafe { transposed(rows) };
            for (k, column) in columns.into_iter().enumerate() {
                block[from + k][half] = column;
            }
        }
        // SAFETY: the token proves the features.
        let (above, below) = unsafe {
            (
                transposed(std::array::from_fn(|k| block[k][1])),
                transposed(std::array::from_fn(|k| block[HALF + k][0])),
            )
        };
        for k in 0..HALF {
            block[k][1] = below[k];
            block[HALF + k][0] = above[k];
        }
    }

    #[inline(always)]
    fn luma_of_grey(self, pixels: &[u8; LANES]) -> Self::Group {
        let (low, high) = pixels.split_at(HALF);
        // SAFETY: the token proves the features; each load takes the 8 bytes of its half.
        unsafe {
            let low = _mm_loadl_epi64(low.as_ptr().cast());
            let high = _mm_loadl_epi64(high.as_ptr().cast());
            [
                _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(low)),
                _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(high)),
            ]
        }
    }

    #[inline(always)]
    fn luma_of_rgb(self, pixels: &[u8; 3 * LANES]) -> Self::Group {
        let bytes: *const u8 = pixels.as_ptr();
        // SAFETY: the token proves the features; the loads take bytes 0 to 47 of the array's
        // 48. The last one starts four bytes early and drops them.
        let group = unsafe {
            let first = _mm_loadu_si128(bytes.cast());
            let second = _mm_loadu_si128(bytes.add(12).cast());
            let third = _mm_loadu_si128(bytes.add(24).cast());
            let fourth = _mm_bsrli_si128::<4>(_mm_loadu_si128(bytes.add(32).cast()));
            [weighted(first, second), weighted(third, fourth)]
        };
        self.divide(group, &Divisor::THOUSAND)
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

/// Eight rows of eight as eight columns.
///
/// # Safety
/// The processor has AVX.
#[inline(always)]
unsafe fn transposed(rows: [__m256; HALF]) -> [__m256; HALF] {
    let [a, b, c, d, e, f, g, h] = rows;
    // SAFETY: the caller vouches for the feature.
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
