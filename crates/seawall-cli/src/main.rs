//! The `seawall` command: one file per subcommand under `command/`.
//!
//! Exit codes: 0 ok · 1 some inputs failed · 2 usage, or the work could not be started ·
//! 3 a match was found (only with `--exit-code`; it outranks 1).

mod command;
mod folder;
mod inputs;
mod output;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    // What is made belongs to whoever made it: database, vault, exports.
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let cli = command::Cli::parse();
    match command::run(cli) {
        Ok(exit) => exit.into(),
        Err(error) => {
            output::error(&error);
            output::Exit::NotStarted.into()
        }
    }
}
