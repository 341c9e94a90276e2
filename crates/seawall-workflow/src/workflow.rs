//! Everything the use-cases share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use arc_swap::{ArcSwap, ArcSwapOption};
use seawall_casework::report::Reporter;
use seawall_core::{Clock, Limits, Random};
use seawall_egress::{Egress, FetchPolicy, Fetcher};
use seawall_store::{ListKey, ListName, MasterKey, SeenKey, Store, Vault};
use tokio::sync::{Notify, broadcast};

use crate::access::{Attempts, KnownTokens};
use crate::deliver::Receiver;
use crate::error::WorkflowError;
use crate::exchange::{ExchangeSetup, Waiting};
use crate::ingest::{OpenedCase, Policy};
use crate::live::LiveIndex;
use crate::lookup::Counted;
use crate::publish::Webhook;
use crate::seen::SeenPolicy;
use crate::snapshot::SnapshotFile;
use crate::tally::Tally;
use crate::worker::{WorkerCommand, WorkerPool};

/// What a workflow is made of.
pub struct Setup {
    /// The database.
    pub store: Store,
    /// The evidence vault.
    pub vault: Vault,
    /// The key that wraps case keys.
    pub master_key: MasterKey,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Where secrets and ids come from.
    pub random: Arc<dyn Random>,
    /// How to start a decoder process.
    pub worker: WorkerCommand,
    /// How many decoder processes run at once.
    pub workers: usize,
    /// What decoding may use.
    pub limits: Limits,
    /// What the platform is advised to do.
    pub policy: Policy,
    /// What the seen index keeps.
    pub seen: SeenPolicy,
    /// Who reports; needed where a receiver is set.
    pub reporter: Option<Reporter>,
    /// Where reports go.
    pub receiver: Option<Receiver>,
    /// Where messages about cases and decisions go.
    pub webhook: Option<Webhook>,
}

/// The use-cases, over one data folder.
pub struct Workflow {
    pub(crate) store: Store,
    pub(crate) vault: Vault,
    pub(crate) master_key: MasterKey,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) workers: WorkerPool,
    pub(crate) limits: Limits,
    pub(crate) policy: Policy,
    pub(crate) seen: SeenPolicy,
    pub(crate) seen_key: SeenKey,
    /// Held while the seen index is searched: one search at a time.
    pub(crate) seen_lookup: Mutex<()>,
    /// Which exchanges the configuration has.
    pub(crate) exchanges: ArcSwap<BTreeMap<ListName, Arc<ExchangeSetup>>>,
    /// Which others it has, that this process leaves alone.
    pub(crate) resting: ArcSwap<BTreeSet<ListName>>,
    /// Runs that go on once what stopped them has passed.
    pub(crate) waiting: Waiting,
    /// Wakes the task that runs exchanges.
    pub(crate) fetching: Notify,
    /// Opens what partners list.
    pub(crate) list_key: ListKey,
    pub(crate) reporter: Option<Reporter>,
    pub(crate) receiver: ArcSwapOption<Receiver>,
    pub(crate) webhook: Option<Webhook>,
    pub(crate) egress: Egress,
    pub(crate) index: LiveIndex,
    pub(crate) tally: Tally,
    pub(crate) counted: Counted,
    pub(crate) attempts: Attempts,
    pub(crate) known_tokens: KnownTokens,
    /// Wakes the task that delivers reports and messages.
    pub(crate) outgoing: Notify,
    pub(crate) opened: broadcast::Sender<OpenedCase>,
}

impl Workflow {
    /// Puts the parts together and loads the banks.
    ///
    /// # Errors
    /// [`WorkflowError`].
    pub fn new(setup: Setup) -> Result<Self, WorkflowError> {
        let random = Arc::clone(&setup.random);
        let file = SnapshotFile::beside(setup.store.path(), &setup.master_key, random);
        let index = LiveIndex::new(
            &setup.store,
            file,
            Arc::clone(&setup.clock),
            setup.master_key.list_key(),
        )?;
        Ok(Self {
            workers: WorkerPool::new(setup.worker, setup.workers, setup.limits),
            store: setup.store,
            vault: setup.vault,
            seen: setup.seen,
            seen_key: setup.master_key.seen_key(),
            seen_lookup: Mutex::default(),
            exchanges: ArcSwap::default(),
            resting: ArcSwap::default(),
            waiting: Waiting::default(),
            fetching: Notify::new(),
            list_key: setup.master_key.list_key(),
            master_key: setup.master_key,
            clock: setup.clock,
            random: setup.random,
            limits: setup.limits,
            policy: setup.policy,
            reporter: setup.reporter,
            receiver: ArcSwapOption::from_pointee(setup.receiver),
            webhook: setup.webhook,
            egress: Egress::new().map_err(WorkflowError::Egress)?,
            index,
            tally: Tally::default(),
            counted: Counted::default(),
            attempts: Attempts::default(),
            known_tokens: KnownTokens::default(),
            outgoing: Notify::new(),
            opened: broadcast::Sender::new(OPENED_KEPT),
        })
    }

    /// What gets content by URL, within `policy`. Its places are its own: make one and share it.
    #[must_use]
    pub fn fetcher(&self, policy: FetchPolicy) -> Fetcher {
        Fetcher::new(self.egress.clone(), policy)
    }

    /// Removes what a process left in the vault that died before its case was written, and
    /// returns how many files that were. Only for the one server of a data folder, before it
    /// takes uploads: a file that is being written now looks the same.
    ///
    /// # Errors
    /// [`WorkflowError`].
    pub fn sweep_vault(&self) -> Result<usize, WorkflowError> {
        let known = self.store.read(|reader| reader.evidence_ids())?;
        Ok(self.vault.sweep(&known)?)
    }

    /// Stores the index in the data folder, sealed, so that the next start is fast. For an
    /// orderly end; without it, the next start takes what is missing from the database.
    ///
    /// # Errors
    /// [`WorkflowError::Index`].
    pub fn save_index(&self) -> Result<(), WorkflowError> {
        Ok(self.index.save()?)
    }

    /// The same where there is no stored index, or one that lacks much. For the one server of a
    /// data folder, once it answers: so that the next start is fast after a crash too.
    ///
    /// # Errors
    /// [`WorkflowError::Index`].
    pub fn save_index_if_behind(&self) -> Result<(), WorkflowError> {
        Ok(self.index.save_if_behind()?)
    }

    /// The database, for reading.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// What decoding may use.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Where reports go, if anywhere.
    #[must_use]
    pub fn receiver(&self) -> Option<Arc<Receiver>> {
        self.receiver.load_full()
    }
}

impl std::fmt::Debug for Workflow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Workflow")
    }
}

/// How many opened cases are kept for those who follow them and are slow.
const OPENED_KEPT: usize = 256;
