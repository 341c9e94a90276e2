//! Hamming distance over many 256-bit values.

/// Calls `found(position, distance)` for every value within `distance_max` bits of `needle`.
pub fn within(
    _needle: &[u64; 4],
    _haystack: &[[u64; 4]],
    _distance_max: u16,
    _found: &mut dyn FnMut(usize, u16),
) {
}
