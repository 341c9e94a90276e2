//! The rule: no path of a development machine in what is committed.

use super::{File, Finding};

/// Folders of a root directory that only a particular machine has.
const FOLDERS: [&str; 3] = ["work", "root", "home"];

/// What lies beside the checkout of some developers, and the one file that may name it.
const BESIDE: &str = "shared";
const MAY_NAME_IT: &str = ".ci/run";

/// Looks at every line of every text file.
pub(crate) fn check(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        for (index, line) in file.text.lines().enumerate() {
            if let Some(found) = machine_path(line) {
                let advice = format!("names {found:?}, a path of one machine");
                findings.push(Finding::at(&file.path, index + 1, advice));
            }
            let beside = format!("../{BESIDE}");
            if line.contains(&beside) && file.path != MAY_NAME_IT {
                let advice = format!("names {beside:?}: only {MAY_NAME_IT} may");
                findings.push(Finding::at(&file.path, index + 1, advice));
            }
        }
    }
    findings
}

/// An absolute path into one of the folders: what stands before it is no part of a longer path.
fn machine_path(line: &str) -> Option<String> {
    FOLDERS
        .iter()
        .map(|folder| format!("/{folder}/"))
        .find(|path| {
            line.match_indices(path.as_str()).any(|(offset, _)| {
                let before = line[..offset].chars().next_back();
                !before.is_some_and(|mark| mark.is_alphanumeric() || "-_.*}~/".contains(mark))
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        check(&[File {
            path: path.to_owned(),
            text: text.to_owned(),
        }])
        .len()
    }

    #[test]
    fn absolute_paths_of_a_machine_are_found() {
        for folder in FOLDERS {
            assert_eq!(count("a.rs", &format!("let a = \"/{folder}/b\";")), 1);
            assert_eq!(count("a.rs", &format!("https://example.org/{folder}/b")), 0);
        }
        assert_eq!(count("a.rs", "/var/lib/seawall"), 0);
    }

    #[test]
    fn what_lies_beside_is_named_in_one_file() {
        let text = format!("data=../{BESIDE}/data");
        assert_eq!(count(MAY_NAME_IT, &text), 0);
        assert_eq!(count("README.md", &text), 1);
    }
}
