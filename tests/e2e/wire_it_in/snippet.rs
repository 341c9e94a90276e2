//! A snippet, ready to be run.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::TOLD;
use crate::support::{Run, is_there};

/// The folder of the snippets.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/wire-it-in")
}

/// A snippet of one language, in a folder of its own.
pub(crate) struct Snippet {
    /// The name of its file.
    pub(crate) file: &'static str,
    command: Vec<OsString>,
    folder: TempDir,
}

impl Snippet {
    /// Every snippet whose language is installed; for the others, says that they are skipped.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Self::with("")
    }

    /// The same, where they wait one second for an answer.
    pub(crate) fn hasty() -> impl Iterator<Item = Self> {
        Self::with("1")
    }

    fn with(timeout_seconds: &'static str) -> impl Iterator<Item = Self> {
        let installed = LANGUAGES.into_iter().filter(|(program, ..)| found(program));
        installed.map(move |(program, file, timeout)| {
            let text = std::fs::read_to_string(folder().join(file)).expect("the snippet is there");
            assert!(text.contains(timeout), "{file} says how long it waits");
            let hasty = timeout.replace("10", timeout_seconds);
            let text = match timeout_seconds {
                "" => text,
                _ => text.replace(timeout, &hasty),
            };
            Self::write(program, file, &text)
        })
    }

    fn write(program: &'static str, file: &'static str, text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join(file);
        std::fs::write(&path, text).expect("the file can be written");
        let command = match program {
            "go" => vec![build_go(&path).into_os_string()],
            "curl" => vec!["sh".into(), path.into_os_string()],
            _ => vec![program.into(), path.into_os_string()],
        };
        Self {
            file,
            command,
            folder,
        }
    }

    /// Runs it for one upload.
    #[track_caller]
    pub(crate) fn run(&self, place: &Place<'_>, item_id: &str, upload: &[u8]) -> Run {
        let path = self.folder.path().join("upload");
        std::fs::write(&path, upload).expect("the file can be written");
        let mut command = Command::new(&self.command[0]);
        command.args(&self.command[1..]).arg(item_id).arg(path);
        command.env("SEAWALL_URL", place.url);
        command.env("SEAWALL_TOKEN", place.token);
        // A proxy of the environment's must never get to see an upload.
        for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
            command.env(name, "http://127.0.0.1:1");
        }
        command.env_remove("ON_FAILURE");
        if let Some(name) = place.on_failure {
            command.env("ON_FAILURE", name);
        }
        Run::of(&mut command)
    }

    /// Runs it for one upload, and checks what the uploader is told and what the platform does.
    #[track_caller]
    pub(crate) fn check(&self, place: &Place<'_>, item_id: &str, upload: &[u8], does: &[&str]) {
        let run = self.run(place, item_id, upload);
        let file = self.file;
        assert_eq!(run.code, 0, "{file}: {}", run.stderr);
        assert_eq!(run.stdout, format!("202 {TOLD}\n"), "{file}");
        let does: Vec<String> = does
            .iter()
            .map(|line| line.replace("ITEM", item_id))
            .collect();
        let did: Vec<&str> = run.stderr.lines().collect();
        assert_eq!(did, does, "{file} at {}", place.url);
    }
}

/// What a snippet is configured with.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) url: &'a str,
    pub(crate) token: &'a str,
    pub(crate) on_failure: Option<&'a str>,
}

impl<'a> Place<'a> {
    /// This address, with a token of no worth.
    pub(crate) fn at(url: &'a str) -> Self {
        Self {
            url,
            token: "none",
            on_failure: None,
        }
    }

    /// The same with this name for `ON_FAILURE`.
    pub(crate) fn on_failure(self, name: &'a str) -> Self {
        Self {
            on_failure: Some(name),
            ..self
        }
    }
}

/// Whether a program is installed; says so where it is not and may be absent.
pub(crate) fn found(program: &str) -> bool {
    is_there(program, locate(program).is_some())
}

/// Where a program is. That of a server may lie beside the search path of a user.
pub(crate) fn locate(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.push("/usr/sbin".into());
    let places = folders.into_iter().map(|folder| folder.join(program));
    places.into_iter().find(|place| place.is_file())
}

/// Builds with the standard library alone. What is compiled of it is kept between runs.
fn build_go(source: &Path) -> PathBuf {
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let program = source.with_extension("program");
    let mut command = Command::new("go");
    command.args(["build", "-o"]).arg(&program).arg(source);
    command.env("GOCACHE", kept.join("go-cache"));
    command.env("GOPATH", kept.join("go-path"));
    command.env("GO111MODULE", "off").env("GOFLAGS", "");
    command.env("GOTOOLCHAIN", "local").env("CGO_ENABLED", "0");
    Run::of(&mut command).exits(0);
    program
}

/// The program that each needs, its file, and what it says of how long it waits.
const LANGUAGES: [(&str, &str, &str); 5] = [
    ("curl", "curl.sh", "TIMEOUT_SECONDS=10\n"),
    ("python3", "scan.py", "TIMEOUT_SECONDS = 10\n"),
    ("node", "scan.mjs", "TIMEOUT_SECONDS = 10;\n"),
    ("ruby", "scan.rb", "TIMEOUT_SECONDS = 10\n"),
    ("go", "scan.go", "timeoutSeconds = 10\n"),
];
