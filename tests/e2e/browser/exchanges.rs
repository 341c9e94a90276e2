//! Partners' lists: a person sees how each goes, and acts by keys alone.

use std::sync::Arc;

use seawall_core::PdqHash;
use seawall_sim::fault::Fault;

use crate::Stage;
use crate::keyboard::walk;
use crate::support::{DEADLINE, Partner, eventually, key};
use crate::tour::inspect;

const PAGE: &str = "/exchanges/sister";

#[test]
fn a_list_is_read_looked_after_and_removed_by_keys() {
    let partner = Partner::start(40);
    partner.drill.put(PdqHash([0; 4]));
    let Some(stage) = Stage::set_with(|installation| partner.is_read_by(installation, "sister"))
    else {
        return;
    };
    stage.enter_as(&stage.admin);
    stage.open("/exchanges");
    until_page_says(&stage, "/exchanges", "1 held back");
    inspect(&stage, "exchanges-one");
    walk(&stage, "/exchanges");
    stage.open(PAGE);
    let main = stage.browser.text("main");
    for told in [
        "41",
        "PDQ, a picture hash",
        "stale after 1 day 0 h",
        "Read to its end",
    ] {
        assert!(main.contains(told), "{told}: {main}");
    }
    inspect(&stage, "exchange");
    walk(&stage, PAGE);

    stage.open(&format!("{PAGE}/held"));
    inspect(&stage, "exchange-held");
    walk(&stage, "what is held back");
    press_button(&stage, "Release");
    until_says(&stage, "Nothing is held back");

    partner.drill.set_hook(Some(Arc::new(|_| Fault::HtmlPage)));
    stage.open(PAGE);
    press_button(&stage, "Run now");
    // The page reloads by itself until the run is over.
    until_says(&stage, "The last run failed");
    inspect(&stage, "exchange-failed");
    stage.browser.click(&format!("[href='{PAGE}/page']"));
    stage.arrives_at(&format!("{PAGE}/page"));
    inspect(&stage, "exchange-page");
    assert!(stage.browser.count("pre.raw") == 1);
    partner.drill.set_hook(None);
    stage.open(PAGE);
    press_button(&stage, "Pause");
    until_says(&stage, "When it is resumed");
    inspect(&stage, "exchange-paused");
    press_button(&stage, "Resume");
    until_says(&stage, "What it lists");
    eventually("it is read again", DEADLINE, || {
        stage.open(PAGE);
        (stage.browser.count(".exchange-notice") == 0).then_some(())
    });
    stage.ends_clean();
}

#[test]
fn removing_says_first_what_it_withdraws() {
    let partner = Partner::start(3);
    let Some(stage) = Stage::set_with(|installation| {
        partner.is_read_by(installation, "sister");
        // Read once, and then taken out of the configuration again.
        installation.run(["exchange", "run", "sister"]).exits(0);
        let text = std::fs::read_to_string(installation.config()).expect("readable");
        let (rest, _) = text.split_once("\n[exchange.sister]").expect("a section");
        std::fs::write(installation.config(), rest).expect("written");
    }) else {
        return;
    };
    stage.enter_as(&stage.admin);
    stage.open(PAGE);
    let main = stage.browser.text("main");
    assert!(
        main.contains("withdraws its 3 contents from PARTNERS"),
        "{main}"
    );
    inspect(&stage, "exchange-unconfigured");
    let removal = "Remove it and withdraw 3 contents";
    press_button(&stage, removal);
    assert_eq!(
        stage.browser.url(),
        stage.url(PAGE),
        "the box has to be ticked first"
    );
    stage.browser.click("[name=sure]");
    press_button(&stage, removal);
    stage.arrives_at("/exchanges");
    assert!(stage.browser.text("main").contains("no exchanges yet"));
    stage.ends_clean();
}

/// Puts the focus on the button with this text, and presses it by a key.
#[track_caller]
fn press_button(stage: &Stage, text: &str) {
    let focus = "const found = [...document.querySelectorAll('main button')]
        .find((button) => button.textContent.trim() === arguments[0]);
        found?.focus(); return found !== undefined;";
    assert_eq!(stage.browser.script(focus, &[text.into()]), true, "{text}");
    stage.browser.press(&[key::ENTER]);
}

#[track_caller]
fn until_says(stage: &Stage, text: &str) {
    let condition =
        format!("return document.querySelector('main')?.textContent.includes('{text}')");
    stage.until(text, &condition);
}

/// Opens a page again and again until it says this.
#[track_caller]
fn until_page_says(stage: &Stage, path: &str, text: &str) {
    eventually(text, DEADLINE, || {
        stage.open(path);
        stage.browser.text("main").contains(text).then_some(())
    });
}
