//! Hashes are looked up: what they match, without a case.

use seawall::index::{Hit, Scope};
use seawall_core::Hash;
use seawall_store::StoreError;
use serde::Serialize;

use crate::Workflow;
use crate::ingest::{MatchAnswer, match_answer};
use crate::live::Snapshot;

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
        let banks = self.index.load();
        let mut answers = Vec::with_capacity(hashes.len());
        for piece in hashes.chunks(PIECE) {
            for hits in banks.index.lookup_many(piece, &Scope::default()) {
                answers.push(self.lookup_answer(&banks, &hits)?);
            }
        }
        Ok(answers)
    }

    fn lookup_answer(&self, banks: &Snapshot, hits: &[Hit]) -> Result<LookupAnswer, StoreError> {
        let (suppressed, matches): (Vec<_>, Vec<_>) =
            hits.iter().partition(|hit| hit.suppressed_by.is_some());
        self.tally.count_lookup(!matches.is_empty());
        let listed = |hits: &[&Hit]| {
            let nearest = hits.iter().take(LISTED_MAX);
            let rows = nearest.map(|hit| banks.row(hit, None, None)).collect();
            let rows = self.with_reasons(rows)?;
            Ok::<_, StoreError>(rows.iter().map(match_answer).collect())
        };
        Ok(LookupAnswer {
            matches: listed(&matches)?,
            matches_found: matches.len(),
            suppressed: listed(&suppressed)?,
            suppressed_found: suppressed.len(),
        })
    }
}

/// Hashes looked up before those hits that are not listed are let go of.
const PIECE: usize = 8;
