//! A running `seawall serve`.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{Api, Console, DEADLINE, Http, Installation};

/// A server of an installation. Killed where the value goes away.
pub(crate) struct Server {
    child: Child,
    /// The lines of its standard output; it ends where the process ends.
    lines: Receiver<String>,
    log: PathBuf,
    /// The line that it printed once it listened.
    pub(crate) listening: Value,
}

impl Server {
    /// Starts `serve` with these arguments, every port free, and waits until it listens.
    #[track_caller]
    pub(crate) fn start(installation: &Installation, arguments: &[&str]) -> Self {
        let mut command = Self::command(installation, arguments);
        Self::spawn(&mut command, installation.path("server.log"))
    }

    /// `serve` with these arguments and every port free, ready to be spawned.
    pub(crate) fn command(installation: &Installation, arguments: &[&str]) -> Command {
        let mut command = installation.command(["serve"]);
        command
            .args(arguments)
            .env("SEAWALL__LISTEN__STAND_IN_PORT", "0");
        for listener in ["CONSOLE", "API", "PUBLIC"] {
            command.env(format!("SEAWALL__LISTEN__{listener}"), "127.0.0.1:0");
        }
        command
    }

    /// Starts this `serve` command, logging to `log`, and waits until it listens.
    #[track_caller]
    pub(crate) fn spawn(command: &mut Command, log: PathBuf) -> Self {
        let stderr = OpenOptions::new().create(true).append(true).open(&log);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr.expect("the log can be written"))
            .spawn()
            .expect("the server starts");
        let stdout = child.stdout.take().expect("standard output is piped");
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // Nobody may be listening any more; then the lines are of no use.
                drop(sender.send(line));
            }
        });
        let first = lines.recv_timeout(DEADLINE);
        let mut server = Self {
            child,
            lines,
            log,
            listening: Value::Null,
        };
        let Ok(line) = first else {
            panic!("the server does not listen:\n{}", server.log())
        };
        server.listening = serde_json::from_str(&line).expect("the line is JSON");
        server
    }

    /// The address of a listener: `console`, `api`, `public` or `stand_in`.
    #[track_caller]
    pub(crate) fn address(&self, listener: &str) -> &str {
        self.listening[listener]
            .as_str()
            .expect("a listener of a drill")
    }

    /// A client for a listener, without credentials.
    pub(crate) fn http(&self, listener: &str) -> Http {
        Http::new(self.address(listener))
    }

    /// A client for the API with this bearer token.
    pub(crate) fn api(&self, secret: &str) -> Api {
        Api::new(self.address("api"), secret)
    }

    /// A client for the console, not signed in.
    pub(crate) fn console(&self) -> Console {
        Console::new(self.address("console"))
    }

    /// Everything that this installation's servers have logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).expect("the log can be read")
    }

    /// The process, for tests that send it signals of their own.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks the server to end, as a service manager does, and waits until it has.
    #[track_caller]
    pub(crate) fn stop(mut self) -> ExitStatus {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("the server runs");
        self.wait()
    }

    /// Ends the server as a crash does, and waits until it has.
    #[track_caller]
    pub(crate) fn kill(mut self) -> ExitStatus {
        self.child.kill().expect("the server runs");
        self.wait()
    }

    /// Waits until the process has ended: its standard output closes with it.
    #[track_caller]
    pub(crate) fn wait(&mut self) -> ExitStatus {
        loop {
            match self.lines.recv_timeout(DEADLINE) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    panic!("the server does not end:\n{}", self.log())
                }
            }
        }
        self.child.wait().expect("the server has ended")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already, which is what is wanted.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
