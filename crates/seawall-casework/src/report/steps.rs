//! From the ledger to the next call: one report is filed, never two, whatever dies when.
//!
//! The receiver keeps nothing from us that would let it see a repeat: every submit opens
//! a new report, and only a finish files one. An unfinished report expires unfiled. From
//! this follows what is safe to do again when nobody knows whether a call arrived:
//!
//! | Call | unknown outcome |
//! |---|---|
//! | submit | submit again: if a report was opened, its number is lost, and it expires unfiled |
//! | upload | withdraw the report and start over: the file may be in it without a description |
//! | file description | say it again |
//! | finish | finish again **under the same number**: the answer "already finished" is as good as "done" |
//! | retract | ask again a few times, then let the report expire |
//!
//! Once a finish for a number has started, that number is the only one for ever: if the
//! receiver later denies it, a person has to ask, because a second report might double the
//! first. Before that, a report that is near its expiry is withdrawn and opened anew.

use seawall_core::{EvidenceId, Timestamp};

use super::ledger::{Call, CallKind, CallOutcome, Ledger, Next, NextCall, Receipt, StuckReason};
use super::official::CodeClass;

/// What to do next for a report, given every call made so far.
///
/// The same ledger and time give the same answer. Whoever makes the calls sees to it that
/// only one runs at a time for one report.
#[must_use]
pub fn next(ledger: Ledger<'_>, now: Timestamp) -> Next {
    let mut progress = Progress::default();
    for (index, call) in ledger.calls.iter().enumerate() {
        if index == ledger.forgiven {
            progress.forgive();
        }
        progress.apply(call);
    }
    if ledger.forgiven >= ledger.calls.len() {
        progress.forgive();
    }
    progress.next(ledger.files, now)
}

/// How often the same step may fail in a row before a person is asked: about a day's worth.
pub const FAILURES_MAX: u32 = 100;
/// How often a report may be opened anew before a person is asked.
pub const RESTARTS_MAX: u32 = 20;
/// How often a file may arrive altered before a person is asked.
pub const ALTERATIONS_MAX: u32 = 3;
/// How often a withdrawal is asked for before the report is left to expire.
pub const RETRACTIONS_MAX: u32 = 5;
/// The pause after the first failure; it doubles with each one.
pub const PAUSE_FIRST_MS: i64 = 2_000;
/// The longest pause.
pub const PAUSE_MAX_MS: i64 = 15 * 60 * 1000;
/// An unfinished report expires 24 hours after it was opened or one hour after its last
/// change, whichever is later by most accounts and earlier by one. An hour and five
/// minutes of slack are kept, and the earlier of the two counts.
pub const OPEN_MS_MAX: i64 = 23 * 60 * 60 * 1000;
/// See [`OPEN_MS_MAX`].
pub const UNCHANGED_MS_MAX: i64 = 55 * 60 * 1000;

/// What the ledger says, in short.
#[derive(Default)]
struct Progress {
    open: Option<OpenReport>,
    /// The number whose finish was started. It never changes again.
    finishing: Option<u64>,
    filed: Option<Receipt>,
    /// Beyond what a person can forgive.
    contradicted: Option<StuckReason>,
    stuck: Option<StuckReason>,
    /// Failures in a row, the process's own deaths included.
    failures: u32,
    /// Failures in a row that the pause grows with: those with an end.
    setbacks: u32,
    /// When the last call failed; `None` where the last one did not.
    failed_at: Option<Timestamp>,
    restarts: u32,
    alterations: u32,
}

/// A report that is open at the receiver, as far as we know.
struct OpenReport {
    report_id: u64,
    opened_at: Timestamp,
    changed_at: Timestamp,
    files: Vec<SentFile>,
    /// It cannot be finished any more and has to be withdrawn.
    doomed: bool,
    retractions: u32,
}

struct SentFile {
    file: EvidenceId,
    remote_id: String,
    described: bool,
}

/// What an outcome means, before it is known for which call.
enum Verdict {
    Done,
    /// Nothing was done.
    NotDone,
    /// Nobody knows.
    Unsure,
    Altered,
    /// The report is not open any more.
    Gone,
    AlreadyFinished,
    NoSuchFile,
    /// Refused for a reason that trying again does not change.
    Hopeless,
}

impl Progress {
    /// Forgets what failed, keeps what is known.
    fn forgive(&mut self) {
        self.stuck = None;
        self.failures = 0;
        self.setbacks = 0;
        self.failed_at = None;
        self.restarts = 0;
        self.alterations = 0;
    }

    fn apply(&mut self, call: &Call) {
        match call.kind {
            CallKind::Submit => self.apply_submit(call),
            CallKind::Upload | CallKind::FileInfo => self.apply_file(call),
            CallKind::Finish => self.apply_finish(call),
            CallKind::Retract => self.apply_retract(call),
        }
    }

    fn apply_submit(&mut self, call: &Call) {
        match verdict(call) {
            Verdict::Done => match accepted(call) {
                (Some(report_id), _) => {
                    self.failed_at = None;
                    self.open = Some(OpenReport::new(report_id, call.started_at));
                }
                (None, _) => self.fail(call),
            },
            Verdict::NotDone | Verdict::Unsure | Verdict::Altered => self.fail(call),
            Verdict::Gone | Verdict::AlreadyFinished | Verdict::NoSuchFile | Verdict::Hopeless => {
                self.refuse(call)
            }
        }
    }

    fn apply_file(&mut self, call: &Call) {
        let Some(open) = self.open.as_mut().filter(|open| open.is_of(call)) else {
            return;
        };
        match verdict(call) {
            Verdict::Done if open.record(call) => self.advance(),
            Verdict::Done | Verdict::Unsure => {
                // A description may be repeated; an upload may not.
                open.doomed |= call.kind == CallKind::Upload;
                self.fail(call);
            }
            Verdict::NotDone => self.fail(call),
            Verdict::Altered => {
                open.doomed = true;
                self.alterations += 1;
                self.fail(call);
            }
            Verdict::NoSuchFile => {
                open.doomed = true;
                self.fail(call);
            }
            Verdict::Gone => {
                self.open = None;
                self.restarts += 1;
                self.fail(call);
            }
            Verdict::AlreadyFinished => {
                let report_id = open.report_id;
                self.contradicted = Some(StuckReason::FinishedUnasked { report_id });
            }
            Verdict::Hopeless => self.refuse(call),
        }
    }

    fn apply_finish(&mut self, call: &Call) {
        let Some(report_id) = call.remote_report_id else {
            return;
        };
        self.finishing = Some(report_id);
        match verdict(call) {
            Verdict::Done | Verdict::AlreadyFinished => {
                self.filed = Some(self.receipt(report_id, call));
            }
            Verdict::NotDone | Verdict::Unsure | Verdict::Altered => self.fail(call),
            Verdict::Gone => self.stuck = Some(StuckReason::FinishUncertain { report_id }),
            Verdict::NoSuchFile | Verdict::Hopeless => self.refuse(call),
        }
    }

    fn apply_retract(&mut self, call: &Call) {
        let Some(open) = self.open.as_mut().filter(|open| open.is_of(call)) else {
            return;
        };
        self.restarts += u32::from(open.retractions == 0);
        open.retractions += 1;
        let given_up = open.retractions >= RETRACTIONS_MAX;
        match verdict(call) {
            Verdict::Done | Verdict::Gone => {
                self.failed_at = None;
                self.open = None;
            }
            Verdict::AlreadyFinished => {
                let report_id = open.report_id;
                self.contradicted = Some(StuckReason::FinishedUnasked { report_id });
            }
            Verdict::NotDone | Verdict::Unsure | Verdict::Altered => {
                if given_up {
                    self.open = None;
                }
                self.fail(call);
            }
            Verdict::NoSuchFile | Verdict::Hopeless => self.open = None,
        }
    }

    /// A step was made that brings the report nearer to its end.
    fn advance(&mut self) {
        self.failures = 0;
        self.setbacks = 0;
        self.failed_at = None;
    }

    fn fail(&mut self, call: &Call) {
        self.failures += 1;
        self.failed_at = call.ended.as_ref().map(|end| end.at);
        self.setbacks += u32::from(call.ended.is_some());
    }

    fn refuse(&mut self, call: &Call) {
        self.stuck = Some(StuckReason::Refused {
            call: call.kind,
            code: refused_code(call),
        });
    }

    fn receipt(&self, report_id: u64, call: &Call) -> Receipt {
        let open = self.open.as_ref().filter(|open| open.is_of(call));
        let sent = open.map(|open| open.files.as_slice()).unwrap_or_default();
        Receipt {
            report_id,
            file_ids: sent.iter().map(|file| file.remote_id.clone()).collect(),
            finished_at: call.ended.as_ref().map_or(call.started_at, |end| end.at),
        }
    }

    fn next(self, files: &[EvidenceId], now: Timestamp) -> Next {
        if let Some(receipt) = self.filed {
            return Next::Filed(receipt);
        }
        if let Some(reason) = self.contradicted {
            return Next::NeedsPerson(reason);
        }
        let given_up = self.reason_to_give_up();
        let call = match (&self.open, self.finishing) {
            (_, Some(report_id)) => match given_up {
                Some(reason) => return Next::NeedsPerson(reason),
                None => of_report(CallKind::Finish, report_id),
            },
            (Some(open), None) if given_up.is_some() || open.must_go(now) => {
                of_report(CallKind::Retract, open.report_id)
            }
            (Some(open), None) => open.next(files),
            (None, None) => match given_up {
                Some(reason) => return Next::NeedsPerson(reason),
                None => submit(),
            },
        };
        match self.pause_until(now) {
            Some(until) => Next::WaitUntil(until),
            None => Next::Call(call),
        }
    }

    fn reason_to_give_up(&self) -> Option<StuckReason> {
        if let Some(reason) = &self.stuck {
            Some(reason.clone())
        } else if self.alterations > ALTERATIONS_MAX {
            Some(StuckReason::FilesAltered)
        } else if self.finishing.is_none() && self.restarts > RESTARTS_MAX {
            Some(StuckReason::TooManyRestarts)
        } else if self.failures > FAILURES_MAX {
            Some(StuckReason::Unreachable)
        } else {
            None
        }
    }

    /// Until when to wait after a failure; `None` where the time has come. A clock that was
    /// set back does not make the pause longer.
    fn pause_until(&self, now: Timestamp) -> Option<Timestamp> {
        let failed_at = self.failed_at?;
        let until = failed_at.plus_millis(pause_ms(self.setbacks));
        (failed_at <= now && now < until).then_some(until)
    }
}

impl OpenReport {
    fn new(report_id: u64, opened_at: Timestamp) -> Self {
        Self {
            report_id,
            opened_at,
            changed_at: opened_at,
            files: Vec::new(),
            doomed: false,
            retractions: 0,
        }
    }

    fn is_of(&self, call: &Call) -> bool {
        call.remote_report_id == Some(self.report_id)
    }

    /// Notes what an accepted call did; false where the row does not say enough.
    fn record(&mut self, call: &Call) -> bool {
        let Some(file) = call.file else {
            return false;
        };
        let recorded = match (call.kind, accepted(call)) {
            (CallKind::Upload, (_, Some(remote_id))) => {
                self.files.push(SentFile {
                    file,
                    remote_id: remote_id.to_owned(),
                    described: false,
                });
                true
            }
            (CallKind::FileInfo, _) => match self.files.iter_mut().find(|sent| sent.file == file) {
                Some(sent) => {
                    sent.described = true;
                    true
                }
                None => false,
            },
            (CallKind::Upload, (_, None)) => false,
            (CallKind::Submit | CallKind::Finish | CallKind::Retract, _) => false,
        };
        if recorded {
            // The receiver's clock of changes started somewhen during the call: not later.
            self.changed_at = call.started_at;
        }
        recorded
    }

    fn must_go(&self, now: Timestamp) -> bool {
        self.doomed
            || self.retractions > 0
            || now.millis_since(self.opened_at) > OPEN_MS_MAX
            || now.millis_since(self.changed_at) > UNCHANGED_MS_MAX
    }

    fn next(&self, files: &[EvidenceId]) -> NextCall {
        for file in files {
            let (kind, remote_file_id) = match self.files.iter().find(|sent| sent.file == *file) {
                None => (CallKind::Upload, None),
                Some(sent) if !sent.described => (CallKind::FileInfo, Some(sent.remote_id.clone())),
                Some(_) => continue,
            };
            return NextCall {
                kind,
                remote_report_id: Some(self.report_id),
                file: Some(*file),
                remote_file_id,
            };
        }
        of_report(CallKind::Finish, self.report_id)
    }
}

fn submit() -> NextCall {
    NextCall {
        kind: CallKind::Submit,
        remote_report_id: None,
        file: None,
        remote_file_id: None,
    }
}

fn of_report(kind: CallKind, report_id: u64) -> NextCall {
    NextCall {
        kind,
        remote_report_id: Some(report_id),
        file: None,
        remote_file_id: None,
    }
}

fn outcome(call: &Call) -> &CallOutcome {
    call.ended
        .as_ref()
        .map_or(&CallOutcome::Unknown, |end| &end.outcome)
}

fn verdict(call: &Call) -> Verdict {
    match *outcome(call) {
        CallOutcome::Accepted { .. } => Verdict::Done,
        CallOutcome::Altered => Verdict::Altered,
        CallOutcome::NotSent => Verdict::NotDone,
        CallOutcome::Unknown => Verdict::Unsure,
        CallOutcome::Refused { code } => match CodeClass::of(code) {
            CodeClass::Done => Verdict::Unsure,
            CodeClass::TryAgain => Verdict::NotDone,
            CodeClass::Person | CodeClass::Unlisted => Verdict::Hopeless,
            CodeClass::NoSuchReport | CodeClass::AlreadyRetracted => Verdict::Gone,
            CodeClass::NoSuchFile => Verdict::NoSuchFile,
            CodeClass::AlreadyFinished => Verdict::AlreadyFinished,
        },
    }
}

/// The numbers in an accepting answer: of the report and of the file.
fn accepted(call: &Call) -> (Option<u64>, Option<&str>) {
    match outcome(call) {
        CallOutcome::Accepted {
            report_id, file_id, ..
        } => (*report_id, file_id.as_deref()),
        CallOutcome::Altered
        | CallOutcome::Refused { .. }
        | CallOutcome::NotSent
        | CallOutcome::Unknown => (None, None),
    }
}

fn refused_code(call: &Call) -> i64 {
    match outcome(call) {
        CallOutcome::Refused { code } => *code,
        CallOutcome::Accepted { .. }
        | CallOutcome::Altered
        | CallOutcome::NotSent
        | CallOutcome::Unknown => 0,
    }
}

fn pause_ms(setbacks: u32) -> i64 {
    let doublings = setbacks.saturating_sub(1).min(20);
    (PAUSE_FIRST_MS << doublings).min(PAUSE_MAX_MS)
}

const _: () = assert!(PAUSE_FIRST_MS <= PAUSE_MAX_MS && PAUSE_MAX_MS < UNCHANGED_MS_MAX);
