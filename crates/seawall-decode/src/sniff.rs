//! The format of a file, told from its content.

use seawall_core::MediaType;

/// The media type of these bytes, by content alone.
#[must_use]
pub fn sniff(_bytes: &[u8]) -> MediaType {
    MediaType::Unknown
}
