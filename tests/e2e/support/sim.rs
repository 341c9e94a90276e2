//! `seawall sim`: a stand-in for a partner, driven by orders.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::Value;

use super::{Installation, seawall};

/// A running stand-in. Killed where the value goes away.
pub(crate) struct Sim {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Sim {
    /// Starts one, and gives the line that it printed once it listened.
    pub(crate) fn start(arguments: &[&str]) -> (Self, Value) {
        let mut child = seawall()
            .arg("sim")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let orders = child.stdin.take().expect("piped");
        let answers = BufReader::new(child.stdout.take().expect("piped"));
        let mut sim = Self {
            child,
            orders,
            answers,
        };
        let first = sim.answer();
        (sim, first)
    }

    /// Starts one of StopNCII with these values, and sets it up as the exchange `partner`, which
    /// fills the bank PARTNERS.
    pub(crate) fn exchange(installation: &Installation, values: &[&str]) -> Self {
        let (mut sim, listening) = Self::start(&["stop-ncii", "--entries", "0"]);
        for value in values {
            sim.order(&format!("put {value}"));
        }
        set_up(installation, &listening);
        sim
    }

    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("a line");
        serde_json::from_str(&line).expect("JSON")
    }

    /// Gives it an order; what it answers.
    pub(crate) fn order(&mut self, order: &str) -> Value {
        writeln!(self.orders, "{order}").expect("it reads");
        self.answer()
    }
}

/// Sets up the exchange `partner` with a stand-in of StopNCII that printed this line.
pub(crate) fn set_up(installation: &Installation, listening: &Value) {
    let mut secrets = Vec::new();
    for key in ["subscription_key", "fetch_key"] {
        let secret = listening["credentials"][key].as_str();
        installation.write(key, secret.expect("a credential"));
        secrets.push(format!("{key} = \"file:{key}\""));
    }
    installation.configure(&format!(
        "[exchange.partner]\nprotocol = \"stop_ncii\"\nbank = \"PARTNERS\"\nurl = {}\n\
         network = \"loopback\"\nsecrets = {{ {} }}",
        listening["base"],
        secrets.join(", ")
    ));
}

/// Takes the exchange `partner`, which was set up last, out of the configuration again.
pub(crate) fn take_out(installation: &Installation) {
    let text = std::fs::read_to_string(installation.config()).expect("it is there");
    let (rest, _) = text.split_once("[exchange.partner]").expect("it is set up");
    std::fs::write(installation.config(), rest).expect("it can be written");
}

/// A PDQ value that nothing is said against, far from those of other numbers below nine.
pub(crate) fn value(number: usize) -> String {
    let text = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22";
    let (end, start) = text.split_at(number * 7 % 64);
    format!("{start}{end}")
}

impl Drop for Sim {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
