//! The rule: no file over 1000 lines, no function over 70.

use super::rust::{RustText, body_or_end, closing_brace};
use super::{File, Finding};

const FILE_LINES_MAX: usize = 1000;
const FUNCTION_LINES_MAX: usize = 70;

/// Written by a program, or quoted whole: nobody reads them line by line.
const EXEMPT: [&str; 5] = [
    "benches/records/",
    "Cargo.lock",
    "LICENSE-",
    "schemas/",
    "vectors/",
];

/// Counts the lines of files, and in Rust those of functions, signature and braces included.
pub(crate) fn check(files: &[File]) -> Vec<Finding> {
    let counts = |file: &&File| !EXEMPT.iter().any(|start| file.path.starts_with(start));
    files
        .iter()
        .filter(counts)
        .flat_map(|file| {
            let mut findings = Vec::new();
            let lines = file.text.lines().count();
            if lines > FILE_LINES_MAX {
                let text = format!("{lines} lines: split what is over {FILE_LINES_MAX}");
                findings.push(Finding::new(&file.path, text));
            }
            if file.path.ends_with(".rs") {
                findings.extend(long_functions(file));
            }
            findings
        })
        .collect()
}

fn long_functions(file: &File) -> Vec<Finding> {
    let text = RustText::scan(&file.text);
    let words: Vec<(usize, &str)> = text.words().collect();
    let mut findings = Vec::new();
    for pair in words.windows(2) {
        let [(start, keyword), (at, name)] = *pair else {
            continue;
        };
        // `fn(u8) -> u8` is a type: a name follows the keyword and one blank of a function alone.
        if keyword != "fn" || !text.code[start + 2..at].trim().is_empty() {
            continue;
        }
        let Some(open) = body_or_end(&text.code, at) else {
            continue;
        };
        let Some(close) = closing_brace(&text.code, open) else {
            continue;
        };
        let lines = text.line(close) - text.line(start) + 1;
        if text.code.as_bytes()[open] == b'{' && lines > FUNCTION_LINES_MAX {
            let advice = format!("`{name}` has {lines} lines: {FUNCTION_LINES_MAX} is the limit");
            findings.push(Finding::at(&file.path, text.line(start), advice));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: String) -> usize {
        check(&[File {
            path: path.to_owned(),
            text,
        }])
        .len()
    }

    fn function(lines: usize) -> String {
        let body = "    // \"{\n".repeat(lines - 2);
        format!(
            "pub fn long<T>(a: [u8; 3]) -> T\n{{{}}}\n",
            &body[..body.len()]
        )
    }

    #[test]
    fn seventy_lines_are_a_function_and_one_more_is_not() {
        assert_eq!(count("a.rs", function(70)), 0);
        assert_eq!(count("a.rs", function(71)), 1);
    }

    #[test]
    fn declarations_and_types_are_no_functions() {
        let text = format!(
            "trait A {{ fn a(); }}\ntype B = fn(u8);\n{}",
            "\n".repeat(80)
        );
        assert_eq!(count("a.rs", text + "mod c {}"), 0);
    }

    #[test]
    fn a_thousand_lines_are_a_file_unless_a_program_wrote_it() {
        assert_eq!(count("docs/a.md", "a\n".repeat(1000)), 0);
        assert_eq!(count("docs/a.md", "a\n".repeat(1001)), 1);
        assert_eq!(count("schemas/a.json", "a\n".repeat(1001)), 0);
    }
}
