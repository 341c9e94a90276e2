//! Coming in and going out.

use serde_json::json;

use crate::Stage;
use crate::support::key;

const PASSWORD: &str = "grey herons wait at low tide";

#[test]
fn a_first_link_leads_in_and_a_password_leads_in_again() {
    let Some(stage) = Stage::set() else { return };
    let browser = &stage.browser;
    let link = stage.installation.user("ada", "reviewer");
    stage.open(&link);
    assert!(browser.text("main").contains("Reviewer"));
    for (again, path) in [
        ("grey herons wait at high tide", link.as_str()),
        (PASSWORD, "/queue"),
    ] {
        browser.fill("#password", PASSWORD);
        browser.fill("#password_again", again);
        browser.press(&[key::ENTER]);
        stage.arrives_at(path);
    }
    assert_eq!(browser.text("h1"), "Queue");
    assert!(browser.text(".who").contains("ada"));
    let cookie = browser.cookie("seawall_session");
    assert_eq!(
        (&cookie["httpOnly"], &cookie["sameSite"]),
        (&true.into(), &"Strict".into())
    );
    assert!(cookie["expiry"].is_null(), "it ends with the browser");

    stage.open(&link);
    assert_eq!(browser.text("h1"), "This link has ended");
    stage.open("/queue");
    browser.click(".leave button");
    stage.arrives_at("/sign-in");
    stage.open("/queue");
    stage.arrives_at("/sign-in");

    browser.fill("#name", "ada");
    browser.fill("#password", "a wrong password");
    browser.press(&[key::ENTER]);
    stage.until(
        "the refusal is told",
        "return document.querySelector('[role=alert]') !== null",
    );
    let told = browser.text("[role=alert]");
    assert_eq!(told, "Name or password is wrong. Please try again.");
    let kept = "return [...document.querySelectorAll('input')].map((field) => field.value)";
    assert_eq!(
        browser.script(kept, &[]),
        json!(["ada", ""]),
        "the name is kept"
    );
    browser.fill("#password", PASSWORD);
    browser.press(&[key::ENTER]);
    stage.arrives_at("/queue");
    stage.ends_clean();
}
