//! Messages to the platform.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use seawall_core::EventKind;
use seawall_workflow::Webhook;

use crate::fixture::{Fixture, build, confirmed};

type Seen = Arc<Mutex<Vec<(String, String, String)>>>;

/// A platform that answers with each status in turn, then with 204.
async fn platform(statuses: Vec<u16>) -> (Fixture, Seen) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let url = format!("http://{}/hook", listener.local_addr().expect("bound"));
    let seen = Seen::default();
    let answers = Arc::new(Mutex::new(statuses));
    let receive = |State((seen, answers)): State<(Seen, Arc<Mutex<Vec<u16>>>)>,
                   headers: HeaderMap,
                   body: String| async move {
        let header = |name: &str| headers[name].to_str().expect("text").to_owned();
        let message = (header("seawall-message"), header("seawall-signature"), body);
        seen.lock().expect("no panic").push(message);
        let mut answers = answers.lock().expect("no panic");
        let status = if answers.is_empty() {
            204
        } else {
            answers.remove(0)
        };
        StatusCode::from_u16(status).expect("a status")
    };
    let router = axum::Router::new()
        .route("/hook", post(receive))
        .with_state((Arc::clone(&seen), answers));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let webhook = Webhook {
        url: url.parse().expect("an address"),
        secret: "secret".into(),
    };
    (build(None, Some(webhook)), seen)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_and_its_decision_are_told_once_each() {
    let (f, seen) = platform(vec![]).await;
    let case = f.case(1).await;
    let alex = f.user("alex");
    f.workflow
        .decide(case, alex, confirmed(false))
        .expect("decided");
    assert_eq!(f.workflow.deliver_messages().await.expect("sent"), 2);
    assert_eq!(f.workflow.deliver_messages().await.expect("sent"), 0);
    let seen = seen.lock().expect("no panic");
    let kinds: Vec<serde_json::Value> = seen
        .iter()
        .map(|(_, _, body)| serde_json::from_str(body).expect("JSON"))
        .collect();
    assert_eq!(kinds[0]["kind"], "case.opened");
    assert_eq!(kinds[0]["case_id"], case.to_string());
    assert_eq!(kinds[1]["verdict"], "confirmed");
    assert!(seen[0].1.starts_with(&format!(
        "t={},v1=",
        crate::fixture::start().as_millis() / 1_000
    )));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_repeated_until_it_is_accepted_and_keeps_its_id() {
    let (f, seen) = platform(vec![500, 302]).await;
    f.case(1).await;
    assert_eq!(f.workflow.deliver_messages().await.expect("sent"), 0);
    assert_eq!(
        f.workflow.deliver_messages().await.expect("sent"),
        0,
        "not before its pause"
    );
    f.clock.advance_ms(1_000);
    assert_eq!(
        f.workflow.deliver_messages().await.expect("sent"),
        0,
        "a redirect is no yes"
    );
    f.clock.advance_ms(2_000);
    assert_eq!(f.workflow.deliver_messages().await.expect("sent"), 1);
    let seen = seen.lock().expect("no panic");
    assert_eq!(seen.len(), 3);
    assert!(
        seen.iter()
            .all(|(id, _, body)| (id, body) == (&seen[0].0, &seen[0].2))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_nobody_takes_is_given_up_and_that_is_recorded() {
    let (f, _seen) = platform(vec![500; 50]).await;
    f.case(1).await;
    for _ in 0..25 {
        f.workflow.deliver_messages().await.expect("sent");
        f.clock.advance_ms(3_600_000);
    }
    let events = f
        .workflow
        .store()
        .read(|reader| reader.newest_events(100))
        .expect("readable");
    let count = |kind| events.iter().filter(|event| event.kind == kind).count();
    assert_eq!(count(EventKind::MessageAttempted), 19);
    assert_eq!(count(EventKind::MessageFailed), 1);
    assert_eq!(
        f.workflow
            .store()
            .read(|reader| reader.waiting_messages())
            .expect("readable"),
        0
    );
}
