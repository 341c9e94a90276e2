//! `[seen]`: which uploads that matched nothing are remembered, and for how long.

use seawall_casework::context::ChannelKind;
use seawall_workflow::SeenPolicy;
use serde::Deserialize;

use super::ConfigError;

/// What the seen index keeps.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Seen {
    /// The channels whose uploads are kept; none where empty. Private ones are refused.
    pub channels: Vec<ChannelKind>,
    /// For how many days.
    pub keep_days: u32,
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            channels: Vec::new(),
            keep_days: SeenPolicy::default().keep_days,
        }
    }
}

impl Seen {
    /// The policy.
    #[must_use]
    pub fn policy(&self) -> SeenPolicy {
        SeenPolicy {
            channels: self.channels.iter().copied().collect(),
            keep_days: self.keep_days,
        }
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.channels.contains(&ChannelKind::Private) {
            return Err(ConfigError::Value {
                key: "seen.channels",
                advice: "what people send each other is never kept; take \"private\" out",
            });
        }
        if !(1..=KEEP_DAYS_MAX).contains(&self.keep_days) {
            return Err(ConfigError::Value {
                key: "seen.keep_days",
                advice: "give 1 to 3650 days; to keep nothing, name no channels",
            });
        }
        Ok(())
    }
}

const KEEP_DAYS_MAX: u32 = 3_650;
