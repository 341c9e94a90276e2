//! The console in a real browser, on the real server: what only a browser can show. That nothing
//! is loaded before somebody asks, that what is hidden is gone, that keys alone are enough,
//! that foreign text runs nowhere, that every page can be read on a small screen and in the dark.
//!
//! Without chromium and chromedriver every test says "skipped" and returns. With
//! `SEAWALL_SCREENSHOTS=FOLDER` the tour of all pages leaves a picture of each in that folder.

#[path = "browser/decision.rs"]
mod decision;
#[path = "browser/entry.rs"]
mod entry;
#[path = "browser/exchanges.rs"]
mod exchanges;
#[path = "browser/foreign.rs"]
mod foreign;
#[path = "browser/keyboard.rs"]
mod keyboard;
#[path = "browser/picture.rs"]
mod picture;
#[path = "browser/queue.rs"]
mod queue;
#[path = "browser/roles.rs"]
mod roles;
mod support;
#[path = "browser/tour.rs"]
mod tour;

use seawall_testkit::{jpeg, picture as pattern};
use serde_json::{Value, json};

use support::{Api, Browser, Console, DEADLINE, Installation, Server, eventually};

/// A drill with one bank, an admin who is signed in, and a browser that is not.
struct Stage {
    // Closed first, so that the browser never meets a server that is gone.
    browser: Browser,
    admin: Console,
    api: Api,
    server: Server,
    installation: Installation,
}

impl Stage {
    /// Sets one up; `None` where there is no browser.
    fn set() -> Option<Self> {
        Self::set_with(|_| {})
    }

    /// As [`Self::set`], the installation prepared before its server starts.
    fn set_with(prepare: impl FnOnce(&Installation)) -> Option<Self> {
        let browser = Browser::start()?;
        let installation = Installation::new();
        prepare(&installation);
        let server = installation.serve();
        let scopes = ["scan", "banks.read", "banks.write", "cases.read"];
        let api = server.api(&installation.token(&scopes));
        api.bank("DEMO");
        api.add_picture("DEMO", &jpeg(&pattern(WIDTH, 480, SEED), 95));
        let admin = server.console();
        admin.use_link(&installation.first_link_path);
        Some(Self {
            browser,
            admin,
            api,
            server,
            installation,
        })
    }

    /// As [`Self::set`], with the admin's session in the browser.
    fn signed_in() -> Option<Self> {
        let stage = Self::set()?;
        stage.enter_as(&stage.admin);
        Some(stage)
    }

    /// Opens a page of the console.
    #[track_caller]
    fn open(&self, path: &str) {
        self.browser.go(&self.url(path));
    }

    /// The address of a page of the console.
    fn url(&self, path: &str) -> String {
        self.admin.http.url(path)
    }

    /// Gives the browser the session of a console client.
    #[track_caller]
    fn enter_as(&self, console: &Console) {
        self.open("/sign-in");
        let cookie = console.cookie().expect("the client is signed in");
        self.browser.set_cookie(&cookie);
    }

    /// A colleague of the admin, signed in.
    #[track_caller]
    fn colleague(&self, name: &str, role: &str) -> Console {
        let link = self.installation.user(name, role);
        let console = self.server.console();
        console.use_link(&link);
        console
    }

    /// Opens a case by an upload that is near the bank's picture, and gives its id.
    #[track_caller]
    fn case(&self, item: &str) -> String {
        let copy = jpeg(&pattern(WIDTH, 480, SEED), 40);
        let scan = self.api.scan_with(item, &context(), &copy).expect(200);
        case_of(&scan.json())
    }

    /// What the API knows of a case.
    #[track_caller]
    fn record(&self, case: &str) -> Value {
        let answer = self.api.get(&format!("/api/v1/cases/{case}"));
        answer.expect(200).json()
    }

    /// Waits until a condition, a function body, holds in the page, whichever page that is then.
    #[track_caller]
    fn until(&self, what: &str, condition: &str) {
        eventually(what, DEADLINE, || {
            let holds = self.browser.try_script(condition, &[]);
            (holds.ok()? == true).then_some(())
        });
    }

    /// Waits until the page at this address is there.
    #[track_caller]
    fn arrives_at(&self, path: &str) {
        let wanted = self.url(path);
        let condition =
            format!("return document.readyState === 'complete' && location.href === '{wanted}'");
        self.until(path, &condition);
    }

    /// Every address that the browser asked for since this was last asked, in order.
    #[track_caller]
    fn requests(&self) -> Vec<String> {
        let requests = self.browser.requests();
        let origin = self.url("/");
        let elsewhere = requests.iter().find(|url| !url.starts_with(&origin));
        assert_eq!(elsewhere, None, "only the console is asked");
        requests
    }

    /// Ends a test: no page broke its own policy or failed in its script, and the browser
    /// asked for nothing but the console.
    #[track_caller]
    fn ends_clean(self) {
        let mut log = self.browser.log();
        log.retain(|line| !line.is_about_a_status());
        assert!(log.is_empty(), "{log:?}");
        self.requests();
    }
}

/// The case that a scan opened.
#[track_caller]
fn case_of(scan: &Value) -> String {
    let case = scan["case_id"].as_str();
    case.expect("the picture is in a bank").to_owned()
}

/// What a platform tells about an upload, all of it made up.
fn context() -> Value {
    json!({
        "uploader_id": "user-4711", "screen_name": "Quiet Harbour", "channel": "private",
        "uploaded_at": "2025-01-02T03:04:05Z", "url": "https://platform.example/posts/9",
        "ip": "192.0.2.44", "port": 50123, "event": "upload", "jurisdictions": ["DE"],
        "file_name": "evening.jpg",
    })
}

const WIDTH: usize = 640;
const SEED: u64 = 21;
