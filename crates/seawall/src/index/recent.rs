//! What was added since the parts were made: few entries, looked at one by one.

use seawall_core::{ContentId, Hash, PdqHash};
use seawall_simd::hamming;

use super::exact::{Owner, Source};

/// Up to [`BLOCK_MAX`] entries. An index and its copies share the blocks; a change copies one.
#[derive(Clone, Default)]
pub(super) struct Block {
    hashes: Vec<[u64; 4]>,
    /// Each hash's source and content, and the change that added it.
    origins: Vec<(Source, ContentId, u64)>,
    digests: Vec<Item>,
}

/// One entry.
#[derive(Clone, Copy)]
pub(super) struct Item {
    pub(super) hash: Hash,
    pub(super) source: Source,
    pub(super) content: ContentId,
    /// The change that added it.
    pub(super) born: u64,
}

impl Item {
    pub(super) fn owner(&self) -> Owner {
        Owner {
            bank: self.source.bank,
            content: self.content,
        }
    }
}

impl Block {
    pub(super) fn len(&self) -> usize {
        self.hashes.len() + self.digests.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.len() >= BLOCK_MAX
    }

    pub(super) fn push(&mut self, item: Item) {
        match item.hash {
            Hash::Pdq(PdqHash(words)) => {
                self.hashes.push(words);
                self.origins.push((item.source, item.content, item.born));
            }
            Hash::Md5(_) | Hash::Sha1(_) | Hash::Sha256(_) => self.digests.push(item),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Item> {
        let pdq = (0..self.hashes.len()).map(|at| self.pdq(at));
        pdq.chain(self.digests.iter().copied())
    }

    /// Calls `found` for every entry within `distance_max` bits of the needle.
    pub(super) fn search(
        &self,
        needle: PdqHash,
        distance_max: u16,
        found: &mut dyn FnMut(Item, u16),
    ) {
        hamming::within(
            &needle.0,
            &self.hashes,
            distance_max,
            &mut |at, distance| {
                found(self.pdq(at), distance);
            },
        );
    }

    /// The entries with this digest.
    pub(super) fn equal(&self, hash: &Hash) -> impl Iterator<Item = Item> {
        let equal = |item: &&Item| item.hash == *hash;
        self.digests.iter().filter(equal).copied()
    }

    fn pdq(&self, at: usize) -> Item {
        let (source, content, born) = self.origins[at];
        Item {
            hash: Hash::Pdq(PdqHash(self.hashes[at])),
            source,
            content,
            born,
        }
    }
}

/// Small enough that a change, which copies the last block, takes microseconds.
const BLOCK_MAX: usize = 512;
