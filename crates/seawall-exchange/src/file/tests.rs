//! What files look like in the world, and what has to come of it.

mod layouts;
mod page;
mod pieces;

use super::*;
use crate::feed::{EntryState, Fingerprint, Media};

pub(super) const PDQ: &str = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22";
pub(super) const MD5: &str = "5d41402abc4b2a76b9719d911017c592";
pub(super) const SHA1: &str = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d";
pub(super) const SHA256: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

pub(super) fn mapping(toml: &str) -> Layout {
    Layout::from_toml(toml).expect("a layout")
}

/// The rows of a file that comes in one piece.
pub(super) fn read(layout: Layout, bytes: &[u8]) -> Result<Vec<FileRow>, FileError> {
    let mut reader = FileReader::new(layout);
    let mut rows = Vec::new();
    reader.push(bytes, &mut rows)?;
    reader.finish(&mut rows)?;
    Ok(rows)
}

/// A row as `line key state [hash …] owner= class= tags= at=`, or with its reason.
pub(super) fn show(row: &FileRow) -> String {
    let key = |key: &EntryKey| key.as_str().to_owned();
    let line = row.start.line;
    match &row.read {
        RowRead::Entry(entry) => format!("{line} {}", show_entry(entry)),
        RowRead::SetAside { key: of, reason } => format!("{line} aside {} {reason}", key(of)),
        RowRead::Rejected { key: of, reason } => {
            let of = of.as_ref().map_or("-".to_owned(), key);
            format!("{line} rejected {of} {reason}")
        }
    }
}

pub(super) fn show_entry(entry: &Entry) -> String {
    let mut text = entry.key.as_str().to_owned();
    if entry.state == EntryState::Withdrawn {
        text += " withdrawn";
    }
    for fingerprint in &entry.fingerprints {
        text += " ";
        text += &show_fingerprint(fingerprint);
    }
    for (name, value) in [("owner", &entry.owner), ("class", &entry.class)] {
        if let Some(value) = value {
            text += &format!(" {name}={value}");
        }
    }
    if !entry.tags.is_empty() {
        text += &format!(" tags={}", entry.tags.join("+"));
    }
    if let Some(at) = entry.changed_at {
        text += &format!(" at={at}");
    }
    text
}

fn show_fingerprint(fingerprint: &Fingerprint) -> String {
    let of = |media: &Media| match media {
        Media::Image => "image",
        Media::Video => "video",
        Media::Unknown => "file",
    };
    match fingerprint {
        Fingerprint::Hash {
            hash,
            media,
            quality,
        } => {
            let quality = quality.map_or(String::new(), |quality| format!("@{}", quality.0));
            format!("[{} {} {hash}{quality}]", of(media), hash.algorithm())
        }
        Fingerprint::Other { kind, media, value } => {
            format!("[{} {kind}! {}]", of(media), value.reveal())
        }
    }
}

#[track_caller]
pub(super) fn check(layout: impl Into<Layout>, bytes: impl AsRef<[u8]>, expected: &[&str]) {
    let rows = read(layout.into(), bytes.as_ref()).expect("the file is what its layout says");
    let shown: Vec<String> = rows.iter().map(show).collect();
    assert_eq!(shown, expected);
}

#[track_caller]
pub(super) fn check_error(layout: impl Into<Layout>, bytes: &str, error: FileError) {
    assert_eq!(read(layout.into(), bytes.as_bytes()), Err(error), "{bytes}");
}

fn utf16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let text = text.trim_start_matches('\u{feff}');
    let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
    units.flat_map(to_bytes).collect()
}

/// SW-A32: one MD5 in every form that lists have.
#[test]
fn a32_one_md5_is_read_in_every_form() {
    let row = format!("1 md5:{MD5} [file md5 {MD5}]");
    let upper = MD5.to_uppercase();
    for text in [
        format!("{upper}\n"),
        format!("\u{feff}{MD5}\r\n"),
        format!("  {MD5} \t\r\n\r\n"),
        MD5.to_owned(),
        format!("{MD5}\r"),
        format!("{MD5}  a file.bin\n"),
        format!("{MD5} *a file.bin\n"),
        format!("MD5 (a (1).bin) = {upper}\n"),
    ] {
        check(Preset::List, &text, &[&row]);
        check(Preset::List, utf16(&text, u16::to_le_bytes), &[&row]);
        check(Preset::List, utf16(&text, u16::to_be_bytes), &[&row]);
    }
    let commented = format!("# partner list\n{MD5}\n");
    check(Preset::List, commented, &[&row.replacen('1', "2", 1)]);
}

/// SW-A33: bad rows are named by line and the rest is loaded; values of a blank picture are read
/// and held back at intake.
#[test]
fn a33_bad_rows_are_named_by_line_and_the_rest_is_loaded() {
    let (zeros, ones) = ("0".repeat(64), "f".repeat(64));
    let text = [
        PDQ,
        &"00".repeat(16),
        &format!("{}g", &PDQ[..63]),
        &format!("{PDQ}0"),
        "",
        &PDQ.to_uppercase(),
        &zeros,
        &ones,
    ];
    let pdq = |line: u32, digits: &str| format!("{line} pdq:{digits} [image pdq {digits}]");
    check(
        Preset::List,
        text.join("\n") + "\n",
        &[
            &pdq(1, PDQ),
            "2 rejected - no hash of this kind has 32 digits",
            "3 rejected - a character is no hexadecimal digit",
            "4 rejected - no hash of this kind has 65 digits",
            &pdq(6, PDQ),
            &pdq(7, &zeros),
            &pdq(8, &ones),
        ],
    );
    let rows = read(Preset::List.into(), text.join("\n").as_bytes()).expect("a list");
    let held: Vec<u64> = rows
        .iter()
        .filter(|row| match &row.read {
            RowRead::Entry(entry) => crate::intake::check(&entry.fingerprints[0]).is_some(),
            RowRead::SetAside { .. } | RowRead::Rejected { .. } => false,
        })
        .map(|row| row.start.line)
        .collect();
    assert_eq!(held, [7, 8]);
}

#[test]
fn a_list_of_which_the_kind_is_known_needs_no_guess() {
    let list = Layout::from(Preset::List);
    let sha256 = format!("1 sha256:{SHA256} [file sha256 {SHA256}]");
    check(
        list.clone().with_kind("SHA-256").expect("known"),
        SHA256,
        &[&sha256],
    );
    check(
        mapping("preset = \"list\"\nkind = \"sha256\""),
        SHA256,
        &[&sha256],
    );
    check(
        Preset::List,
        SHA256,
        &[&format!("1 pdq:{SHA256} [image pdq {SHA256}]")],
    );
    // What the row says itself goes before.
    let text = format!("md5:{MD5}\n{SHA256}  a.bin");
    check(
        list.clone().with_kind("pdq").expect("known"),
        text,
        &[
            &format!("1 md5:{MD5} [file md5 {MD5}]"),
            &format!("2 sha256:{SHA256} [file sha256 {SHA256}]"),
        ],
    );
    assert!(list.with_kind("PhotoDNA").is_none());
    assert!(Layout::from(Preset::TxDataset).with_kind("pdq").is_none());
}

#[test]
fn the_kind_is_that_of_most_of_the_first_thousand_rows() {
    let text = format!("{}\n{}", MD5, format!("{PDQ}\n").repeat(2000));
    let rows = read(Preset::List.into(), text.as_bytes()).expect("a list");
    assert_eq!(
        show(&rows[0]),
        "1 rejected - no hash of this kind has 32 digits"
    );
    assert_eq!(rows.len(), 2001);
    // Where a thousand say one thing, what comes later does not change it.
    let text = format!(
        "{}{}",
        format!("{MD5}\n").repeat(1000),
        format!("{PDQ}\n").repeat(2000)
    );
    let rows = read(Preset::List.into(), text.as_bytes()).expect("a list");
    let entries = rows
        .iter()
        .filter(|row| matches!(row.read, RowRead::Entry(_)));
    assert_eq!(entries.count(), 1000);
}

#[test]
fn a_list_with_a_header_of_its_own_gives_an_entry_a_row() {
    check(
        Preset::List,
        format!("id;pdq;md5;sha-1;quality\r\n7;{PDQ};{MD5};;49\r\n8;;zz;{SHA1};\r\n9;;;;\r\n"),
        &[
            &format!("2 pdq:{PDQ} [image pdq {PDQ}@49] [file md5 {MD5}]"),
            &format!("3 sha1:{SHA1} [file sha1 {SHA1}]"),
            &format!("3 aside sha1:{SHA1} no hash of this kind has 2 digits"),
            "4 rejected - there is no hash in the row",
        ],
    );
}

#[test]
fn a_row_that_is_too_long_is_named_and_passed_over() {
    let long = "a".repeat(ROW_BYTES_MAX + 1);
    let rows = format!("{MD5}\n{long}\n{MD5}");
    let expected = [
        &format!("1 md5:{MD5} [file md5 {MD5}]"),
        "2 rejected - the record is longer than 1048576 bytes",
        &format!("3 md5:{MD5} [file md5 {MD5}]"),
    ];
    check(Preset::List, &rows, &expected);
    let mut reader = FileReader::new(Preset::List.into());
    let mut found = Vec::new();
    for piece in rows.as_bytes().chunks(100_000) {
        reader.push(piece, &mut found).expect("a list");
    }
    reader.finish(&mut found).expect("a list");
    assert_eq!(found.iter().map(show).collect::<Vec<_>>(), expected);
}

#[test]
fn debug_output_and_errors_hold_neither_hash_nor_key() {
    let bad = format!("{}g", &MD5[..31]);
    let text = format!("{MD5}\n{bad}\nmd5:{MD5}x\n");
    let rows = read(Preset::List.into(), text.as_bytes()).expect("a list");
    let shown = format!("{rows:?}");
    assert!(!shown.contains(&MD5[..20]), "{shown}");
    for row in &rows {
        if let RowRead::Rejected { reason, .. } = &row.read {
            assert!(!reason.to_string().contains(&MD5[..20]));
        }
    }
}

/// The reader says of plain lists what `list::parse` says.
#[test]
fn the_streaming_reader_agrees_with_the_reader_of_small_lists() {
    let text = format!(
        "pdq:{PDQ}\n{MD5}\nSHA-1 {SHA1}\nsha256: {SHA256}\ncrc32:1234\nsha256,{MD5}\n{PDQ},100,a.jpg\nc.jpg,{PDQ}\nx\n"
    );
    let list = crate::list::parse(text.as_bytes());
    let rows = read(Preset::List.into(), text.as_bytes()).expect("a list");
    let mut found = (Vec::new(), Vec::new());
    for row in &rows {
        match &row.read {
            RowRead::Entry(entry) => match &entry.fingerprints[0] {
                Fingerprint::Hash { hash, .. } => found.0.push((row.start.line, *hash)),
                Fingerprint::Other { .. } => panic!("plain lists hold no other kind"),
            },
            RowRead::Rejected { reason, .. } => found.1.push((row.start.line, reason.clone())),
            RowRead::SetAside { .. } => panic!("one hash a row"),
        }
    }
    let rows: Vec<_> = list.rows.iter().map(|row| (row.line, row.hash)).collect();
    let rejected = list
        .rejected
        .iter()
        .map(|row| (row.line, row.reason.into()));
    assert_eq!(found, (rows, rejected.collect()));
}
