//! The plain loops, compiled for processors that count bits in one instruction.

use super::{Run, scalar};

/// # Safety
/// The processor must have POPCNT.
#[target_feature(enable = "popcnt")]
pub(super) unsafe fn within(
    needle: &[u64; 4],
    haystack: &[[u64; 4]],
    distance_max: u16,
    found: &mut dyn FnMut(usize, u16),
) {
    scalar::within(needle, haystack, distance_max, found);
}

/// # Safety
/// The processor must have POPCNT.
#[target_feature(enable = "popcnt")]
pub(super) unsafe fn within_rows(
    needle: &[u64; 4],
    haystack: &[[u64; 4]],
    rows: &[u32],
    distance_max: u16,
    found: &mut Vec<(u32, u16)>,
) {
    scalar::within_rows(needle, haystack, rows, distance_max, found);
}

/// # Safety
/// The processor must have POPCNT.
#[target_feature(enable = "popcnt")]
pub(super) unsafe fn within_runs(needle: u16, values: &[u16], runs: &[Run], found: &mut Vec<u32>) {
    scalar::within_runs(needle, values, runs, found);
}
