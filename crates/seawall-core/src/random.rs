//! Where randomness comes from.

/// Fills buffers with random bytes. Production asks the operating system; tests use a seed.
pub trait Random: Send + Sync {
    /// Fills `buffer` with bytes that cannot be guessed.
    fn fill(&self, buffer: &mut [u8]);
}
