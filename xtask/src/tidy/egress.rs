//! The rule: only `seawall-egress` opens outbound connections.

use super::graph::{CHORES, TABLE};
use super::metadata::Metadata;
use super::rust::RustText;
use super::{File, Finding, shipped};

const EGRESS: &str = "seawall-egress";

/// Crates that are there to call out. `hyper` and `tokio` also serve: their clients are below.
const CLIENTS: [&str; 8] = [
    "attohttpc",
    "awc",
    "curl",
    "isahc",
    "minreq",
    "reqwest",
    "surf",
    "ureq",
];

/// The end of a path that dials out or asks a name server.
const DIALLING: [&str; 9] = [
    "TcpStream::connect",
    "TcpStream::connect_timeout",
    "TcpSocket::connect",
    "UdpSocket::bind",
    "UdpSocket::connect",
    "lookup_host",
    "to_socket_addrs",
    "TcpSocket::new_v4",
    "TcpSocket::new_v6",
];

/// Modules whose every item is a client.
const CLIENT_MODULES: [&str; 3] = [
    "hyper::client",
    "hyper_util::client",
    "tokio_rustls::client",
];

/// Looks at the normal dependencies and at the code of every crate that is shipped.
pub(crate) fn check(files: &[File], workspace: &Metadata) -> Vec<Finding> {
    let crates: Vec<&str> = TABLE
        .iter()
        .filter(|row| row.level < CHORES && row.name != EGRESS)
        .map(|r| r.name)
        .collect();
    let mut findings = dependencies(workspace, &crates);
    for file in shipped(files, &crates) {
        let text = RustText::scan(&file.text);
        for (offset, path) in text.paths() {
            if !text.is_test(offset) && dials(&path) {
                let advice = format!("`{path}` opens a connection: only seawall-egress may");
                findings.push(Finding::at(&file.path, text.line(offset), advice));
            }
        }
    }
    findings
}

fn dependencies(workspace: &Metadata, crates: &[&str]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in workspace
        .packages
        .iter()
        .filter(|p| crates.contains(&p.name.as_str()))
    {
        for dependency in package.dependencies.iter().filter(|d| d.kind.is_none()) {
            if CLIENTS.contains(&dependency.name.as_str()) {
                let text = format!("depends on {}, which calls out", dependency.name);
                findings.push(Finding::new(&package.name, text));
            }
        }
    }
    findings
}

fn dials(path: &str) -> bool {
    let within = |module: &str| path == module || path.starts_with(&format!("{module}::"));
    let ends = |end: &str| path == end || path.ends_with(&format!("::{end}"));
    CLIENT_MODULES.iter().any(|module| within(module)) || DIALLING.iter().any(|end| ends(end))
}

#[cfg(test)]
mod tests {
    use super::super::metadata::Package;
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        let metadata = Metadata {
            packages: Vec::new(),
            resolve: None,
        };
        check(
            &[File {
                path: path.to_owned(),
                text: text.to_owned(),
            }],
            &metadata,
        )
        .len()
    }

    #[test]
    fn a_connection_is_found_outside_egress_and_outside_tests_alone() {
        let bad = "use hyper_util::client::legacy::Client;\n\
                   async fn a() { tokio::net::TcpStream::connect(x).await; }";
        assert_eq!(count("crates/seawall-server/src/a.rs", bad), 2);
        assert_eq!(count("crates/seawall-egress/src/a.rs", bad), 0);
        assert_eq!(count("crates/seawall-server/tests/a.rs", bad), 0);
        let test = format!("#[cfg(test)]\nmod tests {{ {bad} }}");
        assert_eq!(count("crates/seawall-server/src/a.rs", &test), 0);
    }

    #[test]
    fn serving_is_no_dialling() {
        let good = "use tokio::net::{TcpListener, TcpStream}; fn a() { database.connect(); }";
        assert_eq!(count("crates/seawall-server/src/a.rs", good), 0);
    }

    #[test]
    fn a_client_among_the_dependencies_is_found() {
        let package = |name, kind| Package::test(name, None).needing("reqwest", kind);
        let check = |package| {
            check(
                &[],
                &Metadata {
                    packages: vec![package],
                    resolve: None,
                },
            )
            .len()
        };
        assert_eq!(check(package("seawall-store", None)), 1);
        assert_eq!(check(package("seawall-store", Some("dev"))), 0);
        assert_eq!(check(package("xtask", None)), 0);
    }
}
