//! The subcommands.

mod audit;
mod bank;
mod bench;
mod config;
mod exchange;
mod hash;
mod hma;
mod init;
mod matching;
mod openapi;
mod seen;
mod selftest;
mod serve;
mod sim;
mod token;
mod user;
mod version;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::output::Exit;

/// Known-material hash matching, case review and reporting in one program.
#[derive(Parser)]
#[command(name = "seawall", version, about, max_term_width = 100, after_help = EXAMPLES)]
pub(crate) struct Cli {
    /// The configuration file.
    #[arg(
        long,
        global = true,
        env = "SEAWALL_CONFIG",
        default_value = "seawall.toml"
    )]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a folder with configuration, keys, database and a first administrator.
    Init(init::Init),
    /// Run the server.
    Serve(serve::Serve),
    /// Hash files; needs no server.
    Hash(hash::Hash),
    /// Match files or hashes against lists; needs no server.
    Match(matching::Match),
    /// Keep banks of known hashes.
    #[command(subcommand)]
    Bank(bank::Bank),
    /// Keep exchanges: partners whose lists are taken over.
    #[command(subcommand)]
    Exchange(exchange::Exchange),
    /// Move from HMA: take its banks over, and hold its answers against Seawall's.
    #[command(subcommand)]
    Hma(hma::Hma),
    /// Measure this machine: hashing, matching, memory; needs no server.
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Look into what matched nothing when it came.
    #[command(subcommand)]
    Seen(seen::Seen),
    /// Prove the audit log.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Check the configuration.
    #[command(subcommand)]
    Config(config::Config),
    /// Keep the people who sign in to the console.
    #[command(subcommand)]
    User(user::User),
    /// Keep the bearer tokens of programs.
    #[command(subcommand)]
    Token(token::Token),
    /// Prove that a running server finds, opens a case and notifies; files nothing.
    Selftest(selftest::Selftest),
    /// Stand in for a partner on this machine, with generated values, for a drill.
    Sim(sim::Sim),
    /// Print the version.
    Version(version::Version),
    /// Print the OpenAPI document.
    #[command(hide = true)]
    Openapi,
    /// Print the OpenAPI document of the interface for clients of HMA.
    #[command(hide = true)]
    HmaOpenapi,
    /// Decode hostile bytes from standard input, confined.
    #[command(hide = true)]
    Worker,
}

/// Runs one subcommand.
pub(crate) fn run(cli: Cli) -> anyhow::Result<Exit> {
    let path = &cli.config;
    match cli.command {
        // Before anything else exists: the confinement covers every thread of the process.
        Command::Worker => {
            seawall_workflow::worker::run_worker()?;
            Ok(Exit::Ok)
        }
        Command::Init(command) => command.run(),
        Command::Serve(command) => command.run(path),
        Command::Hash(command) => command.run(),
        Command::Match(command) => command.run(),
        Command::Bank(command) => command.run(path),
        Command::Exchange(command) => command.run(path),
        Command::Hma(command) => command.run(path),
        Command::Bench(command) => command.run(),
        Command::Seen(command) => command.run(path),
        Command::Audit(command) => command.run(path),
        Command::Config(command) => command.run(path),
        Command::User(command) => command.run(path),
        Command::Token(command) => command.run(path),
        Command::Selftest(command) => command.run(path),
        Command::Sim(command) => command.run(),
        Command::Version(command) => command.run(),
        Command::Openapi => openapi::run(),
        Command::HmaOpenapi => openapi::run_hma(),
    }
}

/// A runtime for the commands that wait for decoder processes or answers.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}

const EXAMPLES: &str = "Examples:
  seawall hash photo.jpg                      hash one picture
  seawall match --list known.txt uploads/     match a folder against a list
  seawall init /srv/seawall --admin alex      make an installation
  seawall serve --config /srv/seawall/seawall.toml --drill";

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definitions_hold_and_every_subcommand_has_examples() {
        let mut root = Cli::command();
        root.clone().debug_assert();
        let mut missing = Vec::new();
        for command in root
            .get_subcommands_mut()
            .filter(|command| !command.is_hide_set())
        {
            let name = command.get_name().to_owned();
            if !command.render_long_help().to_string().contains("Examples:") {
                missing.push(name);
            }
        }
        assert_eq!(missing, Vec::<String>::new());
    }
}
