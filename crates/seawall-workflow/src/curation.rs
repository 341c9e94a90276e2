//! Banks and contents as clients of HMA keep them: with a sampling ratio, with an id of their
//! own, switched off and on again. A change takes effect before the call returns.

use seawall_casework::audit::EventDraft;
use seawall_casework::case::CasePurpose;
use seawall_core::{Actor, BankId, BankName, BankRole, ContentId, EventKind, Threshold};
use seawall_store::{
    Bank, BankChange, Change, ContentDetails, ContentRow, ContentSwitch, NewBank, NewContent,
    Ratio, StoreError, Tx,
};

use crate::banks::{check_reason, open_bank, own_bank};
use crate::{BankError, Workflow};

/// New settings of a bank; `None` leaves one as it is.
#[derive(Clone, Debug, Default)]
pub struct BankEdit {
    /// Its name.
    pub name: Option<BankName>,
    /// Of how many lookups by clients of HMA it takes part in; none switches it off for
    /// everybody.
    pub ratio: Option<Ratio>,
}

/// New settings of a content; `None` leaves one as it is.
#[derive(Clone, Debug, Default)]
pub struct ContentEdit {
    /// Whether it is matched.
    pub switch: Option<ContentSwitch>,
    /// Its remark; an inner `None` takes it away.
    pub note: Option<Option<String>>,
}

/// A content with everything that is kept of it.
#[derive(Clone, Debug)]
pub struct KeptContent {
    /// Its bank.
    pub bank: Bank,
    /// The content.
    pub row: ContentRow,
    /// What a client keeps beside it.
    pub details: ContentDetails,
    /// Whether it is matched.
    pub switch: ContentSwitch,
}

impl Workflow {
    /// Makes a bank of known hashes that takes part in so many lookups by clients of HMA.
    ///
    /// # Errors
    /// [`BankError::Exists`].
    pub fn create_sampled_bank(
        &self,
        name: &BankName,
        ratio: Ratio,
        actor: Actor,
    ) -> Result<Bank, BankError> {
        let enabled = ratio != Ratio::NONE;
        let new = NewBank {
            sealed: false,
            name: name.clone(),
            threshold: Threshold::DEFAULT,
            enabled,
            purpose: CasePurpose::Live,
            role: BankRole::Known,
            owner: None,
        };
        let made = self.store.write(self.clock.now(), |tx| {
            let id = tx.insert_bank(&new)?;
            tx.update_bank(id, ratio_change(ratio))?;
            let event = EventDraft::new(EventKind::BankCreated, actor)
                .about(id)
                .with("threshold_bits", new.threshold.bits())
                .with("enabled", enabled)
                .with("role", new.role.name())
                .with("ratio", ratio.value());
            Ok::<_, StoreError>(Change::new(()).event(event))
        });
        match made {
            Err(error) if error.is_duplicate() => return Err(BankError::Exists),
            other => other?,
        }
        self.index.refresh(&self.store)?;
        self.bank(name)
    }

    /// Changes a bank.
    ///
    /// # Errors
    /// [`BankError::NoBank`], [`BankError::BuiltIn`], or [`BankError::Exists`] where the new
    /// name is taken.
    pub fn edit_bank(
        &self,
        name: &BankName,
        edit: &BankEdit,
        actor: Actor,
    ) -> Result<Bank, BankError> {
        let now_called = edit.name.as_ref().unwrap_or(name);
        self.store.write(self.clock.now(), |tx| {
            let bank = own_bank(tx, name)?;
            let mut event = EventDraft::new(EventKind::BankChanged, actor).about(bank.id);
            if now_called != name {
                if tx.bank(now_called)?.is_some() {
                    return Err(BankError::Exists);
                }
                tx.rename_bank(bank.id, now_called)?;
                event = event.with("renamed", true);
            }
            if let Some(ratio) = edit.ratio {
                tx.update_bank(bank.id, ratio_change(ratio))?;
                event = event
                    .with("enabled", ratio != Ratio::NONE)
                    .with("ratio", ratio.value());
            }
            Ok::<_, BankError>(Change::new(()).event(event))
        })?;
        self.index.refresh(&self.store)?;
        self.bank(now_called)
    }

    /// Adds one content with what a client keeps beside it. Where the bank has a content that
    /// the client knows by the same id, that one is returned and nothing is added.
    ///
    /// # Errors
    /// [`BankError`].
    pub fn add_kept_content(
        &self,
        name: &BankName,
        content: &NewContent,
        details: &ContentDetails,
        actor: Actor,
    ) -> Result<ContentId, BankError> {
        if content.hashes.is_empty() {
            return Err(BankError::NoHash);
        }
        let id = self.store.write(self.clock.now(), |tx| {
            let bank = open_bank(tx, name)?;
            check_reason(&bank, content.note.as_deref())?;
            let id = match insert_kept(tx, bank.id, content, details)? {
                Kept::Known(known) => return Ok(Change::new(known)),
                Kept::Added(id) => id,
            };
            let event = EventDraft::new(EventKind::ContentsAdded, actor)
                .about(bank.id)
                .with("added", 1)
                .with("first", id.0);
            Ok::<_, BankError>(Change::new(id).event(event))
        })?;
        self.index.refresh(&self.store)?;
        Ok(id)
    }

    /// A content of a bank.
    ///
    /// # Errors
    /// [`BankError::NoBank`], or [`BankError::NoContent`] where this bank does not have it.
    pub fn kept_content(
        &self,
        name: &BankName,
        content: ContentId,
    ) -> Result<KeptContent, BankError> {
        self.store.read(|reader| {
            let bank = reader.bank(name)?.ok_or(BankError::NoBank)?;
            let row = reader.content(bank.id, content)?;
            Ok(KeptContent {
                row: row.ok_or(BankError::NoContent)?,
                details: reader.content_details(content)?.unwrap_or_default(),
                switch: reader.content_switch(content)?,
                bank,
            })
        })
    }

    /// Switches a content, or changes its remark.
    ///
    /// # Errors
    /// [`BankError`]; among them [`BankError::NoReason`] where a content of an exception bank
    /// would lose its remark.
    pub fn edit_content(
        &self,
        name: &BankName,
        content: ContentId,
        edit: &ContentEdit,
        actor: Actor,
    ) -> Result<KeptContent, BankError> {
        self.store.write(self.clock.now(), |tx| {
            let bank = open_bank(tx, name)?;
            if tx.content(bank.id, content)?.is_none() {
                return Err(BankError::NoContent);
            }
            let event = EventDraft::new(EventKind::ContentChanged, actor).about(bank.id);
            let mut event = event.with("content", content.0);
            if let Some(switch) = edit.switch {
                tx.switch_content(bank.id, content, switch)?;
                event = match switch {
                    ContentSwitch::On => event.with("enabled", true),
                    ContentSwitch::Off => event.with("enabled", false),
                    ContentSwitch::OffUntil(end) => event
                        .with("enabled", false)
                        .with("off_until_ms", end.as_millis()),
                };
            }
            if let Some(note) = &edit.note {
                check_reason(&bank, note.as_deref())?;
                tx.set_content_note(bank.id, content, note.as_deref())?;
                event = event.with("note", true);
            }
            Ok::<_, BankError>(Change::new(()).event(event))
        })?;
        self.index.refresh(&self.store)?;
        self.kept_content(name, content)
    }

    /// Deletes one content as a client of HMA does: where there is none of this id anywhere,
    /// nothing is done and `false` returned.
    ///
    /// # Errors
    /// [`BankError::NoContent`] where another bank has it.
    pub fn delete_content_if_there(
        &self,
        name: &BankName,
        content: ContentId,
        actor: Actor,
    ) -> Result<bool, BankError> {
        let bank = self.bank(name)?;
        let holder = self.store.read(|reader| reader.bank_of_content(content))?;
        if holder.is_none() && bank.purpose == CasePurpose::Live {
            return Ok(false);
        }
        self.delete_content(name, content, actor)?;
        Ok(true)
    }

    /// Of how many lookups by clients of HMA a kind of signal takes part in. All where nobody
    /// changed it. Answered from memory.
    #[must_use]
    pub fn signal_ratio(&self, name: &str) -> Ratio {
        self.index.load().signal_ratio(name)
    }

    /// Sets it. What is matched by scans and the native interface is not changed by it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_signal_ratio(
        &self,
        name: &str,
        ratio: Ratio,
        actor: Actor,
    ) -> Result<(), StoreError> {
        self.store.write(self.clock.now(), |tx| {
            tx.set_signal_ratio(name, ratio)?;
            let event = EventDraft::new(EventKind::SignalTypeChanged, actor)
                .with("signal_type", name)
                .with("ratio", ratio.value());
            Ok::<_, StoreError>(Change::new(()).event(event))
        })?;
        self.index.refresh(&self.store)
    }

    /// Whether a content that was switched off until a time has to come back now: whoever runs
    /// this calls [`Workflow::refresh_banks`] then.
    #[must_use]
    pub fn is_content_due(&self) -> bool {
        self.index.load().is_due(self.clock.now())
    }
}

/// A content that was to be added.
pub(crate) enum Kept {
    /// It was.
    Added(ContentId),
    /// The bank has one that the client knows by the same id.
    Known(ContentId),
}

/// Adds a content with what a client keeps beside it, once.
pub(crate) fn insert_kept(
    tx: &Tx<'_>,
    bank: BankId,
    content: &NewContent,
    details: &ContentDetails,
) -> Result<Kept, StoreError> {
    let external_id = details.external_id.as_deref();
    let known = external_id.map(|id| tx.content_by_external_id(bank, id));
    if let Some(known) = known.transpose()?.flatten() {
        return Ok(Kept::Known(known));
    }
    let id = tx.insert_content(bank, content)?;
    tx.insert_content_details(bank, id, details)?;
    Ok(Kept::Added(id))
}

/// A bank of no ratio is switched off, for everybody; what it was sampled at stays.
fn ratio_change(ratio: Ratio) -> BankChange {
    BankChange {
        enabled: Some(ratio != Ratio::NONE),
        ratio: (ratio != Ratio::NONE).then_some(ratio),
        ..BankChange::default()
    }
}
