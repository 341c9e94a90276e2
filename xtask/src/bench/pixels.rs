//! PDQ of decoded pixels, against the reference.

use anyhow::{Result, ensure};

use super::Bench;
use super::record::Line;
use super::turns::{Turn, in_turn};

/// A size of the table: how often it is hashed in a round, and how many times as fast as the
/// reference Seawall should be.
struct Size {
    id: &'static str,
    width: u32,
    height: u32,
    times: u32,
    factor: f64,
}

const SIZES: [Size; 3] = [
    Size {
        id: "hash-12mp",
        width: 4000,
        height: 3000,
        times: 1,
        factor: 30.0,
    },
    Size {
        id: "hash-1080p",
        width: 1920,
        height: 1080,
        times: 5,
        factor: 20.0,
    },
    Size {
        id: "hash-512",
        width: 512,
        height: 512,
        times: 20,
        factor: 10.0,
    },
];

const PEER: &str = "pdqhash";

/// Measures every size.
///
/// # Errors
/// Where the two do not give the same 256 bits and quality.
pub(crate) fn measure(bench: &mut Bench) -> Result<()> {
    for size in &SIZES {
        let file = bench.folder.join(format!("{}.rgb", size.id));
        let (width, height) = (size.width.to_string(), size.height.to_string());
        let mut command = bench.seawall();
        command
            .args(["bench", "hash", "--width", &width, "--height", &height])
            .args(["--seed", "1", "--json", "--steps", "--repeats", "1"])
            .arg("--save")
            .arg(&file);
        let ours = Turn::start("Seawall", true, &mut command)?.scaled(1e3);
        let mut peer = bench.peers.script("pixels.py");
        peer.arg(&file).args([&width, &height]);
        let peer = Turn::start(PEER, false, &mut peer)?.scaled(1e3);
        ensure!(
            ours.text("hash")? == peer.text("hash")?
                && ours.number("quality")? == peer.number("quality")?,
            "Seawall and {PEER} do not give the same hash of {width} × {height} pixels"
        );
        bench.kernel("PDQ", ours.text("kernel")?);
        let mut turns = [ours, peer];
        let figures = in_turn(&mut turns, bench.repeats(7), size.times)?;
        let work = format!("PDQ of {width} × {height} decoded RGB pixels");
        let line = Line::new(size.id, &work, "ms", "the same 256 bits and quality");
        let line = bench.with_figures(line, &turns, figures);
        bench.keep(line.times("Seawall", size.factor, PEER));
        std::fs::remove_file(&file).ok();
    }
    Ok(())
}
