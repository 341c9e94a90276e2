//! A real browser, driven over the W3C WebDriver protocol: headless Chromium by chromedriver.
//!
//! Each [`Browser`] has a driver, a profile and a window of its own. Nothing that it loads can
//! come from anywhere but loopback: no other name resolves, and [`Browser::requests`] tells
//! every address that it asked for.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{DEADLINE, Http};

/// A browser window. Closed where the value goes away.
pub(crate) struct Browser {
    driver: Child,
    http: Http,
    session: String,
    /// Everything that driver and browser write.
    _folder: TempDir,
}

/// An answer of the driver that is an error: its code and its text.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// The protocol's name of the error.
    pub(crate) code: String,
    text: String,
}

/// A line of the browser's console.
#[derive(Debug)]
pub(crate) struct LogLine {
    /// Who wrote it: `security`, `network`, `javascript` and others.
    pub(crate) source: String,
    /// What it says.
    pub(crate) text: String,
}

impl Browser {
    /// Starts one; `None`, said aloud, where browser or driver is not installed.
    pub(crate) fn start() -> Option<Self> {
        let (Some(browser), Some(driver)) = (installed(BROWSERS), installed(DRIVERS)) else {
            eprintln!("skipped: no chromium/chromedriver; `cargo xtask test` installs them");
            return None;
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut driver = Command::new(driver)
            .arg("--port=0")
            .env("TMPDIR", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the driver starts");
        let port = port_of(&mut driver);
        let profile = folder.path().join("profile");
        let mut arguments = ARGUMENTS.map(str::to_owned).to_vec();
        arguments.push(format!("--user-data-dir={}", profile.display()));
        let wanted = json!({
            "goog:chromeOptions": { "binary": browser, "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
            "timeouts": { "pageLoad": DEADLINE.as_millis(), "script": DEADLINE.as_millis() },
        });
        let mut started = Self {
            driver,
            http: Http::new(&format!("http://127.0.0.1:{port}")),
            session: String::new(),
            _folder: folder,
        };
        let body = json!({ "capabilities": { "alwaysMatch": wanted } });
        let made = started.send("POST", "/session", Some(&body));
        let made = made.expect("the browser starts");
        let id = made["sessionId"].as_str().expect("a session has an id");
        started.session = format!("/session/{id}");
        Some(started)
    }

    /// Goes to an address and waits until the page is loaded.
    #[track_caller]
    pub(crate) fn go(&self, url: &str) {
        self.post("/url", &json!({ "url": url }));
    }

    /// Loads the page again.
    #[track_caller]
    pub(crate) fn reload(&self) {
        self.post("/refresh", &json!({}));
    }

    /// Goes back by one page.
    #[track_caller]
    pub(crate) fn back(&self) {
        self.post("/back", &json!({}));
    }

    /// The address of the page.
    #[track_caller]
    pub(crate) fn url(&self) -> String {
        let url = self.get("/url");
        url.as_str().expect("an address is text").to_owned()
    }

    /// Clicks the first element of a selector, as a mouse does: it must be visible.
    #[track_caller]
    pub(crate) fn click(&self, css: &str) {
        let element = self.element(css);
        self.post(&format!("/element/{element}/click"), &json!({}));
    }

    /// Types into the first element of a selector.
    #[track_caller]
    pub(crate) fn fill(&self, css: &str, text: &str) {
        let element = self.element(css);
        self.post(
            &format!("/element/{element}/value"),
            &json!({ "text": text }),
        );
    }

    /// The text that a person sees in the first element of a selector.
    #[track_caller]
    pub(crate) fn text(&self, css: &str) -> String {
        let element = self.element(css);
        let text = self.get(&format!("/element/{element}/text"));
        text.as_str().expect("text").to_owned()
    }

    /// How many elements a selector finds.
    #[track_caller]
    pub(crate) fn count(&self, css: &str) -> usize {
        let body = json!({ "using": "css selector", "value": css });
        let found = self.post("/elements", &body);
        found.as_array().expect("a list of elements").len()
    }

    /// Presses keys one after the other, wherever the focus is.
    #[track_caller]
    pub(crate) fn press(&self, keys: &[char]) {
        let strokes = keys.iter().flat_map(|key| [down(*key), up(*key)]);
        self.act(strokes.collect());
    }

    /// Presses a key while another is held.
    #[track_caller]
    pub(crate) fn press_with(&self, held: char, key: char) {
        self.act(vec![down(held), down(key), up(key), up(held)]);
    }

    /// Runs a function body in the page, and gives what it returns.
    #[track_caller]
    pub(crate) fn script(&self, body: &str, arguments: &[Value]) -> Value {
        match self.try_script(body, arguments) {
            Ok(value) => value,
            Err(refusal) => panic!("{body}: {refusal:?}"),
        }
    }

    /// As [`Self::script`], for pages that may be left while it runs.
    pub(crate) fn try_script(&self, body: &str, arguments: &[Value]) -> Result<Value, Refusal> {
        let body = json!({ "script": body, "args": arguments });
        let path = format!("{}/execute/sync", self.session);
        self.send("POST", &path, Some(&body))
    }

    /// Sends a command of the browser's own protocol.
    #[track_caller]
    pub(crate) fn devtools(&self, command: &str, parameters: &Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.post("/goog/cdp/execute", &body)
    }

    /// Lays the page out for a window of this size, in CSS pixels.
    #[track_caller]
    pub(crate) fn resize(&self, width: u32, height: u32) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", &size);
    }

    /// Answers `prefers-color-scheme` with `light` or `dark`.
    #[track_caller]
    pub(crate) fn prefer_colours(&self, scheme: &str) {
        let wanted = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", &wanted);
    }

    /// Prints the page, to nowhere.
    #[track_caller]
    pub(crate) fn print(&self) {
        self.post("/print", &json!({}));
    }

    /// The whole page as a PNG, in the window's width and without scroll bars.
    #[track_caller]
    pub(crate) fn screenshot(&self) -> Vec<u8> {
        let hide = |hidden: bool| {
            let wanted = json!({ "hidden": hidden });
            self.devtools("Emulation.setScrollbarsHidden", &wanted)
        };
        hide(true);
        let size = "return [innerWidth, document.documentElement.scrollHeight]";
        let size = self.script(size, &[]);
        let clip = json!({ "x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1 });
        let wanted = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let shot = self.devtools("Page.captureScreenshot", &wanted);
        hide(false);
        let data = shot["data"].as_str().expect("a picture");
        BASE64_STANDARD.decode(data).expect("it is base64")
    }

    /// Takes over a session's cookie, `NAME=VALUE`, for the origin that is open.
    #[track_caller]
    pub(crate) fn set_cookie(&self, pair: &str) {
        let (name, value) = pair.split_once('=').expect("a pair");
        let cookie = json!({ "name": name, "value": value, "httpOnly": true, "sameSite": "Strict", "path": "/" });
        self.post("/cookie", &json!({ "cookie": cookie }));
    }

    /// A cookie as the browser keeps it.
    #[track_caller]
    pub(crate) fn cookie(&self, name: &str) -> Value {
        self.get(&format!("/cookie/{name}"))
    }

    /// Whether a dialog of a script, such as `alert`, is open.
    pub(crate) fn has_alert(&self) -> bool {
        let path = format!("{}/alert/text", self.session);
        self.send("GET", &path, None).is_ok()
    }

    /// What the browser's console said since this was last asked.
    #[track_caller]
    pub(crate) fn log(&self) -> Vec<LogLine> {
        let lines = self.drain_log("browser");
        let line = |line: &Value| LogLine {
            source: line["source"].as_str().unwrap_or_default().to_owned(),
            text: line["message"].as_str().unwrap_or_default().to_owned(),
        };
        lines.iter().map(line).collect()
    }

    /// Every address that the browser asked for since this was last asked, in order, from
    /// whatever page: a picture that is in no page any more is here all the same. The browser's
    /// own pages, such as the first that it opens, are left out.
    #[track_caller]
    pub(crate) fn requests(&self) -> Vec<String> {
        let mut asked = Vec::new();
        for line in self.drain_log("performance") {
            let event = line["message"].as_str().expect("an event is text");
            let event: Value = serde_json::from_str(event).expect("of JSON");
            if event["message"]["method"] == "Network.requestWillBeSent" {
                let url = &event["message"]["params"]["request"]["url"];
                asked.push(url.as_str().expect("an address").to_owned());
            }
        }
        asked.retain(|url| !OWN_PAGES.iter().any(|own| url.starts_with(own)));
        asked
    }

    fn drain_log(&self, kind: &str) -> Vec<Value> {
        let lines = self.post("/se/log", &json!({ "type": kind }));
        lines.as_array().expect("a list of lines").clone()
    }

    fn element(&self, css: &str) -> String {
        let body = json!({ "using": "css selector", "value": css });
        let found = self.post("/element", &body);
        let id = found.as_object().and_then(|object| object.values().next());
        let id = id.and_then(Value::as_str);
        id.expect("an element has an id").to_owned()
    }

    fn act(&self, strokes: Vec<Value>) {
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": strokes });
        self.post("/actions", &json!({ "actions": [keyboard] }));
    }

    #[track_caller]
    fn get(&self, path: &str) -> Value {
        let path = format!("{}{path}", self.session);
        match self.send("GET", &path, None) {
            Ok(value) => value,
            Err(refusal) => panic!("{path}: {refusal:?}"),
        }
    }

    #[track_caller]
    fn post(&self, path: &str, body: &Value) -> Value {
        match self.send("POST", &format!("{}{path}", self.session), Some(body)) {
            Ok(value) => value,
            Err(refusal) => panic!("{path} {body}: {refusal:?}"),
        }
    }

    fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, Refusal> {
        let text = body.map(Value::to_string);
        let kind = [("content-type", "application/json; charset=utf-8")];
        let answer = self
            .http
            .send(method, path, &kind, text.as_deref().map(str::as_bytes));
        let mut all = answer.json();
        let value = all["value"].take();
        if answer.status == 200 {
            return Ok(value);
        }
        let field = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let (code, text) = (field("error"), field("message"));
        Err(Refusal { code, text })
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver closes the browser; a driver that is killed first would leave it behind.
        let quit = self.http.url(&self.session);
        let request = ureq::delete(quit).config().proxy(None);
        let request = request.timeout_global(Some(DEADLINE)).build();
        drop(request.call());
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}

impl LogLine {
    /// Whether this is only the browser's note that a page came with an error's status.
    pub(crate) fn is_about_a_status(&self) -> bool {
        self.source == "network" && self.text.contains("the server responded with a status of")
    }
}

/// Keys without a character, as the protocol writes them.
pub(crate) mod key {
    /// Tab.
    pub(crate) const TAB: char = '\u{e004}';
    /// Enter.
    pub(crate) const ENTER: char = '\u{e007}';
    /// Control.
    pub(crate) const CONTROL: char = '\u{e009}';
    /// Escape.
    pub(crate) const ESCAPE: char = '\u{e00c}';
    /// Arrow down.
    pub(crate) const DOWN: char = '\u{e015}';
}

fn down(key: char) -> Value {
    json!({ "type": "keyDown", "value": key.to_string() })
}

fn up(key: char) -> Value {
    json!({ "type": "keyUp", "value": key.to_string() })
}

/// The port that the driver says it listens on.
fn port_of(driver: &mut Child) -> u16 {
    let stdout = driver.stdout.take().expect("standard output is piped");
    let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
    let port = lines.find_map(|line| {
        let (_, port) = line.split_once("started successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    });
    // Whatever else it prints goes nowhere, so that it never waits for a reader.
    std::thread::spawn(move || lines.for_each(drop));
    port.expect("the driver names its port")
}

/// The first of these programs on the search path.
fn installed(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let candidates = names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    candidates.into_iter().find(|candidate| candidate.is_file())
}

const OWN_PAGES: [&str; 3] = ["chrome:", "about:", "data:"];
const BROWSERS: &[&str] = &["chromium", "chromium-browser", "google-chrome"];
const DRIVERS: &[&str] = &["chromedriver"];

/// No sandbox, because the tests may run as root; they open no page but our own. The shared
/// memory of a container is often too small.
const ARGUMENTS: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];
