//! What has to be installed before anything can be built, and how to get it.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// A program that a chore cannot do without.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tool {
    /// Names under which it may be installed; the first is the usual one.
    names: &'static [&'static str],
    /// What it is for.
    purpose: &'static str,
    /// How to get it, as a sentence.
    how: &'static str,
}

/// The version control system: lists the files of the checkout.
pub(crate) const GIT: Tool = Tool {
    names: &["git"],
    purpose: "to list the files of this checkout",
    how: "install it with `apt-get install git`, `dnf install git` or `brew install git`",
};

/// The C compiler: builds SQLite and the cryptography that rustls stands on.
pub(crate) const CC: Tool = Tool {
    names: &["cc"],
    purpose: "to build SQLite, which is part of the binary",
    how: "install a C compiler with `apt-get install build-essential`, `dnf install gcc` or \
          `xcode-select --install`",
};

/// The archiver that the C libraries are packed with.
pub(crate) const AR: Tool = Tool {
    names: &["ar"],
    purpose: "to pack the C part of the binary",
    how: "install it with `apt-get install binutils`, `dnf install binutils` or \
          `xcode-select --install`",
};

/// The browser of the browser tests.
pub(crate) const BROWSER: Tool = Tool {
    names: &["chromium", "chromium-browser", "google-chrome"],
    purpose: "for the browser tests",
    how: "install it with `apt-get install chromium`, or Google Chrome from its own site",
};

/// What drives the browser.
pub(crate) const BROWSER_DRIVER: Tool = Tool {
    names: &["chromedriver"],
    purpose: "for the browser tests",
    how: "install it with `apt-get install chromium-driver`",
};

/// Watches every read and write of a program.
pub(crate) const VALGRIND: Tool = Tool {
    names: &["valgrind"],
    purpose: "to watch the unsafe code's tests",
    how: "install it with `apt-get install valgrind` or `dnf install valgrind`",
};

/// What the peers of the benchmark are written in.
pub(crate) const PYTHON: Tool = Tool {
    names: &["python3"],
    purpose: "to run what Seawall is measured against",
    how: "install it with `apt-get install python3-venv` or `dnf install python3`",
};

/// A macro processor, for the arithmetic library that one peer is built with.
pub(crate) const M4: Tool = Tool {
    names: &["m4"],
    purpose: "to build yume-pdq",
    how: "install it with `apt-get install m4` or `dnf install m4`",
};

/// Holds a program on one core.
pub(crate) const TASKSET: Tool = Tool {
    names: &["taskset"],
    purpose: "to hold what is measured on one core",
    how: "install it with `apt-get install util-linux`",
};

/// What tests run beside Seawall, each with its Debian package: the snippets of
/// `docs/wire-it-in.md` under what platforms are written in, and the query for HMA's database.
pub(crate) const TESTED_WITH: [(Tool, &str); 7] = [
    (tested_with(&["curl"]), "curl"),
    (tested_with(&["python3"]), "python3"),
    (tested_with(&["node"]), "nodejs"),
    (tested_with(&["ruby"]), "ruby"),
    (tested_with(&["go"]), "golang-go"),
    (tested_with(&["nginx"]), "nginx"),
    (tested_with(&["initdb"]), "postgresql"),
];

const fn tested_with(names: &'static [&'static str]) -> Tool {
    Tool {
        names,
        purpose: "for the tests",
        how: "install it from your system's packages",
    }
}

impl Tool {
    /// Its usual name.
    pub(crate) fn name(self) -> &'static str {
        self.names.first().copied().unwrap_or_default()
    }
}

/// Refuses to go on where a tool is missing, naming every one and how to get it.
///
/// # Errors
/// Where a tool is missing or the C compiler cannot build the smallest program.
pub(crate) fn check(tools: &[Tool]) -> Result<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if let Some(text) = missing(tools, &path) {
        bail!("{text}");
    }
    if tools.iter().any(|tool| tool.names == CC.names) {
        compile().with_context(|| {
            format!("the C compiler `cc` is there but does not work; {}", CC.how)
        })?;
    }
    Ok(())
}

/// Whether a tool is on the search path, or where Debian keeps servers beside it.
pub(crate) fn found(tool: Tool) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = vec![PathBuf::from("/usr/sbin")];
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter();
    folders.extend(
        versions
            .flatten()
            .flatten()
            .map(|one| one.path().join("bin")),
    );
    folders.extend(std::env::split_paths(&path));
    std::env::join_paths(folders).is_ok_and(|path| locate(tool, &path).is_some())
}

fn missing(tools: &[Tool], path: &OsStr) -> Option<String> {
    let lines: Vec<String> = tools
        .iter()
        .filter(|tool| locate(**tool, path).is_none())
        .map(|tool| {
            format!(
                "`{}` was not found; it is needed {}: {}",
                tool.name(),
                tool.purpose,
                tool.how
            )
        })
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn locate(tool: Tool, path: &OsStr) -> Option<PathBuf> {
    let candidates =
        |name: &'static str| std::env::split_paths(path).map(move |dir| dir.join(name));
    tool.names
        .iter()
        .copied()
        .flat_map(candidates)
        .find(|candidate| candidate.is_file())
}

/// A compiler without the C library's headers passes `cc --version` and fails minutes later.
fn compile() -> Result<()> {
    let mut child = Command::new("cc")
        .args(["-x", "c", "-fsyntax-only", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .context("starting `cc`")?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(
            b"#include <stdio.h>\n#include <stdlib.h>\nint main(void) { return 0; }\n",
        )?;
    }
    let status = child.wait().context("waiting for `cc`")?;
    if !status.success() {
        bail!(
            "`cc` cannot build the smallest program ({status}): the C library's headers are missing"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tool_is_named_with_how_to_get_it() {
        let text = missing(&[GIT, CC], OsStr::new("/nowhere")).expect("nothing is there");
        assert!(text.contains("`git`") && text.contains("`cc`"), "{text}");
        assert!(text.contains("apt-get install build-essential"), "{text}");
    }

    #[test]
    fn a_tool_that_is_there_is_found_under_any_of_its_names() {
        let path = std::env::var_os("PATH").expect("tests run with a search path");
        let odd = Tool {
            names: &["no-such-program", "sh"],
            purpose: "",
            how: "",
        };
        assert_eq!(missing(&[odd], &path), None);
    }
}
