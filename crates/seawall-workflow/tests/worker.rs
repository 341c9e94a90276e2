//! Checks of the decoding workers.
fn main() {}
