//! Putting an index in order again, away from the requests that use it.

use std::collections::BTreeMap;
use std::sync::Arc;

use seawall_core::{BankId, ContentId, Hash};

use super::exact::Owner;
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

    /// Whether each bank of a part is still there, with a threshold of the part's class.
    fn is_in_order(&self, part: &Part) -> bool {
        part.banks.iter().all(|&bank| {
            self.bank(bank)
                .is_some_and(|bank| bank.since <= part.born && class(bank) == part.class)
        })
    }
}

impl Compaction {
    /// Does the work: about a third of a second for a million entries, and memory for the
    /// parts that it makes beside the ones that it replaces.
    #[must_use]
    pub fn run(self) -> Compacted {
        let mut assemblies: BTreeMap<Class, Assembly> = BTreeMap::new();
        let mut recent: BTreeMap<BankId, Vec<Item>> = BTreeMap::new();
        for item in self
            .index
            .recent
            .iter()
            .flat_map(|block: &Arc<Block>| block.iter())
        {
            recent.entry(item.owner.bank).or_default().push(item);
        }
        for bank in self.index.banks() {
            let class = class(bank);
            let assembly = assemblies
                .entry(class)
                .or_insert_with(|| self.assembly(class));
            let recent = recent.remove(&bank.settings.bank).unwrap_or_default();
            self.add_rows(bank, &recent, assembly);
        }
        for part in &self.merged {
            for (hash, owner) in part.digests.iter() {
                let bank = self.index.bank(owner.bank);
                let kept = bank.filter(|bank| self.index.is_kept(owner, part.born, bank));
                if let Some(assembly) = kept.and_then(|bank| assemblies.get_mut(&class(bank))) {
                    assembly.push(owner, hash);
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
    fn assembly(&self, of: Class) -> Assembly {
        let banks = self.index.banks().iter().filter(|bank| class(bank) == of);
        let rows = banks.map(|bank| {
            let parts = self.merged.iter();
            parts
                .map(|part| part.pdq_of(bank.settings.bank).count())
                .sum::<usize>()
        });
        let mut assembly = Assembly::new(self.index.changes, of);
        assembly.reserve(rows.sum());
        assembly
    }

    fn add_rows(&self, bank: &IndexedBank, recent: &[Item], assembly: &mut Assembly) {
        let id = bank.settings.bank;
        let owner = |content| Owner { bank: id, content };
        let all = owner(ContentId(i64::MIN))..=owner(ContentId(i64::MAX));
        let untouched = self.index.withdrawn.range(all).next().is_none();
        for part in &self.merged {
            if bank.since > part.born {
                continue;
            }
            for (content, hash) in part.pdq_of(id) {
                if untouched || self.index.is_kept(owner(content), part.born, bank) {
                    assembly.push(owner(content), Hash::Pdq(hash));
                }
            }
        }
        for item in recent {
            if self.index.is_kept(item.owner, item.born, bank) {
                assembly.push(item.owner, item.hash);
            }
        }
    }
}

fn class(bank: &IndexedBank) -> Class {
    Class::of(bank.settings.threshold.bits())
}

/// So many entries are looked at one by one in a few microseconds.
const RECENT_MAX: usize = 4096;

/// One withdrawn content for so many entries is worth clearing away.
const WITHDRAWN_SHARE: usize = 8;

/// A part is made anew together with the smaller ones while they are an eighth of it.
const MERGE_FACTOR: usize = 8;

/// A part of this size is left alone while it is in order.
const PART_MERGED_MAX: usize = super::tables::ROWS_MAX / 2;
