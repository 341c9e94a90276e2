//! The delivery of a report against a model of the receiver, under every kind of crash.
//!
//! The model keeps what the real interface keeps: reports that are open, finished,
//! withdrawn or expired. A schedule says for each call how it goes wrong. Whatever the
//! schedule, at most one report ends finished, and none is left open that we know of.

use std::collections::BTreeMap;

use proptest::prelude::*;
use seawall_casework::report::{
    Call, CallEnd, CallKind, CallOutcome, Ledger, Next, NextCall, PAUSE_MAX_MS, RETRACTIONS_MAX,
    StuckReason, next,
};
use seawall_core::{CallId, EvidenceId, Random, Redacted, Timestamp};

/// How one call goes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Trouble {
    None,
    /// The process dies after the row is written and before anything is sent.
    DieBeforeSend,
    /// The process dies after the receiver acted, its answer not recorded.
    DieBeforeRecord,
    /// No connection.
    NotSent,
    /// Sent, lost on the way.
    LostRequest,
    /// The receiver acted, the answer was lost.
    LostAnswer,
    /// The receiver refuses with a code and does nothing.
    Refuse(i64),
    /// An upload arrives altered.
    Altered,
    /// Hours pass before the call, as after a night without power; then it goes well.
    Sleep(i64),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Open,
    Finished,
    Retracted,
}

struct Remote {
    state: State,
    opened_at: Timestamp,
    changed_at: Timestamp,
    files: BTreeMap<String, bool>,
}

/// The receiver: what it holds, and nothing about who asks.
#[derive(Default)]
struct Receiver {
    reports: BTreeMap<u64, Remote>,
    files: u64,
}

const HOUR_MS: i64 = 3_600_000;

impl Remote {
    fn is_expired(&self, now: Timestamp) -> bool {
        let day = self.opened_at.plus_millis(24 * HOUR_MS);
        let hour = self.changed_at.plus_millis(HOUR_MS);
        self.state == State::Open && now > day.max(hour)
    }
}

impl Receiver {
    fn act(&mut self, call: &NextCall, now: Timestamp) -> CallOutcome {
        if call.kind == CallKind::Submit {
            return self.submit(now);
        }
        let id = call.remote_report_id.expect("every other call names one");
        match self.reports.get_mut(&id) {
            None => refused(5001),
            Some(report) if report.is_expired(now) => refused(5001),
            Some(report) => match report.state {
                State::Retracted => refused(5101),
                State::Finished => refused(5102),
                State::Open => {
                    report.changed_at = now;
                    act_on_open(report, call, id, &mut self.files)
                }
            },
        }
    }

    fn submit(&mut self, now: Timestamp) -> CallOutcome {
        let id = 5_000_000_000 + u64::try_from(self.reports.len()).expect("few reports");
        let report = Remote {
            state: State::Open,
            opened_at: now,
            changed_at: now,
            files: BTreeMap::new(),
        };
        self.reports.insert(id, report);
        accepted(id, None)
    }

    fn ids(&self, state: State) -> Vec<u64> {
        let of_state = self
            .reports
            .iter()
            .filter(|(_, report)| report.state == state);
        of_state.map(|(id, _)| *id).collect()
    }
}

fn act_on_open(report: &mut Remote, call: &NextCall, id: u64, files: &mut u64) -> CallOutcome {
    match call.kind {
        CallKind::Submit => unreachable!("handled before"),
        CallKind::Upload => {
            *files += 1;
            let file_id = format!("{files:032x}");
            report.files.insert(file_id.clone(), false);
            accepted(id, Some(file_id))
        }
        CallKind::FileInfo => {
            let file_id = call.remote_file_id.as_ref().expect("a file id");
            match report.files.get_mut(file_id) {
                Some(described) => *described = true,
                None => return refused(5002),
            }
            accepted(id, None)
        }
        CallKind::Finish => {
            report.state = State::Finished;
            accepted(id, None)
        }
        CallKind::Retract => {
            report.state = State::Retracted;
            accepted(id, None)
        }
    }
}

fn accepted(report_id: u64, file_id: Option<String>) -> CallOutcome {
    CallOutcome::Accepted {
        report_id: Some(report_id),
        file_id,
        md5: None,
    }
}

fn refused(code: i64) -> CallOutcome {
    CallOutcome::Refused { code }
}

/// A sender that asks `next` and makes the call, as the workflow does.
struct Delivery {
    files: Vec<EvidenceId>,
    calls: Vec<Call>,
    forgiven: usize,
    receiver: Receiver,
    now: Timestamp,
}

struct Counter(std::sync::atomic::AtomicU64);

impl Random for Counter {
    fn fill(&self, buffer: &mut [u8]) {
        let n = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        buffer.fill(0);
        buffer[..8].copy_from_slice(&n.to_le_bytes());
    }
}

impl Delivery {
    fn new(files: usize) -> Self {
        let now: Timestamp = "2026-11-25T22:00:00Z".parse().expect("a time");
        let random = Counter(0.into());
        Self {
            files: (0..files).map(|_| EvidenceId::new(now, &random)).collect(),
            calls: Vec::new(),
            forgiven: 0,
            receiver: Receiver::default(),
            now,
        }
    }

    fn next(&self) -> Next {
        let ledger = Ledger {
            files: &self.files,
            calls: &self.calls,
            forgiven: self.forgiven,
        };
        next(ledger, self.now)
    }

    /// Goes on until the report is filed or a person is needed. The schedule is asked once
    /// for each call; after its end all goes well.
    fn run(&mut self, schedule: &mut dyn Iterator<Item = Trouble>) -> Next {
        for _ in 0..20_000 {
            match self.next() {
                Next::Call(call) => {
                    let trouble = schedule.next().unwrap_or(Trouble::None);
                    self.make(&call, trouble);
                }
                Next::WaitUntil(time) => {
                    assert!(time > self.now, "a pause has to end later than now");
                    assert!(time.millis_since(self.now) <= PAUSE_MAX_MS);
                    self.now = time;
                }
                end @ (Next::Filed(_) | Next::NeedsPerson(_)) => return end,
            }
        }
        panic!("the delivery does not end");
    }

    fn make(&mut self, call: &NextCall, trouble: Trouble) {
        if let Trouble::Sleep(ms) = trouble {
            self.now = self.now.plus_millis(ms);
        }
        let started_at = self.now;
        self.now = self.now.plus_millis(300);
        let acts = match trouble {
            Trouble::None | Trouble::DieBeforeRecord | Trouble::LostAnswer => true,
            Trouble::Altered | Trouble::Sleep(_) => true,
            Trouble::DieBeforeSend | Trouble::NotSent | Trouble::LostRequest => false,
            Trouble::Refuse(_) => false,
        };
        let answer = acts.then(|| self.receiver.act(call, self.now));
        self.now = self.now.plus_millis(300);
        let outcome = match trouble {
            Trouble::None | Trouble::Sleep(_) => answer,
            Trouble::DieBeforeSend | Trouble::DieBeforeRecord => None,
            Trouble::NotSent => Some(CallOutcome::NotSent),
            Trouble::LostRequest | Trouble::LostAnswer => Some(CallOutcome::Unknown),
            Trouble::Refuse(code) => Some(refused(code)),
            Trouble::Altered if call.kind == CallKind::Upload => Some(CallOutcome::Altered),
            Trouble::Altered => answer,
        };
        self.record(call, started_at, outcome);
    }

    fn record(&mut self, call: &NextCall, started_at: Timestamp, outcome: Option<CallOutcome>) {
        let row = self.calls.len();
        let id = format!("00000000-0000-7000-8000-{row:012x}");
        self.calls.push(Call {
            id: id.parse::<CallId>().expect("an id"),
            kind: call.kind,
            remote_report_id: call.remote_report_id,
            file: call.file,
            remote_file_id: call.remote_file_id.clone(),
            started_at,
            ended: outcome.map(|outcome| CallEnd {
                at: self.now,
                outcome,
            }),
        });
    }

    fn made(&self, kind: CallKind) -> Vec<&Call> {
        self.calls.iter().filter(|call| call.kind == kind).collect()
    }

    fn kinds(&self) -> Vec<CallKind> {
        self.calls.iter().map(|call| call.kind).collect()
    }

    /// What has to be true whatever happened.
    fn check(&self, end: &Next) {
        let finished = self.receiver.ids(State::Finished);
        assert!(finished.len() <= 1, "filed twice: {finished:?}");
        let mut named: Vec<_> = self.made(CallKind::Finish);
        named.dedup_by_key(|call| call.remote_report_id);
        assert!(named.len() <= 1, "two numbers were finished");
        if let Next::Filed(receipt) = end {
            assert_eq!(finished, [receipt.report_id]);
            let filed = &self.receiver.reports[&receipt.report_id];
            let whole = filed.files.values().all(|described| *described);
            assert!(whole, "a file was filed without its description");
            assert_eq!(
                filed.files.len(),
                self.files.len(),
                "a file too many or too few"
            );
            for file_id in &receipt.file_ids {
                assert!(filed.files.contains_key(file_id));
            }
            assert_eq!(receipt.file_ids.len(), self.files.len());
        }
        self.check_nothing_left_open();
    }

    /// Open reports are those whose number never reached us, those whose finish is the
    /// question, and those whose withdrawal was asked for as often as it is.
    fn check_nothing_left_open(&self) {
        let known = |id: u64| {
            let calls = self.calls.iter().filter_map(|call| call.ended.as_ref());
            let accepted = calls.filter_map(|end| match &end.outcome {
                CallOutcome::Accepted { report_id, .. } => *report_id,
                CallOutcome::Altered
                | CallOutcome::Refused { .. }
                | CallOutcome::NotSent
                | CallOutcome::Unknown => None,
            });
            accepted.into_iter().any(|report_id| report_id == id)
        };
        for id in self.receiver.ids(State::Open) {
            let about = |kind| {
                let calls = self.made(kind);
                let of_id = calls
                    .iter()
                    .filter(|call| call.remote_report_id == Some(id));
                u32::try_from(of_id.count()).expect("few calls")
            };
            let allowed = !known(id)
                || self.receiver.reports[&id].is_expired(self.now)
                || about(CallKind::Finish) > 0
                || about(CallKind::Retract) >= RETRACTIONS_MAX;
            assert!(allowed, "report {id} was left open");
        }
    }
}

fn trouble() -> impl Strategy<Value = Trouble> {
    prop_oneof![
        6 => Just(Trouble::None),
        2 => Just(Trouble::DieBeforeSend),
        2 => Just(Trouble::DieBeforeRecord),
        1 => Just(Trouble::NotSent),
        1 => Just(Trouble::LostRequest),
        1 => Just(Trouble::LostAnswer),
        1 => Just(Trouble::Refuse(1000)),
        1 => Just(Trouble::Altered),
        1 => (0..26 * HOUR_MS).prop_map(Trouble::Sleep),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn one_report_is_filed_whatever_dies_when(
        files in 0_usize..4,
        schedule in prop::collection::vec(trouble(), 0..60),
    ) {
        let mut delivery = Delivery::new(files);
        let end = delivery.run(&mut schedule.into_iter());
        delivery.check(&end);
        if let Next::NeedsPerson(reason) = end {
            // Nothing in this schedule is hopeless by itself.
            let expected = matches!(
                reason,
                StuckReason::FilesAltered
                    | StuckReason::FinishUncertain { .. }
                    | StuckReason::TooManyRestarts
            );
            prop_assert!(expected, "{:?}", reason);
        }
    }

    /// With deaths and losses alone (no hour passes, nothing is altered) a report is always
    /// filed, as long as it does not have to start over too often.
    #[test]
    fn deaths_alone_never_need_a_person(
        files in 0_usize..4,
        schedule in prop::collection::vec(
            prop_oneof![
                Just(Trouble::None),
                Just(Trouble::DieBeforeSend),
                Just(Trouble::DieBeforeRecord),
                Just(Trouble::LostAnswer),
            ],
            0..20,
        ),
    ) {
        let mut delivery = Delivery::new(files);
        let end = delivery.run(&mut schedule.into_iter());
        delivery.check(&end);
        prop_assert!(matches!(end, Next::Filed(_)), "{:?}", end);
    }

    /// A refusal for good, anywhere, ends with a person, with nothing left open; and after
    /// the cause is mended the report is filed.
    #[test]
    fn a_refusal_for_good_asks_a_person_and_can_be_resumed(
        files in 0_usize..3,
        before in 0_usize..8,
        code in prop::sample::select(vec![2000_i64, 3000, 3100, 4000, 4100, 4110, 4200, 7777]),
    ) {
        let mut delivery = Delivery::new(files);
        let fine = std::iter::repeat_n(Trouble::None, before);
        let mut schedule = fine.chain([Trouble::Refuse(code)]);
        let end = delivery.run(&mut schedule);
        delivery.check(&end);
        if before > 2 * files + 1 {
            prop_assert!(matches!(end, Next::Filed(_)), "{:?}", end);
        } else {
            let refused = matches!(
                end,
                Next::NeedsPerson(StuckReason::Refused { code: found, .. }) if found == code
            );
            prop_assert!(refused, "{:?}", end);
            delivery.forgiven = delivery.calls.len();
            let end = delivery.run(&mut std::iter::empty());
            delivery.check(&end);
            prop_assert!(matches!(end, Next::Filed(_)), "{:?}", end);
        }
    }
}

#[track_caller]
fn check_calls(files: usize, schedule: &[Trouble], expected: &[CallKind]) -> Next {
    let mut delivery = Delivery::new(files);
    let end = delivery.run(&mut schedule.iter().copied());
    delivery.check(&end);
    assert_eq!(delivery.kinds(), expected);
    end
}

use CallKind::{FileInfo, Finish, Retract, Submit, Upload};
use Trouble::{DieBeforeRecord, LostAnswer, LostRequest, NotSent, Refuse, Sleep};

#[test]
fn without_trouble_each_file_is_sent_described_and_the_report_finished() {
    let plain = [Submit, Upload, FileInfo, Upload, FileInfo, Finish];
    let end = check_calls(2, &[], &plain);
    assert!(matches!(end, Next::Filed(_)));
}

#[test]
fn a_report_without_files_is_a_report() {
    check_calls(0, &[], &[Submit, Finish]);
}

#[test]
fn a_lost_submit_is_made_again() {
    check_calls(0, &[LostAnswer], &[Submit, Submit, Finish]);
}

#[test]
fn a_lost_upload_withdraws_the_report_and_starts_over() {
    let schedule = [Trouble::None, DieBeforeRecord];
    let expected = [Submit, Upload, Retract, Submit, Upload, FileInfo, Finish];
    check_calls(1, &schedule, &expected);
}

#[test]
fn an_upload_that_was_never_sent_is_sent_in_the_same_report() {
    let schedule = [Trouble::None, NotSent, Refuse(1111)];
    let expected = [Submit, Upload, Upload, Upload, FileInfo, Finish];
    check_calls(1, &schedule, &expected);
}

#[test]
fn a_lost_description_is_said_again() {
    let schedule = [Trouble::None, Trouble::None, LostAnswer];
    let expected = [Submit, Upload, FileInfo, FileInfo, Finish];
    check_calls(1, &schedule, &expected);
}

/// The end of case A46: the connection is reset after the finish was sent.
#[test]
fn a_lost_finish_is_asked_again_under_the_same_number() {
    for lost in [LostAnswer, LostRequest, DieBeforeRecord] {
        let end = check_calls(0, &[Trouble::None, lost], &[Submit, Finish, Finish]);
        assert!(matches!(end, Next::Filed(_)), "{end:?}");
    }
}

#[test]
fn a_finish_that_is_denied_later_is_a_question_for_a_person() {
    let schedule = [Trouble::None, LostRequest, Sleep(30 * HOUR_MS)];
    let end = check_calls(0, &schedule, &[Submit, Finish, Finish]);
    let report_id = 5_000_000_000;
    let reason = StuckReason::FinishUncertain { report_id };
    assert_eq!(end, Next::NeedsPerson(reason));
}

#[test]
fn a_report_that_grew_old_is_withdrawn_before_it_is_finished() {
    let mut delivery = Delivery::new(1);
    let mut schedule = [Trouble::None, Trouble::None].into_iter();
    for _ in 0..2 {
        let Next::Call(call) = delivery.next() else {
            panic!("two calls are due");
        };
        delivery.make(&call, schedule.next().expect("two"));
    }
    delivery.now = delivery.now.plus_millis(56 * 60 * 1000);
    let end = delivery.run(&mut std::iter::empty());
    delivery.check(&end);
    let expected = [Submit, Upload, Retract, Submit, Upload, FileInfo, Finish];
    assert_eq!(delivery.kinds(), expected);
}

#[test]
fn a_file_that_arrives_altered_is_sent_four_times_and_no_more() {
    let altered = std::iter::repeat_n(Trouble::Altered, 100);
    let mut delivery = Delivery::new(1);
    let end = delivery.run(&mut altered.into_iter());
    delivery.check(&end);
    assert_eq!(end, Next::NeedsPerson(StuckReason::FilesAltered));
    assert_eq!(delivery.made(Upload).len(), 4);
    assert_eq!(delivery.receiver.ids(State::Retracted).len(), 4);
}

#[test]
fn a_report_that_is_finished_without_our_asking_stops_everything() {
    let mut delivery = Delivery::new(1);
    let end = delivery.run(&mut [Trouble::None, Refuse(5102)].into_iter());
    let report_id = 5_000_000_000;
    let reason = StuckReason::FinishedUnasked { report_id };
    assert_eq!(end, Next::NeedsPerson(reason.clone()));
    delivery.forgiven = delivery.calls.len();
    let end = delivery.run(&mut std::iter::empty());
    assert_eq!(end, Next::NeedsPerson(reason), "nobody can forgive that");
}

#[test]
fn a_receiver_that_is_down_is_tried_for_most_of_a_day() {
    let mut delivery = Delivery::new(0);
    let begin = delivery.now;
    let end = delivery.run(&mut std::iter::repeat(NotSent));
    assert_eq!(end, Next::NeedsPerson(StuckReason::Unreachable));
    let hours = delivery.now.millis_since(begin) / HOUR_MS;
    assert!((20..30).contains(&hours), "{hours}");
    delivery.forgiven = delivery.calls.len();
    let end = delivery.run(&mut std::iter::empty());
    assert!(matches!(end, Next::Filed(_)), "{end:?}");
}

#[test]
fn an_md5_is_kept_but_not_shown() {
    let outcome = CallOutcome::Accepted {
        report_id: Some(1),
        file_id: None,
        md5: Some(Redacted("00ff".into())),
    };
    assert!(!format!("{outcome:?}").contains("00ff"));
    let json = serde_json::to_string(&outcome).expect("serialises");
    let back: CallOutcome = serde_json::from_str(&json).expect("reads back");
    assert_eq!(back, outcome);
}
