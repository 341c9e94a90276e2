//! The console as a browser meets it, over a real data folder.

use axum::body::Body;
use http::{Method, Request, StatusCode};
use seawall_casework::case::{Finding, Verdict};
use seawall_casework::context::UploadContext;
use seawall_casework::report::{Receipt, StuckReason};
use seawall_core::{
    Actor, BankId, CaseId, ContentId, EventKind, Manifestation, Redacted, ReportId,
};
use seawall_store::{Change, ExceptionRow, MatchRow, ReportRow, Role, StoreError};

use super::fixture::{Answer, CaseSeed, Fixture, exact, near};
use super::routes::{ROUTES, RouteRule, Who};

/// A path that fits the rule's pattern; what it names does not exist.
fn example(rule: &RouteRule) -> String {
    let id = "01999999-0000-7000-8000-000000000000";
    rule.path
        .replace("{case}", id)
        .replace("{reveal}", id)
        .replace("{report}", id)
        .replace("{exchange}", "nobodys-list")
        .replace("{content}", "7")
        .replace("{secret}", "nobodys-secret")
        .replace("{name}", "nothing.css")
}

fn is_turned_away(answer: &Answer) -> bool {
    answer.status == StatusCode::FORBIDDEN
        || (answer.status == StatusCode::SEE_OTHER && answer.header("location") == "/sign-in")
}

#[tokio::test]
async fn nobody_comes_in_without_a_session() {
    let f = Fixture::new();
    for rule in ROUTES {
        let form = (rule.method == Method::POST).then_some("csrf=x");
        let answer = f
            .stranger()
            .send(rule.method.clone(), &example(rule), form)
            .await;
        let expected = match rule.who {
            Who::Anyone | Who::LinkHolder => continue,
            Who::SignedIn | Who::Reviewer | Who::Admin => true,
        };
        assert_eq!(
            is_turned_away(&answer),
            expected,
            "{rule:?}: {}",
            answer.status
        );
    }
    let answer = f.stranger().get("/first/nobodys-secret").await;
    assert_eq!(answer.status, StatusCode::GONE);
}

#[tokio::test]
async fn each_role_reaches_what_the_table_says() {
    let f = Fixture::new();
    for role in Role::ALL {
        let visit = f.visit(role.name(), role).await;
        for rule in ROUTES.iter().filter(|rule| rule.path != "/sign-out") {
            let answer = match rule.method {
                Method::POST => visit.post(&example(rule), "").await,
                _ => visit.get(&example(rule)).await,
            };
            let allowed = match rule.who {
                Who::Anyone | Who::LinkHolder | Who::SignedIn => true,
                Who::Reviewer => role.reviews(),
                Who::Admin => role == Role::Admin,
            };
            assert_eq!(
                is_turned_away(&answer),
                !allowed,
                "{role:?} {rule:?}: {}",
                answer.status
            );
        }
    }
}

#[tokio::test]
async fn a_form_without_the_sessions_token_does_nothing() {
    let f = Fixture::new();
    let case = f.case(CaseSeed::near("item-1"));
    let (ada, eve) = (
        f.visit("ada", Role::Admin).await,
        f.visit("eve", Role::Reviewer).await,
    );
    for rule in ROUTES.iter().filter(|rule| rule.method == Method::POST) {
        match rule.who {
            Who::Anyone | Who::LinkHolder => continue,
            Who::SignedIn | Who::Reviewer | Who::Admin => {}
        }
        let path = rule
            .path
            .replace("{case}", &case.to_string())
            .replace("{report}", &case.to_string())
            .replace("{exchange}", "nobodys-list")
            .replace("{content}", "7");
        for form in [
            String::new(),
            format!("csrf={}", eve.csrf),
            "mode=full".to_owned(),
        ] {
            let answer = ada.send(Method::POST, &path, Some(&form)).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{rule:?}");
        }
    }
    let file = f
        .app
        .workflow
        .case_file(case)
        .expect("readable")
        .expect("a case");
    assert!(file.record.reveals.is_empty());
    assert_eq!(
        ada.get("/queue").await.status,
        StatusCode::OK,
        "nobody was signed out"
    );
}

#[tokio::test]
async fn a_form_from_another_site_is_refused() {
    let f = Fixture::new();
    let request = Request::post("/sign-in")
        .header("host", "127.0.0.1:8480")
        .header("origin", "http://elsewhere.example")
        .body(Body::from("name=a&password=b"));
    let answer = f.stranger().call(request.expect("a request")).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn every_answer_is_protected() {
    let f = Fixture::new();
    let ada = f.visit("ada", Role::Admin).await;
    for path in [
        "/",
        "/queue",
        "/exchanges",
        "/figures",
        "/audit",
        "/sign-in",
        "/nowhere",
        "/static/nothing",
    ] {
        for visit in [&ada, &f.stranger()] {
            let answer = visit.get(path).await;
            assert!(
                answer
                    .header("content-security-policy")
                    .starts_with("default-src 'none'"),
                "{path}"
            );
            assert_eq!(answer.header("cache-control"), "no-store", "{path}");
            assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
            assert!(
                !answer.has("<script>") && !answer.has("style=") && !answer.has("onclick"),
                "{path}"
            );
        }
    }
    let style = f.stranger().get(&super::assets::style()).await;
    assert_eq!(style.status, StatusCode::OK);
    assert!(style.header("cache-control").contains("immutable"));
    assert_eq!(
        ada.send(Method::DELETE, "/queue", None).await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
}

#[tokio::test]
async fn no_page_asks_for_a_text_that_does_not_exist() {
    let f = Fixture::new();
    let case = f.case(CaseSeed::near("item-1"));
    let ada = f.visit("ada", Role::Admin).await;
    let case = format!("/cases/{case}");
    for path in [
        "/queue",
        "/queue?state=all",
        "/queue?state=decided",
        "/exchanges",
        "/figures",
        "/audit",
        &case,
        "/nowhere",
    ] {
        let answer = ada.get(path).await;
        assert!(!answer.has("\u{27e6}"), "{path}");
        assert!(
            answer.has("Drill: reports go to a stand-in on this machine"),
            "{path}"
        );
        assert!(!answer.has("\u{2068}"), "{path}");
    }
}

#[tokio::test]
async fn a_link_works_once_and_a_password_after_it() {
    let f = Fixture::new();
    let link = f.link("ada", Role::Auditor);
    let visit = f.stranger();
    assert!(visit.get(&link).await.has("value=\"ada\""));
    let short = visit
        .send(
            Method::POST,
            &link,
            Some("password=short&password_again=short"),
        )
        .await;
    assert_eq!(short.status, StatusCode::UNPROCESSABLE_ENTITY);
    let differing = "password=correct+horse+battery&password_again=correct+horse+batterx";
    let answer = visit.send(Method::POST, &link, Some(differing)).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let same = "password=correct+horse+battery&password_again=correct+horse+battery";
    let entered = visit.send(Method::POST, &link, Some(same)).await;
    assert_eq!(
        (entered.status, entered.header("location")),
        (StatusCode::SEE_OTHER, "/figures")
    );
    let cookie = entered.header("set-cookie");
    assert!(
        cookie.starts_with("seawall_session=")
            && cookie.ends_with("; HttpOnly; SameSite=Strict; Path=/")
    );
    assert_eq!(visit.get(&link).await.status, StatusCode::GONE);

    let wrong = visit
        .send(Method::POST, "/sign-in", Some("name=ada&password=wrong"))
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.has("Name or password is wrong") && wrong.has("value=\"ada\""));
    let right = visit
        .send(
            Method::POST,
            "/sign-in",
            Some("name=ada&password=correct+horse+battery"),
        )
        .await;
    assert_eq!(
        (right.status, right.header("location")),
        (StatusCode::SEE_OTHER, "/figures")
    );
}

#[tokio::test]
async fn signing_out_ends_the_session() {
    let f = Fixture::new();
    let ada = f.visit("ada", Role::Reviewer).await;
    let out = ada.post("/sign-out", "").await;
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert!(is_turned_away(&ada.get("/queue").await));
}

#[tokio::test]
async fn the_queue_is_kind_when_empty_and_puts_rehearsals_last() {
    let f = Fixture::new();
    let ada = f.visit("ada", Role::Reviewer).await;
    assert!(ada.get("/queue").await.has("Nothing is waiting"));
    f.case(CaseSeed::near("rehearsal").test());
    f.clock.advance_ms(1_000);
    f.case(CaseSeed {
        matches: vec![exact("PARTNER"), near("SECOND", 0)],
        ..CaseSeed::near("older")
    });
    f.clock.advance_ms(1_000);
    f.case(CaseSeed::near("newer"));
    f.clock.advance_ms(3 * 3_600_000);
    let page = ada.get("/queue").await;
    let place = |text: &str| {
        page.text
            .find(text)
            .unwrap_or_else(|| panic!("{text} is shown"))
    };
    assert!(place("older") < place("newer") && place("newer") < place("rehearsal"));
    assert!(page.has("exact file") && page.has("6 of 256 bits") && page.has("3 h 0 min"));
    assert!(page.has("3 cases wait for a decision"));
}

#[tokio::test]
async fn pages_of_the_queue_lose_nothing() {
    let f = Fixture::new();
    let ada = f.visit("ada", Role::Reviewer).await;
    let items: Vec<String> = (0..130)
        .map(|number| format!("item-{number:03}."))
        .collect();
    for (number, item) in items.iter().enumerate() {
        let seed = CaseSeed::near(item.clone().leak());
        f.case(if number % 3 == 0 { seed.test() } else { seed });
        f.clock.advance_ms(1);
    }
    let (mut path, mut found, mut pages) = ("/queue".to_owned(), Vec::new(), 0);
    loop {
        let page = ada.get(&path).await;
        found.extend(
            items
                .iter()
                .enumerate()
                .filter(|(_, item)| page.has(item))
                .map(|(number, _)| number),
        );
        pages += 1;
        let Some(rest) = page
            .text
            .split("rel=\"next\"")
            .next()
            .filter(|_| page.has("rel=\"next\""))
        else {
            break;
        };
        path = rest
            .rsplit("href=\"")
            .next()
            .and_then(|href| href.split('"').next())
            .expect("a link")
            .replace("&#38;", "&")
            .replace("&amp;", "&");
    }
    assert_eq!((pages, found.len()), (3, 130));
    found.sort_unstable();
    found.dedup();
    assert_eq!(found.len(), 130);
}

#[tokio::test]
async fn a_suppressed_match_stands_beside_the_others_with_who_vouches_and_why() {
    let f = Fixture::new();
    let ada = f.visit("ada", Role::Reviewer).await;
    let suppressed = MatchRow {
        list: Some("week-48".into()),
        exception: Some(ExceptionRow {
            bank: BankId(9),
            bank_name: "BENIGN".into(),
            content: ContentId(12),
            owner: "Trust \u{202e}and <b>safety</b>".into(),
            reason: "a <script>logo</script>".into(),
        }),
        ..near("LOOKALIKE", 2)
    };
    let case = f.case(CaseSeed {
        matches: vec![near("PARTNER", 6), suppressed],
        ..CaseSeed::near("item-8")
    });
    let page = ada.get(&format!("/cases/{case}")).await;
    let beside = page.text.find("known to be benign").expect("a heading");
    let counting = page.text.find("PARTNER").expect("the match");
    let other = page.text.find("LOOKALIKE").expect("the suppressed one");
    assert!(counting < beside && beside < other);
    assert!(page.has("Exception 12 in BENIGN") && page.has("List week-48"));
    assert!(page.has("vouches for it") && page.has("a &#60;script&#62;logo"));
    assert!(!page.has("\u{202e}") && !page.has("<script>logo") && !page.has("<b>safety"));
    assert!(page.has("One bank holds a hash that differs in 6 of 256 bits"));
    let queue = ada.get("/queue").await;
    assert!(queue.has("PARTNER") && !queue.has("LOOKALIKE"));
}

#[tokio::test]
async fn a_case_leads_with_evidence_and_shows_no_picture() {
    let f = Fixture::new();
    let ada = f.visit("ada", Role::Reviewer).await;
    let case = f.case(CaseSeed {
        matches: vec![near("PARTNER", 6), exact("SECOND")],
        ..CaseSeed::near("item-7")
    });
    let page = ada.get(&format!("/cases/{case}")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.has("PARTNER")
            && page.has("6 of 256 bits")
            && page.has("The same file, by its digest")
    );
    let cells = |kind: &str| {
        page.text
            .matches(&format!("<rect class=\"{kind}\""))
            .count()
    };
    assert_eq!((cells("passed"), cells("here"), cells("rest")), (6, 1, 25));
    assert!(page.has("A match is not proof") && page.has("Not told by the platform: Uploader"));
    assert!(!page.has("/reveals/") && page.has("Nobody has looked"));
    assert!(
        page.has("the file was not viewed in full")
            && page.has("This is a stand-in on this machine")
    );
}

#[tokio::test]
async fn foreign_texts_are_shown_as_text() {
    let f = Fixture::new();
    let ada = f.visit("ada", Role::Reviewer).await;
    let context = UploadContext {
        file_name: Some(Redacted(
            "<img src=x onerror=alert(1)>\u{202e}gpj.\u{7}'\"&.png".into(),
        )),
        url: Some(Redacted("javascript:alert(1)".into())),
        screen_name: Some(Redacted("</dd><script>alert(1)</script>".into())),
        ip: Some(Redacted("2001:db8::7".parse().expect("an address"))),
        port: Some(4_711),
        ..UploadContext::default()
    };
    let case = f.case(CaseSeed {
        context,
        ..CaseSeed::near("<b>item</b>")
    });
    for path in [format!("/cases/{case}"), "/queue".to_owned()] {
        let page = ada.get(&path).await;
        assert!(
            !page.has("<script>alert") && !page.has("<img src=x") && !page.has("<b>item"),
            "{path}"
        );
        assert!(!page.has("href=\"javascript"), "{path}");
        assert!(!page.has("\u{202e}") && !page.has("\u{7}"), "{path}");
    }
    let page = ada.get(&format!("/cases/{case}")).await;
    assert!(page.has("\u{27e8}U+202E\u{27e9}gpj.\u{2407}") && page.has("[2001:db8::7]:4711"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_fetched_once_by_the_session_that_asked() {
    let f = Fixture::new();
    let (ada, bea) = (
        f.visit("ada", Role::Reviewer).await,
        f.visit("bea", Role::Reviewer).await,
    );
    let case = f.case(CaseSeed::near("item-1"));
    let asked = ada
        .post(&format!("/cases/{case}/reveals"), "mode=blurred")
        .await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER);
    let location = asked.header("location").to_owned();
    let reveal = location.split_once("?shown=").expect("the reveal").1;
    let picture = format!("/cases/{case}/reveals/{reveal}");
    assert!(
        ada.get(&location).await.has(&picture),
        "the page that follows shows it"
    );
    assert!(
        !bea.get(&location).await.has(&picture),
        "nobody else's page does"
    );
    assert_eq!(bea.get(&picture).await.status, StatusCode::GONE);
    // The fixture has no decoder process, so nothing is drawn; the ticket is used all the same.
    let first = ada.get(&picture).await;
    assert_eq!(
        (first.status, first.header("cache-control")),
        (StatusCode::UNPROCESSABLE_ENTITY, "no-store")
    );
    assert_eq!(ada.get(&picture).await.status, StatusCode::GONE);
    let page = ada.get(&location).await;
    assert!(!page.has(&picture) && page.has("Who looked: once") && page.has("<bdi>ada</bdi>"));
    let file = f
        .app
        .workflow
        .case_file(case)
        .expect("readable")
        .expect("a case");
    assert_eq!(file.record.reveals.len(), 1);
    assert!(!file.record.was_fully_viewed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_not_fetched_late() {
    let f = Fixture::new();
    let ada = f.visit("ada", Role::Reviewer).await;
    let case = f.case(CaseSeed::near("item-1"));
    let asked = ada
        .post(&format!("/cases/{case}/reveals"), "mode=full")
        .await;
    let location = asked.header("location").replace("?shown=", "/reveals/");
    f.clock.advance_ms(60_001);
    let late = ada.get(&location).await;
    assert_eq!(late.status, StatusCode::GONE);
    let page = ada.get(&format!("/cases/{case}")).await;
    assert!(!page.has("a report will say that the file was viewed"));
    assert!(page.has("asked for, not shown"));
    let odd = ada
        .post(&format!("/cases/{case}/reveals"), "mode=bright")
        .await;
    assert_eq!(odd.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_decision_that_cannot_stand_keeps_what_was_entered() {
    let f = Fixture::new();
    let ada = f.visit("ada", Role::Reviewer).await;
    let case = f.case(CaseSeed::near("item-1"));
    let path = format!("/cases/{case}/decision");
    let none = ada.post(&path, "").await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    let unsaid = ada
        .post(
            &path,
            "verdict=confirmed&attributes=money_involved&classification=B2&report=yes",
        )
        .await;
    assert_eq!(unsaid.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(unsaid.has("Say what the case is about"));
    for kept in [
        "value=\"confirmed\" required checked",
        "value=\"money_involved\" checked",
        "value=\"B2\" selected",
    ] {
        assert!(unsaid.has(kept), "{kept}");
    }
    let contradicted = ada.post(&path, "verdict=not_confirmed&report=yes").await;
    assert!(contradicted.has("Only a confirmed case can be reported"));
    let foreign = ada.post(&path, "verdict=confirmed&manifestation=M99").await;
    assert_eq!(foreign.status, StatusCode::BAD_REQUEST);
    let rehearsal = f.case(CaseSeed::near("item-2").test());
    let path = format!("/cases/{rehearsal}/decision");
    assert!(
        ada.get(&format!("/cases/{rehearsal}"))
            .await
            .has("no report can be filed")
    );
    let reported = ada
        .post(&path, "verdict=confirmed&manifestation=M01&report=yes")
        .await;
    assert!(reported.has("A rehearsal is never reported"));
}

#[tokio::test]
async fn the_second_decision_meets_the_first() {
    let f = Fixture::new();
    let (ada, bea) = (
        f.visit("ada", Role::Reviewer).await,
        f.visit("bea", Role::Admin).await,
    );
    let case = f.case(CaseSeed::near("item-1"));
    let path = format!("/cases/{case}/decision");
    let first = ada
        .post(
            &path,
            "verdict=confirmed&manifestation=M01&attributes=imminent_danger&report=yes",
        )
        .await;
    assert_eq!(first.status, StatusCode::SEE_OTHER, "{}", first.text);
    let second = bea.post(&path, "verdict=not_confirmed").await;
    assert_eq!(second.status, StatusCode::CONFLICT);
    assert!(second.has("<bdi>ada</bdi>") && second.has("What you sent was not recorded"));
    assert!(second.has("M01") && second.has("2026-01-31 09:30:00 UTC"));
    let page = bea.get(&format!("/cases/{case}")).await;
    assert!(page.has("On its way to the CyberTipline stand-in") && page.has("data-reload-ms"));
    assert!(page.has("No authority has received anything") && !page.has("data-decision"));
}

/// A case with a decided report, in the state that `write` leaves it in.
fn reported(
    f: &Fixture,
    write: impl FnOnce(&seawall_store::Tx<'_>, ReportId) -> Result<(), StoreError>,
) -> (CaseId, ReportRow) {
    let workflow = &f.app.workflow;
    let case = f.case(CaseSeed::near("item-1"));
    let user = workflow
        .store()
        .read(|reader| reader.users())
        .expect("users")
        .pop()
        .expect("a user")
        .id;
    let finding = Finding {
        verdict: Verdict::Confirmed,
        manifestation: Some(Manifestation::M01),
        attributes: Vec::new(),
        classification: None,
        report: true,
    };
    workflow.decide(case, user, finding).expect("decided");
    let row = workflow
        .store()
        .read(|reader| reader.report_of(case))
        .expect("readable")
        .expect("a report");
    let event = seawall_casework::audit::EventDraft::new(EventKind::ReportFiled, Actor::System)
        .about(row.id);
    let written = workflow.store().write(workflow.clock().now(), |tx| {
        write(tx, row.id)?;
        Ok::<_, StoreError>(Change::new(()).event(event))
    });
    written.expect("written");
    (case, row)
}

#[tokio::test]
async fn a_filed_report_shows_its_receipt() {
    let f = Fixture::new();
    let ada = f.visit("ada", Role::Reviewer).await;
    let finished_at = f.app.workflow.clock().now();
    let receipt = Receipt {
        report_id: 4_564_654,
        file_ids: vec!["b0754af766b426f2".into()],
        finished_at,
    };
    let (case, _) = reported(&f, |tx, id| tx.file_report(id, &receipt));
    let page = ada.get(&format!("/cases/{case}")).await;
    for text in [
        "Filed with the CyberTipline stand-in",
        "4564654",
        "b0754af766b426f2",
        "2026-01-31 09:30:00 UTC",
        "Report filed",
    ] {
        assert!(page.has(text), "{text}");
    }
    assert!(!page.has("data-reload-ms"));
}

#[tokio::test]
async fn a_stuck_report_says_why_and_an_admin_lets_it_go_on() {
    let f = Fixture::new();
    let (ada, bea) = (
        f.visit("ada", Role::Reviewer).await,
        f.visit("bea", Role::Admin).await,
    );
    let reason = StuckReason::FinishUncertain { report_id: 77 };
    let (case, row) = reported(&f, |tx, id| tx.stick_report(id, &reason));
    let page = ada.get(&format!("/cases/{case}")).await;
    assert!(
        page.has("Nobody can tell whether report 77 was filed")
            && page.has("An admin can let it go on")
    );
    let path = format!("/reports/{}/resume", row.id);
    assert_eq!(ada.post(&path, "").await.status, StatusCode::FORBIDDEN);
    assert!(bea.get(&format!("/cases/{case}")).await.has(&path));
    assert_eq!(
        bea.post(&path, "").await.header("location"),
        format!("/cases/{case}")
    );
    assert_eq!(bea.post(&path, "").await.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn an_auditor_reads_figures_and_proof_but_no_case() {
    let f = Fixture::new();
    let eve = f.visit("eve", Role::Auditor).await;
    let case = f.case(CaseSeed::near("item-1"));
    assert_eq!(
        eve.get(&format!("/cases/{case}")).await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(eve.get("/").await.header("location"), "/figures");
    let audit = eve.get("/audit").await;
    assert!(audit.has("The chain holds") && audit.has("Case opened, file sealed"));
    assert!(!audit.has("href=\"/queue\"") && !audit.has("item-1"));
    assert!(eve.get("/figures").await.has("Cases opened"));
}
