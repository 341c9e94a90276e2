//! Changes of an index. Each is visible to the next lookup and to no earlier copy.

use std::collections::BTreeMap;
use std::sync::Arc;

use seawall_core::{BankId, ContentId};

use super::bank::by_list;
use super::exact::{Owner, Source};
use super::part::{Assembly, Class};
use super::recent::{Block, Item};
use super::{BankSettings, Entry, Index, IndexedBank};

/// Why an index was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// Entries need a bank.
    #[error("adding entries to the index: it has no such bank")]
    NoBank,
}

/// How much an index holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Entries, those that were withdrawn and not yet cleared away among them.
    pub entries: usize,
    /// Of these, the ones that came since the last compaction.
    pub recent: usize,
    /// Contents that were withdrawn and not yet cleared away.
    pub withdrawn: usize,
    /// Parts that a lookup searches one after the other.
    pub parts: usize,
}

impl Index {
    /// Makes a bank, or changes what it is called and how it matches.
    pub fn set_bank(&mut self, settings: BankSettings) {
        self.changes += 1;
        let settings = settings.in_order();
        let banks = Arc::make_mut(&mut self.banks);
        match banks.binary_search_by_key(&settings.bank, |bank| bank.settings.bank) {
            Ok(known) => banks[known].settings = settings,
            Err(place) => banks.insert(
                place,
                IndexedBank {
                    settings,
                    since: self.changes,
                },
            ),
        }
        self.reach_anew();
    }

    /// Removes a bank with its entries. A bank of the same id may be made again and is empty.
    pub fn remove_bank(&mut self, bank: BankId) {
        self.changes += 1;
        Arc::make_mut(&mut self.banks).retain(|known| known.settings.bank != bank);
        self.reach_anew();
    }

    /// Adds entries to a bank. Few take microseconds each; thousands at once become a part of
    /// their own, which takes about a third of a second for a million.
    ///
    /// # Errors
    /// [`IndexError::NoBank`].
    pub fn add(
        &mut self,
        bank: BankId,
        entries: impl IntoIterator<Item = Entry>,
    ) -> Result<(), IndexError> {
        let known = self.bank(bank).ok_or(IndexError::NoBank)?;
        let settings = known.settings.clone();
        self.changes += 1;
        let mut entries = entries.into_iter().peekable();
        let few: Vec<Entry> = entries.by_ref().take(FEW_MAX).collect();
        if entries.peek().is_none() {
            for entry in few {
                self.push_recent(Item {
                    hash: entry.hash,
                    source: Source {
                        bank,
                        list: entry.list,
                    },
                    content: entry.content,
                    born: self.changes,
                });
            }
            return Ok(());
        }
        let mut assemblies = BTreeMap::new();
        for listed in by_list(few.into_iter().chain(entries)) {
            let class = Class::of(settings.role, settings.threshold_of(listed.list));
            let assembly = assemblies
                .entry(class)
                .or_insert_with(|| Assembly::new(self.changes, class));
            assembly.take(bank, listed);
        }
        let parts = assemblies.into_values().flat_map(Assembly::finish);
        self.keep(parts.collect());
        Ok(())
    }

    pub(super) fn push_recent(&mut self, item: Item) {
        if self.recent.last().is_none_or(|block| block.is_full()) {
            self.recent.push(Arc::new(Block::default()));
        }
        let block = self.recent.last_mut();
        let block = block.expect("one was pushed where there was none");
        Arc::make_mut(block).push(item);
    }

    /// Withdraws every entry that a bank holds for a content. The same content may be added
    /// again.
    pub fn withdraw(&mut self, bank: BankId, content: ContentId) {
        self.changes += 1;
        let owner = Owner { bank, content };
        Arc::make_mut(&mut self.withdrawn).insert(owner, self.changes);
    }

    /// The contents of a bank, in order, each once. It looks at every entry of the bank.
    #[must_use]
    pub fn contents(&self, bank: BankId) -> Vec<ContentId> {
        let Some(known) = self.bank(bank) else {
            return Vec::new();
        };
        let mut contents = Vec::new();
        let mut take = |content: ContentId, born: u64| {
            if self.is_kept(Owner { bank, content }, born, known) {
                contents.push(content);
            }
        };
        for kept in &self.parts {
            let part = &kept.part;
            for (content, _) in part.row_sources_of(bank).flat_map(|of| part.pdq_of(of)) {
                take(content, part.born);
            }
            let digests = part.digests.iter();
            for (.., content) in digests.filter(|(_, source, _)| source.bank == bank) {
                take(content, part.born);
            }
        }
        let recent = self.recent.iter().flat_map(|block| block.iter());
        for item in recent.filter(|item| item.source.bank == bank) {
            take(item.content, item.born);
        }
        contents.sort_unstable();
        contents.dedup();
        contents
    }

    /// How much it holds.
    #[must_use]
    pub fn size(&self) -> Size {
        let recent = self.recent.iter().map(|block| block.len()).sum();
        Size {
            entries: recent + self.parts.iter().map(|kept| kept.part.len()).sum::<usize>(),
            recent,
            withdrawn: self.withdrawn.len(),
            parts: self.parts.len(),
        }
    }
}

/// From here on a part of its own is worth its while.
const FEW_MAX: usize = 4096;
