//! The rule: the crate graph equals this table, and the table keeps its levels.
//!
//! A new edge is a design change: it is written here and in ARCHITECTURE.md in the same commit.
//! No crate has features: what is not there cannot change a hash, a match or a decision.

use std::collections::BTreeSet;

use super::Finding;
use super::metadata::{Dependency, Metadata, Package};

/// A crate of the workspace.
pub(crate) struct Row {
    /// Its name, which is its folder's.
    pub(crate) name: &'static str,
    /// Its level. A crate depends on crates of lower levels alone, with the exceptions in `check`.
    pub(crate) level: u8,
    /// The workspace's crates it depends on.
    pub(crate) normal: &'static [&'static str],
}

/// Crates that may be used by tests and chores only.
const TESTKIT: &str = "seawall-testkit";

/// The level of what is no part of the product.
pub(crate) const CHORES: u8 = 9;

const fn row(name: &'static str, level: u8, normal: &'static [&'static str]) -> Row {
    Row {
        name,
        level,
        normal,
    }
}

/// Every crate, its level, and the crates it builds on.
pub(crate) const TABLE: [Row; 14] = [
    row("seawall-core", 0, &[]),
    row("seawall-simd", 0, &[]),
    row("seawall-decode", 1, &["seawall-core"]),
    row(
        "seawall",
        2,
        &["seawall-core", "seawall-decode", "seawall-simd"],
    ),
    row("seawall-exchange", 2, &["seawall-core"]),
    row("seawall-casework", 2, &["seawall-core"]),
    row(
        "seawall-store",
        3,
        &[
            "seawall",
            "seawall-casework",
            "seawall-core",
            "seawall-exchange",
        ],
    ),
    row("seawall-egress", 3, &[]),
    row("seawall-sim", 3, &["seawall-core"]),
    row(
        "seawall-workflow",
        4,
        &[
            "seawall",
            "seawall-casework",
            "seawall-core",
            "seawall-egress",
            "seawall-exchange",
            "seawall-store",
        ],
    ),
    row(
        "seawall-server",
        5,
        &[
            "seawall",
            "seawall-casework",
            "seawall-core",
            "seawall-exchange",
            "seawall-sim",
            "seawall-store",
            "seawall-workflow",
        ],
    ),
    row(
        "seawall-cli",
        6,
        &[
            "seawall",
            "seawall-casework",
            "seawall-core",
            "seawall-egress",
            "seawall-exchange",
            "seawall-server",
            "seawall-sim",
            "seawall-simd",
            "seawall-store",
            "seawall-workflow",
        ],
    ),
    row(TESTKIT, CHORES, &["seawall-core"]),
    row("xtask", CHORES, &["seawall-core", TESTKIT]),
];

/// Holds the workspace against the table and the table against its levels.
pub(crate) fn check(workspace: &Metadata) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &workspace.packages {
        match TABLE.iter().find(|row| row.name == package.name) {
            Some(row) => findings.extend(compare(row, package)),
            None => findings.push(Finding::new(&package.name, "is in no row of tidy/graph.rs")),
        }
    }
    for row in &TABLE {
        if !workspace
            .packages
            .iter()
            .any(|package| package.name == row.name)
        {
            findings.push(Finding::new(
                row.name,
                "is in tidy/graph.rs and not in the workspace",
            ));
        }
        findings.extend(
            row.normal
                .iter()
                .filter_map(|target| level_breach(row, target)),
        );
    }
    findings
}

fn compare(row: &Row, package: &Package) -> Vec<Finding> {
    let ours = |dependency: &&Dependency| TABLE.iter().any(|row| row.name == dependency.name);
    let is_dev = |dependency: &Dependency| dependency.kind.as_deref() == Some("dev");
    let (dev, normal): (Vec<_>, Vec<_>) = package
        .dependencies
        .iter()
        .filter(ours)
        .partition(|dependency| is_dev(dependency));
    let actual: BTreeSet<&str> = normal
        .iter()
        .map(|dependency| dependency.name.as_str())
        .collect();
    let wanted: BTreeSet<&str> = row.normal.iter().copied().collect();
    let added = actual.difference(&wanted).map(|target| {
        format!("depends on {target}, which tidy/graph.rs and ARCHITECTURE.md do not say")
    });
    let gone = wanted.difference(&actual).map(|target| {
        format!("does not depend on {target} any more: take the edge out of tidy/graph.rs")
    });
    let upward = dev
        .iter()
        .filter(|dependency| test_breach(row, &dependency.name))
        .map(|d| format!("its tests depend on {}, which stands above it", d.name));
    let switches = package.features.keys().map(|name| {
        format!("has the feature {name:?}: features are refused until a test builds both ways")
    });
    added
        .chain(gone)
        .chain(upward)
        .chain(switches)
        .map(|text| Finding::new(row.name, text))
        .collect()
}

/// A test may use the test kit and whatever stands lower or beside, never above.
fn test_breach(row: &Row, target: &str) -> bool {
    let above = |other: &Row| other.name == target && other.level > row.level;
    target != TESTKIT && TABLE.iter().any(above)
}

fn level_breach(row: &Row, target: &str) -> Option<Finding> {
    let other = TABLE.iter().find(|other| other.name == target);
    let allowed = match other {
        None => false,
        Some(_) if target == TESTKIT => row.name == "xtask",
        Some(_) if row.name == TESTKIT => other.is_some_and(|other| other.level <= 3),
        Some(_) if row.name == "seawall-workflow" && target == "seawall-sim" => false,
        Some(other) => other.level < row.level,
    };
    (!allowed).then(|| Finding::new(row.name, format!("may not depend on {target}: wrong level")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Package {
        let package = Package::test(name, Some("MIT"));
        dependencies.iter().fold(package, |package, (name, kind)| {
            package.needing(name, *kind)
        })
    }

    fn good() -> Metadata {
        let packages = TABLE
            .iter()
            .map(|row| {
                let edges: Vec<_> = row.normal.iter().map(|&target| (target, None)).collect();
                package(row.name, &edges)
            })
            .collect();
        Metadata {
            packages,
            resolve: None,
        }
    }

    fn with(name: &str, dependencies: &[(&str, Option<&str>)]) -> Vec<Finding> {
        let mut metadata = good();
        metadata.packages.retain(|package| package.name != name);
        metadata.packages.push(package(name, dependencies));
        check(&metadata)
    }

    #[test]
    fn the_table_itself_keeps_its_levels() {
        assert_eq!(check(&good()), []);
    }

    #[test]
    fn an_edge_too_many_or_too_few_is_found() {
        assert_eq!(with("seawall-core", &[("seawall-simd", None)]).len(), 1);
        assert_eq!(with("seawall-decode", &[]).len(), 1);
        assert_eq!(
            with("seawall-decode", &[("seawall-core", None), ("image", None)]),
            []
        );
    }

    #[test]
    fn the_test_kit_is_for_tests_alone() {
        let core = ("seawall-core", None);
        assert_eq!(with("seawall-decode", &[core, (TESTKIT, Some("dev"))]), []);
        assert_eq!(with("seawall-decode", &[core, (TESTKIT, None)]).len(), 1);
    }

    #[test]
    fn tests_do_not_reach_upward() {
        let core = ("seawall-core", None);
        assert_eq!(
            with("seawall-decode", &[core, ("seawall-store", Some("dev"))]).len(),
            1
        );
    }

    #[test]
    fn a_crate_nobody_wrote_down_is_found() {
        let mut metadata = good();
        metadata.packages.push(package("seawall-extra", &[]));
        metadata
            .packages
            .retain(|package| package.name != "seawall-sim");
        assert_eq!(check(&metadata).len(), 2);
    }

    #[test]
    fn a_feature_flag_is_found() {
        let mut metadata = good();
        let core = metadata
            .packages
            .iter_mut()
            .find(|package| package.name == "seawall-core");
        core.expect("in the table")
            .features
            .insert("fast".to_owned(), Vec::new());
        assert_eq!(check(&metadata).len(), 1);
    }

    #[test]
    fn the_library_stands_on_nothing_that_deletes_or_reports() {
        let mut below = vec!["seawall"];
        while let Some(name) = below.pop() {
            assert!(!["seawall-store", "seawall-egress", "seawall-casework"].contains(&name));
            let row = TABLE
                .iter()
                .find(|row| row.name == name)
                .expect("in the table");
            below.extend(row.normal);
        }
    }

    #[test]
    fn an_edge_against_the_levels_is_found_in_the_table() {
        assert!(level_breach(&row("seawall-core", 0, &[]), "seawall-store").is_some());
        assert!(level_breach(&row("seawall-workflow", 4, &[]), "seawall-sim").is_some());
        assert!(level_breach(&row("seawall-server", 5, &[]), "seawall-sim").is_none());
    }
}
