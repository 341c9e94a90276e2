//! A part of an index: entries of many banks, put in order once and never changed.

use std::ops::Range;

use seawall_core::{BankId, ContentId, Hash, PdqHash};

use super::exact::{Digests, Owner};
use super::near::Rows;
use super::tables::ROWS_MAX;

/// Entries that are searched together.
pub(super) struct Part {
    /// The change of the index up to which it holds what was added or withdrawn.
    pub(super) born: u64,
    /// Whose thresholds it was made for.
    pub(super) class: Class,
    /// Whose entries it holds, in order.
    pub(super) banks: Vec<BankId>,
    /// Each bank's rows, by bank.
    spans: Vec<Span>,
    contents: Contents,
    pub(super) rows: Rows,
    pub(super) digests: Digests,
}

struct Span {
    bank: BankId,
    /// Where its rows end; they start where those of the bank before it end.
    end: u32,
}

impl Part {
    /// The number of entries.
    pub(super) fn len(&self) -> usize {
        self.rows.hashes().len() + self.digests.len()
    }

    /// Whose a row is.
    pub(super) fn owner(&self, row: u32) -> Owner {
        let span = self.spans.partition_point(|span| span.end <= row);
        Owner {
            bank: self.spans[span].bank,
            content: self.contents.of(row as usize),
        }
    }

    /// Whether a bank has rows.
    pub(super) fn has_rows_of(&self, bank: BankId) -> bool {
        self.spans
            .binary_search_by_key(&bank, |span| span.bank)
            .is_ok()
    }

    /// A bank's PDQ hashes with their contents.
    pub(super) fn pdq_of(&self, bank: BankId) -> impl Iterator<Item = (ContentId, PdqHash)> {
        let hashes = self.rows.hashes();
        self.range(bank)
            .map(|row| (self.contents.of(row), PdqHash(hashes[row])))
    }

    fn range(&self, bank: BankId) -> Range<usize> {
        match self.spans.binary_search_by_key(&bank, |span| span.bank) {
            Ok(found) => {
                let before = found
                    .checked_sub(1)
                    .map_or(0, |before| self.spans[before].end);
                before as usize..self.spans[found].end as usize
            }
            Err(_) => 0..0,
        }
    }
}

/// Banks whose thresholds are about the same. A lookup in a part costs what its widest
/// threshold costs, so that banks of different classes are kept in parts of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Class(u16);

impl Class {
    /// Sixteen bits of threshold double to triple the work; beyond 79 all rows are looked at.
    pub(super) fn of(threshold_bits: u16) -> Self {
        Self((threshold_bits / 16).min(5))
    }
}

/// Puts entries together until a part is full.
pub(super) struct Assembly {
    born: u64,
    class: Class,
    rows_max: usize,
    spans: Vec<Span>,
    contents: Vec<ContentId>,
    hashes: Vec<[u64; 4]>,
    digests: Vec<(Hash, Owner)>,
    done: Vec<Part>,
}

impl Assembly {
    pub(super) fn new(born: u64, class: Class) -> Self {
        Self {
            born,
            class,
            rows_max: ROWS_MAX,
            spans: Vec::new(),
            contents: Vec::new(),
            hashes: Vec::new(),
            digests: Vec::new(),
            done: Vec::new(),
        }
    }

    /// Makes room for this many more rows.
    pub(super) fn reserve(&mut self, rows: usize) {
        let rows = rows.min(self.rows_max - self.hashes.len());
        self.contents.reserve_exact(rows);
        self.hashes.reserve_exact(rows);
    }

    /// Adds one entry. Those of one bank come together, banks in order.
    pub(super) fn push(&mut self, owner: Owner, hash: Hash) {
        let Hash::Pdq(PdqHash(words)) = hash else {
            return self.digests.push((hash, owner));
        };
        if self.hashes.len() == self.rows_max {
            self.close();
        }
        self.contents.push(owner.content);
        self.hashes.push(words);
        self.grow_span(owner.bank);
    }

    /// Adds the rows of a whole bank, without copying them where they are the first.
    pub(super) fn take(&mut self, bank: BankId, contents: Vec<ContentId>, hashes: Vec<[u64; 4]>) {
        if hashes.is_empty() {
            return;
        }
        if self.hashes.is_empty() && hashes.len() <= self.rows_max {
            (self.contents, self.hashes) = (contents, hashes);
            return self.grow_span(bank);
        }
        self.reserve(hashes.len());
        for (content, words) in contents.into_iter().zip(hashes) {
            self.push(Owner { bank, content }, Hash::Pdq(PdqHash(words)));
        }
    }

    fn grow_span(&mut self, bank: BankId) {
        let end = self.hashes.len() as u32;
        match self.spans.last_mut() {
            Some(span) if span.bank == bank => span.end = end,
            Some(_) | None => self.spans.push(Span { bank, end }),
        }
    }

    fn close(&mut self) {
        if self.hashes.is_empty() && self.digests.is_empty() {
            return;
        }
        let digests = std::mem::take(&mut self.digests);
        let row_banks = self.spans.iter().map(|span| span.bank);
        let digest_banks = digests.iter().map(|(_, owner)| owner.bank);
        let mut banks: Vec<BankId> = digest_banks.collect();
        banks.sort_unstable();
        banks.dedup();
        banks.extend(row_banks);
        banks.sort_unstable();
        banks.dedup();
        self.done.push(Part {
            born: self.born,
            class: self.class,
            banks,
            spans: std::mem::take(&mut self.spans),
            contents: Contents::new(std::mem::take(&mut self.contents)),
            digests: Digests::new(&digests),
            rows: Rows::new(std::mem::take(&mut self.hashes)),
        });
    }

    /// The parts, none of them empty.
    pub(super) fn finish(mut self) -> Vec<Part> {
        self.close();
        self.done
    }
}

/// The content of each row, in four bytes where the ids lie close enough together.
enum Contents {
    Near { least: i64, offsets: Vec<u32> },
    Far(Vec<ContentId>),
}

impl Contents {
    fn new(contents: Vec<ContentId>) -> Self {
        let least = contents.iter().map(|content| content.0).min().unwrap_or(0);
        let offset = |content: &ContentId| {
            content
                .0
                .checked_sub(least)
                .and_then(|offset| u32::try_from(offset).ok())
        };
        match contents.iter().map(offset).collect() {
            Some(offsets) => Self::Near { least, offsets },
            None => Self::Far(contents),
        }
    }

    fn of(&self, row: usize) -> ContentId {
        match self {
            Self::Near { least, offsets } => ContentId(least + i64::from(offsets[row])),
            Self::Far(contents) => contents[row],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_kept_whole_however_far_apart() {
        for ids in [
            vec![],
            vec![5],
            vec![-3, 7, i64::from(u32::MAX) - 3],
            vec![-3, i64::from(u32::MAX)],
            vec![i64::MIN, 0, i64::MAX],
        ] {
            let contents = Contents::new(ids.iter().copied().map(ContentId).collect());
            let kept: Vec<i64> = (0..ids.len()).map(|row| contents.of(row).0).collect();
            assert_eq!(kept, ids);
        }
    }

    #[test]
    fn a_full_part_is_closed_and_the_next_one_begun() {
        let mut assembly = Assembly::new(0, Class::of(31));
        assembly.rows_max = 3;
        for row in 0..7_u64 {
            let owner = Owner {
                bank: BankId(i64::from(row > 4)),
                content: ContentId(row.cast_signed()),
            };
            assembly.push(owner, Hash::Pdq(PdqHash([row; 4])));
            assembly.push(owner, Hash::Md5([row as u8; 16]));
        }
        let parts = assembly.finish();
        let rows: Vec<usize> = parts.iter().map(|part| part.rows.hashes().len()).collect();
        assert_eq!(rows, [3, 3, 1]);
        assert_eq!(
            parts.iter().map(|part| part.digests.len()).sum::<usize>(),
            7
        );
        let contents = |bank| {
            let found = parts.iter().flat_map(move |part| part.pdq_of(BankId(bank)));
            found.map(|(content, _)| content.0).collect::<Vec<_>>()
        };
        assert_eq!(contents(0), [0, 1, 2, 3, 4]);
        assert_eq!(contents(1), [5, 6]);
        assert_eq!(parts[1].owner(1).bank, BankId(0));
        assert_eq!(parts[1].owner(2).bank, BankId(1));
    }
}
