//! Which kernel does the work: chosen once, by what the processor has.

use std::sync::LazyLock;

#[cfg(target_arch = "x86_64")]
use super::avx2::Avx2;
#[cfg(target_arch = "x86_64")]
use super::avx512::Avx512;
use super::portable::Portable;
use super::tiled::{Batch, batch};
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use super::wasm128::Wasm128;

/// A way to compute PDQ. All give the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kernel {
    /// One value at a time: the oracle of the others.
    Scalar,
    /// Tiles in plain Rust, for any processor.
    Portable,
    /// Tiles with AVX2 and FMA.
    Avx2,
    /// Tiles with AVX-512 F and BW.
    Avx512,
    /// Tiles with WebAssembly's 128-bit SIMD.
    Wasm128,
}

impl Kernel {
    /// All kernels, the fastest last.
    pub const ALL: [Self; 5] = [
        Self::Scalar,
        Self::Portable,
        Self::Wasm128,
        Self::Avx2,
        Self::Avx512,
    ];

    /// The fastest kernel that runs here.
    #[must_use]
    pub fn best() -> Self {
        *BEST
    }

    /// Whether this kernel runs here.
    #[must_use]
    pub fn is_available(self) -> bool {
        self == Self::Scalar || self.tiles().is_some()
    }

    /// The proof that this kernel's instructions are there; `None` also for the scalar form,
    /// which has no tiles.
    pub(super) fn tiles(self) -> Option<Tiles> {
        match self {
            Self::Scalar => None,
            Self::Portable => Some(Tiles::Portable),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => Avx2::detect().map(Tiles::Avx2),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => Avx512::detect().map(Tiles::Avx512),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::Avx512 => None,
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Self::Wasm128 => Some(Tiles::Wasm128),
            #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
            Self::Wasm128 => None,
        }
    }
}

/// A kernel that works in tiles, with its proof.
#[derive(Clone, Copy)]
pub(super) enum Tiles {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    Wasm128,
}

impl Tiles {
    /// Takes sixteen rows through all passes.
    pub(super) fn batch(self, on: Batch<'_>) {
        match self {
            Self::Portable => batch(Portable, on),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(isa) => isa.batch(on),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(isa) => isa.batch(on),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Self::Wasm128 => batch(Wasm128, on),
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
