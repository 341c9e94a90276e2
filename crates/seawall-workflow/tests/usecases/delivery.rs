//! Reports on their way to a stand-in that fails in every way it can.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use seawall_core::{Actor, CaseId, Clock};
use seawall_sim::cybertipline::{
    BASE_PATH, Call, CyberTipline, Fault, Options, Phase, ReportState,
};
use seawall_store::{ReportState as Kept, RevealMode};
use seawall_workflow::{Reach, Receiver};

use crate::fixture::{Fixture, build, confirmed};

struct House {
    f: Fixture,
    stand_in: Arc<CyberTipline>,
}

/// A workflow and a stand-in that share one clock.
async fn house() -> House {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("bound");
    let receiver = Receiver {
        name: "stand-in".into(),
        base: format!("http://{address}{BASE_PATH}/")
            .parse()
            .expect("an address"),
        username: "user".into(),
        password: "word".into(),
        reach: Reach::Loopback,
        stand_in: true,
    };
    let f = build(Some(receiver), None);
    let options = Options {
        username: "user".into(),
        password: "word".into(),
        journal: None,
    };
    let clock = Arc::clone(&f.clock) as Arc<dyn Clock>;
    let stand_in = CyberTipline::open(options, clock).expect("a stand-in");
    let router = stand_in.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    House { f, stand_in }
}

impl House {
    async fn decided(&self, number: u32) -> CaseId {
        let case = self.f.case(number).await;
        let user = self.f.user(&format!("user-{number}"));
        self.f
            .workflow
            .decide(case, user, confirmed(true))
            .expect("decided");
        case
    }

    /// Moves the clock to each next call until no report is open.
    async fn deliver(&self) {
        for _ in 0..200 {
            let delivered = self.f.workflow.deliver_reports().await.expect("delivered");
            match delivered.next_at {
                Some(next_at) => self.f.clock.set(next_at),
                None => return,
            }
        }
        panic!("a report is still open after 200 rounds");
    }

    fn state(&self, case: CaseId) -> Kept {
        let report = self
            .f
            .workflow
            .store()
            .read(|reader| reader.report_of(case));
        report.expect("readable").expect("a report").state
    }

    fn finished(&self) -> usize {
        let reports = self.stand_in.reports();
        reports
            .iter()
            .filter(|report| report.state == ReportState::Finished)
            .count()
    }

    /// Makes one call of this kind fail once, in this way.
    fn fail_once(&self, call: Call, phase: Phase, fault: Fault) {
        let armed = AtomicBool::new(true);
        self.stand_in.set_hook(Some(Arc::new(move |seen, at| {
            let fires = (seen, at) == (call, phase) && armed.swap(false, Ordering::SeqCst);
            if fires { fault } else { Fault::None }
        })));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_filed_with_its_file_and_a_receipt() {
    let house = house().await;
    let case = house.decided(1).await;
    house.deliver().await;
    let Kept::Filed(receipt) = house.state(case) else {
        panic!("not filed")
    };
    let reports = house.stand_in.reports();
    assert_eq!(reports.len(), 1);
    assert_eq!(reports[0].report_id, receipt.report_id);
    let record = house
        .f
        .workflow
        .case_file(case)
        .expect("readable")
        .expect("there")
        .record;
    assert_eq!(
        reports[0].files[0].md5,
        record.evidence.digests[0].to_string()
    );
    assert_eq!(receipt.file_ids, [reports[0].files[0].file_id.clone()]);
    house.f.workflow.store().verify_audit().expect("unbroken");
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_to_see_a_picture_that_is_never_drawn_sets_no_viewed_flag() {
    let house = house().await;
    for (number, modes) in [
        (1, vec![]),
        (2, vec![RevealMode::Blurred, RevealMode::Full]),
    ] {
        let case = house.f.case(number).await;
        let user = house.f.user(&format!("user-{number}"));
        for mode in modes {
            house
                .f
                .workflow
                .record_reveal(case, user, mode)
                .expect("recorded");
        }
        house
            .f
            .workflow
            .decide(case, user, confirmed(true))
            .expect("decided");
        house.deliver().await;
        let reports = house.stand_in.reports();
        let details = reports
            .last()
            .and_then(|report| report.files[0].details.clone());
        let expected = "<fileViewedByEsp>false</fileViewedByEsp>";
        let details = details.expect("described");
        assert!(details.contains(expected), "case {number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_fails_once_one_report_is_filed_and_no_other_is_left_open() {
    let calls = [Call::Submit, Call::Upload, Call::FileInfo, Call::Finish];
    let faults = [Fault::DropConnection, Fault::Status500, Fault::TruncatedXml];
    for call in calls {
        for phase in [Phase::BeforeAct, Phase::AfterAct] {
            for fault in faults {
                let house = house().await;
                house.fail_once(call, phase, fault);
                let case = house.decided(1).await;
                house.deliver().await;
                let what = format!("{call:?} {phase:?} {fault:?}");
                assert!(matches!(house.state(case), Kept::Filed(_)), "{what}");
                assert_eq!(house.finished(), 1, "{what}");
                let open = house.stand_in.reports();
                let open = open
                    .iter()
                    .filter(|report| report.state == ReportState::Open)
                    .count();
                // The reply to a submit that was acted on is lost: nobody knows the number, and
                // the receiver deletes the unfinished report by itself.
                let orphan = call == Call::Submit && phase == Phase::AfterAct;
                assert_eq!(open, usize::from(orphan), "{what}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn revoked_credentials_stop_a_report_until_a_person_lets_it_go_on() {
    let house = house().await;
    let always: seawall_sim::cybertipline::Hook = Arc::new(|call, phase| {
        let refuses = call == Call::Submit && phase == Phase::BeforeAct;
        if refuses {
            Fault::Status401
        } else {
            Fault::None
        }
    });
    house.stand_in.set_hook(Some(always));
    let case = house.decided(1).await;
    house.deliver().await;
    assert!(
        matches!(house.state(case), Kept::Stuck(_)),
        "{:?}",
        house.state(case)
    );
    let report = house
        .f
        .workflow
        .store()
        .read(|reader| reader.report_of(case));
    let report = report.expect("readable").expect("a report").id;
    house.stand_in.set_hook(None);
    house.deliver().await;
    assert_eq!(
        house.finished(),
        0,
        "a stuck report does not go on by itself"
    );
    house
        .f
        .workflow
        .resume_report(report, Actor::Operator)
        .expect("resumed");
    house.deliver().await;
    assert!(matches!(house.state(case), Kept::Filed(_)));
    assert!(
        house
            .f
            .workflow
            .resume_report(report, Actor::Operator)
            .is_err(),
        "it is filed"
    );
}
