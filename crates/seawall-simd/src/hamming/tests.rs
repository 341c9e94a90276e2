//! One suite for all kernels: each must find what counting bit by bit finds.

use super::*;
use proptest::prelude::*;

fn within_by(
    kernel: Kernel,
    needle: &[u64; 4],
    haystack: &[[u64; 4]],
    max: u16,
) -> Vec<(usize, u16)> {
    let mut out = Vec::new();
    kernel.within(needle, haystack, max, &mut |position, distance| {
        out.push((position, distance));
    });
    out
}

fn flip(mut value: [u64; 4], bits: &[u8]) -> [u64; 4] {
    for &bit in bits {
        value[usize::from(bit) / 64] ^= 1 << (bit % 64);
    }
    value
}

fn slow_distance(a: &[u64; 4], b: &[u64; 4]) -> u16 {
    let bit = |value: &[u64; 4], k: usize| value[k / 64] >> (k % 64) & 1;
    (0..256).filter(|&k| bit(a, k) != bit(b, k)).count() as u16
}

proptest! {
    #[test]
    fn whole_values_are_found_where_counting_bit_by_bit_finds_them(
        needle: [u64; 4],
        flips in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..45), 0..40),
        strangers in prop::collection::vec(any::<[u64; 4]>(), 0..20),
        max in 0_u16..=256,
    ) {
        let near = flips.iter().map(|bits| flip(needle, bits));
        let haystack: Vec<[u64; 4]> = near.chain(strangers).collect();
        let distances = haystack.iter().map(|value| slow_distance(value, &needle));
        let expected: Vec<_> = distances.enumerate().filter(|&(_, d)| d <= max).collect();
        for kernel in Kernel::available() {
            prop_assert_eq!(&within_by(kernel, &needle, &haystack, max), &expected, "{:?}", kernel);
        }
    }

    #[test]
    fn chosen_rows_are_found_in_the_order_in_which_they_are_given(
        needle: [u64; 4],
        flips in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..45), 1..40),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 0..60),
        max in 0_u16..=64,
    ) {
        let haystack: Vec<[u64; 4]> = flips.iter().map(|bits| flip(needle, bits)).collect();
        let rows: Vec<u32> = picks.iter().map(|pick| pick.index(haystack.len()) as u32).collect();
        let distances = rows.iter().map(|&row| (row, slow_distance(&haystack[row as usize], &needle)));
        let expected: Vec<_> = distances.filter(|&(_, d)| d <= max).collect();
        for kernel in Kernel::available() {
            let mut found = Vec::new();
            kernel.within_rows(&needle, &haystack, &rows, max, &mut found);
            prop_assert_eq!(&found, &expected, "{:?}", kernel);
        }
    }

    #[test]
    fn runs_are_searched_each_within_its_own_distance(
        needle: u16,
        values in prop::collection::vec(any::<u16>(), 0..300),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0_u16..20), 0..8),
    ) {
        let runs: Vec<Run> = cuts.iter().map(|(a, b, distance_max)| {
            let (a, b) = (a.index(values.len() + 1) as u32, b.index(values.len() + 1) as u32);
            Run { start: a.min(b), end: a.max(b), distance_max: *distance_max }
        }).collect();
        let near = |at: u32, max: u16| {
            let differ = values[at as usize] ^ needle;
            (0..16).filter(|k| differ >> k & 1 == 1).count() <= usize::from(max)
        };
        let expected: Vec<u32> = runs.iter()
            .flat_map(|run| (run.start..run.end).filter(|&at| near(at, run.distance_max)))
            .collect();
        for kernel in Kernel::available() {
            let mut found = Vec::new();
            kernel.within_runs(needle, &values, &runs, &mut found);
            prop_assert_eq!(&found, &expected, "{:?}", kernel);
        }
    }
}

#[test]
fn the_bound_is_within_and_the_farthest_distance_is_256() {
    let zeros = [0_u64; 4];
    for kernel in Kernel::available() {
        for size in [1, 7, 8, 9, 16] {
            let ones = vec![[u64::MAX; 4]; size];
            let all: Vec<_> = (0..size).map(|position| (position, 256)).collect();
            assert_eq!(within_by(kernel, &zeros, &ones, 256), all, "{kernel:?}");
            assert!(
                within_by(kernel, &zeros, &ones, 255).is_empty(),
                "{kernel:?}"
            );
        }
    }
}

#[test]
fn a_hint_beyond_the_end_does_no_harm() {
    prefetch::<u64>(&[], 1 << 40);
    prefetch(&[1_u8], 0);
}
