//! `[log]`: what is written down about requests.

use serde::Deserialize;

/// Which requests are logged, one line each, without addresses, names and hashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessLog {
    /// None.
    Off,
    /// All but those that only read and went well.
    #[default]
    Changes,
    /// All.
    All,
}

/// What is logged.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// Which requests.
    pub access: AccessLog,
}
