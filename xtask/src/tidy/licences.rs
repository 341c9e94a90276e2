//! The rule: every dependency's licence is on the list, and every crate of ours has one.

use super::Finding;
use super::graph::TABLE;
use super::metadata::Metadata;

/// Licences the binary may carry. The same list stands in `deny.toml`.
const ALLOWED: [&str; 13] = [
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "CDLA-Permissive-2.0",
    "MPL-2.0",
    "Unlicense",
    "0BSD",
    "CC0-1.0",
];

const OURS: &str = "MIT OR Apache-2.0";

/// Looks at every package that is built.
pub(crate) fn check(metadata: &Metadata) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &metadata.packages {
        let name = format!("{} {}", package.name, package.version);
        let ours = TABLE.iter().any(|row| row.name == package.name);
        match package.license.as_deref() {
            None => findings.push(Finding::new(name, "names no licence")),
            Some(licence) if ours && licence != OURS => {
                findings.push(Finding::new(name, format!("is not {OURS}")));
            }
            Some(licence) if !allowed(licence) => {
                findings.push(Finding::new(
                    name,
                    format!("{licence:?} is not on the list"),
                ));
            }
            Some(_) => {}
        }
    }
    findings
}

/// Whether an SPDX expression can be met with licences of the list alone.
fn allowed(expression: &str) -> bool {
    // Old manifests write `/` for OR.
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let mut tokens: Vec<&str> = spaced.split_whitespace().rev().collect();
    either(&mut tokens).unwrap_or(false) && tokens.is_empty()
}

/// `A OR B …`, read from the end of `tokens`; `None` where the expression is broken.
fn either(tokens: &mut Vec<&str>) -> Option<bool> {
    let mut met = both(tokens)?;
    while tokens.last() == Some(&"OR") {
        tokens.pop();
        met |= both(tokens)?;
    }
    Some(met)
}

/// `A AND B …`, which binds more tightly.
fn both(tokens: &mut Vec<&str>) -> Option<bool> {
    let mut met = single(tokens)?;
    while tokens.last() == Some(&"AND") {
        tokens.pop();
        met &= single(tokens)?;
    }
    Some(met)
}

/// One licence, with its exception, or a parenthesis.
fn single(tokens: &mut Vec<&str>) -> Option<bool> {
    let first = tokens.pop()?;
    if first == "(" {
        let met = either(tokens)?;
        return (tokens.pop()? == ")").then_some(met);
    }
    if tokens.last() == Some(&"WITH") {
        tokens.pop();
        let exception = tokens.pop()?;
        return Some(ALLOWED.contains(&format!("{first} WITH {exception}").as_str()));
    }
    Some(ALLOWED.contains(&first))
}

#[cfg(test)]
mod tests {
    use super::super::metadata::Package;
    use super::*;

    #[test]
    fn expressions_are_met_or_not() {
        for good in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "(MIT OR GPL-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR Apache-2.0",
            "MIT AND (ISC OR (Zlib AND 0BSD))",
        ] {
            assert!(allowed(good), "{good}");
        }
        for bad in [
            "",
            "GPL-3.0-only",
            "AGPL-3.0 OR LGPL-2.1",
            "MIT AND GPL-3.0",
            "MIT WITH LLVM-exception",
            "(MIT",
            "MIT MIT",
            "MIT OR",
        ] {
            assert!(!allowed(bad), "{bad}");
        }
    }

    #[test]
    fn a_package_without_a_licence_is_found_and_ours_has_its_own() {
        let package = Package::test;
        let count = |package| {
            check(&Metadata {
                packages: vec![package],
                resolve: None,
            })
            .len()
        };
        assert_eq!(count(package("other", None)), 1);
        assert_eq!(count(package("other", Some("MIT"))), 0);
        assert_eq!(count(package("seawall-core", Some("MIT"))), 1);
        assert_eq!(count(package("seawall-core", Some(OURS))), 0);
    }

    #[test]
    fn the_list_equals_that_of_deny_toml() {
        let text = std::fs::read_to_string(crate::repository::root().join("deny.toml"));
        let settings: toml::Table = text.expect("committed").parse().expect("is TOML");
        let list = settings["licenses"]["allow"].as_array().expect("a list");
        let list: Vec<&str> = list.iter().filter_map(toml::Value::as_str).collect();
        assert_eq!(list, ALLOWED);
    }
}
