//! A light scan of Rust text: what is code, what is a string, what only tests run.
//!
//! It is no parser. Comments and the insides of strings are blanked in place, so that offsets and
//! lines stay true and the rules can look for words and braces without being fooled by them.

use std::ops::Range;

use super::{File, Finding};

/// Rust text with its comments and strings blanked.
pub(crate) struct RustText {
    /// The text, same length, with a blank for every byte of a comment or of a string's inside.
    pub(crate) code: String,
    /// Every string literal, in order.
    pub(crate) strings: Vec<Literal>,
    /// What is compiled only for tests.
    pub(crate) tests: Vec<Range<usize>>,
}

/// A string literal as it stands in the text, escapes and all.
pub(crate) struct Literal {
    /// Offset of its opening quote.
    pub(crate) offset: usize,
    /// What stands between the quotes.
    pub(crate) text: String,
}

impl RustText {
    /// Scans the text of a file.
    pub(crate) fn scan(text: &str) -> Self {
        let mut scanner = Scanner {
            text,
            code: text.as_bytes().to_vec(),
            strings: Vec::new(),
        };
        scanner.run();
        let code = String::from_utf8_lossy(&scanner.code).into_owned();
        let strings = scanner.strings;
        let tests = test_ranges(&code);
        Self {
            code,
            strings,
            tests,
        }
    }

    /// Whether only tests see what stands at `offset`.
    pub(crate) fn is_test(&self, offset: usize) -> bool {
        self.tests.iter().any(|range| range.contains(&offset))
    }

    /// The line of an offset, counted from 1.
    pub(crate) fn line(&self, offset: usize) -> usize {
        let bytes = self.code.as_bytes();
        bytes
            .iter()
            .take(offset)
            .filter(|&&byte| byte == b'\n')
            .count()
            + 1
    }

    /// Every identifier with its offset.
    pub(crate) fn words(&self) -> impl Iterator<Item = (usize, &str)> {
        tokens(&self.code)
            .into_iter()
            .filter(|(_, token)| is_word(token))
    }

    /// Every path (`a::b::c`), imports of groups written out, with its offset.
    pub(crate) fn paths(&self) -> Vec<(usize, String)> {
        let tokens = tokens(&self.code);
        let mut paths = Vec::new();
        let mut next = 0;
        while next < tokens.len() {
            next = read_path(&tokens, next, "", &mut paths).max(next + 1);
        }
        paths
    }
}

/// Whether a path holds nothing but tests.
pub(crate) fn is_test_path(path: &str) -> bool {
    let mut parts = path.split('/');
    parts.any(|part| matches!(part, "tests" | "tests.rs" | "benches" | "examples"))
}

/// The offset of the brace that closes the one at `open`.
pub(crate) fn closing_brace(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(index);
                }
            }
            _ => {}
        }
    }
    None
}

/// The first `{` or `;` after `start` that stands in no parenthesis or bracket.
pub(crate) fn body_or_end(code: &str, start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, byte) in code.bytes().enumerate().skip(start) {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            b'{' | b';' if depth == 0 => return Some(index),
            _ => {}
        }
    }
    None
}

/// The rule: the keyword `unsafe`, or leave to use it, only in `seawall-simd`.
pub(crate) fn check_unsafe(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let ours = |path: &str| path.starts_with("crates/seawall-simd/");
    for file in files
        .iter()
        .filter(|file| file.path.ends_with(".rs") && !ours(&file.path))
    {
        let text = RustText::scan(&file.text);
        let mut previous = "";
        for (offset, word) in text.words() {
            let leave = word == "unsafe_code" && matches!(previous, "allow" | "expect" | "warn");
            if word == "unsafe" || leave {
                let advice = "`unsafe` outside seawall-simd: move it there or do without";
                findings.push(Finding::at(&file.path, text.line(offset), advice));
            }
            previous = word;
        }
    }
    findings
}

struct Scanner<'a> {
    text: &'a str,
    code: Vec<u8>,
    strings: Vec<Literal>,
}

impl Scanner<'_> {
    fn run(&mut self) {
        let mut at = 0;
        while at < self.text.len() {
            at = self.step(at).max(at + 1);
        }
    }

    /// Handles what starts at `at` and gives the offset after it.
    fn step(&mut self, at: usize) -> usize {
        let rest = &self.text.as_bytes()[at..];
        match rest {
            [b'/', b'/', ..] => {
                let length = rest
                    .iter()
                    .position(|&byte| byte == b'\n')
                    .unwrap_or(rest.len());
                self.blank(at..at + length)
            }
            [b'/', b'*', ..] => self.blank(at..at + block_comment(rest)),
            [b'"', ..] => self.string(at, at + 1, quoted(rest)),
            [b'\'', ..] => {
                at + character(&self.text[at..]).map_or(1, |length| {
                    self.blank(at + 1..at + length - 1);
                    length
                })
            }
            [byte, ..] if byte.is_ascii_alphabetic() || *byte == b'_' => self.word(at),
            _ => at + 1,
        }
    }

    /// An identifier, or the prefix of a raw string.
    fn word(&mut self, at: usize) -> usize {
        let bytes = self.text.as_bytes();
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let end = at + bytes[at..].iter().take_while(|byte| is_part(byte)).count();
        if !matches!(&bytes[at..end], b"r" | b"br" | b"cr") {
            return end;
        }
        let hashes = bytes[end..]
            .iter()
            .take_while(|&&byte| byte == b'#')
            .count();
        let quote = end + hashes;
        if bytes.get(quote) != Some(&b'"') {
            return end;
        }
        let close = format!("\"{}", "#".repeat(hashes));
        let inside = self.text[quote + 1..].find(&close);
        let length = inside.map_or(self.text.len() - quote, |inside| 1 + inside + close.len());
        let after = self.string(quote, quote + 1, length - hashes.min(length - 1));
        after + hashes
    }

    /// Notes and blanks a string whose opening quote is at `at` and which is `length` long.
    fn string(&mut self, at: usize, inside: usize, length: usize) -> usize {
        let end = (at + length).min(self.text.len());
        let close = end.saturating_sub(1).max(inside.min(end));
        let text = self.text.get(inside..close).unwrap_or_default().to_owned();
        self.strings.push(Literal { offset: at, text });
        self.blank(inside..close);
        end
    }

    fn blank(&mut self, range: Range<usize>) -> usize {
        for byte in &mut self.code[range.clone()] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        range.end
    }
}

/// Length of a block comment, which may hold others.
fn block_comment(bytes: &[u8]) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < bytes.len() {
        match &bytes[at..] {
            [b'/', b'*', ..] => {
                depth += 1;
                at += 2;
            }
            [b'*', b'/', ..] => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Length of a string with escapes, quotes included.
fn quoted(bytes: &[u8]) -> usize {
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Length of a character literal; `None` for a lifetime.
fn character(text: &str) -> Option<usize> {
    let mut characters = text.char_indices().skip(1);
    let (_, first) = characters.next()?;
    if first == '\\' {
        let escaped = characters.next()?.0;
        let close = text[escaped + 1..].find('\'')?;
        return Some(escaped + 1 + close + 1);
    }
    let (offset, second) = characters.next()?;
    (second == '\'').then_some(offset + 1)
}

fn is_word(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Identifiers and numbers, `::`, and every other mark by itself.
fn tokens(code: &str) -> Vec<(usize, &str)> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = code[at..].chars().next() {
        let rest = &code[at..];
        let is_part = |part: char| part.is_alphanumeric() || part == '_';
        let length = if is_part(first) {
            rest.find(|part| !is_part(part)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        if !first.is_whitespace() {
            tokens.push((at, &rest[..length]));
        }
        at += length;
    }
    tokens
}

/// Reads one path from token `at`, writing out groups; gives the token after it.
fn read_path(
    tokens: &[(usize, &str)],
    mut at: usize,
    prefix: &str,
    paths: &mut Vec<(usize, String)>,
) -> usize {
    let mut path = prefix.to_owned();
    let start = at;
    while let Some((_, token)) = tokens.get(at).filter(|(_, token)| is_word(token)) {
        path = if path.is_empty() {
            (*token).to_owned()
        } else {
            format!("{path}::{token}")
        };
        at += 1;
        match (tokens.get(at).map(|t| t.1), tokens.get(at + 1).map(|t| t.1)) {
            (Some("::"), Some("{")) => return read_group(tokens, at + 2, &path, paths),
            (Some("::"), Some(next)) if is_word(next) => at += 1,
            _ => break,
        }
    }
    if at > start {
        paths.push((tokens[start].0, path));
    }
    at
}

/// Reads `a, b::c}` of an import and gives the token after the brace.
fn read_group(
    tokens: &[(usize, &str)],
    mut at: usize,
    prefix: &str,
    paths: &mut Vec<(usize, String)>,
) -> usize {
    while let Some((_, token)) = tokens.get(at) {
        if *token == "}" {
            return at + 1;
        }
        at = if is_word(token) {
            read_path(tokens, at, prefix, paths)
        } else {
            at + 1
        };
    }
    at
}

/// The ranges of items behind `#[cfg(test)]` (alone or in `all(…)`) and of `#[test]` functions.
fn test_ranges(code: &str) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for (start, _) in code.match_indices("#[") {
        let Some(length) = code[start..].find(']') else {
            continue;
        };
        let inside: String = code[start + 2..start + length].split_whitespace().collect();
        let only_tests = inside == "test"
            || inside == "cfg(test)"
            || inside.starts_with("cfg(all(test,")
            || (inside.starts_with("cfg(all(") && inside.contains(",test"));
        if only_tests {
            ranges.push(start..item_end(code, start + length + 1));
        }
    }
    ranges
}

/// The end of the item that starts after an attribute, further attributes skipped.
fn item_end(code: &str, mut at: usize) -> usize {
    while let Some(skipped) = code[at..].find(|mark: char| !mark.is_whitespace()) {
        at += skipped;
        if !code[at..].starts_with("#[") {
            break;
        }
        let Some(length) = code[at..].find(']') else {
            return code.len();
        };
        at += length + 1;
    }
    let Some(body) = body_or_end(code, at) else {
        return code.len();
    };
    match code.as_bytes()[body] {
        b'{' => closing_brace(code, body).map_or(code.len(), |end| end + 1),
        _ => body + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn comments_and_strings_are_blanked_and_lines_kept() {
        let source = "a // { \"x\n/* { /* } */ */ b \"{\\\"\" r#\"{\"}\"# '{' '\\'' &'a str é\nc";
        let text = RustText::scan(source);
        assert_eq!(text.code.len(), source.len());
        assert!(!text.code.contains(['{', '}']), "{:?}", text.code);
        let words: Vec<&str> = text.words().map(|(_, word)| word).collect();
        assert_eq!(words, ["a", "b", "r", "a", "str", "é", "c"]);
        let strings: Vec<&str> = text
            .strings
            .iter()
            .map(|string| string.text.as_str())
            .collect();
        assert_eq!(strings, ["{\\\"", "{\"}"]);
        assert_eq!(text.line(source.len() - 1), 3);
    }

    #[test]
    fn odd_ends_of_text_are_survived() {
        for source in [
            "\"",
            "r\"",
            "r#\"a",
            "'",
            "'\\",
            "/*",
            "/* /*",
            "\"\\",
            "#[cfg(test",
            "é'é'",
        ] {
            let text = RustText::scan(source);
            assert_eq!(text.code.len(), source.len(), "{source:?}");
        }
    }

    #[test]
    fn groups_of_imports_are_written_out() {
        let text = RustText::scan("use std::{fs, io::{self, Read as _}}; std::env::var(x)");
        let paths: Vec<String> = text.paths().into_iter().map(|(_, path)| path).collect();
        for path in ["std::fs", "std::io::self", "std::io::Read", "std::env::var"] {
            assert!(
                paths.iter().any(|found| found == path),
                "{path} in {paths:?}"
            );
        }
    }

    #[test]
    fn what_only_tests_see_is_known() {
        let source = "fn a() {}\n#[cfg(test)]\n#[allow(x)]\nmod tests { fn b() {} }\nfn c() {}";
        let text = RustText::scan(source);
        let seen: Vec<(&str, bool)> = text
            .words()
            .filter(|(_, word)| matches!(*word, "a" | "b" | "c"))
            .map(|(offset, word)| (word, text.is_test(offset)))
            .collect();
        assert_eq!(seen, [("a", false), ("b", true), ("c", false)]);
        assert!(
            RustText::scan("#[cfg(not(test))]\nfn a() {}")
                .tests
                .is_empty()
        );
    }

    #[test]
    fn unsafe_is_found_outside_its_crate_alone() {
        let bad = "// unsafe\nfn a() { let s = \"unsafe\"; }\nfn b() { unsafe { c() } }";
        let findings = check_unsafe(&[file("crates/seawall-core/src/a.rs", bad)]);
        assert_eq!(findings.len(), 1);
        assert!(
            findings[0]
                .to_string()
                .starts_with("crates/seawall-core/src/a.rs:3")
        );
        assert!(check_unsafe(&[file("crates/seawall-simd/src/a.rs", bad)]).is_empty());
        let leave = check_unsafe(&[file("xtask/src/a.rs", "#![allow(unsafe_code)]")]);
        assert_eq!(leave.len(), 1);
        assert!(check_unsafe(&[file("xtask/src/a.rs", "#![forbid(unsafe_code)]")]).is_empty());
    }
}
