//! Faults that are the same for every stand-in.

use std::sync::Arc;
use std::sync::mpsc;

use seawall_sim::fault::{Asked, Call, Fault};
use seawall_sim::hash_sharing::{Fingerprint, Kind, Opinion};

use crate::hash_sharing::{EVER, entry, ids, stand_in};

const FEEDBACK: &str = "<feedbackSubmission \
    xmlns=\"https://hashsharing.ncmec.org/hashsharing/v2\"><affirmative/></feedbackSubmission>";
const PATH: &str = "/hashsharing/v2/entries/42/image1/MD5/feedback";

#[tokio::test]
async fn a_refused_request_does_nothing_and_says_when_to_come_back() {
    let (sharing, _, caller) = stand_in();
    sharing.put(entry("image1", Kind::Image, &[(Fingerprint::Md5, "a1")]));
    let ask = async |fault| {
        sharing.set_hook(Some(Arc::new(move |_| fault)));
        caller.send("PUT", PATH, "application/xml", FEEDBACK).await
    };
    let answer = ask(Fault::TooManyRequests { after_s: 7 }).await;
    assert_eq!(answer.header("retry-after"), Some("7"));
    answer.expect(429);
    sharing.set_skew_ms(60_000);
    let answer = ask(Fault::TooManyRequestsUntil { after_s: 90 }).await;
    let date = "Tue, 24 Oct 2017 15:12:30 GMT";
    assert_eq!(answer.header("retry-after"), Some(date));
    answer.expect(429);
    assert!(ask(Fault::HtmlPage).await.expect(200).contains("<html>"));
    ask(Fault::Unavailable).await.expect(503);
    ask(Fault::ExpiredToken).await.expect(401);
    let dropped = ask(Fault::DropBefore).await;
    assert!(dropped.body.is_none());
    assert_eq!(sharing.feedback(), []);
    assert_eq!(sharing.requests(), 6);
}

#[tokio::test]
async fn an_answer_that_is_lost_or_cut_does_not_undo_what_was_done() {
    let (sharing, _, caller) = stand_in();
    sharing.put(entry("image1", Kind::Image, &[(Fingerprint::Md5, "a1")]));
    sharing.set_hook(Some(Arc::new(|_| Fault::DropAfter)));
    let answer = caller.send("PUT", PATH, "application/xml", FEEDBACK).await;
    assert!(answer.body.is_none());
    assert_eq!(sharing.feedback().len(), 1);
    assert_eq!(sharing.feedback()[0].opinion, Opinion::Affirmative);
    sharing.set_hook(None);
    let whole = caller.get(EVER).await.expect(200);
    sharing.set_hook(Some(Arc::new(|_| Fault::CutBody)));
    let cut = caller.get(EVER).await.expect(200);
    assert_eq!(cut, whole[..whole.len() / 2]);
}

#[tokio::test]
async fn a_slow_answer_waits_for_its_gate_and_then_is_whole() {
    let (sharing, _, caller) = stand_in();
    sharing.put(entry("image1", Kind::Image, &[(Fingerprint::Md5, "a1")]));
    let whole = caller.get(EVER).await.expect(200);
    sharing.set_hook(Some(Arc::new(|_| Fault::SlowBody)));
    let open = caller.get(EVER).await.expect(200);
    assert_eq!(open, whole, "an open gate lets everything through");
    sharing.gate().hold();
    let waiting = tokio::spawn(async move { caller.get(EVER).await });
    sharing.gate().let_through(10);
    while sharing.requests() < 3 {
        tokio::task::yield_now().await;
    }
    assert!(!waiting.is_finished());
    sharing.gate().open();
    assert_eq!(waiting.await.expect("no panic").expect(200), whole);
}

#[tokio::test]
async fn the_clock_of_the_service_may_be_off_or_stand_still() {
    let (sharing, clock, caller) = stand_in();
    let skew = Fault::ClockSkew { ms: -120_000 };
    sharing.set_hook(Some(Arc::new(move |_| skew)));
    let answer = caller.get("/hashsharing/v2/status").await;
    assert_eq!(answer.header("date"), Some("Tue, 24 Oct 2017 15:08:00 GMT"));
    sharing.put(entry("late", Kind::Image, &[]));
    let page = caller.get(EVER).await.expect(200);
    assert!(
        page.contains("<timestamp>2017-10-24T15:08:00Z</timestamp>"),
        "{page}"
    );

    sharing.set_hook(Some(Arc::new(|_| Fault::SameSecond)));
    caller.get(EVER).await.expect(200);
    clock.advance_ms(600_000);
    sharing.put(entry("same", Kind::Image, &[]));
    sharing.set_hook(None);
    let page = caller.get(EVER).await.expect(200);
    assert_eq!(ids(&page).len(), 2);
    assert_eq!(
        page.matches("<timestamp>2017-10-24T15:08:00Z<").count(),
        2,
        "{page}"
    );
}

#[tokio::test]
async fn a_hook_sees_each_request_once_and_may_wait() {
    let (sharing, _, caller) = stand_in();
    let (seen, sight) = mpsc::channel();
    let (release, released) = mpsc::channel();
    let released = std::sync::Mutex::new(released);
    sharing.set_hook(Some(Arc::new(move |asked: &Asked| {
        seen.send(*asked).expect("somebody looks");
        released.lock().expect("whole").recv().expect("released");
        Fault::None
    })));
    let waiting = tokio::spawn(async move {
        caller.get("/hashsharing/v2/status").await.expect(200);
        caller.get(EVER).await.expect(200)
    });
    for (number, call) in [(0, Call::Status), (1, Call::List)] {
        while !waiting.is_finished() {
            if let Ok(asked) = sight.try_recv() {
                assert_eq!(asked, Asked { number, call });
                break;
            }
            tokio::task::yield_now().await;
        }
        release.send(()).expect("somebody waits");
    }
    waiting.await.expect("no panic");
}
