//! Keeps personal content out of logs and errors.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A value that prints as `[redacted]`: names, addresses, content.
///
/// It still serialises, because a case file has to hold it; what serialises it is
/// expected to seal it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Redacted<T>(pub T);

impl<T> Redacted<T> {
    /// The value itself. The call stands out in review, which is its purpose.
    pub fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<T> fmt::Display for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_debug_nor_display_shows_the_value() {
        let value = Redacted("somebody");
        assert_eq!(format!("{value:?} {value}"), "[redacted] [redacted]");
        assert_eq!(*value.reveal(), "somebody");
    }
}
