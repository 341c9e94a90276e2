//! The picture of a case: never before it is asked for, once, and gone when it should be.

use crate::support::key;
use crate::{Stage, WIDTH};

#[test]
fn no_picture_is_asked_for_before_somebody_wants_to_see_it() {
    let Some(stage) = Stage::signed_in() else {
        return;
    };
    let case = stage.case("item-1");
    let browser = &stage.browser;
    stage.requests();
    for path in ["/queue", "/queue?state=all", &format!("/cases/{case}")] {
        stage.open(path);
    }
    let evidence = browser.text("main");
    for part in [
        "One bank holds a hash that differs in",
        "A match is not proof.",
        "DEMO",
        "Quiet Harbour",
        "192.0.2.44:50123",
        "evening.jpg",
        "It is not shown.",
        "Nobody has looked.",
    ] {
        assert!(evidence.contains(part), "{part} in {evidence}");
    }
    assert_eq!(browser.count("img:not([src^='/static/'])"), 0);
    let asked = stage.requests();
    let is_page = |url: &String| !url.contains("/static/");
    let pages: Vec<_> = asked.iter().filter(|url| is_page(url)).collect();
    assert_eq!(
        pages.len(),
        3,
        "the three pages and nothing else: {pages:?}"
    );
    assert_eq!(stage.record(&case)["reveals"], 0);
    stage.ends_clean();
}

#[test]
fn a_picture_is_drawn_once_and_escape_removes_it() {
    let Some(stage) = Stage::signed_in() else {
        return;
    };
    let case = stage.case("item-1");
    let page = format!("/cases/{case}");
    let browser = &stage.browser;
    stage.open(&page);
    stage.requests();
    browser.press(&['b']);
    let width = drawn(&stage);
    assert_eq!(width, 320, "small");
    let address = stage.url(&page) + "/reveals/";
    let asked: Vec<String> = pictures(&stage);
    assert!(
        asked.len() == 1 && asked[0].starts_with(&address),
        "{asked:?}"
    );
    let path = asked[0].replace(&stage.url(""), "");
    stage.admin.get(&path).expect(410);

    browser.press(&[key::ESCAPE]);
    is_hidden(&stage, "Escape");
    assert!(
        browser
            .text("#picture")
            .contains("The picture is hidden again.")
    );
    assert_eq!(browser.url(), stage.url(&page), "no reveal in the address");
    browser.reload();
    is_hidden(&stage, "loading again");
    stage.open("/queue");
    browser.back();
    is_hidden(&stage, "coming back");
    assert_eq!(pictures(&stage), [""; 0], "it was not asked for again");
    assert!(browser.text("#picture").contains("Who looked: once"));
    let look = browser.text(".looks li");
    assert!(look.contains("admin") && look.contains("Blurred"), "{look}");
    stage.ends_clean();
}

#[test]
fn a_picture_goes_with_the_page_that_showed_it() {
    let Some(stage) = Stage::signed_in() else {
        return;
    };
    let case = stage.case("item-1");
    let browser = &stage.browser;
    let ways: [Way; 6] = [
        ("loading again", |stage| stage.browser.reload()),
        ("its own link", |stage| {
            stage.browser.click("[data-shown] a")
        }),
        ("printing", |stage| stage.browser.print()),
        ("going on and coming back", |stage| {
            stage.open("/figures");
            stage.browser.back();
        }),
        ("going back and forth", |stage| {
            stage.browser.back();
            stage.browser.script("history.forward()", &[]);
            stage.until(
                "the case is there",
                "return document.title.startsWith('Case')",
            );
        }),
        ("its address in another window", |stage| {
            let address = stage.browser.url();
            stage.open("/queue");
            stage.browser.go(&address);
        }),
    ];
    for (looks, (way, leave)) in (1..).zip(ways) {
        stage.open(&format!("/cases/{case}"));
        browser.press(&['g']);
        drawn(&stage);
        assert_eq!(pictures(&stage).len(), 1, "{way}");
        leave(&stage);
        is_hidden(&stage, way);
        assert_eq!(pictures(&stage), [""; 0], "{way}");
        assert_eq!(stage.record(&case)["reveals"], looks, "{way}");
    }
    assert_eq!(stage.record(&case)["viewed_in_full"], false);
    stage.ends_clean();
}

#[test]
fn looking_in_full_asks_once_more() {
    let Some(stage) = Stage::signed_in() else {
        return;
    };
    let case = stage.case("item-1");
    let browser = &stage.browser;
    stage.open(&format!("/cases/{case}"));
    for refusal in [key::ENTER, key::ESCAPE] {
        browser.press(&['f']);
        let question = browser.text("#confirm-full");
        assert!(question.contains("recorded with your name"), "{question}");
        browser.press(&[refusal]);
        stage.until(
            "the question is gone",
            "return !document.querySelector('dialog[open]')",
        );
        is_hidden(&stage, "a refusal");
    }
    assert_eq!(stage.record(&case)["reveals"], 0);
    browser.press(&['f', key::TAB, key::ENTER]);
    assert_eq!(drawn(&stage), WIDTH as u64, "unaltered");
    let record = stage.record(&case);
    assert_eq!(
        (&record["reveals"], &record["viewed_in_full"]),
        (&1.into(), &true.into())
    );
    let note = browser.text("#report-notes");
    assert!(
        note.contains("Once the picture on this page has been drawn, the report will say"),
        "{note}"
    );
    browser.reload();
    is_hidden(&stage, "loading again");
    let note = browser.text("#report-notes");
    assert!(
        note.contains("The report will say: the file was viewed in full."),
        "{note}"
    );
    stage.ends_clean();
}

/// A way of leaving a page that shows a picture, by name.
type Way = (&'static str, fn(&Stage));

/// Waits until the picture is drawn, and gives its width.
#[track_caller]
fn drawn(stage: &Stage) -> u64 {
    stage.until(
        "the picture is drawn",
        "const image = document.querySelector('[data-shown] img'); return image?.complete && image.naturalWidth > 0",
    );
    let width = "return document.querySelector('[data-shown] img').naturalWidth";
    let width = stage.browser.script(width, &[]);
    width.as_u64().expect("a width")
}

#[track_caller]
fn is_hidden(stage: &Stage, way: &str) {
    let shown = stage.browser.count("[data-shown], #picture img");
    assert_eq!(shown, 0, "after {way}");
}

/// The addresses of pictures that the browser asked for since this was last asked.
#[track_caller]
fn pictures(stage: &Stage) -> Vec<String> {
    let mut asked = stage.requests();
    asked.retain(|url| url.contains("/reveals/"));
    asked
}
