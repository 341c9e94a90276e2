//! What decoding one file may use.

use std::fmt;

use seawall_core::{Limits, ViewOptions};

/// The limits of one decoding, with a way to ask whether its time is over, and what is wanted
/// beyond the usual.
#[derive(Clone, Copy)]
pub struct Budget<'a> {
    /// Bytes, pixels, frames, memory.
    pub limits: &'a Limits,
    /// Says whether the time is over; asked between rows, frames and pages.
    pub expired: &'a dyn Fn() -> bool,
    /// The forms of each picture that are handed out beside the usual ones.
    pub views: ViewOptions,
}

impl fmt::Debug for Budget<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget")
            .field("limits", self.limits)
            .field("views", &self.views)
            .finish_non_exhaustive()
    }
}
