//! The command line on the real binary.

mod support;

use support::{Run, seawall};

#[test]
fn version_is_printed() {
    let run = Run::of(seawall().args(["version", "--json"])).exits(0);
    assert_eq!(run.json()["version"], env!("CARGO_PKG_VERSION"));
}
