//! Every chore of this repository: `cargo xtask help` lists them.
//!
//! One file a chore. Nothing but git, a C compiler and the Rust toolchain has to be there
//! before; what else a chore needs it fetches itself or asks for by name.

#![expect(
    clippy::print_stdout,
    reason = "a chore talks to the person who started it"
)]

mod bench;
mod contract;
mod crash;
mod demo;
mod fuzz;
mod generate;
mod python;
mod repository;
mod sanitize;
mod stages;
mod test;
mod tidy;
mod tools;
mod wasm;

use std::process::ExitCode;

use anyhow::Result;

/// A chore: its name, what the help says about it, and the code.
struct Chore {
    name: &'static str,
    arguments: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result<()>,
}

const CHORES: [Chore; 10] = [
    Chore {
        name: "demo",
        arguments: "[--once] [--fast]",
        about: "build Seawall and play the whole path, from an upload to a receipt",
        run: demo::run,
    },
    Chore {
        name: "test",
        arguments: "",
        about: "everything CI runs, with the minutes of each stage",
        run: test::run,
    },
    Chore {
        name: "tidy",
        arguments: "",
        about: "the rules of structure, names, words and licences",
        run: tidy::run,
    },
    Chore {
        name: "gen",
        arguments: "[--check]",
        about: "write the generated files (the OpenAPI description), or compare them",
        run: generate::run,
    },
    Chore {
        name: "bench",
        arguments: "[--quick] [--minutes N] [PART...]",
        about: "measure Seawall beside its peers, which it installs, and keep a record",
        run: bench::run,
    },
    Chore {
        name: "fuzz",
        arguments: "[--minutes N] [TARGET]",
        about: "run the fuzz targets on the nightly toolchain, N minutes each",
        run: fuzz::run,
    },
    Chore {
        name: "wasm",
        arguments: "",
        about: "run the PDQ kernels' suite in WebAssembly",
        run: wasm::run,
    },
    Chore {
        name: "sanitize",
        arguments: "",
        about: "run the unsafe crate's tests under the address sanitizer and valgrind",
        run: sanitize::run,
    },
    Chore {
        name: "contract",
        arguments: "",
        about: "hold a server against its OpenAPI documents with generated requests",
        run: contract::run,
    },
    Chore {
        name: "crash",
        arguments: "[--kills N] [--seed S]",
        about: "kill the server at random moments and check that nothing is lost or doubled",
        run: crash::run,
    },
];

/// The arguments were wrong: usage, exit code 2.
#[derive(Debug)]
struct Usage(String);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<Usage>() => {
            eprintln!("xtask: {error}\n\n{}", usage());
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    let Some((name, rest)) = arguments.split_first() else {
        return Err(Usage("which chore?".to_owned()).into());
    };
    if matches!(name.as_str(), "help" | "--help" | "-h") {
        println!("{}", usage());
        return Ok(());
    }
    let Some(chore) = CHORES.iter().find(|chore| chore.name == name) else {
        return Err(Usage(format!("there is no chore {name:?}")).into());
    };
    (chore.run)(rest)
}

fn usage() -> String {
    let mut text = "Usage: cargo xtask CHORE\n".to_owned();
    for chore in &CHORES {
        let call = format!("{} {}", chore.name, chore.arguments);
        text.push_str(&format!("\n  {call:<31}{}", chore.about));
    }
    text.push_str(&format!("\n  {:<31}{}", "help", "this list"));
    text
}

/// Refuses arguments that a chore does not know.
///
/// # Errors
/// A usage error that names the first unknown argument.
fn known_flags(arguments: &[String], known: &[&str]) -> Result<()> {
    match arguments
        .iter()
        .find(|argument| !known.contains(&argument.as_str()))
    {
        Some(argument) => Err(Usage(format!("unknown argument {argument:?}")).into()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(arguments: &[&str]) -> Result<()> {
        let arguments: Vec<String> = arguments.iter().map(|&text| text.to_owned()).collect();
        dispatch(&arguments)
    }

    #[test]
    fn an_unknown_chore_or_flag_is_a_usage_error() {
        for arguments in [
            &[][..],
            &["dance"],
            &["tidy", "--loudly"],
            &["crash", "--kills", "x"],
        ] {
            let error = call(arguments).expect_err("must be refused");
            assert!(error.is::<Usage>(), "{arguments:?}: {error:#}");
        }
    }

    #[test]
    fn the_help_lists_every_chore() {
        let text = usage();
        for chore in &CHORES {
            assert!(text.contains(chore.about), "{} is missing", chore.name);
        }
    }
}
