//! Uploads that matched, their cases, evidence, reveals and decisions.

use rusqlite::{OptionalExtension, Row};
use seawall_casework::case::{Case, CasePurpose, CaseState, Decision};
use seawall_casework::context::ChannelKind;
use seawall_core::{
    Algorithm, BankId, CaseId, ContentId, Distance, EvidenceId, Hash, Quality, RevealId, Threshold,
    Timestamp, UploadId, UserId, View,
};

use crate::bank::{purpose_name, read_purpose};
use crate::vault::WrappedKey;
use crate::{Reader, StoreError, Tx};

/// A matched upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadRow {
    /// Its id.
    pub id: UploadId,
    /// The platform's own id of the item; unique.
    pub item_id: String,
    /// SHA-256 of the bytes.
    pub sha256: Hash,
    /// The media type.
    pub media_type: String,
    /// The outcome of hashing, by name.
    pub outcome: String,
    /// Why, where the outcome is not `hashed`.
    pub reason: Option<String>,
    /// When it came.
    pub received_at: Timestamp,
}

/// One match of an upload, as it was when the case was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchRow {
    /// The bank.
    pub bank: BankId,
    /// The bank's name at that time.
    pub bank_name: String,
    /// The content of the bank.
    pub content: ContentId,
    /// Which kind of hash. Its value stays where it is listed.
    pub algorithm: Algorithm,
    /// How far the upload's hash is from it, in bits.
    pub distance: Distance,
    /// The list of the bank that it came with, at that time.
    pub list: Option<String>,
    /// The threshold that admitted it: the list's or the bank's at that time.
    pub threshold: Threshold,
    /// Which form of the picture matched.
    pub view: Option<View>,
    /// The quality of the upload's hash.
    pub quality: Option<Quality>,
    /// Who vouched for it at that time, as its list or its bank says.
    pub origin: Option<String>,
    /// What they called its class.
    pub class: Option<String>,
    /// What else they said of it.
    pub note: Option<String>,
    /// What speaks against it: then it is suppressed and no reason for a case.
    pub exception: Option<ExceptionRow>,
}

/// An exception that spoke against a match, as it was when the case was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExceptionRow {
    /// The exception bank.
    pub bank: BankId,
    /// Its name.
    pub bank_name: String,
    /// The content of that bank.
    pub content: ContentId,
    /// Who vouches for it.
    pub owner: String,
    /// Why it is an exception.
    pub reason: String,
}

impl MatchRow {
    /// The order in which matches are listed everywhere: nearest first, then by bank, content
    /// and kind of hash.
    #[must_use]
    pub fn rank(&self) -> (Distance, BankId, ContentId, Algorithm) {
        (self.distance, self.bank, self.content, self.algorithm)
    }
}

/// The bytes of a matched upload, sealed in the vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceRow {
    /// Its id, which names the file in the vault.
    pub id: EvidenceId,
    /// How many bytes.
    pub bytes: u64,
    /// MD5, SHA-1 and SHA-256 of the bytes.
    pub digests: [Hash; 3],
    /// When it was sealed.
    pub sealed_at: Timestamp,
}

/// Everything that a new case writes.
#[derive(Debug)]
pub struct NewCase<'a> {
    /// The upload.
    pub upload: &'a UploadRow,
    /// The case, open.
    pub case: &'a Case,
    /// Its key, wrapped by the master key.
    pub key: &'a WrappedKey,
    /// The platform's context, sealed with the case key.
    pub context_sealed: &'a [u8],
    /// What it matched, suppressed matches too.
    pub matches: &'a [MatchRow],
    /// Its bytes.
    pub evidence: &'a EvidenceRow,
}

/// A case in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseRow {
    /// The case.
    pub case: Case,
    /// The platform's own id of the item.
    pub item_id: String,
    /// The names of the banks that it matched.
    pub banks: Vec<String>,
    /// The smallest distance among its matches, in bits.
    pub nearest: Distance,
}

/// A case with all that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseRecord {
    /// The case.
    pub case: Case,
    /// The upload.
    pub upload: UploadRow,
    /// What it matched, nearest first.
    pub matches: Vec<MatchRow>,
    /// What it matched beside that, and exceptions speak against.
    pub suppressed: Vec<MatchRow>,
    /// Its bytes.
    pub evidence: EvidenceRow,
    /// Who looked, when and how, oldest first.
    pub reveals: Vec<Reveal>,
    /// Its key, wrapped by the master key.
    pub key: WrappedKey,
    /// The platform's context, sealed with the case key.
    pub context_sealed: Vec<u8>,
}

impl CaseRecord {
    /// Whether the whole picture was shown, unaltered, to anyone. Only that sets the viewed
    /// flag of a report: asking for it is not enough.
    #[must_use]
    pub fn was_fully_viewed(&self) -> bool {
        self.reveals
            .iter()
            .any(|reveal| reveal.mode == RevealMode::Full && reveal.shown_at.is_some())
    }
}

/// How a picture was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RevealMode {
    /// Small, grey and strongly blurred.
    Blurred,
    /// Small and grey.
    Grey,
    /// As it is.
    Full,
}

impl RevealMode {
    /// Every mode, from the least to the most that is shown.
    pub const ALL: [Self; 3] = [Self::Blurred, Self::Grey, Self::Full];

    /// The name used in interfaces and the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Blurred => "blurred",
            Self::Grey => "grey",
            Self::Full => "full",
        }
    }

    /// The mode with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }
}

/// One act of looking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reveal {
    /// Its id.
    pub id: RevealId,
    /// What was shown.
    pub evidence: EvidenceId,
    /// To whom.
    pub user: UserId,
    /// How.
    pub mode: RevealMode,
    /// When it was asked for.
    pub at: Timestamp,
    /// When it was drawn and handed over; `None` where it never was.
    pub shown_at: Option<Timestamp>,
}

/// Which cases a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseFilter {
    /// Those nobody has decided.
    Open,
    /// Those that were decided.
    Decided,
    /// All.
    All,
}

impl Reader<'_> {
    /// The matched upload with this item id, and its case.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn upload_by_item(&self, item_id: &str) -> Result<Option<(UploadRow, CaseId)>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT uploads.*, cases.id AS case_id FROM uploads
             JOIN cases ON cases.upload_id = uploads.id WHERE item_id = ?1",
        )?;
        let row = statement
            .query_row([item_id], |row| {
                Ok((read_upload(row), row.get::<_, String>("case_id")))
            })
            .optional()?;
        row.map(|(upload, case)| Ok((upload?, read_id(&case?, "cases.id")?)))
            .transpose()
    }

    /// The case with everything that belongs to it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn case(&self, id: CaseId) -> Result<Option<CaseRecord>, StoreError> {
        let sql = format!("{SELECT_CASE} WHERE cases.id = ?1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let row = statement
            .query_row([id.to_string()], |row| {
                let sealed = (
                    row.get::<_, Vec<u8>>("key_wrapped")?,
                    row.get("context_sealed")?,
                );
                Ok((read_case(row), sealed, row.get::<_, String>("upload_id")?))
            })
            .optional()?;
        let Some((case, (key, context_sealed), upload_id)) = row else {
            return Ok(None);
        };
        let matches = self.matches(&upload_id)?;
        let (suppressed, matches) = matches
            .into_iter()
            .partition(|found| found.exception.is_some());
        Ok(Some(CaseRecord {
            case: case?,
            upload: self.upload(&upload_id)?,
            matches,
            suppressed,
            evidence: self.evidence(id)?,
            reveals: self.reveals(id)?,
            key: WrappedKey(key),
            context_sealed,
        }))
    }

    /// One page of cases, oldest first, after `after`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn cases(
        &self,
        filter: CaseFilter,
        after: Option<CaseId>,
        limit: u32,
    ) -> Result<Vec<CaseRow>, StoreError> {
        let condition = match filter {
            CaseFilter::Open => "decisions.id IS NULL",
            CaseFilter::Decided => "decisions.id IS NOT NULL",
            CaseFilter::All => "TRUE",
        };
        // Ids are UUIDs of version 7: their order is the order of opening.
        let sql =
            format!("{SELECT_CASE} WHERE {condition} AND cases.id > ?1 ORDER BY cases.id LIMIT ?2");
        let after = after.map_or(String::new(), |id| id.to_string());
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map((after, limit), |row| Ok(read_case_row(row)))?;
        rows.map(|row| row?).collect()
    }

    /// How many cases nobody has decided.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open_cases(&self) -> Result<u64, StoreError> {
        Ok(self.connection.query_row(
            "SELECT count(*) FROM cases WHERE id NOT IN (SELECT case_id FROM decisions)",
            [],
            |row| row.get(0),
        )?)
    }

    /// The ids of all sealed files that should be in the vault.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn evidence_ids(&self) -> Result<std::collections::BTreeSet<EvidenceId>, StoreError> {
        let mut statement = self.connection.prepare("SELECT id FROM evidence")?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        rows.map(|id| read_id(&id?, "evidence.id")).collect()
    }

    fn upload(&self, id: &str) -> Result<UploadRow, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT * FROM uploads WHERE id = ?1")?;
        statement.query_row([id], |row| Ok(read_upload(row)))?
    }

    fn matches(&self, upload: &str) -> Result<Vec<MatchRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT bank_id, bank_name, content_id, distance, threshold, view, algorithm,
                 quality, list_name, origin, class, note, exception_bank_id, exception_bank_name,
                 exception_content_id, exception_owner, exception_reason
             FROM matches WHERE upload_id = ?1",
        )?;
        let rows = statement.query_map([upload], |row| Ok(read_match(row)))?;
        let mut matches: Vec<MatchRow> = rows.map(|row| row?).collect::<Result<_, StoreError>>()?;
        matches.sort_by_key(MatchRow::rank);
        Ok(matches)
    }

    fn evidence(&self, case: CaseId) -> Result<EvidenceRow, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, bytes, md5, sha1, sha256, sealed_ms FROM evidence WHERE case_id = ?1",
        )?;
        statement.query_row([case.to_string()], |row| Ok(read_evidence(row)))?
    }

    fn reveals(&self, case: CaseId) -> Result<Vec<Reveal>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, evidence_id, user_id, mode, at_ms, shown_ms FROM reveals WHERE case_id = ?1
             ORDER BY at_ms, rowid",
        )?;
        let rows = statement.query_map([case.to_string()], |row| Ok(read_reveal(row)))?;
        rows.map(|row| row?).collect()
    }
}

impl Tx<'_> {
    /// Writes a new case with all that belongs to it. A second upload with the same item id is
    /// an error for which [`StoreError::is_duplicate`] holds.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_case(&self, new: &NewCase<'_>) -> Result<(), StoreError> {
        let NewCase { upload, case, .. } = new;
        self.connection.execute(
            "INSERT INTO uploads (id, item_id, sha256, media_type, outcome, reason, received_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            (
                upload.id.to_string(),
                &upload.item_id,
                upload.sha256.to_bytes(),
                &upload.media_type,
                &upload.outcome,
                &upload.reason,
                upload.received_at.as_millis(),
            ),
        )?;
        self.connection.execute(
            "INSERT INTO cases (id, upload_id, opened_ms, purpose, channel, key_wrapped, context_sealed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            (
                case.id.to_string(),
                upload.id.to_string(),
                case.opened_at.as_millis(),
                purpose_name(case.purpose),
                case.channel.name(),
                &new.key.0,
                new.context_sealed,
            ),
        )?;
        new.matches
            .iter()
            .try_for_each(|found| self.insert_match(upload.id, found))?;
        self.insert_evidence(case.id, new.evidence)
    }

    /// Records an act of looking.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_reveal(&self, case: CaseId, reveal: &Reveal) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO reveals (id, case_id, evidence_id, user_id, mode, at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            (
                reveal.id.to_string(),
                case.to_string(),
                reveal.evidence.to_string(),
                reveal.user.to_string(),
                reveal.mode.name(),
                reveal.at.as_millis(),
            ),
        )?;
        Ok(())
    }

    /// Records that a picture that was asked for was drawn and handed over.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn show_reveal(&self, reveal: RevealId) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE reveals SET shown_ms = ?2 WHERE id = ?1",
            (reveal.to_string(), self.at.as_millis()),
        )?;
        Ok(())
    }

    /// Writes the decision of a case. A second one is an error for which
    /// [`StoreError::is_duplicate`] holds.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_decision(&self, case: CaseId, decision: &Decision) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO decisions (id, case_id, user_id, decided_ms, finding)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            (
                decision.id.to_string(),
                case.to_string(),
                decision.reviewer.to_string(),
                decision.at.as_millis(),
                serde_json::to_string(&decision.finding)?,
            ),
        )?;
        Ok(())
    }

    fn insert_match(&self, upload: UploadId, found: &MatchRow) -> Result<(), StoreError> {
        let exception = found.exception.as_ref();
        self.connection.execute(
            "INSERT INTO matches (upload_id, bank_id, bank_name, content_id, algorithm, distance,
                 threshold, view, quality, list_name, origin, class, note, exception_bank_id,
                 exception_bank_name, exception_content_id, exception_owner, exception_reason)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
                 ?18)",
            rusqlite::params![
                upload.to_string(),
                found.bank.0,
                &found.bank_name,
                found.content.0,
                found.algorithm.name(),
                found.distance.0,
                found.threshold.bits(),
                found.view.map(|view| view.to_string()),
                found.quality.map(|quality| quality.0),
                &found.list,
                &found.origin,
                &found.class,
                &found.note,
                exception.map(|exception| exception.bank.0),
                exception.map(|exception| exception.bank_name.as_str()),
                exception.map(|exception| exception.content.0),
                exception.map(|exception| exception.owner.as_str()),
                exception.map(|exception| exception.reason.as_str()),
            ],
        )?;
        Ok(())
    }

    fn insert_evidence(&self, case: CaseId, evidence: &EvidenceRow) -> Result<(), StoreError> {
        let [md5, sha1, sha256] = &evidence.digests;
        let bytes = i64::try_from(evidence.bytes).expect("a file in memory is below 2^63 bytes");
        self.connection.execute(
            "INSERT INTO evidence (id, case_id, bytes, md5, sha1, sha256, sealed_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            (
                evidence.id.to_string(),
                case.to_string(),
                bytes,
                md5.to_bytes(),
                sha1.to_bytes(),
                sha256.to_bytes(),
                evidence.sealed_at.as_millis(),
            ),
        )?;
        Ok(())
    }
}

pub(crate) fn read_id<T: std::str::FromStr>(
    text: &str,
    place: &'static str,
) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Value { place })
}

fn read_upload(row: &Row<'_>) -> Result<UploadRow, StoreError> {
    let sha256: [u8; 32] = row.get("sha256")?;
    Ok(UploadRow {
        id: read_id(&row.get::<_, String>("id")?, "uploads.id")?,
        item_id: row.get("item_id")?,
        sha256: Hash::Sha256(sha256),
        media_type: row.get("media_type")?,
        outcome: row.get("outcome")?,
        reason: row.get("reason")?,
        received_at: Timestamp::from_millis(row.get("received_ms")?),
    })
}

fn read_match(row: &Row<'_>) -> Result<MatchRow, StoreError> {
    let threshold: u16 = row.get("threshold")?;
    let view: Option<String> = row.get("view")?;
    let algorithm: String = row.get("algorithm")?;
    let quality: Option<u8> = row.get("quality")?;
    Ok(MatchRow {
        bank: BankId(row.get("bank_id")?),
        bank_name: row.get("bank_name")?,
        content: ContentId(row.get("content_id")?),
        algorithm: Algorithm::from_name(&algorithm).ok_or(StoreError::Value {
            place: "matches.algorithm",
        })?,
        distance: Distance(row.get("distance")?),
        threshold: Threshold::new(threshold).ok_or(StoreError::Value {
            place: "matches.threshold",
        })?,
        view: view
            .map(|view| read_id(&view, "matches.view"))
            .transpose()?,
        quality: quality.map(Quality),
        list: row.get("list_name")?,
        origin: row.get("origin")?,
        class: row.get("class")?,
        note: row.get("note")?,
        exception: read_exception(row)?,
    })
}

fn read_exception(row: &Row<'_>) -> Result<Option<ExceptionRow>, StoreError> {
    let Some(bank) = row.get("exception_bank_id")? else {
        return Ok(None);
    };
    Ok(Some(ExceptionRow {
        bank: BankId(bank),
        bank_name: row.get("exception_bank_name")?,
        content: ContentId(row.get("exception_content_id")?),
        owner: row.get("exception_owner")?,
        reason: row.get("exception_reason")?,
    }))
}

fn read_evidence(row: &Row<'_>) -> Result<EvidenceRow, StoreError> {
    let bytes: i64 = row.get("bytes")?;
    Ok(EvidenceRow {
        id: read_id(&row.get::<_, String>("id")?, "evidence.id")?,
        bytes: u64::try_from(bytes).map_err(|_| StoreError::Value {
            place: "evidence.bytes",
        })?,
        digests: [
            Hash::Md5(row.get("md5")?),
            Hash::Sha1(row.get("sha1")?),
            Hash::Sha256(row.get("sha256")?),
        ],
        sealed_at: Timestamp::from_millis(row.get("sealed_ms")?),
    })
}

fn read_reveal(row: &Row<'_>) -> Result<Reveal, StoreError> {
    let mode: String = row.get("mode")?;
    let shown_ms: Option<i64> = row.get("shown_ms")?;
    Ok(Reveal {
        id: read_id(&row.get::<_, String>("id")?, "reveals.id")?,
        evidence: read_id(&row.get::<_, String>("evidence_id")?, "reveals.evidence_id")?,
        user: read_id(&row.get::<_, String>("user_id")?, "reveals.user_id")?,
        mode: RevealMode::from_name(&mode).ok_or(StoreError::Value {
            place: "reveals.mode",
        })?,
        at: Timestamp::from_millis(row.get("at_ms")?),
        shown_at: shown_ms.map(Timestamp::from_millis),
    })
}

fn read_case(row: &Row<'_>) -> Result<Case, StoreError> {
    let channel: String = row.get("channel")?;
    let purpose: String = row.get("purpose")?;
    Ok(Case {
        id: read_id(&row.get::<_, String>("id")?, "cases.id")?,
        opened_at: Timestamp::from_millis(row.get("opened_ms")?),
        channel: ChannelKind::from_name(&channel).ok_or(StoreError::Value {
            place: "cases.channel",
        })?,
        purpose: read_purpose(&purpose)?,
        state: read_state(row)?,
    })
}

fn read_state(row: &Row<'_>) -> Result<CaseState, StoreError> {
    let Some(id) = row.get::<_, Option<String>>("decision_id")? else {
        return Ok(CaseState::Open);
    };
    Ok(CaseState::Decided(Decision {
        id: read_id(&id, "decisions.id")?,
        reviewer: read_id(&row.get::<_, String>("user_id")?, "decisions.user_id")?,
        at: Timestamp::from_millis(row.get("decided_ms")?),
        finding: serde_json::from_str(&row.get::<_, String>("finding")?)?,
    }))
}

fn read_case_row(row: &Row<'_>) -> Result<CaseRow, StoreError> {
    let banks: Option<String> = row.get("banks")?;
    Ok(CaseRow {
        case: read_case(row)?,
        item_id: row.get("item_id")?,
        banks: banks
            .unwrap_or_default()
            .split(',')
            .map(str::to_owned)
            .collect(),
        nearest: Distance(row.get("nearest")?),
    })
}

impl CaseRow {
    /// Whether this is a rehearsal with the built-in test bank.
    #[must_use]
    pub fn is_test(&self) -> bool {
        self.case.purpose == CasePurpose::Test
    }
}

const SELECT_CASE: &str = "SELECT cases.*, item_id,
         decisions.id AS decision_id, decisions.user_id, decided_ms, finding,
         (SELECT group_concat(DISTINCT bank_name) FROM matches
          WHERE matches.upload_id = cases.upload_id AND exception_bank_id IS NULL) AS banks,
         (SELECT min(distance) FROM matches
          WHERE matches.upload_id = cases.upload_id AND exception_bank_id IS NULL) AS nearest
     FROM cases JOIN uploads ON uploads.id = cases.upload_id
     LEFT JOIN decisions ON decisions.case_id = cases.id";
