//! Errors with what they came from, for logs and people.

use std::error::Error;

/// An error and what caused it, in one line: each text once, parted by colons.
#[must_use]
pub fn causes(error: &dyn Error) -> String {
    let mut causes = vec![error.to_string()];
    let mut source = error.source();
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    causes.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("reading a list")]
    struct Outer(#[source] std::fmt::Error);

    #[test]
    fn every_cause_is_told_in_its_order() {
        let error = Outer(std::fmt::Error);
        let inner = std::fmt::Error.to_string();
        assert_eq!(causes(&error), format!("reading a list: {inner}"));
        assert_eq!(causes(&std::fmt::Error), inner);
    }
}
