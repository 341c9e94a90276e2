//! The rule: what ARCHITECTURE.md names exists, and every invariant names its test.

use super::{File, Finding};
use crate::repository::root;

const PATH: &str = "ARCHITECTURE.md";

/// How many invariants there are.
const INVARIANTS: usize = 13;

/// What a file's name ends with, where no folder gives a path away.
const ENDINGS: [&str; 5] = [".md", ".toml", ".rs", ".json", ".sql"];

/// Looks at the paths and at the table of invariants.
pub(crate) fn check(files: &[File]) -> Vec<Finding> {
    let Some(file) = files.iter().find(|file| file.path == PATH) else {
        return vec![Finding::new(PATH, "is missing")];
    };
    let mut findings = paths(&file.text, |path| root().join(path).exists());
    findings.extend(invariants(&file.text, files));
    findings
}

fn paths(text: &str, exists: impl Fn(&str) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let links = links(line).into_iter();
        for path in spans(line)
            .into_iter()
            .filter(|span| is_path(span))
            .chain(links)
        {
            if !exists(path) {
                findings.push(Finding::at(
                    PATH,
                    index + 1,
                    format!("{path:?} does not exist"),
                ));
            }
        }
    }
    findings
}

/// Each row `| number | rule | test |` has in its last cell a file and a test inside it.
fn invariants(text: &str, files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for number in 1..=INVARIANTS {
        let start = format!("| {number} |");
        let Some((index, row)) = text
            .lines()
            .enumerate()
            .find(|(_, row)| row.starts_with(&start))
        else {
            findings.push(Finding::new(PATH, format!("invariant {number} has no row")));
            continue;
        };
        let cell = row
            .trim_end()
            .trim_end_matches('|')
            .rsplit('|')
            .next()
            .unwrap_or_default();
        let (paths, tests): (Vec<&str>, Vec<&str>) =
            spans(cell).into_iter().partition(|s| is_path(s));
        let texts: Vec<&File> = files
            .iter()
            .filter(|file| paths.contains(&file.path.as_str()))
            .collect();
        let has = |test: &str| {
            texts
                .iter()
                .any(|file| file.text.contains(&format!("fn {test}(")))
        };
        if tests.is_empty() {
            findings.push(Finding::at(
                PATH,
                index + 1,
                format!("invariant {number} names no test"),
            ));
        }
        for test in tests.into_iter().filter(|test| !has(test)) {
            let advice =
                format!("invariant {number}: no test `{test}` in the files named beside it");
            findings.push(Finding::at(PATH, index + 1, advice));
        }
    }
    findings
}

/// What stands between backticks.
fn spans(line: &str) -> Vec<&str> {
    line.split('`').skip(1).step_by(2).collect()
}

/// Targets of links that stay in the checkout.
fn links(line: &str) -> Vec<&str> {
    let targets = line
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    targets
        .filter(|target| !target.contains("://") && !target.starts_with('#'))
        .collect()
}

/// A route starts with `/` and a module is written with `::`: neither is a path.
fn is_path(span: &str) -> bool {
    let plain = |part: char| part.is_ascii_alphanumeric() || "-_./".contains(part);
    let named = span.contains('/') || ENDINGS.iter().any(|end| span.ends_with(end));
    named && span.chars().all(plain) && !span.starts_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_in_spans_and_links_must_exist() {
        let text = "`crates/a/src` `gone/b.rs` `/api/v1` `std::fs` `cargo xtask` `plain`\n\
                    [a](docs/gone.md) [b](https://example.org/x) `README.md`";
        let findings = paths(text, |path| {
            path.starts_with("crates") || path == "README.md"
        });
        let texts: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), 2, "{texts:?}");
        assert!(texts[0].contains("gone/b.rs") && texts[1].contains("docs/gone.md"));
    }

    #[test]
    fn an_invariant_needs_a_row_and_a_test_that_is_there() {
        let mut text = String::new();
        for number in 1..=INVARIANTS {
            text.push_str(&format!("| {number} | a `rule` | `a/b.rs` `holds` |\n"));
        }
        let files = [File {
            path: "a/b.rs".to_owned(),
            text: "#[test]\nfn holds() {}".to_owned(),
        }];
        assert_eq!(invariants(&text, &files), []);
        assert_eq!(invariants(&text, &[]).len(), INVARIANTS);
        assert_eq!(invariants(&text.replace("| 7 |", "| x |"), &files).len(), 1);
        let nameless = text.replace(
            "| 3 | a `rule` | `a/b.rs` `holds`",
            "| 3 | a `rule` | `a/b.rs`",
        );
        assert_eq!(invariants(&nameless, &files).len(), 1);
    }
}
