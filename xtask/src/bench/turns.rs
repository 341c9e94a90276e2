//! Programs that take turns at the same work.
//!
//! Each runs in a process of its own, gets ready, says what its answer is, and then works once
//! for each line that it is sent, so that no program has the quieter minutes to itself.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::repository::describe;

/// One program that is ready.
pub(crate) struct Turn {
    /// Under this name its figures are kept.
    pub(crate) name: String,
    /// Whether it is Seawall.
    pub(crate) is_ours: bool,
    /// What it said when it was ready.
    pub(crate) answer: Value,
    /// From the seconds of a round to the line's unit.
    scale: f64,
    child: Child,
    input: Option<ChildStdin>,
    lines: BufReader<ChildStdout>,
}

impl Turn {
    /// Starts it and waits until it is ready.
    ///
    /// # Errors
    /// Where it cannot be started or ends instead.
    pub(crate) fn start(name: &str, is_ours: bool, command: &mut Command) -> Result<Self> {
        println!("  {name} gets ready");
        let called = describe(command);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting `{called}`"))?;
        let output = child.stdout.take().context("taking its output")?;
        let mut turn = Self {
            name: name.to_owned(),
            is_ours,
            answer: Value::Null,
            scale: 1.0,
            input: child.stdin.take(),
            child,
            lines: BufReader::new(output),
        };
        turn.answer = turn.line().with_context(|| format!("running `{called}`"))?;
        Ok(turn)
    }

    /// The same with figures in another unit than seconds a round.
    pub(crate) fn scaled(mut self, scale: f64) -> Self {
        self.scale = scale;
        self
    }

    /// A number of its answer.
    ///
    /// # Errors
    /// Where it gave none.
    pub(crate) fn number(&self, field: &str) -> Result<f64> {
        let number = self.answer[field].as_f64();
        number.with_context(|| format!("{} did not say its {field}", self.name))
    }

    /// A text of its answer.
    ///
    /// # Errors
    /// As [`Turn::number`].
    pub(crate) fn text(&self, field: &str) -> Result<&str> {
        let text = self.answer[field].as_str();
        text.with_context(|| format!("{} did not say its {field}", self.name))
    }

    /// Refuses a program that did not find exactly the pairs there are.
    ///
    /// # Errors
    /// Where a pair is missing or one too many was found.
    pub(crate) fn found_all_pairs(&self) -> Result<()> {
        let (expected, found) = (self.number("pairs_expected")?, self.number("pairs_found")?);
        let unexpected = self.number("pairs_unexpected")?;
        ensure!(
            expected == found && unexpected == 0.0 && expected > 0.0,
            "{} found {found} of {expected} pairs, and {unexpected} that are none",
            self.name
        );
        Ok(())
    }

    /// One round that does the work `times` times: the mean, in the line's unit.
    fn round(&mut self, times: u32) -> Result<f64> {
        let input = self.input.as_mut().context("its input is open")?;
        writeln!(input, "{times}").and_then(|()| input.flush())?;
        let line = self
            .line()
            .with_context(|| format!("timing {}", self.name))?;
        let seconds = line["seconds"].as_f64();
        Ok(seconds.with_context(|| format!("{} gave no time", self.name))? * self.scale)
    }

    fn line(&mut self) -> Result<Value> {
        let mut line = String::new();
        if self.lines.read_line(&mut line)? == 0 {
            let status = self.child.wait()?;
            bail!("it ended ({status}) before it answered");
        }
        serde_json::from_str(&line).context("reading its line as JSON")
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // A closed input ends the program; it may have ended already, which is as good.
        self.input.take();
        self.child.wait().ok();
    }
}

/// Lets each work in turn, `repeats` times over: the figures of each, in order.
///
/// # Errors
/// Where one of them fails.
pub(crate) fn in_turn(turns: &mut [Turn], repeats: usize, times: u32) -> Result<Vec<Vec<f64>>> {
    let mut figures = vec![Vec::new(); turns.len()];
    for _ in 0..repeats {
        for (turn, figures) in turns.iter_mut().zip(&mut figures) {
            figures.push(turn.round(times)?);
        }
    }
    Ok(figures)
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
    fn each_works_once_a_round_and_in_its_unit() {
        let script = |seconds: &str| {
            format!("echo '{{\"n\": 4}}'; while read n; do echo '{{\"seconds\": {seconds}}}'; done")
        };
        let start = |seconds: &str| Turn::start("a", true, &mut shell(&script(seconds)));
        let mut turns = [
            start("0.5").expect("starts"),
            start("2").expect("starts").scaled(1e3),
        ];
        assert_eq!(turns[0].number("n").expect("said"), 4.0);
        assert!(turns[0].number("m").is_err());
        let figures = in_turn(&mut turns, 2, 1).expect("both answer");
        assert_eq!(figures, [[0.5, 0.5], [2000.0, 2000.0]]);
    }

    #[test]
    fn one_that_ends_or_is_wrong_is_an_error() {
        assert!(Turn::start("a", true, &mut shell("exit 3")).is_err());
        let pairs = |found: u32, more: u32| {
            let script = format!(
                "echo '{{\"pairs_expected\": 3, \"pairs_found\": {found}, \"pairs_unexpected\": {more}}}'"
            );
            let turn = Turn::start("a", false, &mut shell(&script)).expect("starts");
            turn.found_all_pairs().is_ok()
        };
        assert!(pairs(3, 0) && !pairs(2, 0) && !pairs(3, 1));
    }
}
