//! Files and folders named on the command line, hashed in parallel, answered in order.

use std::collections::VecDeque;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use seawall::hash::{Digests, LookupReport, combine, digest_reader, digests};
use seawall_core::{HashReport, Limits, MediaType, Outcome, Reason, ViewOptions};
use seawall_workflow::worker::WorkerPool;
use tokio::task::JoinHandle;
use walkdir::WalkDir;

use crate::{folder, output};

/// Forms of each picture that are hashed beside the usual ones.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct ViewArguments {
    /// Hash each picture in its seven other orientations too.
    #[arg(long)]
    orientations: bool,
    /// Hash each picture also without its border of one colour.
    #[arg(long)]
    border: bool,
    /// Hash PNG and GIF with a palette also as some older lists did: by palette index.
    #[arg(long)]
    legacy_palette: bool,
}

impl From<ViewArguments> for ViewOptions {
    fn from(arguments: ViewArguments) -> Self {
        let ViewArguments {
            orientations,
            border,
            legacy_palette,
        } = arguments;
        Self {
            orientations,
            border,
            legacy_palette,
        }
    }
}

/// What was named, resolved to single files.
pub(crate) enum Input {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
    /// Something that could not be walked.
    Unreadable(PathBuf),
}

impl Input {
    fn name(&self) -> String {
        match self {
            Self::Stdin => "-".to_owned(),
            Self::File(path) | Self::Unreadable(path) => path.display().to_string(),
        }
    }
}

/// Resolves arguments: `-` is standard input, folders are walked in the order of names, links
/// inside them are not followed.
pub(crate) fn resolve(arguments: &[PathBuf]) -> Vec<Input> {
    arguments
        .iter()
        .flat_map(|argument| resolve_one(argument))
        .collect()
}

fn resolve_one(argument: &Path) -> Vec<Input> {
    if argument.as_os_str() == "-" {
        return vec![Input::Stdin];
    }
    let entries = WalkDir::new(argument).sort_by_file_name().into_iter();
    let input = |entry: walkdir::Result<walkdir::DirEntry>| match entry {
        Ok(entry) if entry.file_type().is_dir() => None,
        // A link named by the caller is followed; one met inside a folder is left alone.
        Ok(entry) if entry.path_is_symlink() && entry.depth() > 0 => None,
        // A pipe named by the caller is read; one met inside a folder would be waited for
        // without end, as a device would be read without end.
        Ok(entry) if !entry.file_type().is_file() && entry.depth() > 0 => {
            Some(Input::Unreadable(entry.into_path()))
        }
        Ok(entry) => Some(Input::File(entry.into_path())),
        Err(error) => Some(Input::Unreadable(
            error.path().unwrap_or(argument).to_owned(),
        )),
    };
    entries.filter_map(input).collect()
}

/// What a file can be hashed to: exactly, or for one lookup.
pub(crate) trait Report: From<HashReport> + Send + 'static {
    /// Has the file hashed by a worker.
    fn of(pool: &WorkerPool, bytes: Bytes, views: ViewOptions)
    -> impl Future<Output = Self> + Send;

    /// With the digests of the same file.
    fn with(self, digests: &Digests) -> Self;
}

impl Report for HashReport {
    async fn of(pool: &WorkerPool, bytes: Bytes, views: ViewOptions) -> Self {
        pool.hash_with(bytes, views).await
    }

    fn with(self, digests: &Digests) -> Self {
        combine(self, digests)
    }
}

impl Report for LookupReport {
    async fn of(pool: &WorkerPool, bytes: Bytes, views: ViewOptions) -> Self {
        pool.hash_fast(bytes, views).await
    }

    fn with(self, digests: &Digests) -> Self {
        self.combine(digests)
    }
}

/// Hashes every input and hands each report, in order, to `each`.
pub(crate) async fn hash_each<R: Report>(
    inputs: Vec<Input>,
    limits: Limits,
    views: ViewOptions,
    mut each: impl FnMut(String, R) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let parallel = folder::workers(0);
    let pool = WorkerPool::new(folder::decoder()?, parallel, limits);
    let progress = progress_bar(inputs.len());
    let mut running: VecDeque<(String, JoinHandle<R>)> = VecDeque::new();
    for input in inputs {
        if running.len() >= parallel * 4 {
            finish_first(&mut running, &progress, &mut each).await?;
        }
        let name = input.name();
        let hashing = hash_one(input, pool.clone(), limits, views);
        running.push_back((name, tokio::spawn(hashing)));
    }
    while !running.is_empty() {
        finish_first(&mut running, &progress, &mut each).await?;
    }
    progress.finish_and_clear();
    Ok(())
}

async fn finish_first<R: Report>(
    running: &mut VecDeque<(String, JoinHandle<R>)>,
    progress: &ProgressBar,
    each: &mut impl FnMut(String, R) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if let Some((name, handle)) = running.pop_front() {
        let report = handle.await?;
        progress.suspend(|| each(name, report))?;
        progress.inc(1);
    }
    Ok(())
}

async fn hash_one<R: Report>(
    input: Input,
    pool: WorkerPool,
    limits: Limits,
    views: ViewOptions,
) -> R {
    let read = tokio::task::spawn_blocking(move || read(&input, limits)).await;
    let bytes = match read {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(report)) => return report.into(),
        Err(_) => return refused(Reason::Unreadable).into(),
    };
    let copy = bytes.clone();
    let digesting = tokio::task::spawn_blocking(move || digests(&copy));
    let perceptual = R::of(&pool, bytes, views).await;
    match digesting.await {
        Ok(digests) => perceptual.with(&digests),
        Err(_) => perceptual,
    }
}

/// The bytes of an input, or the report of one that cannot be read whole. A file beyond the
/// limit is not held in memory, but its digests are computed all the same.
fn read(input: &Input, limits: Limits) -> Result<Bytes, HashReport> {
    let unreadable = |_| refused(Reason::Unreadable);
    let mut reader: Box<dyn Read> = match input {
        Input::Stdin => Box::new(std::io::stdin().lock()),
        Input::File(path) => Box::new(std::fs::File::open(path).map_err(unreadable)?),
        Input::Unreadable(_) => return Err(refused(Reason::Unreadable)),
    };
    let mut bytes = Vec::new();
    let taken = reader
        .by_ref()
        .take(limits.bytes_max + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if taken as u64 <= limits.bytes_max {
        return Ok(bytes.into());
    }
    let media_type = seawall::sniff(&bytes);
    let digests = digest_reader(bytes.as_slice().chain(reader)).map_err(unreadable)?;
    let report = HashReport {
        media_type,
        ..refused(Reason::TooManyBytes)
    };
    Err(combine(report, &digests))
}

fn refused(reason: Reason) -> HashReport {
    HashReport {
        media_type: MediaType::Unknown,
        outcome: Outcome::Refused,
        reason: Some(reason),
        notes: Vec::new(),
        hashes: Vec::new(),
    }
}

/// A bar on standard error where a person watches and there is something to wait for.
fn progress_bar(length: usize) -> ProgressBar {
    if length < 2 || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} files, {per_sec}, {eta} left");
    let bar = ProgressBar::new(length as u64);
    match style {
        Ok(style) => bar.with_style(style),
        Err(error) => {
            output::note(format!("the progress bar has no style: {error}"));
            bar
        }
    }
}
