//! A person looks and decides.

use seawall_casework::case::{DecideError, Finding, Verdict};
use seawall_core::{CaseId, Timestamp};
use seawall_store::RevealMode;
use seawall_testkit::SeededRandom;
use seawall_workflow::{DecideFault, RevealError};

use crate::fixture::{confirmed, fixture};

#[tokio::test(flavor = "multi_thread")]
async fn the_second_decision_meets_the_first() {
    let f = fixture();
    let case = f.case(1).await;
    let (alex, kim) = (f.user("alex"), f.user("kim"));
    let first = f
        .workflow
        .decide(case, alex, confirmed(false))
        .expect("decided");
    let finding = Finding {
        verdict: Verdict::NotConfirmed,
        manifestation: None,
        ..confirmed(false)
    };
    let second = f
        .workflow
        .decide(case, kim, finding)
        .expect_err("decided before");
    match second {
        DecideFault::Rule(DecideError::AlreadyDecided(decision)) => assert_eq!(*decision, first),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_decide_at_once_one_stands() {
    let f = std::sync::Arc::new(fixture());
    let case = f.case(1).await;
    let users: Vec<_> = (0..6)
        .map(|number| f.user(&format!("user-{number}")))
        .collect();
    let decided: Vec<bool> = std::thread::scope(|scope| {
        let threads: Vec<_> = users
            .iter()
            .map(|user| scope.spawn(|| f.workflow.decide(case, *user, confirmed(false)).is_ok()))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic"))
            .collect()
    });
    assert_eq!(decided.iter().filter(|won| **won).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_receiver_a_report_is_refused_and_the_case_stays_open() {
    let f = fixture();
    let case = f.case(1).await;
    let alex = f.user("alex");
    let refused = f
        .workflow
        .decide(case, alex, confirmed(true))
        .expect_err("no receiver");
    assert!(matches!(refused, DecideFault::NoReceiver));
    assert_eq!(
        f.workflow
            .store()
            .read(|reader| reader.open_cases())
            .expect("readable"),
        1
    );
    f.workflow
        .decide(case, alex, confirmed(false))
        .expect("without a report");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_act_of_looking_is_recorded_before_anything_is_drawn() {
    let f = fixture();
    let case = f.case(1).await;
    let alex = f.user("alex");
    let ask = |mode| {
        f.workflow
            .record_reveal(case, alex, mode)
            .expect("recorded")
    };
    ask(RevealMode::Blurred);
    let full = ask(RevealMode::Full);
    let drawn = f.workflow.draw_reveal(case, full.id).await;
    assert!(
        matches!(drawn, Err(RevealError::NotDrawn(_))),
        "there is no picture in a text"
    );
    let file = f
        .workflow
        .case_file(case)
        .expect("readable")
        .expect("there");
    let modes: Vec<_> = file
        .record
        .reveals
        .iter()
        .map(|reveal| reveal.mode)
        .collect();
    assert_eq!(modes, [RevealMode::Blurred, RevealMode::Full]);
    assert!(!file.record.was_fully_viewed(), "nothing was shown");
    let kinds: Vec<_> = file.events.iter().map(|event| event.kind.name()).collect();
    assert_eq!(kinds, ["case.opened", "case.revealed", "case.revealed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_case_is_none() {
    let f = fixture();
    let nobody = CaseId::new(Timestamp::from_millis(1), &SeededRandom::new(1));
    let alex = f.user("alex");
    assert!(f.workflow.case_file(nobody).expect("readable").is_none());
    assert!(matches!(
        f.workflow.record_reveal(nobody, alex, RevealMode::Blurred),
        Err(RevealError::NoCase)
    ));
    assert!(matches!(
        f.workflow.decide(nobody, alex, confirmed(false)),
        Err(DecideFault::NoCase)
    ));
}
