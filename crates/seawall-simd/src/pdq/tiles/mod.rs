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

#[cfg(test)]
mod tests {
    use super::lanes::{Divisor, Isa};
    use crate::pdq::scalar;

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn each_instruction_set_gives_the_bits_of_plain_floats() {
        if let Some(isa) = super::avx2::Avx2::detect() {
            check(isa);
        }
        if let Some(isa) = super::avx512::Avx512::detect() {
            check(isa);
        }
    }

    fn check<I: Isa<N>, const N: usize>(isa: I) {
        luma_of_every_colour(isa);
        quotients_near_the_middle_between_floats(isa);
        let row = |y: usize| std::array::from_fn(|x| (y * N + x) as f32);
        let block = std::array::from_fn(|y| isa.group(&row(y)));
        let columns = isa.transpose(block).map(|group| isa.lanes(group));
        for (x, column) in columns.iter().enumerate() {
            assert_eq!(*column, std::array::from_fn(|y| row(y)[x]));
        }
        let [a, b] = [isa.group(&row(3)), isa.splat(0.1)];
        assert_eq!(isa.lanes(isa.add(a, b)), row(3).map(|v| v + 0.1));
        assert_eq!(isa.lanes(isa.sub(a, b)), row(3).map(|v| v - 0.1));
        let grey: [u8; N] = std::array::from_fn(|k| (255 - k) as u8);
        assert_eq!(isa.lanes(isa.luma_of_grey(&grey)), grey.map(f32::from));
    }

    fn luma_of_every_colour<I: Isa<N>, const N: usize>(isa: I) {
        let thousand = isa.divisor(&Divisor::THOUSAND);
        let (mut row, mut luma) = (Vec::new(), vec![0.0; 1 << 16]);
        for red in 0..=255_u8 {
            row.clear();
            for green in 0..=255_u8 {
                row.extend((0..=255_u8).flat_map(|blue| [red, green, blue]));
            }
            scalar::luma_of_rgb(&row, &mut luma);
            for (pixels, expected) in row.chunks_exact(3 * N).zip(luma.chunks_exact(N)) {
                let got = isa.lanes(isa.luma_of_rgb(pixels, &thousand));
                assert_eq!(got.map(f32::to_bits)[..], bits(expected));
            }
        }
    }

    fn quotients_near_the_middle_between_floats<I: Isa<N>, const N: usize>(isa: I) {
        for whole in 1..=600 {
            let prepared = isa.divisor(&Divisor::new(whole));
            let middle = |k: usize| (((1 << 23) + 13_007 * k) as f64 + 0.5) * whole as f64;
            for start in (0..320).step_by(N) {
                let values = std::array::from_fn(|k| middle(start + k) as f32);
                let got = isa.lanes(isa.divide(isa.group(&values), &prepared));
                let expected = values.map(|value| value / whole as f32);
                assert_eq!(got.map(f32::to_bits)[..], bits(&expected));
            }
        }
    }

    fn bits(values: &[f32]) -> Vec<u32> {
        values.iter().map(|value| value.to_bits()).collect()
    }
}
