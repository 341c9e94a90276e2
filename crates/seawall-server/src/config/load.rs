//! `[load]`: what the server takes on at once.

use serde::Deserialize;

use super::ConfigError;

/// How much work is let in; what is beyond is refused at once, with the time to come again.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Load {
    /// Memory for uploads on their way in, in bytes, together.
    pub upload_memory_bytes: usize,
    /// How many uploads wait for a decoder.
    pub uploads_waiting: usize,
    /// How long a body may pause, in milliseconds.
    pub body_pause_ms: u64,
    /// How many connections each listener has open at once.
    pub connections: usize,
    /// How many of them one address has, or one /64 network of IPv6.
    pub connections_per_address: usize,
    /// How long an answer may lie unread, in milliseconds.
    pub answer_pause_ms: u64,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            upload_memory_bytes: 256 << 20,
            uploads_waiting: 64,
            body_pause_ms: 10_000,
            connections: 4_096,
            connections_per_address: 1_024,
            answer_pause_ms: 30_000,
        }
    }
}

impl Load {
    /// `file_bytes_max`: the largest file that decoding takes.
    pub(super) fn check(&self, file_bytes_max: u64) -> Result<(), ConfigError> {
        // A form has some bytes around its file.
        let least = file_bytes_max.saturating_add(1 << 20);
        if (self.upload_memory_bytes as u64) < least {
            return Err(ConfigError::Value {
                key: "load.upload_memory_bytes",
                advice: "the largest file (decode.limits.bytes_max) and a megabyte have to fit in",
            });
        }
        if self.upload_memory_bytes > MEMORY_BYTES_MAX || self.uploads_waiting > WAITING_MAX {
            return Err(ConfigError::Value {
                key: "load",
                advice: "at most a terabyte of memory, and 100000 uploads that wait",
            });
        }
        for (key, connections) in [
            ("load.connections", self.connections),
            ("load.connections_per_address", self.connections_per_address),
        ] {
            if !(1..=CONNECTIONS_MAX).contains(&connections) {
                return Err(ConfigError::Value {
                    key,
                    advice: "give 1 to 1000000 connections",
                });
            }
        }
        if !(100..=600_000).contains(&self.answer_pause_ms) {
            return Err(ConfigError::Value {
                key: "load.answer_pause_ms",
                advice: "give 100 to 600000 milliseconds",
            });
        }
        if !(100..=120_000).contains(&self.body_pause_ms) {
            return Err(ConfigError::Value {
                key: "load.body_pause_ms",
                advice: "give 100 to 120000 milliseconds: a request is ended after two minutes anyway",
            });
        }
        Ok(())
    }
}

const MEMORY_BYTES_MAX: usize = 1 << 40;
const WAITING_MAX: usize = 100_000;
const CONNECTIONS_MAX: usize = 1_000_000;
