//! A bank's entries, ready to be put into an index.

use std::fmt;

use seawall_core::{BankId, ContentId, Hash, PdqHash, Threshold};

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

/// One bank's hashes with its settings. It never changes.
#[derive(Clone)]
pub struct BankIndex {
    pub(super) settings: BankSettings,
    pub(super) hashes: Vec<[u64; 4]>,
    /// The content of each PDQ value, in the same order.
    pub(super) contents: Vec<ContentId>,
    pub(super) digests: Vec<(Hash, ContentId)>,
}

impl BankIndex {
    /// A bank of these entries.
    #[must_use]
    pub fn new(settings: BankSettings, entries: impl IntoIterator<Item = Entry>) -> Self {
        let entries = entries.into_iter();
        let mut bank = Self {
            settings,
            hashes: Vec::with_capacity(entries.size_hint().0),
            contents: Vec::with_capacity(entries.size_hint().0),
            digests: Vec::new(),
        };
        for Entry { content, hash } in entries {
            match hash {
                Hash::Pdq(PdqHash(words)) => {
                    bank.hashes.push(words);
                    bank.contents.push(content);
                }
                Hash::Md5(_) | Hash::Sha1(_) | Hash::Sha256(_) => {
                    bank.digests.push((hash, content));
                }
            }
        }
        bank
    }

    /// The same hashes under other settings.
    #[must_use]
    pub fn with_settings(&self, settings: BankSettings) -> Self {
        Self {
            settings,
            ..self.clone()
        }
    }

    /// The bank's settings.
    #[must_use]
    pub fn settings(&self) -> &BankSettings {
        &self.settings
    }

    /// The number of hashes held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.hashes.len() + self.digests.len()
    }

    /// Whether no hash is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Debug for BankIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "BankIndex(bank {}, {} hashes)",
            self.settings.bank,
            self.len()
        )
    }
}
