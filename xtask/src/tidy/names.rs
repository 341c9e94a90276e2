//! The rule: no module is a drawer for what found no place.

use super::rust::RustText;
use super::{File, Finding};

const BANNED: [&str; 5] = ["utils", "helpers", "common", "misc", "v2"];

/// Looks at folders, files and inline modules.
pub(crate) fn check(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".rs")) {
        let stem = file.path.trim_end_matches(".rs");
        if let Some(part) = stem.split('/').find(|part| BANNED.contains(part)) {
            findings.push(Finding::new(&file.path, advice(part)));
        }
        let text = RustText::scan(&file.text);
        let words: Vec<(usize, &str)> = text.words().collect();
        for pair in words.windows(2) {
            let [(_, keyword), (offset, name)] = *pair else {
                continue;
            };
            if keyword == "mod" && BANNED.contains(&name) {
                findings.push(Finding::at(&file.path, text.line(offset), advice(name)));
            }
        }
    }
    findings
}

fn advice(name: &str) -> String {
    format!("a module named {name:?}: name it after the noun it belongs to")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawers_are_found_in_paths_and_in_text() {
        let file = |path: &str, text: &str| File {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        let bad = [
            file("crates/a/src/utils.rs", ""),
            file("crates/a/src/common/b.rs", ""),
            file("crates/a/src/lib.rs", "pub mod misc;\nmod v2 { }"),
        ];
        assert_eq!(check(&bad).len(), 4);
        let good = [file(
            "crates/a/src/lib.rs",
            "// mod utils\nmod common_case;",
        )];
        assert_eq!(check(&good), []);
    }
}
