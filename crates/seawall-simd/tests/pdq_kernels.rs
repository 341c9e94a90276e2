//! One suite for all PDQ kernels: each gives the bits of the scalar form, and that gives the
//! bits of the plain form written down here.
//!
//! `cargo xtask test` also builds this file for WebAssembly and runs it there.

use seawall_simd::pdq::{Kernel, PdqOutput, PdqStream, RowKind, pdq_with};

const KINDS: [RowKind; 2] = [RowKind::Luma8, RowKind::Rgb8];

/// Sides at which the window, the tile or the batch changes.
const SIDES: [usize; 18] = [
    5, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 130, 255, 256, 257, 385,
];

/// Fails where a kernel that runs here differs from the scalar form in any bit.
fn check(width: usize, height: usize, kind: RowKind, pixels: &[u8]) {
    let of = |kernel| pdq_with(kernel, width, height, kind, pixels).expect("large enough");
    let scalar = bits(&of(Kernel::Scalar));
    for kernel in Kernel::ALL.into_iter().filter(|k| k.is_available()) {
        assert!(
            bits(&of(kernel)) == scalar,
            "{kernel:?} differs at {width} × {height}, {kind:?}"
        );
    }
}

fn bits(output: &PdqOutput) -> ([u64; 4], u8, Vec<u32>, u32) {
    let coefficients = output.coefficients.iter().map(|c| c.to_bits()).collect();
    let median = output.median.to_bits();
    (output.hash, output.quality, coefficients, median)
}

fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed;
    let next = |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..length).map(next).collect()
}

/// A picture of a kind that a filter could go wrong at.
#[derive(Clone, Copy, Debug)]
enum Pattern {
    #[cfg_attr(
        target_family = "wasm",
        expect(dead_code, reason = "drawn by chance alone")
    )]
    Noise(u64),
    Flat(u8),
    Gradient,
    Extremes,
    LastPixel,
}

fn drawn(pattern: Pattern, width: usize, height: usize, kind: RowKind) -> Vec<u8> {
    let row_bytes = width * kind.bytes();
    let length = row_bytes * height;
    let each = |value: &dyn Fn(usize, usize) -> u8| {
        (0..length)
            .map(|at| value(at % row_bytes, at / row_bytes))
            .collect()
    };
    match pattern {
        Pattern::Noise(seed) => noise(length, seed),
        Pattern::Flat(value) => vec![value; length],
        Pattern::Gradient => each(&|x, y| (x * 255 / row_bytes / 2 + y * 255 / height / 2) as u8),
        Pattern::Extremes => each(&|x, y| if (x / 7 + y / 5) % 2 == 0 { 0 } else { 255 }),
        Pattern::LastPixel => each(&|x, y| u8::from(x + 1 == row_bytes && y + 1 == height) * 255),
    }
}

/// A picture that differs from another one below some row needs only those rows.
#[test]
fn a_copy_of_a_stream_goes_on_from_its_row() {
    for kind in KINDS {
        for (width, height, common) in [(64, 64, 20), (257, 130, 0), (300, 200, 77), (90, 97, 96)] {
            let one = noise(width * height * kind.bytes(), 1);
            let mut other = noise(one.len(), 2);
            let (head, rest) = one.split_at(common * width * kind.bytes());
            other[..head.len()].copy_from_slice(head);
            for kernel in Kernel::ALL.into_iter().filter(|k| k.is_available()) {
                let stream = PdqStream::with_kernel(kernel, width, height, kind);
                let mut first = stream.expect("large enough");
                first.push_rows(head);
                let mut second = first.clone();
                second.push_rows(&other[head.len()..]);
                first.push_rows(rest);
                for (stream, pixels) in [(first, &one), (second, &other)] {
                    let found = stream.finish().expect("all rows were taken");
                    let whole = pdq_with(kernel, width, height, kind, pixels);
                    assert!(bits(&found) == bits(&whole.expect("large enough")));
                }
            }
        }
    }
}

#[test]
fn kernels_agree_at_every_side_where_something_changes() {
    for width in SIDES {
        for height in SIDES {
            for kind in KINDS {
                let seed = (width * 1000 + height) as u64;
                check(
                    width,
                    height,
                    kind,
                    &noise(width * height * kind.bytes(), seed),
                );
            }
        }
    }
}

#[test]
fn kernels_agree_on_long_and_on_large_pictures() {
    let sizes = [
        (2000, 8),
        (8, 2000),
        (5, 4097),
        (4097, 5),
        (1023, 769),
        (2049, 2050),
    ];
    // An interpreter of WebAssembly takes minutes for millions of pixels.
    let is_quick =
        |side: &(usize, usize)| !cfg!(target_family = "wasm") || side.0 * side.1 < 1 << 20;
    for (width, height) in sizes.into_iter().filter(is_quick) {
        for kind in KINDS {
            check(
                width,
                height,
                kind,
                &noise(width * height * kind.bytes(), 11),
            );
        }
    }
}

#[test]
fn kernels_agree_on_extreme_pictures() {
    let patterns = [
        Pattern::Flat(0),
        Pattern::Flat(255),
        Pattern::Gradient,
        Pattern::Extremes,
        Pattern::LastPixel,
    ];
    for pattern in patterns {
        for (width, height) in [(5, 5), (64, 64), (63, 65), (300, 200), (520, 140)] {
            for kind in KINDS {
                check(width, height, kind, &drawn(pattern, width, height, kind));
            }
        }
    }
}

#[test]
fn the_registers_of_webassembly_are_used_where_they_are_there() {
    let is_wasm = cfg!(all(target_family = "wasm", target_feature = "simd128"));
    assert_eq!(Kernel::Wasm128.is_available(), is_wasm);
    assert_eq!(Kernel::best() == Kernel::Wasm128, is_wasm);
}

#[test]
fn scalar_gives_the_bits_of_the_plain_form_at_chosen_sides() {
    for (width, height) in [(5, 5), (63, 65), (128, 129), (300, 7), (7, 300), (260, 200)] {
        check_scalar(width, height, 3);
    }
}

/// Fails where the scalar form differs from the plain one in any bit.
fn check_scalar(width: usize, height: usize, seed: u64) {
    let grey = noise(width * height, seed);
    let ours = pdq_with(Kernel::Scalar, width, height, RowKind::Luma8, &grey);
    let ours = ours.expect("large enough").coefficients;
    let plain = plain_coefficients(&plain_sample(width, height, &grey));
    assert!(
        ours.map(f32::to_bits) == plain.map(f32::to_bits),
        "{width} × {height}"
    );
}

/// Pictures of one colour each and its neighbours in every row: all 2²⁴ colours pass through
/// the kernels' luma, 4096 rows of 4096 pixels.
#[test]
#[cfg(not(target_family = "wasm"))]
fn kernels_agree_on_every_colour() {
    let mut rgb = Vec::with_capacity(3 << 24);
    for colour in 0..1_u32 << 24 {
        rgb.extend_from_slice(&colour.to_be_bytes()[1..]);
    }
    check(4096, 4096, RowKind::Rgb8, &rgb);
}

/// The plain form of the filter, from the published description: full-size buffers, one pass
/// after the other.
fn plain_sample(width: usize, height: usize, grey: &[u8]) -> [[f32; 64]; 64] {
    let mut values: Vec<f32> = grey.iter().map(|&v| f32::from(v)).collect();
    for _ in 0..2 {
        for y in 0..height {
            plain_box(&mut values, y * width, width, 1);
        }
        for x in 0..width {
            plain_box(&mut values, x, height, width);
        }
    }
    let place = |k: usize, side: usize| ((k as f64 + 0.5) * side as f64 / 64.0) as usize;
    std::array::from_fn(|y| {
        std::array::from_fn(|x| values[place(y, height) * width + place(x, width)])
    })
}

fn plain_box(values: &mut [f32], start: usize, length: usize, stride: usize) {
    let line: Vec<f32> = (0..length).map(|k| values[start + k * stride]).collect();
    let (window, lead) = (length.div_ceil(128), length.div_ceil(128) / 2);
    let (mut sum, mut size) = (0.0_f32, 0_u16);
    for k in 0..length + lead {
        if k < length {
            sum += line[k];
            size += 1;
        }
        if k >= window {
            sum -= line[k - window];
            size -= 1;
        }
        if k >= lead {
            values[start + (k - lead) * stride] = sum / f32::from(size);
        }
    }
}

fn plain_coefficients(sample: &[[f32; 64]; 64]) -> [f32; 256] {
    let cosine = |slot: usize, k: usize| {
        let scale = f64::from((2.0_f64 / 64.0).sqrt() as f32);
        let angle = std::f64::consts::PI / 2.0 / 64.0 * (slot + 1) as f64 * (2 * k + 1) as f64;
        (scale * angle.cos()) as f32
    };
    let mut columns = [[0.0_f32; 64]; 16];
    for (slot, sums) in columns.iter_mut().enumerate() {
        for (x, sum) in sums.iter_mut().enumerate() {
            for (y, row) in sample.iter().enumerate() {
                *sum += cosine(slot, y) * row[x];
            }
        }
    }
    std::array::from_fn(|place| {
        let mut sum = 0.0_f32;
        for (k, value) in columns[place / 16].iter().enumerate() {
            sum += value * cosine(place % 16, k);
        }
        sum
    })
}

#[test]
fn sides_below_five_and_buffers_that_do_not_fit_give_nothing() {
    for kernel in Kernel::ALL.into_iter().filter(|k| k.is_available()) {
        let of = |width, height, kind, length| {
            pdq_with(kernel, width, height, kind, &vec![0; length]).is_some()
        };
        assert!(!of(4, 64, RowKind::Luma8, 256));
        assert!(!of(64, 4, RowKind::Luma8, 256));
        assert!(!of(5, 5, RowKind::Luma8, 24));
        assert!(!of(5, 5, RowKind::Rgb8, 25));
        assert!(!of(usize::MAX, 5, RowKind::Rgb8, 25));
        assert!(of(5, 5, RowKind::Rgb8, 75));
    }
}

#[test]
fn a_stream_with_rows_missing_gives_nothing() {
    for kernel in Kernel::ALL.into_iter().filter(|k| k.is_available()) {
        let mut stream =
            PdqStream::with_kernel(kernel, 70, 70, RowKind::Luma8).expect("large enough");
        stream.push_rows(&[0; 70 * 69]);
        assert!(stream.finish().is_none());
    }
}

#[test]
fn a_flat_picture_has_quality_zero() {
    let output = pdq_with(Kernel::best(), 200, 200, RowKind::Luma8, &[90; 40_000]);
    assert_eq!(output.expect("large enough").quality, 0);
}

/// On pictures drawn by chance, which WebAssembly has none of.
#[cfg(not(target_family = "wasm"))]
mod any_picture {
    use proptest::prelude::*;

    use super::*;

    fn pattern() -> impl Strategy<Value = Pattern> {
        prop_oneof![
            any::<u64>().prop_map(Pattern::Noise),
            any::<u8>().prop_map(Pattern::Flat),
            Just(Pattern::Gradient),
            Just(Pattern::Extremes),
            Just(Pattern::LastPixel),
        ]
    }

    fn kind() -> impl Strategy<Value = RowKind> {
        prop_oneof![Just(RowKind::Luma8), Just(RowKind::Rgb8)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn kernels_agree_on_any_picture(
            (width, height) in (5_usize..300, 5_usize..300),
            pattern in pattern(),
            kind in kind(),
        ) {
            check(width, height, kind, &drawn(pattern, width, height, kind));
        }

        #[test]
        fn it_does_not_matter_how_the_rows_come(
            (width, height) in (5_usize..150, 5_usize..150),
            seed: u64,
            kind in kind(),
            counts in proptest::collection::vec(1_usize..40, 1..20),
        ) {
            let row_bytes = width * kind.bytes();
            let pixels = noise(row_bytes * height, seed);
            for kernel in Kernel::ALL.into_iter().filter(|k| k.is_available()) {
                let whole = pdq_with(kernel, width, height, kind, &pixels).expect("large enough");
                let mut stream = PdqStream::with_kernel(kernel, width, height, kind).expect("as before");
                let mut rest = &pixels[..];
                for count in counts.iter().copied().cycle() {
                    let (now, later) = rest.split_at(rest.len().min(count * row_bytes));
                    if now.len() == row_bytes { stream.push_row(now) } else { stream.push_rows(now) }
                    rest = later;
                    if rest.is_empty() { break }
                }
                let streamed = stream.finish().expect("all rows were pushed");
                prop_assert!(bits(&streamed) == bits(&whole), "{:?}", kernel);
            }
        }

        #[test]
        fn scalar_gives_the_bits_of_the_plain_form(
            (width, height) in prop_oneof![
                (5_usize..300, 5_usize..300),
                (5_usize..12, 600_usize..900),
                (600_usize..900, 5_usize..12),
            ],
            seed: u64,
        ) {
            prop_assume!((width, height) != (64, 64));
            check_scalar(width, height, seed);
        }

        #[test]
        fn grey_and_the_same_grey_as_rgb_agree(seed: [u8; 32]) {
            let grey: Vec<u8> = (0..90 * 70_usize).map(|k| seed[k * k % 32] ^ (k % 251) as u8).collect();
            let rgb: Vec<u8> = grey.iter().flat_map(|&v| [v; 3]).collect();
            let best = Kernel::best();
            let of = |kind, pixels: &[u8]| pdq_with(best, 90, 70, kind, pixels);
            prop_assert!(of(RowKind::Luma8, &grey) == of(RowKind::Rgb8, &rgb));
        }
    }
}
