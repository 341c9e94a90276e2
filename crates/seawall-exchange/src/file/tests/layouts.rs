//! Mappings and presets.

use super::*;

const PARTNER: &str = r#"
format = "csv"
id = "Ref"
class = "Severity"
owner = "Reporter"
tags = ["Keywords"]
tag_separator = ";"
media = "Mime"
added = "Added"
removed = "Removed"
[[hash]]
kind = "md5"
value = "MD5"
[[hash]]
kind = "sha1"
value = "SHA1"
[[hash]]
kind = "pdq"
value = "PDQ"
quality = "Quality"
[[hash]]
kind = "PhotoDNA"
value = "PhotoDNA"
"#;

const HEADER: &str =
    "Ref,MD5,SHA1,PDQ,Quality,PhotoDNA,Severity,Reporter,Keywords,Mime,Added,Removed";

#[test]
fn columns_become_an_entry_with_several_hashes() {
    let upper = MD5.to_uppercase();
    let text = format!(
        "{HEADER}\r\n\
         17,{upper},{SHA1},{PDQ},93,AAEC,A,Hotline 1,\"one; two;\",image/jpeg,2024-05-01,\r\n\
         18, {MD5} ,,,,,,,,video/mp4,2024-05-01T10:00:00+02:00,NULL\r\n\
         19,{MD5},,,,,,,,,2024-05-01 08:00:00,2024-06-01\r\n\
         20,,,,,,,,,,,2024-06-01\r\n"
    );
    check(
        mapping(PARTNER),
        text,
        &[
            &format!(
                "2 17 [image md5 {MD5}] [image sha1 {SHA1}] [image pdq {PDQ}@93] [image PhotoDNA! AAEC] \
                 owner=Hotline 1 class=A tags=one+two at=2024-05-01T00:00:00.000Z"
            ),
            &format!("3 18 [video md5 {MD5}] at=2024-05-01T08:00:00.000Z"),
            "4 19 withdrawn at=2024-06-01T00:00:00.000Z",
            "5 20 withdrawn at=2024-06-01T00:00:00.000Z",
        ],
    );
}

#[test]
fn what_cannot_be_read_is_named_with_its_column_and_the_rest_stays() {
    let text = format!(
        "{HEADER}\n\
         1,{MD5},zz,,,,,,,,yesterday,\n\
         2,zz,,,,,,,,,,\n\
         3,,,,,,,,,,,\n\
         4,{MD5},,,,,,,,,,perhaps\n\
         5,{MD5},,{PDQ},many,,,,,,,\n\
         6,\"{MD5},,,,,,,,,,\n\
         7,{MD5},,,,,,,,,,,,extra\n\
         ,{MD5},,,,,,,,,,,,,\n"
    );
    check(
        mapping(PARTNER),
        text,
        &[
            &format!("2 1 [file md5 {MD5}]"),
            "2 aside 1 SHA1: no hash of this kind has 2 digits",
            "2 aside 1 Added: the time cannot be read",
            "3 rejected 2 MD5: no hash of this kind has 2 digits",
            "4 rejected 3 there is no hash in the row",
            "5 rejected 4 Removed: the time cannot be read",
            &format!("6 5 [file md5 {MD5}] [image pdq {PDQ}]"),
            "6 aside 5 Quality: the quality is no number from 0 to 100",
            "7 rejected - a quotation mark is not closed on its line",
            "8 rejected - the row has more cells than the header",
            &format!("9 md5:{MD5} [file md5 {MD5}]"),
        ],
    );
}

#[test]
fn a_file_with_other_columns_is_refused_as_a_whole() {
    let layout = "format = \"csv\"\n[[hash]]\nkind = \"md5\"\nvalue = \"MD5\"";
    let name = "MD5".to_owned();
    check_error(
        mapping(layout),
        "Ref,SHA1\n1,2\n",
        FileError::NoColumn { name: name.clone() },
    );
    check_error(
        mapping(layout),
        "md5,Md5\n1,2\n",
        FileError::ColumnTwice { name },
    );
    check_error(mapping(layout), "", FileError::NoHeader);
    check_error(mapping(layout), "\n \n", FileError::NoHeader);
    check(
        mapping(layout),
        format!("md5\n{MD5}"),
        &[&format!("2 md5:{MD5} [file md5 {MD5}]")],
    );
    let both = format!("md5,MD5\nx,{MD5}");
    check(
        mapping(layout),
        both,
        &[&format!("2 md5:{MD5} [file md5 {MD5}]")],
    );
}

#[test]
fn tables_come_without_header_with_a_preamble_and_with_other_separators() {
    let by_number = "format = \"csv\"\nseparator = \"|\"\nheader = false\nid = 1\n[[hash]]\nkind_in = 2\nvalue = 3\n";
    check(
        mapping(by_number),
        format!("a|MD5|{MD5}\nb|ImagePDQ|{PDQ}\nc|VIDEO_SHA1|{SHA1}\nd|TMK|xyz\ne||{MD5}\n"),
        &[
            &format!("1 a [file md5 {MD5}]"),
            &format!("2 b [image pdq {PDQ}]"),
            &format!("3 c [video sha1 {SHA1}]"),
            "4 d [file TMK! xyz]",
            "5 rejected e 2: the algorithm is not known",
        ],
    );
    let preamble = "format = \"tsv\"\nskip_lines = 2\n[kinds]\n\"P hash\" = \"pdq\"\n[[hash]]\nkind_in = \"t\"\nvalue = \"v\"\n";
    check(
        mapping(preamble),
        format!("Confidential\n\nt\tv\nP HASH\t{PDQ}\n"),
        &[&format!("4 pdq:{PDQ} [image pdq {PDQ}]")],
    );
}

#[test]
fn a_quoted_cell_goes_on_where_the_layout_says_so_and_a_stray_mark_swallows_nothing() {
    let layout = "format = \"csv\"\nid = \"id\"\nmultiline = true\n[[hash]]\nkind = \"md5\"\nvalue = \"md5\"\n";
    check(
        mapping(layout),
        format!(
            "id,note,md5\r\n1,\"a \"\"b\"\",\r\nc\",{MD5}\r\n2,5\" disk,{MD5}\r\n3,\"open,{MD5}\r\n4,,{MD5}\r\n"
        ),
        &[
            &format!("2 1 [file md5 {MD5}]"),
            &format!("4 2 [file md5 {MD5}]"),
            "5 rejected - a quotation mark is not closed on its line",
            &format!("6 4 [file md5 {MD5}]"),
        ],
    );
}

#[test]
fn one_id_may_stand_in_several_rows() {
    let layout = "format = \"csv\"\nid = \"id\"\nid_repeats = true\n[status]\nfield = \"state\"\nwithdrawn = [\"Removed\"]\nactive = [\"Live\"]\n[[hash]]\nkind_in = \"type\"\nvalue = \"value\"\n";
    check(
        mapping(layout),
        format!(
            "id,type,value,state\n1,md5,{MD5},live\n1,sha1,{SHA1},REMOVED\n1,sha1,,removed\n1,md5,{MD5},gone\n"
        ),
        &[
            &format!("2 1/md5:{MD5} [file md5 {MD5}]"),
            &format!("3 1/sha1:{SHA1} withdrawn"),
            "4 rejected - there is no hash in the row",
            &format!(
                "5 rejected 1/md5:{MD5} state: the layout knows this state neither as active nor as withdrawn"
            ),
        ],
    );
}

#[test]
fn any_text_can_be_an_id() {
    let layout = "format = \"csv\"\nid = \"id\"\n[[hash]]\nkind = \"md5\"\nvalue = \"md5\"\n";
    let long = "k".repeat(257);
    let rows = read(
        mapping(layout),
        format!("id,md5\na b%c,{MD5}\nü,{MD5}\n{long},{MD5}\n").as_bytes(),
    );
    let rows = rows.expect("a table");
    assert!(show(&rows[0]).starts_with("2 a%20b%25c ["));
    assert!(show(&rows[1]).starts_with("3 %C3%BC ["));
    use sha2::Digest;
    let digest: String = sha2::Sha256::digest(&long)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert!(show(&rows[2]).starts_with(&format!("4 sha256-of-key:{digest} [")));
}

#[test]
fn times_are_read_as_the_layout_says() {
    let at = |form: &str, text: &str| {
        let layout = format!(
            "format = \"csv\"\nid = \"id\"\nchanged = \"at\"\ntimes = \"{form}\"\n[[hash]]\nkind = \"md5\"\nvalue = \"md5\"\n"
        );
        let rows = read(
            mapping(&layout),
            format!("id,md5,at\n1,{MD5},{text}\n").as_bytes(),
        );
        rows.expect("a table")
            .iter()
            .map(show)
            .collect::<Vec<_>>()
            .join(" | ")
            .replace(MD5, "")
    };
    let half_past = "2 1 [file md5 ] at=2024-05-01T09:30:00.000Z";
    assert_eq!(at("iso", "2024-05-01T11:30:00+02:00"), half_past);
    assert_eq!(at("iso", "2024-05-01 09:30"), half_past);
    assert_eq!(at("unix_s", "1714555800"), half_past);
    assert_eq!(at("unix_s", "1714555800.0"), half_past);
    assert_eq!(at("unix_ms", "1714555800000"), half_past);
    assert_eq!(at("%d/%m/%Y %H:%M", "01/05/2024 09:30"), half_past);
    assert_eq!(at("%d/%m/%Y %H:%M %z", "01/05/2024 11:30 +0200"), half_past);
    assert_eq!(
        at("%d.%m.%Y", "01.05.2024"),
        "2 1 [file md5 ] at=2024-05-01T00:00:00.000Z"
    );
    for none in ["", "NULL", "n/a", "-", "0000-00-00 00:00:00", "0"] {
        assert_eq!(at("iso", none), "2 1 [file md5 ]", "{none}");
    }
    let aside = "2 1 [file md5 ] | 2 aside 1 at: the time cannot be read";
    assert_eq!(at("iso", "01/05/2024"), aside);
    assert_eq!(at("unix_s", "2024-05-01"), aside);
    assert_eq!(at("%d/%m/%Y", "31/02/2024"), aside);
}

#[test]
fn records_of_json_are_read_by_pointers() {
    let layout = r#"
        format = "json"
        records = "/value"
        id = "MediaID"
        class = "Category"
        tags = ["/Tags"]
        [[hash]]
        kind = "md5"
        value = "MD5"
        [[hash]]
        kind = "sha1"
        value = "/More/SHA1"
        [[hash]]
        each = "/Hashes"
        kind_in = "type"
        value = "value"
        [[hash]]
        kind = "PhotoDNA"
        value = "PhotoDNA"
        [[hash]]
        kind = "pdq"
        writing = "base64"
        value = "B64"
    "#;
    let text = format!(
        r#"{{ "@odata.context": "x", "other": [{{"value": [1, "]"]}}], "value": [
            {{"MediaID": 7, "MD5": " {} ", "Category": 2, "Tags": ["a", "b"], "PhotoDNA": null,
              "More": {{"SHA1": "{SHA1}"}}}},
            {{"MediaID": "8", "Hashes": [{{"type": "SHA-256", "value": "{SHA256}"}}, {{"type": "md5"}}], "Tags": "c"}},
            {{"MediaID": 9, "MD5": }}, 17,
            {{"MediaID": 10, "B64": "+Pjwzg=="}} ] , "end": null }}"#,
        MD5.to_uppercase()
    );
    check(
        mapping(layout),
        text,
        &[
            &format!("2 7 [file md5 {MD5}] [file sha1 {SHA1}] class=2 tags=a+b"),
            &format!("4 8 [file sha256 {SHA256}] tags=c"),
            "5 rejected - the record is no JSON (column 23)",
            "5 rejected - there is no hash in the row",
            "6 rejected 10 B64: it is not base64 of 32 bytes",
        ],
    );
}

#[test]
fn a_document_that_is_cut_or_is_another_is_told_as_such() {
    let layout = || {
        mapping("format = \"json\"\nrecords = \"/value\"\n[[hash]]\nkind = \"md5\"\nvalue = \"\"\n")
    };
    let good = format!("{{\"value\": [\"{MD5}\"]}}");
    check(layout(), &good, &[&format!("1 md5:{MD5} [file md5 {MD5}]")]);
    check(layout(), "{\"value\": null}", &[]);
    check(layout(), "{\"value\": []}\n", &[]);
    for end in 1..good.len() {
        check_error(layout(), &good[..end], FileError::CutShort { line: 1 });
    }
    check_error(layout(), "", FileError::NoRecords);
    check_error(layout(), "{\"values\": []}", FileError::NoRecords);
    check_error(layout(), "[]", FileError::NoRecords);
    check_error(layout(), "\n<html>", FileError::NoJson { line: 2 });
    check_error(layout(), "{\"value\": {}}", FileError::NoArray { line: 1 });
    check_error(layout(), "{\"value\": [}", FileError::NoJson { line: 1 });
    check_error(layout(), "{\"value\" 1}", FileError::NoJson { line: 1 });
    check_error(layout(), "{value: 1}", FileError::NoJson { line: 1 });
}

#[test]
fn json_lines_are_read_a_line_each() {
    let layout =
        mapping("format = \"ndjson\"\nid = \"i\"\n[[hash]]\nkind = \"md5\"\nvalue = \"h\"\n");
    check(
        layout,
        format!("{{\"i\":1,\"h\":\"{MD5}\"}}\r\n\r\n{{\"i\":\r\n{{\"i\":2,\"h\":\"{MD5}\"}}"),
        &[
            &format!("1 1 [file md5 {MD5}]"),
            "3 rejected - the record is no JSON (column 5)",
            &format!("4 2 [file md5 {MD5}]"),
        ],
    );
}

/// Lines as `tx`'s `local_file` reads them and `tx dataset -P -S` writes them.
#[test]
fn lines_of_tx_hold_a_kind_and_a_signal() {
    check(
        Preset::TxLocalFile,
        format!(
            "pdq {PDQ}\nvideo_md5 {MD5}\nurl https://example.org/a b\nraw_text some words\npdq\npdq {MD5}\n"
        ),
        &[
            &format!("1 pdq:{PDQ} [image pdq {PDQ}]"),
            &format!("2 md5:{MD5} [video md5 {MD5}]"),
            "3 url:https://example.org/a%20b [file url! https://example.org/a b]",
            "4 raw_text:some%20words [file raw_text! some words]",
            "5 rejected - there is no hash in the row",
            "6 rejected - signal: no hash of this kind has 32 digits",
        ],
    );
    check(
        Layout::from(Preset::TxLocalFile)
            .with_kind("video_md5")
            .expect("takes one"),
        MD5,
        &[&format!("1 md5:{MD5} [video md5 {MD5}]")],
    );
}

/// The header and the line ends are those of Python's `csv.DictWriter` in `dataset_cmd.py`.
#[test]
fn the_data_set_of_tx_keeps_each_collaboration_apart() {
    check(
        Preset::TxDataset,
        format!(
            "signal_type,signal_str,collab,category,tags\r\n\
             pdq,{PDQ},Sample A,POSITIVE_CLASS,one two\r\n\
             pdq,{PDQ},Sample B,NEGATIVE_CLASS,\r\n\
             raw_text,\"two\r\nlines\",B,INVESTIGATION_SEED,\r\n"
        ),
        &[
            &format!(
                "2 Sample%20A/pdq:{PDQ} [image pdq {PDQ}] owner=Sample A class=POSITIVE_CLASS tags=one+two"
            ),
            &format!("3 Sample%20B/pdq:{PDQ} withdrawn owner=Sample B class=NEGATIVE_CLASS"),
            "4 B/raw_text:two%0D%0Alines [file raw_text! two\r\nlines] owner=B class=INVESTIGATION_SEED",
        ],
    );
}

#[test]
fn the_signals_of_hma_keep_the_id_of_their_content() {
    check(
        Preset::HmaSignals,
        format!(
            "content_id,signal_type,signal_val,create_time\n7,pdq,{PDQ},2024-05-01\n7,video_md5,{MD5},\n"
        ),
        &[
            &format!("2 7/pdq:{PDQ} [image pdq {PDQ}]"),
            &format!("3 7/md5:{MD5} [video md5 {MD5}]"),
        ],
    );
}

/// Two answers behind one another, as `FetchHashesResponse` has them.
#[test]
fn pages_of_stopncii_are_read_with_what_was_withdrawn() {
    let page = |records: &str| {
        format!(
            "{{\"count\":1,\"nextPageToken\":\"t\",\"hashRecords\":[{records}],\"nextSetTimestamp\":5,\"hasMoreRecords\":false}}"
        )
    };
    let record = |kind: &str, value: &str, status: &str| {
        format!(
            "{{\"lastModtimestamp\":1714555800,\"signalType\":\"{kind}\",\"hashValue\":\"{value}\",\"hashStatus\":\"{status}\",\"caseNumbers\":{{}},\"CSPFeedbacks\":[]}}"
        )
    };
    let text = [
        page(
            &[
                record("ImagePDQ", PDQ, "Active"),
                record("VideoMD5", MD5, "Received"),
            ]
            .join(",\n"),
        ),
        page(
            &[
                record("ImagePDQ", PDQ, "Withdrawn"),
                record("VideoTMK", "abc", "Active"),
                record("VideoMD5", MD5, "Paused"),
            ]
            .join(",\n"),
        ),
    ];
    check(
        Preset::StopNcii,
        text.join("\n"),
        &[
            &format!("1 ImagePDQ:{PDQ} [image pdq {PDQ}] at=2024-05-01T09:30:00.000Z"),
            &format!("2 VideoMD5:{MD5} [video md5 {MD5}] at=2024-05-01T09:30:00.000Z"),
            &format!("3 ImagePDQ:{PDQ} withdrawn at=2024-05-01T09:30:00.000Z"),
            "4 VideoTMK:abc [video VideoTMK! abc] at=2024-05-01T09:30:00.000Z",
            &format!("5 rejected VideoMD5:{MD5} a record of an unknown status"),
        ],
    );
}

#[test]
fn every_preset_is_read_and_has_its_name() {
    for preset in Preset::ALL {
        let _ = Layout::from(preset);
        assert_eq!(preset.name().parse(), Ok(preset));
        assert!(PresetError.to_string().contains(preset.name()));
        mapping(&format!("preset = \"{preset}\""));
    }
}

#[test]
fn what_is_wrong_with_a_layout_is_told_with_its_line() {
    const HASH: &str = "[[hash]]\nkind = \"md5\"\nvalue = \"MD5\"\n";
    for (toml, line, part) in [
        ("format = \"csv\"\ncolour = 1", 2, "unknown field `colour`"),
        ("format = \"xml\"", 1, "unknown variant `xml`"),
        ("id = \"a\"\nformat = ", 2, ""),
        ("preset = \"iwf\"", 1, "the presets are"),
        (
            "format = \"csv\"\nseparator = \"ab\"\n",
            2,
            "one ASCII character",
        ),
        (
            "format = \"json\"\nrecords = \"value\"\n",
            2,
            "JSON pointer",
        ),
        ("format = \"csv\"\ntimes = \"dd/mm\"\n", 2, "pattern"),
        ("format = \"csv\"\nid = 0\n", 2, "from 1"),
        (
            "format = \"csv\"\n[[hash]]\nvalue = \"a\"\n",
            2,
            "one of `kind` and `kind_in`",
        ),
        (
            "format = \"csv\"\n[[hash]]\nvalue = \"a\"\nkind = \"md5\"\nnote = \"x\"\n",
            5,
            "unknown field `note`",
        ),
        ("format = \"csv\"\n", 1, "at least one hash"),
        (HASH, 1, "say how the file is written"),
    ] {
        let error = Layout::from_toml(toml).expect_err(toml);
        assert_eq!(error.line, line, "{toml} {error}");
        assert!(error.problem.contains(part), "{toml} {error}");
    }
    for (head, part) in [
        ("format = \"json\"\nheader = false\n", "csv and tsv"),
        ("format = \"csv\"\nrecords = \"\"\n", "for json"),
        ("format = \"csv\"\nheader = false\n", "by their number"),
        ("format = \"csv\"\nid_repeats = true\n", "needs an `id`"),
        ("format = \"csv\"\nkind = \"md5\"\n", "belongs to a preset"),
        ("preset = \"list\"\nid = \"a\"\n", "no other key"),
    ] {
        let error = Layout::from_toml(&format!("{head}{HASH}")).expect_err(head);
        assert!(error.problem.contains(part), "{head} {error}");
    }
}
