//! Hashes against the seen index, exactly.
//!
//! One thread reads sealed parts from one snapshot of the database and hands them to others,
//! one a processor, which open and search them. A few hashes are held against each row as it
//! lies; for many, the rows of several pages are put into an index for the moment, which costs
//! about as much as looking at every row some hundreds of times. Either way no more than a few
//! pages are in memory.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use seawall::index::{BankIndex, BankSettings, Entry, Index};
use seawall::rows::within;
use seawall_casework::context::ChannelKind;
use seawall_core::{
    Algorithm, BankId, BankRole, ContentId, Distance, Hash, PdqHash, Threshold, Timestamp, View,
};
use seawall_store::{
    Reader, SealedPart, SeenEntries, SeenEntry, SeenKey, SeenPage, SeenPart, SeenRow, SeenTag,
    Store, StoreError,
};

/// A seen item that a hash matches.
#[derive(Clone, PartialEq, Eq)]
pub struct SeenMatch {
    /// The platform's own id of the item.
    pub item_id: String,
    /// When it came.
    pub seen_at: Timestamp,
    /// Where it appeared.
    pub channel: ChannelKind,
    /// Which of the hashes asked about is nearest to it, counted from 0.
    pub query: usize,
    /// The kind of that hash.
    pub algorithm: Algorithm,
    /// In how many bits they differ; 0 for digests.
    pub distance: Distance,
    /// Which form of the picture matched.
    pub view: Option<View>,
}

impl std::fmt::Debug for SeenMatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SeenMatch([redacted])")
    }
}

/// What a lookup in the seen index found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenAnswer {
    /// How many items match.
    pub found: u64,
    /// Each item that matches, once, by the hash that is nearest to it; nearest first, and of
    /// more than [`SeenAnswer::ITEMS_MAX`] the nearest.
    pub matches: Vec<SeenMatch>,
}

impl SeenAnswer {
    /// The most items that one answer lists.
    pub const ITEMS_MAX: usize = 10_000;
}

/// What is looked for.
struct Needles {
    pdq: Vec<(u32, PdqHash)>,
    digests: HashMap<Hash, u32>,
    distance_max: Threshold,
}

/// A row of a part that matches, by the needle that is nearest.
#[derive(Clone, Copy)]
struct RowHit {
    page: usize,
    algorithm: Algorithm,
    row: u32,
    query: u32,
    distance: Distance,
}

/// Sealed parts of one kind, to be searched together.
struct Batch {
    algorithm: Algorithm,
    parts: Vec<(usize, SealedPart)>,
}

/// Every seen item within `distance_max` bits of one of these PDQ hashes, or with one of these
/// digests. It writes no event: [`crate::Workflow::seen_matches`] does.
///
/// # Errors
/// [`StoreError`], where a sealed value does not open too.
pub fn search_seen(
    store: &Store,
    key: &SeenKey,
    hashes: &[Hash],
    distance_max: Threshold,
) -> Result<SeenAnswer, StoreError> {
    let needles = &Needles::new(hashes, distance_max);
    let mut matches = store.read(|reader| {
        let mut outranked = HashSet::new();
        let mut matches = search_rows(reader, key, needles, &mut outranked)?;
        let pages = reader.seen_pages()?;
        let hits = search_pages(reader, key, needles, &pages)?;
        matches.extend(resolve(reader, key, &pages, hits, &outranked)?);
        Ok::<_, StoreError>(matches)
    })?;
    matches.sort_by(|a, b| {
        (a.distance, a.seen_at, &a.item_id).cmp(&(b.distance, b.seen_at, &b.item_id))
    });
    let found = matches.len() as u64;
    matches.truncate(SeenAnswer::ITEMS_MAX);
    Ok(SeenAnswer { found, matches })
}

/// The items in rows of their own. All their tags go to `outranked`: what a page says of the
/// same items is older.
fn search_rows(
    reader: &Reader<'_>,
    key: &SeenKey,
    needles: &Needles,
    outranked: &mut HashSet<SeenTag>,
) -> Result<Vec<SeenMatch>, StoreError> {
    let mut after = 0;
    let jobs = std::iter::from_fn(|| {
        let rows = match reader.seen_rows(after, ROWS_AT_ONCE) {
            Ok(rows) => rows,
            Err(error) => return Some(Err(error)),
        };
        after = rows.last()?.id;
        outranked.extend(rows.iter().map(|row| row.tag));
        Some(Ok(rows))
    });
    spread(jobs, |rows: Vec<SeenRow>| needles.search_rows(key, &rows))
}

fn search_pages(
    reader: &Reader<'_>,
    key: &SeenKey,
    needles: &Needles,
    pages: &[SeenPage],
) -> Result<Vec<RowHit>, StoreError> {
    let together = if needles.are_many() {
        PAGES_AN_INDEX
    } else {
        1
    };
    let numbered: Vec<usize> = (0..pages.len()).collect();
    let wanted = Algorithm::ALL
        .into_iter()
        .filter(|algorithm| needles.has(*algorithm));
    let batches = wanted.flat_map(|algorithm| {
        numbered
            .chunks(together)
            .map(move |numbers| (algorithm, numbers))
    });
    let jobs = batches.map(|(algorithm, numbers)| {
        let read = |number: &usize| {
            let part = reader.seen_part(pages[*number].id, SeenPart::Values(algorithm))?;
            Ok::<_, StoreError>((*number, part))
        };
        let parts = numbers.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Batch { algorithm, parts })
    });
    spread(jobs, |batch| needles.search_batch(key, &batch))
}

/// Whose hashes those rows are.
fn resolve(
    reader: &Reader<'_>,
    key: &SeenKey,
    pages: &[SeenPage],
    hits: Vec<RowHit>,
    outranked: &HashSet<SeenTag>,
) -> Result<Vec<SeenMatch>, StoreError> {
    let mut by_page: BTreeMap<usize, Vec<RowHit>> = BTreeMap::new();
    for hit in hits {
        by_page.entry(hit.page).or_default().push(hit);
    }
    let jobs = by_page.into_iter().map(|(page, hits)| {
        let part = reader.seen_part(pages[page].id, SeenPart::Entries)?;
        Ok((part, hits))
    });
    spread(jobs, |(part, hits): (SealedPart, Vec<RowHit>)| {
        let mut matches = items_of(&part.open(key)?, hits);
        matches.retain(|found| !outranked.contains(&key.tag(&found.item_id)));
        Ok(matches)
    })
}

/// The items of a page that these rows belong to, each with its nearest row.
fn items_of(entries: &[u8], mut hits: Vec<RowHit>) -> Vec<SeenMatch> {
    hits.sort_by_key(|hit| (hit.algorithm, hit.row));
    let of_kind = |algorithm| hits.iter().filter(move |hit| hit.algorithm == algorithm);
    let mut waiting = Algorithm::ALL.map(|algorithm| of_kind(algorithm).peekable());
    let (mut first, mut matches) = ([0_u32; 4], Vec::new());
    let mut entries = SeenEntries::new(entries);
    loop {
        let mut own: Vec<(usize, &RowHit)> = Vec::new();
        let next = entries.next_if(|counts| {
            for (place, hits) in waiting.iter_mut().enumerate() {
                let end = first[place] + u32::from(counts[place]);
                while let Some(hit) = hits.next_if(|hit| hit.row < end) {
                    own.push(((hit.row - first[place]) as usize, hit));
                }
                first[place] = end;
            }
            !own.is_empty()
        });
        let Some((_, entry)) = next else {
            return matches;
        };
        let nearest = own.iter().min_by_key(|(_, hit)| (hit.distance, hit.query));
        if let (Some(entry), Some((row, hit))) = (entry, nearest) {
            matches.push(item(entry, *row, hit));
        }
    }
}

fn item(entry: SeenEntry, row: usize, hit: &RowHit) -> SeenMatch {
    let view = match hit.algorithm {
        Algorithm::Pdq => entry.views.get(row).copied().flatten(),
        Algorithm::Md5 | Algorithm::Sha1 | Algorithm::Sha256 => None,
    };
    SeenMatch {
        item_id: entry.item_id,
        seen_at: entry.seen_at,
        channel: entry.channel,
        query: hit.query as usize,
        algorithm: hit.algorithm,
        distance: hit.distance,
        view,
    }
}

impl Needles {
    fn new(hashes: &[Hash], distance_max: Threshold) -> Self {
        let mut needles = Self {
            pdq: Vec::new(),
            digests: HashMap::new(),
            distance_max,
        };
        for (query, hash) in (0_u32..).zip(hashes) {
            match hash {
                Hash::Pdq(hash) => needles.pdq.push((query, *hash)),
                Hash::Md5(_) | Hash::Sha1(_) | Hash::Sha256(_) => {
                    needles.digests.entry(*hash).or_insert(query);
                }
            }
        }
        needles
    }

    fn has(&self, algorithm: Algorithm) -> bool {
        match algorithm {
            Algorithm::Pdq => !self.pdq.is_empty(),
            Algorithm::Md5 | Algorithm::Sha1 | Algorithm::Sha256 => self
                .digests
                .keys()
                .any(|hash| hash.algorithm() == algorithm),
        }
    }

    fn are_many(&self) -> bool {
        self.pdq.len() >= NEEDLES_FOR_AN_INDEX
    }

    /// The items of these rows that match, each with its nearest hash.
    fn search_rows(&self, key: &SeenKey, rows: &[SeenRow]) -> Result<Vec<SeenMatch>, StoreError> {
        let mut matches = Vec::new();
        for row in rows {
            let record = row.open(key)?;
            let nearest = record
                .hashes
                .iter()
                .filter_map(|(hash, view)| {
                    let (distance, query) = self.nearest(hash)?;
                    Some((distance, query, hash.algorithm(), *view))
                })
                .min();
            if let Some((distance, query, algorithm, view)) = nearest {
                matches.push(SeenMatch {
                    item_id: record.item_id,
                    seen_at: record.seen_at,
                    channel: record.channel,
                    query: query as usize,
                    algorithm,
                    distance,
                    view,
                });
            }
        }
        Ok(matches)
    }

    /// The needle that is nearest to one hash, if any is near enough.
    fn nearest(&self, hash: &Hash) -> Option<(Distance, u32)> {
        match hash {
            Hash::Pdq(hash) => {
                let near = self
                    .pdq
                    .iter()
                    .map(|(query, needle)| (needle.distance(*hash), *query));
                near.filter(|(distance, _)| distance.0 <= self.distance_max.bits())
                    .min()
            }
            Hash::Md5(_) | Hash::Sha1(_) | Hash::Sha256(_) => {
                self.digests.get(hash).map(|query| (Distance(0), *query))
            }
        }
    }

    fn search_batch(&self, key: &SeenKey, batch: &Batch) -> Result<Vec<RowHit>, StoreError> {
        match batch.algorithm {
            Algorithm::Pdq => self.search_pictures(key, batch),
            Algorithm::Md5 | Algorithm::Sha1 | Algorithm::Sha256 => self.search_digests(key, batch),
        }
    }

    fn search_digests(&self, key: &SeenKey, batch: &Batch) -> Result<Vec<RowHit>, StoreError> {
        let mut hits = Vec::new();
        for (page, part) in &batch.parts {
            let opened = part.open(key)?;
            let rows = opened.chunks_exact(batch.algorithm.bytes());
            for (row, value) in (0_u32..).zip(rows) {
                let hash = Hash::from_bytes(batch.algorithm, value);
                if let Some(query) = hash.and_then(|hash| self.digests.get(&hash)) {
                    hits.push(RowHit {
                        page: *page,
                        algorithm: batch.algorithm,
                        row,
                        query: *query,
                        distance: Distance(0),
                    });
                }
            }
        }
        Ok(hits)
    }

    fn search_pictures(&self, key: &SeenKey, batch: &Batch) -> Result<Vec<RowHit>, StoreError> {
        let (mut rows, mut places) = (Vec::new(), Vec::new());
        for (page, part) in &batch.parts {
            let opened = part.open(key)?;
            let (values, _) = opened.as_chunks::<32>();
            rows.extend(values.iter().map(|value| PdqHash::from_bytes(*value).0));
            places.extend((0_u32..).zip(values).map(|(row, _)| (*page, row)));
        }
        let mut nearest = vec![FAR; rows.len()];
        let mut found = |row: usize, distance: Distance, query: u32| {
            nearest[row] = nearest[row].min((distance, query));
        };
        if self.are_many() {
            let index = index_of(&rows);
            for (query, needle) in &self.pdq {
                for hit in index.lookup(&Hash::Pdq(*needle), Some(self.distance_max)) {
                    found(row_of(hit.content), hit.distance, *query);
                }
            }
        } else {
            for (query, needle) in &self.pdq {
                within(*needle, &rows, self.distance_max, &mut |row, distance| {
                    found(row, distance, *query);
                });
            }
        }
        let hits = nearest.into_iter().zip(places);
        let hits = hits.filter(|(nearest, _)| *nearest != FAR);
        Ok(hits
            .map(|((distance, query), (page, row))| RowHit {
                page,
                algorithm: Algorithm::Pdq,
                row,
                query,
                distance,
            })
            .collect())
    }
}

/// An index over plain rows, for the moment.
fn index_of(rows: &[[u64; 4]]) -> Index {
    let settings = BankSettings {
        bank: BankId(0),
        name: String::new(),
        threshold: Threshold::DEFAULT,
        enabled: true,
        role: BankRole::Known,
        lists: Vec::new(),
    };
    let entries = (0_i64..).zip(rows).map(|(row, words)| Entry {
        content: ContentId(row),
        list: None,
        hash: Hash::Pdq(PdqHash(*words)),
    });
    Index::new(vec![Arc::new(BankIndex::new(settings, entries))])
}

fn row_of(content: ContentId) -> usize {
    usize::try_from(content.0).expect("the index was made with row numbers as contents")
}

/// Does the jobs on one thread a processor, while this thread makes them. The first error ends
/// it.
fn spread<J: Send, T: Send>(
    jobs: impl Iterator<Item = Result<J, StoreError>>,
    work: impl Fn(J) -> Result<Vec<T>, StoreError> + Sync,
) -> Result<Vec<T>, StoreError> {
    let threads = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let (sender, receiver) = sync_channel::<J>(1);
    let receiver = Arc::new(Mutex::new(receiver));
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                // Owned by the workers: when all are gone, nobody waits for them.
                let (receiver, work) = (Arc::clone(&receiver), &work);
                scope.spawn(move || {
                    let mut done = Vec::new();
                    loop {
                        let job = receiver
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .recv();
                        let Ok(job) = job else { break };
                        done.extend(work(job)?);
                    }
                    Ok::<_, StoreError>(done)
                })
            })
            .collect();
        drop(receiver);
        let mut made = Ok(());
        for job in jobs {
            match job.map(|job| sender.send(job)) {
                Ok(Ok(())) => {}
                // All workers ended early, each with its error.
                Ok(Err(_)) => break,
                Err(error) => {
                    made = Err(error);
                    break;
                }
            }
        }
        drop(sender);
        let mut all = Vec::new();
        for worker in workers {
            let done = worker
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            all.extend(done?);
        }
        made.map(|()| all)
    })
}

/// Farther than any hash can be.
const FAR: (Distance, u32) = (Distance(u16::MAX), u32::MAX);
/// From so many hashes on, an index is made of the rows.
const NEEDLES_FOR_AN_INDEX: usize = 256;
/// A million rows where pages are full.
const PAGES_AN_INDEX: usize = 16;
const ROWS_AT_ONCE: u32 = 8_192;

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
