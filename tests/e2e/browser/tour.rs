//! A tour of every page: each fits a small screen in either direction of writing, can be read
//! by day and by night, says where it is, and can be told by a screen reader.

use std::path::PathBuf;

use serde_json::Value;

use crate::Stage;

#[test]
fn every_page_fits_can_be_read_and_can_be_told() {
    let Some(stage) = Stage::set() else { return };
    let link = stage.installation.user("ada", "reviewer");
    stage.open(&link);
    inspect(&stage, "first-link");
    stage.open("/first/no-such-link");
    inspect(&stage, "fault");
    stage.open("/sign-in");
    stage.browser.fill("#name", "ada");
    stage.browser.fill("#password", "not the password\n");
    stage.until(
        "the refusal is told",
        "return document.querySelector('[role=alert]') !== null",
    );
    inspect(&stage, "sign-in");
    stage.enter_as(&stage.admin);
    stage.open("/queue");
    inspect(&stage, "queue-empty");
    for item in [
        "post-20250102-000817",
        "a-much-longer-id-of-an-item-01234567-89ab-cdef-0123-456789abcdef",
    ] {
        stage.case(item);
    }
    let api = stage.server.address("api");
    stage.installation.run(["selftest", "--api", api]).exits(0);
    stage.open("/queue");
    inspect(&stage, "queue");
    case_pages(&stage);
    for part in ["exchanges", "figures", "audit"] {
        stage.open(&format!("/{part}"));
        inspect(&stage, part);
    }
    stage.ends_clean();
}

fn case_pages(stage: &Stage) {
    let browser = &stage.browser;
    let case = stage.case("post-20250102-000818");
    let page = format!("/cases/{case}");
    stage.open(&page);
    inspect(stage, "case");
    browser.press(&['f']);
    inspect(stage, "case-full-question");
    browser.press(&['\u{e00c}', '?']);
    inspect(stage, "case-keys");
    stage.open(&page);
    browser.press(&['b']);
    stage.until(
        "the picture is drawn",
        "return document.querySelector('[data-shown] img')?.naturalWidth > 0",
    );
    inspect(stage, "case-blurred");
    browser.press(&['\u{e00c}', 'c']);
    browser.script(
        "document.querySelectorAll('details').forEach((part) => { part.open = true })",
        &[],
    );
    inspect(stage, "case-chosen");
    let decision = [
        ("verdict", "confirmed"),
        ("manifestation", "M01"),
        ("attributes", "victim_known"),
        ("report", "yes"),
    ];
    let first = stage.colleague("grace", "reviewer");
    first.decide(&case, &decision).expect(303);
    browser.press_with('\u{e009}', '\u{e007}');
    stage.until(
        "the browser names what is missing",
        "return document.activeElement.name === 'manifestation'",
    );
    browser.press(&['\u{e015}']);
    browser.press_with('\u{e009}', '\u{e007}');
    stage.until(
        "the conflict is told",
        "return document.title.includes('already decided')",
    );
    inspect(stage, "conflict");
    stage.open(&page);
    stage.until(
        "the receipt is there",
        "return document.querySelector('.is-filed') !== null",
    );
    inspect(stage, "case-decided");
}

/// Looks at the page that is open: wide and narrow, by day and by night, from left and right.
#[track_caller]
pub(crate) fn inspect(stage: &Stage, name: &str) {
    let browser = &stage.browser;
    assert!(
        browser
            .text(".ribbon")
            .contains("Drill: reports go to a stand-in"),
        "{name}"
    );
    let mut grounds = Vec::new();
    for width in [1280, 320] {
        browser.resize(width, 900);
        for scheme in ["light", "dark"] {
            browser.prefer_colours(scheme);
            let place = format!("{name}, {width} wide, {scheme}");
            assert_eq!(
                faults(stage, include_str!("overflow.js")),
                [""; 0],
                "{place}"
            );
            assert_eq!(
                faults(stage, include_str!("contrast.js")),
                [""; 0],
                "{place}"
            );
            keep(stage, &format!("{name}-{scheme}-{width}.png"));
            grounds.push(browser.script(
                "return getComputedStyle(document.body).backgroundColor",
                &[],
            ));
        }
        assert_eq!(
            faults(stage, include_str!("structure.js")),
            [""; 0],
            "{name}, {width} wide"
        );
    }
    assert_ne!(grounds[0], grounds[1], "{name}: the night is not the day");
    browser.script("document.documentElement.dir = 'rtl'", &[]);
    assert_eq!(
        faults(stage, include_str!("overflow.js")),
        [""; 0],
        "{name}, from the right"
    );
    browser.script("document.documentElement.dir = 'ltr'", &[]);
    browser.resize(1280, 900);
    browser.prefer_colours("light");
}

#[track_caller]
fn faults(stage: &Stage, check: &str) -> Vec<String> {
    let found = stage.browser.script(check, &[]);
    let found = found.as_array().expect("a check gives a list");
    let text = |fault: &Value| fault.as_str().unwrap_or_default().to_owned();
    found.iter().map(text).collect()
}

/// Leaves a picture of the page for people to look at, where they asked for it.
fn keep(stage: &Stage, file: &str) {
    let Some(folder) = std::env::var_os("SEAWALL_SCREENSHOTS").map(PathBuf::from) else {
        return;
    };
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    std::fs::write(folder.join(file), stage.browser.screenshot()).expect("it can be written");
}
