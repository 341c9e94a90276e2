//! A folder made by `seawall init`, and the command run against it.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::Server;

/// The command, without anything that the environment says to it.
pub(crate) fn seawall() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seawall"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SEAWALL_") {
            command.env_remove(name);
        }
    }
    command
}

/// What a finished command left.
pub(crate) struct Run {
    /// Its exit code.
    pub(crate) code: i32,
    /// Its standard output.
    pub(crate) stdout: String,
    /// Its standard error.
    pub(crate) stderr: String,
}

impl Run {
    /// Runs a command to its end, with these bytes on its standard input.
    #[track_caller]
    pub(crate) fn with_input(command: &mut Command, input: &[u8]) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let mut stdin = child.stdin.take().expect("standard input is piped");
        let input = input.to_vec();
        // A command that does not read its input closes it: that is no fault of the test's.
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().expect("the command ends");
        writer.join().expect("the writer ends");
        Self::from(output)
    }

    /// Runs a command to its end, with nothing on its standard input.
    #[track_caller]
    pub(crate) fn of(command: &mut Command) -> Self {
        Self::with_input(command, b"")
    }

    /// This run, if it ended with `code`.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        let Self { stdout, stderr, .. } = &self;
        assert_eq!(self.code, code, "exit code\n{stdout}\n{stderr}");
        self
    }

    /// Its output as one JSON value.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).expect("the output is one JSON value")
    }

    /// Its output as one JSON value a line.
    #[track_caller]
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        let lines = self.stdout.lines();
        lines
            .map(|line| serde_json::from_str(line).expect("a line is one JSON value"))
            .collect()
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
        Self {
            code: output.status.code().expect("no signal ended it"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

/// An installation in a folder that goes away with this value.
pub(crate) struct Installation {
    folder: TempDir,
    /// The path, on the console, of the first administrator's one-time link.
    pub(crate) first_link_path: String,
}

impl Installation {
    /// Makes one.
    #[track_caller]
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let made = Run::of(seawall().arg("init").arg(folder.path()).arg("--json")).exits(0);
        let link = made.json()["first_link_path"].as_str().map(str::to_owned);
        Self {
            first_link_path: link.expect("init prints the first link"),
            folder,
        }
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A path inside the folder.
    pub(crate) fn path(&self, inside: impl AsRef<Path>) -> PathBuf {
        self.folder().join(inside)
    }

    /// The configuration file.
    pub(crate) fn config(&self) -> PathBuf {
        self.path("seawall.toml")
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// Adds lines to the end of the configuration.
    pub(crate) fn configure(&self, lines: &str) {
        let text = std::fs::read_to_string(self.config()).expect("the configuration is there");
        std::fs::write(self.config(), format!("{text}\n{lines}\n")).expect("it can be written");
    }

    /// Writes a file into the folder and gives its path.
    pub(crate) fn write(&self, inside: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(inside);
        let parent = path
            .parent()
            .expect("a path inside the folder has a parent");
        std::fs::create_dir_all(parent).expect("its folder can be made");
        std::fs::write(&path, bytes).expect("the file can be written");
        path
    }

    /// The command with this installation's configuration, ready to take more arguments.
    pub(crate) fn command<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
    ) -> Command {
        let mut command = seawall();
        command.arg("--config").arg(self.config()).args(arguments);
        command
    }

    /// Runs the command with this installation's configuration.
    #[track_caller]
    pub(crate) fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Run {
        Run::of(&mut self.command(arguments))
    }

    /// A new bearer token with these scopes: its secret.
    #[track_caller]
    pub(crate) fn token(&self, scopes: &[&str]) -> String {
        let mut command = self.command(["token", "create", "--name", "test", "--json"]);
        for scope in scopes {
            command.args(["--scope", scope]);
        }
        let made = Run::of(&mut command).exits(0).json();
        made["secret"].as_str().expect("a secret").to_owned()
    }

    /// A new user's one-time link: its path on the console.
    #[track_caller]
    pub(crate) fn user(&self, name: &str, role: &str) -> String {
        let made = self.run(["user", "add", name, "--role", role, "--json"]);
        let made = made.exits(0).json();
        made["first_link_path"].as_str().expect("a link").to_owned()
    }

    /// A hash of these bytes, as the command computes it.
    #[track_caller]
    pub(crate) fn hash_of(&self, bytes: &[u8], algorithm: &str) -> String {
        let path = self.write("hashed/file", bytes);
        let report = Run::of(seawall().args(["hash", "--json"]).arg(&path))
            .exits(0)
            .json();
        std::fs::remove_file(path).expect("the file goes again");
        let hashes = report["hashes"].as_array().expect("a list");
        let hash = hashes.iter().find(|hash| hash["algorithm"] == algorithm);
        hash.expect("a hash of that kind")["value"]
            .as_str()
            .expect("a value")
            .to_owned()
    }

    /// Every event of the audit log, oldest first.
    #[track_caller]
    pub(crate) fn log(&self) -> Vec<Value> {
        let database = rusqlite::Connection::open(self.path("data/seawall.db")).expect("it opens");
        let mut statement = database
            .prepare("SELECT body FROM events ORDER BY sequence")
            .expect("the log can be read");
        let bodies = statement
            .query_map([], |row| row.get::<_, String>(0))
            .expect("the log can be read");
        bodies
            .map(|body| serde_json::from_str(&body.expect("a text")).expect("an event is JSON"))
            .collect()
    }

    /// Starts a server in drill mode on free ports.
    #[track_caller]
    pub(crate) fn serve(&self) -> Server {
        Server::start(self, &["--drill"])
    }
}
