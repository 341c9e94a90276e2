//! One running worker, seen from its parent.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::{Instant, timeout};

use super::message::{Reply, Request, Setup, decode, encode};
use super::wire::{self, BodyLimit};
use super::{Confinement, WorkerError};

/// How a worker is started.
#[derive(Clone, Debug)]
pub struct WorkerCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
}

impl WorkerCommand {
    /// The program that is running now, with these arguments.
    ///
    /// On Linux by way of `/proc/self/exe`, which stays this very program even when the
    /// file has been replaced by an upgrade.
    ///
    /// # Errors
    /// [`WorkerError::Start`] where the system does not say which program this is.
    pub fn this_program(args: &[&str]) -> Result<Self, WorkerError> {
        let program = if cfg!(target_os = "linux") {
            PathBuf::from("/proc/self/exe")
        } else {
            std::env::current_exe().map_err(WorkerError::Start)?
        };
        Ok(Self {
            program,
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        })
    }
}

/// A worker that is idle or busy with one request. Dropping it kills it.
pub(super) struct Worker {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    /// What it was asked so far.
    pub(super) requests: u32,
    /// How long it took for that.
    pub(super) busy: Duration,
}

impl Worker {
    /// Starts a process and sees it confined.
    pub(super) async fn start(
        command: &WorkerCommand,
        setup: &Setup,
    ) -> Result<(Self, Confinement), WorkerError> {
        let mut call = Command::new(&command.program);
        // A group of its own: Ctrl-C in a terminal asks the server to finish its work, and
        // for that the workers have to live.
        #[cfg(unix)]
        call.process_group(0);
        let mut child = call
            .args(&command.args)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(WorkerError::Start)?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(WorkerError::Ended);
        };
        let mut worker = Self {
            child,
            input,
            output,
            requests: 0,
            busy: Duration::ZERO,
        };
        let confinement = timeout(START_TIME_MAX, worker.shake_hands(setup))
            .await
            .map_err(|_| WorkerError::TimedOut)??;
        Ok((worker, confinement))
    }

    async fn shake_hands(&mut self, setup: &Setup) -> Result<Confinement, WorkerError> {
        wire::send(&mut self.input, &encode(setup), &[]).await?;
        let frame = wire::receive(&mut self.output, BodyLimit(0)).await?;
        match decode(&frame.head)? {
            Reply::Ready {
                version,
                confinement,
            } if version == setup.version => Ok(confinement),
            Reply::Ready { .. } => Err(WorkerError::Version),
            Reply::Hashed { .. }
            | Reply::Rendered
            | Reply::Refused { .. }
            | Reply::Probed { .. } => Err(WorkerError::Message),
        }
    }

    /// Asks one thing. After an error the worker is in no known state: drop it.
    pub(super) async fn ask(
        &mut self,
        request: &Request,
        body: &[u8],
        answer_limit: BodyLimit,
        time_max: Duration,
    ) -> Result<(Reply, Vec<u8>), WorkerError> {
        let start = Instant::now();
        let frame = timeout(time_max, async {
            wire::send(&mut self.input, &encode(request), body).await?;
            wire::receive(&mut self.output, answer_limit).await
        })
        .await
        .map_err(|_| WorkerError::TimedOut)??;
        self.requests += 1;
        self.busy += start.elapsed();
        Ok((decode(&frame.head)?, frame.body))
    }

    /// The process id; `None` once it has ended.
    pub(super) fn process_id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Whether it still runs.
    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

/// Starting a process takes milliseconds; a machine that needs this long is in trouble.
const START_TIME_MAX: Duration = Duration::from_secs(10);
