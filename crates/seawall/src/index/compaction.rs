//! Putting an index in order again, away from the requests that use it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use seawall_core::{ContentId, Hash, ListId};

use super::exact::{Owner, Source};
use super::part::{Assembly, Class, Part};
use super::recent::{Block, Item};
use super::{Index, IndexedBank, Kept};

/// Work to be done on a copy of the index: [`Compaction::run`] it where no request waits.
pub struct Compaction {
    index: Index,
    merged: Vec<Arc<Part>>,
}

/// What came of it, for [`Index::adopt`].
pub struct Compacted {
    merged: Vec<Arc<Part>>,
    parts: Vec<Part>,
    /// The last change that is in it.
    born: u64,
    /// How many compactions there were before it.
    compactions: u64,
}

impl Index {
    /// Whether lookups or memory gain from a compaction: many recent entries, many withdrawn
    /// ones, banks that were removed or whose thresholds changed much, or many small parts.
    #[must_use]
    pub fn needs_compaction(&self) -> bool {
        self.size().recent > RECENT_MAX || !self.parts_to_merge(0).is_empty()
    }

    /// The work that [`Index::needs_compaction`] speaks of, on the index as it is now. It may
    /// change in the meantime.
    #[must_use]
    pub fn compaction(&self) -> Compaction {
        Compaction {
            merged: self.parts_to_merge(self.size().recent),
            index: self.clone(),
        }
    }

    /// Takes over what a compaction of this index, or of an earlier copy, has made. What
    /// changed since stays. `false`, and nothing happens, where another one came first.
    pub fn adopt(&mut self, compacted: Compacted) -> bool {
        let Compacted {
            merged,
            parts,
            born,
            compactions,
        } = compacted;
        if compactions != self.compactions {
            return false;
        }
        let is_merged = |kept: &Kept| merged.iter().any(|part| Arc::ptr_eq(part, &kept.part));
        self.parts.retain(|kept| !is_merged(kept));
        self.keep(parts);
        let recent = std::mem::take(&mut self.recent);
        let later = recent.iter().flat_map(|block| block.iter());
        for item in later.filter(|item| item.born > born) {
            self.push_recent(item);
        }
        self.compactions += 1;
        let oldest_part = self.parts.iter().map(|kept| kept.part.born).min();
        let oldest = oldest_part.unwrap_or(born).min(born);
        // A withdrawal that is older than every part has nothing left to withdraw.
        if self.withdrawn.values().any(|&at| at <= oldest) {
            Arc::make_mut(&mut self.withdrawn).retain(|_, at| *at > oldest);
        }
        true
    }

    /// All of it at once, for whoever has the time.
    pub fn compact(&mut self) {
        let compacted = self.compaction().run();
        let adopted = self.adopt(compacted);
        debug_assert!(adopted, "nothing changed in between");
    }

    /// The parts that are better made anew, when `recent` entries are to be put in order with
    /// them. Of those that are in good order the small ones go first, so that an entry is
    /// copied a few times in its life and a lookup searches a few parts.
    fn parts_to_merge(&self, recent: usize) -> Vec<Arc<Part>> {
        let entries: usize = self.parts.iter().map(|kept| kept.part.len()).sum();
        let all = self.withdrawn.len() > RECENT_MAX.max(entries / WITHDRAWN_SHARE);
        let mut merged = Vec::new();
        let mut in_order: BTreeMap<Class, Vec<&Arc<Part>>> = BTreeMap::new();
        for Kept { part, .. } in &self.parts {
            if all || !self.is_in_order(part) {
                merged.push(Arc::clone(part));
            } else if part.len() < PART_MERGED_MAX {
                in_order.entry(part.class).or_default().push(part);
            }
        }
        for mut parts in in_order.into_values() {
            parts.sort_by_key(|part| part.len());
            let (mut smaller, mut count) = (recent, 0);
            for (before, part) in parts.iter().enumerate() {
                if part.len() <= MERGE_FACTOR * smaller {
                    count = before + 1;
                }
                smaller += part.len();
            }
            merged.extend(parts[..count].iter().map(|part| Arc::clone(part)));
        }
        merged
    }

    /// Whether the bank of each source of a part is still there, with settings of its class.
    fn is_in_order(&self, part: &Part) -> bool {
        part.sources.iter().all(|source| {
            self.bank(source.bank).is_some_and(|bank| {
                bank.since <= part.born && class(bank, source.list) == part.class
            })
        })
    }
}

impl Compaction {
    /// Does the work: about a third of a second for a million entries, and memory for the
    /// parts that it makes beside the ones that it replaces.
    #[must_use]
    pub fn run(self) -> Compacted {
        let mut assemblies: BTreeMap<Class, Assembly> = BTreeMap::new();
        let mut recent: BTreeMap<Source, Vec<Item>> = BTreeMap::new();
        let blocks = self.index.recent.iter();
        for item in blocks.flat_map(|block: &Arc<Block>| block.iter()) {
            recent.entry(item.source).or_default().push(item);
        }
        let merged = self.merged.iter().flat_map(|part| &part.sources).copied();
        let sources: BTreeSet<Source> = merged.chain(recent.keys().copied()).collect();
        for source in &sources {
            let Some(bank) = self.index.bank(source.bank) else {
                continue;
            };
            let class = class(bank, source.list);
            let assembly = assemblies
                .entry(class)
                .or_insert_with(|| self.assembly(class, &sources));
            let recent = recent.remove(source).unwrap_or_default();
            self.add_rows(bank, *source, &recent, assembly);
        }
        for part in &self.merged {
            for (hash, source, content) in part.digests.iter() {
                let owner = Owner {
                    bank: source.bank,
                    content,
                };
                let bank = self.index.bank(source.bank);
                let kept = bank.filter(|bank| self.index.is_kept(owner, part.born, bank));
                let class = kept.map(|bank| class(bank, source.list));
                if let Some(assembly) = class.and_then(|class| assemblies.get_mut(&class)) {
                    assembly.push(source, content, hash);
                }
            }
        }
        Compacted {
            merged: self.merged,
            parts: assemblies
                .into_values()
                .flat_map(Assembly::finish)
                .collect(),
            born: self.index.changes,
            compactions: self.index.compactions,
        }
    }

    /// An assembly with room for the rows of a class.
    fn assembly(&self, of: Class, sources: &BTreeSet<Source>) -> Assembly {
        let rows = sources.iter().filter_map(|&source| {
            let bank = self.index.bank(source.bank)?;
            let rows = self.merged.iter().map(|part| part.range(source).len());
            (class(bank, source.list) == of).then(|| rows.sum::<usize>())
        });
        let mut assembly = Assembly::new(self.index.changes, of);
        assembly.reserve(rows.sum());
        assembly
    }

    fn add_rows(
        &self,
        bank: &IndexedBank,
        source: Source,
        recent: &[Item],
        assembly: &mut Assembly,
    ) {
        let owner = |content| Owner {
            bank: source.bank,
            content,
        };
        let all = owner(ContentId(i64::MIN))..=owner(ContentId(i64::MAX));
        let untouched = self.index.withdrawn.range(all).next().is_none();
        for part in &self.merged {
            if bank.since > part.born {
                continue;
            }
            for (content, hash) in part.pdq_of(source) {
                if untouched || self.index.is_kept(owner(content), part.born, bank) {
                    assembly.push(source, content, Hash::Pdq(hash));
                }
            }
        }
        for item in recent {
            if self.index.is_kept(item.owner(), item.born, bank) {
                assembly.push(source, item.content, item.hash);
            }
        }
    }
}

fn class(bank: &IndexedBank, list: Option<ListId>) -> Class {
    Class::of(bank.settings.role, bank.settings.threshold_of(list))
}

/// So many entries are looked at one by one in a few microseconds.
const RECENT_MAX: usize = 4096;

/// One withdrawn content for so many entries is worth clearing away.
const WITHDRAWN_SHARE: usize = 8;

/// A part is made anew together with the smaller ones while they are an eighth of it.
const MERGE_FACTOR: usize = 8;

/// A part of this size is left alone while it is in order.
const PART_MERGED_MAX: usize = super::tables::ROWS_MAX / 2;
