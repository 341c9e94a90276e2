//! Banks and what is in them. A change takes effect before the call returns.

use seawall_casework::audit::EventDraft;
use seawall_casework::case::CasePurpose;
use seawall_core::{Actor, BankName, BankRole, ContentId, EventKind, Threshold};
use seawall_exchange::list::HashList;
use seawall_store::{
    Bank, BankChange, Change, ContentRow, Exchange, List, ListChange, ListName, NewBank,
    NewContent, StoreError, StoredHash, Tx,
};

use crate::live::Deletion;
use crate::{Workflow, WorkflowError};

/// Why a bank was not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BankError {
    /// The name is taken.
    #[error("making a bank: there is one of this name already")]
    Exists,
    /// There is no such bank.
    #[error("finding a bank: there is none of this name")]
    NoBank,
    /// The bank has no such content.
    #[error("finding a content: this bank has none with this id")]
    NoContent,
    /// The built-in test bank stays as it is.
    #[error("changing a bank: the built-in test bank stays as it is")]
    BuiltIn,
    /// Nobody vouches for an exception bank.
    #[error("making a bank: an exception bank needs an owner, of 1 to 255 characters")]
    NoOwner,
    /// An exception that reached farther would suppress unrelated matches.
    #[error(
        "setting a threshold: in an exception bank it is at most {} bits",
        Threshold::EXCEPTION_MAX.bits()
    )]
    ExceptionTooWide,
    /// An exception needs a reason.
    #[error("adding to an exception bank: each content needs a note that says why")]
    NoReason,
    /// What an exchange lists is its partner's to change.
    #[error(
        "changing a bank: its contents are what exchanges list; use a bank of your own, or an \
         exception"
    )]
    Sealed,
    /// An exchange would fill it again.
    #[error(
        "deleting a bank: an exchange fills it; take the exchange out of the configuration first, \
         start again, and remove it"
    )]
    Filled,
    /// The bank has no such list.
    #[error("finding a list: this bank has none of this name")]
    NoList,
    /// A content needs a hash.
    #[error("adding a content: it has no hash that can be kept")]
    NoHash,
    /// The bank knows another content, with other hashes, by the ids of one that comes from HMA.
    #[error("adding a content: the bank has another with its number, from another HMA perhaps")]
    IdTaken,
    /// Nobody's input.
    #[error(transparent)]
    Workflow(#[from] WorkflowError),
}

impl From<StoreError> for BankError {
    fn from(error: StoreError) -> Self {
        Self::Workflow(error.into())
    }
}

/// A bank that somebody wants to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankRequest {
    /// Its name.
    pub name: BankName,
    /// Largest PDQ distance that matches; where not given, the usual one for known banks, and
    /// none for exceptions: those are for the very picture.
    pub threshold: Option<Threshold>,
    /// Whether it is matched at all.
    pub enabled: bool,
    /// What it is for.
    pub role: BankRole,
    /// Who vouches for it. An exception bank needs one.
    pub owner: Option<String>,
}

impl BankRequest {
    fn threshold(&self) -> Threshold {
        self.threshold.unwrap_or(match self.role {
            BankRole::Known => Threshold::DEFAULT,
            BankRole::Exception => Threshold::EXACT,
        })
    }

    fn check(&self) -> Result<(), BankError> {
        let is_name = |owner: &String| {
            let length = owner.chars().count();
            (1..=255).contains(&length)
                && !owner.trim().is_empty()
                && !owner.chars().any(char::is_control)
        };
        let fits = match (self.role, &self.owner) {
            (BankRole::Known, None) => true,
            (BankRole::Known | BankRole::Exception, Some(owner)) => is_name(owner),
            (BankRole::Exception, None) => false,
        };
        if !fits {
            return Err(BankError::NoOwner);
        }
        check_threshold(self.role, self.threshold)
    }
}

/// What an import did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Rows that became contents.
    pub added: usize,
    /// Rows whose hash the bank held already.
    pub known: usize,
}

impl Workflow {
    /// Makes a bank of known hashes.
    ///
    /// # Errors
    /// [`BankError::Exists`].
    pub fn create_bank(
        &self,
        name: &BankName,
        threshold: Threshold,
        enabled: bool,
        actor: Actor,
    ) -> Result<Bank, BankError> {
        let request = BankRequest {
            name: name.clone(),
            threshold: Some(threshold),
            enabled,
            role: BankRole::Known,
            owner: None,
        };
        self.create_bank_as(&request, actor)
    }

    /// Makes a bank.
    ///
    /// # Errors
    /// [`BankError::Exists`], [`BankError::NoOwner`] or [`BankError::ExceptionTooWide`].
    pub fn create_bank_as(&self, request: &BankRequest, actor: Actor) -> Result<Bank, BankError> {
        request.check()?;
        let (threshold, enabled) = (request.threshold(), request.enabled);
        let new = NewBank {
            sealed: false,
            name: request.name.clone(),
            threshold,
            enabled,
            purpose: CasePurpose::Live,
            role: request.role,
            owner: request.owner.clone(),
        };
        let made = self.store.write(self.clock.now(), |tx| {
            let id = tx.insert_bank(&new)?;
            let event = EventDraft::new(EventKind::BankCreated, actor)
                .about(id)
                .with("threshold_bits", threshold.bits())
                .with("enabled", enabled)
                .with("role", request.role.name());
            Ok::<_, StoreError>(Change::new(()).event(event))
        });
        match made {
            Err(error) if error.is_duplicate() => return Err(BankError::Exists),
            other => other?,
        }
        self.index.refresh(&self.store)?;
        self.bank(&request.name)
    }

    /// The bank with this name.
    ///
    /// # Errors
    /// [`BankError::NoBank`].
    pub fn bank(&self, name: &BankName) -> Result<Bank, BankError> {
        self.store
            .read(|reader| reader.bank(name)?.ok_or(BankError::NoBank))
    }

    /// One page of a bank's contents, after the content `after`.
    ///
    /// # Errors
    /// [`BankError::NoBank`].
    pub fn contents(
        &self,
        name: &BankName,
        after: ContentId,
        limit: u32,
    ) -> Result<Vec<ContentRow>, BankError> {
        self.store.read(|reader| {
            let bank = reader.bank(name)?.ok_or(BankError::NoBank)?;
            Ok(if bank.sealed {
                reader.entry_contents(&self.list_key, bank.id, after, limit)?
            } else {
                reader.contents(bank.id, after, limit)?
            })
        })
    }

    /// Changes a bank's settings.
    ///
    /// # Errors
    /// [`BankError::NoBank`], [`BankError::BuiltIn`] or [`BankError::ExceptionTooWide`].
    pub fn change_bank(
        &self,
        name: &BankName,
        change: BankChange,
        actor: Actor,
    ) -> Result<Bank, BankError> {
        self.store.write(self.clock.now(), |tx| {
            let bank = own_bank(tx, name)?;
            check_threshold(bank.role, change.threshold)?;
            tx.update_bank(bank.id, change)?;
            let mut event = EventDraft::new(EventKind::BankChanged, actor).about(bank.id);
            if let Some(threshold) = change.threshold {
                event = event.with("threshold_bits", threshold.bits());
            }
            if let Some(enabled) = change.enabled {
                event = event.with("enabled", enabled);
            }
            Ok::<_, BankError>(Change::new(()).event(event))
        })?;
        self.index.refresh(&self.store)?;
        self.bank(name)
    }

    /// Writes down that so many contents of a bank are about to be handed out with their hashes.
    /// Whoever hands them out does so only after this.
    ///
    /// # Errors
    /// [`BankError::NoBank`].
    pub fn note_export(
        &self,
        name: &BankName,
        contents: u64,
        actor: Actor,
    ) -> Result<(), BankError> {
        self.store.write(self.clock.now(), |tx| {
            let bank = tx.bank(name)?.ok_or(BankError::NoBank)?;
            let event = EventDraft::new(EventKind::BankExported, actor)
                .about(bank.id)
                .with("contents", contents);
            Ok::<_, BankError>(Change::new(()).event(event))
        })
    }

    /// Deletes a bank with everything in it. Cases that it opened stay.
    ///
    /// # Errors
    /// [`BankError::NoBank`], [`BankError::BuiltIn`], or [`BankError::Filled`] where an exchange
    /// of the configuration fills it.
    pub fn delete_bank(&self, name: &BankName, actor: Actor) -> Result<(), BankError> {
        self.store.write(self.clock.now(), |tx| {
            let bank = own_bank(tx, name)?;
            let fills =
                |exchange: &Exchange| exchange.bank == bank.id && self.is_kept(&exchange.name);
            if tx.exchanges()?.iter().any(fills) {
                return Err(BankError::Filled);
            }
            tx.delete_bank(bank.id)?;
            let event = EventDraft::new(EventKind::BankDeleted, actor).about(bank.id);
            Ok::<_, BankError>(Change::new(()).event(event.with("contents", bank.contents)))
        })?;
        Ok(self.index.refresh(&self.store)?)
    }

    /// Adds one content.
    ///
    /// # Errors
    /// [`BankError`].
    pub fn add_content(
        &self,
        name: &BankName,
        content: &NewContent,
        actor: Actor,
    ) -> Result<ContentId, BankError> {
        if content.hashes.is_empty() {
            return Err(BankError::NoHash);
        }
        let id = self.store.write(self.clock.now(), |tx| {
            let bank = open_bank(tx, name)?;
            check_reason(&bank, content.note.as_deref())?;
            let id = tx.insert_content(bank.id, content)?;
            let event = EventDraft::new(EventKind::ContentsAdded, actor)
                .about(bank.id)
                .with("added", 1)
                .with("first", id.0);
            Ok::<_, BankError>(Change::new(id).event(event))
        })?;
        self.index.refresh(&self.store)?;
        Ok(id)
    }

    /// Adds every row of a list whose hash the bank does not hold yet, as one batch. The rows
    /// go into the list of the bank that `into` names, which is made where there is none, or
    /// stand outside of all lists; a hash that another list holds is held by this one too.
    ///
    /// # Errors
    /// [`BankError`].
    pub fn import_list(
        &self,
        name: &BankName,
        into: Option<&ListName>,
        list: &HashList,
        actor: Actor,
    ) -> Result<Imported, BankError> {
        let imported = self.store.write(self.clock.now(), |tx| {
            let bank = open_bank(tx, name)?;
            let into = into.map(|into| tx.ensure_list(bank.id, into)).transpose()?;
            let mut imported = Imported { added: 0, known: 0 };
            for row in &list.rows {
                check_reason(&bank, row.note.as_deref())?;
                if tx.bank_holds(bank.id, into, &row.hash)? {
                    imported.known += 1;
                    continue;
                }
                let hashes = vec![StoredHash {
                    hash: row.hash,
                    quality: row.quality,
                }];
                tx.insert_content(
                    bank.id,
                    &NewContent {
                        class: None,
                        list: into,
                        note: row.note.clone(),
                        hashes,
                    },
                )?;
                imported.added += 1;
            }
            let change = Change::new(imported);
            let mut event = EventDraft::new(EventKind::ContentsAdded, actor)
                .about(bank.id)
                .with("added", imported.added)
                .with("known", imported.known)
                .with("rejected", list.rejected.len());
            if let Some(into) = into {
                event = event.with("list", into.0);
            }
            Ok::<_, BankError>(change.event(event))
        })?;
        self.index.refresh(&self.store)?;
        Ok(imported)
    }

    /// Deletes one content. It stops matching before this returns.
    ///
    /// # Errors
    /// [`BankError`].
    pub fn delete_content(
        &self,
        name: &BankName,
        content: ContentId,
        actor: Actor,
    ) -> Result<(), BankError> {
        let deletion = self.store.write(self.clock.now(), |tx| {
            let bank = open_bank(tx, name)?;
            let revision = tx.delete_content(bank.id, content)?;
            let deletion = Deletion {
                bank: bank.id,
                contents: vec![content],
                revision: revision.ok_or(BankError::NoContent)?,
            };
            let event = EventDraft::new(EventKind::ContentDeleted, actor).about(bank.id);
            Ok::<_, BankError>(Change::new(deletion).event(event.with("content", content.0)))
        })?;
        Ok(self.index.refresh_without(&self.store, &deletion)?)
    }

    /// The lists of a bank, by name.
    ///
    /// # Errors
    /// [`BankError::NoBank`].
    pub fn lists(&self, name: &BankName) -> Result<Vec<List>, BankError> {
        self.store.read(|reader| {
            let bank = reader.bank(name)?.ok_or(BankError::NoBank)?;
            Ok(reader.lists(bank.id)?)
        })
    }

    /// Changes a list's settings.
    ///
    /// # Errors
    /// [`BankError`].
    pub fn change_list(
        &self,
        name: &BankName,
        list: &ListName,
        change: ListChange,
        actor: Actor,
    ) -> Result<List, BankError> {
        let changed = self.store.write(self.clock.now(), |tx| {
            let bank = own_bank(tx, name)?;
            let found = tx.list(bank.id, list)?.ok_or(BankError::NoList)?;
            check_threshold(bank.role, change.threshold.flatten())?;
            tx.update_list(bank.id, found.id, change)?;
            let mut event = EventDraft::new(EventKind::ListChanged, actor)
                .about(bank.id)
                .with("list", found.id.0);
            if let Some(threshold) = change.threshold {
                event = event.with("threshold_bits", threshold.map(Threshold::bits));
            }
            if let Some(enabled) = change.enabled {
                event = event.with("enabled", enabled);
            }
            let changed = tx.list(bank.id, list)?.ok_or(BankError::NoList)?;
            Ok::<_, BankError>(Change::new(changed).event(event))
        })?;
        self.index.refresh(&self.store)?;
        Ok(changed)
    }

    /// Withdraws a list: deletes it with the contents that came with it, and returns how many
    /// those were. They stop matching before this returns.
    ///
    /// # Errors
    /// [`BankError`].
    pub fn delete_list(
        &self,
        name: &BankName,
        list: &ListName,
        actor: Actor,
    ) -> Result<u64, BankError> {
        let contents = self.store.write(self.clock.now(), |tx| {
            let bank = open_bank(tx, name)?;
            let found = tx.list(bank.id, list)?.ok_or(BankError::NoList)?;
            tx.delete_list(bank.id, found.id)?;
            let event = EventDraft::new(EventKind::ListDeleted, actor)
                .about(bank.id)
                .with("list", found.id.0)
                .with("contents", found.contents);
            Ok::<_, BankError>(Change::new(found.contents).event(event))
        })?;
        self.index.refresh(&self.store)?;
        Ok(contents)
    }

    /// Takes over what another process (the command line) changed in the banks, and forgets
    /// which tokens were valid.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn refresh_banks(&self) -> Result<(), StoreError> {
        self.known_tokens.forget();
        self.index.refresh(&self.store)
    }
}

/// No exception reaches far enough to hide what it has nothing to do with.
fn check_threshold(role: BankRole, threshold: Option<Threshold>) -> Result<(), BankError> {
    match role {
        BankRole::Known => Ok(()),
        BankRole::Exception if threshold > Some(Threshold::EXCEPTION_MAX) => {
            Err(BankError::ExceptionTooWide)
        }
        BankRole::Exception => Ok(()),
    }
}

/// Every exception says why it is one.
pub(crate) fn check_reason(bank: &Bank, note: Option<&str>) -> Result<(), BankError> {
    match bank.role {
        BankRole::Known => Ok(()),
        BankRole::Exception => match note.map(str::trim) {
            None | Some("") => Err(BankError::NoReason),
            Some(_) => Ok(()),
        },
    }
}

/// A bank whose contents are added and deleted one by one.
pub(crate) fn open_bank(tx: &Tx<'_>, name: &BankName) -> Result<Bank, BankError> {
    let bank = own_bank(tx, name)?;
    if bank.sealed {
        return Err(BankError::Sealed);
    }
    Ok(bank)
}

pub(crate) fn own_bank(tx: &Tx<'_>, name: &BankName) -> Result<Bank, BankError> {
    let bank = tx.bank(name)?.ok_or(BankError::NoBank)?;
    match bank.purpose {
        CasePurpose::Live => Ok(bank),
        CasePurpose::Test => Err(BankError::BuiltIn),
    }
}
