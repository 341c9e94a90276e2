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
mod snapshot;
mod tables;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use seawall_core::{BankId, BankRole, ContentId, Distance, Hash, ListId, PdqHash, Threshold};

pub use bank::{BankIndex, BankSettings, Entry, ListSettings};
pub use compaction::{Compacted, Compaction};
pub use live::{IndexError, Size};
pub use snapshot::SnapshotError;

use exact::{Owner, Source};
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
    recent_reach: Reach,
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
    /// The bank's settings, its lists in order.
    #[must_use]
    pub fn settings(&self) -> &BankSettings {
        &self.settings
    }

    /// How near to entries of a list, or of none, is near enough, where they are wanted.
    fn limit(&self, list: Option<ListId>, wanted: Wanted<'_>) -> Option<Threshold> {
        let takes_part = match wanted {
            Wanted::Known(scope) => self.settings.enabled || scope.disabled_banks,
            Wanted::Exceptions => self.settings.enabled,
        };
        if !takes_part || !self.settings.is_list_enabled(list) {
            return None;
        }
        let own = self.settings.threshold_of(list);
        match (wanted, self.settings.role) {
            (Wanted::Known(scope), BankRole::Known) => scope
                .banks
                .is_none_or(|banks| banks.contains(&self.settings.bank))
                .then(|| scope.distance_max.unwrap_or(own)),
            (Wanted::Exceptions, BankRole::Exception) => Some(own),
            (Wanted::Known(_), BankRole::Exception) | (Wanted::Exceptions, BankRole::Known) => None,
        }
    }
}

/// What a search is for.
#[derive(Clone, Copy)]
enum Wanted<'a> {
    /// Hits: known entries within a scope.
    Known(&'a Scope<'a>),
    /// What speaks against hits.
    Exceptions,
}

/// A thread takes as long to start as some lookups do.
const SHARE_MIN: usize = 16;

/// A part, and how far a search has to reach in it.
#[derive(Clone)]
struct Kept {
    part: Arc<Part>,
    reach: Reach,
}

/// The widest thresholds of what is enabled and there at all.
#[derive(Clone, Copy, Default)]
struct Reach {
    known: Option<Threshold>,
    exceptions: Option<Threshold>,
}

/// Which known entries a lookup is about. Exceptions speak against hits whatever the scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scope<'a> {
    /// Largest PDQ distance that is a match, instead of each bank's or list's own threshold.
    pub distance_max: Option<Threshold>,
    /// Only these banks. One that is not enabled stays out all the same.
    pub banks: Option<&'a [BankId]>,
    /// Banks that are not enabled as well. Their lists that are not enabled stay out.
    pub disabled_banks: bool,
}

/// One listed hash that matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The bank.
    pub bank: BankId,
    /// The list of the bank, if the entry came with any.
    pub list: Option<ListId>,
    /// The content within it.
    pub content: ContentId,
    /// The listed hash, not the one looked up.
    pub hash: Hash,
    /// In how many bits they differ; 0 for digests.
    pub distance: Distance,
    /// The limit that admitted it: the scope's, the list's or the bank's.
    pub threshold: Threshold,
    /// What speaks against it: an exception that the hash looked up is near as well.
    pub suppressed_by: Option<Suppressor>,
}

/// An entry of an exception bank that marks hits as no reason for a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suppressor {
    /// The exception bank.
    pub bank: BankId,
    /// The content within it.
    pub content: ContentId,
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
            let BankIndex { settings, lists } = Arc::unwrap_or_clone(bank);
            for listed in lists {
                let class = Class::of(settings.role, settings.threshold_of(listed.list));
                let assembly = assemblies
                    .entry(class)
                    .or_insert_with(|| Assembly::new(0, class));
                assembly.take(settings.bank, listed);
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
    /// PDQ matches within the threshold of the entry's list or bank, which is itself a match,
    /// or within `distance_max` where one is given; digests match by equality. A bank or list
    /// that is not enabled is left out. Each content of each bank comes once, at its nearest.
    ///
    /// Entries of exception banks are no hits. Where the hash is within the own threshold of
    /// one, all its hits name the nearest such entry in [`Hit::suppressed_by`]. As each hash
    /// is looked up for itself, exceptions speak against hits of their own algorithm alone: one
    /// that looks similar never hides a file that is known to the byte.
    #[must_use]
    pub fn lookup(&self, hash: &Hash, distance_max: Option<Threshold>) -> Vec<Hit> {
        let scope = Scope {
            distance_max,
            ..Scope::default()
        };
        self.lookup_in(hash, &scope)
    }

    /// [`Index::lookup`] among some entries.
    #[must_use]
    pub fn lookup_in(&self, hash: &Hash, scope: &Scope<'_>) -> Vec<Hit> {
        self.find(hash, scope, &mut Scratch::default())
    }

    /// The hits of each hash, in the order of the hashes, found on this thread.
    #[must_use]
    pub fn lookup_many(&self, hashes: &[Hash], scope: &Scope<'_>) -> Vec<Vec<Hit>> {
        let mut scratch = Scratch::default();
        let found = hashes
            .iter()
            .map(|hash| self.find(hash, scope, &mut scratch));
        found.collect()
    }

    /// [`Index::lookup_many`] on up to so many threads, this one among them. Each takes a share
    /// of the hashes; where they are few, fewer threads do.
    #[must_use]
    pub fn lookup_many_on(
        &self,
        threads: usize,
        hashes: &[Hash],
        scope: &Scope<'_>,
    ) -> Vec<Vec<Hit>> {
        let share = hashes.len().div_ceil(threads.max(1)).max(SHARE_MIN);
        let mut shares = hashes.chunks(share);
        let own = shares.next().unwrap_or_default();
        std::thread::scope(|threads| {
            let start = |share| {
                let thread = std::thread::Builder::new();
                let work = move || self.lookup_many(share, scope);
                (share, thread.spawn_scoped(threads, work).ok())
            };
            let others: Vec<_> = shares.map(start).collect();
            let mut found = self.lookup_many(own, scope);
            for (share, thread) in others {
                let joined = thread.and_then(|thread| thread.join().ok());
                // A share whose thread did not start or end well is looked up here.
                found.extend(joined.unwrap_or_else(|| self.lookup_many(share, scope)));
            }
            found
        })
    }

    fn find(&self, hash: &Hash, scope: &Scope<'_>, scratch: &mut Scratch) -> Vec<Hit> {
        let mut hits = self.gather(hash, Wanted::Known(scope), scratch);
        hits.sort_unstable_by_key(|hit| (hit.bank, hit.content, hit.distance, hit.hash, hit.list));
        hits.dedup_by_key(|hit| (hit.bank, hit.content));
        // The sort is stable, so bank and content stay in order.
        hits.sort_by_key(|hit| hit.distance);
        if !hits.is_empty() {
            let suppressor = self.suppressor(hash, scratch);
            hits.iter_mut()
                .for_each(|hit| hit.suppressed_by = suppressor);
        }
        hits
    }

    /// The exception that speaks against this hash, listed or not: the nearest one.
    #[must_use]
    pub fn exception(&self, hash: &Hash) -> Option<Suppressor> {
        self.suppressor(hash, &mut Scratch::default())
    }

    /// The nearest exception. Looked for only where there is something to speak against.
    fn suppressor(&self, hash: &Hash, scratch: &mut Scratch) -> Option<Suppressor> {
        let exceptions = self.gather(hash, Wanted::Exceptions, scratch).into_iter();
        let nearest = exceptions.min_by_key(|hit| (hit.distance, hit.bank, hit.content));
        nearest.map(|hit| Suppressor {
            bank: hit.bank,
            content: hit.content,
        })
    }

    fn gather(&self, hash: &Hash, wanted: Wanted<'_>, scratch: &mut Scratch) -> Vec<Hit> {
        let mut hits = Vec::new();
        match hash {
            Hash::Pdq(needle) => self.find_near(*needle, wanted, scratch, &mut hits),
            Hash::Md5(_) | Hash::Sha1(_) | Hash::Sha256(_) => {
                self.find_equal(hash, wanted, &mut hits);
            }
        }
        hits
    }

    fn find_near(
        &self,
        needle: PdqHash,
        wanted: Wanted<'_>,
        scratch: &mut Scratch,
        hits: &mut Vec<Hit>,
    ) {
        for kept in &self.parts {
            let Some(reach) = self.reach_in(kept, wanted) else {
                continue;
            };
            let part = &kept.part;
            part.rows.search(&needle.0, reach.bits(), scratch);
            for &(row, distance) in &scratch.near {
                let (source, content) = part.origin(row);
                let item = Item {
                    hash: Hash::Pdq(PdqHash(part.rows.hashes()[row as usize])),
                    source,
                    content,
                    born: part.born,
                };
                hits.extend(self.hit(item, Distance(distance), wanted));
            }
        }
        let Some(reach) = self.reach_in_recent(wanted) else {
            return;
        };
        for block in &self.recent {
            block.search(needle, reach.bits(), &mut |item, distance| {
                hits.extend(self.hit(item, Distance(distance), wanted));
            });
        }
    }

    fn find_equal(&self, hash: &Hash, wanted: Wanted<'_>, hits: &mut Vec<Hit>) {
        for Kept { part, .. } in &self.parts {
            for (source, content) in part.digests.equal(hash) {
                let item = Item {
                    hash: *hash,
                    source,
                    content,
                    born: part.born,
                };
                hits.extend(self.hit(item, Distance(0), wanted));
            }
        }
        for item in self.recent.iter().flat_map(|block| block.equal(hash)) {
            hits.extend(self.hit(item, Distance(0), wanted));
        }
    }

    /// The hit that an entry near enough for some source is, where its own admits it.
    fn hit(&self, item: Item, distance: Distance, wanted: Wanted<'_>) -> Option<Hit> {
        let known = self.bank(item.source.bank)?;
        let threshold = known.limit(item.source.list, wanted)?;
        // Digests are all at 0 bits, which every threshold admits.
        let admitted = threshold.admits(distance) && self.is_kept(item.owner(), item.born, known);
        admitted.then_some(Hit {
            bank: item.source.bank,
            list: item.source.list,
            content: item.content,
            hash: item.hash,
            distance,
            threshold,
            suppressed_by: None,
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

    /// How far a search has to reach in a part; `None` where nothing in it is wanted.
    fn reach_in(&self, kept: &Kept, wanted: Wanted<'_>) -> Option<Threshold> {
        let limits_of = |bank: &IndexedBank| {
            let sources = kept.part.row_sources_of(bank.settings.bank);
            let limits = sources.filter_map(|source| bank.limit(source.list, wanted));
            limits.max()
        };
        match wanted {
            Wanted::Known(Scope {
                banks: Some(banks), ..
            }) => {
                let banks = banks.iter().filter_map(|&bank| self.bank(bank));
                banks.filter_map(limits_of).max()
            }
            Wanted::Known(Scope {
                disabled_banks: true,
                ..
            }) => self.banks.iter().filter_map(limits_of).max(),
            Wanted::Known(_) | Wanted::Exceptions => kept.reach.of(wanted),
        }
    }

    /// How far a search has to reach in what came since the parts were made.
    fn reach_in_recent(&self, wanted: Wanted<'_>) -> Option<Threshold> {
        match wanted {
            Wanted::Known(Scope {
                disabled_banks: true,
                ..
            }) => {
                let of = |bank: &IndexedBank| {
                    let lists = bank.settings.lists.iter().map(|list| Some(list.list));
                    let sources = std::iter::once(None).chain(lists);
                    sources.filter_map(|list| bank.limit(list, wanted)).max()
                };
                self.banks.iter().filter_map(of).max()
            }
            Wanted::Known(_) | Wanted::Exceptions => self.recent_reach.of(wanted),
        }
    }

    /// The widest limit among sources for one that wants all of them.
    fn reach_among(&self, sources: impl Iterator<Item = Source> + Clone) -> Reach {
        let widest = |wanted| {
            let limits = sources.clone().filter_map(|source| {
                let bank = self.bank(source.bank)?;
                bank.limit(source.list, wanted)
            });
            limits.max()
        };
        Reach {
            known: widest(Wanted::Known(&Scope::default())),
            exceptions: widest(Wanted::Exceptions),
        }
    }

    /// Takes these parts in.
    fn keep(&mut self, parts: Vec<Part>) {
        self.parts.extend(parts.into_iter().map(|part| Kept {
            part: Arc::new(part),
            reach: Reach::default(),
        }));
        self.reach_anew();
    }

    /// To be called when banks or parts changed.
    fn reach_anew(&mut self) {
        for at in 0..self.parts.len() {
            let part = &self.parts[at].part;
            self.parts[at].reach = self.reach_among(part.row_sources());
        }
        let all = self.banks.iter().flat_map(|bank| {
            let of = |list| Source {
                bank: bank.settings.bank,
                list,
            };
            let lists = bank.settings.lists.iter().map(|list| Some(list.list));
            std::iter::once(None).chain(lists).map(of)
        });
        self.recent_reach = self.reach_among(all);
    }
}

impl Reach {
    fn of(self, wanted: Wanted<'_>) -> Option<Threshold> {
        match wanted {
            Wanted::Known(scope) => self
                .known
                .map(|widest| scope.distance_max.unwrap_or(widest)),
            Wanted::Exceptions => self.exceptions,
        }
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Size { entries, .. } = self.size();
        write!(f, "Index({} banks, {entries} entries)", self.banks.len())
    }
}
