//! `seawall bench hash`.

use std::hint::black_box;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use seawall_core::{Hash as Value, PdqHash};
use seawall_simd::pdq::{Kernel, PdqOutput, RowKind, pdq_with};
use serde::Serialize;

use super::machine::{self, Machine};
use super::matching::rounded;
use super::rounds::Rounds;
use super::rows::SplitMix;
use super::table;
use crate::output::{self, Exit};

/// Hash a decoded picture.
///
/// The picture, colours with noise, is made from the seed. Before anything is timed, every
/// kernel that runs here has to give the bits of the plain one. One thread.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Hash {
    /// Pixels a row.
    #[arg(long, value_name = "W", default_value_t = 4000, value_parser = clap::value_parser!(u32).range(5..=1_000_000))]
    width: u32,
    /// Rows.
    #[arg(long, value_name = "H", default_value_t = 3000, value_parser = clap::value_parser!(u32).range(5..=1_000_000))]
    height: u32,
    /// The same seed gives the same picture.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Time this kernel instead of the best one: scalar, avx2 or avx512.
    #[arg(long, value_name = "NAME")]
    kernel: Option<String>,
    /// One JSON object instead of a table.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    rounds: Rounds,
    /// Write the picture's bytes into this file, for other programs.
    #[arg(long, hide = true)]
    save: Option<PathBuf>,
}

impl Hash {
    pub(crate) fn run(&self) -> anyhow::Result<Exit> {
        let kernel = self.kernel()?;
        let bytes = u64::from(self.width) * u64::from(self.height) * 3;
        machine::require(bytes + 100_000_000).context("making the picture")?;
        let pixels = noise(self.width as usize, self.height as usize, self.seed);
        if let Some(path) = &self.save {
            let write = || std::fs::File::create(path)?.write_all(&pixels);
            write().with_context(|| format!("writing {}", path.display()))?;
        }
        output::note("comparing the kernels");
        let hash = |kernel| {
            let (width, height) = (self.width as usize, self.height as usize);
            let output = pdq_with(kernel, width, height, RowKind::Rgb8, black_box(&pixels));
            output.context("this picture has no hash: a side is too short")
        };
        let before = machine::resident_bytes_max();
        let timed = hash(kernel)?;
        let resident_mb = machine::grown_mb(before, machine::resident_bytes_max());
        let mut kernels = Vec::new();
        for other in Kernel::ALL.into_iter().filter(|k| k.is_available()) {
            if !is_same(&timed, &hash(other)?) {
                bail!(
                    "{} and {} give different hashes: this is a fault of seawall, please report it",
                    name(kernel),
                    name(other)
                );
            }
            kernels.push(name(other));
        }
        output::note("timing");
        let seconds = self.rounds.median_seconds(|| {
            black_box(hash(kernel).is_ok());
        });
        let report = Report {
            width: self.width,
            height: self.height,
            seed: self.seed,
            milliseconds_per_picture: rounded(seconds * 1e3),
            resident_mb,
            hash: Value::Pdq(PdqHash(timed.hash)).to_string(),
            quality: timed.quality,
            kernel: name(kernel),
            kernels_that_agree: kernels,
            machine: Machine::this(),
            version: env!("CARGO_PKG_VERSION"),
        };
        report.print(self.json)?;
        self.rounds.step(|| {
            black_box(hash(kernel).is_ok());
        })?;
        Ok(Exit::Ok)
    }

    fn kernel(&self) -> anyhow::Result<Kernel> {
        let Some(wanted) = &self.kernel else {
            return Ok(Kernel::best());
        };
        let known: Vec<Kernel> = Kernel::ALL
            .into_iter()
            .filter(|k| k.is_available())
            .collect();
        let found = known.iter().find(|&&kernel| name(kernel) == *wanted);
        found.copied().with_context(|| {
            let names: Vec<String> = known.iter().map(|&kernel| name(kernel)).collect();
            format!(
                "--kernel {wanted:?} does not run here; these do: {}",
                names.join(", ")
            )
        })
    }
}

fn name(kernel: Kernel) -> String {
    format!("{kernel:?}").to_lowercase()
}

fn is_same(a: &PdqOutput, b: &PdqOutput) -> bool {
    (a.hash, a.quality) == (b.hash, b.quality)
}

/// Slopes of colour under noise: neither flat, nor a pattern that a hash finds empty.
fn noise(width: usize, height: usize, seed: u64) -> Vec<u8> {
    let mut random = SplitMix(seed);
    let mut pixels = Vec::with_capacity(width * height * 3);
    let waves = [(); 9].map(|()| 1 + random.below(7));
    for y in 0..height {
        for x in 0..width {
            let (u, v) = (x * 512 / width, y * 512 / height);
            let mut bits = random.next();
            for channel in waves.chunks_exact(3) {
                let slope = (u * channel[0] + v * channel[1]) % 512;
                let slope = slope.min(512 - slope) * channel[2] / 8;
                pixels.push((slope as u64 + (bits & 31)).min(255) as u8);
                bits >>= 8;
            }
        }
    }
    pixels
}

/// What is said about it. Fields are only ever added.
#[derive(Serialize)]
struct Report {
    width: u32,
    height: u32,
    seed: u64,
    milliseconds_per_picture: f64,
    resident_mb: Option<f64>,
    hash: String,
    quality: u8,
    kernel: String,
    kernels_that_agree: Vec<String>,
    machine: Machine,
    version: &'static str,
}

impl Report {
    fn print(&self, json: bool) -> anyhow::Result<()> {
        if json {
            return output::json(self);
        }
        let memory = self
            .resident_mb
            .map_or("unknown".to_owned(), |mb| format!("{mb:.1}"));
        table(&[
            (
                "picture",
                format!("{} × {}", self.width, self.height),
                "pixels",
            ),
            (
                "one picture",
                self.milliseconds_per_picture.to_string(),
                "ms",
            ),
            ("memory beside the picture", memory, "MB"),
            ("kernel", self.kernel.clone(), ""),
            ("kernels that agree", self.kernels_that_agree.join(", "), ""),
        ]);
        Ok(())
    }
}

const EXAMPLES: &str = "Examples:
  seawall bench hash --width 4000 --height 3000
  seawall bench hash --width 512 --height 512 --kernel scalar --json";
