//! The kernels that work in tiles: one body, and for each instruction set a file of operations.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod axis;
mod lanes;
mod passes;
mod tiled;
#[cfg(target_arch = "wasm32")]
mod wasm128;

use super::filter::Filter;
use super::{Kernel, RowKind};
use tiled::Tiled;

/// What takes a picture's rows with this kernel; `None` where it does not run here or has no
/// tiles.
#[cfg(target_arch = "x86_64")]
pub(super) fn filter(
    kernel: Kernel,
    width: usize,
    height: usize,
    kind: RowKind,
) -> Option<Box<dyn Filter + Send>> {
    match kernel {
        Kernel::Avx2 => {
            let isa = avx2::Avx2::detect()?;
            Some(Box::new(Tiled::new(isa, width, height, kind)))
        }
        Kernel::Avx512 => {
            let isa = avx512::Avx512::detect()?;
            Some(Box::new(Tiled::new(isa, width, height, kind)))
        }
        Kernel::Scalar | Kernel::Wasm128 => None,
    }
}

/// What takes a picture's rows with this kernel; `None` where it does not run here or has no
/// tiles.
#[cfg(target_arch = "wasm32")]
pub(super) fn filter(
    kernel: Kernel,
    width: usize,
    height: usize,
    kind: RowKind,
) -> Option<Box<dyn Filter + Send>> {
    match kernel {
        Kernel::Wasm128 => Some(Box::new(Tiled::new(wasm128::Wasm128, width, height, kind))),
        Kernel::Scalar | Kernel::Avx2 | Kernel::Avx512 => None,
    }
}

/// Whether a kernel that works in tiles runs here.
pub(super) fn is_available(kernel: Kernel) -> bool {
    match kernel {
        Kernel::Scalar => false,
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2 => avx2::Avx2::detect().is_some(),
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx512 => avx512::Avx512::detect().is_some(),
        #[cfg(not(target_arch = "x86_64"))]
        Kernel::Avx2 | Kernel::Avx512 => false,
        Kernel::Wasm128 => cfg!(target_arch = "wasm32"),
    }
}
