//! `cargo xtask bench`: Seawall beside its peers, in one run on one machine.
//!
//! It installs the peers, builds Seawall in release mode, makes lists and pictures from
//! seeds, compares the answers, and only then times: in turns, so that no program has the
//! quieter minutes to itself. A complete run leaves a record and its pictures in
//! `benches/records`; a short or partial one in `target/bench`.

mod effect;
mod file;
mod folder;
mod http;
mod load;
mod machine;
mod matching;
mod memory;
mod options;
mod page;
mod peers;
mod pixels;
mod plot;
mod record;
mod robustness;
mod served;
mod traffic;
mod turns;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use seawall_core::Timestamp;

use crate::repository::{output, root};
use crate::{demo, tools};
use machine::Machine;
use options::{Options, Part};
use peers::{Peers, pinned};
use record::{Line, Record};
use turns::Turn;

/// Measures what was asked for, all of it where nothing was.
///
/// # Errors
/// Where an argument is wrong, something cannot be installed or built, or a part failed: the
/// others are measured all the same, and the record says which one did.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let options = Options::read(arguments)?;
    tools::check(&[tools::CC, tools::AR, tools::GIT])?;
    let folder = root().join("target/bench");
    std::fs::create_dir_all(&folder).context("making a folder to work in")?;
    let mut record = new_record(options.quick);
    let binary = demo::build(false)?;
    record.load_average[0] = machine::load_average();
    // Somebody may have committed while it was built.
    record.changed |= machine::commit() != (record.commit.clone(), record.changed);
    let peers = if options.has_peers() {
        let peers = Peers::install(&folder, &mut record.left_out)?;
        record.versions = peers.versions()?;
        peers
    } else {
        Peers::none()
    };
    let seawall = machine::version(&binary).context("asking Seawall for its version")?;
    record.versions.insert("seawall".to_owned(), seawall);
    record.versions.extend(rust());
    let mut bench = Bench {
        options,
        folder,
        binary,
        peers,
        record,
        summary: None,
    };
    let failed = bench.measure();
    bench.record.load_average[1] = machine::load_average();
    bench.save()?;
    if let Some(summary) = bench.summary.filter(|_| bench.options.json) {
        println!("{}", summary.json());
    }
    if failed > 0 {
        bail!("{failed} of the parts failed; the record says why");
    }
    Ok(())
}

fn new_record(quick: bool) -> Record {
    let (commit, changed) = machine::commit();
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let ms = since.map_or(0, |since| since.as_millis());
    Record {
        date: Timestamp::from_millis(i64::try_from(ms).unwrap_or(0)).to_string(),
        commit,
        changed,
        quick,
        machine: Machine::this(),
        load_average: [machine::load_average(), None],
        versions: [].into(),
        kernels: [].into(),
        lines: Vec::new(),
        robustness: None,
        left_out: Vec::new(),
    }
}

fn rust() -> Option<(String, String)> {
    let version = machine::version(Path::new("rustc"))?;
    Some(("rustc".to_owned(), version))
}

/// A run: what it has to work with, and what it found.
pub(crate) struct Bench {
    pub(crate) options: Options,
    /// Where it may write.
    pub(crate) folder: PathBuf,
    binary: PathBuf,
    pub(crate) peers: Peers,
    pub(crate) record: Record,
    /// What the interface under load came to.
    summary: Option<http::Summary>,
}

impl Bench {
    /// Measures every part: how many failed.
    fn measure(&mut self) -> usize {
        let mut failed = 0;
        for part in self.options.parts.clone() {
            println!("\n{}", part.name());
            let started = Instant::now();
            let result = match part {
                Part::Hash => pixels::measure(self),
                Part::File => file::measure(self),
                Part::Folder => folder::measure(self),
                Part::Match => matching::measure(self),
                Part::Effect => effect::measure(self),
                Part::Http => http::measure(self).map(|summary| self.summary = Some(summary)),
                Part::Seen => memory::seen(self),
                Part::Soak => memory::soak(self).and_then(|()| traffic::measure(self)),
                Part::Robustness => robustness::measure(self),
            };
            if let Err(error) = result {
                let text = format!("{} failed: {error:#}", part.name());
                eprintln!("  {text}");
                self.record.left_out.push(text);
                failed += 1;
            }
            println!("  {:.0} s", started.elapsed().as_secs_f64());
        }
        failed
    }

    /// The binary.
    pub(crate) fn binary(&self) -> &Path {
        &self.binary
    }

    /// The binary on one core, the one that the peers run on.
    pub(crate) fn seawall(&self) -> Command {
        pinned(&self.binary)
    }

    /// How many rounds: fewer in a short run.
    pub(crate) fn repeats(&self, wanted: usize) -> usize {
        if self.options.quick {
            wanted.min(3)
        } else {
            wanted
        }
    }

    /// Notes which kernel does a work.
    pub(crate) fn kernel(&mut self, work: &str, name: &str) {
        let kernels = &mut self.record.kernels;
        kernels.insert(work.to_owned(), name.to_owned());
    }

    /// Notes what is not measured, and why.
    pub(crate) fn leave_out(&mut self, text: String) {
        println!("  left out: {text}");
        self.record.left_out.push(text);
    }

    /// A line with the figures of programs that took turns.
    pub(crate) fn with_figures(&self, line: Line, turns: &[Turn], figures: Vec<Vec<f64>>) -> Line {
        let each = turns.iter().zip(figures);
        each.fold(line, |line, (turn, figures)| {
            line.with(&turn.name, turn.is_ours, figures)
        })
    }

    /// Takes a finished line, and says it.
    pub(crate) fn keep(&mut self, line: Line) {
        println!("  {}", line.work);
        for one in &line.contenders {
            println!(
                "    {:<34}{:>12} {}",
                one.name,
                page::figure(one.median),
                line.unit
            );
        }
        for target in &line.targets {
            let word = if target.is_reached {
                "reached"
            } else {
                "NOT REACHED"
            };
            println!("    target of {}: {}: {word}", target.of, target.text);
        }
        self.record.lines.push(line);
    }

    /// A folder of `count` generated JPEG files of one size.
    pub(crate) fn pictures(
        &self,
        name: &str,
        count: usize,
        width: u32,
        height: u32,
    ) -> Result<PathBuf> {
        let folder = self.folder.join(format!("pictures-{name}"));
        std::fs::remove_dir_all(&folder).ok();
        println!("  making {count} pictures of {width} × {height}");
        let numbers = [count.to_string(), width.to_string(), height.to_string()];
        let mut command = self.peers.script("pictures.py");
        output(command.arg(&folder).args(numbers).arg("1"))?;
        Ok(folder)
    }

    /// Writes the record and the page of all records.
    fn save(&self) -> Result<()> {
        let complete = self.options.is_complete();
        let records = if complete {
            root().join("benches/records")
        } else {
            self.folder.join("records")
        };
        let path = self.record.save(&records)?;
        page::write(&records)?;
        if complete {
            page::write_guide(&root().join("docs/benchmarks.md"), &self.record)?;
        }
        println!("\nRecord: {}", path.display());
        println!("Page:   {}", records.join("README.md").display());
        Ok(())
    }
}

/// The files of a folder, by name.
fn files_of(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).context("listing a folder")? {
        paths.push(entry.context("listing a folder")?.path());
    }
    paths.sort();
    Ok(paths)
}
