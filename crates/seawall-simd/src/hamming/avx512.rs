//! 512 bits at a time, with the instructions that count the bits of each lane.

use std::arch::x86_64::{
    __m512i, _mm512_add_epi64, _mm512_cmple_epu64_mask, _mm512_loadu_si512,
    _mm512_mask_cmple_epu16_mask, _mm512_maskz_loadu_epi16, _mm512_permutexvar_epi64,
    _mm512_popcnt_epi16, _mm512_popcnt_epi64, _mm512_set1_epi16, _mm512_set1_epi64,
    _mm512_setr_epi64, _mm512_shuffle_i64x2, _mm512_storeu_si512, _mm512_unpackhi_epi64,
    _mm512_unpacklo_epi64, _mm512_xor_si512,
};

use super::{Run, scalar};

/// # Safety
/// The processor must have AVX-512 F, VPOPCNTDQ and POPCNT.
#[target_feature(enable = "avx512f,avx512vpopcntdq,popcnt")]
pub(super) unsafe fn within(
    needle: &[u64; 4],
    haystack: &[[u64; 4]],
    distance_max: u16,
    found: &mut dyn FnMut(usize, u16),
) {
    let [a, b, c, d] = needle.map(u64::cast_signed);
    let needles = _mm512_setr_epi64(a, b, c, d, a, b, c, d);
    let bound = _mm512_set1_epi64(i64::from(distance_max));
    let (chunks, rest) = haystack.as_chunks::<8>();
    for (chunk, values) in chunks.iter().enumerate() {
        let distances = distances_of_8(needles, values);
        let mut within = _mm512_cmple_epu64_mask(distances, bound);
        if within == 0 {
            continue;
        }
        let distances = store(distances);
        while within != 0 {
            let lane = within.trailing_zeros() as usize;
            found(chunk * 8 + lane, distances[lane] as u16);
            within &= within - 1;
        }
    }
    let before = haystack.len() - rest.len();
    scalar::within(needle, rest, distance_max, &mut |position, distance| {
        found(before + position, distance);
    });
}

/// The distances of eight values in their order: bits are counted word by word, then the
/// four words of a value are added by bringing equal words of different values together.
#[target_feature(enable = "avx512f,avx512vpopcntdq")]
fn distances_of_8(needles: __m512i, values: &[[u64; 4]; 8]) -> __m512i {
    let (pairs, _) = values.as_chunks::<2>();
    let bits = |pair: &[[u64; 4]; 2]| _mm512_popcnt_epi64(_mm512_xor_si512(needles, load(pair)));
    let halves = |a: __m512i, b: __m512i| {
        _mm512_add_epi64(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b))
    };
    // In 128-bit lanes: values 0 and 2, again, 1 and 3, again; and the same of 4 to 7.
    let low = halves(bits(&pairs[0]), bits(&pairs[1]));
    let high = halves(bits(&pairs[2]), bits(&pairs[3]));
    let sums = _mm512_add_epi64(
        _mm512_shuffle_i64x2::<0b10_00_10_00>(low, high),
        _mm512_shuffle_i64x2::<0b11_01_11_01>(low, high),
    );
    _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 1, 3, 4, 6, 5, 7), sums)
}

/// # Safety
/// The processor must have AVX-512 F, BW, BITALG and POPCNT.
#[target_feature(enable = "avx512f,avx512bw,avx512bitalg,popcnt")]
pub(super) unsafe fn within_runs(needle: u16, values: &[u16], runs: &[Run], found: &mut Vec<u32>) {
    let needles = _mm512_set1_epi16(needle.cast_signed());
    for run in runs {
        let bound = _mm512_set1_epi16(run.distance_max.min(16).cast_signed());
        let run_values = &values[run.start as usize..run.end as usize];
        for (start, chunk) in (run.start..).step_by(32).zip(run_values.chunks(32)) {
            let lanes = u32::MAX >> (32 - chunk.len());
            // SAFETY: only the lanes of the chunk are read, which are its values.
            let loaded = unsafe { _mm512_maskz_loadu_epi16(lanes, chunk.as_ptr().cast()) };
            let distances = _mm512_popcnt_epi16(_mm512_xor_si512(needles, loaded));
            let mut within = _mm512_mask_cmple_epu16_mask(lanes, distances, bound);
            while within != 0 {
                found.push(start + within.trailing_zeros());
                within &= within - 1;
            }
        }
    }
}

#[target_feature(enable = "avx512f")]
fn load(values: &[[u64; 4]; 2]) -> __m512i {
    // SAFETY: the array is 64 readable bytes and the load asks for no alignment.
    unsafe { _mm512_loadu_si512(values.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f")]
fn store(value: __m512i) -> [u64; 8] {
    let mut out = [0_u64; 8];
    // SAFETY: the array is 64 writable bytes and the store asks for no alignment.
    unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), value) };
    out
}
