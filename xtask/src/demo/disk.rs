//! What lies on disk: nothing of an upload in clear.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};

use super::pictures::Upload;

/// Bytes from the middle of a file that say which file it is.
const SAMPLE_BYTES: usize = 48;

/// Searches every file below a folder for a piece of each upload, and gives how many there are.
///
/// # Errors
/// Where a file cannot be read, there is none, or a piece is found.
pub(crate) fn check_nothing_in_clear(folder: &Path, uploads: &[Upload]) -> Result<usize> {
    let samples: Vec<(&str, &[u8])> = uploads
        .iter()
        .map(|upload| (upload.item.as_str(), sample(&upload.bytes)))
        .collect();
    let files = search(folder, &samples)?;
    ensure!(
        files > 0,
        "{} holds no file: nothing was kept at all",
        folder.display()
    );
    Ok(files)
}

/// A piece from two thirds into the file, where pictures differ from each other.
fn sample(bytes: &[u8]) -> &[u8] {
    let start = (bytes.len() * 2 / 3).min(bytes.len().saturating_sub(SAMPLE_BYTES));
    &bytes[start..(start + SAMPLE_BYTES).min(bytes.len())]
}

fn search(folder: &Path, samples: &[(&str, &[u8])]) -> Result<usize> {
    let mut files = 0;
    for entry in fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            files += search(&path, samples)?;
            continue;
        }
        let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        for (item, sample) in samples {
            if bytes
                .windows(sample.len().max(1))
                .any(|window| window == *sample)
            {
                bail!("{} holds a piece of {item} in clear", path.display());
            }
        }
        files += 1;
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::super::pictures;
    use super::*;

    #[test]
    fn a_piece_in_clear_is_found_in_any_depth() {
        let folder = std::env::temp_dir().join(format!("xtask-disk-{}", std::process::id()));
        let deep = folder.join("vault").join("ab");
        fs::create_dir_all(&deep).expect("a folder for the test");
        let uploads = pictures::uploads();
        assert!(
            check_nothing_in_clear(&folder, &uploads).is_err(),
            "an empty folder proves nothing"
        );
        fs::write(deep.join("sealed"), [7; 4096]).expect("written");
        let clean = check_nothing_in_clear(&folder, &uploads);
        fs::write(deep.join("clear"), &uploads[3].bytes).expect("written");
        let dirty = check_nothing_in_clear(&folder, &uploads);
        fs::remove_dir_all(&folder).expect("removed");
        assert_eq!(clean.expect("nothing in clear"), 1);
        assert!(dirty.expect_err("in clear").to_string().contains("item-04"));
    }
}
