//! A part of an index: entries of many banks, put in order once and never changed.

use std::ops::Range;

use seawall_core::{BankId, BankRole, ContentId, Hash, PdqHash, Threshold};

use super::bank::Listed;
use super::exact::{Digests, Source};
use super::near::Rows;
use super::tables::ROWS_MAX;

/// Entries that are searched together.
pub(super) struct Part {
    /// The change of the index up to which it holds what was added or withdrawn.
    pub(super) born: u64,
    /// Whose thresholds it was made for.
    pub(super) class: Class,
    /// Whose entries it holds, in order.
    pub(super) sources: Vec<Source>,
    /// Each source's rows, by source.
    spans: Vec<Span>,
    contents: Contents,
    pub(super) rows: Rows,
    pub(super) digests: Digests,
}

struct Span {
    source: Source,
    /// Where its rows end; they start where those of the source before it end.
    end: u32,
}

impl Part {
    /// The number of entries.
    pub(super) fn len(&self) -> usize {
        self.rows.hashes().len() + self.digests.len()
    }

    /// Whose a row is.
    pub(super) fn origin(&self, row: u32) -> (Source, ContentId) {
        let span = self.spans.partition_point(|span| span.end <= row);
        (self.spans[span].source, self.contents.of(row as usize))
    }

    /// The sources that have rows, in order.
    pub(super) fn row_sources(&self) -> impl Iterator<Item = Source> + Clone {
        self.spans.iter().map(|span| span.source)
    }

    /// The sources of a bank that have rows, in order.
    pub(super) fn row_sources_of(&self, bank: BankId) -> impl Iterator<Item = Source> {
        let first = self.spans.partition_point(|span| span.source.bank < bank);
        let spans = self.spans[first..].iter();
        spans
            .map(|span| span.source)
            .take_while(move |source| source.bank == bank)
    }

    /// A source's PDQ hashes with their contents.
    pub(super) fn pdq_of(&self, source: Source) -> impl Iterator<Item = (ContentId, PdqHash)> {
        let hashes = self.rows.hashes();
        self.range(source)
            .map(|row| (self.contents.of(row), PdqHash(hashes[row])))
    }

    /// The rows of a source.
    pub(super) fn range(&self, source: Source) -> Range<usize> {
        match self.spans.binary_search_by_key(&source, |span| span.source) {
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

/// Sources of one role whose thresholds are about the same. A lookup in a part costs what its
/// widest threshold costs, so that sources of different classes are kept in parts of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Class {
    role: BankRole,
    step: u16,
}

impl Class {
    /// Sixteen bits of threshold double to triple the work; beyond 79 all rows are looked at.
    pub(super) fn of(role: BankRole, threshold: Threshold) -> Self {
        Self {
            role,
            step: (threshold.bits() / 16).min(5),
        }
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
    digests: Vec<(Hash, Source, ContentId)>,
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

    /// Adds one entry. Those of one source come together, sources in order.
    pub(super) fn push(&mut self, source: Source, content: ContentId, hash: Hash) {
        let Hash::Pdq(PdqHash(words)) = hash else {
            return self.digests.push((hash, source, content));
        };
        if self.hashes.len() == self.rows_max {
            self.close();
        }
        self.contents.push(content);
        self.hashes.push(words);
        self.grow_span(source);
    }

    /// Adds all entries of a source, without copying the rows where they are the first.
    pub(super) fn take(&mut self, bank: BankId, listed: Listed) {
        let Listed {
            list,
            hashes,
            contents,
            digests,
        } = listed;
        let source = Source { bank, list };
        if self.hashes.is_empty() && !hashes.is_empty() && hashes.len() <= self.rows_max {
            (self.contents, self.hashes) = (contents, hashes);
            self.grow_span(source);
        } else {
            self.reserve(hashes.len());
            for (content, words) in contents.into_iter().zip(hashes) {
                self.push(source, content, Hash::Pdq(PdqHash(words)));
            }
        }
        for (hash, content) in digests {
            self.push(source, content, hash);
        }
    }

    fn grow_span(&mut self, source: Source) {
        let end = self.hashes.len() as u32;
        match self.spans.last_mut() {
            Some(span) if span.source == source => span.end = end,
            Some(_) | None => self.spans.push(Span { source, end }),
        }
    }

    fn close(&mut self) {
        if self.hashes.is_empty() && self.digests.is_empty() {
            return;
        }
        let digests = Digests::new(&std::mem::take(&mut self.digests));
        let row_sources = self.spans.iter().map(|span| span.source);
        let mut sources: Vec<Source> = row_sources.chain(digests.sources.iter().copied()).collect();
        sources.sort_unstable();
        sources.dedup();
        self.done.push(Part {
            born: self.born,
            class: self.class,
            sources,
            spans: std::mem::take(&mut self.spans),
            contents: Contents::new(std::mem::take(&mut self.contents)),
            digests,
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
    use seawall_core::ListId;

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
        let class = Class::of(BankRole::Known, Threshold::DEFAULT);
        let mut assembly = Assembly::new(0, class);
        assembly.rows_max = 3;
        let source = |row: u64| Source {
            bank: BankId(i64::from(row > 4)),
            list: (row > 2).then_some(ListId(7)),
        };
        for row in 0..7_u64 {
            let content = ContentId(row.cast_signed());
            assembly.push(source(row), content, Hash::Pdq(PdqHash([row; 4])));
            assembly.push(source(row), content, Hash::Md5([row as u8; 16]));
        }
        let parts = assembly.finish();
        let rows: Vec<usize> = parts.iter().map(|part| part.rows.hashes().len()).collect();
        assert_eq!(rows, [3, 3, 1]);
        assert_eq!(
            parts.iter().map(|part| part.digests.len()).sum::<usize>(),
            7
        );
        let contents = |row| {
            let found = parts.iter().flat_map(move |part| part.pdq_of(source(row)));
            found.map(|(content, _)| content.0).collect::<Vec<_>>()
        };
        assert_eq!(contents(0), [0, 1, 2]);
        assert_eq!(contents(4), [3, 4]);
        assert_eq!(contents(5), [5, 6]);
        assert_eq!(parts[1].origin(1), (source(4), ContentId(4)));
        assert_eq!(parts[1].origin(2), (source(5), ContentId(5)));
        let of_bank: Vec<_> = parts[1].row_sources_of(BankId(1)).collect();
        assert_eq!(of_bank, [source(5)]);
    }
}
