//! Times PDQ of noise: `time_pdq WIDTH HEIGHT [REPEATS]`, each kernel, the best of the repeats.
#![allow(clippy::print_stdout)]

use std::time::{Duration, Instant};

use seawall_simd::pdq::{Kernel, RowKind, pdq_with};

fn main() {
    let mut arguments = std::env::args().skip(1).map_while(|text| text.parse().ok());
    let (Some(width), Some(height)) = (arguments.next(), arguments.next()) else {
        println!("usage: time_pdq WIDTH HEIGHT [REPEATS]");
        return;
    };
    let repeats = arguments.next().unwrap_or(5_usize);
    for kind in [RowKind::Rgb8, RowKind::Luma8] {
        let pixels = noise(width * height * kind.bytes());
        for kernel in Kernel::ALL.into_iter().filter(|k| k.is_available()) {
            let mut best = Duration::MAX;
            for _ in 0..repeats {
                let start = Instant::now();
                let output = pdq_with(kernel, width, height, kind, &pixels);
                best = best.min(start.elapsed());
                assert!(output.is_some(), "the sides are large enough");
            }
            let milliseconds = best.as_secs_f64() * 1e3;
            println!("{width} × {height} {kind:?} {kernel:?}: {milliseconds:.3} ms");
        }
    }
}

fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let next = |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..length).map(next).collect()
}
