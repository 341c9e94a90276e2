//! What lists look like in the world, and what has to come of it.

use proptest::prelude::*;
use seawall_core::PdqHash;

use super::*;

const PDQ: &str = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22";
const MD5: &str = "5d41402abc4b2a76b9719d911017c592";
const SHA1: &str = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d";
const SHA256: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

/// Rows as `line algorithm:hex note`, rejected and set-aside rows with their reason.
#[track_caller]
fn check(text: impl AsRef<[u8]>, expected: &[&str]) {
    let list = parse(text.as_ref());
    let rows = list.rows.iter().map(|row| {
        let note = row
            .note
            .as_ref()
            .map_or(String::new(), |note| format!(" {note}"));
        format!("{} {}:{}{note}", row.line, row.hash.algorithm(), row.hash)
    });
    let rejected = list
        .rejected
        .iter()
        .map(|row| format!("{} rejected {:?}", row.line, row.reason));
    let aside = list
        .set_aside
        .iter()
        .map(|row| format!("{} aside {:?}", row.line, row.reason));
    let found: Vec<String> = rows.chain(rejected).chain(aside).collect();
    assert_eq!(found, expected);
}

#[test]
fn one_md5_is_read_in_every_form_that_lists_have() {
    let plain = format!("1 md5:{MD5}");
    check(format!("{}\n", MD5.to_uppercase()), &[&plain]);
    check(format!("\u{feff}{MD5}\r\n"), &[&plain]);
    check(format!("  {MD5} \t\n\n"), &[&plain]);
    check(MD5, &[&plain]);
    check(format!("{MD5}\r"), &[&plain]);
    check(
        format!("# partner list\n{MD5}\n"),
        &[&format!("2 md5:{MD5}")],
    );
    check(
        format!("{MD5}  a file.bin\n"),
        &[&format!("{plain} a file.bin")],
    );
    check(
        format!("{MD5} *a file.bin\n"),
        &[&format!("{plain} a file.bin")],
    );
    check(
        format!("MD5 (a (1).bin) = {MD5}\n"),
        &[&format!("{plain} a (1).bin")],
    );
}

#[test]
fn an_md5_goes_by_the_name_that_hma_has_for_it() {
    let plain = format!("1 md5:{MD5}");
    for row in [
        format!("video_md5:{MD5}"),
        format!("video_md5,{MD5}"),
        format!("VIDEO_MD5 {MD5}"),
    ] {
        check(row, &[&plain]);
    }
    let below = format!("2 md5:{MD5}");
    check(format!("video_md5\n{MD5}\n"), &[&below]);
    check(format!("signal_type,signal\nvideo_md5,{MD5}\n"), &[&below]);
}

#[test]
fn lookups_are_each_of_the_kind_that_has_so_many_digits() {
    let text = format!("{PDQ}\n{PDQ}\n{MD5}\n{SHA1}\n{}\n", &PDQ[1..]);
    let kinds = |list: &HashList| -> Vec<Algorithm> {
        list.rows.iter().map(|row| row.hash.algorithm()).collect()
    };
    let lookups = parse_lookups(text.as_bytes());
    let [pdq, md5, sha1] = [Algorithm::Pdq, Algorithm::Md5, Algorithm::Sha1];
    assert_eq!(kinds(&lookups), [pdq, pdq, md5, sha1]);
    let rejected: Vec<u64> = lookups.rejected.iter().map(|row| row.line).collect();
    assert_eq!(rejected, [5]);
    assert_eq!(kinds(&parse(text.as_bytes())), [pdq, pdq]);
}

#[test]
fn bad_rows_are_named_by_line_and_the_rest_is_loaded() {
    let zeros = "0".repeat(64);
    let ones = "f".repeat(64);
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
    check(
        text.join("\n") + "\n",
        &[
            &format!("1 pdq:{PDQ}"),
            &format!("6 pdq:{PDQ}"),
            "2 rejected Length { digits: 32 }",
            "3 rejected Digit",
            "4 rejected Length { digits: 65 }",
            "7 aside AllZeros",
            "8 aside AllOnes",
        ],
    );
}

#[test]
fn a_label_says_which_kind_a_value_is() {
    let text =
        format!("pdq:{PDQ}\nmd5,{MD5}\nSHA-1 {SHA1}\nsha256: {SHA256}\ncrc32:1234\nsha256,{MD5}\n");
    check(
        text,
        &[
            &format!("1 pdq:{PDQ}"),
            &format!("2 md5:{MD5}"),
            &format!("3 sha1:{SHA1}"),
            &format!("4 sha256:{SHA256}"),
            "5 rejected Algorithm",
            "6 rejected Length { digits: 32 }",
        ],
    );
}

#[test]
fn notes_stand_behind_or_before_the_value() {
    check(
        format!("{PDQ},100,a.jpg\n{PDQ} b.jpg\nc.jpg,{PDQ}\nmd5,{MD5},d.jpg"),
        &[
            &format!("1 pdq:{PDQ} 100,a.jpg"),
            &format!("2 pdq:{PDQ} b.jpg"),
            &format!("3 pdq:{PDQ} c.jpg"),
            &format!("4 md5:{MD5} d.jpg"),
        ],
    );
}

#[test]
fn sixty_four_digits_are_pdq_alone_and_sha256_in_a_sum_line() {
    check(SHA256, &[&format!("1 pdq:{SHA256}")]);
    check(
        format!("{SHA256}  a.bin"),
        &[&format!("1 sha256:{SHA256} a.bin")],
    );
    check(
        format!("SHA256 (a.bin) = {SHA256}"),
        &[&format!("1 sha256:{SHA256} a.bin")],
    );
}

#[test]
fn a_header_names_the_columns() {
    check(
        format!(
            "Algorithm,Hash,Quality,Note\npdq,{PDQ},100,\"one, two\"\nmd5,{MD5},,\npdq,{PDQ},49,\nnope,{MD5},,\nmd5,,,\nmd5,{MD5},\"x\n"
        ),
        &[
            &format!("2 pdq:{PDQ} one, two"),
            &format!("3 md5:{MD5}"),
            "5 rejected Algorithm",
            "6 rejected Missing",
            "7 rejected Quote",
            "4 aside LowQuality",
        ],
    );
    check(
        format!("id;pdq;md5;sha-1;sha_256\r\n7;{PDQ};{MD5};{SHA1};{SHA256}\r\n8;;{MD5};;zz\r\n"),
        &[
            &format!("2 pdq:{PDQ}"),
            &format!("2 md5:{MD5}"),
            &format!("2 sha1:{SHA1}"),
            &format!("2 sha256:{SHA256}"),
            &format!("3 md5:{MD5}"),
            "3 rejected Length { digits: 2 }",
        ],
    );
    check(
        format!("value\nsha1:{SHA1}\n{MD5}"),
        &[&format!("2 sha1:{SHA1}"), &format!("3 md5:{MD5}")],
    );
}

#[test]
fn bytes_that_are_no_text_are_rejected_by_line() {
    let mut bytes = format!("{PDQ}\n").into_bytes();
    bytes.extend(b"\xFF\xFE\0a\n");
    bytes.extend(PDQ.as_bytes());
    check(
        bytes,
        &[
            &format!("1 pdq:{PDQ}"),
            &format!("3 pdq:{PDQ}"),
            "2 rejected NotText",
        ],
    );
    check("", &[]);
    check("hello\n", &["1 rejected Length { digits: 5 }"]);
}

#[test]
fn debug_output_holds_neither_hash_nor_note() {
    let list = parse(format!("{MD5}  somebody.jpg").as_bytes());
    let text = format!("{list:?}");
    assert!(!text.contains(MD5) && !text.contains("somebody"), "{text}");
}

proptest! {
    /// Whatever the bytes, every line is accounted for at most once in each place, in order.
    #[test]
    fn no_bytes_are_too_odd(bytes in prop::collection::vec(prop::sample::select(&b"0123456789abcdefAB:,;\"\n\r\t *#()=\xFFmd5pqsh"[..]), 0..400)) {
        let list = parse(&bytes);
        prop_assert!(list.rejected.is_sorted_by_key(|row| row.line));
        prop_assert!(list.rows.is_sorted_by_key(|row| row.line));
    }

    #[test]
    fn a_plain_list_comes_back_row_by_row(values in prop::collection::vec(any::<[u8; 32]>(), 0..40), crlf: bool) {
        let end = if crlf { "\r\n" } else { "\n" };
        let hashes: Vec<Hash> = values.iter().map(|&value| Hash::Pdq(PdqHash::from_bytes(value))).collect();
        let text: String = hashes.iter().map(|hash| format!("{hash}{end}")).collect();
        let list = parse(text.as_bytes());
        prop_assert!(list.rejected.is_empty() && list.set_aside.is_empty());
        let read: Vec<Hash> = list.rows.iter().map(|row| row.hash).collect();
        prop_assert_eq!(read, hashes);
    }
}
