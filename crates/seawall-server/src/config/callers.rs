//! `[callers]`: how often one caller may ask.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::ConfigError;

/// Limits for callers of the API listener.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallersLimits {
    /// Requests in a minute, of each token and of each address that is let in without one.
    pub per_minute: Option<u64>,
    /// Requests in a day of UTC, of each.
    pub per_day: Option<u64>,
    /// For tokens of these names instead.
    pub tokens: BTreeMap<String, CallerLimits>,
}

/// Limits for one caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallerLimits {
    /// Requests in a minute; any number where not given.
    pub per_minute: Option<u64>,
    /// Requests in a day of UTC; any number where not given.
    pub per_day: Option<u64>,
}

impl CallersLimits {
    /// The limits of a caller with a token of this name, or without one.
    #[must_use]
    pub fn of(&self, name: Option<&str>) -> CallerLimits {
        let own = name.and_then(|name| self.tokens.get(name));
        own.copied().unwrap_or(CallerLimits {
            per_minute: self.per_minute,
            per_day: self.per_day,
        })
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let own = self.tokens.values().copied();
        let all = own.chain([self.of(None)]);
        let mut limits = all.flat_map(|limits| [limits.per_minute, limits.per_day]);
        if limits.any(|limit| limit == Some(0)) {
            return Err(ConfigError::Value {
                key: "callers",
                advice: "a limit of 0 would refuse every request; revoke the token instead",
            });
        }
        Ok(())
    }
}
