//! The machine and the state of the checkout that a record speaks of: nothing that names
//! either.

use std::fs::read_to_string;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::repository::{output, root};

/// The machine.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub(crate) struct Machine {
    /// The processor's name, as it gives it.
    pub(crate) processor: String,
    /// Its cores that may be used.
    pub(crate) cores: usize,
    /// Memory in gigabytes of 2³⁰ bytes.
    pub(crate) memory_gb: u64,
    /// `x86_64-linux`.
    pub(crate) target: String,
}

impl Machine {
    /// The one that this runs on.
    pub(crate) fn this() -> Self {
        let text = read_to_string("/proc/cpuinfo").unwrap_or_default();
        let total = memory_kb("MemTotal:").unwrap_or(0);
        Self {
            processor: cpuinfo(&text, "model name").unwrap_or("unknown").to_owned(),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            memory_gb: (total + (1 << 19)) >> 20,
            target: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        }
    }

    /// Its part of a file's name.
    pub(crate) fn slug(&self) -> String {
        let cores = if self.cores == 1 { "core" } else { "cores" };
        slug(&format!("{} {} {cores}", self.processor, self.cores))
    }
}

/// Lower-case words with dashes between; what is neither letter nor digit falls away.
fn slug(text: &str) -> String {
    let text = text.replace("(R)", "").replace("(TM)", "");
    let words = text.split(|mark: char| !mark.is_ascii_alphanumeric());
    let words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    words.join("-")
}

/// Whether the processor says that it has this.
pub(crate) fn has_flag(flag: &str) -> bool {
    let text = read_to_string("/proc/cpuinfo").unwrap_or_default();
    cpuinfo(&text, "flags").is_some_and(|flags| flags.split(' ').any(|word| word == flag))
}

fn cpuinfo<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim())
}

/// Megabytes that programs can still take; `None` where the system does not tell.
pub(crate) fn available_mb() -> Option<u64> {
    Some(memory_kb("MemAvailable:")? / 1024)
}

fn memory_kb(name: &str) -> Option<u64> {
    let text = read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// How many programs wanted to run, on the average of the last minute.
pub(crate) fn load_average() -> Option<f64> {
    let text = read_to_string("/proc/loadavg").ok()?;
    text.split(' ').next()?.parse().ok()
}

/// The last commit, and whether files that git knows differ from it.
pub(crate) fn commit() -> (String, bool) {
    let git = |arguments: &[&str]| output(Command::new("git").args(arguments).current_dir(root()));
    let commit = git(&["rev-parse", "--short=12", "HEAD"]).unwrap_or_default();
    let changes = git(&["status", "--porcelain", "--untracked-files=no"]).unwrap_or_default();
    (commit.trim().to_owned(), !changes.trim().is_empty())
}

/// The version of a tool, the last word of what it prints.
pub(crate) fn version(program: &Path) -> Option<String> {
    let text = output(Command::new(program).arg("--version")).ok()?;
    text.split_whitespace().nth(1).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_has_the_processors_words_and_nothing_else() {
        let machine = |processor: &str, cores| Machine {
            processor: processor.to_owned(),
            cores,
            memory_gb: 1,
            target: String::new(),
        };
        assert_eq!(machine("AMD EPYC", 2).slug(), "amd-epyc-2-cores");
        let name = "Intel(R) Xeon(R) Gold 6148 CPU @ 2.40GHz";
        assert_eq!(
            machine(name, 1).slug(),
            "intel-xeon-gold-6148-cpu-2-40ghz-1-core"
        );
        assert_eq!(machine("../../etc", 3).slug(), "etc-3-cores");
    }

    #[test]
    fn the_first_processor_tells_its_name() {
        let text = "processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: sse avx\n\nprocessor\t: 1\n";
        assert_eq!(cpuinfo(text, "model name"), Some("Some CPU"));
        assert_eq!(cpuinfo(text, "bogomips"), None);
    }
}
