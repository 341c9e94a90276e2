//! Which kernel does the work: chosen once, by what the processor has.

use std::sync::LazyLock;

use super::RowKind;
use super::filter::Filter;
use super::sampling::SAMPLE;
use super::scalar::Scalar;
#[cfg(any(
    target_arch = "x86_64",
    all(target_arch = "wasm32", target_feature = "simd128")
))]
use super::tiles;

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
        self == Self::Scalar || tiles::is_available(self)
    }

    /// What takes a picture's rows with this kernel; `None` where it does not run here.
    pub(super) fn filter(
        self,
        width: usize,
        height: usize,
        kind: RowKind,
    ) -> Option<Box<dyn Filter + Send>> {
        // A picture of the sample's size is its own sample: nothing is filtered.
        let is_sample = (width, height) == (SAMPLE, SAMPLE) && self.is_available();
        if self == Self::Scalar || is_sample {
            return Some(Box::new(Scalar::new(width, height, kind)));
        }
        tiles::filter(self, width, height, kind)
    }
}

/// Where no kernel with tiles was written for the processor.
#[cfg(not(any(
    target_arch = "x86_64",
    all(target_arch = "wasm32", target_feature = "simd128")
)))]
mod tiles {
    use super::{Filter, Kernel, RowKind};

    pub(super) fn filter(
        _kernel: Kernel,
        _width: usize,
        _height: usize,
        _kind: RowKind,
    ) -> Option<Box<dyn Filter + Send>> {
        None
    }

    pub(super) fn is_available(_kernel: Kernel) -> bool {
        false
    }
}

static BEST: LazyLock<Kernel> = LazyLock::new(|| {
    let available = Kernel::ALL
        .into_iter()
        .rev()
        .find(|kernel| kernel.is_available());
    available.unwrap_or(Kernel::Scalar)
});
