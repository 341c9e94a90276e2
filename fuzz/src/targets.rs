//! What each fuzz target does with its bytes. None may panic, abort, hang or exceed its limits.
//!
//! A test on the stable toolchain takes this very file in and runs every body over the stored
//! seeds and some thousand changes of them; `cargo xtask fuzz` lets the fuzzer look further.

use std::cell::Cell;
use std::sync::LazyLock;

use seawall::Budget;
use seawall::index::Index;
use seawall::preview::PreviewStyle;
use seawall_casework::report::CallKind;
use seawall_core::{
    Hash, HashReport, Limits, Outcome, PdqHash, Reason, Redacted, Timestamp, View, ViewOptions,
};
use seawall_exchange::description::Secrets;
use seawall_exchange::feed::{Checkpoint, Feed, PartnerAnswer};
use seawall_exchange::feedback::FeedbackDesk;
use seawall_exchange::file::{FileError, FileReader, FileRow, Layout, Preset};
use seawall_exchange::normal::{NormalText, NormalUrl};
use seawall_exchange::threat_exchange::{Group, OpinionDesk, ThreatUpdates};
use seawall_exchange::{list_client, remote_check};
use sha2::{Digest, Sha256};

/// A target: its name, and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// Every target. Those that decode differ in their seeds alone: bytes say what they are.
pub const TARGETS: [Target; 22] = [
    ("decode_jpeg", decode),
    ("decode_png", decode),
    ("decode_gif", decode),
    ("decode_webp", decode),
    ("decode_bmp", decode),
    ("decode_tiff", decode),
    ("decode_heic", decode),
    ("decode_avif", decode),
    ("list", list),
    ("ncmec", ncmec),
    ("stop_ncii", stop_ncii),
    ("file", file),
    ("description", description),
    ("partner_list", partner_list),
    ("partner_check", partner_check),
    ("threat_updates", threat_updates),
    ("normal", normal),
    ("reply", reply),
    ("xml", xml),
    ("frames", frames),
    ("view", view),
    ("snapshot", snapshot),
];

/// A picture of any format, in every form, hashed.
pub fn decode(bytes: &[u8]) {
    let limits = Limits {
        bytes_max: 1 << 20,
        pixels_max: 1 << 18,
        frames_max: 4,
        memory_bytes_max: 32 << 20,
        time_ms_max: 0,
    };
    let asked = Cell::new(0_u32);
    // Time goes by as often as it is asked for: no two runs differ.
    let expired = || {
        asked.set(asked.get() + 1);
        asked.get() > 2_000
    };
    let budget = Budget {
        limits: &limits,
        expired: &expired,
        views: ViewOptions {
            orientations: true,
            border: true,
            legacy_palette: true,
        },
    };
    let report = seawall::hash::perceptual(bytes, &budget);
    assert_eq!(report.reason.is_none(), report.outcome == Outcome::Hashed);
    assert_eq!(report.media_type, seawall::sniff(bytes));
    assert!(report.outcome != Outcome::Refused || report.hashes.is_empty());
    let pictures_max = limits.frames_max as usize + 9;
    assert!(report.hashes.len() <= pictures_max * View::FORMS_MAX);
    // The fast mode and the preview read the same bytes in ways of their own.
    let fast = seawall::hash::perceptual_fast(bytes, &budget);
    assert_eq!(fast.media_type(), report.media_type);
    let style = PreviewStyle {
        side_px_max: 32,
        blur: bytes.len().is_multiple_of(2),
        greyscale: false,
    };
    let _ = seawall::preview::render(bytes, &budget, style);
    by_rows(bytes, &limits);
    for record in &report.hashes {
        let view = record.view.expect("a perceptual hash is of some view");
        assert_eq!(view.to_string().parse(), Ok(view));
    }
}

/// Only the usual forms of a picture are hashed while it is decoded, row by row.
fn by_rows(bytes: &[u8], limits: &Limits) {
    let hashed = |hash: fn(&[u8], &Budget<'_>) -> HashReport| {
        let asked = Cell::new(0_u32);
        let expired = || {
            asked.set(asked.get() + 1);
            asked.get() > 2_000
        };
        let budget = Budget {
            limits,
            expired: &expired,
            views: ViewOptions::default(),
        };
        (hash(bytes, &budget), asked.get() > 2_000)
    };
    let (by_rows, is_late) = hashed(seawall::hash::perceptual);
    let (whole, is_whole_late) = hashed(seawall::hash::perceptual_of_whole_pictures);
    let is_large = whole.reason == Some(Reason::TooMuchMemory);
    assert!(is_late || is_whole_late || is_large || by_rows == whole);
}

/// A list of hashes.
pub fn list(bytes: &[u8]) {
    let list = seawall_exchange::list::parse(bytes);
    let lines = bytes
        .iter()
        .filter(|&&byte| byte == b'\n' || byte == b'\r')
        .count()
        + 1;
    assert!(list.rows.len() <= lines * 4);
}

/// A file of a partner, in every kind of layout: however it is cut, its rows are the same, and
/// going on behind one gives those after it.
pub fn file(bytes: &[u8]) {
    let table = "format = \"csv\"\nid = \"id\"\n[[hash]]\nkind_in = \"type\"\nvalue = \"value\"\n";
    let mappings = [
        table.to_owned(),
        format!("multiline = true\n{table}"),
        table.replace("csv", "ndjson"),
        table.replace("\"csv\"", "\"json\"\nrecords = \"/value/*/a\""),
    ];
    let mappings = mappings
        .iter()
        .map(|toml| Layout::from_toml(toml).expect("a layout"));
    for layout in Preset::ALL.map(Layout::from).into_iter().chain(mappings) {
        let (whole, end) = rows(FileReader::new(layout.clone()), bytes, usize::MAX);
        let (cut, cut_end) = rows(FileReader::new(layout.clone()), bytes, 7);
        assert_eq!((&whole, &end), (&cut, &cut_end));
        let (mut reader, mut found) = (FileReader::new(layout.clone()), Vec::new());
        let middle = bytes.len() / 2;
        if reader.push(&bytes[..middle], &mut found).is_ok() && end.is_ok() {
            let checkpoint = reader.checkpoint();
            let at = usize::try_from(checkpoint.position.offset).expect("within the bytes");
            let reader = FileReader::resume(layout, &checkpoint).expect("the same layout");
            let (rest, _) = rows(reader, &bytes[at..], usize::MAX);
            let after = whole.iter().filter(|row| row.start >= checkpoint.position);
            assert!(after.eq(&rest));
        }
    }
}

fn rows(
    mut reader: FileReader,
    bytes: &[u8],
    piece_bytes: usize,
) -> (Vec<FileRow>, Result<(), FileError>) {
    let mut rows = Vec::new();
    let mut read = Ok(());
    for piece in bytes.chunks(piece_bytes) {
        read = read.and_then(|()| reader.push(piece, &mut rows));
    }
    let end = read.and_then(|()| reader.finish(&mut rows));
    (rows, end)
}

/// What NCMEC answers to each call.
pub fn ncmec(bytes: &[u8]) {
    let config = seawall_exchange::ncmec::Config {
        base: "https://partner.example".parse().expect("an address"),
        environment: seawall_exchange::ncmec::Environment::Npo,
        username: String::new(),
        password: Redacted(String::new()),
        members: None,
    };
    let now = Timestamp::from_millis(NOW_MS);
    let mut feed = seawall_exchange::ncmec::Ncmec::new(config.clone(), None, now);
    feed_takes(&mut feed, bytes);
    let answer = answered(bytes);
    let _ = seawall_exchange::ncmec::read_status(&answer);
    let _ = seawall_exchange::ncmec::read_members(&answer);
    let _ = seawall_exchange::ncmec::read_reasons(&answer);
    let _ = seawall_exchange::ncmec::Desk::new(config).receipt(&answer);
}

/// What StopNCII answers.
pub fn stop_ncii(bytes: &[u8]) {
    let config = seawall_exchange::stop_ncii::Config {
        base: "https://partner.example".parse().expect("an address"),
        subscription_key: Redacted(String::new()),
        fetch_key: Redacted(String::new()),
        feedback_key: None,
        submit_key: None,
    };
    let now = Timestamp::from_millis(NOW_MS);
    feed_takes(
        &mut seawall_exchange::stop_ncii::StopNcii::new(config, None, now),
        bytes,
    );
}

/// The same answer again and again: an error moves nothing, a page moves on, and a place to go
/// on from comes with an end alone.
fn feed_takes(feed: &mut dyn Feed, bytes: &[u8]) {
    for _ in 0..3 {
        let asked = feed.request();
        match feed.answer(&answered(bytes)) {
            Err(_) => assert!(feed.request() == asked),
            Ok(_) if asked.is_some() => assert!(feed.request() != asked),
            Ok(page) => assert!(feed.request().is_none() && page.checkpoint.is_none()),
        }
    }
}

fn answered(body: &[u8]) -> PartnerAnswer<'_> {
    PartnerAnswer {
        status: 200,
        retry_after: None,
        body,
        now: Timestamp::from_millis(NOW_MS),
    }
}

/// 2024-05-02T00:00:00Z.
const NOW_MS: i64 = 1_714_608_000_000;

/// A page of TOML that describes a partner.
pub fn description(bytes: &[u8]) {
    let secrets = || Secrets::from_iter([("user", "a"), ("password", "b"), ("token", "c")]);
    if let Ok(list) = list_client::Description::read(bytes) {
        let partner = list_client::ListPartner::new(list, None, &secrets());
        let now = Timestamp::from_millis(0);
        let feed = partner.map(|partner| list_client::ListFeed::new(&partner, None, now));
        if let Ok(Ok(feed)) = feed {
            assert!(feed.request().is_some() && feed.is_whole());
        }
    }
    if let Ok(service) = remote_check::Description::read(bytes) {
        let partner = remote_check::CheckPartner::new(service, None, &secrets());
        let asked = HASHES.map(Hash::Md5);
        let _ = partner.map(|partner| remote_check::Check::new(&partner, &asked).request());
    }
}

/// What a partner answers to a request for its list, twice, and a token before it: by cursor,
/// by link and by number.
pub fn partner_list(bytes: &[u8]) {
    static PARTNERS: LazyLock<Vec<list_client::ListPartner>> = LazyLock::new(|| {
        let tat = include_str!("../../crates/seawall-exchange/src/list_client/partners/tat.toml");
        let by_cursor =
            "kind = \"cursor\"\nparameter = \"after\"\ncursor = \"/checkpoint\"\nmore = \"/next\"";
        let by_link = "kind = \"next_link\"\nlink = \"/next\"";
        let by_number = "kind = \"page_number\"\nparameter = \"page\"";
        assert!(tat.contains(by_cursor));
        let since = "kind = \"answer\"\nparameter = \"since\"\nat = \"/checkpoint\"";
        let of = |paging: &str| {
            let toml = tat.replace(by_cursor, paging).replace(
                "kind = \"cursor\"\noverlap_s = 300\n\n[entries]",
                &format!("{since}\n\n[entries]"),
            );
            let description =
                list_client::Description::read(toml.as_bytes()).expect("a description");
            let secrets = Secrets::from_iter([("user", "a"), ("password", "b")]);
            list_client::ListPartner::new(description, None, &secrets)
                .expect("the secrets are there")
        };
        [by_cursor, by_link, by_number].map(of).into()
    });
    for partner in PARTNERS.iter() {
        let now = Timestamp::from_millis(NOW_MS);
        let feed = |kept| list_client::ListFeed::new(partner, kept, now);
        let mut first = feed(None).expect("a first run");
        let _ = first.answer(&answered(bytes));
        let mut first = feed(None).expect("a first run");
        let token = first.answer(&answered(b"{\"token\": \"t\"}"));
        token.expect("a token");
        if let Some(kept) = feed_twice(&mut first, bytes) {
            feed(Some(&kept)).expect("what was just kept fits");
        }
    }
}

/// What ThreatExchange answers to a request for updates, twice, and to an opinion.
pub fn threat_updates(bytes: &[u8]) {
    let token = Redacted("555|t0ken-of-the-fuzzer".to_owned());
    let group = Group::new(None, 7, token).expect("a group");
    let now = Timestamp::from_millis(NOW_MS);
    let feed = |kept| ThreatUpdates::new(&group, kept, now);
    let mut first = feed(None).expect("a first run");
    if let Some(kept) = feed_twice(&mut first, bytes) {
        assert!(!kept.0.contains("t0ken-of-the-fuzzer"));
        feed(Some(&kept)).expect("what was just kept fits");
    }
    let _ = OpinionDesk::new(group).receipt(&answered(bytes));
}

/// What a service answers to a question about hashes.
pub fn partner_check(bytes: &[u8]) {
    static PARTNER: LazyLock<remote_check::CheckPartner> = LazyLock::new(|| {
        let secrets = Secrets::from_iter([("user", "a"), ("password", "b")]);
        let shield = remote_check::partners::arachnid_shield();
        remote_check::CheckPartner::new(shield, None, &secrets).expect("the secrets are there")
    });
    let asked = [0, 1].map(|word| Hash::Pdq(PdqHash([word; 4])));
    let mut check = remote_check::Check::new(&PARTNER, &asked);
    let before = check.request();
    match check.answer(&answered(bytes)) {
        Ok(checked) => assert_eq!(checked.len(), 2),
        Err(_) => assert_eq!(check.request(), before),
    }
}

/// Gives a feed the same answer twice: a fault leaves it where it was.
fn feed_twice(feed: &mut dyn Feed, bytes: &[u8]) -> Option<Checkpoint> {
    let mut kept = None;
    for _ in 0..2 {
        let before = feed.request();
        match feed.answer(&answered(bytes)) {
            Ok(page) => kept = page.checkpoint.or(kept),
            Err(_) => assert_eq!(feed.request(), before),
        }
    }
    kept
}

const HASHES: [[u8; 16]; 2] = [[0; 16], [1; 16]];

/// An address and a text, as a list or a caller gives them.
pub fn normal(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let normal = NormalText::new(&text);
    assert_eq!(NormalText::new(normal.as_str()), normal);
    let (one, other) = text.split_at(text.floor_char_boundary(text.len() / 2));
    let (one, other) = (NormalText::new(one), NormalText::new(other));
    assert_eq!(one.distance_chars(&other, 4), other.distance_chars(&one, 4));
    if let Ok(url) = NormalUrl::read(&text) {
        assert_eq!(NormalUrl::read(url.as_str()).as_ref(), Ok(&url));
        assert!(url.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
    }
}

/// The name of a view, as a worker or a caller gives it.
pub fn view(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(view) = text.parse::<View>() {
        assert_eq!(view.to_string().parse(), Ok(view));
    }
}

/// What a receiver answers to each call of a report.
pub fn reply(bytes: &[u8]) {
    for call in CallKind::ALL {
        let _ = seawall_casework::report::parse_reply(call, bytes);
        let _ = seawall_casework::report::outcome_of_answer(call, 200, bytes, None);
    }
}

/// A document that reaches a stand-in.
pub fn xml(bytes: &[u8]) {
    let _ = seawall_sim::cybertipline::elements_in(bytes);
}

/// What a worker that was taken over may send.
pub fn frames(bytes: &[u8]) {
    let frames = seawall_workflow::worker::frames_in(bytes, 1 << 16);
    assert!(frames <= bytes.len() / 12);
}

/// What may lie where an index was stored: as it is, and with the checksum that it needs.
pub fn snapshot(bytes: &[u8]) {
    let _ = Index::read_snapshot(&mut &bytes[..]);
    let summed = [bytes, &Sha256::digest(bytes)].concat();
    let Ok(index) = Index::read_snapshot(&mut &summed[..]) else {
        return;
    };
    let mut again = Vec::new();
    let written = index.write_snapshot(&mut again);
    written.expect("memory takes everything");
    let read = Index::read_snapshot(&mut &again[..]).expect("it was just written");
    assert_eq!(read.size(), index.size());
}
