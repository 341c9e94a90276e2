//! Hamming distance over many values: 256-bit ones, and 16-bit pieces of them.
//!
//! The functions of `scalar` are the oracle and the fallback. The other kernels are the same
//! loops compiled or written for more of the processor; which one runs is chosen once, and
//! all of them find the same.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod popcnt;
mod scalar;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

/// A stretch of 16-bit values, and how near they have to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The position of its first value.
    pub start: u32,
    /// The position after its last.
    pub end: u32,
    /// The largest distance that counts, in bits; the bound itself does.
    pub distance_max: u16,
}

/// Calls `found(position, distance)` for every value within `distance_max` bits of
/// `needle`, in order of position. The bound itself is within.
pub fn within(
    needle: &[u64; 4],
    haystack: &[[u64; 4]],
    distance_max: u16,
    found: &mut dyn FnMut(usize, u16),
) {
    KERNEL.within(needle, haystack, distance_max, found);
}

/// The plain form of [`within`].
pub fn within_scalar(
    needle: &[u64; 4],
    haystack: &[[u64; 4]],
    distance_max: u16,
    found: &mut dyn FnMut(usize, u16),
) {
    scalar::within(needle, haystack, distance_max, found);
}

/// Appends the row and the distance of each of these `rows` of the haystack that is within
/// `distance_max` bits of `needle`, in the order in which the rows are given.
///
/// # Panics
/// Where a row is not in the haystack.
pub fn within_rows(
    needle: &[u64; 4],
    haystack: &[[u64; 4]],
    rows: &[u32],
    distance_max: u16,
    found: &mut Vec<(u32, u16)>,
) {
    KERNEL.within_rows(needle, haystack, rows, distance_max, found);
}

/// Appends the position of each 16-bit value of these runs that is within its run's distance
/// of `needle`, run by run.
///
/// # Panics
/// Where a run reaches beyond the values.
pub fn within_runs(needle: u16, values: &[u16], runs: &[Run], found: &mut Vec<u32>) {
    KERNEL.within_runs(needle, values, runs, found);
}

/// The kernel that does the work here, for whoever reports a measurement.
#[must_use]
pub fn kernel_name() -> &'static str {
    match *KERNEL {
        Kernel::Scalar => "scalar",
        #[cfg(target_arch = "x86_64")]
        Kernel::Popcnt => "popcnt",
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2 => "avx2",
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx512 => "avx512",
    }
}

/// In how many bits two values differ.
#[must_use]
#[inline(always)]
pub fn distance(a: &[u64; 4], b: &[u64; 4]) -> u16 {
    let bits = |k: usize| (a[k] ^ b[k]).count_ones() as u16;
    bits(0) + bits(1) + bits(2) + bits(3)
}

/// Asks the processor to fetch what lies at `position`, which need not exist: a hint that
/// changes nothing but time.
#[inline(always)]
pub fn prefetch<T>(values: &[T], position: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let address = values.as_ptr().wrapping_add(position);
        // SAFETY: SSE is part of x86-64, and a prefetch of any address reads nothing and
        // cannot fault.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (values, position);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kernel {
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Popcnt,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Kernel {
    /// Every kernel that this processor can run, the best one last.
    fn available() -> Vec<Self> {
        #[allow(unused_mut)]
        let mut kernels = vec![Self::Scalar];
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected as has;
            if has!("popcnt") {
                kernels.push(Self::Popcnt);
            }
            if has!("popcnt") && has!("avx2") {
                kernels.push(Self::Avx2);
            }
            let wide = has!("avx512f") && has!("avx512bw") && has!("avx512bitalg");
            if has!("popcnt") && wide && has!("avx512vpopcntdq") {
                kernels.push(Self::Avx512);
            }
        }
        kernels
    }

    fn within(
        self,
        needle: &[u64; 4],
        haystack: &[[u64; 4]],
        distance_max: u16,
        found: &mut dyn FnMut(usize, u16),
    ) {
        match self {
            Self::Scalar => scalar::within(needle, haystack, distance_max, found),
            // SAFETY: `available` gives this kernel only where the processor has POPCNT.
            #[cfg(target_arch = "x86_64")]
            Self::Popcnt => unsafe { popcnt::within(needle, haystack, distance_max, found) },
            // SAFETY: `available` gives this kernel only where the processor has AVX2.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { avx2::within(needle, haystack, distance_max, found) },
            // SAFETY: `available` gives this kernel only where the processor has AVX-512 F and
            // VPOPCNTDQ.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe { avx512::within(needle, haystack, distance_max, found) },
        }
    }

    /// A row is somewhere else in memory than the one before it: wider registers gain
    /// nothing, so that every kernel above the scalar one counts with POPCNT.
    fn within_rows(
        self,
        needle: &[u64; 4],
        haystack: &[[u64; 4]],
        rows: &[u32],
        distance_max: u16,
        found: &mut Vec<(u32, u16)>,
    ) {
        match self {
            Self::Scalar => scalar::within_rows(needle, haystack, rows, distance_max, found),
            // SAFETY: `available` gives these kernels only where the processor has POPCNT.
            #[cfg(target_arch = "x86_64")]
            Self::Popcnt | Self::Avx2 | Self::Avx512 => unsafe {
                popcnt::within_rows(needle, haystack, rows, distance_max, found);
            },
        }
    }

    fn within_runs(self, needle: u16, values: &[u16], runs: &[Run], found: &mut Vec<u32>) {
        match self {
            Self::Scalar => scalar::within_runs(needle, values, runs, found),
            // SAFETY: `available` gives this kernel only where the processor has POPCNT.
            #[cfg(target_arch = "x86_64")]
            Self::Popcnt => unsafe { popcnt::within_runs(needle, values, runs, found) },
            // SAFETY: `available` gives this kernel only where the processor has POPCNT and
            // AVX2.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { avx2::within_runs(needle, values, runs, found) },
            // SAFETY: `available` gives this kernel only where the processor has AVX-512 F, BW
            // and BITALG.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe { avx512::within_runs(needle, values, runs, found) },
        }
    }
}

static KERNEL: LazyLock<Kernel> = LazyLock::new(|| {
    *Kernel::available()
        .last()
        .expect("the scalar kernel is always there")
});
