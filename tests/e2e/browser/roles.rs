//! What an auditor sees, and what not.

use crate::Stage;

#[test]
fn an_auditor_sees_figures_and_log_but_no_case() {
    let Some(stage) = Stage::set() else { return };
    let case = stage.case("item-1");
    let auditor = stage.colleague("olu", "auditor");
    stage.enter_as(&auditor);
    let browser = &stage.browser;
    stage.open("/");
    stage.arrives_at("/figures");
    assert_eq!(
        (browser.text("h1"), status(&stage)),
        ("Figures".into(), 200)
    );
    let parts = browser.text(".parts");
    assert!(!parts.contains("Queue"), "{parts}");
    browser.click(".parts [href='/audit']");
    stage.arrives_at("/audit");
    assert!(browser.text("main").contains("The chain holds"));
    for path in ["/queue", &format!("/cases/{case}")] {
        stage.open(path);
        assert_eq!(status(&stage), 403, "{path}");
        let told = browser.text("main");
        assert!(told.contains("Not for your role"), "{told}");
        assert!(!told.contains("item-1") && !told.contains("DEMO"), "{told}");
    }
    stage.ends_clean();
}

/// The status that the page came with.
#[track_caller]
fn status(stage: &Stage) -> u64 {
    let entry = "return performance.getEntriesByType('navigation')[0].responseStatus";
    let status = stage.browser.script(entry, &[]);
    status.as_u64().expect("a status")
}
