//! What decoding one file may use.

use std::fmt;

use seawall_core::Limits;

/// The limits of one decoding, with a way to ask whether its time is over.
#[derive(Clone, Copy)]
pub struct Budget<'a> {
    /// Bytes, pixels, frames, memory.
    pub limits: &'a Limits,
    /// Says whether the time is over; asked between rows, frames and pages.
    pub expired: &'a dyn Fn() -> bool,
}

impl fmt::Debug for Budget<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget")
            .field("limits", self.limits)
            .finish_non_exhaustive()
    }
}
