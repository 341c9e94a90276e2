//! `cargo xtask fuzz`: lets the fuzzer look for bytes that break a reader.
//!
//! It needs the nightly toolchain, and installs `cargo-fuzz` where that is absent. What it
//! finds lies in `fuzz/artifacts`; a find that was mended goes to `fuzz/seeds`, where a test
//! on the stable toolchain runs it for ever.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use seawall_testkit::fuzz_seeds;

use crate::Usage;
use crate::repository::{cargo, root, succeed};

/// Runs every fuzz target for `--minutes N` (one where nothing is said), or the targets that
/// are named.
///
/// # Errors
/// Where an argument is wrong, a tool cannot be installed, or a target finds something.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let (minutes, wanted) = settings(arguments)?;
    store_seeds()?;
    let targets = targets()?;
    for name in &wanted {
        ensure!(targets.contains(name), "there is no fuzz target {name:?}");
    }
    install_fuzzer()?;
    let is_wanted = |name: &&String| wanted.is_empty() || wanted.contains(name);
    for target in targets.iter().filter(is_wanted) {
        fuzz(target, minutes)?;
    }
    println!("No target found anything.");
    Ok(())
}

fn settings(arguments: &[String]) -> Result<(u64, Vec<String>)> {
    let (mut minutes, mut wanted) = (1, Vec::new());
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == "--minutes" {
            let number = rest.next().and_then(|value| value.parse().ok());
            let usage = || Usage("--minutes needs a whole number".to_owned());
            minutes = number.ok_or_else(usage)?;
        } else if argument.starts_with('-') {
            return Err(Usage(format!("unknown argument {argument:?}")).into());
        } else {
            wanted.push(argument.clone());
        }
    }
    Ok((minutes, wanted))
}

/// The targets, by the names of their files.
fn targets() -> Result<Vec<String>> {
    let folder = root().join("fuzz/fuzz_targets");
    let listing = std::fs::read_dir(&folder).context("listing the fuzz targets")?;
    let mut names = Vec::new();
    for entry in listing {
        let path = entry.context("listing the fuzz targets")?.path();
        let name = path.file_stem().context("reading a target's name")?;
        names.push(name.to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// Writes what the fuzzer starts from; what was found before lies beside it.
fn store_seeds() -> Result<()> {
    let folder = root().join("fuzz/seeds");
    for seed in fuzz_seeds() {
        write(&folder.join(seed.target), seed.name, &seed.bytes)?;
    }
    let heics = [
        "444",
        "turned",
        "grid",
        "shape",
        "grid-alpha",
        "grid-window",
    ];
    let avifs = ["444", "turned", "grid", "shape", "moving-small"];
    for (extension, names) in [("heic", &heics[..]), ("avif", &avifs)] {
        let target = format!("decode_{extension}");
        for name in names {
            let file = format!("{name}.{extension}");
            let bytes = std::fs::read(root().join("vectors").join(&file))
                .with_context(|| format!("reading vectors/{file}"))?;
            write(&folder.join(&target), name, &bytes)?;
        }
    }
    Ok(())
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(folder.join(name), bytes))
        .with_context(|| format!("writing the seed {name}"))
}

fn install_fuzzer() -> Result<()> {
    let mut version = cargo();
    version.args(["fuzz", "--version"]);
    if crate::repository::output(&mut version).is_ok() {
        return Ok(());
    }
    println!("Installing cargo-fuzz from the package registry.");
    let mut install = cargo();
    install.args(["install", "cargo-fuzz", "--locked"]);
    succeed(&mut install)
}

fn fuzz(target: &str, minutes: u64) -> Result<()> {
    let corpus = root().join("fuzz/corpus").join(target);
    std::fs::create_dir_all(&corpus).context("making a folder for what is found on the way")?;
    // Not the cargo that runs this: that one belongs to the stable toolchain.
    let mut command = Command::new("cargo");
    command
        .current_dir(root())
        .env_remove("CARGO")
        .env_remove("RUSTUP_TOOLCHAIN")
        // The AV1 decoder loses 48 bytes with every picture; a worker is replaced after some
        // hundred files.
        .env("ASAN_OPTIONS", "detect_leaks=0")
        // With `-O` the assertions are those that the profile in fuzz/Cargo.toml asks for.
        .args(["+nightly", "fuzz", "run", "-O", target])
        .arg(format!("fuzz/corpus/{target}"))
        .arg(format!("fuzz/seeds/{target}"))
        .arg("--")
        .arg(format!("-max_total_time={}", minutes * 60))
        .args(["-rss_limit_mb=1024", "-timeout=20", "-max_len=65536"])
        .arg("-detect_leaks=0");
    println!();
    succeed(&mut command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_and_names_are_read() {
        let read = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            settings(&words)
        };
        assert_eq!(read(&[]).expect("nothing"), (1, Vec::new()));
        let (minutes, wanted) = read(&["list", "--minutes", "5"]).expect("good");
        assert_eq!((minutes, wanted), (5, vec!["list".to_owned()]));
        for bad in [&["--minutes"][..], &["--minutes", "x"], &["--fast"]] {
            assert!(read(bad).expect_err("must be refused").is::<Usage>());
        }
    }

    #[test]
    fn every_seed_belongs_to_a_target() {
        let targets = targets().expect("the folder is there");
        assert!(!targets.is_empty());
        for seed in fuzz_seeds() {
            assert!(targets.iter().any(|target| target == seed.target));
        }
    }
}
