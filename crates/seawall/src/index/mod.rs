//! Known hashes, searched exactly: every one within the threshold is found, always.
//!
//! One index holds the entries of many banks. What it was made of lies in parts that never
//! change and are shared by its copies; what came since is a short list that is looked at
//! entry by entry, and what went is a note against each owner. So a change is visible at
//! once, a copy is cheap and stays as it is, and [`Index::compact`] puts everything in order
//! again where no request waits. `docs/design/match-index.md` says how and why.

mod bank;
mod compaction;
mod exact;
mod live;
mod near;
mod part;
mod recent;
mod tables;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use seawall_core::{BankId, ContentId, Distance, Hash, PdqHash, Threshold};

pub use bank::{BankIndex, BankSettings, Entry};
pub use compaction::{Compacted, Compaction};
pub use live::{IndexError, Size};

use exact::Owner;
use near::Scratch;
use part::{Assembly, Class, Part};
use recent::{Block, Item};

/// The banks and their hashes as they are at one moment.
///
/// A copy costs a few pointers and is not touched by what happens to the original.
#[derive(Clone, Default)]
pub struct Index {
    /// By id.
    banks: Arc<Vec<IndexedBank>>,
    parts: Vec<Kept>,
    /// What was added since the parts were made.
    recent: Vec<Arc<Block>>,
    /// The change with which an owner's entries were withdrawn.
    withdrawn: Arc<BTreeMap<Owner, u64>>,
    /// The number of changes so far.
    changes: u64,
    /// The number of compactions so far.
    compactions: u64,
}

/// A bank as an index knows it.
#[derive(Clone, Debug)]
pub struct IndexedBank {
    settings: BankSettings,
    /// The change that made it: entries from before belong to another bank of this id.
    since: u64,
}

impl IndexedBank {
    /// The bank's settings.
    #[must_use]
    pub fn settings(&self) -> &BankSettings {
        &self.settings
    }
}

/// A part, and how far a lookup in all banks has to reach in it.
#[derive(Clone)]
struct Kept {
    part: Arc<Part>,
    reach: Option<Threshold>,
}

/// Which entries a lookup is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scope<'a> {
    /// Largest PDQ distance that is a match, instead of each bank's own threshold.
    pub distance_max: Option<Threshold>,
    /// Only these banks. One that is not enabled stays out all the same.
    pub banks: Option<&'a [BankId]>,
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

impl Index {
    /// An index of these banks, each with an id of its own.
    #[must_use]
    pub fn new(banks: Vec<Arc<BankIndex>>) -> Self {
        let mut banks = banks;
        banks.sort_by_key(|bank| bank.settings.bank);
        let known = banks.iter().map(|bank| IndexedBank {
            settings: bank.settings.clone(),
            since: 0,
        });
        let mut index = Self {
            banks: Arc::new(known.collect()),
            ..Self::default()
        };
        let mut assemblies = BTreeMap::new();
        for bank in banks {
            let class = Class::of(bank.settings.threshold.bits());
            let assembly = assemblies
                .entry(class)
                .or_insert_with(|| Assembly::new(0, class));
            let bank = Arc::unwrap_or_clone(bank);
            let id = bank.settings.bank;
            assembly.take(id, bank.contents, bank.hashes);
            for (hash, content) in bank.digests {
                assembly.push(Owner { bank: id, content }, hash);
            }
        }
        let parts = assemblies.into_values().flat_map(Assembly::finish);
        index.keep(parts.collect());
        index
    }

    /// The banks, by id.
    #[must_use]
    pub fn banks(&self) -> &[IndexedBank] {
        &self.banks
    }

    /// Every listed hash that matches, by distance, then bank, then content.
    ///
    /// PDQ matches within the bank's threshold, which is itself a match, or within
    /// `distance_max` where one is given; digests match by equality. A bank that is not
    /// enabled is left out. Each content of each bank comes once, at its nearest.
    #[must_use]
    pub fn lookup(&self, hash: &Hash, distance_max: Option<Threshold>) -> Vec<Hit> {
        let scope = Scope {
            distance_max,
            banks: None,
        };
        self.lookup_in(hash, &scope)
    }

    /// [`Index::lookup`] among some entries.
    #[must_use]
    pub fn lookup_in(&self, hash: &Hash, scope: &Scope<'_>) -> Vec<Hit> {
        self.find(hash, scope, &mut Scratch::default())
    }

    /// The hits of each hash, in the order of the hashes.
    ///
    /// It works on one thread; a caller with several gives each a share of the hashes.
    #[must_use]
    pub fn lookup_many(&self, hashes: &[Hash], scope: &Scope<'_>) -> Vec<Vec<Hit>> {
        let mut scratch = Scratch::default();
        let found = hashes
            .iter()
            .map(|hash| self.find(hash, scope, &mut scratch));
        found.collect()
    }

    fn find(&self, hash: &Hash, scope: &Scope<'_>, scratch: &mut Scratch) -> Vec<Hit> {
        let mut hits = Vec::new();
        match hash {
            Hash::Pdq(needle) => self.find_near(*needle, scope, scratch, &mut hits),
            Hash::Md5(_) | Hash::Sha1(_) | Hash::Sha256(_) => {
                self.find_equal(hash, scope, &mut hits);
            }
        }
        hits.sort_unstable_by_key(|hit| (hit.bank, hit.content, hit.distance, hit.hash));
        hits.dedup_by_key(|hit| (hit.bank, hit.content));
        // The sort is stable, so bank and content stay in order.
        hits.sort_by_key(|hit| hit.distance);
        hits
    }

    fn find_near(
        &self,
        needle: PdqHash,
        scope: &Scope<'_>,
        scratch: &mut Scratch,
        hits: &mut Vec<Hit>,
    ) {
        for Kept { part, reach } in &self.parts {
            let has_rows = |bank| part.has_rows_of(bank);
            let Some(reach) = self.scoped_reach(scope, *reach, has_rows) else {
                continue;
            };
            part.rows.search(&needle.0, reach.bits(), scratch);
            for &(row, distance) in &scratch.near {
                let item = Item {
                    hash: Hash::Pdq(PdqHash(part.rows.hashes()[row as usize])),
                    owner: part.owner(row),
                    born: part.born,
                };
                hits.extend(self.hit(item, Distance(distance), scope));
            }
        }
        if self.recent.is_empty() {
            return;
        }
        let Some(reach) = self.scoped_reach(scope, self.reach_among(|_| true), |_| true) else {
            return;
        };
        for block in &self.recent {
            block.search(needle, reach.bits(), &mut |item, distance| {
                hits.extend(self.hit(item, Distance(distance), scope));
            });
        }
    }

    fn find_equal(&self, hash: &Hash, scope: &Scope<'_>, hits: &mut Vec<Hit>) {
        for Kept { part, .. } in &self.parts {
            for &owner in part.digests.owners(hash) {
                let item = Item {
                    hash: *hash,
                    owner,
                    born: part.born,
                };
                hits.extend(self.hit(item, Distance(0), scope));
            }
        }
        for item in self.recent.iter().flat_map(|block| block.equal(hash)) {
            hits.extend(self.hit(item, Distance(0), scope));
        }
    }

    /// The hit that an entry near enough for some bank is, where its own bank admits it.
    fn hit(&self, item: Item, distance: Distance, scope: &Scope<'_>) -> Option<Hit> {
        let Owner { bank, content } = item.owner;
        let known = self.bank(bank)?;
        let limit = scope.distance_max.unwrap_or(known.settings.threshold);
        // Digests are all at 0 bits, which every threshold admits.
        let admitted = known.settings.enabled
            && limit.admits(distance)
            && scope.banks.is_none_or(|banks| banks.contains(&bank))
            && self.is_kept(item.owner, item.born, known);
        admitted.then_some(Hit {
            bank,
            content,
            hash: item.hash,
            distance,
        })
    }

    /// Whether an entry from the change `born` was neither withdrawn since nor left over from
    /// a bank that was removed.
    fn is_kept(&self, owner: Owner, born: u64, bank: &IndexedBank) -> bool {
        bank.since <= born && self.withdrawn.get(&owner).is_none_or(|&at| at <= born)
    }

    fn bank(&self, bank: BankId) -> Option<&IndexedBank> {
        let found = self
            .banks
            .binary_search_by_key(&bank, |bank| bank.settings.bank);
        found.ok().map(|position| &self.banks[position])
    }

    /// The widest threshold among the banks that a lookup is about; `None` where it is about
    /// none. `reach` is that among all banks that have rows.
    fn scoped_reach(
        &self,
        scope: &Scope<'_>,
        reach: Option<Threshold>,
        has_rows: impl Fn(BankId) -> bool,
    ) -> Option<Threshold> {
        let widest = match scope.banks {
            None => reach,
            Some(banks) => banks
                .iter()
                .filter_map(|&bank| self.bank(bank))
                .filter(|bank| bank.settings.enabled && has_rows(bank.settings.bank))
                .map(|bank| bank.settings.threshold)
                .max(),
        };
        widest.map(|widest| scope.distance_max.unwrap_or(widest))
    }

    /// The widest threshold of the enabled banks for which `has_rows` holds.
    fn reach_among(&self, has_rows: impl Fn(BankId) -> bool) -> Option<Threshold> {
        let enabled = self.banks.iter().filter(|bank| bank.settings.enabled);
        enabled
            .filter(|bank| has_rows(bank.settings.bank))
            .map(|bank| bank.settings.threshold)
            .max()
    }

    /// Takes these parts in.
    fn keep(&mut self, parts: Vec<Part>) {
        self.parts.extend(parts.into_iter().map(|part| Kept {
            part: Arc::new(part),
            reach: None,
        }));
        self.reach_anew();
    }

    /// To be called when banks or parts changed.
    fn reach_anew(&mut self) {
        for at in 0..self.parts.len() {
            let part = &self.parts[at].part;
            self.parts[at].reach = self.reach_among(|bank| part.has_rows_of(bank));
        }
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Size { entries, .. } = self.size();
        write!(f, "Index({} banks, {entries} entries)", self.banks.len())
    }
}
