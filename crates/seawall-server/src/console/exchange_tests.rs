//! The pages of exchanges, over a list that a stand-in gives.

use std::sync::Arc;

use http::StatusCode;
use seawall_core::{Actor, Clock, ContentId, EventKind, PdqHash};
use seawall_sim::drill::{Drill, Partner as StandIn};
use seawall_sim::fault::Fault;
use seawall_store::{ListName, Role};
use seawall_workflow::{ExchangeSetup, ExchangeStatus};

use super::fixture::{CaseSeed, Fixture, exchange, near};

const PAGE: &str = "/exchanges/partner";
const HOUR_MS: i64 = 60 * 60 * 1000;
/// A value that is held back.
const BLANK: PdqHash = PdqHash([0; 4]);

fn name() -> ListName {
    "partner".parse().expect("a name")
}

/// A stand-in with so many entries, served, and how it is set up.
async fn partner(f: &Fixture, entries: u64) -> (Arc<Drill>, Vec<ExchangeSetup>) {
    let clock = Arc::clone(&f.clock) as Arc<dyn Clock>;
    let drill = Arc::new(Drill::new(StandIn::StopNcii, 5, clock));
    drill.add(entries);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a port");
    let base = drill.base(listener.local_addr().expect("bound"));
    let router = drill.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (drill, vec![exchange(&base)])
}

/// A house whose exchange was read once.
async fn house(entries: u64) -> (Fixture, Arc<Drill>) {
    let f = Fixture::new();
    let (drill, setups) = partner(&f, entries).await;
    f.app.workflow.set_exchanges(setups).expect("set up");
    run(&f).await;
    (f, drill)
}

async fn run(f: &Fixture) {
    let run = f.app.workflow.run_exchange(&name()).await;
    run.expect("it may run");
}

fn status(f: &Fixture) -> ExchangeStatus {
    let statuses = f.app.workflow.exchange_statuses();
    statuses.expect("readable").remove(0)
}

/// Who did the newest thing of this kind.
fn last_actor(f: &Fixture, kind: EventKind) -> Actor {
    let events = f
        .app
        .workflow
        .store()
        .read(|reader| reader.newest_events(100));
    let mut events = events.expect("readable").into_iter();
    let found = events.find(|event| event.kind == kind);
    found.expect("an event").actor
}

#[tokio::test]
async fn each_page_says_how_the_exchange_goes() {
    let f = Fixture::new();
    let olu = f.visit("olu", Role::Auditor).await;
    assert!(
        olu.get("/exchanges")
            .await
            .has("There are no exchanges yet")
    );
    let (_drill, setups) = partner(&f, 3).await;
    f.app.workflow.set_exchanges(setups).expect("set up");
    let fresh = olu.get(PAGE).await;
    assert!(fresh.has("Never read to its end") && fresh.has("Within seconds"));
    run(&f).await;
    f.clock.advance_ms(7 * 60_000);
    let list = olu.get("/exchanges").await;
    for told in [
        PAGE,
        "PARTNERS",
        "Read to its end 7 min ago",
        "stale after 1 day 0 h",
    ] {
        assert!(list.has(told), "{told}: {}", list.text);
    }
    let page = olu.get(PAGE).await;
    for told in [
        "PDQ, a picture hash",
        "<td>3</td>",
        "stop_ncii",
        "1 h 0 min",
        "In ",
    ] {
        assert!(page.has(told), "{told}: {}", page.text);
    }
    assert!(
        !page.has("action=\"/exchanges"),
        "an auditor acts on nothing"
    );
    assert!(!page.has("Stale") && !page.has("\u{27e6}"));
}

#[tokio::test]
async fn a_list_that_was_not_read_for_too_long_is_called_stale_also_where_it_is_paused() {
    let (f, _drill) = house(3).await;
    let limit_ms = status(&f).stale_after_ms().expect("it is configured");
    assert_eq!(limit_ms, 24 * HOUR_MS, "three hours are less than a day");
    f.clock.advance_ms(limit_ms);
    // A session does not last as long.
    let ada = f.visit("ada", Role::Admin).await;
    assert!(!status(&f).is_stale(f.clock.now()) && !ada.get(PAGE).await.has("Stale"));
    f.clock.advance_ms(1);
    ada.post(&format!("{PAGE}/pause"), "").await;
    for path in ["/exchanges", PAGE] {
        assert!(ada.get(path).await.has("Stale"), "{path}");
    }
    assert!(ada.get("/exchanges").await.has("One list is stale"));
    let page = ada.get(PAGE).await;
    assert!(page.has("1 day 0 h ago, and 1 day 0 h is the limit"));
    ada.post(&format!("{PAGE}/resume"), "").await;
    run(&f).await;
    assert!(!ada.get(PAGE).await.has("Stale"));
}

#[tokio::test]
async fn an_admin_acts_and_each_act_is_an_event_of_theirs() {
    let (f, _drill) = house(3).await;
    let ada = f.visit("ada", Role::Admin).await;
    let grace = f.visit("grace", Role::Reviewer).await;
    f.clock.advance_ms(60_000);
    let due = || status(&f).exchange.next_at <= f.clock.now();
    assert!(!due());
    assert_eq!(
        grace.post(&format!("{PAGE}/run"), "").await.status,
        StatusCode::FORBIDDEN
    );
    assert!(!due());
    let asked = ada.post(&format!("{PAGE}/run"), "").await;
    assert_eq!(
        (asked.status, asked.header("location")),
        (StatusCode::SEE_OTHER, PAGE)
    );
    assert!(due() && ada.get(PAGE).await.has("data-reload-ms"));
    assert!(matches!(
        last_actor(&f, EventKind::ExchangeChanged),
        Actor::User(_)
    ));
    ada.post(&format!("{PAGE}/reconcile"), "").await;
    assert!(status(&f).exchange.reconcile);
    ada.post(&format!("{PAGE}/pause"), "").await;
    assert!(status(&f).exchange.paused);
    let page = ada.get(PAGE).await;
    assert!(page.has("/resume\"") && !page.has("/run\"") && page.has("When it is resumed"));
    // A page from before the pause offers what is not so any more.
    for gone in ["run", "reconcile"] {
        let answer = ada.post(&format!("{PAGE}/{gone}"), "").await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{gone}");
    }
    ada.post(&format!("{PAGE}/resume"), "").await;
    assert!(!status(&f).exchange.paused);
    let nowhere = ada.post("/exchanges/other/run", "").await;
    assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_held_back_is_listed_without_its_value_and_released() {
    let (f, drill) = house(2).await;
    drill.put(BLANK);
    f.clock.advance_ms(60_000);
    run(&f).await;
    let ada = f.visit("ada", Role::Admin).await;
    let grace = f.visit("grace", Role::Reviewer).await;
    assert_eq!(status(&f).held(), 1);
    assert!(grace.get(PAGE).await.has("1 held back"));
    let held = format!("{PAGE}/held");
    assert_eq!(grace.get(&held).await.status, StatusCode::FORBIDDEN);
    let page = ada.get(&held).await;
    assert!(page.has("all zeros, which would match blank pictures") && page.has("The partner"));
    assert!(!page.has("0000000000000000"), "no value is shown");
    let release = page
        .text
        .split("action=\"")
        .find(|part| part.contains("/release\""));
    let release = release
        .and_then(|part| part.split('"').next())
        .expect("a form");
    let done = ada.post(release, "").await;
    assert_eq!(done.header("location"), held);
    assert_eq!(status(&f).held(), 0);
    assert!(matches!(
        last_actor(&f, EventKind::EntryReleased),
        Actor::User(_)
    ));
    assert_eq!(ada.post(release, "").await.status, StatusCode::CONFLICT);
    assert!(ada.get(&held).await.has("Nothing is held back"));
}

#[tokio::test]
async fn missing_contents_are_let_go_as_they_were_shown() {
    let (f, _drill) = house(40).await;
    let (_smaller, setups) = partner(&f, 25).await;
    f.app.workflow.set_exchanges(setups).expect("set up");
    let ada = f.visit("ada", Role::Admin).await;
    f.clock.advance_ms(HOUR_MS);
    ada.post(&format!("{PAGE}/reconcile"), "").await;
    run(&f).await;
    assert_eq!(
        (status(&f).exchange.missing, status(&f).contents),
        (Some(15), 40)
    );
    let page = ada.get(PAGE).await;
    assert!(page.has("no longer has 15 of its 40 contents") && page.has("Let 15 contents go"));
    let path = format!("{PAGE}/allow-missing");
    for (form, refused) in [
        ("missing=15", StatusCode::BAD_REQUEST),
        ("missing=14&sure=yes", StatusCode::CONFLICT),
    ] {
        assert_eq!(ada.post(&path, form).await.status, refused, "{form}");
        assert_eq!(status(&f).exchange.missing_allowed, 0);
    }
    ada.post(&path, "missing=15&sure=yes").await;
    assert!(ada.get(PAGE).await.has("An admin let them go"));
    run(&f).await;
    assert_eq!(
        (status(&f).exchange.missing, status(&f).contents),
        (None, 25)
    );
    let again = ada.post(&path, "missing=15&sure=yes").await;
    assert_eq!(again.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn an_exchange_is_removed_as_it_was_shown_and_only_where_it_would_not_come_back() {
    let (f, _drill) = house(3).await;
    let ada = f.visit("ada", Role::Admin).await;
    let path = format!("{PAGE}/remove");
    let page = ada.get(PAGE).await;
    assert!(page.has("withdraws its 3 contents from PARTNERS") && !page.has(&path));
    let form = "contents=3&sure=yes";
    assert_eq!(ada.post(&path, form).await.status, StatusCode::CONFLICT);
    f.app.workflow.set_exchanges(Vec::new()).expect("set up");
    let page = ada.get(PAGE).await;
    assert!(page.has("Not in the configuration") && page.has(&path));
    assert!(!page.has("/run\""));
    for (form, refused) in [
        ("contents=3", StatusCode::BAD_REQUEST),
        ("contents=4&sure=yes", StatusCode::CONFLICT),
    ] {
        assert_eq!(ada.post(&path, form).await.status, refused, "{form}");
    }
    let done = ada.post(&path, form).await;
    assert_eq!(done.header("location"), "/exchanges");
    assert!(matches!(
        last_actor(&f, EventKind::ExchangeRemoved),
        Actor::User(_)
    ));
    assert_eq!(ada.get(PAGE).await.status, StatusCode::NOT_FOUND);
    assert!(
        ada.get("/exchanges")
            .await
            .has("There are no exchanges yet")
    );
}

#[tokio::test]
async fn what_rests_in_a_drill_is_in_the_configuration_and_is_not_removed() {
    let f = Fixture::new();
    let setup = ExchangeSetup {
        name: "resting".parse().expect("a name"),
        ..exchange("http://127.0.0.1:9/")
    };
    let workflow = &f.app.workflow;
    workflow.set_exchanges(vec![setup]).expect("set up");
    workflow.set_exchanges(Vec::new()).expect("set up");
    let ada = f.visit("ada", Role::Admin).await;
    let page = ada.get("/exchanges/resting").await;
    assert!(page.has("Not read in a drill") && !page.has("Not in the configuration"));
    assert!(!page.has("/remove\""));
    let answer = ada
        .post("/exchanges/resting/remove", "contents=0&sure=yes")
        .await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert_eq!(status(&f).contents, 0);
}

#[tokio::test]
async fn an_answer_that_could_not_be_read_is_shown_painted_over_to_admins() {
    let (f, drill) = house(3).await;
    let (ada, grace) = (
        f.visit("ada", Role::Admin).await,
        f.visit("grace", Role::Reviewer).await,
    );
    let raw = format!("{PAGE}/page");
    assert_eq!(ada.get(&raw).await.status, StatusCode::NOT_FOUND);
    f.clock.advance_ms(HOUR_MS);
    drill.set_hook(Some(Arc::new(|_| Fault::CutBody)));
    run(&f).await;
    let page = ada.get(PAGE).await;
    assert!(
        page.has("The last run failed: ") && page.has("could not be read"),
        "{}",
        page.text
    );
    assert!(page.has(&raw) && !grace.get(PAGE).await.has(&raw));
    assert_eq!(grace.get(&raw).await.status, StatusCode::FORBIDDEN);
    let shown = ada.get(&raw).await;
    assert!(
        shown.has("hashRecords") && shown.has("\u{2592}\u{2592}\u{2592}"),
        "{}",
        shown.text
    );
}

#[tokio::test]
async fn a_match_says_who_lists_it_and_how_many_do() {
    let f = Fixture::new();
    let ada = f.visit("ada", Role::Reviewer).await;
    let stated = |content, bank: &str, origin: Option<&str>| seawall_store::MatchRow {
        content: ContentId(content),
        origin: origin.map(str::to_owned),
        class: Some("A1 <b>".into()),
        note: Some("series\u{202e}4".into()),
        ..near(bank, 6)
    };
    let case = f.case(CaseSeed {
        matches: vec![
            stated(1, "ONE", Some("Hotline 7")),
            stated(2, "OTHER", Some("Hotline 7")),
            stated(3, "THIRD", Some("Hotline 8")),
        ],
        ..CaseSeed::near("item-1")
    });
    let page = ada.get(&format!("/cases/{case}")).await;
    assert!(page.has("2 independent owners list it"), "{}", page.text);
    assert!(page.has("<bdi>Hotline 8</bdi>") && page.has("A1 &#60;b&#62;"));
    assert!(page.has("series\u{27e8}U+202E\u{27e9}4") && !page.has("\u{202e}"));
    let unnamed = f.case(CaseSeed {
        matches: vec![stated(1, "ONE", None), stated(2, "ONE", None)],
        ..CaseSeed::near("item-2")
    });
    let page = ada.get(&format!("/cases/{unnamed}")).await;
    assert!(page.has("One owner lists it"));
}
