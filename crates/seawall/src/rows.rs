//! Hashes in plain rows, looked at one by one: for what is read once and thrown away, where
//! building an index would cost more than it saves.

use seawall_core::{Distance, PdqHash, Threshold};

/// Calls `found(row, distance)` for every row within `distance_max` bits of `needle`, in
/// order. A row is the four words of a [`PdqHash`].
pub fn within(
    needle: PdqHash,
    rows: &[[u64; 4]],
    distance_max: Threshold,
    found: &mut dyn FnMut(usize, Distance),
) {
    seawall_simd::hamming::within(
        &needle.0,
        rows,
        distance_max.bits(),
        &mut |row, distance| {
            found(row, Distance(distance));
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_within_the_bound_are_found_and_the_bound_is_within() {
        let rows = [[0; 4], [0b111, 0, 0, 0], [0, 0, 0, 0b1111]];
        let mut found = Vec::new();
        let bound = Threshold::new(3).expect("a threshold");
        within(PdqHash([0; 4]), &rows, bound, &mut |row, distance| {
            found.push((row, distance.0));
        });
        assert_eq!(found, [(0, 0), (1, 3)]);
    }
}
