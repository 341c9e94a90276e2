//! `seawall serve` as a child process that does not outlive this one.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use super::client::Client;

/// How long the server may take to open its listeners, and then to be ready.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How long it may take to end after it was asked to.
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// Pause between two questions whether the server is ready.
const POLL_PAUSE: Duration = Duration::from_millis(50);

/// Where the listeners are: the line the server prints once they are open.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Addresses {
    /// The native interface.
    pub(crate) api: String,
    /// The reviewers' console.
    pub(crate) console: String,
    /// The public listener.
    pub(crate) public: String,
    /// The partners' stand-in, in drill mode.
    pub(crate) stand_in: Option<String>,
    /// Listeners that found their port taken and took another.
    pub(crate) moved_ports: Vec<String>,
}

/// A running server.
pub(crate) struct Server {
    child: Child,
    lines: Receiver<String>,
    log: PathBuf,
    /// Where its listeners are.
    pub(crate) addresses: Addresses,
}

impl Server {
    /// Starts the command and waits until it says where it listens and that it is ready.
    ///
    /// # Errors
    /// Where it cannot be started, ends, or takes too long: with the end of its log.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let file = File::create(log).context("creating the server's log")?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .context("starting `seawall serve`")?;
        let lines = lines_of(&mut child)?;
        let announced = announcement(&lines);
        // From here on the child is killed by `drop`, whatever happens.
        let addresses = announced.as_ref().ok().cloned().unwrap_or_default();
        let server = Self {
            child,
            lines,
            log: log.to_owned(),
            addresses,
        };
        announced
            .and_then(|addresses| ready(&addresses.api))
            .with_context(|| server.last_words())?;
        Ok(server)
    }

    /// Waits until the server ends by itself or is interrupted.
    ///
    /// # Errors
    /// Where the process cannot be waited for.
    pub(crate) fn wait(mut self) -> Result<ExitStatus> {
        self.child.wait().context("waiting for the server")
    }

    /// Asks the server to end, and checks that it does so cleanly.
    ///
    /// # Errors
    /// Where it does not end in time or ends with a failure.
    pub(crate) fn stop(mut self) -> Result<()> {
        // The standard library can only kill; every shell has this one.
        let ask = format!("kill -TERM {}", self.child.id());
        let asked = Command::new("sh")
            .args(["-c", &ask])
            .status()
            .context("asking it to end")?;
        if !asked.success() {
            bail!("`{ask}` ended with {asked}; {}", self.last_words());
        }
        self.drain()?;
        let status = self.child.wait().context("waiting for the server")?;
        if !status.success() {
            bail!("the server ended with {status}; {}", self.last_words());
        }
        Ok(())
    }

    /// Reads until the server closes its output, which it does when it ends.
    fn drain(&mut self) -> Result<()> {
        let until = Instant::now() + STOP_LIMIT;
        loop {
            match self
                .lines
                .recv_timeout(until.saturating_duration_since(Instant::now()))
            {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
                Err(RecvTimeoutError::Timeout) => {
                    bail!("the server did not end within {} s", STOP_LIMIT.as_secs());
                }
            }
        }
    }

    /// What the server's process holds in memory, in megabytes of a million bytes.
    ///
    /// # Errors
    /// Where the system does not say.
    pub(crate) fn resident_mb(&self) -> Result<f64> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(path).context("asking for the server's memory")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        Ok(kib.context("the system does not tell the server's memory")? * 1024.0 / 1e6)
    }

    fn last_words(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let last = lines[lines.len().saturating_sub(12)..].join("\n");
        format!(
            "the server's log {} ends with:\n{last}\n",
            self.log.display()
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Passes the child's lines on from a thread, so that waiting for one can end in time.
fn lines_of(child: &mut Child) -> Result<Receiver<String>> {
    let output = child.stdout.take().context("taking the server's output")?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    Ok(receiver)
}

/// The first line that is the announcement; others are for people.
fn announcement(lines: &Receiver<String>) -> Result<Addresses> {
    let until = Instant::now() + START_LIMIT;
    loop {
        match lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                if let Ok(addresses) = serde_json::from_str(&line) {
                    return Ok(addresses);
                }
            }
            Err(RecvTimeoutError::Disconnected) => bail!("the server ended at its start"),
            Err(RecvTimeoutError::Timeout) => {
                bail!(
                    "the server did not open its listeners within {} s",
                    START_LIMIT.as_secs()
                );
            }
        }
    }
}

/// Asks `/readyz` until it says yes.
fn ready(api: &str) -> Result<()> {
    let client = Client::new(api);
    let until = Instant::now() + START_LIMIT;
    loop {
        let answer = client.get("/readyz");
        if answer.as_ref().is_ok_and(|answer| answer.status == 200) {
            return Ok(());
        }
        if Instant::now() > until {
            answer?
                .expect_status(200)
                .context("asking whether the server is ready")?;
        }
        thread::sleep(POLL_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_server_that_ends_at_once_is_told_with_its_last_words() {
        let log = std::env::temp_dir().join(format!("xtask-server-{}.log", std::process::id()));
        let started = Server::start(&mut shell("echo 'the port is taken' >&2; exit 1"), &log);
        let error = format!("{:#}", started.err().expect("must fail"));
        fs::remove_file(&log).expect("the log was made");
        assert!(error.contains("ended at its start"), "{error}");
        assert!(error.contains("the port is taken"), "{error}");
    }

    #[test]
    fn the_announcement_is_found_among_other_lines() {
        let (sender, receiver) = mpsc::channel();
        for line in [
            "hello",
            "{}",
            r#"{"event":"listening","api":"http://a","console":"http://c","public":"http://p","stand_in":null,"moved_ports":[]}"#,
        ] {
            sender.send(line.to_owned()).expect("the receiver is there");
        }
        let addresses = announcement(&receiver).expect("announced");
        assert_eq!(
            (addresses.api.as_str(), addresses.console.as_str()),
            ("http://a", "http://c")
        );
        drop(sender);
        assert!(announcement(&receiver).is_err());
    }
}
