//! The rule: an error text is lower case, has no full stop, and joins others in a chain.

use super::rust::{RustText, is_test_path};
use super::{File, Finding};

/// What stands before the literal of an error text.
const BEFORE: [&str; 4] = ["#[error(", "bail!(", "anyhow!(", ".context("];

/// Looks at the literals of `#[error("…")]`, `bail!`, `anyhow!` and `.context("…")`.
pub(crate) fn check(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let rust = |file: &&File| file.path.ends_with(".rs") && !is_test_path(&file.path);
    for file in files.iter().filter(rust) {
        let text = RustText::scan(&file.text);
        for literal in &text.strings {
            let before = text.code[..literal.offset].trim_end();
            let is_error = BEFORE.iter().any(|start| before.ends_with(start));
            if !is_error || text.is_test(literal.offset) {
                continue;
            }
            if let Some(advice) = breach(&literal.text) {
                let advice = format!("{advice}: {:?}", literal.text);
                findings.push(Finding::at(&file.path, text.line(literal.offset), advice));
            }
        }
    }
    findings
}

fn breach(text: &str) -> Option<&'static str> {
    let first = text.split_whitespace().next()?;
    let upper = first.chars().next()?.is_uppercase();
    if upper && !is_name(first) {
        return Some("an error text starts lower case");
    }
    (text.trim_end().ends_with(['.', '!'])).then_some("an error text has no full stop")
}

/// An acronym (`PDQ`, `SHA-256`) or a name written with capitals inside (`CyberTipline`).
fn is_name(word: &str) -> bool {
    word.chars()
        .filter(|character| character.is_uppercase())
        .count()
        > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> usize {
        check(&[File {
            path: "crates/a/src/lib.rs".to_owned(),
            text: text.to_owned(),
        }])
        .len()
    }

    #[test]
    fn capitals_and_full_stops_are_found() {
        for bad in [
            "#[error(\"Could not read\")] A,",
            "#[error(\"reading the list.\")] A,",
            "#[error(\n    \"Reading {line}\"\n)] A,",
            "fn a() { bail!(\"No.\") }",
            "fn a() { b().context(\"Opening it\") }",
        ] {
            assert_eq!(count(bad), 1, "{bad}");
        }
    }

    #[test]
    fn good_texts_acronyms_names_and_tests_pass() {
        for good in [
            "#[error(\"reading the list\")] A,",
            "#[error(\"PDQ needs 64 pixels\")] A,",
            "#[error(\"CyberTipline refused it\")] A,",
            "#[error(\"{0}: not a hash\")] A,",
            "#[error(transparent)] A,",
            "// #[error(\"Bad.\")]",
            "#[cfg(test)] mod tests { fn a() { bail!(\"No.\") } }",
        ] {
            assert_eq!(count(good), 0, "{good}");
        }
    }
}
