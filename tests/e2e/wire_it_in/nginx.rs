//! The snippets for nginx, under a real nginx.

use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::snippet::{folder, found, locate};
use crate::stub::{Received, Reply, Stub, free_port, nobody, silence};
use crate::support::{Answer, DEADLINE, Http, eventually};
use crate::{Scene, TOLD};

/// A program that ends with this value.
struct Background(Child);

impl Drop for Background {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Starts a program and waits until something listens at its port.
#[track_caller]
fn background(command: &mut Command, port: u16) -> Background {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = Background(command.spawn().expect("the program starts"));
    eventually("it listens", DEADLINE, || {
        let ended = child.0.try_wait().expect("its state is known");
        assert!(ended.is_none(), "the program ended: {ended:?}");
        TcpStream::connect(("127.0.0.1", port)).ok()
    });
    child
}

/// An nginx with a snippet as its configuration.
struct Nginx {
    folder: TempDir,
    port: u16,
    _program: Background,
}

impl Nginx {
    /// Starts one; each replacement says what of the snippet the reader has to fill in.
    #[track_caller]
    fn start(snippet: &str, replacements: &[(&str, &str)]) -> Self {
        let text = std::fs::read_to_string(folder().join(snippet)).expect("the snippet is there");
        Self::of(text, replacements)
    }

    #[track_caller]
    fn of(mut text: String, replacements: &[(&str, &str)]) -> Self {
        let port = free_port();
        let listen = format!("listen 127.0.0.1:{port};");
        for (from, to) in replacements.iter().chain(&[("listen 8080;", &*listen)]) {
            assert!(text.contains(from), "{from:?} stands in the snippet");
            text = text.replace(from, to);
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        for inside in ["logs", "body"] {
            std::fs::create_dir(folder.path().join(inside)).expect("it can be made");
        }
        let config = folder.path().join("nginx.conf");
        std::fs::write(&config, format!("{AROUND}{text}}}\n")).expect("it can be written");
        let mut command = Command::new(locate("nginx").expect("it was found"));
        command.arg("-p").arg(folder.path()).arg("-c").arg(config);
        command.stderr(Stdio::null());
        Self {
            _program: background(&mut command, port),
            folder,
            port,
        }
    }

    /// Uploads as a browser does that would like to have a say in what becomes of it.
    #[track_caller]
    fn upload(&self, body: &[u8]) -> Answer {
        let headers = [
            ("cookie", "session=secret"),
            ("seawall-context", r#"{"uploader_id":"somebody else"}"#),
            ("x-item-id", "forged"),
            ("x-upload-check", "publish"),
            ("x-upload-file", "/etc/hostname"),
        ];
        Http::new(&format!("http://127.0.0.1:{}", self.port)).send(
            "POST",
            "/upload",
            &headers,
            Some(body),
        )
    }

    fn path(&self, inside: &str) -> PathBuf {
        self.folder.path().join(inside)
    }

    /// The line about an item in the log of what was mirrored, once it is there.
    #[track_caller]
    fn mirrored(&self, item_id: &str) -> String {
        eventually("the copy is logged", DEADLINE, || {
            let log = std::fs::read_to_string(self.path("logs/seawall.log")).ok()?;
            let line = log.lines().find(|line| line.starts_with(item_id))?;
            Some(line.to_owned())
        })
    }
}

/// The rest of a configuration: one process of the user's own, everything in its folder.
const AROUND: &str = "daemon off;
master_process off;
pid nginx.pid;
error_log logs/error.log;
events {}
http {
access_log off;
client_body_temp_path body;
proxy_temp_path proxy;
fastcgi_temp_path fastcgi;
uwsgi_temp_path uwsgi;
scgi_temp_path scgi;
";

const PLATFORM: &str = "127.0.0.1:3000";
const SEAWALL: &str = "127.0.0.1:8481";

fn platform() -> Stub {
    Stub::start(&[Reply::new(202, TOLD)])
}

fn authority(url: &str) -> &str {
    url.strip_prefix("http://").expect("an address")
}

/// Checks what the uploader is told, and gives what the platform got.
#[track_caller]
fn passed_on(answer: Answer, platform: &Stub, upload: &[u8]) -> Received {
    assert_eq!(answer.expect(202).text(), TOLD);
    let received = platform.next();
    assert_eq!(received.body, upload);
    assert_ne!(received.header("x-item-id"), Some("forged"));
    received
}

fn item_id(received: &Received) -> &str {
    received.header("x-item-id").expect("nginx gives it an id")
}

#[test]
fn a_mirrored_upload_opens_a_case_under_the_platforms_item_id() {
    if !found("nginx") {
        return;
    }
    let (scene, platform) = (Scene::new(), platform());
    let replacements = [
        (PLATFORM, &*platform.authority()),
        (SEAWALL, authority(scene.url())),
        ("TOKEN", &scene.token),
    ];
    let nginx = Nginx::start("mirror.conf", &replacements);
    let listed = passed_on(nginx.upload(&scene.listed), &platform, &scene.listed);
    let clean = passed_on(nginx.upload(&scene.clean), &platform, &scene.clean);
    for received in [&listed, &clean] {
        let item = item_id(received);
        assert_eq!(nginx.mirrored(item), format!("{item} 200"));
    }
    assert_eq!(scene.cases(), [item_id(&listed)]);
    // A form is read as one file that is no picture: the page says so.
    let form = [
        b"--b\r\ncontent-disposition: form-data; name=\"file\"\r\n\r\n",
        &*scene.listed,
    ]
    .concat();
    let form = passed_on(nginx.upload(&form), &platform, &form);
    nginx.mirrored(item_id(&form));
    assert_eq!(scene.cases().len(), 1);
}

#[test]
fn nothing_of_the_uploaders_but_the_file_is_mirrored() {
    if !found("nginx") {
        return;
    }
    let (seawall, platform) = (Stub::start(&[Reply::new(200, "{}")]), platform());
    let replacements = [
        (PLATFORM, &*platform.authority()),
        (SEAWALL, &*seawall.authority()),
        ("TOKEN", "abc"),
    ];
    let nginx = Nginx::start("mirror.conf", &replacements);
    let received = passed_on(nginx.upload(b"upload"), &platform, b"upload");
    let copy = seawall.next();
    let path = format!("/api/v1/scans?item_id={}", item_id(&received));
    assert_eq!((&*copy.path, &*copy.body), (&*path, &b"upload"[..]));
    assert_eq!(copy.header("authorization"), Some("Bearer abc"));
    for name in ["cookie", "seawall-context", "x-item-id", "x-upload-check"] {
        assert_eq!(copy.header(name), None, "{name}");
    }
}

/// Nothing is held, whatever happens to the copy; what was not checked stands in the log.
#[test]
fn a_mirror_is_open_on_failure() {
    if !found("nginx") {
        return;
    }
    let platform = platform();
    let (_listener, silent) = silence();
    let failing = Stub::start(&[Reply::later("1")]);
    for (seawall, ends) in [
        (nobody(), Some("502")),
        (failing.authority(), Some("503")),
        (silent, None),
    ] {
        let replacements = [(PLATFORM, &*platform.authority()), (SEAWALL, &seawall)];
        let nginx = Nginx::start("mirror.conf", &replacements);
        let received = passed_on(nginx.upload(b"upload"), &platform, b"upload");
        if let Some(ends) = ends {
            let item = item_id(&received);
            assert_eq!(nginx.mirrored(item), format!("{item} {ends}"));
        }
    }
}

/// `gate.py` beside `scan.py`, asking this Seawall.
struct Gate {
    port: u16,
    _program: Background,
    _folder: TempDir,
}

impl Gate {
    #[track_caller]
    fn start(url: &str, token: &str) -> Self {
        let (port, own) = (free_port(), tempfile::tempdir().expect("a folder"));
        let read = |name| std::fs::read_to_string(folder().join(name)).expect("it is there");
        let gate = read("gate.py").replace("8082", &port.to_string());
        std::fs::write(own.path().join("gate.py"), gate).expect("it can be written");
        std::fs::write(own.path().join("scan.py"), read("scan.py")).expect("it can be written");
        let mut command = Command::new("python3");
        command.arg(own.path().join("gate.py"));
        command.env("SEAWALL_URL", url).env("SEAWALL_TOKEN", token);
        // The name in nginx's configuration decides, not this one.
        command.env_remove("ON_FAILURE").stderr(Stdio::null());
        Self {
            _program: background(&mut command, port),
            port,
            _folder: own,
        }
    }
}

/// An nginx that asks a gate.
#[track_caller]
fn gated(platform: &Stub, gate: &str, on_failure: &str) -> Nginx {
    let inner = format!("127.0.0.1:{}", free_port());
    let chosen = format!("= {on_failure}; # on failure");
    let replacements = [
        (PLATFORM, &*platform.authority()),
        ("127.0.0.1:8082", gate),
        ("127.0.0.1:8081", &inner),
        ("= @closed; # on failure", &chosen),
    ];
    Nginx::start("auth_request.conf", &replacements)
}

/// Uploads, and checks what the platform is told to do with it.
#[track_caller]
fn check(nginx: &Nginx, platform: &Stub, upload: &[u8], does: &str) -> Received {
    let received = passed_on(nginx.upload(upload), platform, upload);
    assert_eq!(received.header("x-upload-check"), Some(does));
    received
}

#[test]
fn what_is_not_allowed_comes_to_the_platform_marked() {
    if !found("nginx") || !found("python3") {
        return;
    }
    let (scene, platform) = (Scene::new(), platform());
    let gate = Gate::start(scene.url(), &scene.token);
    let nginx = gated(&platform, &format!("127.0.0.1:{}", gate.port), "@open");
    check(&nginx, &platform, &scene.clean, "publish");
    let listed = check(&nginx, &platform, &scene.listed, "hold");
    assert_eq!(scene.cases(), [item_id(&listed)]);
    check(&nginx, &platform, b"no picture", "hold");
    check(&nginx, &platform, b"", "hold");
    eventually("nothing stays in the folder of bodies", DEADLINE, || {
        let mut left = std::fs::read_dir(nginx.path("body")).expect("it is there");
        left.next().is_none().then_some(())
    });
    let unknown = Gate::start(scene.url(), "not-a-token");
    let nginx = gated(&platform, &format!("127.0.0.1:{}", unknown.port), "@open");
    check(&nginx, &platform, &scene.clean, "hold");
}

#[test]
fn on_failure_nginx_does_what_its_line_names() {
    if !found("nginx") || !found("python3") {
        return;
    }
    let platform = platform();
    let failing = Stub::start(&[Reply::later("3600")]);
    let without_answer = Gate::start(&failing.url(), "none");
    for gate in [format!("127.0.0.1:{}", without_answer.port), nobody()] {
        for (name, does) in [
            ("@open", "publish, check later"),
            ("@closed", "hold, check later"),
        ] {
            let nginx = gated(&platform, &gate, name);
            check(&nginx, &platform, b"upload", does);
        }
    }
}

/// Why there is a gate: `auth_request` sends no body and reads no answer but its status.
#[test]
fn auth_request_straight_at_seawall_lets_everything_pass() {
    if !found("nginx") {
        return;
    }
    let (scene, platform) = (Scene::new(), platform());
    let straight = "server {
        listen 8080;
        location = /upload { auth_request /scan; proxy_pass http://127.0.0.1:3000; }
        location = /scan {
            internal;
            proxy_method POST;
            proxy_set_header Authorization \"Bearer TOKEN\";
            proxy_set_header Seawall-Context \"\";
            proxy_pass_request_body off;
            proxy_set_header Content-Length \"\";
            proxy_pass http://127.0.0.1:8481/api/v1/scans?item_id=$request_id;
        }
    }\n";
    let replacements = [
        (PLATFORM, &*platform.authority()),
        (SEAWALL, authority(scene.url())),
        ("TOKEN", &scene.token),
    ];
    let nginx = Nginx::of(straight.to_owned(), &replacements);
    nginx.upload(&scene.listed).expect(202);
    assert_eq!(platform.next().body, scene.listed);
    assert_eq!(scene.cases(), [""; 0]);
}
