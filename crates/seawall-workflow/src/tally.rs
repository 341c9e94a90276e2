//! Counts of scans, written to the log once a minute as one event.
//!
//! A scan that matches nothing changes no state and leaves no row. What a power cut can
//! lose is at most a minute of these counts, never a matched upload.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use seawall_casework::audit::EventDraft;
use seawall_casework::context::ChannelKind;
use seawall_core::{Actor, EventKind, Outcome};
use seawall_store::{Change, StoreError};

use crate::Workflow;

#[derive(Default)]
pub(crate) struct Tally(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    scans: BTreeMap<&'static str, u64>,
    channels: BTreeMap<&'static str, u64>,
    without_match: u64,
    lookups: u64,
    lookups_matched: u64,
}

impl Tally {
    pub(crate) fn count(&self, outcome: Outcome, channel: ChannelKind, matched: bool) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.scans.entry(outcome.name()).or_default() += 1;
        *counts.channels.entry(channel.name()).or_default() += 1;
        counts.without_match += u64::from(!matched);
    }

    /// Counts a lookup of one hash, which opens no case.
    pub(crate) fn count_lookup(&self, matched: bool) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.lookups += 1;
        counts.lookups_matched += u64::from(matched);
    }

    fn take(&self) -> Option<Counts> {
        let counts = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        (!counts.scans.is_empty() || counts.lookups > 0).then_some(counts)
    }
}

impl Workflow {
    /// Writes the counts since the last call as events; nothing where nothing was scanned.
    ///
    /// # Errors
    /// [`StoreError`]; the counts are lost then.
    pub fn write_tally(&self) -> Result<(), StoreError> {
        self.write_seen_tally()?;
        let Some(counts) = self.tally.take() else {
            return Ok(());
        };
        let event = EventDraft::new(EventKind::LookupsTallied, Actor::System)
            .with("technology", "pdq+digests")
            .with("scans", serde_json::json!(counts.scans))
            .with("channels", serde_json::json!(counts.channels))
            .with("without_match", counts.without_match)
            .with("lookups", counts.lookups)
            .with("lookups_matched", counts.lookups_matched);
        self.store
            .write(self.clock.now(), |_| Ok(Change::new(()).event(event)))
    }
}
