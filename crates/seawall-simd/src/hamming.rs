//! Hamming distance over many 256-bit values.
//!
//! [`within_scalar`] is the oracle and the fallback. The other kernels are the same loop
//! compiled for more of the processor, and one that counts bits 256 at a time; which one
//! runs is chosen once, and all of them find the same.

use std::sync::LazyLock;

/// Calls `found(position, distance)` for every value within `distance_max` bits of
/// `needle`, in order of position. The bound itself is within.
pub fn within(
    needle: &[u64; 4],
    haystack: &[[u64; 4]],
    distance_max: u16,
    found: &mut dyn FnMut(usize, u16),
) {
    KERNEL.run(needle, haystack, distance_max, found);
}

/// The plain form of [`within`].
pub fn within_scalar(
    needle: &[u64; 4],
    haystack: &[[u64; 4]],
    distance_max: u16,
    found: &mut dyn FnMut(usize, u16),
) {
    scan(needle, haystack, distance_max, found);
}

/// In how many bits two values differ.
#[must_use]
#[inline(always)]
pub fn distance(a: &[u64; 4], b: &[u64; 4]) -> u16 {
    let bits = |k: usize| (a[k] ^ b[k]).count_ones() as u16;
    bits(0) + bits(1) + bits(2) + bits(3)
}

#[inline(always)]
fn scan(
    needle: &[u64; 4],
    haystack: &[[u64; 4]],
    distance_max: u16,
    found: &mut dyn FnMut(usize, u16),
) {
    for (position, value) in haystack.iter().enumerate() {
        let distance = distance(needle, value);
        if distance <= distance_max {
            found(position, distance);
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kernel {
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Popcnt,
    #[cfg(target_arch = "x86_64")]
    Avx2,
}

impl Kernel {
    /// Every kernel that this processor can run, the best one last.
    fn available() -> Vec<Self> {
        #[allow(unused_mut)]
        let mut kernels = vec![Self::Scalar];
        #[cfg(target_arch = "x86_64")]
        {
            if std::arch::is_x86_feature_detected!("popcnt") {
                kernels.push(Self::Popcnt);
            }
            if std::arch::is_x86_feature_detected!("avx2") {
                kernels.push(Self::Avx2);
            }
        }
        kernels
    }

    fn run(
        self,
        needle: &[u64; 4],
        haystack: &[[u64; 4]],
        distance_max: u16,
        found: &mut dyn FnMut(usize, u16),
    ) {
        match self {
            Self::Scalar => scan(needle, haystack, distance_max, found),
            // SAFETY: `Kernel::available` gives this kernel only where the processor has POPCNT.
            #[cfg(target_arch = "x86_64")]
            Self::Popcnt => unsafe { x86::popcnt(needle, haystack, distance_max, found) },
            // SAFETY: `Kernel::available` gives this kernel only where the processor has AVX2.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { x86::avx2(needle, haystack, distance_max, found) },
        }
    }
}

static KERNEL: LazyLock<Kernel> = LazyLock::new(|| {
    *Kernel::available()
        .last()
        .expect("the scalar kernel is always there")
});

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m256i, _mm256_add_epi8, _mm256_and_si256, _mm256_loadu_si256, _mm256_sad_epu8,
        _mm256_set1_epi8, _mm256_setr_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8,
        _mm256_srli_epi16, _mm256_storeu_si256, _mm256_xor_si256,
    };

    /// # Safety
    /// The processor must have POPCNT.
    #[target_feature(enable = "popcnt")]
    pub(super) unsafe fn popcnt(
        needle: &[u64; 4],
        haystack: &[[u64; 4]],
        distance_max: u16,
        found: &mut dyn FnMut(usize, u16),
    ) {
        super::scan(needle, haystack, distance_max, found);
    }

    /// Counts bits by looking up half bytes, 32 bytes at a time (Muła, Kurz, Lemire 2016).
    ///
    /// # Safety
    /// The processor must have AVX2.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn avx2(
        needle: &[u64; 4],
        haystack: &[[u64; 4]],
        distance_max: u16,
        found: &mut dyn FnMut(usize, u16),
    ) {
        let needle = load(needle);
        let counts = _mm256_setr_epi8(
            0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, //
            0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,
        );
        let low_half = _mm256_set1_epi8(15);
        for (position, value) in haystack.iter().enumerate() {
            let differ = _mm256_xor_si256(needle, load(value));
            let low = _mm256_and_si256(differ, low_half);
            let high = _mm256_and_si256(_mm256_srli_epi16::<4>(differ), low_half);
            let bytes = _mm256_add_epi8(
                _mm256_shuffle_epi8(counts, low),
                _mm256_shuffle_epi8(counts, high),
            );
            let words = store(_mm256_sad_epu8(bytes, _mm256_setzero_si256()));
            let distance = (words[0] + words[1] + words[2] + words[3]) as u16;
            if distance <= distance_max {
                found(position, distance);
            }
        }
    }

    #[target_feature(enable = "avx2")]
    fn load(value: &[u64; 4]) -> __m256i {
        // SAFETY: the array is 32 readable bytes and the load asks for no alignment.
        unsafe { _mm256_loadu_si256(value.as_ptr().cast()) }
    }

    #[target_feature(enable = "avx2")]
    fn store(value: __m256i) -> [u64; 4] {
        let mut out = [0_u64; 4];
        // SAFETY: the array is 32 writable bytes and the store asks for no alignment.
        unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), value) };
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn collect(
        kernel: Kernel,
        needle: &[u64; 4],
        haystack: &[[u64; 4]],
        max: u16,
    ) -> Vec<(usize, u16)> {
        let mut out = Vec::new();
        kernel.run(needle, haystack, max, &mut |position, distance| {
            out.push((position, distance))
        });
        out
    }

    fn flip(mut value: [u64; 4], bits: &[u8]) -> [u64; 4] {
        for &bit in bits {
            value[usize::from(bit) / 64] ^= 1 << (bit % 64);
        }
        value
    }

    proptest! {
        #[test]
        fn every_kernel_finds_what_counting_bit_by_bit_finds(
            needle: [u64; 4],
            flips in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..45), 0..40),
            strangers in prop::collection::vec(any::<[u64; 4]>(), 0..20),
            max in 0_u16..=256,
        ) {
            let near = flips.iter().map(|bits| flip(needle, bits));
            let haystack: Vec<[u64; 4]> = near.chain(strangers).collect();
            let bit = |value: &[u64; 4], k: usize| value[k / 64] >> (k % 64) & 1;
            let slow = |value: &[u64; 4]| (0..256).filter(|&k| bit(value, k) != bit(&needle, k)).count() as u16;
            let expected: Vec<_> = haystack.iter().map(slow).enumerate().filter(|&(_, d)| d <= max).collect();
            for kernel in Kernel::available() {
                prop_assert_eq!(&collect(kernel, &needle, &haystack, max), &expected, "{:?}", kernel);
            }
        }
    }

    #[test]
    fn the_bound_is_within_and_the_farthest_distance_is_256() {
        let zeros = [0_u64; 4];
        for kernel in Kernel::available() {
            assert_eq!(
                collect(kernel, &zeros, &[[u64::MAX; 4]], 256),
                [(0, 256)],
                "{kernel:?}"
            );
            assert!(
                collect(kernel, &zeros, &[[u64::MAX; 4]], 255).is_empty(),
                "{kernel:?}"
            );
        }
    }
}
