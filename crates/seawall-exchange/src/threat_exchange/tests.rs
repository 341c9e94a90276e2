//! Pages by hand, in the shape that the published client reads.

use std::collections::BTreeMap;

use proptest::prelude::*;
use seawall_core::{Algorithm, Hash, PdqHash};

use super::*;
use crate::feed::{Entry, EntryKey, EntryState, Fingerprint, Media, Opinion};
use crate::feedback::{Feedback, FeedbackDesk, FeedbackFault};

const TOKEN: &str = "555|aSdF123GhK_s3cret-tail";
const LIST: &str = "https://graph.facebook.com/v26.0/1012345678901234/threat_updates/";
const NOW_MS: i64 = 1_800_000_000_000;
const PDQ: &str = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22";
const MD5: &str = "d41d8cd98f00b204e9800998ecf8427e";

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn group() -> Group {
    Group::new(None, 1_012_345_678_901_234, Redacted(TOKEN.to_owned())).expect("a group")
}

fn first() -> ThreatUpdates {
    ThreatUpdates::new(&group(), None, at(NOW_MS)).expect("a first run")
}

fn resumed(checkpoint: &Checkpoint) -> ThreatUpdates {
    ThreatUpdates::new(&group(), Some(checkpoint), at(NOW_MS)).expect("it fits")
}

fn answer(status: u16, body: &str) -> PartnerAnswer<'_> {
    PartnerAnswer {
        status,
        retry_after: None,
        body: body.as_bytes(),
        now: at(NOW_MS),
    }
}

fn asked(feed: &ThreatUpdates) -> BTreeMap<String, String> {
    let request = feed.request().expect("a request");
    let url = request.url.reveal();
    assert!(url.as_str().starts_with(LIST));
    let query: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!(query["access_token"], TOKEN);
    query
}

fn page_of(updates: &[Value], next: Option<&str>) -> String {
    serde_json::json!({"data": updates, "paging": {"next": next}}).to_string()
}

fn update(id: u32, kind: &str, indicator: &str, descriptors: Value) -> Value {
    serde_json::json!({
        "id": id.to_string(), "type": kind, "indicator": indicator, "last_updated": 1_700_000_000,
        "should_delete": false, "descriptors": {"data": descriptors}
    })
}

fn says(owner: u32, status: &str) -> Value {
    serde_json::json!([{"id": owner + 1000, "owner": {"id": owner.to_string()}, "status": status}])
}

fn read(update: Value) -> Page {
    let body = page_of(&[update], None);
    first().answer(&answer(200, &body)).expect("a page")
}

fn entry(update: Value) -> Entry {
    let mut page = read(update);
    assert_eq!(page.set_aside, []);
    page.entries.pop().expect("an entry")
}

#[test]
fn the_first_page_is_asked_with_fields_and_token() {
    let query = asked(&first());
    assert_eq!(query.len(), 3);
    assert_eq!(query["limit"], "100");
    let fields = "id,indicator,type,last_updated,should_delete,\
        descriptors{id,reactions,owner{id},tags,status}";
    assert_eq!(query["fields"], fields);
}

#[test]
fn each_type_becomes_its_kind_of_hash() {
    let sha1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
    let sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let cases = [
        ("HASH_PDQ", PDQ, Algorithm::Pdq, Media::Image),
        ("HASH_MD5", MD5, Algorithm::Md5, Media::Unknown),
        ("HASH_VIDEO_MD5", MD5, Algorithm::Md5, Media::Video),
        ("HASH_SHA1", sha1, Algorithm::Sha1, Media::Unknown),
        ("HASH_SHA256", sha256, Algorithm::Sha256, Media::Unknown),
        ("HASH_VIDEO_SHA256", sha256, Algorithm::Sha256, Media::Video),
    ];
    for (kind, text, algorithm, media) in cases {
        let entry = entry(update(7, kind, &text.to_uppercase(), says(9, "MALICIOUS")));
        let hash = Hash::parse(algorithm, text).expect("digits");
        let quality = None;
        let expected = Fingerprint::Hash {
            hash,
            media,
            quality,
        };
        assert_eq!(entry.fingerprints, [expected], "{kind}");
        assert_eq!(entry.key.as_str(), "7");
        assert_eq!(entry.owner.as_deref(), Some("9"));
        assert_eq!(entry.changed_at, Some(at(1_700_000_000_000)));
    }
    let video = serde_json::json!([{"id": 1, "owner": {"id": 9}, "status": "MALICIOUS",
        "tags": {"data": [{"id": "3", "text": "media_type_video"}]}}]);
    let tagged = entry(update(7, "HASH_MD5", MD5, video));
    assert!(matches!(
        tagged.fingerprints[..],
        [Fingerprint::Hash {
            media: Media::Video,
            ..
        }]
    ));
    assert_eq!(tagged.tags, ["media_type_video"]);
    let other = entry(update(
        7,
        "URI",
        "https://site.example/",
        says(9, "MALICIOUS"),
    ));
    assert!(matches!(&other.fingerprints[..], [Fingerprint::Other { kind, .. }] if kind == "URI"));
}

#[test]
fn what_members_say_becomes_opinions() {
    let descriptors = serde_json::json!([
        {"id": "31", "owner": {"id": "1"}, "status": "NON_MALICIOUS", "tags": null},
        {"id": "32", "owner": {"id": "2"}, "status": "MALICIOUS", "tags": ["b", "a"], "reactions": [
            {"key": "DISAGREE_WITH_TAGS", "value": "1,4"},
            {"key": "HELPFUL", "value": "4, 5"},
            {"key": "SAW_THIS_TOO", "value": "6,5"},
            {"key": "NOT_HELPFUL", "value": "7"},
            {"key": "INGESTED", "value": "8"}
        ]},
        {"id": "33", "status": "UNKNOWN"},
        {"id": "34", "owner": {"id": "3"}, "status": "SUSPICIOUS"}
    ]);
    let entry = entry(update(7, "HASH_PDQ", PDQ, descriptors));
    assert_eq!(entry.owner.as_deref(), Some("2"));
    assert_eq!(entry.class.as_deref(), Some("MALICIOUS"));
    assert_eq!(entry.tags, ["a", "b"]);
    let said: Vec<_> = entry
        .opinions
        .iter()
        .map(|one| (one.by.as_str(), one.opinion))
        .collect();
    let expected = [
        ("1", Opinion::Disagrees),
        ("2", Opinion::Agrees),
        ("3", Opinion::Seen),
        ("4", Opinion::Agrees),
        ("5", Opinion::Agrees),
        ("7", Opinion::Disagrees),
        ("6", Opinion::Seen),
    ];
    assert_eq!(said, expected);
    assert_eq!(
        entry.opinions[1].reasons,
        ["MALICIOUS", "b", "a", "descriptor:32"]
    );
    assert_eq!(entry.opinions[5].reasons, ["NOT_HELPFUL"]);
}

#[test]
fn what_nobody_vouches_for_is_withdrawn() {
    let mut deleted = update(7, "HASH_PDQ", PDQ, says(9, "MALICIOUS"));
    deleted["should_delete"] = Value::Bool(true);
    let mut bare = update(7, "HASH_PDQ", PDQ, Value::Null);
    bare.as_object_mut()
        .expect("an object")
        .remove("descriptors");
    let tombstone = serde_json::json!({"id": "7", "should_delete": true});
    let harmless = update(7, "HASH_PDQ", PDQ, says(9, "NON_MALICIOUS"));
    let none = update(7, "HASH_PDQ", PDQ, serde_json::json!([]));
    for update in [deleted, bare, tombstone, harmless, none] {
        let shown = update.to_string();
        let entry = entry(update);
        assert_eq!(
            (entry.state, entry.fingerprints),
            (EntryState::Withdrawn, vec![]),
            "{shown}"
        );
        assert_eq!(entry.key.as_str(), "7");
    }
    // A description that is shown without its owner still vouches.
    let hidden = serde_json::json!([{"id": "31", "status": "MALICIOUS"}]);
    let hidden = entry(update(7, "HASH_PDQ", PDQ, hidden));
    assert_eq!((hidden.state, hidden.owner), (EntryState::Active, None));
}

#[test]
fn what_cannot_be_read_is_set_aside_and_the_rest_stays() {
    let no_id = serde_json::json!({"type": "HASH_PDQ"});
    let updates = [
        update(7, "HASH_PDQ", "f8f8", says(9, "MALICIOUS")),
        no_id,
        Value::Null,
        serde_json::json!({"id": "8", "descriptors": {"data": says(9, "MALICIOUS")}}),
        update(10, "HASH_PDQ", PDQ, says(9, "MALICIOUS")),
    ];
    let body = page_of(&updates, None);
    let page = first().answer(&answer(200, &body)).expect("a page");
    let places: Vec<_> = page.set_aside.iter().map(|one| one.place).collect();
    assert_eq!(places, [1, 2, 3, 4]);
    assert_eq!(page.set_aside[0].key, EntryKey::new("7").ok());
    assert_eq!(page.entries.len(), 1);
    assert!(!format!("{:?}", page.set_aside).contains("f8f8"));
}

#[test]
fn a_next_link_is_followed_with_our_token_and_kept_without_one() {
    let mut feed = first();
    let next = format!("{LIST}?access_token=555%7CaSdF123GhK_s3cret-tail&limit=100&after=QVF%2B");
    let body = page_of(
        &[update(7, "HASH_MD5", MD5, says(9, "MALICIOUS"))],
        Some(&next),
    );
    let page = feed.answer(&answer(200, &body)).expect("a page");
    let kept = page.checkpoint.expect("it holds the place");
    assert!(
        !kept.0.contains("s3cret") && !kept.0.contains("access_token"),
        "{kept:?}"
    );
    let query = asked(&feed);
    assert_eq!(
        (query.len(), &*query["after"], &*query["limit"]),
        (3, "QVF+", "100")
    );
    let mut later = resumed(&kept);
    assert_eq!(later.request(), feed.request());
    assert!(feed.is_whole() && !later.is_whole());
    assert_eq!(later.answer(&answer(200, &body)), Err(FeedError::Repeated));

    // A place that the service forgot sends the run back to where it had begun.
    let mut later = resumed(&kept);
    assert_eq!(later.answer(&answer(400, "{}")), Ok(Page::default()));
    assert_eq!(later.request(), first().request());
    assert_eq!(
        later.answer(&answer(400, "{}")),
        Err(FeedError::Refused { status: 400 })
    );
}

#[test]
fn a_link_that_leads_away_or_hides_the_token_is_refused() {
    let path = "https://graph.facebook.com/v26.0/1012345678901234/threat_updates";
    let links = [
        "https://other.example/v26.0/1012345678901234/threat_updates/?after=a".to_owned(),
        "https://graph.facebook.com/v26.0/77/threat_updates/?after=a".to_owned(),
        "http://graph.facebook.com/v26.0/1012345678901234/threat_updates/?after=a".to_owned(),
        format!("{path}?after={TOKEN}"),
        format!("{path}?access_token={TOKEN}"),
        path.to_owned(),
    ];
    for link in links {
        let mut feed = first();
        let before = feed.request();
        let error = feed
            .answer(&answer(200, &page_of(&[], Some(&link))))
            .expect_err("refused");
        assert!(matches!(error, FeedError::Unreadable { .. }), "{link}");
        assert!(!error.to_string().contains("s3cret"));
        assert_eq!(feed.request(), before);
    }
}

#[test]
fn the_last_page_says_where_the_next_run_begins() {
    let mut late = update(8, "HASH_MD5", MD5, says(9, "MALICIOUS"));
    late["last_updated"] = (NOW_MS / 1000 + 3600).into();
    let body = page_of(
        &[update(7, "HASH_MD5", MD5, says(9, "MALICIOUS")), late],
        None,
    );
    let mut feed = first();
    let page = feed.answer(&answer(200, &body)).expect("a page");
    assert_eq!(feed.request(), None);
    let kept = page.checkpoint.expect("the list is known to its end");
    let mut later = resumed(&kept);
    assert_eq!(
        asked(&later)["start_time"],
        "1699999700",
        "five minutes before the newest"
    );
    let quiet = later
        .answer(&answer(200, &page_of(&[], None)))
        .expect("a page");
    let quiet = resumed(&quiet.checkpoint.expect("it stays"));
    assert_eq!(asked(&quiet)["start_time"], "1699999700");
}

/// While a run is cut, something is listed before the place that it came to.
#[test]
fn a_run_that_was_cut_looks_back_to_where_it_began() {
    let dated = |id, time_s: i64| {
        let mut update = update(id, "HASH_MD5", MD5, says(9, "MALICIOUS"));
        update["last_updated"] = time_s.into();
        update
    };
    let begun_s = NOW_MS / 1000;
    let mut feed = first();
    let next = format!("{LIST}?after=a");
    let page = feed.answer(&answer(
        200,
        &page_of(&[dated(7, begun_s - 5)], Some(&next)),
    ));
    let kept = page.expect("a page").checkpoint.expect("a place");
    let now = at(NOW_MS + 3_600_000);
    let mut later = ThreatUpdates::new(&group(), Some(&kept), now).expect("it fits");
    let last = page_of(&[dated(8, begun_s + 3_000)], None);
    let page = later.answer(&PartnerAnswer {
        now,
        ..answer(200, &last)
    });
    let kept = page.expect("a page").checkpoint.expect("an end");
    let start = (begun_s - 305).to_string();
    assert_eq!(asked(&resumed(&kept))["start_time"], start);
}

#[test]
fn a_checkpoint_older_than_85_days_is_stale() {
    let kept = |day: &str| Checkpoint(format!(r#"{{"known_at":"{day}","start_s":5}}"#));
    let of = |kept: Checkpoint| ThreatUpdates::new(&group(), Some(&kept), at(NOW_MS)).map(|_| ());
    // 85 days before 2027-01-15T08:00:00Z.
    assert_eq!(of(kept("2026-10-22T08:00:00Z")), Ok(()));
    assert_eq!(of(kept("2026-10-22T07:59:59Z")), Err(FeedError::Stale));
    for text in [
        "",
        "{}",
        "7",
        r#"{"known_at":"2027-01-15T08:00:00Z","token":"x"}"#,
    ] {
        assert_eq!(
            of(Checkpoint(text.to_owned())),
            Err(FeedError::Stale),
            "{text}"
        );
    }
    // A run that was cut is as old as what it began from.
    let mut feed = resumed(&kept("2026-11-01T00:00:00Z"));
    let next = format!("{LIST}?after=a");
    let page = feed
        .answer(&answer(200, &page_of(&[], Some(&next))))
        .expect("a page");
    assert!(page.checkpoint.expect("a place").0.contains("2026-11-01"));
    let page = feed
        .answer(&answer(200, &page_of(&[], None)))
        .expect("a page");
    assert!(page.checkpoint.expect("a place").0.contains("2027-01-15"));
}

#[test]
fn a_link_to_the_page_that_was_asked_ends_the_run() {
    let request = first().request().expect("a request");
    let itself = request.url.reveal().as_str();
    let body = page_of(&[], Some(itself));
    assert_eq!(
        first().answer(&answer(200, &body)),
        Err(FeedError::Repeated)
    );
}

#[test]
fn times_may_be_early_fractions_or_text() {
    let of = |time: Value| {
        let mut update = update(7, "HASH_MD5", MD5, says(9, "MALICIOUS"));
        update["last_updated"] = time;
        let page = read(update);
        let kept = resumed(&page.checkpoint.expect("an end"));
        let start = asked(&kept).get("start_time").cloned();
        (page.entries[0].changed_at, start.unwrap_or_default())
    };
    let start = "1699999700".to_owned();
    assert_eq!(
        of(1_700_000_000.25.into()),
        (Some(at(1_700_000_000_250)), start.clone())
    );
    assert_eq!(
        of("2023-11-14T22:13:20+0000".into()),
        (Some(at(1_700_000_000_000)), start)
    );
    assert_eq!(of(5.into()), (Some(at(5_000)), "0".to_owned()));
    assert_eq!(of(Value::Null), (None, String::new()));
}

/// SW-A38, and the numbers of the service's own errors.
#[test]
fn a38_a_bad_answer_moves_nothing() {
    let whole = page_of(&[update(7, "HASH_MD5", MD5, says(9, "MALICIOUS"))], None);
    let bodies = [
        &whole[..whole.len() - 9],
        "<html>gateway</html>",
        "",
        "[]",
        r#"{"data":{}}"#,
    ];
    for body in bodies {
        let mut feed = first();
        let error = feed.answer(&answer(200, body)).expect_err("a fault");
        assert!(matches!(error, FeedError::Unreadable { .. }), "{body}");
        assert_eq!(feed.request(), first().request());
    }
    let limited = PartnerAnswer {
        retry_after: Some("Fri, 15 Jan 2027 08:10:00 GMT"),
        ..answer(429, "")
    };
    let until = Some(at(NOW_MS + 600_000));
    assert_eq!(
        first().answer(&limited),
        Err(FeedError::Later { status: 429, until })
    );
    let told = |status, code: i64| {
        let message = format!("no {TOKEN}");
        let body = serde_json::json!({"error": {"message": message, "code": code}}).to_string();
        first()
            .answer(&answer(status, &body))
            .expect_err("an error")
    };
    for code in [102, 190, 10, 200, 299] {
        let error = told(400, code);
        assert!(
            matches!(error, FeedError::Denied { status: 400, .. }),
            "{code}"
        );
        assert!(!error.to_string().contains("s3cret"));
    }
    for code in [1, 2, 4, 17, 32, 341, 613] {
        assert_eq!(
            told(400, code),
            FeedError::Later {
                status: 400,
                until: None
            },
            "{code}"
        );
    }
    assert_eq!(told(400, 100), FeedError::Refused { status: 400 });
    assert_eq!(told(200, 100), FeedError::Refused { status: 200 });
}

#[test]
fn no_debug_shows_the_token() {
    let mut feed = first();
    let next = format!("{LIST}?access_token={TOKEN}&after=a");
    feed.answer(&answer(200, &page_of(&[], Some(&next))))
        .expect("a page");
    let shown = format!(
        "{:?} {feed:?} {:?} {:?}",
        group(),
        feed.request(),
        OpinionDesk::new(group())
    );
    assert!(!shown.contains("s3cret"), "{shown}");
    let empty = Group::new(None, 1, Redacted(String::new())).expect_err("no token");
    assert!(empty.to_string().contains("not set"));
}

fn feedback(opinion: Opinion, reasons: &[&str]) -> Feedback {
    Feedback {
        key: EntryKey::new("7").expect("a key"),
        hash: Hash::parse(Algorithm::Md5, MD5).expect("digits"),
        media: Media::Video,
        opinion,
        reasons: reasons.iter().map(|&reason| reason.to_owned()).collect(),
    }
}

fn posted(request: &PartnerRequest) -> (String, BTreeMap<String, String>) {
    assert_eq!(request.method, Method::Post);
    let (kind, body) = request.body.as_ref().expect("a form");
    assert_eq!(*kind, "application/x-www-form-urlencoded");
    let url = request.url.reveal();
    assert_eq!(url.query_pairs().next().expect("a token").1, TOKEN);
    let fields = form_of(body.reveal());
    (url.path().to_owned(), fields)
}

fn form_of(body: &[u8]) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(body).into_owned().collect()
}

#[test]
fn an_opinion_is_a_description_of_ones_own() {
    let desk = OpinionDesk::new(group());
    for (opinion, status) in [
        (Opinion::Agrees, "MALICIOUS"),
        (Opinion::Disagrees, "NON_MALICIOUS"),
    ] {
        let request = desk
            .request(&feedback(opinion, &["spam"]))
            .expect("a request");
        let (path, fields) = posted(&request);
        assert_eq!(path, "/v26.0/threat_descriptors/");
        let expected = [
            ("description", "Judged by a person in Seawall"),
            ("indicator", MD5),
            ("privacy_members", "1012345678901234"),
            ("privacy_type", "HAS_PRIVACY_GROUP"),
            ("share_level", "AMBER"),
            ("status", status),
            ("tags", "spam"),
            ("type", "HASH_VIDEO_MD5"),
        ];
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, text)| (&**name, &**text))
            .collect();
        assert_eq!(fields, expected);
    }
    let seen = desk.request(&feedback(Opinion::Seen, &[]));
    assert_eq!(seen, Err(FeedbackFault::Opinion));
}

#[test]
fn an_opinion_of_a_named_description_is_a_reaction() {
    let desk = OpinionDesk::new(group());
    let words = [
        (Opinion::Agrees, "HELPFUL"),
        (Opinion::Disagrees, "DISAGREE_WITH_TAGS"),
        (Opinion::Seen, "SAW_THIS_TOO"),
    ];
    for (opinion, word) in words {
        let request = desk
            .request(&feedback(opinion, &["descriptor:32"]))
            .expect("a request");
        let (path, fields) = posted(&request);
        assert_eq!(path, "/v26.0/32/");
        assert_eq!(
            fields,
            BTreeMap::from([("reactions".to_owned(), word.to_owned())])
        );
    }
    for reason in ["descriptor:", "descriptor:../9", "descriptor:3?x"] {
        let request = desk.request(&feedback(Opinion::Seen, &[reason]));
        assert_eq!(request, Err(FeedbackFault::Key), "{reason}");
    }
}

#[test]
fn a_receipt_is_the_descriptions_number() {
    let desk = OpinionDesk::new(group());
    let receipt = |status, body: &str| desk.receipt(&answer(status, body));
    assert_eq!(
        receipt(200, r#"{"success": true, "id": "812"}"#),
        Ok("812".to_owned())
    );
    assert_eq!(receipt(200, r#"{"success": true}"#), Ok(String::new()));
    assert_eq!(
        receipt(200, r#"{"success": false}"#),
        Err(FeedError::Refused { status: 200 })
    );
    assert!(matches!(
        receipt(200, "<html>"),
        Err(FeedError::Unreadable { .. })
    ));
    assert_eq!(
        receipt(503, ""),
        Err(FeedError::Later {
            status: 503,
            until: None
        })
    );
    let denied = receipt(400, r#"{"error": {"code": 190}}"#);
    assert!(matches!(denied, Err(FeedError::Denied { .. })));
}

/// What happens to a group, one after the other: the indicator, its hash, whether it is deleted.
type History = Vec<(u8, u64, bool)>;

fn serve(history: &[(u8, u64, bool)], size: usize, query: &BTreeMap<String, String>) -> String {
    let number = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok());
    let since = number("start_time").map_or(0, |time| time.saturating_sub(1_700_000_000));
    let start = number("after").unwrap_or(since / 60).min(history.len());
    let end = (start + size).min(history.len());
    let updates: Vec<Value> = (start..end)
        .map(|index| {
            let (id, seed, is_deleted) = history[index];
            let pdq = Hash::Pdq(PdqHash([seed, 1, 2, 3])).to_string();
            let mut update = update(u32::from(id), "HASH_PDQ", &pdq, says(9, "MALICIOUS"));
            update["should_delete"] = is_deleted.into();
            update["last_updated"] = (1_700_000_000 + index * 60).into();
            update
        })
        .collect();
    let next = format!("{LIST}?access_token={TOKEN}&after={end}");
    page_of(&updates, (end < history.len()).then_some(next.as_str()))
}

proptest! {
    #[test]
    fn any_paging_and_cutting_of_a_history_ends_in_the_same_state(
        history in prop::collection::vec((0..12_u8, any::<u64>(), any::<bool>()), 0..40),
        first in 0..40_usize, size in 1..7_usize, cut in 0..9_usize
    ) {
        let history: History = history;
        let known = &history[..first.min(history.len())];
        let mut state = BTreeMap::new();
        let mut checkpoint = None;
        for (history, pages_max) in [(known, cut), (known, 99), (&history[..], cut), (&history[..], 99)] {
            let mut feed = ThreatUpdates::new(&group(), checkpoint.as_ref(), at(NOW_MS)).expect("fits");
            for _ in 0..pages_max {
                if feed.request().is_none() { break }
                let page = feed.answer(&answer(200, &serve(history, size, &asked(&feed)))).expect("a page");
                state.extend(page.entries.into_iter().map(|one| (one.key, one.fingerprints)));
                checkpoint = page.checkpoint.or(checkpoint);
            }
        }
        let expected = history.iter().map(|&(id, seed, is_deleted)| {
            let hash = Hash::Pdq(PdqHash([seed, 1, 2, 3]));
            let print = Fingerprint::Hash { hash, media: Media::Image, quality: None };
            let key = EntryKey::new(id.to_string()).expect("a key");
            (key, if is_deleted { Vec::new() } else { vec![print] })
        });
        prop_assert_eq!(state, expected.collect());
    }

    #[test]
    fn no_answer_panics_and_a_fault_moves_nothing(
        body in prop::collection::vec(any::<u8>(), 0..200), status in 100..600_u16
    ) {
        let mut feed = first();
        let answer = PartnerAnswer { status, retry_after: None, body: &body, now: at(0) };
        if feed.answer(&answer).is_err() {
            prop_assert_eq!(feed.request(), first().request());
        }
        let _ = OpinionDesk::new(group()).receipt(&answer);
    }

    #[test]
    fn a_changed_page_never_panics(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut body = serve(&[(1, 2, false), (3, 4, true)], 1, &BTreeMap::new()).into_bytes();
        let place = place.index(body.len());
        body[place] = byte;
        let _ = first().answer(&PartnerAnswer { body: &body, ..answer(200, "") });
    }
}
