//! Golden pages by hand, and histories that are paged in every way.

use std::collections::BTreeMap;

use proptest::prelude::*;
use seawall_core::{Algorithm, Hash, PdqHash};

use super::*;
use crate::feed::{Entry, EntryState, Fingerprint, Media, SetAside};

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn answer(status: u16, body: &str) -> PartnerAnswer<'_> {
    PartnerAnswer {
        status,
        retry_after: None,
        body: body.as_bytes(),
        now: at(NOW_MS),
    }
}

fn tat() -> ListPartner {
    let secrets = Secrets::from_iter([("user", "me@site.example"), ("password", "p&ss")]);
    ListPartner::new(partners::tat(), None, &secrets).expect("it ships")
}

fn asked(feed: &ListFeed) -> String {
    feed.request().map_or_else(String::new, |request| {
        request.url.reveal().as_str().to_owned()
    })
}

const NOW_MS: i64 = 1_800_000_000_000;
const TOKEN: &str = r#"{"user": {"id": 7}, "token": "eyJ0.e30.x"}"#;
const LIST: &str = "https://app.terrorismanalytics.org/api/hash-list/v2/all";
const MD5: &str = "d41d8cd98f00b204e9800998ecf8427e";
const PDQ: &str = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22";

/// A page in the shape that the published client reads.
fn tat_page() -> String {
    let entry = |id: u32, algorithm: &str, digest: &str, kind: &str, deleted: bool| {
        format!(
            r#"{{"hash_digest": "{digest}", "algorithm": "{algorithm}", "ideology": "far-right",
             "file_type": "{kind}", "deleted": {deleted}, "updated_on": 1704085200.25,
             "created_on": "2024-01-01T05:00:00Z", "id": {id}}}"#
        )
    };
    let entries = [
        entry(121, "MD5", &MD5.to_uppercase(), "mp4", false),
        entry(122, "PDQ", PDQ, "jpg", false),
        entry(123, "TMK", "AAECAw==", "mp4", false),
        entry(124, "MD5", MD5, "mp4", true),
        entry(125, "PDQ", "f8f8", "png", false),
    ];
    format!(
        r#"{{"count": 9, "next": "{LIST}?limit=5&offset=5", "previous": null,
         "checkpoint": "1704085200,125", "results": [{}]}}"#,
        entries.join(",")
    )
}

#[test]
fn a_page_of_tech_against_terrorism_is_read() {
    let partner = tat();
    let mut feed = ListFeed::new(&partner, None, at(NOW_MS)).expect("a first run");
    let request = feed.request().expect("a request for a token");
    assert_eq!(request.method, Method::Post);
    let (_, body) = request.body.expect("a form");
    let form = String::from_utf8(body.reveal().clone()).expect("text");
    assert_eq!(
        form,
        "password=p%26ss&resend=False&username=me%40site.example"
    );
    assert_eq!(feed.answer(&answer(200, TOKEN)), Ok(Page::default()));

    let request = feed.request().expect("a request for a page");
    assert_eq!(request.url.reveal().as_str(), format!("{LIST}?order=asc"));
    let (name, value) = &request.headers[0];
    assert_eq!(
        (&**name, &**value.reveal()),
        ("authorization", "Bearer eyJ0.e30.x")
    );
    let page = feed.answer(&answer(200, &tat_page())).expect("a page");
    let shown: Vec<_> = page
        .entries
        .iter()
        .map(|entry| (entry.key.as_str(), entry.state))
        .collect();
    let expected = [
        ("121", EntryState::Active),
        ("122", EntryState::Active),
        ("123", EntryState::Active),
        ("124", EntryState::Withdrawn),
    ];
    assert_eq!(shown, expected);
    let hash = |algorithm, text, media| Fingerprint::Hash {
        hash: Hash::parse(algorithm, text).expect("digits"),
        media,
        quality: None,
    };
    let first = &page.entries[0];
    assert_eq!(
        first.fingerprints,
        [hash(Algorithm::Md5, MD5, Media::Video)]
    );
    assert_eq!(first.changed_at, Some(at(1_704_085_200_250)));
    assert_eq!(first.class.as_deref(), Some("far-right"));
    assert_eq!(
        page.entries[1].fingerprints,
        [hash(Algorithm::Pdq, PDQ, Media::Image)]
    );
    assert!(matches!(&page.entries[2].fingerprints[..],
        [Fingerprint::Other { kind, .. }] if kind == "TMK"));
    assert_eq!(page.entries[3].fingerprints, []);
    let [first, second] = &page.set_aside[..] else {
        panic!("the half hash is told: {:?}", page.set_aside);
    };
    assert_eq!((first.place, second.place), (5, 5));
    assert!(!format!("{:?}", page.set_aside).contains("f8f8"));
}

#[test]
fn the_place_in_tech_against_terrorisms_list_outlives_the_run() {
    let partner = tat();
    let mut feed = met(&partner);
    feed.answer(&answer(200, &tat_page())).expect("a page");
    assert_eq!(
        asked(&feed),
        format!("{LIST}?order=asc&after=1704085200%2C125")
    );
    let newer = r#"{"id": 130, "algorithm": "MD5", "hash_digest": "900150983cd24fb0d6963f7d28e17f72",
        "deleted": false, "updated_on": 1704085500.25}"#;
    let last = format!(r#"{{"next": null, "checkpoint": "1704085500,130", "results": [{newer}]}}"#);
    let page = feed.answer(&answer(200, &last)).expect("a page");
    assert_eq!(feed.request(), None);
    // Everything before the first page's end is five minutes older than the newest entry.
    let mut later = ListFeed::new(&partner, page.checkpoint.as_ref(), at(NOW_MS)).expect("fits");
    assert!(feed.is_whole() && !later.is_whole());
    later.answer(&answer(200, TOKEN)).expect("a token");
    let place = format!("{LIST}?order=asc&after=1704085200%2C125");
    assert_eq!(asked(&later), place);
    let nothing = r#"{"count": 9, "next": null, "checkpoint": "", "results": []}"#;
    let quiet = later.answer(&answer(200, nothing)).expect("a page");
    let kept = quiet.checkpoint.expect("it stays where it was").0;
    assert!(kept.contains("1704085200,125"), "{kept}");
}

/// A place is a time and a number: what is listed in the same second under a lower number stands
/// before a place that was told already.
#[test]
fn a_place_that_more_may_be_listed_before_is_not_kept() {
    let partner = tat();
    let mut feed = met(&partner);
    let page = feed.answer(&answer(200, &tat_page())).expect("a page");
    assert_eq!(page.checkpoint, None);
}

fn met(partner: &ListPartner) -> ListFeed {
    let mut feed = ListFeed::new(partner, None, at(NOW_MS)).expect("a first run");
    feed.answer(&answer(200, TOKEN)).expect("a token");
    feed
}

/// SW-A38: each fault is told, moves nothing, and can be asked again.
#[test]
fn a38_a_bad_page_moves_nothing() {
    let partner = tat();
    let cut = &tat_page()[..200];
    let no_list = r#"{"next": null, "checkpoint": "1,1"}"#;
    let no_cursor = r#"{"next": "x", "checkpoint": null, "results": []}"#;
    for body in [
        cut,
        "<html>gateway</html>",
        "",
        "[]",
        "null",
        no_list,
        no_cursor,
    ] {
        let mut feed = met(&partner);
        let before = feed.request();
        let error = feed.answer(&answer(200, body)).expect_err("a fault");
        assert!(
            matches!(error, FeedError::Unreadable { .. }),
            "{body}: {error}"
        );
        assert_eq!(feed.request(), before);
    }
    let mut feed = met(&partner);
    let later = PartnerAnswer {
        retry_after: Some("Fri, 15 Jan 2027 08:10:00 GMT"),
        ..answer(429, "")
    };
    let until = Some(at(1_800_000_600_000));
    assert_eq!(
        feed.answer(&later),
        Err(FeedError::Later { status: 429, until })
    );
}

#[test]
fn a38_a_cursor_that_repeats_ends_the_run() {
    let partner = tat();
    let mut feed = met(&partner);
    feed.answer(&answer(200, &tat_page())).expect("a page");
    let before = feed.request();
    assert_eq!(
        feed.answer(&answer(200, &tat_page())),
        Err(FeedError::Repeated)
    );
    assert_eq!(feed.request(), before);
    let kept =
        Checkpoint(r#"{"known_at":"2027-01-15T08:00:00Z","cursor":"1704085200,125"}"#.into());
    let mut later = ListFeed::new(&partner, Some(&kept), at(1_800_000_000_000)).expect("fits");
    later.answer(&answer(200, TOKEN)).expect("a token");
    assert_eq!(
        later.answer(&answer(200, &tat_page())),
        Err(FeedError::Repeated)
    );
}

#[test]
fn a_token_that_runs_out_is_fetched_anew_and_then_denied() {
    let partner = tat();
    let mut feed = met(&partner);
    feed.answer(&answer(200, &tat_page())).expect("a page");
    let page = asked(&feed);
    assert_eq!(feed.answer(&answer(401, "")), Ok(Page::default()));
    assert!(asked(&feed).ends_with("/token-auth/tcap/"));
    feed.answer(&answer(200, TOKEN)).expect("a token");
    assert_eq!(asked(&feed), page, "the same page is asked again");
    let denied = feed.answer(&answer(401, "")).expect_err("denied");
    assert!(
        matches!(denied, FeedError::Denied { status: 401, .. }),
        "{denied}"
    );
}

#[test]
fn a_checkpoint_of_another_kind_or_unknown_to_the_partner_is_stale() {
    let partner = tat();
    for text in [
        "",
        "7",
        "{}",
        r#"{"known_at":"2027-01-15T08:00:00Z","since":"1"}"#,
    ] {
        let checkpoint = Checkpoint(text.to_owned());
        let feed = ListFeed::new(&partner, Some(&checkpoint), at(0));
        assert_eq!(feed.expect_err("no checkpoint"), FeedError::Stale, "{text}");
    }
    let kept = Checkpoint(r#"{"known_at":"2027-01-15T08:00:00Z","cursor":"1,1"}"#.into());
    let mut feed = ListFeed::new(&partner, Some(&kept), at(0)).expect("fits");
    feed.answer(&answer(200, TOKEN)).expect("a token");
    assert_eq!(feed.answer(&answer(400, "")), Err(FeedError::Stale));
    let mut feed = met(&partner);
    assert_eq!(
        feed.answer(&answer(400, "")),
        Err(FeedError::Refused { status: 400 })
    );
}

#[test]
fn debug_shows_neither_link_nor_secret() {
    let paging = "[paging]\nkind='next_link'\nlink='/next'";
    let mut feed = ListFeed::new(&partner(paging), None, at(NOW_MS)).expect("a first run");
    let page = r#"{"entries": [], "next": "/list?signature=s3cret"}"#;
    feed.answer(&answer(200, page)).expect("a page");
    assert!(asked(&feed).contains("s3cret"));
    let shown = format!("{feed:?} {:?} {:?}", met(&tat()), feed.request());
    for secret in ["s3cret", "p&ss", "eyJ0"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

const PLAIN: &str = r#"
name = "a list for tests"
address = "https://partner.example/"
[authentication]
kind = "none"
[request]
path = "list"
[entries]
at = "/entries"
key = ["/id"]
changed_at = { at = "/at", format = "unix_seconds" }
state = { at = "/gone", withdrawn = ["true"] }
[[entries.hashes]]
value = "/pdq"
kind = "pdq"
"#;

fn partner(extra: &str) -> ListPartner {
    let toml = format!("{PLAIN}\n{extra}");
    let description = Description::read(toml.as_bytes()).expect(extra);
    ListPartner::new(description, None, &Secrets::default()).expect("no secrets")
}

#[test]
fn a_list_that_tells_too_late_what_is_gone_is_read_anew() {
    let toml = format!(
        "stale_after_days = 30\n{PLAIN}\n[paging]\nkind = 'cursor'\nparameter = 'c'\ncursor = '/c'\n[checkpoint]\nkind = 'cursor'"
    );
    let description = Description::read(toml.as_bytes()).expect("a description");
    let partner = ListPartner::new(description, None, &Secrets::default()).expect("no secrets");
    let kept = Checkpoint(r#"{"known_at":"2027-01-01T00:00:00Z","cursor":"1"}"#.into());
    let on = |day: &str| {
        ListFeed::new(&partner, Some(&kept), day.parse().expect("a time"))
            .map(|feed| feed.is_whole())
    };
    assert_eq!(on("2027-01-31T00:00:00Z"), Ok(false));
    assert_eq!(on("2027-01-31T00:00:00.001Z"), Err(FeedError::Stale));
}

#[test]
fn descriptions_that_contradict_themselves_are_told_so() {
    let fault = |toml: String| {
        Description::read(toml.as_bytes())
            .expect_err("a fault")
            .to_string()
    };
    let none = "[paging]\nkind = 'none'";
    let with = |old: &str, new: &str| fault(format!("{}\n{none}", PLAIN.replace(old, new)));
    let cases = [
        (
            fault(format!("{PLAIN}\n{none}\n[checkpoint]\nkind = 'cursor'")),
            "needs paging by cursor",
        ),
        (with("kind = \"pdq\"", ""), "one of kind"),
        (
            with("kind = \"pdq\"", "kind = \"pdq\"\nother_kind = \"x\""),
            "one of kind",
        ),
        (with("kind = \"pdq\"", "kind = \"sha512\""), "line 15"),
        (with("withdrawn = [\"true\"]", ""), "withdrawn"),
        (with("\"/id\"", ""), "key has one to eight places"),
        (with("\"/id\"", "\"id\""), "starts with a slash"),
        (
            with("path = \"list\"", "path = \"https://other.example/\""),
            "below the partner's address",
        ),
        (
            with(
                "https://partner.example/",
                "https://me:secret@partner.example/",
            ),
            "address has to be",
        ),
        (
            with("at = \"/entries\"", "at = \"/entries\"\nsecret = \"x\""),
            "unknown field `secret`",
        ),
        (fault("name = 'x'".to_owned()), "missing field"),
        (fault("name = ".to_owned()), "line 1"),
    ];
    for (text, part) in cases {
        assert!(text.contains(part), "{text:?} lacks {part:?}");
    }
    assert_eq!(Description::read(b"\xff"), Err(DescriptionError::NotText));
}

/// What a partner does to its list, one after the other: entry, hash, whether it is taken back.
type History = Vec<(u8, u64, bool)>;

fn history() -> impl Strategy<Value = History> {
    prop::collection::vec((0..12_u8, any::<u64>(), any::<bool>()), 0..40)
}

fn line(index: usize, &(id, seed, is_gone): &(u8, u64, bool)) -> Value {
    let pdq = Hash::Pdq(PdqHash([seed, 1, 2, 3])).to_string();
    serde_json::json!({"id": id, "pdq": pdq, "gone": is_gone, "at": 1_700_000_000 + index})
}

fn state_of(history: &[(u8, u64, bool)]) -> BTreeMap<String, (EntryState, Vec<Fingerprint>)> {
    let mut state = BTreeMap::new();
    for &(id, seed, is_gone) in history {
        let hash = Hash::Pdq(PdqHash([seed, 1, 2, 3]));
        let fingerprint = Fingerprint::Hash {
            hash,
            media: Media::Unknown,
            quality: None,
        };
        let now = if is_gone {
            (EntryState::Withdrawn, Vec::new())
        } else {
            (EntryState::Active, vec![fingerprint])
        };
        state.insert(id.to_string(), now);
    }
    state
}

/// A partner that answers from a history: by cursor, by link or by number.
fn serve(history: &[(u8, u64, bool)], size: usize, url: &Url) -> String {
    let query: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
    let number = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok());
    let since = number("since").map_or(0, |since| since.saturating_sub(1_700_000_000));
    let start = number("cursor").unwrap_or(since + number("page").unwrap_or(0) * size);
    let lines: Vec<Value> = (0..)
        .zip(history)
        .map(|(index, change)| line(index, change))
        .collect();
    let start = start.min(lines.len());
    let end = (start + size).min(lines.len());
    let is_more = end < lines.len();
    let link = is_more.then(|| format!("/list?cursor={end}"));
    let page = serde_json::json!({
        "entries": lines[start..end], "cursor": end, "more": is_more, "next": link
    });
    page.to_string()
}

/// Runs a feed until it is done or cut, and gives the last checkpoint.
fn run(
    feed: &mut ListFeed,
    history: &[(u8, u64, bool)],
    size: usize,
    pages_max: usize,
    state: &mut BTreeMap<String, (EntryState, Vec<Fingerprint>)>,
) -> Option<Checkpoint> {
    let mut checkpoint = None;
    for _ in 0..pages_max {
        let Some(request) = feed.request() else { break };
        let body = serve(history, size, request.url.reveal());
        let page = feed.answer(&answer(200, &body)).expect("a page");
        let no: Vec<SetAside> = Vec::new();
        assert_eq!(page.set_aside, no);
        for Entry {
            key,
            state: now,
            fingerprints,
            ..
        } in page.entries
        {
            state.insert(key.as_str().to_owned(), (now, fingerprints));
        }
        checkpoint = page.checkpoint.or(checkpoint);
    }
    checkpoint
}

proptest! {
    #[test]
    fn any_paging_of_a_history_ends_in_the_same_state(
        history in history(), size in 1..7_usize, way in 0..3_usize
    ) {
        let paging = [
            "[paging]\nkind='cursor'\nparameter='cursor'\ncursor='/cursor'\nmore='/more'",
            "[paging]\nkind='next_link'\nlink='/next'",
            "[paging]\nkind='page_number'\nparameter='page'\nfirst=0",
        ][way];
        let mut feed = ListFeed::new(&partner(paging), None, at(NOW_MS)).expect("a first run");
        let mut state = BTreeMap::new();
        run(&mut feed, &history, size, 200, &mut state);
        prop_assert_eq!(feed.request(), None);
        prop_assert_eq!(state, state_of(&history));
        prop_assert!(feed.is_whole());
    }

    #[test]
    fn a_run_that_is_cut_goes_on_from_its_checkpoint(
        history in history(), first in 0..40_usize, size in 1..7_usize,
        cut in 0..9_usize, way in 0..2_usize
    ) {
        let partner = partner([
            "[paging]\nkind='cursor'\nparameter='cursor'\ncursor='/cursor'\nmore='/more'\n\
             [checkpoint]\nkind='cursor'",
            "[paging]\nkind='next_link'\nlink='/next'\n\
             [checkpoint]\nkind='time'\nparameter='since'\nformat='unix_seconds'\noverlap_s=2",
        ][way]);
        let mut state = BTreeMap::new();
        let mut checkpoint = None;
        let known = &history[..first.min(history.len())];
        for (history, pages_max) in [(known, cut), (known, 200), (&history[..], cut), (&history[..], 200)] {
            let mut feed = ListFeed::new(&partner, checkpoint.as_ref(), at(NOW_MS)).expect("fits");
            checkpoint = run(&mut feed, history, size, pages_max, &mut state).or(checkpoint);
        }
        prop_assert_eq!(state, state_of(&history));
    }

    #[test]
    fn no_answer_panics_and_a_fault_moves_nothing(
        body in prop::collection::vec(any::<u8>(), 0..200), status in 100..600_u16
    ) {
        let paging = "[paging]\nkind='cursor'\nparameter='c'\ncursor='/c'\n[checkpoint]\nkind='cursor'";
        let partner = partner(paging);
        let mut feed = ListFeed::new(&partner, None, at(NOW_MS)).expect("a first run");
        let before = feed.request();
        let answer = PartnerAnswer { status, retry_after: None, body: &body, now: at(0) };
        if feed.answer(&answer).is_err() {
            prop_assert_eq!(feed.request(), before);
        }
    }

    #[test]
    fn any_bytes_are_a_description_or_a_clear_fault(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Err(error) = Description::read(&bytes) {
            prop_assert!(error.to_string().starts_with("reading a description of a partner"));
        }
    }

    #[test]
    fn a_changed_description_is_read_or_told(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = include_bytes!("partners/tat.toml").to_vec();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        let _ = Description::read(&bytes);
    }
}
