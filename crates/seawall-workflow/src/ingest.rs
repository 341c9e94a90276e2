//! An upload arrives: hash, match, and where it matches, seal and open a case.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use seawall::hash::{Digests, combine, digests};
use seawall::index::Scope;
use seawall::scan::{Match, matches_in};
use seawall_casework::audit::EventDraft;
use seawall_casework::case::{Case, CasePurpose, CaseState};
use seawall_casework::context::{ContextError, UploadContext};
use seawall_core::{
    Actor, CaseId, EventKind, EvidenceId, Hash, HashReport, MessageId, Outcome, Timestamp, UploadId,
};
use seawall_store::{
    CaseRecord, Change, EvidenceRow, MatchRow, NewCase, NewMessage, StoreError, UploadRow,
};
use serde::{Deserialize, Serialize};

use crate::answer::{FileLookup, MatchAnswer, match_rows};
use crate::live::Snapshot;
use crate::{Workflow, WorkflowError};

/// An upload to be scanned.
#[derive(Debug)]
pub struct ScanRequest {
    /// The platform's own id of the item, 1 to 255 bytes. The same id with the same bytes gets
    /// the same answer.
    pub item_id: String,
    /// The file.
    pub bytes: Bytes,
    /// What the platform tells about it. Kept only where it matches.
    pub context: UploadContext,
    /// Who asks.
    pub actor: Actor,
}

/// What the platform is advised to do. It decides itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Recommendation {
    /// Nothing known speaks against it.
    Allow,
    /// Keep it from being seen until a person has decided.
    Hold,
    /// It could not be checked: a person, or a rule of the platform, has to say.
    Ask,
}

/// Which recommendation follows from what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// The upload matches an enabled bank.
    pub matched: Recommendation,
    /// It does, but fewer owners than `owners_min` list what it matches.
    pub matched_by_few: Recommendation,
    /// How many independent owners have to list what an upload matches for `matched` to count:
    /// whoever a match names as its origin, else its bank.
    pub owners_min: usize,
    /// It was decoded, but has no usable perceptual hash.
    pub unmatchable: Recommendation,
    /// It is damaged; what decoded matches nothing.
    pub partial: Recommendation,
    /// It could not be decoded.
    pub refused: Recommendation,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            matched: Recommendation::Hold,
            matched_by_few: Recommendation::Hold,
            owners_min: 1,
            unmatchable: Recommendation::Ask,
            partial: Recommendation::Ask,
            refused: Recommendation::Ask,
        }
    }
}

impl Policy {
    /// What follows, where so many independent owners list what an upload matches.
    fn recommend(&self, outcome: Outcome, owners: usize) -> Recommendation {
        if owners >= self.owners_min.max(1) {
            return self.matched;
        }
        if owners > 0 {
            return self.matched_by_few;
        }
        match outcome {
            Outcome::Hashed => Recommendation::Allow,
            Outcome::Unmatchable => self.unmatchable,
            Outcome::Partial => self.partial,
            Outcome::Refused => self.refused,
        }
    }
}

/// The answer to a scan. For the platform alone: never to be shown to the uploader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScanAnswer {
    /// The platform's own id of the item.
    pub item_id: String,
    /// What the file is and matches.
    #[serde(flatten)]
    pub found: FileLookup,
    /// What the platform is advised to do.
    pub recommendation: Recommendation,
    /// The case, where there is a match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case_id: Option<CaseId>,
    /// Whether this item was known before and the case is the one it already had.
    pub repeated: bool,
}

/// A case that was opened just now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OpenedCase {
    /// The case.
    pub case_id: CaseId,
    /// The platform's own id of the item.
    pub item_id: String,
    /// When.
    pub at: Timestamp,
    /// Whether it is a rehearsal.
    pub test: bool,
    /// Every listed hash that matches, nearest first.
    pub matches: Vec<MatchAnswer>,
}

/// Why a scan was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScanError {
    /// The item id is empty, too long or has control characters.
    #[error("scanning an upload: an item id is 1 to 255 bytes without control characters")]
    ItemId,
    /// The item id was used before for other bytes.
    #[error("scanning an upload: this item id was used before for another file")]
    ItemReused {
        /// The case that the first file has.
        case: CaseId,
    },
    /// The context is not right.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// Nobody's input.
    #[error(transparent)]
    Workflow(#[from] WorkflowError),
}

impl From<StoreError> for ScanError {
    fn from(error: StoreError) -> Self {
        Self::Workflow(error.into())
    }
}

/// A scanned file on its way to becoming a case.
struct Scanned {
    report: HashReport,
    found: Vec<Match>,
    banks: Arc<Snapshot>,
    digests: Digests,
}

/// The case of an upload.
#[derive(Clone, Copy)]
struct Opened {
    case: CaseId,
    /// Another request with the same item was first.
    is_repeated: bool,
}

impl Workflow {
    /// Scans an upload. Where it matches, its bytes are sealed and a case is open when this
    /// returns; where it does not, nothing of it is kept
    /// but its hashes in the seen index, where policy names its channel.
    ///
    /// # Errors
    /// [`ScanError`].
    pub async fn scan(self: &Arc<Self>, request: ScanRequest) -> Result<ScanAnswer, ScanError> {
        check_item_id(&request.item_id)?;
        request.context.check()?;
        let bytes = request.bytes.clone();
        let digesting = tokio::task::spawn_blocking(move || digests(&bytes));
        let perceptual = self.workers.hash(request.bytes.clone()).await;
        let digests = digesting.await.map_err(WorkflowError::from)?;
        let workflow = Arc::clone(self);
        tokio::task::spawn_blocking(move || workflow.settle(&request, perceptual, digests))
            .await
            .map_err(WorkflowError::from)?
    }

    /// Hashes a picture of the operator's, for a bank: in a decoder process, as any other.
    ///
    /// # Errors
    /// [`WorkflowError::Thread`].
    pub async fn hash_picture(&self, bytes: Bytes) -> Result<HashReport, WorkflowError> {
        let copy = bytes.clone();
        let digesting = tokio::task::spawn_blocking(move || digests(&copy));
        let perceptual = self.workers.hash(bytes).await;
        Ok(combine(perceptual, &digesting.await?))
    }

    /// Tells of every case that is opened from now on. Who does not keep up misses the oldest.
    #[must_use]
    pub fn opened_cases(&self) -> tokio::sync::broadcast::Receiver<OpenedCase> {
        self.opened.subscribe()
    }

    fn settle(
        &self,
        request: &ScanRequest,
        perceptual: HashReport,
        digests: Digests,
    ) -> Result<ScanAnswer, ScanError> {
        let banks = self.index.load();
        let report = combine(perceptual, &digests);
        let found = matches_in(&report, &banks.index, &Scope::default());
        let scanned = Scanned {
            report,
            found,
            banks,
            digests,
        };
        if let Some(answer) = self.known_item(request, &scanned)? {
            return Ok(answer);
        }
        let rows = self.with_words(&scanned.banks, scanned.match_rows())?;
        let opened = match rows.iter().any(|row| row.exception.is_none()) {
            true => Some(self.open_case(request, &scanned, &rows)?),
            false => None,
        };
        if opened.is_none() {
            self.write_suppressed(request, &scanned, &rows)?;
            self.keep_seen(request, &scanned.report)?;
        }
        let is_repeated = opened.is_some_and(|opened| opened.is_repeated);
        // A rehearsal counts in no figure, and a repetition was counted the first time.
        let is_rehearsal = opened.is_some() && scanned.purpose() == CasePurpose::Test;
        if !is_repeated && !is_rehearsal {
            let outcome = scanned.report.outcome;
            self.tally
                .count(outcome, request.context.channel, opened.is_some());
        }
        let case = opened.map(|opened| opened.case);
        let mut answer = self.answer(&request.item_id, &scanned, &rows, case);
        answer.repeated = is_repeated;
        if let Some(case_id) = case.filter(|_| !is_repeated) {
            // Nobody may be listening, which is no failure.
            let _ = self.opened.send(OpenedCase {
                case_id,
                item_id: request.item_id.clone(),
                at: self.clock.now(),
                test: is_rehearsal,
                matches: answer.found.matches.clone(),
            });
        }
        Ok(answer)
    }

    /// Writes that an upload's every match was suppressed, by what; nothing where it has none.
    fn write_suppressed(
        &self,
        request: &ScanRequest,
        scanned: &Scanned,
        rows: &[MatchRow],
    ) -> Result<(), StoreError> {
        let pairs: Vec<_> = rows.iter().filter_map(suppression).collect();
        if pairs.is_empty() {
            return Ok(());
        }
        let mut event = EventDraft::new(EventKind::ScanSuppressed, request.actor)
            .with("channel", request.context.channel.name())
            .with("suppressed", pairs.len())
            .with(
                "matches",
                pairs.into_iter().take(PAIRS_MAX).collect::<Vec<_>>(),
            );
        if scanned.purpose() == CasePurpose::Test {
            event = event.with("test", true);
        }
        self.store
            .write(self.clock.now(), |_| Ok(Change::new(()).event(event)))
    }

    /// The answer for an item that already has a case, if it has one.
    fn known_item(
        &self,
        request: &ScanRequest,
        scanned: &Scanned,
    ) -> Result<Option<ScanAnswer>, ScanError> {
        let known = self
            .store
            .read(|reader| reader.upload_by_item(&request.item_id))?;
        let Some((upload, case)) = known else {
            return Ok(None);
        };
        if upload.sha256 != Hash::Sha256(scanned.digests.sha256) {
            return Err(ScanError::ItemReused { case });
        }
        let record = self.store.read(|reader| reader.case(case))?;
        let rows = record
            .map(|record: CaseRecord| [record.matches, record.suppressed].concat())
            .unwrap_or_default();
        let mut answer = self.answer(&request.item_id, scanned, &rows, Some(case));
        answer.repeated = true;
        Ok(Some(answer))
    }

    fn open_case(
        &self,
        request: &ScanRequest,
        scanned: &Scanned,
        rows: &[MatchRow],
    ) -> Result<Opened, ScanError> {
        let (now, random) = (self.clock.now(), &*self.random);
        let case = Case {
            id: CaseId::new(now, random),
            opened_at: now,
            channel: request.context.channel,
            purpose: scanned.purpose(),
            state: CaseState::Open,
        };
        let (key, wrapped) = self.master_key.new_case_key(case.id, random);
        let context = serde_json::to_vec(&request.context).map_err(WorkflowError::Sealed)?;
        let evidence = evidence_row(EvidenceId::new(now, random), &request.bytes, scanned, now);
        self.vault
            .put(evidence.id, &key, &request.bytes, random)
            .map_err(WorkflowError::from)?;
        let written = self.store.write(now, |tx| {
            tx.insert_case(&NewCase {
                upload: &upload_row(UploadId::new(now, random), request, scanned, now),
                case: &case,
                key: &wrapped,
                context_sealed: &key.seal(CONTEXT, &context, random),
                matches: rows,
                evidence: &evidence,
            })?;
            if self.webhook.is_some() {
                tx.insert_message(&self.opened_message(&case, request, rows))?;
            }
            Ok::<_, StoreError>(Change::new(()).event(opened_event(&case, request.actor, rows)))
        });
        match written {
            Ok(()) => {
                self.outgoing.notify_one();
                Ok(Opened {
                    case: case.id,
                    is_repeated: false,
                })
            }
            Err(error) => self.settle_race(request, scanned, &evidence, error),
        }
    }

    /// Two requests with the same item id at once: the first has its case, the second gets it.
    fn settle_race(
        &self,
        request: &ScanRequest,
        scanned: &Scanned,
        evidence: &EvidenceRow,
        error: StoreError,
    ) -> Result<Opened, ScanError> {
        self.vault
            .remove(evidence.id)
            .map_err(WorkflowError::from)?;
        if !error.is_duplicate() {
            return Err(error.into());
        }
        let first = self
            .store
            .read(|reader| reader.upload_by_item(&request.item_id))?;
        match first {
            Some((upload, case)) if upload.sha256 == Hash::Sha256(scanned.digests.sha256) => {
                Ok(Opened {
                    case,
                    is_repeated: true,
                })
            }

            Some((_, case)) => Err(ScanError::ItemReused { case }),
            None => Err(error.into()),
        }
    }

    fn opened_message(&self, case: &Case, request: &ScanRequest, rows: &[MatchRow]) -> NewMessage {
        let body = serde_json::json!({
            "kind": "case.opened",
            "case_id": case.id,
            "item_id": request.item_id,
            "at": case.opened_at,
            "channel": case.channel,
            "matches": rows.iter().filter(|row| row.exception.is_none()).count(),
            "test": case.purpose == CasePurpose::Test,
        });
        NewMessage {
            id: MessageId::new(case.opened_at, &*self.random),
            kind: "case.opened",
            body: body.to_string(),
        }
    }

    fn answer(
        &self,
        item_id: &str,
        scanned: &Scanned,
        rows: &[MatchRow],
        case: Option<CaseId>,
    ) -> ScanAnswer {
        let found = FileLookup::new(&scanned.report, rows);
        // What opened a case was listed, even if nobody lists it any more.
        let owners = owners(rows).max(usize::from(case.is_some()));
        ScanAnswer {
            item_id: item_id.to_owned(),
            recommendation: self.policy.recommend(found.outcome, owners),
            found,
            case_id: case,
            repeated: false,
        }
    }
}

impl Scanned {
    /// A match with the built-in test bank alone is a rehearsal. Suppressed matches say so only
    /// where there are no others.
    fn purpose(&self) -> CasePurpose {
        let is_live = |found: &Match| {
            self.banks
                .banks
                .get(&found.hit.bank)
                .is_none_or(|bank| bank.purpose == CasePurpose::Live)
        };
        let counts = |found: &&Match| found.hit.suppressed_by.is_none();
        let mut counting = self.found.iter().filter(counts).peekable();
        let is_live = match counting.peek() {
            Some(_) => counting.any(is_live),
            None => self.found.iter().any(is_live),
        };
        if is_live {
            CasePurpose::Live
        } else {
            CasePurpose::Test
        }
    }

    fn match_rows(&self) -> Vec<MatchRow> {
        match_rows(&self.found, &self.report, &self.banks)
    }
}

/// How many independent owners list what an upload matches.
fn owners(rows: &[MatchRow]) -> usize {
    let matches = rows.iter().filter(|row| row.exception.is_none());
    let owners = matches.map(|row| row.origin.as_ref().unwrap_or(&row.bank_name));
    owners.collect::<BTreeSet<_>>().len()
}

fn check_item_id(item_id: &str) -> Result<(), ScanError> {
    let fits = (1..=255).contains(&item_id.len()) && !item_id.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(ScanError::ItemId) }
}

fn evidence_row(id: EvidenceId, bytes: &Bytes, scanned: &Scanned, now: Timestamp) -> EvidenceRow {
    let Digests { md5, sha1, sha256 } = scanned.digests;
    EvidenceRow {
        id,
        bytes: bytes.len() as u64,
        digests: [Hash::Md5(md5), Hash::Sha1(sha1), Hash::Sha256(sha256)],
        sealed_at: now,
    }
}

fn upload_row(id: UploadId, request: &ScanRequest, scanned: &Scanned, now: Timestamp) -> UploadRow {
    let reason = scanned
        .report
        .reason
        .and_then(|reason| serde_json::to_value(reason).ok());
    UploadRow {
        id,
        item_id: request.item_id.clone(),
        sha256: Hash::Sha256(scanned.digests.sha256),
        media_type: scanned.report.media_type.to_string(),
        outcome: scanned.report.outcome.name().to_owned(),
        reason: reason.and_then(|value| value.as_str().map(str::to_owned)),
        received_at: now,
    }
}

fn opened_event(case: &Case, actor: Actor, rows: &[MatchRow]) -> EventDraft {
    let counting = || rows.iter().filter(|row| row.exception.is_none());
    let nearest = counting()
        .map(|row| row.distance.0)
        .min()
        .unwrap_or_default();
    let event = case.opened_event(actor, counting().count(), nearest);
    match rows.len() - counting().count() {
        0 => event,
        suppressed => event.with("suppressed", suppressed),
    }
}

/// A suppressed match in the log: ids of banks and contents, nothing of the upload.
fn suppression(row: &MatchRow) -> Option<serde_json::Value> {
    let exception = row.exception.as_ref()?;
    Some(serde_json::json!({
        "bank": row.bank, "content": row.content,
        "algorithm": row.algorithm, "distance": row.distance,
        "exception_bank": exception.bank, "exception_content": exception.content,
    }))
}

/// How many suppressed matches one event names.
const PAIRS_MAX: usize = 20;
/// What the sealed context is bound to.
pub(crate) const CONTEXT: &str = "context";

#[cfg(test)]
mod tests {
    use seawall_core::{Algorithm, BankId, ContentId, Distance, Threshold};

    use super::*;

    fn row(bank: &str, origin: Option<&str>) -> MatchRow {
        MatchRow {
            bank: BankId(1),
            bank_name: bank.to_owned(),
            content: ContentId(1),
            algorithm: Algorithm::Md5,
            distance: Distance(0),
            list: None,
            threshold: Threshold::DEFAULT,
            view: None,
            quality: None,
            origin: origin.map(str::to_owned),
            class: None,
            note: None,
            exception: None,
        }
    }

    #[test]
    fn owners_count_once_whatever_they_list_it_in() {
        assert_eq!(owners(&[]), 0);
        let (one, other) = (Some("member one"), Some("member two"));
        assert_eq!(owners(&[row("A", one), row("B", one)]), 1);
        assert_eq!(owners(&[row("A", one), row("A", other)]), 2);
        assert_eq!(owners(&[row("A", None), row("A", None), row("B", None)]), 2);
    }

    #[test]
    fn fewer_owners_than_policy_wants_are_few() {
        let policy = Policy {
            matched_by_few: Recommendation::Ask,
            owners_min: 2,
            ..Policy::default()
        };
        let of = |owners| policy.recommend(Outcome::Hashed, owners);
        let expected = [
            Recommendation::Allow,
            Recommendation::Ask,
            Recommendation::Hold,
        ];
        assert_eq!([of(0), of(1), of(2)], expected);
        let usual = Policy::default();
        assert_eq!(usual.recommend(Outcome::Hashed, 1), Recommendation::Hold);
        assert_eq!(usual.recommend(Outcome::Refused, 0), Recommendation::Ask);
    }
}
