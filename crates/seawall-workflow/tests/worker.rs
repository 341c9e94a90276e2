//! Checks of the decoding workers, on real processes.
//!
//! The workers are this program started again, so it has its own `main`: with the argument
//! `worker` it is one, without it runs the checks. Other arguments choose checks by name.

#![allow(
    clippy::print_stdout,
    reason = "a test program without the usual harness reports by itself"
)]

use std::io::Write as _;
use std::panic::AssertUnwindSafe;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use bytes::Bytes;
use rustix::process::{Pid, Signal, kill_process};
use seawall::preview::PreviewStyle;
use seawall_core::{
    HashReport, Limits, MediaType, Outcome, PixelKind, Pixels, Reason, ViewOptions,
};
use seawall_testkit as testkit;
use seawall_workflow::worker::{WorkerCommand, WorkerPool, run_worker};
use tokio::runtime::Runtime;

type Check = (&'static str, fn(&Runtime));

const CHECKS: &[Check] = &[
    ("a picture gets the hashes it gets in process", picture),
    ("a text is refused by a worker that lives on", text),
    ("a preview is a png within the size asked for", preview),
    (
        "too many bytes are refused without a worker",
        too_many_bytes,
    ),
    ("a worker that dies fails its file and no other", dies),
    ("a worker that hangs is killed", hangs),
    (
        "a worker keeps to its time limit by itself",
        cooperative_time_limit,
    ),
    ("a caller who gives up ends the worker", gives_up),
    ("a picture above the memory limit is refused", memory_limit),
    (
        "a worker has no files, sockets, processes, memory, environment",
        confined,
    ),
    ("many files at once share the workers", many),
    ("a worker is replaced after many files", replaced),
    ("a program that is no worker fails the file", impostor),
    ("a worker ends when its parent is gone", orphan),
    ("a worker called by a person says no", called_by_a_person),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|arg| arg == "worker") {
        return match run_worker() {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    let wanted: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    let runtime = Runtime::new().expect("a runtime starts");
    let (mut passed, mut failed) = (0, 0);
    for (name, check) in CHECKS {
        if !wanted.is_empty() && !wanted.iter().any(|part| name.contains(part.as_str())) {
            continue;
        }
        let result = std::panic::catch_unwind(AssertUnwindSafe(|| check(&runtime)));
        println!(
            "{} {name}",
            if result.is_ok() { "ok    " } else { "FAILED" }
        );
        *(if result.is_ok() {
            &mut passed
        } else {
            &mut failed
        }) += 1;
    }
    println!("{passed} passed, {failed} failed");
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn picture(runtime: &Runtime) {
    let pool = pool(1, Limits::default());
    let budget_limits = Limits::default();
    for file in [
        testkit::png(&testkit::picture(256, 256, 1)),
        testkit::jpeg_with_orientation(&testkit::picture(320, 200, 2), 90, 6),
        testkit::gif(&[testkit::picture(64, 64, 3), testkit::picture(64, 64, 4)]),
        testkit::png(&testkit::flat(64, 64, [9, 9, 9])),
        Vec::new(),
    ] {
        let budget = seawall::Budget {
            limits: &budget_limits,
            expired: &|| false,
            views: ViewOptions::default(),
        };
        let here = seawall::hash::perceptual(&file, &budget);
        assert_eq!(hash(runtime, &pool, file), here);
    }
    let report = hash(runtime, &pool, testkit::png(&testkit::picture(256, 256, 1)));
    assert_eq!(
        (report.outcome, report.media_type),
        (Outcome::Hashed, MediaType::Png)
    );
}

fn text(runtime: &Runtime) {
    let pool = pool(1, Limits::default());
    let report = hash(runtime, &pool, b"no picture at all".to_vec());
    assert_eq!(refusal(&report), Reason::NotAPicture);
    let worker = idle(&pool);
    hash(runtime, &pool, b"nor is this one".to_vec());
    assert_eq!(idle(&pool), worker);
}

fn preview(runtime: &Runtime) {
    let pool = pool(1, Limits::default());
    let style = PreviewStyle {
        side_px_max: 100,
        blur: true,
        greyscale: true,
    };
    let file = testkit::png(&testkit::picture(320, 200, 5));
    let png = runtime.block_on(pool.preview(file.into(), style));
    let png = png.expect("a picture has a preview");
    let side = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().expect("four bytes"));
    assert!(side(16) <= 100 && side(20) <= 100);

    let refused = runtime.block_on(pool.preview(Bytes::from_static(b"text"), style));
    assert_eq!(refused, Err(Reason::NotAPicture));
}

fn too_many_bytes(runtime: &Runtime) {
    let limits = Limits {
        bytes_max: 100,
        ..Limits::default()
    };
    let pool = pool(1, limits);
    let report = hash(runtime, &pool, vec![0; 101]);
    assert_eq!(refusal(&report), Reason::TooManyBytes);
    assert_eq!(
        (pool.idle_process_ids(), pool.confinement()),
        (vec![], None)
    );
}

fn dies(runtime: &Runtime) {
    let pool = warm_pool(runtime, Limits::default());
    let worker = idle(&pool);
    signal(worker, Signal::STOP);
    runtime.block_on(async {
        let asked = tokio::spawn(ask(pool.clone()));
        taken(&pool).await;
        signal(worker, Signal::KILL);
        let report = asked.await.expect("hashing does not panic");
        assert_eq!(refusal(&report), Reason::DecoderFailed);
    });
    assert!(pool.idle_process_ids().is_empty());
    warm(runtime, &pool);
    assert_ne!(idle(&pool), worker);

    // One that dies while idle is replaced before it can fail a file.
    let worker = idle(&pool);
    signal(worker, Signal::KILL);
    runtime.block_on(gone(worker));
    warm(runtime, &pool);
}

fn hangs(runtime: &Runtime) {
    let limits = Limits {
        time_ms_max: 100,
        ..Limits::default()
    };
    let pool = warm_pool(runtime, limits);
    let worker = idle(&pool);
    signal(worker, Signal::STOP);
    let report = runtime.block_on(ask(pool.clone()));
    assert_eq!(refusal(&report), Reason::TooSlow);
    runtime.block_on(gone(worker));
    warm(runtime, &pool);
}

fn cooperative_time_limit(runtime: &Runtime) {
    let limits = Limits {
        time_ms_max: 0,
        ..Limits::default()
    };
    let pool = pool(1, limits);
    let report = hash(runtime, &pool, testkit::png(&testkit::picture(64, 64, 6)));
    assert_eq!(refusal(&report), Reason::TooSlow);
}

fn gives_up(runtime: &Runtime) {
    let pool = warm_pool(runtime, Limits::default());
    let worker = idle(&pool);
    signal(worker, Signal::STOP);
    runtime.block_on(async {
        let asked = tokio::spawn(ask(pool.clone()));
        taken(&pool).await;
        asked.abort();
        gone(worker).await;
    });
    warm(runtime, &pool);
}

fn memory_limit(runtime: &Runtime) {
    let limits = Limits {
        memory_bytes_max: 8 << 20,
        ..Limits::default()
    };
    let pool = pool(1, limits);
    let side = 4_000;
    let flat = Pixels::new(side, side, PixelKind::Luma8, vec![128; side * side]);
    // Its rows do not come in order, so that it has to be held whole.
    let file = testkit::interlaced_png(&flat.expect("the buffer fits"));
    let report = hash(runtime, &pool, file);
    assert_eq!(refusal(&report), Reason::TooMuchMemory);
    warm(runtime, &pool);
}

fn confined(runtime: &Runtime) {
    let pool = pool(1, Limits::default());
    let report = runtime.block_on(pool.probe()).expect("a worker answers");
    assert!(report.is_confined(), "{report:?}");
    let confinement = pool.confinement().expect("a worker was started");
    assert!(confinement.is_complete(), "{confinement}");
}

fn many(runtime: &Runtime) {
    let pool = pool(2, Limits::default());
    runtime.block_on(async {
        let asked: Vec<_> = (0..8).map(|_| tokio::spawn(ask(pool.clone()))).collect();
        for report in asked {
            let report = report.await.expect("hashing does not panic");
            assert_eq!(report.outcome, Outcome::Hashed);
        }
    });
    assert!(pool.idle_process_ids().len() <= 2);
}

fn replaced(runtime: &Runtime) {
    let pool = warm_pool(runtime, Limits::default());
    let worker = idle(&pool);
    for _ in 0..256 {
        hash(runtime, &pool, b"text".to_vec());
    }
    assert_ne!(idle(&pool), worker);
}

fn impostor(runtime: &Runtime) {
    // One says nothing, one repeats what it hears, one does not exist.
    for program in ["/bin/true", "/bin/cat", "/nowhere/at-all"] {
        let command = WorkerCommand {
            program: program.into(),
            args: Vec::new(),
        };
        let pool = WorkerPool::new(command, 1, Limits::default());
        let report = hash(runtime, &pool, b"text".to_vec());
        assert_eq!(refusal(&report), Reason::DecoderFailed, "{program}");
        assert!(runtime.block_on(pool.probe()).is_err(), "{program}");
    }
}

fn orphan(_runtime: &Runtime) {
    assert!(worker_fed_with(&[]));
}

fn called_by_a_person(_runtime: &Runtime) {
    assert!(!worker_fed_with(b"hello?\n"));
    assert!(!worker_fed_with(&[0xFF; 4096]));
}

/// Whether a worker that reads these bytes, and then the end, ends well.
fn worker_fed_with(bytes: &[u8]) -> bool {
    let mut child = Command::new("/proc/self/exe")
        .arg("worker")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("this program starts");
    let mut input = child.stdin.take().expect("stdin is a pipe");
    // A worker that has seen enough may be gone before it has read everything.
    let _ = input.write_all(bytes);
    drop(input);
    child.wait().expect("it was started here").success()
}

fn pool(size: usize, limits: Limits) -> WorkerPool {
    let command = WorkerCommand::this_program(&["worker"]).expect("this program is known");
    WorkerPool::new(command, size, limits)
}

/// A pool of one worker that has done one file and waits.
fn warm_pool(runtime: &Runtime, limits: Limits) -> WorkerPool {
    let pool = pool(1, limits);
    warm(runtime, &pool);
    pool
}

fn warm(runtime: &Runtime, pool: &WorkerPool) {
    assert_eq!(runtime.block_on(ask(pool.clone())).outcome, Outcome::Hashed);
}

/// Hashes a good picture that does not fit into a pipe's buffer.
async fn ask(pool: WorkerPool) -> HashReport {
    pool.hash(testkit::bmp(&testkit::picture(256, 256, 7)).into())
        .await
}

fn hash(runtime: &Runtime, pool: &WorkerPool, file: Vec<u8>) -> HashReport {
    runtime.block_on(pool.hash(file.into()))
}

fn refusal(report: &HashReport) -> Reason {
    assert_eq!(report.outcome, Outcome::Refused);
    assert!(report.hashes.is_empty());
    report.reason.expect("a refusal has a reason")
}

fn idle(pool: &WorkerPool) -> Pid {
    let ids = pool.idle_process_ids();
    let [id] = ids[..] else {
        panic!("{} workers are idle", ids.len())
    };
    Pid::from_raw(id.cast_signed()).expect("process ids are positive")
}

fn signal(worker: Pid, signal: Signal) {
    kill_process(worker, signal).expect("the worker runs");
}

/// Waits until the worker of a pool of one is at work.
async fn taken(pool: &WorkerPool) {
    until(|| pool.idle_process_ids().is_empty()).await;
}

/// Waits until the process has ended, whether or not its parent has taken note.
async fn gone(worker: Pid) {
    let path = format!("/proc/{}/stat", worker.as_raw_nonzero());
    // The state follows the program's name, which stands in brackets.
    until(|| match std::fs::read_to_string(&path) {
        Ok(line) => line.contains(") Z "),
        Err(_) => true,
    })
    .await;
}

/// Waits for something that is bound to happen; the limit only turns a hang into a failure.
async fn until(happened: impl Fn() -> bool) {
    let wait = async {
        while !happened() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait)
        .await
        .expect("it happens in time");
}
