//! Deciding: by keys alone, once, and never about a rehearsal.

use crate::Stage;
use crate::support::key;

#[test]
fn a_case_is_decided_and_reported_by_keys_alone() {
    let Some(stage) = Stage::signed_in() else {
        return;
    };
    let case = stage.case("item-1");
    let page = format!("/cases/{case}");
    let browser = &stage.browser;
    stage.open(&page);
    assert_eq!(browser.text(".main-act"), "Record the decision");
    browser.press(&['n']);
    assert_eq!(browser.text(".main-act"), "Close as not confirmed");
    browser.press(&['c']);
    assert_eq!(browser.text(".main-act"), "Confirm, without a report");
    // Without a kind nothing is sent: the browser leads to the field that is missing.
    browser.press_with(key::CONTROL, key::ENTER);
    assert_eq!(focus(&stage), "manifestation");
    browser.press(&[key::DOWN]);
    while focus(&stage) != "report" {
        browser.press(&[key::TAB]);
    }
    browser.press(&[' ']);
    assert_eq!(
        browser.text(".main-act"),
        "Confirm and report to the CyberTipline stand-in"
    );
    browser.press_with(key::CONTROL, key::ENTER);
    stage.until(
        "the decision stands",
        "return document.querySelector('.verdict') !== null",
    );
    assert_eq!(browser.url(), stage.url(&page));
    let decided = browser.text(".verdict");
    assert!(
        decided.contains("Confirmed") && decided.contains("admin"),
        "{decided}"
    );
    assert!(decided.contains("M01"), "{decided}");
    assert_eq!(
        browser.count("[name=verdict]"),
        0,
        "there is nothing left to decide"
    );

    // Nobody touches the page any more: it comes again until the receipt is there.
    stage.until(
        "the receipt is there",
        "return document.querySelector('.is-filed') !== null",
    );
    let report = stage.record(&case)["report"].clone();
    assert_eq!(report["state"], "filed");
    let number = report["receipt"]["report_id"].to_string();
    let receipt = browser.text(".is-filed");
    assert!(
        receipt.contains(number.trim_matches('"')),
        "{number} in {receipt}"
    );
    assert!(
        receipt.contains("No authority has received anything."),
        "{receipt}"
    );
    assert_eq!(browser.count("body[data-reload-ms]"), 0, "it rests");
    stage.ends_clean();
}

#[test]
fn whoever_decides_second_meets_the_first_decision() {
    let Some(stage) = Stage::set() else { return };
    let case = stage.case("item-1");
    let second = stage.colleague("ada", "reviewer");
    stage.enter_as(&second);
    let browser = &stage.browser;
    stage.open(&format!("/cases/{case}"));
    let first = [("verdict", "confirmed"), ("manifestation", "M02")];
    stage.admin.decide(&case, &first).expect(303);
    browser.press(&['n']);
    browser.press_with(key::CONTROL, key::ENTER);
    stage.until(
        "the conflict is told",
        "return document.querySelector('[role=alert]') !== null",
    );
    assert_eq!(browser.text("h1"), "This case is already decided");
    let told = browser.text("main");
    for part in [
        "admin",
        "Confirmed",
        "M02",
        "What you sent was not recorded.",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    assert_eq!(stage.record(&case)["decision"]["manifestation"], "M02");
    browser.click(".row .button");
    stage.arrives_at(&format!("/cases/{case}"));
    assert!(browser.text(".verdict").contains("admin"));
    stage.ends_clean();
}

#[test]
fn a_rehearsal_is_marked_and_offers_no_report() {
    let Some(stage) = Stage::signed_in() else {
        return;
    };
    let api = stage.server.address("api");
    stage.installation.run(["selftest", "--api", api]).exits(0);
    let browser = &stage.browser;
    stage.open("/queue?state=all");
    assert!(browser.text(".case-row").contains("Test"));
    browser.click(".case-link");
    stage.until(
        "the case is there",
        "return document.title.startsWith('Case')",
    );
    assert_eq!(browser.count("[name=report]"), 0);
    let page = browser.text("main");
    assert!(
        page.contains("This case is a rehearsal, so no report can be filed."),
        "{page}"
    );
    browser.press(&['c']);
    browser.script("document.querySelector('#manifestation').focus()", &[]);
    browser.press(&[key::DOWN]);
    browser.press_with(key::CONTROL, key::ENTER);
    stage.until(
        "the decision stands",
        "return document.querySelector('.verdict') !== null",
    );
    assert_eq!(browser.count(".report"), 0);
    stage.ends_clean();
}

/// The name of the field that has the focus.
#[track_caller]
fn focus(stage: &Stage) -> String {
    let name = stage
        .browser
        .script("return document.activeElement.name ?? ''", &[]);
    name.as_str().unwrap_or_default().to_owned()
}
