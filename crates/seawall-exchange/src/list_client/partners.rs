//! The descriptions that ship with Seawall.

use super::Description;

/// Tech Against Terrorism's hash list, version 2. Its secrets are `user` and `password`.
#[must_use]
pub fn tat() -> Description {
    Description::read(include_bytes!("partners/tat.toml"))
        .expect("the description that ships is one: a test reads it")
}
