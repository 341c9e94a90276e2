//! Lists and queries from a seed.
//!
//! A row is known by its number: the same seed and number give the same hash, so that a list
//! can be gone through twice without being kept.

use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Context;
use seawall::index::{BankIndex, BankSettings, Entry};
use seawall_core::{BankId, BankRole, ContentId, Hash, PdqHash, Threshold};

/// The first bank that a list here is in.
pub(super) const BANK: BankId = BankId(1);

/// Random hashes with exactly 128 ones, as those of ordinary pictures have.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    pub(super) seed: u64,
    pub(super) size: usize,
    /// In how many of the sixteen slices of 16 bits every hash is zero.
    pub(super) crowded: u16,
}

impl Rows {
    /// The hash of a row; rows beyond the size are strangers to the list.
    pub(super) fn hash(&self, row: usize) -> PdqHash {
        let mut random = SplitMix(self.seed ^ (row as u64).wrapping_mul(0xD134_2543_DE82_EF95));
        let mut words = [(); 4].map(|()| random.next());
        let mut ones: u32 = words.iter().map(|word| word.count_ones()).sum();
        while ones != 128 {
            let bit = random.below(256);
            let is_one = words[bit / 64] >> (bit % 64) & 1 == 1;
            if is_one == (ones > 128) {
                words[bit / 64] ^= 1 << (bit % 64);
                ones = if is_one { ones - 1 } else { ones + 1 };
            }
        }
        for slice in 0..usize::from(self.crowded) {
            words[slice / 4] &= !(0xFFFF << (slice % 4 * 16));
        }
        PdqHash(words)
    }

    /// A row as an entry of a bank; its content's id is its number.
    pub(super) fn entry(&self, row: usize) -> Entry {
        Entry {
            content: content(row),
            list: None,
            hash: Hash::Pdq(self.hash(row)),
        }
    }

    /// The whole list in so many banks with this threshold.
    pub(super) fn banks(&self, count: u16, threshold: Threshold) -> Vec<BankIndex> {
        let size = |bank: u16| self.size * usize::from(bank) / usize::from(count);
        let bank = |bank: u16| {
            let settings = BankSettings {
                bank: BankId(BANK.0 + i64::from(bank)),
                name: format!("BENCH_{bank}"),
                threshold,
                enabled: true,
                role: BankRole::Known,
                lists: Vec::new(),
            };
            let rows = size(bank)..size(bank + 1);
            BankIndex::new(settings, rows.map(|row| self.entry(row)))
        };
        (0..count).map(bank).collect()
    }

    /// `count` queries: the first half are listed hashes with 0 to 31 random bits flipped,
    /// the others are strangers.
    pub(super) fn queries(&self, count: usize) -> Vec<Query> {
        let mut random = SplitMix(self.seed.rotate_left(32) ^ 0x5EA_3A11);
        let copies = (0..count / 2).map(|_| {
            let (row, flips) = (random.below(self.size), random.below(32));
            Query {
                hash: flip(self.hash(row), flips, &mut random),
                planted: Some(Planted { row, flips }),
            }
        });
        let mut queries: Vec<Query> = copies.collect();
        let strangers = Self {
            seed: !self.seed,
            ..*self
        };
        queries.extend((queries.len()..count).map(|row| Query {
            hash: strangers.hash(row),
            planted: None,
        }));
        queries
    }
}

/// The id under which a row is listed.
pub(super) fn content(row: usize) -> ContentId {
    ContentId(i64::try_from(row).expect("a list in memory has fewer rows than an i64 counts"))
}

/// A hash to look for.
pub(super) struct Query {
    pub(super) hash: PdqHash,
    /// The row that it was made from.
    pub(super) planted: Option<Planted>,
}

/// Where a query comes from.
#[derive(Clone, Copy)]
pub(super) struct Planted {
    pub(super) row: usize,
    pub(super) flips: usize,
}

fn flip(hash: PdqHash, count: usize, random: &mut SplitMix) -> PdqHash {
    let PdqHash(mut words) = hash;
    let mut flipped = [0_u64; 4];
    let mut left = count;
    while left > 0 {
        let bit = random.below(256);
        if flipped[bit / 64] >> (bit % 64) & 1 == 0 {
            flipped[bit / 64] |= 1 << (bit % 64);
            left -= 1;
        }
    }
    words.iter_mut().zip(flipped).for_each(|(w, f)| *w ^= f);
    PdqHash(words)
}

/// Writes `list.bin` and `queries.bin` (32 bytes a hash, as in the hexadecimal form) and
/// `pairs.bin` (query, row: two little-endian numbers of four bytes) into a folder.
pub(super) fn save(
    folder: &Path,
    rows: Rows,
    queries: &[Query],
    found: impl Fn(&Query) -> Vec<usize>,
) -> anyhow::Result<()> {
    let create = |name: &str| std::fs::File::create(folder.join(name)).map(BufWriter::new);
    let save = || -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let (mut list, mut asked, mut pairs) = (
            create("list.bin")?,
            create("queries.bin")?,
            create("pairs.bin")?,
        );
        for row in 0..rows.size {
            list.write_all(&rows.hash(row).to_bytes())?;
        }
        for (number, query) in queries.iter().enumerate() {
            asked.write_all(&query.hash.to_bytes())?;
            for row in found(query) {
                pairs.write_all(&(number as u32).to_le_bytes())?;
                pairs.write_all(&(row as u32).to_le_bytes())?;
            }
        }
        list.flush()?;
        asked.flush()?;
        pairs.flush()
    };
    save().with_context(|| format!("writing the list into {}", folder.display()))
}

/// Vigna's SplitMix64: small, and the same everywhere.
pub(super) struct SplitMix(pub(super) u64);

impl SplitMix {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_queries_are_listed_hashes_with_the_bits_flipped_that_they_say() {
        let rows = Rows {
            seed: 3,
            size: 50,
            crowded: 0,
        };
        let queries = rows.queries(101);
        assert_eq!(queries.len(), 101);
        let planted: Vec<_> = queries
            .iter()
            .filter_map(|query| query.planted.map(|planted| (query.hash, planted)))
            .collect();
        assert_eq!(planted.len(), 50);
        for (hash, Planted { row, flips }) in planted {
            assert!(row < 50 && flips < 32);
            assert_eq!(usize::from(hash.distance(rows.hash(row)).0), flips);
        }
    }

    #[test]
    fn a_row_has_as_many_ones_as_zeros() {
        let rows = Rows {
            seed: 9,
            size: 100,
            crowded: 0,
        };
        let ones = |row| -> u32 { rows.hash(row).0.iter().map(|word| word.count_ones()).sum() };
        assert!((0..100).all(|row| ones(row) == 128));
    }

    #[test]
    fn a_list_is_shared_out_whole_and_crowded_where_asked() {
        let rows = Rows {
            seed: 9,
            size: 100,
            crowded: 5,
        };
        let banks = rows.banks(3, Threshold::DEFAULT);
        assert_eq!(
            banks.iter().map(|bank| bank.len()).collect::<Vec<_>>(),
            [33, 33, 34]
        );
        for row in 0..200 {
            let words = rows.hash(row).0;
            assert_eq!((words[0], words[1] & 0xFFFF), (0, 0));
            assert_ne!(words[1], 0);
        }
    }
}
