//! The rule: every golden vector stands in `vectors/MANIFEST.toml` with its origin and checksum.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::{File, Finding};
use crate::repository::root;

const FOLDER: &str = "vectors";
const MANIFEST: &str = "vectors/MANIFEST.toml";

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    #[serde(default)]
    vector: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// Path below `vectors/`.
    file: String,
    /// What made it, or where it is from and under which licence.
    origin: String,
    /// SHA-256 of the file, lower-case hexadecimal.
    sha256: String,
    /// What it is there for.
    purpose: String,
}

/// Reads the folder and holds it against its manifest.
///
/// # Errors
/// Where the folder or the manifest cannot be read.
pub(crate) fn check(files: &[File]) -> Result<Vec<Finding>> {
    let mut found = BTreeMap::new();
    digest_folder(&root().join(FOLDER), "", &mut found)?;
    found.remove("MANIFEST.toml");
    let manifest = files.iter().find(|file| file.path == MANIFEST);
    let manifest = match manifest {
        Some(file) => toml::from_str(&file.text).with_context(|| format!("reading {MANIFEST}"))?,
        None => Manifest::default(),
    };
    Ok(compare(&manifest, &found))
}

fn digest_folder(folder: &Path, prefix: &str, found: &mut BTreeMap<String, String>) -> Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder).with_context(|| format!("listing {FOLDER}/{prefix}"))? {
        let entry = entry?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            digest_folder(&entry.path(), &format!("{path}/"), found)?;
        } else {
            let bytes = fs::read(entry.path()).with_context(|| format!("reading {path}"))?;
            found.insert(path, hexadecimal(&Sha256::digest(&bytes)));
        }
    }
    Ok(())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn compare(manifest: &Manifest, found: &BTreeMap<String, String>) -> Vec<Finding> {
    let place = |path: &str| format!("{FOLDER}/{path}");
    let mut findings = Vec::new();
    for path in found
        .keys()
        .filter(|path| !manifest.vector.iter().any(|e| e.file == **path))
    {
        findings.push(Finding::new(place(path), format!("is not in {MANIFEST}")));
    }
    for entry in &manifest.vector {
        let text = match found.get(&entry.file) {
            None => "is in the manifest and not in the folder",
            Some(digest) if *digest != entry.sha256 => "has another checksum than the manifest",
            Some(_) if entry.origin.trim().is_empty() => "has no origin in the manifest",
            Some(_) if entry.purpose.trim().is_empty() => "has no purpose in the manifest",
            Some(_) => continue,
        };
        findings.push(Finding::new(place(&entry.file), text));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, origin: &str, sha256: &str) -> Entry {
        Entry {
            file: path.to_owned(),
            purpose: "a test".to_owned(),
            origin: origin.to_owned(),
            sha256: sha256.to_owned(),
        }
    }

    #[test]
    fn folder_and_manifest_have_to_agree() {
        let found = BTreeMap::from([
            ("a.png".to_owned(), "11".to_owned()),
            ("b.png".to_owned(), "22".to_owned()),
            ("c.png".to_owned(), "33".to_owned()),
        ]);
        let good = vec![
            entry("a.png", "seed 1", "11"),
            entry("b.png", "seed 2", "22"),
            entry("c.png", "seed 3", "33"),
        ];
        assert_eq!(compare(&Manifest { vector: good }, &found), []);
        let bad = vec![
            entry("a.png", "seed 1", "12"),
            entry("b.png", " ", "22"),
            entry("gone.png", "seed 4", "44"),
        ];
        assert_eq!(compare(&Manifest { vector: bad }, &found).len(), 4);
    }

    #[test]
    fn a_digest_is_that_of_the_standard() {
        // FIPS 180-2, appendix B.1.
        let digest = hexadecimal(&Sha256::digest(b"abc"));
        assert!(digest.starts_with("ba7816bf8f01cfea") && digest.ends_with("f20015ad"));
    }
}
