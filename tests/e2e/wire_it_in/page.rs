//! The page shows the files that the tests run.

use crate::snippet::folder;

/// Each file stands on the page, whole, between fences.
#[test]
fn the_page_holds_every_file_as_it_is() {
    let page = folder().with_extension("md");
    let page = std::fs::read_to_string(page).expect("the page is there");
    let mut files = 0;
    for entry in std::fs::read_dir(folder()).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            continue;
        }
        let name = path.file_name().expect("a name").to_string_lossy();
        let text = std::fs::read_to_string(&path).expect("a text");
        let stands = page
            .split("\n```")
            .filter_map(|block| block.split_once('\n'))
            .any(|(_, inside)| format!("{inside}\n") == text);
        assert!(stands, "{name} does not stand on the page as it is");
        assert!(page.contains(&format!("`{name}`")), "{name} is not named");
        files += 1;
    }
    assert_eq!(files, 8, "five languages, two of nginx and its gate");
}
