//! What can go wrong below every use-case.

use seawall::index::SnapshotError;
use seawall_store::{StoreError, VaultError};

/// A failure that is nobody's input: the database, the vault, a broken promise between them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkflowError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The evidence vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The index could not be stored.
    #[error(transparent)]
    Index(#[from] SnapshotError),
    /// The client for outgoing connections could not be made.
    #[error("making the client for outgoing connections")]
    Egress(#[source] seawall_egress::EgressError),
    /// A password could not be hashed or a stored one not read.
    #[error("hashing a password")]
    Password,
    /// A sealed value opened, but is not what this program writes.
    #[error("reading a sealed value")]
    Sealed(#[source] serde_json::Error),
    /// A background thread ended before its answer.
    #[error("waiting for a background thread")]
    Thread(#[from] tokio::task::JoinError),
}
