//! A fixed number of workers that the server shares.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use seawall::hash::LookupReport;
use seawall::preview::PreviewStyle;
use seawall_core::{HashReport, Limits, Outcome, Reason, ViewOptions};
use tokio::sync::Semaphore;

use super::message::{Reply, Request, Setup};
use super::process::Worker;
use super::wire::BodyLimit;
use super::{Confinement, ProbeReport, WorkerCommand, WorkerError};

/// Decodes files in worker processes. Cheap to clone; all clones share the workers.
///
/// Workers are started when they are first needed, kept, and replaced after a number of
/// files, after every failure and when the caller gives up waiting.
#[derive(Clone)]
pub struct WorkerPool {
    inner: Arc<Inner>,
}

impl WorkerPool {
    /// A pool of at most `size` processes (at least one), each held to `limits`.
    #[must_use]
    pub fn new(command: WorkerCommand, size: usize, limits: Limits) -> Self {
        Self {
            inner: Arc::new(Inner {
                command,
                setup: setup(limits),
                turns: Semaphore::new(size.max(1)),
                idle: Mutex::new(Vec::new()),
                confinement: OnceLock::new(),
            }),
        }
    }

    /// The perceptual hashes of a file, without digests; never an error.
    ///
    /// Too large a file is refused here, without a worker. A worker that takes too long is
    /// killed ([`Reason::TooSlow`]); one that ends or answers nonsense is replaced
    /// ([`Reason::DecoderFailed`]). While all workers are busy it waits: whoever takes
    /// files in bounds how many wait.
    pub async fn hash(&self, bytes: Bytes) -> HashReport {
        self.hash_with(bytes, ViewOptions::default()).await
    }

    /// As [`WorkerPool::hash`], with the forms that `views` asks for.
    pub async fn hash_with(&self, bytes: Bytes, views: ViewOptions) -> HashReport {
        self.report(bytes, &Request::Hash { views }).await
    }

    /// As [`WorkerPool::hash_with`] in the fast mode, for one lookup.
    pub async fn hash_fast(&self, bytes: Bytes, views: ViewOptions) -> LookupReport {
        self.report(bytes, &Request::HashFast { views })
            .await
            .into()
    }

    async fn report(&self, bytes: Bytes, request: &Request) -> HashReport {
        let media_type = seawall::sniff(&bytes);
        let result = match self.inner.ask(request, &bytes, BodyLimit(0)).await {
            Ok((Reply::Hashed { report }, _)) => report
                .into_report(media_type)
                .map_err(|error| self.inner.failed(&error)),
            Ok(_) => Err(self.inner.failed(&WorkerError::Message)),
            Err(reason) => Err(reason),
        };
        result.unwrap_or_else(|reason| HashReport {
            media_type,
            outcome: Outcome::Refused,
            reason: Some(reason),
            notes: Vec::new(),
            hashes: Vec::new(),
        })
    }

    /// A file as a PNG to be looked at, showing as little as `style` asks for.
    ///
    /// # Errors
    /// The reason why there is none, as for [`WorkerPool::hash`].
    pub async fn preview(&self, bytes: Bytes, style: PreviewStyle) -> Result<Vec<u8>, Reason> {
        let request = Request::preview(style);
        let limit = BodyLimit(preview_bytes_max(style));
        match self.inner.ask(&request, &bytes, limit).await? {
            (Reply::Rendered, png) if png.starts_with(PNG_SIGNATURE) => Ok(png),
            (Reply::Refused { reason }, _) => Err(reason),
            _ => Err(self.inner.failed(&WorkerError::Message)),
        }
    }

    /// Lets a worker try what it must not be able to do.
    ///
    /// # Errors
    /// [`WorkerError`] where no worker can be started or it does not answer.
    pub async fn probe(&self) -> Result<ProbeReport, WorkerError> {
        let (reply, _) = self
            .inner
            .ask_worker(&Request::Probe, &[], BodyLimit(0))
            .await?;
        match reply {
            Reply::Probed { report } => Ok(report),
            Reply::Ready { .. }
            | Reply::Hashed { .. }
            | Reply::Rendered
            | Reply::Refused { .. } => Err(WorkerError::Message),
        }
    }

    /// How far the workers are confined; `None` until one has been started.
    #[must_use]
    pub fn confinement(&self) -> Option<&Confinement> {
        self.inner.confinement.get()
    }

    /// The process ids of the workers that are idle now.
    #[must_use]
    pub fn idle_process_ids(&self) -> Vec<u32> {
        let idle = self.inner.idle();
        idle.iter().filter_map(Worker::process_id).collect()
    }
}

impl std::fmt::Debug for WorkerPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkerPool")
            .field("limits", &self.inner.setup.limits)
            .finish_non_exhaustive()
    }
}

struct Inner {
    command: WorkerCommand,
    setup: Setup,
    turns: Semaphore,
    idle: Mutex<Vec<Worker>>,
    confinement: OnceLock<Confinement>,
}

impl Inner {
    async fn ask(
        &self,
        request: &Request,
        bytes: &[u8],
        limit: BodyLimit,
    ) -> Result<(Reply, Vec<u8>), Reason> {
        if bytes.len() as u64 > self.setup.limits.bytes_max {
            return Err(Reason::TooManyBytes);
        }
        self.ask_worker(request, bytes, limit)
            .await
            .map_err(|error| self.failed(&error))
    }

    /// A worker leaves the list of idle ones while it works and comes back only after a
    /// whole answer. So an error, a timeout and a caller that gives up all drop it, which
    /// kills the process.
    async fn ask_worker(
        &self,
        request: &Request,
        bytes: &[u8],
        limit: BodyLimit,
    ) -> Result<(Reply, Vec<u8>), WorkerError> {
        let _turn = self
            .turns
            .acquire()
            .await
            .expect("the semaphore is never closed");
        let mut worker = match self.take_idle() {
            Some(worker) => worker,
            None => self.start().await?,
        };
        let answer = worker.ask(request, bytes, limit, self.time_max()).await?;
        if worker.requests < REQUESTS_MAX && worker.busy < self.busy_max() {
            self.idle().push(worker);
        }
        Ok(answer)
    }

    fn take_idle(&self) -> Option<Worker> {
        let mut idle = self.idle();
        while let Some(mut worker) = idle.pop() {
            if worker.is_alive() {
                return Some(worker);
            }
        }
        None
    }

    async fn start(&self) -> Result<Worker, WorkerError> {
        let (worker, confinement) = Worker::start(&self.command, &self.setup).await?;
        if self.confinement.set(confinement.clone()).is_ok() && !confinement.is_complete() {
            tracing::warn!(%confinement, "decoding workers are not fully confined");
        }
        Ok(worker)
    }

    /// Logs a failure, without a word about the file, and says what it means for it.
    fn failed(&self, error: &WorkerError) -> Reason {
        match error {
            WorkerError::TimedOut => {
                tracing::warn!("a decoding worker reached its time limit and was ended");
                Reason::TooSlow
            }
            WorkerError::Start(_)
            | WorkerError::Pipe(_)
            | WorkerError::Ended
            | WorkerError::Message
            | WorkerError::Version => {
                let error: &dyn std::error::Error = error;
                tracing::error!(error, "a decoding worker failed");
                Reason::DecoderFailed
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Worker>> {
        // The list is only pushed to and popped from: a panic elsewhere cannot spoil it.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The worker keeps to its time limit by itself; the grace lets it say so.
    fn time_max(&self) -> Duration {
        Duration::from_millis(self.setup.limits.time_ms_max) + TIME_GRACE
    }

    fn busy_max(&self) -> Duration {
        Duration::from_millis(self.setup.limits.time_ms_max) * BUSY_TIME_LIMITS_MAX
    }
}

/// Four bytes a pixel, and what a PNG adds to that.
fn preview_bytes_max(style: PreviewStyle) -> u64 {
    let side = u64::from(style.side_px_max);
    (side * side)
        .saturating_mul(4)
        .saturating_add(PNG_OVERHEAD_BYTES_MAX)
}

fn setup(limits: Limits) -> Setup {
    // A worker is retired after BUSY_TIME_LIMITS_MAX time limits and cannot exceed one by
    // more than the grace. The processor limit lies above both: it only ends a worker
    // whose parent is gone.
    let cpu_ms = limits
        .time_ms_max
        .saturating_mul(u64::from(BUSY_TIME_LIMITS_MAX) + 2);
    Setup {
        version: VERSION.to_owned(),
        limits,
        address_space_bytes_max: limits
            .memory_bytes_max
            .saturating_add(limits.bytes_max)
            .saturating_add(ADDRESS_SPACE_HEADROOM_BYTES),
        cpu_seconds_max: cpu_ms / 1000 + 10,
    }
}

/// Parent and worker have to be the same program.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A worker is replaced after so many files: nothing that one file left behind lasts long.
const REQUESTS_MAX: u32 = 256;
/// Or after it worked for so many time limits.
const BUSY_TIME_LIMITS_MAX: u32 = 10;
const TIME_GRACE: Duration = Duration::from_millis(500);
/// The program itself, its stack, and the allocator's slack.
const ADDRESS_SPACE_HEADROOM_BYTES: u64 = 256 << 20;
/// What a PNG may be larger than its pixels: chunks, and rows that do not compress.
const PNG_OVERHEAD_BYTES_MAX: u64 = 1 << 20;
const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
