//! Does everything hold: the chain, the database against the log, the vault against the
//! database.

use seawall_casework::audit::{Verified, VerifyError};
use seawall_core::EvidenceId;
use seawall_store::{Discrepancy, Store, StoreError, Vault};

use crate::Workflow;

/// What does not hold, though the chain does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gap {
    /// A row without its event, or an event without its row.
    Record(Discrepancy),
    /// Sealed bytes that are gone from the vault.
    Evidence(EvidenceId),
}

impl std::fmt::Display for Gap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Record(discrepancy) => discrepancy.fmt(f),
            Self::Evidence(id) => write!(f, "evidence: the sealed file of {id} is gone"),
        }
    }
}

/// What a complete check found.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The unbroken chain.
    pub chain: Verified,
    /// Everything that does not hold beside it; empty where all is well.
    pub gaps: Vec<Gap>,
}

/// Checks chain, database and vault of a data folder. It needs no key.
///
/// # Errors
/// The first break of the chain, or a failure to read.
pub fn prove(store: &Store, vault: &Vault) -> Result<Proof, VerifyError<StoreError>> {
    let chain = store.verify_audit()?;
    let (discrepancies, known) = store
        .read(|reader| Ok((reader.discrepancies()?, reader.evidence_ids()?)))
        .map_err(VerifyError::Source)?;
    let records = discrepancies.into_iter().map(Gap::Record);
    let gaps = records
        .chain(vault.missing(&known).into_iter().map(Gap::Evidence))
        .collect();
    Ok(Proof { chain, gaps })
}

impl Workflow {
    /// Checks chain, database and vault.
    ///
    /// # Errors
    /// The first break of the chain, or a failure to read.
    pub fn prove(&self) -> Result<Proof, VerifyError<StoreError>> {
        prove(&self.store, &self.vault)
    }
}
