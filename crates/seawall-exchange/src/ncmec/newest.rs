//! What a window gave of each entry: entries come in no order of time.

use std::collections::HashMap;

use seawall_core::Timestamp;

use crate::feed::{Entry, EntryKey, EntryState};

/// When each entry of a window last changed, as far as the window was read.
///
/// At most [`KEYS_MAX`] entries are remembered; those beyond are all let through.
#[derive(Default)]
pub(super) struct Newest(HashMap<EntryKey, (Timestamp, EntryState)>);

impl Newest {
    /// Whether an entry is to be given: nothing newer of it was, nor a withdrawal of its time.
    pub(super) fn admits(&mut self, entry: &Entry) -> bool {
        let Some(at) = entry.changed_at else {
            return true;
        };
        let is_known = match self.0.get(&entry.key) {
            Some(&(known, _)) if at < known => return false,
            Some(&(known, EntryState::Withdrawn))
                if at == known && entry.state == EntryState::Active =>
            {
                return false;
            }
            known => known.is_some(),
        };
        if is_known || self.0.len() < KEYS_MAX {
            self.0.insert(entry.key.clone(), (at, entry.state));
        }
        true
    }

    /// Forgets what is not newer than the end of a window: nothing older follows.
    pub(super) fn forget_until(&mut self, end: Timestamp) {
        self.0.retain(|_, (at, _)| *at > end);
    }
}

const KEYS_MAX: usize = 250_000;
