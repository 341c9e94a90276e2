//! The stand-in through its router and over a real loopback socket.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use base64::Engine as _;
use http_body_util::BodyExt as _;
use seawall_core::{Clock, Timestamp};
use seawall_sim::SimError;
use seawall_sim::cybertipline::{
    Call, CyberTipline, Fault, Hook, Options, Phase, ReportState, STAND_IN_HEADER,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

const REPORT: &str = include_str!("../../seawall-casework/tests/golden/report-minimal.xml");
const FIRST: u64 = 5_000_000_001;
const HOUR_MS: i64 = 3_600_000;
/// The MD5 of the seven bytes `pattern`, from `printf pattern | md5sum`.
const PATTERN_MD5: &str = "240bf022e685b0ee30ad9fe9e1fb5d5b";

struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

struct Desk {
    stand_in: Arc<CyberTipline>,
    clock: Arc<Hands>,
}

/// An answer, read whole where it can be.
struct Answered {
    status: StatusCode,
    headers: axum::http::HeaderMap,
    body: Option<String>,
}

impl Answered {
    #[track_caller]
    fn text(&self) -> &str {
        self.body.as_deref().expect("a whole body")
    }

    #[track_caller]
    fn code(&self) -> i64 {
        self.field("responseCode")
            .expect("a code")
            .parse()
            .expect("a number")
    }

    fn field(&self, name: &str) -> Option<&str> {
        let (_, rest) = self.text().split_once(&format!("<{name}>"))?;
        rest.split_once(&format!("</{name}>"))
            .map(|(value, _)| value)
    }
}

impl Desk {
    fn new() -> Self {
        Self::open(None).expect("nothing to open")
    }

    fn open(journal: Option<&Path>) -> Result<Self, SimError> {
        let now: Timestamp = "2026-11-25T22:00:00Z".parse().expect("a time");
        let clock = Arc::new(Hands(AtomicI64::new(now.as_millis())));
        let options = Options {
            username: "drill".into(),
            password: "secret:with colon".into(),
            journal: journal.map(Path::to_owned),
        };
        let stand_in = CyberTipline::open(options, Arc::clone(&clock) as Arc<dyn Clock>)?;
        Ok(Self { stand_in, clock })
    }

    fn advance(&self, ms: i64) {
        self.clock.0.fetch_add(ms, Ordering::Relaxed);
    }

    async fn send(&self, request: Request<Body>) -> Answered {
        let router = self.stand_in.router();
        let answer = router
            .oneshot(request)
            .await
            .expect("the router never fails");
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.ok().map(|body| body.to_bytes());
        Answered {
            status: parts.status,
            headers: parts.headers,
            body: body.map(|bytes| String::from_utf8(bytes.to_vec()).expect("text")),
        }
    }

    async fn post(&self, path: &str, kind: &str, body: impl Into<Body>) -> Answered {
        let request = Request::post(format!("/ispws/{path}"))
            .header("authorization", authorization())
            .header("content-type", kind)
            .body(body.into())
            .expect("a request");
        self.send(request).await
    }

    async fn submit(&self, xml: &str) -> Answered {
        let kind = "text/xml; charset=utf-8";
        self.post("submit", kind, xml.to_owned()).await
    }

    async fn file_info(&self, xml: &str) -> Answered {
        let kind = "text/xml; charset=utf-8";
        self.post("fileinfo", kind, xml.to_owned()).await
    }

    async fn upload(&self, report_id: u64, bytes: &str) -> Answered {
        let body = format!(
            "--edge\r\nContent-Disposition: form-data; name=\"id\"\r\n\r\n{report_id}\r\n\
             --edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n{bytes}\r\n--edge--\r\n"
        );
        let kind = "multipart/form-data; boundary=edge";
        self.post("upload", kind, body).await
    }

    async fn form(&self, path: &str, report_id: u64) -> Answered {
        let kind = "application/x-www-form-urlencoded";
        self.post(path, kind, format!("id={report_id}")).await
    }

    fn state(&self, at: usize) -> ReportState {
        self.stand_in.reports()[at].state
    }
}

fn authorization() -> String {
    let token = base64::prelude::BASE64_STANDARD.encode("drill:secret:with colon");
    format!("Basic {token}")
}

fn details(report_id: u64, file_id: &str, inner: &str) -> String {
    format!(
        "<fileDetails><reportId>{report_id}</reportId><fileId>{file_id}</fileId>{inner}\
         </fileDetails>"
    )
}

#[tokio::test]
async fn a_report_goes_the_whole_way() {
    let desk = Desk::new();
    let opened = desk.submit(REPORT).await;
    assert_eq!(opened.code(), 0);
    assert_eq!(opened.field("reportId"), Some("5000000001"));

    let uploaded = desk.upload(FIRST, "pattern").await;
    assert_eq!(uploaded.code(), 0);
    assert_eq!(uploaded.field("hash"), Some(PATTERN_MD5));
    let file_id = uploaded.field("fileId").expect("a file id").to_owned();
    assert!(file_id.len() == 32 && file_id.bytes().all(|b| b.is_ascii_hexdigit()));

    let xml = details(FIRST, &file_id, "<fileViewedByEsp>false</fileViewedByEsp>");
    assert_eq!(desk.file_info(&xml).await.code(), 0);

    let finished = desk.form("finish", FIRST).await;
    assert_eq!(finished.code(), 0);
    assert!(finished.text().contains("<reportDoneResponse>"));
    assert_eq!(finished.field("fileId"), Some(file_id.as_str()));

    let reports = desk.stand_in.reports();
    assert_eq!(reports.len(), 1);
    assert_eq!(reports[0].state, ReportState::Finished);
    assert_eq!(reports[0].payload, REPORT);
    assert_eq!(reports[0].files[0].md5, PATTERN_MD5);
    assert_eq!(reports[0].files[0].bytes, 7);
    assert_eq!(reports[0].files[0].details.as_deref(), Some(xml.as_str()));
}

/// The same documents are what the sender's reader is tested with.
#[tokio::test]
async fn replies_are_the_documents_written_by_hand() {
    let desk = Desk::new();
    let submit = include_str!("../../seawall-casework/tests/golden/reply-submit.xml");
    assert_eq!(desk.submit(REPORT).await.text(), submit);
    let uploaded = desk.upload(FIRST, "pattern").await;
    let file_id = uploaded.field("fileId").expect("a file id");
    let upload = include_str!("../../seawall-casework/tests/golden/reply-upload.xml");
    assert_eq!(uploaded.text(), upload.replace("FILE", file_id));
    let finish = include_str!("../../seawall-casework/tests/golden/reply-finish.xml");
    let finished = desk.form("finish", FIRST).await;
    assert_eq!(finished.text(), finish.replace("FILE", file_id));
    let before = include_str!("../../seawall-casework/tests/golden/reply-finished-before.xml");
    assert_eq!(desk.form("finish", FIRST).await.text(), before);
}

#[tokio::test]
async fn it_says_everywhere_that_it_is_a_stand_in() {
    let desk = Desk::new();
    let request = Request::get("/ispws/status").header("authorization", authorization());
    let status = desk
        .send(request.body(Body::empty()).expect("a request"))
        .await;
    assert_eq!(status.code(), 0);
    assert!(status.text().contains("stand-in"));
    assert!(status.text().contains("drill"));
    assert_eq!(status.field("reportId"), None);
    for answer in [
        status,
        desk.submit(REPORT).await,
        desk.form("finish", FIRST).await,
    ] {
        assert_eq!(answer.headers[STAND_IN_HEADER], "cybertipline");
        assert!(answer.headers.contains_key("request-id"));
        assert!(answer.text().contains("stand-in"));
    }
}

#[tokio::test]
async fn wrong_credentials_get_401_and_no_body() {
    let desk = Desk::new();
    let other = base64::prelude::BASE64_STANDARD.encode("drill:other");
    for value in [
        None,
        Some(format!("Basic {other}")),
        Some("Basic ???".into()),
    ] {
        let mut request = Request::post("/ispws/submit").header("content-type", "text/xml");
        if let Some(value) = value {
            request = request.header("authorization", value);
        }
        let answer = desk
            .send(request.body(Body::from(REPORT)).expect("a request"))
            .await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.text(), "");
    }
    assert!(desk.stand_in.reports().is_empty());
}

#[tokio::test]
async fn what_the_encoders_write_is_what_the_reader_takes() {
    let desk = Desk::new();
    let full = include_str!("../../seawall-casework/tests/golden/report-full.xml");
    for good in [REPORT, full, include_str!("golden/0-every-element.xml")] {
        let answer = desk.submit(good).await;
        assert_eq!(answer.code(), 0, "{}", answer.text());
    }
    let file_id = desk.upload(FIRST, "pattern").await;
    let file_id = file_id.field("fileId").expect("a file id");
    for good in [
        include_str!("../../seawall-casework/tests/golden/file-full.xml"),
        include_str!("../../seawall-casework/tests/golden/file-minimal.xml"),
    ] {
        let good = good.replace("b0754af766b426f2928c02c651ed4b99", file_id);
        let answer = desk.file_info(&good).await;
        assert_eq!(answer.code(), 0, "{}", answer.text());
    }
}

/// Every bad document by hand: the code that it earns stands in its name.
#[tokio::test]
async fn bad_documents_get_their_code_and_open_nothing() {
    let desk = Desk::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name");
        let code: i64 = name[..name.find('-').expect("a dash")]
            .parse()
            .expect("a code");
        if code == 0 {
            continue;
        }
        let xml = std::fs::read_to_string(&path).expect("a text");
        let answer = desk.submit(&xml).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.code(), code, "{name}: {}", answer.text());
        seen += 1;
    }
    assert_eq!(seen, 11);
    assert!(desk.stand_in.reports().is_empty());
}

#[tokio::test]
async fn bad_descriptions_are_refused() {
    let desk = Desk::new();
    desk.submit(REPORT).await;
    let uploaded = desk.upload(FIRST, "pattern").await;
    let file_id = uploaded.field("fileId").expect("a file id");
    let invalid = [
        "<fileViewedByEsp>maybe</fileViewedByEsp>",
        "<industryClassification>C1</industryClassification>",
        "<originalFileHash>00</originalFileHash>",
        "<fileViewedByEsp>true</fileViewedByEsp><originalFileName>late</originalFileName>",
        "<potentialMeme/><fileAnnotations><viral/></fileAnnotations>",
        "<fileAnnotations><viral/><viral/></fileAnnotations>",
        "<fileAnnotations><viral>false</viral></fileAnnotations>",
        "<ipCaptureEvent><ipAddress>::1</ipAddress></ipCaptureEvent>\
         <ipCaptureEvent><ipAddress>::1</ipAddress></ipCaptureEvent>",
        "<nonsense/>",
    ];
    for inner in invalid {
        let answer = desk.file_info(&details(FIRST, file_id, inner)).await;
        assert_eq!(answer.code(), 4100, "{inner}");
    }
    let unknown = details(FIRST, &"0".repeat(32), "");
    assert_eq!(desk.file_info(&unknown).await.code(), 5002);
    let elsewhere = details(FIRST + 7, file_id, "");
    assert_eq!(desk.file_info(&elsewhere).await.code(), 5001);
    assert_eq!(desk.stand_in.reports()[0].files[0].details, None);
}

#[tokio::test]
async fn a_supplemental_file_with_a_classification_fails_at_the_finish() {
    let desk = Desk::new();
    desk.submit(REPORT).await;
    let uploaded = desk.upload(FIRST, "pattern").await;
    let file_id = uploaded.field("fileId").expect("a file id");
    let supplemental = "<fileRelevance>Supplemental Reported</fileRelevance>";
    for mark in [
        "<industryClassification>A1</industryClassification>",
        "<potentialMeme/>",
        "<fileAnnotations><potentialMeme/></fileAnnotations>",
    ] {
        let xml = details(FIRST, file_id, &format!("{supplemental}{mark}"));
        assert_eq!(desk.file_info(&xml).await.code(), 0);
        assert_eq!(desk.form("finish", FIRST).await.code(), 4100);
        assert_eq!(desk.state(0), ReportState::Open);
    }
    desk.file_info(&details(FIRST, file_id, supplemental)).await;
    assert_eq!(desk.form("finish", FIRST).await.code(), 0);
}

#[tokio::test]
async fn an_end_is_an_end() {
    let desk = Desk::new();
    desk.submit(REPORT).await;
    desk.submit(REPORT).await;
    assert_eq!(desk.stand_in.reports().len(), 2, "nothing is deduplicated");
    assert_eq!(desk.form("finish", FIRST).await.code(), 0);
    assert_eq!(desk.form("retract", FIRST + 1).await.code(), 0);
    for (id, code) in [(FIRST, 5102), (FIRST + 1, 5101), (FIRST + 2, 5001)] {
        assert_eq!(desk.form("finish", id).await.code(), code);
        assert_eq!(desk.form("retract", id).await.code(), code);
        assert_eq!(desk.upload(id, "pattern").await.code(), code);
        let xml = details(id, "00", "");
        assert_eq!(desk.file_info(&xml).await.code(), code);
    }
}

#[tokio::test]
async fn an_unfinished_report_expires_at_the_later_of_its_two_times() {
    let desk = Desk::new();
    desk.submit(REPORT).await;
    desk.submit(REPORT).await;
    desk.advance(24 * HOUR_MS - 1);
    assert_eq!(desk.state(0), ReportState::Open);
    desk.upload(FIRST, "pattern").await;
    desk.advance(1);
    assert_eq!(desk.state(0), ReportState::Open);
    assert_eq!(desk.state(1), ReportState::Expired);
    assert_eq!(desk.form("finish", FIRST + 1).await.code(), 5001);
    desk.advance(HOUR_MS);
    assert_eq!(desk.state(0), ReportState::Expired);
    assert_eq!(desk.form("retract", FIRST).await.code(), 5001);
}

#[tokio::test]
async fn requests_that_make_no_sense_are_4000_and_large_ones_are_not_read() {
    let desk = Desk::new();
    assert_eq!(desk.post("submit", "text/plain", REPORT).await.code(), 4000);
    let form = "application/x-www-form-urlencoded";
    for body in ["", "id=", "id=x", "other=1", "id=-1"] {
        assert_eq!(desk.post("finish", form, body).await.code(), 4000, "{body}");
    }
    let large = " ".repeat((1 << 20) + 1);
    let answer = desk.submit(&large).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_form_may_be_multipart() {
    let desk = Desk::new();
    desk.submit(REPORT).await;
    let body = format!(
        "--edge\r\nContent-Disposition: form-data; name=\"id\"\r\n\r\n{FIRST}\r\n--edge--\r\n"
    );
    let kind = "multipart/form-data; boundary=edge";
    assert_eq!(desk.post("finish", kind, body).await.code(), 0);
}

fn fault_at(call: Call, phase: Phase, fault: Fault) -> Option<Hook> {
    Some(Arc::new(move |now_call, now_phase| {
        if (now_call, now_phase) == (call, phase) {
            fault
        } else {
            Fault::None
        }
    }))
}

#[tokio::test]
async fn faults_come_before_or_after_the_act() {
    let desk = Desk::new();
    for (phase, opened) in [(Phase::BeforeAct, 0), (Phase::AfterAct, 1)] {
        let hook = |fault| desk.stand_in.set_hook(fault_at(Call::Submit, phase, fault));
        hook(Fault::DropConnection);
        assert_eq!(desk.submit(REPORT).await.body, None);
        assert_eq!(desk.stand_in.reports().len(), opened);
    }
    let hook = |fault| {
        let hook = fault_at(Call::Submit, Phase::BeforeAct, fault);
        desk.stand_in.set_hook(hook);
    };
    hook(Fault::Status500);
    let answer = desk.submit(REPORT).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    hook(Fault::Status401);
    let answer = desk.submit(REPORT).await;
    assert_eq!(
        (answer.status, answer.text()),
        (StatusCode::UNAUTHORIZED, "")
    );
    hook(Fault::TruncatedXml);
    let answer = desk.submit(REPORT).await;
    assert!(!answer.text().contains("</reportResponse>"));
    hook(Fault::UnknownCode);
    assert_eq!(desk.submit(REPORT).await.code(), 7777);
    desk.stand_in.set_hook(None);
    assert_eq!(desk.submit(REPORT).await.code(), 0);
    assert_eq!(desk.stand_in.reports().len(), 2);
}

#[tokio::test]
async fn the_journal_remembers_all_but_a_line_that_was_cut() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal");
    let desk = Desk::open(Some(&path)).expect("opens");
    desk.submit(REPORT).await;
    desk.upload(FIRST, "pattern").await;
    desk.submit(REPORT).await;
    desk.form("finish", FIRST).await;
    let before = desk.stand_in.reports();
    let second = Desk::open(Some(&path)).err().expect("one at a time");
    assert!(matches!(second, SimError::Open { .. }));
    drop(desk);

    let whole = std::fs::read(&path).expect("a journal");
    assert!(
        !whole.windows(7).any(|bytes| bytes == b"pattern"),
        "bytes are not kept"
    );
    let desk = Desk::open(Some(&path)).expect("opens again");
    assert_eq!(desk.stand_in.reports(), before);
    drop(desk);

    std::fs::write(&path, &whole[..whole.len() - 3]).expect("cuts");
    let desk = Desk::open(Some(&path)).expect("opens a cut one");
    assert_eq!(
        desk.state(0),
        ReportState::Open,
        "the finish was never answered"
    );
    assert_eq!(desk.form("finish", FIRST).await.code(), 0);
    drop(desk);
    let desk = Desk::open(Some(&path)).expect("opens once more");
    assert_eq!(desk.state(0), ReportState::Finished);
    drop(desk);

    std::fs::write(&path, b"nonsense\n").expect("spoils");
    let refused = Desk::open(Some(&path))
        .err()
        .expect("a spoilt journal is refused");
    assert!(matches!(refused, SimError::Line { line: 1, .. }));
}

/// Over a real socket: the caller is gone while its finish is inside the stand-in, and
/// what was done is known all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_dies_inside_a_call_leaves_the_act_done() {
    let desk = Desk::new();
    desk.submit(REPORT).await;
    let (says, told) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let may_go_on = Mutex::new(may_go_on);
    desk.stand_in.set_hook(Some(Arc::new(move |call, phase| {
        says.send((call, phase)).expect("the test listens");
        if phase == Phase::BeforeAct {
            let may_go_on = may_go_on.lock().expect("not poisoned");
            may_go_on.recv().expect("the test says when");
        }
        Fault::None
    })));
    let (address, server) = serve(&desk).await;

    let mut caller = TcpStream::connect(address).await.expect("connects");
    let form = "application/x-www-form-urlencoded";
    let request = raw_request("finish", form, &format!("id={FIRST}"));
    caller.write_all(request.as_bytes()).await.expect("sends");
    let (first, told) = next_of(told).await;
    assert_eq!(first, (Call::Finish, Phase::BeforeAct));
    drop(caller);
    go_on.send(()).expect("the hook waits");
    let (second, _told) = next_of(told).await;
    assert_eq!(second, (Call::Finish, Phase::AfterAct));

    desk.stand_in.set_hook(None);
    let mut caller = TcpStream::connect(address).await.expect("connects");
    caller.write_all(request.as_bytes()).await.expect("sends");
    let mut answer = String::new();
    caller.read_to_string(&mut answer).await.expect("an answer");
    assert!(
        answer.contains("<responseCode>5102</responseCode>"),
        "{answer}"
    );
    server.abort();
}

#[tokio::test]
async fn a_dropped_connection_is_dropped_on_the_wire() {
    let desk = Desk::new();
    let hook = fault_at(Call::Submit, Phase::AfterAct, Fault::DropConnection);
    desk.stand_in.set_hook(hook);
    let (address, server) = serve(&desk).await;
    let mut caller = TcpStream::connect(address).await.expect("connects");
    let request = raw_request("submit", "text/xml", REPORT);
    caller.write_all(request.as_bytes()).await.expect("sends");
    let mut answer = Vec::new();
    // It may end in an error or not, as the server closes: either way no reply came.
    let _ = caller.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(!answer.contains("reportResponse"), "{answer}");
    assert_eq!(desk.stand_in.reports().len(), 1);
    server.abort();
}

async fn serve(desk: &Desk) -> (SocketAddr, JoinHandle<std::io::Result<()>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let router = desk.stand_in.router();
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    (address, server)
}

fn raw_request(path: &str, kind: &str, body: &str) -> String {
    format!(
        "POST /ispws/{path} HTTP/1.1\r\nHost: stand-in\r\nAuthorization: {}\r\n\
         Content-Type: {kind}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        authorization(),
        body.len()
    )
}

type Told = mpsc::Receiver<(Call, Phase)>;

/// Waits for a hook without holding up the server's threads.
async fn next_of(told: Told) -> ((Call, Phase), Told) {
    let wait = move || (told.recv().expect("the hook tells"), told);
    tokio::task::spawn_blocking(wait).await.expect("joins")
}
