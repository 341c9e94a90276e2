//! What every handler can reach.

use std::sync::Arc;

use seawall_workflow::{Fetcher, Workflow};
use tokio::sync::watch;

use crate::config::Hma;
use crate::lanes::Lanes;
use crate::metrics::Metrics;
use crate::problem::Problem;
use crate::quota::{CallerKey, Quotas};

/// Shared by all listeners of one server.
#[derive(Clone)]
pub struct App {
    /// The use-cases.
    pub workflow: Arc<Workflow>,
    /// Gets content for callers who give a URL in place of a file.
    pub fetcher: Fetcher,
    /// What is counted for monitoring.
    pub metrics: Arc<Metrics>,
    /// How this server presents itself.
    pub face: Arc<Face>,
    /// What is taken on at once.
    pub lanes: Lanes,
    /// Becomes true when the server is about to end: what has no end of its own ends then.
    pub stopped: watch::Receiver<bool>,
    /// How often callers asked.
    pub quotas: Arc<Quotas>,
}

/// How a server presents itself.
#[derive(Clone, Debug)]
pub struct Face {
    /// Whether reports go to a stand-in on this machine: every console page says so.
    pub drill: bool,
    /// The exchanges of the configuration that are not read in this drill, by name: those whose
    /// partners are not on this machine.
    pub resting: Vec<String>,
    /// Whether cookies are for HTTPS only.
    pub secure_cookies: bool,
    /// The provider's name, for the public page and the console's head.
    pub provider: String,
    /// Host names under which the listeners may be addressed, beside loopback ones.
    pub hosts: Vec<String>,
    /// Largest upload in bytes.
    pub upload_bytes_max: usize,
    /// Whom the interface for clients of HMA lets in without a token.
    pub trust: Hma,
}

impl App {
    /// Counts a request of a caller.
    pub(crate) fn admit(&self, key: CallerKey, name: Option<&str>) -> Result<(), Problem> {
        let now = self.workflow.clock().now();
        let admitted = self.quotas.admit(key, name, now);
        admitted.map_err(Problem::too_many)
    }

    /// Runs a use-case that blocks where it may block.
    pub(crate) async fn blocking<T, E>(
        &self,
        work: impl FnOnce(&Workflow) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        E: Into<Problem> + Send + 'static,
    {
        let workflow = Arc::clone(&self.workflow);
        let done = tokio::task::spawn_blocking(move || work(&workflow)).await;
        done.map_err(|error| Problem::internal(&error))?
            .map_err(Into::into)
    }
}
