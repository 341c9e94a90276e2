//! Which kernel does the work: chosen once, by what the processor has.

use std::sync::LazyLock;

use super::RowKind;
#[cfg(target_arch = "x86_64")]
use super::avx2::Avx2;
#[cfg(target_arch = "x86_64")]
use super::avx512::Avx512;
use super::lanes::Filter;
use super::sampling::SAMPLE;
use super::scalar::Scalar;
#[cfg(any(
    target_arch = "x86_64",
    all(target_arch = "wasm32", target_feature = "simd128")
))]
use super::tiled::Tiled;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use super::wasm128::Wasm128;

/// A way to compute PDQ. All give the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kernel {
    /// One value at a time, for any processor: the oracle of the others.
    Scalar,
    /// WebAssembly's 128-bit SIMD.
    Wasm128,
    /// AVX2 and FMA.
    Avx2,
    /// AVX-512 F and BW.
    Avx512,
}

impl Kernel {
    /// All kernels, the fastest last.
    pub const ALL: [Self; 4] = [Self::Scalar, Self::Wasm128, Self::Avx2, Self::Avx512];

    /// The fastest kernel that runs here.
    #[must_use]
    pub fn best() -> Self {
        *BEST
    }

    /// Whether this kernel runs here.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Self::Scalar => true,
            Self::Wasm128 => cfg!(all(target_arch = "wasm32", target_feature = "simd128")),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => Avx2::detect().is_some(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => Avx512::detect().is_some(),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::Avx512 => false,
        }
    }

    /// What takes a picture's rows with this kernel; `None` where it does not run here.
    pub(super) fn filter(
        self,
        width: usize,
        height: usize,
        kind: RowKind,
    ) -> Option<Box<dyn Filter + Send>> {
        if !self.is_available() {
            return None;
        }
        if (width, height) == (SAMPLE, SAMPLE) {
            // Such a picture is its own sample: nothing is filtered.
            return Some(Box::new(Scalar::new(width, height, kind)));
        }
        match self {
            Self::Scalar => Some(Box::new(Scalar::new(width, height, kind))),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => Some(Box::new(Tiled::new(Avx2::detect()?, width, height, kind))),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => Some(Box::new(Tiled::new(Avx512::detect()?, width, height, kind))),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::Avx512 => None,
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Self::Wasm128 => Some(Box::new(Tiled::new(Wasm128, width, height, kind))),
            #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
            Self::Wasm128 => None,
        }
    }
}

static BEST: LazyLock<Kernel> = LazyLock::new(|| {
    let available = Kernel::ALL
        .into_iter()
        .rev()
        .find(|kernel| kernel.is_available());
    available.unwrap_or(Kernel::Scalar)
});
