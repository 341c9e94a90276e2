//! Hashes and files are looked up: what they match, without a case.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use seawall::index::{Hit, Scope};
use seawall::scan::matches_in;
use seawall_core::{Algorithm, BankId, BankName, ContentId, Distance, Hash, Timestamp};
use seawall_store::{Ratio, StoreError};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::answer::{FileLookup, MatchAnswer, match_rows};
use crate::live::Snapshot;
use crate::{BankError, Workflow, WorkflowError};

/// What one hash matches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LookupAnswer {
    /// Listed hashes that match, nearest first; of more than [`LISTED_MAX`] the nearest.
    pub matches: Vec<MatchAnswer>,
    /// How many match.
    pub matches_found: usize,
    /// Those that exceptions speak against; of more than [`LISTED_MAX`] the nearest.
    pub suppressed: Vec<MatchAnswer>,
    /// How many exceptions speak against.
    pub suppressed_found: usize,
}

/// Which banks a lookup for a client of HMA is about.
#[derive(Clone, Copy, Debug, Default)]
pub struct SignalQuery<'a> {
    /// Only the banks with these names; all where there are none. A name that no bank has is
    /// passed over.
    pub banks: Option<&'a [&'a str]>,
    /// Every bank, those that are not enabled and those that are sampled as well.
    pub bypass: bool,
    /// What the sampling of banks goes by; the first hash looked up where there is none.
    pub seed: Option<&'a str>,
}

/// What a bank holds that one hash of a file matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankMatches {
    /// The bank's name.
    pub bank: String,
    /// The contents, each once, with the distance of its nearest hash; nearest first.
    pub contents: Vec<(ContentId, Distance)>,
}

/// How many matches of one hash are listed. With more, an answer for a thousand hashes in a
/// crowded stretch would be as large as the memory of whoever asks.
pub const LISTED_MAX: usize = 100;

impl Workflow {
    /// Looks one hash up in the enabled banks. Opens no case.
    ///
    /// # Errors
    /// [`StoreError`] where the reason of an exception cannot be read.
    pub fn look_up(&self, hash: &Hash) -> Result<LookupAnswer, StoreError> {
        let mut answers = self.look_up_many(std::slice::from_ref(hash))?;
        Ok(answers.pop().unwrap_or_default())
    }

    /// Looks hashes up in the enabled banks as they are now: one answer each, in their order.
    /// Opens no case. Stays on this thread, so that one caller does not take every core.
    ///
    /// # Errors
    /// [`StoreError`] where the reason of an exception cannot be read.
    pub fn look_up_many(&self, hashes: &[Hash]) -> Result<Vec<LookupAnswer>, StoreError> {
        self.answer_many(&self.index.load(), hashes, None)
    }

    /// [`Workflow::look_up_many`] in these banks alone. Exceptions of every bank speak against
    /// what is found.
    ///
    /// # Errors
    /// [`BankError::NoBank`] where one of the names is no bank's: "no match" would be no answer.
    pub fn look_up_many_in(
        &self,
        hashes: &[Hash],
        names: &[BankName],
    ) -> Result<Vec<LookupAnswer>, BankError> {
        let banks = self.index.load();
        let wanted = banks.ids_of_all(names)?;
        Ok(self.answer_many(&banks, hashes, Some(&wanted))?)
    }

    /// Looks a file up: hashes it in a decoder process and holds every usable hash against the
    /// enabled banks, or against these alone. Opens no case and keeps nothing.
    ///
    /// # Errors
    /// [`BankError::NoBank`] where one of the names is no bank's.
    pub async fn look_up_file(
        self: &Arc<Self>,
        bytes: Bytes,
        names: Option<&[BankName]>,
    ) -> Result<FileLookup, BankError> {
        let banks = self.index.load();
        let wanted = names.map(|names| banks.ids_of_all(names)).transpose()?;
        let report = self.hash_picture(bytes).await?;
        let workflow = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || {
            let scope = Scope {
                banks: wanted.as_deref(),
                ..Scope::default()
            };
            let found = matches_in(&report, &banks.index, &scope);
            let rows = workflow.with_words(&banks, match_rows(&found, &report, &banks))?;
            Ok(FileLookup::new(&report, &rows))
        });
        let lookup: Result<FileLookup, StoreError> = done.await.map_err(WorkflowError::from)?;
        let lookup = lookup?;
        self.tally.count_lookup(!lookup.matches.is_empty());
        Ok(lookup)
    }

    fn answer_many(
        &self,
        banks: &Snapshot,
        hashes: &[Hash],
        wanted: Option<&[BankId]>,
    ) -> Result<Vec<LookupAnswer>, StoreError> {
        let scope = Scope {
            banks: wanted,
            ..Scope::default()
        };
        let mut answers = Vec::with_capacity(hashes.len());
        for piece in hashes.chunks(PIECE) {
            for hits in banks.index.lookup_many(piece, &scope) {
                answers.push(self.lookup_answer(banks, &hits)?);
            }
        }
        Ok(answers)
    }

    /// Looks the hashes of one file up as a client of HMA does: by bank, nearest bank first. What
    /// exceptions speak against is left out. Opens no case and counts as one lookup.
    ///
    /// Everything is answered from memory: this never waits for the database.
    #[must_use]
    pub fn look_up_signals(&self, hashes: &[Hash], query: &SignalQuery<'_>) -> Vec<BankMatches> {
        let banks = self.index.load();
        let named = query.banks.map(|names| banks.ids_of(names));
        let scope = Scope {
            banks: named.as_deref(),
            disabled_banks: query.bypass,
            ..Scope::default()
        };
        let mut nearest = BTreeMap::new();
        for hash in hashes {
            for hit in banks.index.lookup_in(hash, &scope) {
                if hit.suppressed_by.is_none() {
                    let known = nearest
                        .entry((hit.bank, hit.content))
                        .or_insert(hit.distance);
                    *known = hit.distance.min(*known);
                }
            }
        }
        let mut nearest: Vec<_> = nearest.into_iter().collect();
        nearest.sort_by_key(|(_, distance)| *distance);
        if !query.bypass {
            banks.sample(&mut nearest, query.seed, hashes);
        }
        self.tally.count_lookup(!nearest.is_empty());
        banks.by_bank(&nearest)
    }

    fn lookup_answer(&self, banks: &Snapshot, hits: &[Hit]) -> Result<LookupAnswer, StoreError> {
        let (suppressed, matches): (Vec<_>, Vec<_>) =
            hits.iter().partition(|hit| hit.suppressed_by.is_some());
        self.tally.count_lookup(!matches.is_empty());
        let listed = |hits: &[&Hit]| {
            let nearest = hits.iter().take(LISTED_MAX);
            let rows = nearest.map(|hit| banks.row(hit, None, None)).collect();
            let rows = self.with_words(banks, rows)?;
            Ok::<_, StoreError>(rows.iter().map(MatchAnswer::from).collect())
        };
        Ok(LookupAnswer {
            matches: listed(&matches)?,
            matches_found: matches.len(),
            suppressed: listed(&suppressed)?,
            suppressed_found: suppressed.len(),
        })
    }
}

/// How many hashes the banks hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HashesHeld {
    counts: BTreeMap<Algorithm, u64>,
    newest_at: Option<Timestamp>,
}

impl HashesHeld {
    /// How many there are of one algorithm.
    #[must_use]
    pub fn of(&self, algorithm: Algorithm) -> u64 {
        self.counts.get(&algorithm).copied().unwrap_or(0)
    }

    /// When the newest content was added, in seconds since 1970.
    #[must_use]
    pub fn newest_s(&self) -> Option<i64> {
        self.newest_at.map(|at| at.as_millis().div_euclid(1_000))
    }
}

/// The newest count, and the state of the banks that it is of.
#[derive(Default)]
pub(crate) struct Counted(Mutex<Option<(u64, HashesHeld)>>);

impl Workflow {
    /// How many hashes the banks hold. Counted anew after a change of the banks alone: that
    /// looks at each.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn hashes_held(&self) -> Result<HashesHeld, StoreError> {
        let counted = self.counted.0.lock();
        let mut counted = counted.unwrap_or_else(PoisonError::into_inner);
        let changes = self.index.load().changes();
        if let Some((at, held)) = &*counted
            && *at == changes
        {
            return Ok(held.clone());
        }
        let held = self.store.read(|reader| {
            Ok::<_, StoreError>(HashesHeld {
                counts: reader.hash_counts()?.into_iter().collect(),
                newest_at: reader.newest_content_at()?,
            })
        })?;
        *counted = Some((changes, held.clone()));
        Ok(held)
    }
}

impl Snapshot {
    /// The banks with these names.
    pub(crate) fn ids_of_all(&self, names: &[BankName]) -> Result<Vec<BankId>, BankError> {
        let id = |name: &BankName| {
            let named = self.banks.values().find(|bank| bank.name == *name);
            Ok(named.ok_or(BankError::NoBank)?.id)
        };
        names.iter().map(id).collect()
    }

    fn ids_of(&self, names: &[&str]) -> Vec<BankId> {
        let banks = self.banks.values();
        let named = banks.filter(|bank| names.contains(&bank.name.as_str()));
        named.map(|bank| bank.id).collect()
    }

    /// Leaves out banks that take part in some lookups alone, where this is none of them.
    fn sample(&self, nearest: &mut Vec<Near>, seed: Option<&str>, hashes: &[Hash]) {
        let ratio = |bank: BankId| {
            let known = self.banks.get(&bank);
            known.map_or(Ratio::ALL, |bank| bank.ratio)
        };
        if nearest
            .iter()
            .any(|((bank, _), _)| ratio(*bank) != Ratio::ALL)
        {
            let coin = coin(seed, hashes);
            nearest.retain(|((bank, _), _)| coin < ratio(*bank).value());
        }
    }

    /// Contents in order of distance, put together by bank in the order of each one's nearest.
    fn by_bank(&self, nearest: &[Near]) -> Vec<BankMatches> {
        let mut places = BTreeMap::new();
        let mut found: Vec<BankMatches> = Vec::new();
        for &((bank, content), distance) in nearest {
            let place = *places.entry(bank).or_insert_with(|| {
                let name = self.banks.get(&bank).map(|bank| bank.name.to_string());
                found.push(BankMatches {
                    bank: name.unwrap_or_default(),
                    contents: Vec::new(),
                });
                found.len() - 1
            });
            found[place].contents.push((content, distance));
        }
        found
    }
}

/// A content that is near, and how near.
type Near = ((BankId, ContentId), Distance);

/// Where the coin falls, 0 to 1 without 1: always in the same place for the same seed, or else
/// for the same first hash.
fn coin(seed: Option<&str>, hashes: &[Hash]) -> f64 {
    let digest: [u8; 32] = match (seed, hashes.first()) {
        (Some(seed), _) => Sha256::digest(seed.as_bytes()).into(),
        (None, Some(hash)) => Sha256::digest(hash.to_bytes()).into(),
        (None, None) => [0; 32],
    };
    let [a, b, c, d, ..] = digest;
    f64::from(u32::from_be_bytes([a, b, c, d])) / (f64::from(u32::MAX) + 1.0)
}

/// Hashes looked up before those hits that are not listed are let go of.
const PIECE: usize = 8;
