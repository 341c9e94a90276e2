//! The rule: texts and code keep the words table, `docs/words.md`.

use super::{File, Finding};

const TABLE_PATH: &str = "docs/words.md";

/// Where official titles and codes stand as their source writes them.
const OFFICIAL: [&str; 2] = [
    "crates/seawall-casework/src/report/official.rs",
    "crates/seawall-sim/src/cybertipline/words.rs",
];

/// Files whose texts are read, by the end of their names.
const EVERYWHERE: [&str; 7] = [".ftl", ".html", ".md", ".rs", ".js", ".sql", ".toml"];
const PAGES: [&str; 2] = [".ftl", ".html"];

/// The two machine-read columns of the table, in lower case.
#[derive(Debug, Default, PartialEq, Eq)]
struct Banned {
    anywhere: Vec<String>,
    on_pages: Vec<String>,
}

/// Holds every text against the table.
pub(crate) fn check(files: &[File]) -> Vec<Finding> {
    let Some(table) = files.iter().find(|file| file.path == TABLE_PATH) else {
        return vec![Finding::new(
            TABLE_PATH,
            "is missing: texts cannot be held against it",
        )];
    };
    let banned = read_table(&table.text);
    if banned.anywhere.is_empty() || banned.on_pages.is_empty() {
        return vec![Finding::new(
            TABLE_PATH,
            "has no table with two columns that start with Not",
        )];
    }
    let exempt = |file: &File| file.path == TABLE_PATH || OFFICIAL.contains(&file.path.as_str());
    files
        .iter()
        .filter(|file| !exempt(file))
        .flat_map(|file| check_file(file, &banned))
        .collect()
}

fn check_file(file: &File, banned: &Banned) -> Vec<Finding> {
    let ends = |list: &[&str]| list.iter().any(|end| file.path.ends_with(end));
    let mut phrases: Vec<&String> = Vec::new();
    if ends(&EVERYWHERE) {
        phrases.extend(&banned.anywhere);
    }
    if ends(&PAGES) {
        phrases.extend(&banned.on_pages);
    }
    let mut findings = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        let line = plain(line);
        for phrase in phrases.iter().filter(|phrase| says(&line, phrase)) {
            let advice = format!("says {phrase:?}: {TABLE_PATH} has the word to use");
            findings.push(Finding::at(&file.path, index + 1, advice));
        }
    }
    findings
}

/// The rows of the first table whose head has `Not` in its second and third column.
fn read_table(text: &str) -> Banned {
    let mut banned = Banned::default();
    let rows = text
        .lines()
        .skip_while(|line| !line.starts_with("| Say | Not"));
    for row in rows.skip(2).take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let phrases = |cell: Option<&&str>| -> Vec<String> {
            let words = cell.copied().unwrap_or_default().split(',');
            words
                .map(plain)
                .map(|word| word.trim().to_owned())
                .filter(|w| !w.is_empty())
                .collect()
        };
        banned.anywhere.extend(phrases(cells.get(2)));
        banned.on_pages.extend(phrases(cells.get(3)));
    }
    banned
}

/// A line as words in lower case with one blank between them: `badWord`, `bad_word` and
/// `bad-word` read alike.
fn plain(line: &str) -> String {
    let mut words = String::from(" ");
    let mut was_lower = false;
    for character in line.chars() {
        let blank = !character.is_alphanumeric();
        if (blank || (was_lower && character.is_uppercase())) && !words.ends_with(' ') {
            words.push(' ');
        }
        if !blank {
            words.extend(character.to_lowercase());
        }
        was_lower = character.is_lowercase();
    }
    if !words.ends_with(' ') {
        words.push(' ');
    }
    words
}

/// Whether a plain line holds the phrase as whole words, in the singular or with an s.
fn says(line: &str, phrase: &str) -> bool {
    line.contains(&format!(" {phrase} ")) || line.contains(&format!(" {phrase}s "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "text\n\n| Say | Not, anywhere | Not, on pages | Mind |\n|---|---|---|---|\n\
                         | good | bad florb, gnash | meh | a note, with a comma |\n| fine | | | |\n";

    fn count(path: &str, text: &str) -> usize {
        let file = |path: &str, text: &str| File {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        check(&[file(TABLE_PATH, TABLE), file(path, text)]).len()
    }

    #[test]
    fn the_table_gives_its_two_columns() {
        let banned = read_table(TABLE);
        assert_eq!(banned.anywhere, ["bad florb", "gnash"]);
        assert_eq!(banned.on_pages, ["meh"]);
    }

    #[test]
    fn words_are_found_in_every_spelling() {
        for bad in [
            "a Bad Florb.",
            "BAD_FLORB",
            "isBadFlorb()",
            "bad-florbs",
            "gnash",
        ] {
            assert_eq!(count("crates/a/src/b.rs", bad), 1, "{bad}");
        }
        for good in ["bad", "florb", "gnashing", "meh", "note"] {
            assert_eq!(count("crates/a/src/b.rs", good), 0, "{good}");
        }
    }

    #[test]
    fn pages_have_stricter_words_and_official_files_none() {
        assert_eq!(count("crates/a/locales/en.ftl", "title = Meh"), 1);
        assert_eq!(count("crates/a/templates/b.html", "<p>meh</p>"), 1);
        for path in OFFICIAL {
            assert_eq!(count(path, "bad florb"), 0);
        }
    }

    #[test]
    fn a_missing_or_empty_table_is_a_finding() {
        assert_eq!(check(&[]).len(), 1);
        let empty = File {
            path: TABLE_PATH.to_owned(),
            text: "no table".to_owned(),
        };
        assert_eq!(check(&[empty]).len(), 1);
    }

    #[test]
    fn the_real_table_can_be_read() {
        let path = crate::repository::root().join(TABLE_PATH);
        let banned = read_table(&std::fs::read_to_string(path).expect("the table is committed"));
        assert!(
            banned.anywhere.len() > 15 && banned.on_pages.len() > 10,
            "{banned:?}"
        );
    }
}
