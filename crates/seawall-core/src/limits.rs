//! What decoding may use.

use serde::{Deserialize, Serialize};

/// The bounds within which foreign bytes are decoded. Nothing is decoded without them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Largest file, in bytes.
    pub bytes_max: u64,
    /// Largest picture, in pixels (width × height).
    pub pixels_max: u64,
    /// How many frames or pages of one file are hashed at most; they are spread over the file.
    pub frames_max: u32,
    /// Memory that decoding may allocate, in bytes.
    pub memory_bytes_max: u64,
    /// Time that decoding and hashing one file may take, in milliseconds.
    pub time_ms_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes_max: 64 << 20,
            pixels_max: 150_000_000,
            frames_max: 32,
            memory_bytes_max: 256 << 20,
            time_ms_max: 20_000,
        }
    }
}
