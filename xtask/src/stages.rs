//! Stages that run one after the other, each with its time.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::repository::describe;

/// More than this for everything is a fault, on two cores.
const LIMIT: Duration = Duration::from_secs(35 * 60);

/// What one stage does.
pub(crate) enum Work {
    /// A program, its output streamed.
    Program(Command),
    /// Code of this program.
    Chore(fn(&[String]) -> Result<()>),
}

/// One stage of a run.
pub(crate) struct Stage {
    /// Its name in the table.
    pub(crate) name: &'static str,
    /// The command that does the same by hand.
    pub(crate) by_hand: String,
    /// The work.
    pub(crate) work: Work,
}

impl Stage {
    /// A stage that runs a program.
    pub(crate) fn program(name: &'static str, command: Command) -> Self {
        let mut by_hand = String::new();
        for (key, value) in command.get_envs() {
            if let Some(value) = value {
                let (key, value) = (key.to_string_lossy(), value.to_string_lossy());
                by_hand.push_str(&format!("{key}={value:?} "));
            }
        }
        by_hand.push_str(&describe(&command));
        Self {
            name,
            by_hand,
            work: Work::Program(command),
        }
    }

    /// A stage that is a chore without arguments.
    pub(crate) fn chore(
        name: &'static str,
        by_hand: &str,
        chore: fn(&[String]) -> Result<()>,
    ) -> Self {
        Self {
            name,
            by_hand: by_hand.to_owned(),
            work: Work::Chore(chore),
        }
    }
}

/// Runs the stages until one fails, and prints the minutes of each.
///
/// # Errors
/// The first stage that failed, with the command that repeats it.
pub(crate) fn run(stages: Vec<Stage>) -> Result<()> {
    let started = Instant::now();
    let mut times: Vec<(&'static str, Duration)> = Vec::new();
    let mut failure = None;
    for stage in stages {
        println!("\n── {} ── {}", stage.name, stage.by_hand);
        let began = Instant::now();
        let outcome = work(stage.work);
        times.push((stage.name, began.elapsed()));
        if let Err(error) = outcome {
            let text = format!(
                "the stage {} failed; to repeat it: {}",
                stage.name, stage.by_hand
            );
            failure = Some(error.context(text));
            break;
        }
    }
    println!("\n{}", table(&times, started.elapsed()));
    failure.map_or(Ok(()), Err)
}

fn work(work: Work) -> Result<()> {
    match work {
        Work::Chore(chore) => chore(&[]),
        Work::Program(mut command) => {
            let name = describe(&command);
            let status = command
                .status()
                .with_context(|| format!("starting `{name}`"))?;
            if status.success() {
                return Ok(());
            }
            bail!("`{name}` ended with {status}")
        }
    }
}

fn table(times: &[(&str, Duration)], total: Duration) -> String {
    let mut text = format!("{:<12}{:>8}\n", "stage", "minutes");
    for (name, time) in times {
        text.push_str(&format!("{name:<12}{:>8.1}\n", minutes(*time)));
    }
    text.push_str(&format!("{:<12}{:>8.1}", "all", minutes(total)));
    if total > LIMIT {
        let limit = minutes(LIMIT);
        text.push_str(&format!(
            "\n✗ fault: this took more than {limit:.0} minutes in all"
        ));
    }
    text
}

fn minutes(time: Duration) -> f64 {
    time.as_secs_f64() / 60.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(_: &[String]) -> Result<()> {
        bail!("it is broken")
    }

    fn never(_: &[String]) -> Result<()> {
        unreachable!("the stage before failed")
    }

    #[test]
    fn the_first_failure_ends_the_run_and_names_the_command() {
        let stages = vec![
            Stage::chore("one", "make one", fail),
            Stage::chore("two", "make two", never),
        ];
        let error = format!("{:#}", run(stages).expect_err("the first stage fails"));
        assert!(
            error.contains("make one") && error.contains("it is broken"),
            "{error}"
        );
    }

    #[test]
    fn a_program_that_fails_fails_its_stage() {
        let mut command = Command::new("sh");
        command.args(["-c", "exit 3"]).env("COLOUR", "no thanks");
        let error = format!(
            "{:#}",
            run(vec![Stage::program("sh", command)]).expect_err("exit 3")
        );
        assert!(
            error.contains("COLOUR=\"no thanks\" sh -c exit 3"),
            "{error}"
        );
    }

    #[test]
    fn more_than_the_limit_is_a_fault() {
        let times = [("docs", Duration::from_secs(90))];
        assert!(table(&times, LIMIT).contains("docs             1.5"));
        assert!(!table(&times, LIMIT).contains("fault"));
        assert!(table(&times, LIMIT + Duration::from_secs(1)).contains("fault"));
    }
}
