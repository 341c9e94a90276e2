//! A bank's entries, ready to be put into an index.

use std::collections::BTreeMap;
use std::fmt;

use seawall_core::{BankId, BankRole, ContentId, Hash, ListId, PdqHash, Threshold};

/// One listed hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The content that the hash belongs to.
    pub content: ContentId,
    /// The list of the bank that it came with, if with any.
    pub list: Option<ListId>,
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
    /// Whether what is near its entries is a match, or speaks against one.
    pub role: BankRole,
    /// Where lists of it differ, each list once. One that is not named here is as the bank is.
    pub lists: Vec<ListSettings>,
}

/// How one list of a bank matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListSettings {
    /// Its id, unique within the bank.
    pub list: ListId,
    /// Largest PDQ distance that is a match; the bank's where there is none.
    pub threshold: Option<Threshold>,
    /// Whether it takes part in lookups. It does not where its bank does not.
    pub enabled: bool,
}

impl BankSettings {
    /// Puts the lists in order, so that [`BankSettings::list`] finds them.
    pub(super) fn in_order(mut self) -> Self {
        self.lists.sort_by_key(|list| list.list);
        self
    }

    /// The largest PDQ distance that is a match for entries of a list, or of none.
    pub(super) fn threshold_of(&self, list: Option<ListId>) -> Threshold {
        let own = self.list(list).and_then(|list| list.threshold);
        own.unwrap_or(self.threshold)
    }

    /// Whether entries of a list, or of none, take part in lookups where their bank does.
    pub(super) fn is_list_enabled(&self, list: Option<ListId>) -> bool {
        self.list(list).is_none_or(|list| list.enabled)
    }

    fn list(&self, list: Option<ListId>) -> Option<&ListSettings> {
        let found = self.lists.binary_search_by_key(&list?, |known| known.list);
        found.ok().map(|position| &self.lists[position])
    }
}

/// One bank's hashes with its settings. It never changes.
#[derive(Clone)]
pub struct BankIndex {
    pub(super) settings: BankSettings,
    pub(super) lists: Vec<Listed>,
}

/// The entries of one list, or those of none.
#[derive(Clone, Default)]
pub(super) struct Listed {
    pub(super) list: Option<ListId>,
    pub(super) hashes: Vec<[u64; 4]>,
    /// The content of each PDQ value, in the same order.
    pub(super) contents: Vec<ContentId>,
    pub(super) digests: Vec<(Hash, ContentId)>,
}

/// The entries of each list together, lists in order.
pub(super) fn by_list(entries: impl IntoIterator<Item = Entry>) -> Vec<Listed> {
    let entries = entries.into_iter();
    let mut expected = entries.size_hint().0;
    let mut lists = BTreeMap::new();
    for Entry {
        content,
        list,
        hash,
    } in entries
    {
        let listed = lists.entry(list).or_insert_with(|| {
            // Most often there is one list.
            let expected = std::mem::take(&mut expected);
            Listed {
                list,
                hashes: Vec::with_capacity(expected),
                contents: Vec::with_capacity(expected),
                digests: Vec::new(),
            }
        });
        match hash {
            Hash::Pdq(PdqHash(words)) => {
                listed.hashes.push(words);
                listed.contents.push(content);
            }
            Hash::Md5(_) | Hash::Sha1(_) | Hash::Sha256(_) => {
                listed.digests.push((hash, content));
            }
        }
    }
    lists.into_values().collect()
}

impl BankIndex {
    /// A bank of these entries.
    #[must_use]
    pub fn new(settings: BankSettings, entries: impl IntoIterator<Item = Entry>) -> Self {
        Self {
            settings: settings.in_order(),
            lists: by_list(entries),
        }
    }

    /// The same hashes under other settings.
    #[must_use]
    pub fn with_settings(&self, settings: BankSettings) -> Self {
        Self {
            settings: settings.in_order(),
            ..self.clone()
        }
    }

    /// The bank's settings, its lists in order.
    #[must_use]
    pub fn settings(&self) -> &BankSettings {
        &self.settings
    }

    /// The number of hashes held.
    #[must_use]
    pub fn len(&self) -> usize {
        let lists = self.lists.iter();
        lists
            .map(|listed| listed.hashes.len() + listed.digests.len())
            .sum()
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
