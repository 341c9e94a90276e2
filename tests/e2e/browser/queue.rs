//! The list of cases, and the keys that walk it.

use crate::Stage;
use crate::support::key;

#[test]
fn the_queue_is_walked_and_a_case_opened_by_keys() {
    let Some(stage) = Stage::signed_in() else {
        return;
    };
    let cases: Vec<String> = ["item-1", "item-2", "item-3"]
        .map(|item| stage.case(item))
        .to_vec();
    let browser = &stage.browser;
    stage.open("/queue");
    assert!(
        browser
            .text("main")
            .contains("3 cases wait for a decision.")
    );
    let row = browser.text(".case-row");
    for part in ["item-1", "DEMO", "of 256 bits", "Private"] {
        assert!(row.contains(part), "{part} in {row}");
    }
    // Beyond either end the keys stay where they are.
    for (keys, item) in [
        ("j", "item-1"),
        ("jjj", "item-3"),
        ("k", "item-2"),
        ("kk", "item-1"),
    ] {
        browser.press(&keys.chars().collect::<Vec<_>>());
        assert_eq!(focused(&stage), item, "after {keys}");
    }
    browser.press(&['j', key::ENTER]);
    stage.arrives_at(&format!("/cases/{}", cases[1]));
    assert!(browser.text("h1").contains("item-2"));
    browser.press(&['q']);
    stage.arrives_at("/queue");
    stage.ends_clean();
}

#[test]
fn the_keys_are_explained_and_can_be_switched_off() {
    let Some(stage) = Stage::signed_in() else {
        return;
    };
    let case = stage.case("item-1");
    let browser = &stage.browser;
    let page = format!("/cases/{case}");
    stage.open(&page);
    browser.press(&['?']);
    assert!(browser.text("#keys").contains("Hide the picture at once"));
    browser.press(&['q']);
    browser.click("#keys [data-keys-switch]");
    browser.press(&[key::ESCAPE]);
    assert_eq!(browser.count("dialog[open]"), 0);
    browser.press(&['c', 'b', 'q']);
    assert_eq!(browser.url(), stage.url(&page), "no key acts");
    assert_eq!(browser.count("[name=verdict]:checked"), 0);
    assert_eq!(stage.record(&case)["reveals"], 0);
    browser.press(&['?']);
    browser.click("#keys [data-keys-switch]");
    browser.press(&[key::ESCAPE, 'c']);
    assert_eq!(browser.count("[name=verdict]:checked"), 1);
    stage.ends_clean();
}

fn focused(stage: &Stage) -> String {
    let text = stage
        .browser
        .script("return document.activeElement.textContent.trim()", &[]);
    text.as_str().unwrap_or_default().to_owned()
}
