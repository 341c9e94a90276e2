//! What every kernel is to the stream that feeds it.

use super::sampling::Sampler;

/// Takes rows in batches and ends with the sample.
pub(super) trait Filter {
    /// Rows in a batch.
    fn batch_rows(&self) -> usize;
    /// Takes one batch in. `ahead` is what will be read next, as far as that is known.
    fn take(&mut self, pixels: &[u8], ahead: &[u8]);
    /// Whether batches of zeros have to follow the picture before the sample is complete.
    fn wants_more(&self) -> bool;
    /// A second one in the same state.
    fn copied(&self) -> Box<dyn Filter + Send>;
    /// The sample, once no more is wanted.
    fn into_sampler(self: Box<Self>) -> Sampler;
}
