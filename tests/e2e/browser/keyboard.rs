//! Keys reach everything, in the order in which it is read, and one sees where one is.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::Stage;
use crate::support::key;

#[test]
fn keys_reach_every_control_in_order_and_the_focus_is_seen() {
    let Some(stage) = Stage::signed_in() else {
        return;
    };
    let case = stage.case("item-1");
    let page = format!("/cases/{case}");
    for path in ["/queue", &page, "/exchanges", "/figures", "/audit"] {
        stage.open(path);
        walk(&stage, path);
    }
    // Everything that can be opened is open, and all of the form can be filled in.
    stage.open(&page);
    let unfold = "document.querySelectorAll('details').forEach((part) => { part.open = true })";
    stage.browser.script(unfold, &[]);
    stage.browser.press(&['c']);
    walk(&stage, "the case, unfolded");
    stage
        .admin
        .decide(&case, &[("verdict", "not_confirmed")])
        .expect(303);
    stage.open(&page);
    walk(&stage, "the case, decided");
    stage.browser.click(".leave button");
    stage.arrives_at("/sign-in");
    walk(&stage, "/sign-in");
    stage.open(&stage.installation.user("ada", "reviewer"));
    walk(&stage, "a first link");
    stage.ends_clean();
}

#[test]
fn the_first_stop_leads_past_the_frame() {
    let Some(stage) = Stage::signed_in() else {
        return;
    };
    stage.open("/queue");
    stage.browser.press(&[key::TAB, key::ENTER]);
    let focused = "return document.activeElement.id";
    assert_eq!(stage.browser.script(focused, &[]), "main");
    stage.ends_clean();
}

/// Presses Tab until every control had the focus; each is met in the page's order.
#[track_caller]
pub(crate) fn walk(stage: &Stage, page: &str) {
    let count = focus(stage)["all"].as_array().expect("a list").len();
    let mut met = Vec::new();
    // Twice around: it may begin in the middle, and passes through the browser's own controls.
    for _ in 0..2 * count + 4 {
        stage.browser.press(&[key::TAB]);
        let found = focus(stage);
        if let Some(place) = found["here"].as_u64() {
            assert_eq!(found["isSeen"], true, "{page}: {}", found["element"]);
            met.push(place);
        }
        if met.iter().collect::<BTreeSet<_>>().len() == count {
            break;
        }
    }
    let all = focus(stage)["all"].clone();
    let missed: Vec<_> = (0..count)
        .filter(|place| !met.contains(&(*place as u64)))
        .map(|place| all[place].clone())
        .collect();
    assert!(missed.is_empty(), "{page}: keys never reach {missed:?}");
    let turns = met.windows(2).filter(|pair| pair[0] >= pair[1]).count();
    assert!(turns <= 1, "{page}: the order jumps: {met:?} in {all:#}");
}

#[track_caller]
fn focus(stage: &Stage) -> Value {
    stage.browser.script(include_str!("focus.js"), &[])
}
