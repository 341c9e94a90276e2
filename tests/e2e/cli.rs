//! The command line on the real binary.

#[path = "cli/access.rs"]
mod access;
#[path = "cli/audit.rs"]
mod audit;
#[path = "cli/banks.rs"]
mod banks;
#[path = "cli/bench.rs"]
mod bench;
#[path = "cli/hash.rs"]
mod hash;
#[path = "cli/log.rs"]
mod log;
#[path = "cli/matching.rs"]
mod matching;
#[path = "cli/seen.rs"]
mod seen;
#[path = "cli/selftest.rs"]
mod selftest;
#[path = "cli/setup.rs"]
mod setup;
#[path = "cli/sim.rs"]
mod sim;
mod support;

use support::{Run, seawall};

#[test]
fn version_is_printed() {
    let run = Run::of(seawall().args(["version", "--json"])).exits(0);
    assert_eq!(
        run.json(),
        serde_json::json!({ "version": env!("CARGO_PKG_VERSION") })
    );
    let run = Run::of(seawall().arg("version")).exits(0);
    assert_eq!(
        run.stdout,
        format!("seawall {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn help_of_every_subcommand_has_examples() {
    let help = Run::of(seawall().arg("help")).exits(0).stdout;
    let (_, commands) = help.split_once("Commands:\n").expect("a list of commands");
    let names: Vec<&str> = commands
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next())
        .filter(|name| name.starts_with(char::is_lowercase) && *name != "help")
        .collect();
    for wanted in [
        "init", "serve", "hash", "match", "bank", "bench", "audit", "config", "user", "token",
        "selftest", "sim", "version",
    ] {
        assert!(names.contains(&wanted), "{wanted} is missing: {names:?}");
    }
    for name in names {
        let help = Run::of(seawall().args([name, "--help"])).exits(0).stdout;
        assert!(help.contains("Examples:"), "{name}");
    }
}

#[test]
fn what_cannot_be_understood_ends_with_two_and_says_why() {
    for (arguments, said) in [
        (&["hash"][..], "required"),
        (&["hash", "--colour", "x.png"], "--colour"),
        (&["match", "x.png"], "--list"),
        (
            &["match", "--list", "x", "--max-distance", "257", "x.png"],
            "257",
        ),
        (
            &["match", "--list", "x", "--max-distance", "-1", "x.png"],
            "-1",
        ),
        (
            &["match", "--list", "x", "--hashes", "y", "x.png"],
            "cannot be used with",
        ),
        (&["paint"], "paint"),
        (&["bank", "create", "lower case"], "lower case"),
        (
            &["token", "create", "--name", "a", "--scope", "everything"],
            "scan, banks.read",
        ),
        (
            &["--config", "nowhere/seawall.toml", "bank", "list"],
            "seawall init",
        ),
        (
            &["--config", "nowhere/seawall.toml", "serve"],
            "seawall init",
        ),
    ] {
        let run = Run::of(seawall().args(arguments)).exits(2);
        assert!(run.stderr.contains(said), "{arguments:?}: {}", run.stderr);
        assert!(run.stdout.is_empty(), "{arguments:?}: {}", run.stdout);
    }
}
