//! `cargo xtask crash`: kills the server at random moments and counts what is lost or doubled.
//!
//! The test itself is `crash` of `seawall-cli`; this chore only says how often and from which seed.

use anyhow::Result;

use crate::repository::cargo;
use crate::stages::{self, Stage};
use crate::{Usage, tools};

/// Runs the crash test with `--kills N` and `--seed S`.
///
/// # Errors
/// Where an argument is no number, a tool is missing, or the test fails.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let settings = settings(arguments)?;
    tools::check(&[tools::CC, tools::AR])?;
    let mut command = cargo();
    command.args([
        "test",
        "--package",
        "seawall-cli",
        "--test",
        "crash",
        "--",
        "--nocapture",
    ]);
    command.envs(settings);
    stages::run(vec![Stage::program("crash", command)])
}

/// The environment variables the test reads, from the arguments.
fn settings(arguments: &[String]) -> Result<Vec<(&'static str, String)>> {
    let mut settings = Vec::new();
    let mut rest = arguments.iter();
    while let Some(flag) = rest.next() {
        let variable = match flag.as_str() {
            "--kills" => "SEAWALL_CRASH_KILLS",
            "--seed" => "SEAWALL_CRASH_SEED",
            _ => return Err(Usage(format!("unknown argument {flag:?}")).into()),
        };
        match rest.next().map(|value| value.parse::<u64>()) {
            Some(Ok(number)) => settings.push((variable, number.to_string())),
            Some(Err(_)) | None => {
                return Err(Usage(format!("{flag} needs a whole number")).into());
            }
        }
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_become_the_variables_the_test_reads() {
        let arguments = ["--kills", "80", "--seed", "7"].map(str::to_owned);
        let settings = settings(&arguments).expect("two good flags");
        let expected = [
            ("SEAWALL_CRASH_KILLS", "80".to_owned()),
            ("SEAWALL_CRASH_SEED", "7".to_owned()),
        ];
        assert_eq!(settings, expected);
    }

    #[test]
    fn a_flag_without_a_number_is_refused() {
        for arguments in [&["--kills"][..], &["--kills", "many"], &["--often", "3"]] {
            let arguments: Vec<String> = arguments.iter().map(|&text| text.to_owned()).collect();
            assert!(
                settings(&arguments)
                    .expect_err("must be refused")
                    .is::<Usage>()
            );
        }
    }
}
