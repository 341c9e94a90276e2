//! An index as bytes, so that a start need not gather every hash again.
//!
//! What is written is what a lookup can find: the banks with their settings, and the entries
//! that were not withdrawn. The tables over them are not: they are three times the size, and
//! building them takes less time than reading them would. All numbers are little-endian:
//!
//! | Record | Then |
//! |---|---|
//! | magic | `seawall index 1` and a line feed |
//! | 1, a bank | id, name, threshold, switch, role, lists with id, threshold, switch; by id |
//! | 2, a source | bank, list; in order. They are numbered from 0 |
//! | 3, PDQ rows | source's number, how many, then content and value of each; by source |
//! | 4, 5, 6, digests (MD5, SHA-1, SHA-256) | how many, then source's number, content, value of each |
//! | 0, the end | the number of entries, and the SHA-256 of all before this digest |
//!
//! It is not sealed: whoever stores it does that.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write};
use std::sync::Arc;

use seawall_core::{Algorithm, BankId, BankRole, ContentId, Hash, ListId, Threshold};
use sha2::{Digest, Sha256};

use super::exact::{Owner, Source};
use super::part::{Assembly, Class};
use super::recent::Item;
use super::{BankSettings, Index, IndexedBank, ListSettings};

/// Why a snapshot was not written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// Where the bytes go to or come from failed.
    #[error("writing or reading a snapshot of the index")]
    Io(#[from] io::Error),
    /// Written by a version that writes something else.
    #[error("reading a snapshot of the index: it is of another version")]
    Version,
    /// Cut off, changed, or no snapshot at all.
    #[error("reading a snapshot of the index: it is damaged or none")]
    Damaged,
}

impl Index {
    /// Writes the banks and every entry that is in force, some hundred kilobytes at a time.
    /// A buffer around `to` gains nothing.
    ///
    /// # Errors
    /// [`SnapshotError::Io`].
    pub fn write_snapshot(&self, to: &mut impl Write) -> Result<(), SnapshotError> {
        let mut out = Output {
            to,
            sum: Sha256::new(),
            entries: 0,
        };
        out.put(MAGIC)?;
        for bank in self.banks() {
            out.put(&bank_record(bank.settings())?)?;
        }
        let sources = self.known_sources();
        for source in &sources {
            out.put(&source_record(*source))?;
        }
        self.write_rows(&sources, &mut out)?;
        for algorithm in Algorithm::ALL {
            self.write_digests(algorithm, &sources, &mut out)?;
        }
        let mut end = vec![END];
        end.extend(out.entries.to_le_bytes());
        out.put(&end)?;
        let sum = std::mem::take(&mut out.sum).finalize();
        out.to.write_all(&sum)?;
        Ok(())
    }

    /// Reads what [`Index::write_snapshot`] wrote, to its last byte, and puts it in order.
    /// It asks for no more memory than what it has read takes.
    ///
    /// # Errors
    /// [`SnapshotError`].
    pub fn read_snapshot(from: &mut impl Read) -> Result<Self, SnapshotError> {
        let mut input = Input {
            from,
            sum: Sha256::new(),
            block: Vec::new(),
        };
        let magic: [u8; MAGIC.len()] = input.array()?;
        if magic != *MAGIC {
            let version_at = MAGIC.len() - 2;
            return Err(if magic[..version_at] == MAGIC[..version_at] {
                SnapshotError::Version
            } else {
                SnapshotError::Damaged
            });
        }
        let mut reading = Reading::default();
        while reading.take_record(&mut input)? {}
        let sum = std::mem::take(&mut input.sum).finalize();
        if input.array::<32>()?[..] != sum[..] || input.from.read(&mut [0])? != 0 {
            return Err(SnapshotError::Damaged);
        }
        Ok(reading.finish())
    }

    /// The sources of banks that are there, in order.
    fn known_sources(&self) -> BTreeSet<Source> {
        let parts = self.parts.iter().flat_map(|kept| &kept.part.sources);
        let recent = self.recent.iter().flat_map(|block| block.iter());
        let all = parts.copied().chain(recent.map(|item| item.source));
        all.filter(|source| self.bank(source.bank).is_some())
            .collect()
    }

    fn write_rows(
        &self,
        sources: &BTreeSet<Source>,
        out: &mut Output<'_, impl Write>,
    ) -> Result<(), SnapshotError> {
        let mut recent: BTreeMap<Source, Vec<Item>> = BTreeMap::new();
        for item in self.recent.iter().flat_map(|block| block.iter()) {
            if item.hash.algorithm() == Algorithm::Pdq {
                recent.entry(item.source).or_default().push(item);
            }
        }
        for (number, &source) in (0_u32..).zip(sources) {
            let known = self.bank(source.bank).expect("the sources are of banks");
            let mut start = vec![ROWS];
            start.extend(number.to_le_bytes());
            let mut block = Block::new(start);
            let mut take = |content: ContentId, born: u64, hash: &Hash| {
                let owner = Owner {
                    bank: source.bank,
                    content,
                };
                if self.is_kept(owner, born, known) {
                    block.add(out, &[&content.0.to_le_bytes(), &hash.to_bytes()])?;
                }
                Ok::<_, SnapshotError>(())
            };
            for kept in &self.parts {
                for (content, hash) in kept.part.pdq_of(source) {
                    take(content, kept.part.born, &Hash::Pdq(hash))?;
                }
            }
            for item in recent.remove(&source).unwrap_or_default() {
                take(item.content, item.born, &item.hash)?;
            }
            block.flush(out)?;
        }
        Ok(())
    }

    fn write_digests(
        &self,
        algorithm: Algorithm,
        sources: &BTreeSet<Source>,
        out: &mut Output<'_, impl Write>,
    ) -> Result<(), SnapshotError> {
        let Some(tag) = digest_tag(algorithm) else {
            return Ok(());
        };
        let numbers: BTreeMap<Source, u32> = sources.iter().copied().zip(0..).collect();
        let mut block = Block::new(vec![tag]);
        let in_parts = self.parts.iter().flat_map(|kept| {
            let digests = kept.part.digests.iter();
            digests.map(|(hash, source, content)| Item {
                hash,
                source,
                content,
                born: kept.part.born,
            })
        });
        let recent = self.recent.iter().flat_map(|block| block.iter());
        for item in in_parts.chain(recent) {
            let known = self.bank(item.source.bank);
            let kept = known.is_some_and(|known| self.is_kept(item.owner(), item.born, known));
            if kept && item.hash.algorithm() == algorithm {
                let number = numbers[&item.source].to_le_bytes();
                let content = item.content.0.to_le_bytes();
                block.add(out, &[&number, &content, &item.hash.to_bytes()])?;
            }
        }
        block.flush(out)
    }
}

const MAGIC: &[u8; 16] = b"seawall index 1\n";

const END: u8 = 0;
const BANK: u8 = 1;
const SOURCE: u8 = 2;
const ROWS: u8 = 3;

fn digest_tag(algorithm: Algorithm) -> Option<u8> {
    match algorithm {
        Algorithm::Pdq => None,
        Algorithm::Md5 => Some(4),
        Algorithm::Sha1 => Some(5),
        Algorithm::Sha256 => Some(6),
    }
}

/// Entries of one record: about 160 KB.
const BLOCK_ENTRIES: usize = 4096;

/// Bank names are far shorter; so are the paths that stand for them in a program without banks.
const NAME_BYTES_MAX: usize = 1 << 16;

fn bank_record(settings: &BankSettings) -> Result<Vec<u8>, SnapshotError> {
    let mut record = vec![BANK];
    record.extend(settings.bank.0.to_le_bytes());
    let name = settings.name.as_bytes();
    let too_long = || io::Error::new(io::ErrorKind::InvalidInput, "a bank's name is too long");
    let length = u32::try_from(name.len()).map_err(|_| too_long())?;
    if name.len() > NAME_BYTES_MAX {
        return Err(too_long().into());
    }
    record.extend(length.to_le_bytes());
    record.extend(name);
    record.extend(settings.threshold.bits().to_le_bytes());
    record.push(u8::from(settings.enabled));
    record.push(match settings.role {
        BankRole::Known => 0,
        BankRole::Exception => 1,
    });
    record.extend((settings.lists.len() as u32).to_le_bytes());
    for list in &settings.lists {
        record.extend(list.list.0.to_le_bytes());
        let bits = list.threshold.map_or(NO_THRESHOLD, Threshold::bits);
        record.extend(bits.to_le_bytes());
        record.push(u8::from(list.enabled));
    }
    Ok(record)
}

/// Where a list has no threshold of its own.
const NO_THRESHOLD: u16 = u16::MAX;

fn source_record(source: Source) -> Vec<u8> {
    let mut record = vec![SOURCE];
    record.extend(source.bank.0.to_le_bytes());
    record.push(u8::from(source.list.is_some()));
    record.extend(source.list.map_or(0, |list| list.0).to_le_bytes());
    record
}

struct Output<'a, W> {
    to: &'a mut W,
    sum: Sha256,
    entries: u64,
}

impl<W: Write> Output<'_, W> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        self.sum.update(bytes);
        Ok(self.to.write_all(bytes)?)
    }
}

/// A record that is being filled with entries.
struct Block {
    start: Vec<u8>,
    count: u32,
    bytes: Vec<u8>,
}

impl Block {
    fn new(start: Vec<u8>) -> Self {
        Self {
            start,
            count: 0,
            bytes: Vec::new(),
        }
    }

    fn add(
        &mut self,
        out: &mut Output<'_, impl Write>,
        entry: &[&[u8]],
    ) -> Result<(), SnapshotError> {
        entry
            .iter()
            .for_each(|bytes| self.bytes.extend_from_slice(bytes));
        self.count += 1;
        if self.count as usize == BLOCK_ENTRIES {
            self.flush(out)?;
        }
        Ok(())
    }

    fn flush(&mut self, out: &mut Output<'_, impl Write>) -> Result<(), SnapshotError> {
        if self.count > 0 {
            out.put(&self.start)?;
            out.put(&self.count.to_le_bytes())?;
            out.put(&self.bytes)?;
            out.entries += u64::from(self.count);
            self.count = 0;
            self.bytes.clear();
        }
        Ok(())
    }
}

struct Input<'a, R> {
    from: &'a mut R,
    sum: Sha256,
    /// The entries of the record that is being read.
    block: Vec<u8>,
}

impl<R: Read> Input<'_, R> {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), SnapshotError> {
        self.from
            .read_exact(buffer)
            .map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => SnapshotError::Damaged,
                _ => SnapshotError::Io(error),
            })?;
        self.sum.update(&*buffer);
        Ok(())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], SnapshotError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn byte(&mut self) -> Result<u8, SnapshotError> {
        self.array().map(|[byte]| byte)
    }

    fn flag(&mut self) -> Result<bool, SnapshotError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            2.. => Err(SnapshotError::Damaged),
        }
    }

    fn u16(&mut self) -> Result<u16, SnapshotError> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, SnapshotError> {
        self.array().map(u32::from_le_bytes)
    }

    fn i64(&mut self) -> Result<i64, SnapshotError> {
        self.array().map(i64::from_le_bytes)
    }

    fn threshold(&mut self) -> Result<Threshold, SnapshotError> {
        Threshold::new(self.u16()?).ok_or(SnapshotError::Damaged)
    }

    /// Reads so many entries of so many bytes; the caller puts the block back.
    fn entries(&mut self, entry_bytes: usize) -> Result<Vec<u8>, SnapshotError> {
        let count = self.u32()? as usize;
        if count == 0 || count > BLOCK_ENTRIES {
            return Err(SnapshotError::Damaged);
        }
        let mut block = std::mem::take(&mut self.block);
        block.resize(count * entry_bytes, 0);
        self.fill(&mut block)?;
        Ok(block)
    }
}

/// What was read so far.
#[derive(Default)]
struct Reading {
    banks: Vec<IndexedBank>,
    sources: Vec<(Source, Class)>,
    /// The source whose rows came last.
    row_source: usize,
    assemblies: BTreeMap<Class, Assembly>,
    entries: u64,
}

impl Reading {
    /// Takes the next record over; `false` at the end.
    fn take_record(&mut self, input: &mut Input<'_, impl Read>) -> Result<bool, SnapshotError> {
        match input.byte()? {
            END => {
                let entries = input.array().map(u64::from_le_bytes)?;
                return in_form(entries == self.entries).map(|()| false);
            }
            BANK => self.take_bank(input)?,
            SOURCE => self.take_source(input)?,
            ROWS => self.take_rows(input)?,
            tag => {
                let digests = Algorithm::ALL.into_iter();
                let mut algorithm = digests.filter(|of| digest_tag(*of) == Some(tag));
                let algorithm = algorithm.next().ok_or(SnapshotError::Damaged)?;
                self.take_digests(algorithm, input)?;
            }
        }
        Ok(true)
    }

    fn take_bank(&mut self, input: &mut Input<'_, impl Read>) -> Result<(), SnapshotError> {
        let bank = BankId(input.i64()?);
        let last = self.banks.last().map(|last| last.settings.bank);
        in_form(last.is_none_or(|last| last < bank))?;
        let length = input.u32()? as usize;
        in_form(length <= NAME_BYTES_MAX)?;
        let mut name = vec![0; length];
        input.fill(&mut name)?;
        let mut settings = BankSettings {
            bank,
            name: String::from_utf8(name).map_err(|_| SnapshotError::Damaged)?,
            threshold: input.threshold()?,
            enabled: input.flag()?,
            role: if input.flag()? {
                BankRole::Exception
            } else {
                BankRole::Known
            },
            lists: Vec::new(),
        };
        for _ in 0..input.u32()? {
            let list = ListId(input.i64()?);
            let last = settings.lists.last().map(|last: &ListSettings| last.list);
            in_form(last.is_none_or(|last| last <= list))?;
            let bits = input.u16()?;
            let threshold = Threshold::new(bits);
            in_form(threshold.is_some() || bits == NO_THRESHOLD)?;
            settings.lists.push(ListSettings {
                list,
                threshold,
                enabled: input.flag()?,
            });
        }
        self.banks.push(IndexedBank { settings, since: 0 });
        Ok(())
    }

    fn take_source(&mut self, input: &mut Input<'_, impl Read>) -> Result<(), SnapshotError> {
        let bank = BankId(input.i64()?);
        let (has_list, list) = (input.flag()?, input.i64()?);
        let source = Source {
            bank,
            list: has_list.then_some(ListId(list)),
        };
        let last = self.sources.last().map(|(last, _)| *last);
        in_form(last.is_none_or(|last| last < source))?;
        let known = self
            .banks
            .binary_search_by_key(&bank, |known| known.settings.bank);
        let known = &self.banks[known.map_err(|_| SnapshotError::Damaged)?].settings;
        let class = Class::of(known.role, known.threshold_of(source.list));
        self.sources.push((source, class));
        Ok(())
    }

    fn take_rows(&mut self, input: &mut Input<'_, impl Read>) -> Result<(), SnapshotError> {
        let number = input.u32()? as usize;
        in_form(number >= self.row_source)?;
        self.row_source = number;
        let block = input.entries(8 + 32)?;
        for entry in block.chunks_exact(8 + 32) {
            self.take_entry(number, entry, Algorithm::Pdq)?;
        }
        input.block = block;
        Ok(())
    }

    fn take_digests(
        &mut self,
        algorithm: Algorithm,
        input: &mut Input<'_, impl Read>,
    ) -> Result<(), SnapshotError> {
        let entry_bytes = 4 + 8 + algorithm.bytes();
        let block = input.entries(entry_bytes)?;
        for entry in block.chunks_exact(entry_bytes) {
            let (number, entry) = entry.split_first_chunk().ok_or(SnapshotError::Damaged)?;
            self.take_entry(u32::from_le_bytes(*number) as usize, entry, algorithm)?;
        }
        input.block = block;
        Ok(())
    }

    /// Content and value of an entry.
    fn take_entry(
        &mut self,
        source: usize,
        entry: &[u8],
        algorithm: Algorithm,
    ) -> Result<(), SnapshotError> {
        let &(source, class) = self.sources.get(source).ok_or(SnapshotError::Damaged)?;
        let (content, value) = entry.split_first_chunk().ok_or(SnapshotError::Damaged)?;
        let content = ContentId(i64::from_le_bytes(*content));
        let hash = Hash::from_bytes(algorithm, value).ok_or(SnapshotError::Damaged)?;
        let assembly = self
            .assemblies
            .entry(class)
            .or_insert_with(|| Assembly::new(0, class));
        assembly.push(source, content, hash);
        self.entries += 1;
        Ok(())
    }

    fn finish(self) -> Index {
        let mut index = Index {
            banks: Arc::new(self.banks),
            ..Index::default()
        };
        let parts = self.assemblies.into_values().flat_map(Assembly::finish);
        index.keep(parts.collect());
        index
    }
}

fn in_form(holds: bool) -> Result<(), SnapshotError> {
    if holds {
        Ok(())
    } else {
        Err(SnapshotError::Damaged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::{BankIndex, Entry};
    use seawall_core::PdqHash;

    /// Two banks with lists, digests of every kind, recent entries and withdrawn ones.
    fn index() -> Index {
        let settings = |bank, role| BankSettings {
            bank: BankId(bank),
            name: format!("BANK_{bank}"),
            threshold: Threshold::DEFAULT,
            enabled: true,
            role,
            lists: vec![ListSettings {
                list: ListId(4),
                threshold: Threshold::new(9),
                enabled: bank == 1,
            }],
        };
        let hash = |number: u64| match number % 4 {
            0 => Hash::Md5([number as u8; 16]),
            1 => Hash::Sha1([number as u8; 20]),
            2 => Hash::Sha256([number as u8; 32]),
            _ => Hash::Pdq(PdqHash([number; 4])),
        };
        let entry = |number: u64| Entry {
            content: ContentId(number.cast_signed()),
            list: number.is_multiple_of(3).then_some(ListId(4)),
            hash: hash(number),
        };
        let known = BankIndex::new(settings(1, BankRole::Known), (0..60).map(entry));
        let mut index = Index::new(vec![Arc::new(known)]);
        index.set_bank(settings(2, BankRole::Exception));
        let added = index.add(BankId(2), (50..90).map(entry));
        added.expect("the bank was set");
        index.withdraw(BankId(1), ContentId(7));
        index.withdraw(BankId(2), ContentId(51));
        index
    }

    fn written(index: &Index) -> Vec<u8> {
        let mut bytes = Vec::new();
        index
            .write_snapshot(&mut bytes)
            .expect("memory takes everything");
        bytes
    }

    #[test]
    fn what_is_in_force_comes_back_and_nothing_else() {
        let before = index();
        let bytes = written(&before);
        let after = Index::read_snapshot(&mut &bytes[..]).expect("just written");
        assert_eq!(after.size().entries, 60 + 40 - 2);
        assert_eq!((after.size().recent, after.size().withdrawn), (0, 0));
        for bank in [BankId(1), BankId(2)] {
            assert_eq!(after.contents(bank), before.contents(bank));
        }
        let settings = |index: &Index| {
            let banks = index.banks().iter();
            banks
                .map(|bank| bank.settings().clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(settings(&after), settings(&before));
        let equal = Hash::Sha1([57; 20]);
        let hits = after.lookup(&equal, None);
        assert_eq!(hits, before.lookup(&equal, None));
        assert_eq!(hits.len(), 1);
        assert!(hits[0].suppressed_by.is_none(), "its list is off");
        // Parts of one class become one: the same bytes from then on.
        let again = written(&after);
        let reread = Index::read_snapshot(&mut &again[..]).expect("just written");
        assert_eq!(written(&reread), again);
    }

    /// The seeds of the fuzz target were put together by hand from the table above.
    #[test]
    fn what_the_table_describes_is_read_and_written_to_the_byte() {
        let seeds = seawall_testkit::fuzz_seeds().into_iter();
        let mut read = 0;
        for seed in seeds.filter(|seed| seed.target == "snapshot") {
            let summed = [&seed.bytes[..], &Sha256::digest(&seed.bytes)].concat();
            let index = Index::read_snapshot(&mut &summed[..]).expect(seed.name);
            assert!(written(&index) == summed, "{}", seed.name);
            if seed.name == "full" {
                let found = index.lookup(&Hash::Sha256([9; 32]), None);
                assert_eq!((found[0].list, found[0].content.0), (Some(ListId(2)), 7));
                let near = Hash::Pdq(PdqHash::from_bytes([6; 32]));
                let found = index.lookup(&near, Threshold::new(64));
                let found: Vec<_> = found.iter().map(|h| (h.content.0, h.distance.0)).collect();
                assert_eq!(found, [(6, 0), (5, 64)]);
            }
            read += 1;
        }
        assert_eq!(read, 2);
    }

    #[test]
    fn every_cut_and_every_changed_byte_is_noticed() {
        let bytes = written(&index());
        for end in 0..bytes.len() {
            let cut = Index::read_snapshot(&mut &bytes[..end]);
            assert!(matches!(cut, Err(SnapshotError::Damaged)), "cut at {end}");
        }
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1 << (place % 8);
            let read = Index::read_snapshot(&mut &changed[..]);
            assert!(read.is_err(), "byte {place}");
        }
        let longer = [&bytes[..], &[0]].concat();
        assert!(Index::read_snapshot(&mut &longer[..]).is_err());
        let mut newer = bytes;
        newer[MAGIC.len() - 2] = b'2';
        let read = Index::read_snapshot(&mut &newer[..]);
        assert!(matches!(read, Err(SnapshotError::Version)));
    }
}
