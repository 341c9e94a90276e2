//! The plain form of each kernel: what the others have to equal, and what runs elsewhere.

use super::{Run, distance, prefetch};

#[inline(always)]
pub(super) fn within(
    needle: &[u64; 4],
    haystack: &[[u64; 4]],
    distance_max: u16,
    found: &mut dyn FnMut(usize, u16),
) {
    for (position, value) in haystack.iter().enumerate() {
        let distance = distance(needle, value);
        if distance <= distance_max {
            found(position, distance);
        }
    }
}

#[inline(always)]
pub(super) fn within_rows(
    needle: &[u64; 4],
    haystack: &[[u64; 4]],
    rows: &[u32],
    distance_max: u16,
    found: &mut Vec<(u32, u16)>,
) {
    for (position, &row) in rows.iter().enumerate() {
        if let Some(&ahead) = rows.get(position + ROWS_AHEAD) {
            prefetch(haystack, ahead as usize);
        }
        let distance = distance(needle, &haystack[row as usize]);
        if distance <= distance_max {
            found.push((row, distance));
        }
    }
}

#[inline(always)]
pub(super) fn within_runs(needle: u16, values: &[u16], runs: &[Run], found: &mut Vec<u32>) {
    for run in runs {
        within_run(needle, values, run, found);
    }
}

#[inline(always)]
pub(super) fn within_run(needle: u16, values: &[u16], run: &Run, found: &mut Vec<u32>) {
    let run_values = &values[run.start as usize..run.end as usize];
    for (position, value) in (run.start..).zip(run_values) {
        if (needle ^ value).count_ones() <= u32::from(run.distance_max) {
            found.push(position);
        }
    }
}

/// About as many fetches from memory as a core keeps under way at once.
const ROWS_AHEAD: usize = 16;
