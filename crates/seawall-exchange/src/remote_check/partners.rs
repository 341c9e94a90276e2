//! The descriptions that ship with Seawall.

use super::Description;

/// Project Arachnid Shield, by PDQ. Its secrets are `user` and `password`.
#[must_use]
pub fn arachnid_shield() -> Description {
    Description::read(include_bytes!("partners/arachnid_shield.toml"))
        .expect("the description that ships is one: a test reads it")
}
