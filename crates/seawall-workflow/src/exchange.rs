//! Exchanges: partners' lists taken over, on a schedule and by one process at a time.
//!
//! What a partner is and how it is reached comes from the configuration, [`ExchangeSetup`]; how
//! far its list was read, and how that went, stands in the database, [`Exchange`]. An exchange
//! that is configured no longer keeps what it listed, until a person removes it.

mod health;
mod partner;
mod run;
mod take;

use std::collections::BTreeMap;
use std::sync::Arc;

use seawall_casework::audit::EventDraft;
use seawall_casework::case::CasePurpose;
use seawall_core::{Actor, BankName, BankRole, ContentId, EventKind, Threshold, Timestamp};
use seawall_egress::Reach;
use seawall_store::{
    Change, Exchange, ListName, NewBank, NewExchange, Reader, StoreError, StoredEntry, Tx,
};

use crate::live::Deletion;
use crate::{Workflow, WorkflowError};

pub use partner::Partner;
pub(crate) use run::Waiting;
pub use run::{ExchangeTest, RunReport};

/// How an exchange is set up.
#[derive(Debug)]
pub struct ExchangeSetup {
    /// Its name, which is that of its list.
    pub name: ListName,
    /// The bank that its list is in; made, sealed, where there is none.
    pub bank: BankName,
    /// Whom to ask, and how.
    pub partner: Partner,
    /// Which addresses the partner may be at.
    pub reach: Reach,
    /// How long after a run the next one begins, in milliseconds, beside a little chance.
    pub every_ms: i64,
    /// A whole list that lacks more than so many of a hundred of its contents waits for a person
    /// before those are withdrawn.
    pub missing_percent_max: u8,
}

/// Why something was not done with an exchange.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// There is no such exchange.
    #[error("finding an exchange: there is none of this name")]
    NoExchange,
    /// It is not in the configuration of this process.
    #[error(
        "running an exchange: it is not in the configuration any more; its list stays as it is until it is removed"
    )]
    NotConfigured,
    /// It would be made again.
    #[error(
        "removing an exchange: take it out of the configuration first and start again, or it \
         comes back"
    )]
    Configured,
    /// A person stopped it.
    #[error("asking for a run of an exchange: it is paused; let it go on first")]
    Paused,
    /// This process leaves it alone, though the configuration has it.
    #[error(
        "running an exchange: a drill reads stand-ins on this machine alone, and leaves this one be"
    )]
    Resting,
    /// Somebody else reads it now.
    #[error("running an exchange: another process reads it now, or one died in the last minutes")]
    Leased,
    /// The bank that it names is kept by hand.
    #[error(
        "setting the exchange {name} up: the bank {bank} exists and is not one for partners' lists; \
         name another bank"
    )]
    BankNotSealed {
        /// The exchange.
        name: ListName,
        /// The bank.
        bank: BankName,
    },
    /// It was set up otherwise, and what it lists is kept so.
    #[error(
        "setting the exchange {name} up: its list is in the bank {bank}, read by the protocol \
         {protocol}; keep to those, or give the section another name and remove {name}"
    )]
    OtherBefore {
        /// The exchange.
        name: ListName,
        /// The bank that its list is in.
        bank: BankName,
        /// How its partner was spoken to.
        protocol: String,
    },
    /// The content has no hash that is held back.
    #[error("releasing an entry: nothing of this content is held back")]
    NothingHeld,
    /// Nothing is missing from the list.
    #[error("letting missing contents go: none are missing")]
    NothingMissing,
    /// Nobody's input.
    #[error(transparent)]
    Workflow(#[from] WorkflowError),
}

impl From<StoreError> for ExchangeError {
    fn from(error: StoreError) -> Self {
        Self::Workflow(error.into())
    }
}

/// An exchange, with what it lists now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExchangeStatus {
    /// How far it is.
    pub exchange: Exchange,
    /// Its bank's name.
    pub bank: BankName,
    /// Whether this process has it in its configuration.
    pub configured: bool,
    /// How long after a run the next one begins, in milliseconds; `None` where it is not in the
    /// configuration.
    pub every_ms: Option<i64>,
    /// How many contents it lists.
    pub contents: u64,
    /// How many hashes of each kind, and how many of those are held back.
    pub kinds: Vec<(String, u64, u64)>,
}

impl ExchangeStatus {
    /// How many hashes are held back until a person lets them go.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.kinds.iter().map(|(_, _, held)| held).sum()
    }

    /// Whether its list is read from time to time.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.configured && !self.exchange.paused
    }

    /// Whether what it lists is what its partner's list was at the last run, which is not yet
    /// due again at `now`: nothing failed and nothing waits for a person.
    #[must_use]
    pub fn is_up_to_date(&self, now: Timestamp) -> bool {
        let exchange = &self.exchange;
        self.is_on()
            && exchange.succeeded_at.is_some()
            && exchange.fault.is_none()
            && exchange.missing.is_none()
            && !exchange.reconcile
            && exchange.next_at > now
    }
}

impl Workflow {
    /// Sets up which exchanges there are: makes what is new, and their banks. One that is there
    /// and now names another list reads that from its beginning.
    ///
    /// # Errors
    /// [`ExchangeError::BankNotSealed`] or [`ExchangeError::OtherBefore`].
    pub fn set_exchanges(&self, setups: Vec<ExchangeSetup>) -> Result<(), ExchangeError> {
        for setup in &setups {
            let source = self.list_key.source_tag(&setup.partner.identity());
            self.store
                .write(self.clock.now(), |tx| match tx.exchange(&setup.name)? {
                    None => create(tx, setup, source),
                    Some(exchange) => keep(tx, setup, &exchange, source),
                })?;
        }
        self.index.refresh(&self.store)?;
        let setups = setups.into_iter();
        let setups = setups.map(|setup| (setup.name.clone(), Arc::new(setup)));
        self.exchanges
            .store(Arc::new(setups.collect::<BTreeMap<_, _>>()));
        Ok(())
    }

    /// Says which exchanges the configuration has beside those that are set up here: they are
    /// not read, and neither they nor their banks are removed.
    pub fn rest_exchanges(&self, names: impl IntoIterator<Item = ListName>) {
        self.resting.store(Arc::new(names.into_iter().collect()));
    }

    /// Whether the configuration has an exchange, read by this process or not.
    pub(crate) fn is_kept(&self, name: &ListName) -> bool {
        self.exchanges.load().contains_key(name) || self.resting.load().contains(name)
    }

    /// Every exchange, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn exchange_statuses(&self) -> Result<Vec<ExchangeStatus>, StoreError> {
        self.store.read(|reader| {
            let exchanges = reader.exchanges()?.into_iter();
            exchanges
                .map(|exchange| self.status_of(reader, exchange))
                .collect()
        })
    }

    /// One exchange.
    ///
    /// # Errors
    /// [`ExchangeError::NoExchange`].
    pub fn exchange_status(&self, name: &ListName) -> Result<ExchangeStatus, ExchangeError> {
        self.store.read(|reader| {
            let exchange = reader.exchange(name)?.ok_or(ExchangeError::NoExchange)?;
            Ok(self.status_of(reader, exchange)?)
        })
    }

    fn status_of(
        &self,
        reader: &Reader<'_>,
        exchange: Exchange,
    ) -> Result<ExchangeStatus, StoreError> {
        let banks = reader.banks()?;
        let bank = banks.into_iter().find(|bank| bank.id == exchange.bank);
        let bank = bank.ok_or(StoreError::Value {
            place: "exchanges.bank_id",
        })?;
        let setups = self.exchanges.load();
        let every_ms = setups.get(&exchange.name).map(|setup| setup.every_ms);
        Ok(ExchangeStatus {
            configured: every_ms.is_some(),
            every_ms,
            bank: bank.name,
            contents: reader.entries_listed(exchange.id)?,
            kinds: reader.entry_kinds(exchange.id)?,
            exchange,
        })
    }

    /// What could not be read in the last run of an exchange, its values painted over.
    ///
    /// # Errors
    /// [`ExchangeError::NoExchange`].
    pub fn exchange_fault_page(&self, name: &ListName) -> Result<Option<String>, ExchangeError> {
        self.store.read(|reader| {
            let exchange = reader.exchange(name)?.ok_or(ExchangeError::NoExchange)?;
            Ok(reader.fault_page(&self.list_key, exchange.id)?)
        })
    }

    /// Stops an exchange, or lets it go on. Nothing is done and no event written where it is as
    /// it is wanted.
    ///
    /// # Errors
    /// [`ExchangeError::NoExchange`].
    pub fn pause_exchange(
        &self,
        name: &ListName,
        paused: bool,
        actor: Actor,
    ) -> Result<(), ExchangeError> {
        self.change_exchange(name, actor, ("paused", paused.into()), |tx, exchange| {
            if exchange.paused == paused {
                return Ok(Done::Before);
            }
            tx.pause_exchange(exchange.id, paused)?;
            Ok(Done::Now)
        })
    }

    /// Makes an exchange due now; with `reconcile` its list is read from the beginning, and what
    /// it lacks is withdrawn.
    ///
    /// # Errors
    /// [`ExchangeError::NoExchange`].
    pub fn hasten_exchange(
        &self,
        name: &ListName,
        reconcile: bool,
        actor: Actor,
    ) -> Result<(), ExchangeError> {
        self.change_exchange(
            name,
            actor,
            ("reconcile", reconcile.into()),
            |tx, exchange| {
                tx.hasten_exchange(exchange.id, reconcile)?;
                Ok(Done::Now)
            },
        )
    }

    /// As [`Workflow::hasten_exchange`], for whoever leaves the run to the server: refused where
    /// the server would not make one.
    ///
    /// # Errors
    /// [`ExchangeError::NoExchange`], [`ExchangeError::NotConfigured`] or
    /// [`ExchangeError::Paused`].
    pub fn request_run(
        &self,
        name: &ListName,
        reconcile: bool,
        actor: Actor,
    ) -> Result<(), ExchangeError> {
        let configured = self.exchanges.load().contains_key(name);
        let rests = self.resting.load().contains(name);
        self.change_exchange(
            name,
            actor,
            ("reconcile", reconcile.into()),
            |tx, exchange| {
                if !configured && rests {
                    return Err(ExchangeError::Resting);
                }
                if !configured {
                    return Err(ExchangeError::NotConfigured);
                }
                if exchange.paused {
                    return Err(ExchangeError::Paused);
                }
                tx.hasten_exchange(exchange.id, reconcile)?;
                Ok(Done::Now)
            },
        )
    }

    /// Lets the contents go that a whole list lacked, after a person looked into it: the next
    /// run, due now, withdraws what is still missing then, unless that is more.
    ///
    /// # Errors
    /// [`ExchangeError::NoExchange`] or [`ExchangeError::NothingMissing`].
    pub fn allow_missing(&self, name: &ListName, actor: Actor) -> Result<(), ExchangeError> {
        self.change_exchange(
            name,
            actor,
            ("missing_allowed", true.into()),
            |tx, exchange| {
                let is_allowed = exchange
                    .missing
                    .is_some_and(|n| n <= exchange.missing_allowed);
                if is_allowed && exchange.reconcile {
                    // The run that withdraws them is due already.
                    Ok(Done::Before)
                } else if tx.allow_missing(exchange.id)? {
                    Ok(Done::Now)
                } else {
                    Err(ExchangeError::NothingMissing)
                }
            },
        )
    }

    /// The contents of an exchange with hashes that are held back, after the content `after`.
    ///
    /// # Errors
    /// [`ExchangeError::NoExchange`].
    pub fn held_entries(
        &self,
        name: &ListName,
        after: ContentId,
        limit: u32,
    ) -> Result<Vec<(ContentId, StoredEntry)>, ExchangeError> {
        self.store.read(|reader| {
            let exchange = reader.exchange(name)?.ok_or(ExchangeError::NoExchange)?;
            Ok(reader.held_entries(&self.list_key, exchange.id, after, limit)?)
        })
    }

    /// Lets the hashes of an entry go that were held back: they match from now on.
    ///
    /// # Errors
    /// [`ExchangeError::NoExchange`] or [`ExchangeError::NothingHeld`].
    pub fn release_entry(
        &self,
        name: &ListName,
        content: ContentId,
        actor: Actor,
    ) -> Result<(), ExchangeError> {
        let deletion = self.store.write(self.clock.now(), |tx| {
            let exchange = tx.exchange(name)?.ok_or(ExchangeError::NoExchange)?;
            let scope = exchange.scope();
            let released = tx.release_entry(&self.list_key, scope, content, &*self.random)?;
            let released = released.ok_or(ExchangeError::NothingHeld)?;
            let event = EventDraft::new(EventKind::EntryReleased, actor)
                .about(exchange.id)
                .with("content", content.0);
            Ok::<_, ExchangeError>(Change::new(Deletion::of(scope.bank, &released)).event(event))
        })?;
        Ok(self.index.refresh_without(&self.store, &deletion)?)
    }

    /// Removes an exchange with everything that it lists, which stops matching before this
    /// returns; how many contents that were. Cases that it opened stay.
    ///
    /// # Errors
    /// [`ExchangeError::NoExchange`], or [`ExchangeError::Configured`] where it is in the
    /// configuration of this process.
    pub fn remove_exchange(&self, name: &ListName, actor: Actor) -> Result<u64, ExchangeError> {
        let configured = self.is_kept(name);
        let contents = self.store.write(self.clock.now(), |tx| {
            let exchange = tx.exchange(name)?.ok_or(ExchangeError::NoExchange)?;
            if configured {
                return Err(ExchangeError::Configured);
            }
            let contents = tx.delete_exchange(&exchange)?;
            let event = EventDraft::new(EventKind::ExchangeRemoved, actor)
                .about(exchange.id)
                .with("contents", contents);
            Ok::<_, ExchangeError>(Change::new(contents).event(event))
        })?;
        self.index.refresh(&self.store)?;
        Ok(contents)
    }

    fn change_exchange(
        &self,
        name: &ListName,
        actor: Actor,
        (word, value): (&'static str, serde_json::Value),
        change: impl FnOnce(&Tx<'_>, &Exchange) -> Result<Done, ExchangeError>,
    ) -> Result<(), ExchangeError> {
        self.store.write(self.clock.now(), |tx| {
            let exchange = tx.exchange(name)?.ok_or(ExchangeError::NoExchange)?;
            match change(tx, &exchange)? {
                Done::Before => return Ok(Change::new(())),
                Done::Now => {}
            }
            let event = EventDraft::new(EventKind::ExchangeChanged, actor)
                .about(exchange.id)
                .with(word, value);
            Ok::<_, ExchangeError>(Change::new(()).event(event))
        })?;
        self.fetching.notify_one();
        Ok(())
    }

    /// When the next exchange is due.
    pub(crate) fn next_exchange_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let setups = self.exchanges.load();
        let exchanges = self.store.read(|reader| reader.exchanges())?;
        let waiting = exchanges
            .iter()
            .filter(|exchange| !exchange.paused && setups.contains_key(&exchange.name));
        Ok(waiting
            .map(|exchange| exchange.next_at.max(exchange.lease_until))
            .min())
    }
}

/// When what was asked for was done.
enum Done {
    /// By this call.
    Now,
    /// Before it: nothing is left to do.
    Before,
}

fn keep(
    tx: &Tx<'_>,
    setup: &ExchangeSetup,
    exchange: &Exchange,
    source: [u8; 16],
) -> Result<Change<()>, ExchangeError> {
    let mut banks = tx.banks()?.into_iter();
    let bank = banks.find(|bank| bank.id == exchange.bank);
    let bank = bank.ok_or(StoreError::Value {
        place: "exchanges.bank_id",
    })?;
    if bank.name != setup.bank || exchange.protocol != setup.partner.protocol() {
        return Err(ExchangeError::OtherBefore {
            name: setup.name.clone(),
            bank: bank.name,
            protocol: exchange.protocol.clone(),
        });
    }
    let change = Change::new(());
    Ok(if tx.set_source(exchange.id, source)? {
        let event = EventDraft::new(EventKind::ExchangeChanged, Actor::System)
            .about(exchange.id)
            .with("other_list", true);
        change.event(event)
    } else {
        change
    })
}

fn create(
    tx: &Tx<'_>,
    setup: &ExchangeSetup,
    source: [u8; 16],
) -> Result<Change<()>, ExchangeError> {
    let mut events = Vec::new();
    let bank = match tx.bank(&setup.bank)? {
        Some(bank) if bank.sealed => bank.id,
        Some(_) => {
            return Err(ExchangeError::BankNotSealed {
                name: setup.name.clone(),
                bank: setup.bank.clone(),
            });
        }
        None => {
            let bank = tx.insert_bank(&NewBank {
                name: setup.bank.clone(),
                threshold: Threshold::DEFAULT,
                enabled: true,
                purpose: CasePurpose::Live,
                role: BankRole::Known,
                owner: None,
                sealed: true,
            })?;
            let event = EventDraft::new(EventKind::BankCreated, Actor::System)
                .about(bank)
                .with("sealed", true);
            events.push(event);
            bank
        }
    };
    let list = tx.ensure_list(bank, &setup.name)?;
    let exchange = tx.insert_exchange(&NewExchange {
        name: setup.name.clone(),
        bank,
        list,
        protocol: setup.partner.protocol().to_owned(),
        source,
    })?;
    let created = EventDraft::new(EventKind::ExchangeCreated, Actor::System)
        .about(exchange)
        .with("bank", bank.0)
        .with("protocol", setup.partner.protocol());
    events.push(created);
    Ok(Change::new(()).events(events))
}
