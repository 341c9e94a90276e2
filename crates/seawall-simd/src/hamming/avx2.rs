//! 256 bits at a time: bits are counted by looking up half bytes (Muła, Kurz, Lemire 2016).

use std::arch::x86_64::{
    __m256i, _mm256_add_epi8, _mm256_and_si256, _mm256_cmpgt_epi16, _mm256_loadu_si256,
    _mm256_maddubs_epi16, _mm256_movemask_epi8, _mm256_sad_epu8, _mm256_set1_epi8,
    _mm256_set1_epi16, _mm256_setr_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8,
    _mm256_srli_epi16, _mm256_storeu_si256, _mm256_xor_si256,
};

use super::{Run, scalar};

/// # Safety
/// The processor must have AVX2.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn within(
    needle: &[u64; 4],
    haystack: &[[u64; 4]],
    distance_max: u16,
    found: &mut dyn FnMut(usize, u16),
) {
    let needle = load(needle);
    for (position, value) in haystack.iter().enumerate() {
        let bytes = bits_of_bytes(_mm256_xor_si256(needle, load(value)));
        let words = store(_mm256_sad_epu8(bytes, _mm256_setzero_si256()));
        let distance = (words[0] + words[1] + words[2] + words[3]) as u16;
        if distance <= distance_max {
            found(position, distance);
        }
    }
}

/// # Safety
/// The processor must have AVX2 and POPCNT.
#[target_feature(enable = "avx2,popcnt")]
pub(super) unsafe fn within_runs(needle: u16, values: &[u16], runs: &[Run], found: &mut Vec<u32>) {
    let needles = _mm256_set1_epi16(needle.cast_signed());
    let ones = _mm256_set1_epi8(1);
    for run in runs {
        let (chunks, _) = values[run.start as usize..run.end as usize].as_chunks::<16>();
        // A bound of 16 and more admits every value; as it is, it fits a signed lane.
        let bound = _mm256_set1_epi16(run.distance_max.min(16).cast_signed());
        let mut start = run.start;
        for chunk in chunks {
            let bytes = bits_of_bytes(_mm256_xor_si256(needles, load16(chunk)));
            let distances = _mm256_maddubs_epi16(bytes, ones);
            let beyond = _mm256_movemask_epi8(_mm256_cmpgt_epi16(distances, bound));
            // Two equal bits for each value: keep the lower of each pair.
            let mut within = !beyond.cast_unsigned() & 0x5555_5555;
            while within != 0 {
                found.push(start + within.trailing_zeros() / 2);
                within &= within - 1;
            }
            start += 16;
        }
        scalar::within_run(needle, values, &Run { start, ..*run }, found);
    }
}

/// How many bits are set in each byte.
#[target_feature(enable = "avx2")]
fn bits_of_bytes(value: __m256i) -> __m256i {
    let counts = _mm256_setr_epi8(
        0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, //
        0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,
    );
    let low_half = _mm256_set1_epi8(15);
    let low = _mm256_and_si256(value, low_half);
    let high = _mm256_and_si256(_mm256_srli_epi16::<4>(value), low_half);
    _mm256_add_epi8(
        _mm256_shuffle_epi8(counts, low),
        _mm256_shuffle_epi8(counts, high),
    )
}

#[target_feature(enable = "avx2")]
fn load(value: &[u64; 4]) -> __m256i {
    // SAFETY: the array is 32 readable bytes and the load asks for no alignment.
    unsafe { _mm256_loadu_si256(value.as_ptr().cast()) }
}

#[target_feature(enable = "avx2")]
fn load16(values: &[u16; 16]) -> __m256i {
    // SAFETY: the array is 32 readable bytes and the load asks for no alignment.
    unsafe { _mm256_loadu_si256(values.as_ptr().cast()) }
}

#[target_feature(enable = "avx2")]
fn store(value: __m256i) -> [u64; 4] {
    let mut out = [0_u64; 4];
    // SAFETY: the array is 32 writable bytes and the store asks for no alignment.
    unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), value) };
    out
}
