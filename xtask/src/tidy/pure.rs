//! The rule: levels 0 to 2 do no input or output. Bytes, time and randomness are arguments.

use super::graph::TABLE;
use super::metadata::Metadata;
use super::rust::RustText;
use super::{File, Finding, shipped};

/// The highest level that keeps the rule.
const LEVEL_MAX: u8 = 2;

/// Modules, and whatever stands in them.
const MODULES: [&str; 8] = [
    "std::env",
    "std::fs",
    "std::process",
    "fastrand",
    "getrandom",
    "rand",
    "tokio",
    "rusqlite",
];

/// Names that mean the same under any path.
const NAMES: [&str; 9] = [
    "Instant",
    "OpenOptions",
    "SystemTime",
    "TcpListener",
    "TcpStream",
    "ToSocketAddrs",
    "UdpSocket",
    "stdin",
    "thread_rng",
];

/// The end of a path that reads a clock or the process's own streams.
const ENDS: [&str; 8] = [
    "File::create",
    "File::open",
    "Timestamp::now",
    "Uuid::new_v4",
    "Uuid::now_v7",
    "Zoned::now",
    "io::stderr",
    "io::stdout",
];

/// Crates that do nothing else.
const DEPENDENCIES: [&str; 9] = [
    "axum",
    "fastrand",
    "getrandom",
    "hyper",
    "rand",
    "reqwest",
    "rusqlite",
    "tokio",
    "ureq",
];

/// Looks at the normal dependencies and at the code of the crates of levels 0 to 2.
pub(crate) fn check(files: &[File], workspace: &Metadata) -> Vec<Finding> {
    let crates: Vec<&str> = TABLE
        .iter()
        .filter(|row| row.level <= LEVEL_MAX)
        .map(|row| row.name)
        .collect();
    let mut findings = Vec::new();
    for package in workspace
        .packages
        .iter()
        .filter(|p| crates.contains(&p.name.as_str()))
    {
        for dependency in package.dependencies.iter().filter(|d| d.kind.is_none()) {
            if DEPENDENCIES.contains(&dependency.name.as_str()) {
                let text = format!("depends on {}: this level does no I/O", dependency.name);
                findings.push(Finding::new(&package.name, text));
            }
        }
    }
    for file in shipped(files, &crates) {
        let text = RustText::scan(&file.text);
        for (offset, path) in text.paths() {
            if !text.is_test(offset) && reaches_out(&path) {
                let advice =
                    format!("`{path}` does I/O or reads the clock: take it as an argument");
                findings.push(Finding::at(&file.path, text.line(offset), advice));
            }
        }
    }
    findings
}

fn reaches_out(path: &str) -> bool {
    let within = |module: &str| path == module || path.starts_with(&format!("{module}::"));
    let ends = |end: &str| path == end || path.ends_with(&format!("::{end}"));
    let named = |name: &str| path.contains("::") && path.split("::").any(|part| part == name);
    // `rand` alone may be anybody's variable; as the start of a longer path it is the crate.
    MODULES
        .iter()
        .any(|module| path.contains("::") && within(module))
        || NAMES.iter().any(|name| named(name))
        || ENDS.iter().any(|end| ends(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        let metadata = Metadata {
            packages: Vec::new(),
            resolve: None,
        };
        check(
            &[File {
                path: path.to_owned(),
                text: text.to_owned(),
            }],
            &metadata,
        )
        .len()
    }

    #[test]
    fn files_clocks_and_chance_are_found_at_the_lower_levels_alone() {
        for bad in [
            "use std::fs;",
            "use std::{fs, fmt};",
            "use std::time::{Duration, Instant};",
            "fn a() { let b = std::env::var(\"X\"); }",
            "fn a() { jiff::Timestamp::now(); }",
            "fn a() { rand::random::<u8>(); }",
            "use std::fs::File;",
            "use std::net::TcpStream;",
            "fn a() { File::open(b); }",
        ] {
            assert!(count("crates/seawall/src/a.rs", bad) > 0, "{bad}");
            assert_eq!(count("crates/seawall-store/src/a.rs", bad), 0, "{bad}");
            let test = format!("#[cfg(test)]\nmod tests {{ {bad} }}");
            assert_eq!(count("crates/seawall/src/a.rs", &test), 0, "{bad}");
        }
    }

    #[test]
    fn readers_durations_addresses_and_build_settings_are_no_io() {
        let good = "use std::{io::{self, Read}, net::IpAddr, time::Duration};\n\
                    // std::fs\n\
                    const A: &str = env!(\"CARGO_PKG_VERSION\");\n\
                    fn a(rand: u8, instant: u8) -> u8 { rand }";
        assert_eq!(count("crates/seawall-decode/src/a.rs", good), 0);
    }
}
