//! The sections that the guides to exchanges show, read as a server reads them.

use std::path::{Path, PathBuf};

use super::Config;

/// The blocks of TOML on a page, in their order.
fn blocks(page: &str) -> Vec<&str> {
    let parts = page.split("\n```").skip(1).step_by(2);
    parts
        .filter_map(|part| part.strip_prefix("toml\n"))
        .collect()
}

fn is_section(block: &str) -> bool {
    block.starts_with("[exchange.")
}

fn pages() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/exchanges");
    let files = std::fs::read_dir(folder).expect("the guides are there");
    let paths = files.map(|file| file.expect("readable").path());
    let pages = paths.map(|path| {
        let page = std::fs::read_to_string(&path).expect("text");
        (path, page)
    });
    pages.collect()
}

#[test]
fn every_section_of_the_guides_is_one_that_a_server_takes() {
    let mut set_up = Vec::new();
    for (path, page) in pages() {
        let blocks = blocks(&page);
        let mut others = blocks.iter().filter(|block| !is_section(block));
        let description = others.next().copied().unwrap_or_default();
        for block in &blocks {
            if is_section(block) {
                set_up.extend(read(block, description));
                continue;
            }
            // Layouts and descriptions, which tests of seawall-exchange read.
            let name = path.file_name().and_then(|name| name.to_str());
            let is_described = ["files.md", "new-partner.md"].map(Some).contains(&name);
            assert!(is_described, "{}: {block}", path.display());
        }
    }
    for protocol in ["ncmec", "stop_ncii", "threat_exchange", "tat", "list"] {
        let count = set_up.iter().filter(|found| *found == protocol).count();
        assert!(count > 0, "no guide shows {protocol}: {set_up:?}");
    }
}

/// Sets up what a block shows, its secrets and its description given; by which protocols.
fn read(block: &str, description: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "[provider]\nname = \"\"\n{}",
        block.replace("env:", "file:")
    );
    let config = Config::parse(&text, Path::new("seawall.toml"), folder.path(), []);
    let config = config.unwrap_or_else(|error| panic!("{block}: {error:?}"));
    std::fs::write(folder.path().join("hotline.toml"), description).expect("written");
    let places = config.exchange.values();
    for place in places.flat_map(|exchange| exchange.secrets.values()) {
        let file = place.strip_prefix("file:").expect("a file");
        let path = folder.path().join(file);
        let parent = path.parent().expect("a folder");
        std::fs::create_dir_all(parent).expect("made");
        std::fs::write(path, "12345678|some-secret").expect("written");
    }
    let setups = config.exchanges();
    let setups = setups.unwrap_or_else(|error| panic!("{block}: {error}"));
    let protocols = setups
        .iter()
        .map(|setup| setup.partner.protocol().to_owned());
    protocols.collect()
}
