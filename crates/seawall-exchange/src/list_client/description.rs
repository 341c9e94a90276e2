//! The description of a list, as a page of TOML.

use std::collections::BTreeMap;

use serde::Deserialize;
use url::Url;

use super::{EntryFields, Paging};
use crate::description::{
    Address, Authentication, DescriptionError, Place, TimeFormat, read_toml, rule,
};

/// A partner's list: where it is, how one signs in, how it is read, and what its fields mean.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// What people call it.
    pub name: String,
    /// The address that every path lies below, such as `https://api.partner.example/v1/`.
    pub address: Url,
    /// After how many days without a fetch the list has to be read from its beginning, because
    /// the partner no longer tells what was withdrawn. Where nothing is said, a checkpoint
    /// holds for good.
    #[serde(default)]
    pub stale_after_days: Option<u16>,
    /// How one signs in.
    pub authentication: Authentication,
    /// What is asked.
    pub request: ListRequest,
    /// How the pages follow each other.
    pub paging: Paging,
    /// Where a later run goes on. Where nothing is said, each run gives the whole list, and what
    /// it does not give is withdrawn.
    #[serde(default)]
    pub checkpoint: Checkpointing,
    /// Where in a page the entries stand, and what their fields mean.
    pub entries: EntryFields,
}

/// What is asked for a page: always by `GET`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListRequest {
    /// The list's path below the address.
    pub path: String,
    /// Query parameters that every page is asked with.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
}

/// Where a later run of a list goes on: `kind` in `[checkpoint]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Checkpointing {
    /// Each run gives the whole list: `kind = "none"`.
    None {},
    /// After the last cursor, which holds for good: `kind = "cursor"`. Paging has to be by
    /// cursor, and what changes has to come again after it.
    Cursor {
        /// For cursors that are made of times: how many seconds the entries before a cursor have
        /// to be older than the newest one for a later run to begin there, for what the partner
        /// lists late or with the same time; 0 where nothing is said. Entries need `changed_at`
        /// then.
        #[serde(default)]
        overlap_s: u32,
    },
    /// From the time of the newest entry on: `kind = "time"`. Entries need `changed_at`, and
    /// what is withdrawn has to come again as such.
    Time {
        /// The query parameter that takes the time.
        parameter: String,
        /// How the time is written.
        format: TimeFormat,
        /// How many seconds before the newest entry the next run begins, for what the partner
        /// lists late; 300 where nothing is said.
        #[serde(default = "overlap_s")]
        overlap_s: u32,
    },
    /// From a value on that the last page gives for it: `kind = "answer"`. What is withdrawn
    /// has to come again as such.
    Answer {
        /// The query parameter that takes the value.
        parameter: String,
        /// Where in the last page it stands.
        at: Place,
    },
}

impl Default for Checkpointing {
    fn default() -> Self {
        Self::None {}
    }
}

impl Checkpointing {
    /// The query parameter that takes what is kept between runs, where it is no cursor.
    pub(super) fn since_parameter(&self) -> Option<&str> {
        match self {
            Self::None {} | Self::Cursor { .. } => None,
            Self::Time { parameter, .. } | Self::Answer { parameter, .. } => Some(parameter),
        }
    }
}

impl Description {
    /// Reads a description.
    ///
    /// # Errors
    /// [`DescriptionError`], with the line where it can be told.
    pub fn read(toml: &[u8]) -> Result<Self, DescriptionError> {
        let description: Self = read_toml(toml)?;
        description.check()?;
        Ok(description)
    }

    /// The names of the secrets that it needs.
    #[must_use]
    pub fn secrets(&self) -> Vec<&str> {
        self.authentication.secrets()
    }

    fn check(&self) -> Result<(), DescriptionError> {
        Address::new(self.address.clone())?.below(&self.request.path)?;
        let is_by_cursor = matches!(self.paging, Paging::Cursor { .. });
        let needs_cursor = matches!(self.checkpoint, Checkpointing::Cursor { .. });
        let needs_time = match self.checkpoint {
            Checkpointing::None {} | Checkpointing::Answer { .. } => false,
            Checkpointing::Cursor { overlap_s } => overlap_s > 0,
            Checkpointing::Time { .. } => true,
        };
        rule(
            is_by_cursor || !needs_cursor,
            "checkpoint",
            "kind = \"cursor\" needs paging by cursor",
        )?;
        rule(
            self.entries.changed_at.is_some() || !needs_time,
            "checkpoint",
            "kind = \"time\" and overlap_s need changed_at in [entries]",
        )?;
        self.entries.check()
    }
}

fn overlap_s() -> u32 {
    300
}
