//! What is found of pictures after ordinary edits, and what is found by mistake.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use seawall_core::{Algorithm, Hash, PdqHash, Quality, Threshold};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Bench;
use crate::repository::output;

/// The table.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub(crate) struct Robustness {
    /// How many pictures were edited, each in every way.
    pub(crate) pictures: usize,
    /// The programs, in the order of every row's figures.
    pub(crate) programs: Vec<String>,
    /// One an edit.
    pub(crate) rows: Vec<Row>,
    /// Pairs of an edited picture and another picture's original.
    pub(crate) unrelated_pairs: usize,
    /// How many of them are within the threshold, by program.
    pub(crate) false_matches: Vec<usize>,
}

/// What is found after one edit.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub(crate) struct Row {
    /// The edit.
    pub(crate) edit: String,
    /// The share of the pictures that is found, by program.
    pub(crate) found: Vec<f64>,
}

/// A hash that a program gives a file.
#[derive(Clone, Copy)]
pub(crate) struct Found {
    /// Its bits.
    pub(crate) hash: PdqHash,
    /// Whether its quality is high enough to be looked up.
    is_usable: bool,
}

/// Files by name, with their hashes.
type Hashes = BTreeMap<String, Vec<Found>>;

/// Edits pictures, hashes them with every program and counts.
///
/// # Errors
/// Where a program fails, or finds an unedited picture's recompressed copy nowhere.
pub(crate) fn measure(bench: &mut Bench) -> Result<()> {
    let count = if bench.options.quick { 4 } else { 30 };
    let made = bench.pictures("robustness", count, 1024, 768)?;
    let originals = bench.folder.join("originals");
    let edited = bench.folder.join("edited");
    for folder in [&originals, &edited] {
        std::fs::remove_dir_all(folder).ok();
    }
    std::fs::create_dir_all(&originals)?;
    for path in super::files_of(&made)?.into_iter().chain(reference()) {
        std::fs::copy(&path, originals.join(path.file_name().unwrap_or_default()))
            .context("copying an original")?;
    }
    println!("  editing");
    output(bench.peers.script("edits.py").arg(&originals).arg(&edited))?;
    let peer = |folder: &Path| hashes_of(&output(bench.peers.script("folder.py").arg(folder))?);
    let ours = |views: &[&str]| {
        // On every core: nothing is timed here.
        let mut command = std::process::Command::new(bench.binary());
        command.args(["hash", "--json"]).args(views).arg(&edited);
        hashes_of(&output(&mut command)?)
    };
    println!("  hashing");
    // Lists in the world are made with the reference, so both are held against its list.
    let list = peer(&originals)?;
    let programs: [(&str, Hashes); 3] = [
        ("threatexchange", peer(&edited)?),
        ("Seawall", ours(&[])?),
        (
            "Seawall --orientations --border",
            ours(&["--orientations", "--border"])?,
        ),
    ];
    let table = count_all(&list, &programs)?;
    let easy = table.rows.iter().find(|row| row.edit == "recompress");
    ensure!(
        easy.is_some_and(|row| row.found.iter().all(|&share| share > 0.9)),
        "recompressed copies are not found: something is wrong with this measurement"
    );
    for row in &table.rows {
        let shares = row
            .found
            .iter()
            .map(|share| format!("{:>5.0} %", share * 100.0));
        println!("    {:<20}{}", row.edit, shares.collect::<String>());
    }
    bench.record.robustness = Some(table);
    Ok(())
}

/// Pictures of the reference that are not forms of each other, where they are at hand.
fn reference() -> Vec<PathBuf> {
    let Some(folder) = std::env::var_os("SEAWALL_REFERENCE_DATA") else {
        println!("  without the reference pictures: SEAWALL_REFERENCE_DATA is not set");
        return Vec::new();
    };
    let folder = PathBuf::from(folder).join("pdq");
    REFERENCE.map(|path| folder.join(path)).into()
}

const REFERENCE: [&str; 8] = [
    "bridge-mods/aaa-orig.jpg",
    "misc-images/c.png",
    "misc-images/wee.jpg",
    "reg-test-input/pen-and-coaster.png",
    "reg-test-input/exif-rotn/exif-rotn-1.jpg",
    "reg-test-input/exif-rotn/exif-rotn-3.jpg",
    "reg-test-input/exif-rotn/exif-rotn-6.jpg",
    "reg-test-input/exif-rotn/exif-rotn-8.jpg",
];

/// The PDQ hashes of each file, by its name without folders: from the lines of
/// `seawall hash --json`, or of the peer's script.
///
/// # Errors
/// Where a line is neither.
pub(crate) fn hashes_of(lines: &str) -> Result<Hashes> {
    let mut files = BTreeMap::new();
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).context("reading a file's hashes")?;
        let file = line["file"].as_str().context("a line without a file")?;
        let name = Path::new(file).file_name().unwrap_or_default();
        let found = match line["hashes"].as_array() {
            Some(hashes) => hashes
                .iter()
                .filter(|hash| hash["algorithm"] == "pdq")
                .map(|hash| found(&hash["value"], &hash["quality"]))
                .collect::<Result<Vec<_>>>()?,
            None => vec![found(&line["hash"], &line["quality"])?],
        };
        files.insert(name.to_string_lossy().into_owned(), found);
    }
    Ok(files)
}

fn found(hash: &Value, quality: &Value) -> Result<Found> {
    let quality = quality
        .as_u64()
        .and_then(|quality| u8::try_from(quality).ok());
    let quality = Quality(quality.context("a hash without its quality")?);
    Ok(Found {
        hash: pdq(hash)?,
        is_usable: quality.is_usable(),
    })
}

/// A PDQ hash as JSON has it.
///
/// # Errors
/// Where it is none.
pub(crate) fn pdq(value: &Value) -> Result<PdqHash> {
    let text = value.as_str().context("a hash that is no text")?;
    match Hash::parse(Algorithm::Pdq, text)? {
        Hash::Pdq(hash) => Ok(hash),
        Hash::Md5(_) | Hash::Sha1(_) | Hash::Sha256(_) => anyhow::bail!("a hash of another kind"),
    }
}

/// Holds every program's hashes of the edited files against the list. An edited file is
/// called `ORIGINAL@EDIT.jpg`.
fn count_all(list: &Hashes, programs: &[(&str, Hashes)]) -> Result<Robustness> {
    let mut rows: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let (mut false_matches, mut unrelated_pairs) = (vec![0; programs.len()], 0);
    for (place, (_, files)) in programs.iter().enumerate() {
        for (file, hashes) in files {
            let (stem, edit) = parts(file)?;
            let matches = |listed: &[Found]| {
                let mut pairs = listed
                    .iter()
                    .flat_map(|a| hashes.iter().map(move |b| (a, b)));
                pairs
                    .any(|(a, b)| b.is_usable && Threshold::DEFAULT.admits(a.hash.distance(b.hash)))
            };
            for (original, listed) in list {
                if stem_of(original) == stem {
                    let row = rows.entry(edit.to_owned());
                    let row = row.or_insert_with(|| vec![0.0; programs.len()]);
                    row[place] += f64::from(u8::from(matches(listed)));
                } else {
                    unrelated_pairs += usize::from(place == 0);
                    false_matches[place] += usize::from(matches(listed));
                }
            }
        }
    }
    let share = |(edit, found): (String, Vec<f64>)| Row {
        edit,
        found: found
            .iter()
            .map(|found| found / list.len() as f64)
            .collect(),
    };
    Ok(Robustness {
        pictures: list.len(),
        programs: programs
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .collect(),
        rows: rows.into_iter().map(share).collect(),
        unrelated_pairs,
        false_matches,
    })
}

fn parts(file: &str) -> Result<(&str, &str)> {
    let parts = stem_of(file).split_once('@');
    parts.with_context(|| format!("{file} does not tell its original and its edit"))
}

fn stem_of(file: &str) -> &str {
    file.rsplit_once('.').map_or(file, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(lines: &[(&str, u64, u8)]) -> Hashes {
        let line = |(file, low, quality): &(&str, u64, u8)| {
            format!(
                "{{\"file\": \"a/{file}\", \"hash\": \"{low:064x}\", \"quality\": {quality}}}\n"
            )
        };
        hashes_of(&lines.iter().map(line).collect::<String>()).expect("good lines")
    }

    #[test]
    fn found_and_mistaken_are_counted_by_program_and_edit() {
        let list = files(&[("a.jpg", 0, 100), ("b.png", u64::MAX, 100)]);
        let near = files(&[("a@grey.jpg", 1, 100), ("b@grey.jpg", u64::MAX - 1, 100)]);
        // The first is nothing like its original and like the other one; the second's quality
        // is too low to be looked up.
        let far = files(&[("a@grey.jpg", u64::MAX, 100), ("b@grey.jpg", u64::MAX, 49)]);
        let table = count_all(&list, &[("near", near), ("far", far)]).expect("well named");
        let row = Row {
            edit: "grey".to_owned(),
            found: vec![1.0, 0.0],
        };
        assert_eq!(table.rows, [row]);
        assert_eq!((table.pictures, table.unrelated_pairs), (2, 2));
        assert_eq!(table.false_matches, [0, 1]);
    }

    #[test]
    fn a_report_of_seawall_is_read_with_all_its_views() {
        let zeros = "0".repeat(64);
        let line = format!(
            "{{\"file\": \"x/y.jpg\", \"hashes\": [\
             {{\"algorithm\": \"pdq\", \"value\": \"{zeros}\", \"quality\": 100}},\
             {{\"algorithm\": \"md5\", \"value\": \"00\"}},\
             {{\"algorithm\": \"pdq\", \"value\": \"{zeros}\", \"quality\": 3}}]}}"
        );
        let files = hashes_of(&line).expect("a good line");
        let usable: Vec<bool> = files["y.jpg"].iter().map(|found| found.is_usable).collect();
        assert_eq!(usable, [true, false]);
        assert!(hashes_of("{}").is_err() && hashes_of("no").is_err());
    }
}
