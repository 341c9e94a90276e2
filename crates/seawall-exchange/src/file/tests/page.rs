//! The examples of `docs/exchanges/files.md`: a layout, a file, and what comes of it.

use super::*;

const PAGE: &str = include_str!("../../../../../docs/exchanges/files.md");

/// The fenced blocks with what they are marked as.
fn blocks() -> Vec<(&'static str, &'static str)> {
    let mut blocks = Vec::new();
    let mut rest = PAGE;
    while let Some((_, after)) = rest.split_once("\n```") {
        let (mark, body) = after
            .split_once('\n')
            .expect("a block starts on a new line");
        let (body, after) = body.split_once("```").expect("a block ends");
        blocks.push((mark, body));
        rest = after;
    }
    blocks
}

#[test]
fn every_example_of_the_page_is_read_as_it_says() {
    let blocks = blocks();
    let (examples, more) = blocks.as_chunks::<3>();
    assert!(more.is_empty() && examples.len() >= 5, "{}", blocks.len());
    for &[(toml, layout), (_, file), (rows, expected)] in examples {
        assert_eq!((toml, rows), ("toml", "rows"));
        check(mapping(layout), file, &expected.lines().collect::<Vec<_>>());
    }
}

#[test]
fn the_page_names_every_preset() {
    for preset in Preset::ALL {
        assert!(PAGE.contains(&format!("| `{preset}` |")), "{preset}");
    }
}
