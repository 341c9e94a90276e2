//! Contents of an HMA database, taken over. What a dry run says and what is done come from one
//! judgement of each content.

use std::collections::BTreeMap;

use seawall_casework::audit::EventDraft;
use seawall_casework::case::CasePurpose;
use seawall_core::{Actor, BankId, BankName, EventKind, Hash};
use seawall_store::{
    Bank, Change, ContentDetails, ContentSwitch, NewContent, Reader, StoreError, StoredHash, Tx,
};

use crate::banks::check_reason;
use crate::{BankError, Workflow};

/// A content that is to be taken over.
#[derive(Clone, Debug)]
pub struct ForeignContent {
    /// Its hashes and remark.
    pub content: NewContent,
    /// What a client keeps beside it; with an id, by which it is known the next time.
    pub details: ContentDetails,
    /// The id by which it is known where it has none of its own, or where the bank knows
    /// another content, one with other hashes, by that.
    pub number: String,
    /// Whether it is matched.
    pub switch: ContentSwitch,
}

/// What became of contents that were to be taken over, or would become of them.
#[derive(Debug, Default)]
pub struct TakenOver {
    /// How many were added.
    pub added: usize,
    /// How many the bank had already, by their ids.
    pub known: usize,
    /// Those that the bank does not take: their places among the contents, and why.
    pub refused: Vec<(usize, BankError)>,
}

impl Workflow {
    /// Adds contents to a bank: those that it takes, in one transaction with one event.
    ///
    /// # Errors
    /// [`BankError::NoBank`], or [`BankError::Workflow`].
    pub fn take_over(
        &self,
        name: &BankName,
        contents: &[ForeignContent],
        actor: Actor,
    ) -> Result<TakenOver, BankError> {
        let taken = self.store.write(self.clock.now(), |tx| {
            let bank = tx.bank(name)?.ok_or(BankError::NoBank)?;
            let mut taken = TakenOver::default();
            for (place, foreign) in contents.iter().enumerate() {
                let verdict = judge(foreign, Some(&bank), |id| held(tx, bank.id, id))?;
                if let Verdict::Add { id } = &verdict {
                    add(tx, bank.id, foreign, id)?;
                }
                taken.count(place, verdict);
            }
            let change = EventDraft::new(EventKind::ContentsAdded, actor)
                .about(bank.id)
                .with("added", taken.added)
                .with("known", taken.known);
            let is_change = taken.added > 0;
            let done = Change::new(taken);
            Ok::<_, BankError>(if is_change { done.event(change) } else { done })
        })?;
        self.index.refresh(&self.store)?;
        Ok(taken)
    }

    /// What [`Workflow::take_over`] would do with these contents, the bank being made first
    /// where there is none. Nothing is changed.
    ///
    /// # Errors
    /// [`BankError::Workflow`].
    pub fn would_take_over(
        &self,
        name: &BankName,
        contents: &[ForeignContent],
    ) -> Result<TakenOver, BankError> {
        self.store.read(|reader| {
            let bank = reader.bank(name)?;
            let mut taken = TakenOver::default();
            let mut added: BTreeMap<&str, &[StoredHash]> = BTreeMap::new();
            for (place, foreign) in contents.iter().enumerate() {
                let held = |id: &str| match (added.get(id), &bank) {
                    (Some(hashes), _) => Ok(Some(hashes.iter().map(|one| one.hash).collect())),
                    (None, Some(bank)) => held(reader, bank.id, id),
                    (None, None) => Ok(None),
                };
                let verdict = judge(foreign, bank.as_ref(), held)?;
                if let Verdict::Add { id } = verdict {
                    added.insert(id, &foreign.content.hashes);
                }
                taken.count(place, verdict);
            }
            Ok(taken)
        })
    }
}

impl TakenOver {
    fn count(&mut self, place: usize, verdict: Verdict<'_>) {
        match verdict {
            Verdict::Add { .. } => self.added += 1,
            Verdict::Known => self.known += 1,
            Verdict::Refuse(error) => self.refused.push((place, error)),
        }
    }
}

/// What is to be done with a content.
enum Verdict<'a> {
    /// Add it, to be known by this id.
    Add { id: &'a str },
    /// The bank has it.
    Known,
    /// The bank does not take it.
    Refuse(BankError),
}

/// `held` gives the hashes of the content that the bank knows by an id.
fn judge<'a>(
    foreign: &'a ForeignContent,
    bank: Option<&Bank>,
    held: impl Fn(&str) -> Result<Option<Vec<Hash>>, StoreError>,
) -> Result<Verdict<'a>, BankError> {
    if let Some(bank) = bank {
        if bank.purpose == CasePurpose::Test {
            return Ok(Verdict::Refuse(BankError::BuiltIn));
        }
        if bank.sealed {
            return Ok(Verdict::Refuse(BankError::Sealed));
        }
        if let Err(error) = check_reason(bank, foreign.content.note.as_deref()) {
            return Ok(Verdict::Refuse(error));
        }
    }
    let own = foreign.details.external_id.as_deref();
    for id in own.into_iter().chain([foreign.number.as_str()]) {
        match held(id)? {
            None => return Ok(Verdict::Add { id }),
            Some(hashes) if are_of(&hashes, foreign) => return Ok(Verdict::Known),
            // Another content: as known, this one's hashes would be lost without a word.
            Some(_) => {}
        }
    }
    Ok(Verdict::Refuse(BankError::IdTaken))
}

fn are_of(hashes: &[Hash], foreign: &ForeignContent) -> bool {
    let wanted = || foreign.content.hashes.iter().map(|stored| stored.hash);
    wanted().all(|hash| hashes.contains(&hash))
        && hashes.iter().all(|&hash| wanted().any(|own| own == hash))
}

fn held(reader: &Reader<'_>, bank: BankId, id: &str) -> Result<Option<Vec<Hash>>, StoreError> {
    let Some(content) = reader.content_by_external_id(bank, id)? else {
        return Ok(None);
    };
    let row = reader.content(bank, content)?;
    let hashes = row.into_iter().flat_map(|row| row.hashes);
    Ok(Some(hashes.map(|stored| stored.hash).collect()))
}

fn add(tx: &Tx<'_>, bank: BankId, foreign: &ForeignContent, id: &str) -> Result<(), StoreError> {
    let content = tx.insert_content(bank, &foreign.content)?;
    let details = ContentDetails {
        external_id: Some(id.to_owned()),
        ..foreign.details.clone()
    };
    tx.insert_content_details(bank, content, &details)?;
    if foreign.switch != ContentSwitch::On {
        tx.switch_content(bank, content, foreign.switch)?;
    }
    Ok(())
}
