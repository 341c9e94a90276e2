//! What holds for every file: however it is cut, wherever one goes on.

use proptest::prelude::*;

use super::*;

/// Reads a file in pieces of these sizes by turns; where it goes wrong, with the rows before.
fn in_pieces(
    mut reader: FileReader,
    bytes: &[u8],
    sizes: &[usize],
) -> (Vec<FileRow>, Result<(), FileError>, Vec<FileCheckpoint>) {
    let (mut rows, mut checkpoints) = (Vec::new(), vec![reader.checkpoint()]);
    let (mut rest, mut turn) = (bytes, 0);
    while !rest.is_empty() {
        let size = sizes[turn % sizes.len()].clamp(1, rest.len());
        let (piece, after) = rest.split_at(size);
        if let Err(error) = reader.push(piece, &mut rows) {
            return (rows, Err(error), checkpoints);
        }
        checkpoints.push(reader.checkpoint());
        (rest, turn) = (after, turn + 1);
    }
    let end = reader.finish(&mut rows);
    (rows, end, checkpoints)
}

const TABLE: &str = "format = \"csv\"\nid = \"id\"\nclass = \"c\"\n[[hash]]\nkind_in = \"k\"\nvalue = \"v\"\n[[hash]]\nkind = \"md5\"\nvalue = \"m\"\n";
const JSON: &str = "format = \"json\"\nrecords = \"/a/*/r\"\nid = \"id\"\n[[hash]]\nkind_in = \"k\"\nvalue = \"v\"\n";

fn layouts() -> Vec<Layout> {
    let toml = |text: &str| mapping(text);
    vec![
        Preset::List.into(),
        Preset::TxLocalFile.into(),
        Preset::StopNcii.into(),
        toml(TABLE),
        toml(&format!("multiline = true\n{TABLE}")),
        toml("format = \"csv\"\nheader = false\n[[hash]]\nkind_in = 1\nvalue = 2\n"),
        toml("format = \"ndjson\"\n[[hash]]\nkind = \"md5\"\nvalue = \"v\"\n"),
        toml(JSON),
    ]
}

/// Pieces that files of these layouts are made of, well and badly put together.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<Vec<u8>> = [
        "id,c,k,v,m\n",
        "1,",
        "md5,",
        "\n",
        "\r\n",
        "\r",
        "\"",
        "\"\"",
        ",",
        " ",
        "# x",
        PDQ,
        MD5,
        SHA1,
        "md5 ",
        "pdq ",
        "  name",
        "{\"a\":[{\"r\":[",
        "{\"id\":1,\"k\":\"md5\",\"v\":\"",
        "\"}",
        "]}]}",
        "{\"hashRecords\":[",
        "{",
        "}",
        "[",
        "]",
        ":",
        "\\",
        "null",
        "\u{e9}\u{1d11e}",
    ]
    .into_iter()
    .map(|text| text.as_bytes().to_vec())
    .chain([
        b"\xEF\xBB\xBF".to_vec(),
        b"\xFF\xFE".to_vec(),
        b"\xFE\xFF".to_vec(),
        b"\0".to_vec(),
        b"\xFF".to_vec(),
        b"\xD8".to_vec(),
    ])
    .collect();
    prop::collection::vec(prop::sample::select(pieces), 0..40).prop_map(|pieces| pieces.concat())
}

/// So many digits, others for each row.
fn digits(i: u32, length: usize) -> String {
    format!("{:0>length$x}", u128::from(i) * 0x9E37_79B9_7F4A_7C15)
}

fn forty(between: &str, row: impl Fn(u32) -> String) -> String {
    (0..40).map(row).collect::<Vec<_>>().join(between)
}

fn table() -> String {
    let rows = forty("\r\n", |i| match i % 5 {
        0 => format!("{i},\"c, {i}\",md5,{},", digits(i, 32)),
        1 => {
            let (pdq, md5) = (digits(i, 64), digits(i, 32));
            format!("{i},\u{e9}\u{1d11e},pdq,{pdq},{md5}")
        }
        2 => format!("{i},,sha1,{},bad", digits(i, 40)),
        3 => String::new(),
        _ => "\"x".to_owned(),
    });
    format!("id,c,k,v,m\r\n{rows}")
}

fn document() -> String {
    let records = forty(" ,\n", |i| {
        let text = "\\\"\u{1d11e}]";
        let value = digits(i, 32);
        format!("{{\"id\":{i},\"k\":\"md5\",\"v\":\"{value}\", \"t\":\"{text}\"}}\n")
    });
    let more = forty(",", |i| {
        format!("{{\"id\":\"b{i}\",\"k\":\"x\",\"v\":{i}}}")
    });
    format!(
        "{{\"a\": [ {{\"r\": [{records}]}}, {{\"q\": [7, \"]\"]}}, {{\"r\": [{more}]}} ], \"z\": {{\"r\": 1}}}}\n"
    )
}

fn plain() -> String {
    forty("\n", |i| match i % 4 {
        0 => digits(i, 64),
        1 => format!("# {i}\n{}  a \u{1d11e}.jpg", digits(i, 40)),
        2 => format!("x{i}"),
        _ => format!("md5:{}", digits(i, 32)),
    })
}

/// Whole files, in UTF-8 and UTF-16.
fn files() -> Vec<(Layout, Vec<u8>)> {
    let list = Layout::from(Preset::List);
    let typed = forty("\n", |i| format!("pdq {}", digits(i, 64)));
    let files = [
        (list.clone(), plain()),
        (list.with_kind("pdq").expect("takes one"), plain()),
        (mapping(TABLE), table()),
        (mapping(&format!("multiline = true\n{TABLE}")), table()),
        (mapping(JSON), document()),
        (Preset::TxLocalFile.into(), typed),
    ];
    files
        .into_iter()
        .flat_map(|(layout, text)| {
            [
                (layout.clone(), text.clone().into_bytes()),
                (layout.clone(), utf16(&text, u16::to_le_bytes)),
                (layout, utf16(&text, u16::to_be_bytes)),
            ]
        })
        .collect()
}

#[test]
fn going_on_from_any_row_or_piece_gives_the_rows_after_it() {
    for (layout, bytes) in files() {
        let (rows, end, _) = in_pieces(FileReader::new(layout.clone()), &bytes, &[usize::MAX]);
        assert_eq!(end, Ok(()));
        assert!(rows.len() >= 30, "{}", rows.len());
        let (again, _, checkpoints) = in_pieces(FileReader::new(layout.clone()), &bytes, &[37]);
        assert_eq!(again, rows);
        let go_on = |checkpoint: &FileCheckpoint| {
            let at = usize::try_from(checkpoint.position.offset).expect("fits");
            let reader = FileReader::resume(layout.clone(), checkpoint).expect("same layout");
            let (rest, end, _) = in_pieces(reader, &bytes[at..], &[1000]);
            assert_eq!(end, Ok(()));
            rest
        };
        for checkpoint in &checkpoints {
            let json = serde_json::to_string(checkpoint).expect("serialises");
            let kept = serde_json::from_str(&json).expect("comes back");
            let after = rows.iter().filter(|row| row.start >= checkpoint.position);
            assert_eq!(go_on(&kept), after.cloned().collect::<Vec<_>>());
        }
        let mut reader = FileReader::new(layout.clone());
        let mut found = Vec::new();
        reader
            .push(&bytes, &mut found)
            .expect("the file is in order");
        reader.finish(&mut found).expect("the file is in order");
        for (index, row) in rows.iter().enumerate() {
            let same = rows[index..]
                .iter()
                .take_while(|other| other.next == row.next);
            let after = &rows[index + same.count()..];
            assert_eq!(go_on(&reader.checkpoint_after(row)), after);
        }
    }
}

#[test]
fn a_checkpoint_of_another_layout_is_refused() {
    let mut reader = FileReader::new(mapping(TABLE));
    reader
        .push(b"id,c,k,v,m\n", &mut Vec::new())
        .expect("a header");
    let checkpoint = reader.checkpoint();
    let other = TABLE.replace("\"c\"", "\"d\"");
    assert!(matches!(
        FileReader::resume(mapping(&other), &checkpoint),
        Err(FileError::NoColumn { .. })
    ));
    let number = mapping("format = \"csv\"\nheader = false\n[[hash]]\nkind_in = 1\nvalue = 2\n");
    assert!(matches!(
        FileReader::resume(number, &checkpoint),
        Err(FileError::Checkpoint)
    ));
}

proptest! {
    #[test]
    fn no_bytes_are_too_odd_and_no_cut_changes_the_rows(
        bytes in bytes(),
        sizes in prop::collection::vec(1_usize..20, 1..8),
    ) {
        for layout in layouts() {
            let whole = in_pieces(FileReader::new(layout.clone()), &bytes, &[usize::MAX]);
            let cut = in_pieces(FileReader::new(layout), &bytes, &sizes);
            prop_assert_eq!(&whole.0, &cut.0);
            prop_assert_eq!(whole.1, cut.1);
            for pair in whole.0.windows(2) {
                prop_assert!(pair[0].start == pair[1].start || pair[0].next <= pair[1].start);
            }
        }
    }

    #[test]
    fn entries_that_are_written_in_a_layout_are_read_back(
        values in prop::collection::vec((any::<[u8; 32]>(), any::<[u8; 16]>(), 0_u8..=100, "[ -~]{0,12}", any::<bool>()), 0..30),
        crlf: bool,
    ) {
        let end = if crlf { "\r\n" } else { "\n" };
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let (mut csv, mut lines, mut expected) = (format!("class,removed,q,pdq,md5,id{end}"), String::new(), Vec::new());
        for (i, (pdq, md5, quality, class, removed)) in values.iter().enumerate() {
            let (pdq, md5, class) = (hex(pdq), hex(md5), class.trim());
            let removed = if *removed { "2024-05-01" } else { "" };
            let quoted = class.replace('"', "\"\"");
            csv += &format!("\"{quoted}\",{removed},{quality},{pdq},{md5},{i}{end}");
            lines += &serde_json::json!({"class": class, "removed": removed, "q": quality, "pdq": pdq, "md5": md5, "id": i}).to_string();
            lines += end;
            let class = if class.is_empty() { String::new() } else { format!(" class={class}") };
            expected.push(if removed.is_empty() {
                format!("{i} [image pdq {pdq}@{quality}] [file md5 {md5}]{class}")
            } else {
                format!("{i} withdrawn{class} at=2024-05-01T00:00:00.000Z")
            });
        }
        let array = format!("[{}]", lines.trim_end().replace(end, ","));
        let tsv = csv.replace(',', "\t");
        let fields = "id = \"id\"\nclass = \"class\"\nremoved = \"removed\"\n[[hash]]\nkind = \"pdq\"\nvalue = \"pdq\"\nquality = \"q\"\n[[hash]]\nkind = \"md5\"\nvalue = \"md5\"\n";
        for (format, text) in [("csv", csv), ("ndjson", lines), ("json", array), ("tsv", tsv)] {
            if format == "tsv" && values.iter().any(|value| value.3.contains(',')) {
                continue;
            }
            let rows = read(mapping(&format!("format = \"{format}\"\n{fields}")), text.as_bytes());
            let shown: Vec<String> = rows.expect("in order").iter().map(|row| match &row.read {
                RowRead::Entry(entry) => show_entry(entry),
                RowRead::SetAside { .. } | RowRead::Rejected { .. } => show(row),
            }).collect();
            prop_assert_eq!(&shown, &expected);
        }
    }
}
