//! Hand-written documents, and a partner that answers from a generated history.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::Index;
use seawall_core::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::feed::{
    Checkpoint, Entry, EntryKey, EntryState, Feed, Fingerprint, Media, Opinion, Page,
    PartnerAnswer, StatedOpinion,
};
use crate::feedback::{Feedback, FeedbackDesk, FeedbackFault};

const MORE: &str = include_str!("golden/more.json");
const LAST: &str = include_str!("golden/last.json");
const PDQ: &str = "00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210";
const MD5: &str = "ffeeddccbbaa99887766554433221100";

fn config() -> Config {
    let key = |text: &str| Redacted(text.to_owned());
    Config {
        base: "https://partner.example/v1/".parse().expect("a URL"),
        subscription_key: key("subscription-s3cret"),
        fetch_key: key("fetch-s3cret"),
        feedback_key: Some(key("feedback-s3cret")),
        submit_key: Some(key("submit-s3cret")),
    }
}

fn now() -> Timestamp {
    "2024-05-02T00:00:00Z".parse().expect("a time")
}

fn ok(body: &str) -> PartnerAnswer<'_> {
    PartnerAnswer {
        status: 200,
        retry_after: None,
        body: body.as_bytes(),
        now: now(),
    }
}

fn status(status: u16) -> PartnerAnswer<'static> {
    PartnerAnswer { status, ..ok("") }
}

fn url(request: Option<PartnerRequest>) -> String {
    request.expect("a request").url.reveal().to_string()
}

fn checkpoint() -> Checkpoint {
    let page = StopNcii::new(config(), None, now()).answer(&ok(LAST));
    let checkpoint = page.expect("a page").checkpoint;
    checkpoint.expect("the last page carries one")
}

fn pdq(text: &str) -> Hash {
    Hash::parse(Algorithm::Pdq, text).expect("a hash")
}

fn md5(text: &str) -> Hash {
    Hash::parse(Algorithm::Md5, text).expect("a hash")
}

fn entry(key: &str, state: EntryState, changed_ms: i64) -> Entry {
    Entry {
        key: EntryKey::new(key).expect("a key"),
        state,
        owner: None,
        class: None,
        tags: Vec::new(),
        changed_at: Some(Timestamp::from_millis(changed_ms)),
        fingerprints: Vec::new(),
        opinions: Vec::new(),
    }
}

fn stated(by: &str, opinion: Opinion, reasons: &[&str]) -> StatedOpinion {
    StatedOpinion {
        by: by.to_owned(),
        opinion,
        reasons: reasons.iter().map(|&reason| reason.to_owned()).collect(),
    }
}

/// Values and not only their redacted forms are compared.
fn assert_entries(page: &Page, expected: &[Entry]) {
    assert_eq!(page.entries.len(), expected.len());
    for (got, expected) in page.entries.iter().zip(expected) {
        assert!(got == expected, "{}", expected.key.as_str());
    }
}

#[test]
fn the_first_request_asks_from_the_beginning_with_two_keys() {
    let feed = StopNcii::new(config(), None, now());
    assert!(feed.is_whole());
    let request = feed.request().expect("a request");
    assert_eq!(
        request.url.reveal().as_str(),
        "https://partner.example/v1/FetchHashes?startTimestamp=10&pageSize=800"
    );
    for (name, key) in [
        ("x-functions-key", "fetch-s3cret"),
        ("Ocp-Apim-Subscription-Key", "subscription-s3cret"),
    ] {
        let header = (name.into(), Redacted(key.to_owned()));
        assert!(request.headers.contains(&header), "{name}");
    }
    assert_eq!((request.method, &request.body), (Method::Get, &None));
    assert_eq!(
        feed.request(),
        Some(request),
        "asked again it says the same"
    );
    let shown = format!("{feed:?} {:?} {:?}", config(), Desk::new(config()));
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[test]
fn a_page_gives_every_record_and_the_next_is_asked_for_by_its_token() {
    let mut feed = StopNcii::new(config(), None, now());
    let page = feed.answer(&ok(MORE)).expect("a page");
    let print = |hash, media| Fingerprint::Hash {
        hash,
        media,
        quality: None,
    };
    let expected = [
        Entry {
            tags: vec!["UK".to_owned()],
            fingerprints: vec![print(pdq(PDQ), Media::Image)],
            ..entry(
                &format!("ImagePDQ:{PDQ}"),
                EntryState::Active,
                1_714_521_600_000,
            )
        },
        Entry {
            fingerprints: vec![print(md5(MD5), Media::Video)],
            opinions: vec![
                stated("First", Opinion::Agrees, &["Tag-One", "Tag-Two"]),
                stated("Second", Opinion::Disagrees, &[]),
                stated("Third", Opinion::Seen, &[]),
            ],
            ..entry(
                &format!("VideoMD5:{MD5}"),
                EntryState::Active,
                1_714_521_601_000,
            )
        },
        entry(
            &format!("ImagePDQ:{MD5}0123456789abcdeffedcba9876543210"),
            EntryState::Withdrawn,
            1_714_521_602_500,
        ),
    ];
    assert_entries(&page, &expected);
    assert_eq!(page.checkpoint, None, "more follows");
    let [aside] = page.set_aside.as_slice() else {
        panic!("one opinion is unknown: {:?}", page.set_aside);
    };
    assert_eq!(
        (aside.place, aside.key.as_ref()),
        (2, Some(&expected[1].key))
    );
    assert_eq!(
        url(feed.request()),
        "https://partner.example/v1/FetchHashes?startTimestamp=10&pageSize=800\
         &nextPageToken=W3siZXhhbXBsZSI6MX1d%2F%2B%3D"
    );
}

#[test]
fn what_is_unknown_is_set_aside_and_the_page_goes_on() {
    let mut feed = StopNcii::new(config(), None, now());
    let page = feed.answer(&ok(LAST)).expect("a page");
    let places: Vec<usize> = page.set_aside.iter().map(|aside| aside.place).collect();
    assert_eq!(places, [1, 2, 3, 4, 5, 6]);
    for aside in &page.set_aside {
        assert_eq!(aside.key.is_some(), aside.place == 3, "{aside:?}");
    }
    let other = |kind: &str, media, value: &str| Fingerprint::Other {
        kind: kind.to_owned(),
        media,
        value: Redacted(value.to_owned()),
    };
    // printf 'two words' | sha256sum
    let digest = "Text:sha256:a03f1d611645eb53ad16c1af546ca0792dc884505bab57ede80f4dad6b911d3a";
    let text = &page.entries[0];
    assert_eq!(text.key.as_str(), digest);
    assert!(text.fingerprints == [other("Text", Media::Unknown, "two words")]);
    assert_eq!(page.entries[1].key.as_str(), "URL:https://example.org/a");
    assert!(
        page.entries[1].fingerprints == [other("URL", Media::Unknown, "https://example.org/a")]
    );
    assert!(page.entries[2] == entry("VideoTMK:dG1r", EntryState::Withdrawn, 1000));
    assert!(page.checkpoint.is_some());
    assert_eq!(feed.request(), None);
    assert_eq!(feed.answer(&ok(MORE)), Ok(Page::default()));
}

#[test]
fn the_next_run_starts_an_hour_before_what_the_last_page_named() {
    let feed = StopNcii::new(config(), Some(&checkpoint()), now());
    assert!(!feed.is_whole());
    let address = "https://partner.example/v1/FetchHashes?startTimestamp=1714546400&pageSize=800";
    assert_eq!(url(feed.request()), address);
    let mut feed = feed;
    let earlier = LAST.replace("1714550000", "1714540000");
    let page = feed.answer(&ok(&earlier)).expect("a page");
    assert_eq!(page.checkpoint, Some(checkpoint()), "it never goes back");
    let fraction = LAST.replace("1714550000", "1714550000.75");
    let page = StopNcii::new(config(), None, now()).answer(&ok(&fraction));
    assert_eq!(page.expect("a page").checkpoint, Some(checkpoint()));
}

#[test]
fn an_old_or_foreign_checkpoint_starts_from_the_beginning() {
    let known = checkpoint();
    let whole = |checkpoint: &Checkpoint, now: Timestamp, config: Config| {
        StopNcii::new(config, Some(checkpoint), now).is_whole()
    };
    let days = |days: i64| now().plus_millis(days * 24 * 60 * 60 * 1000);
    assert!(!whole(&known, days(30), config()));
    assert!(whole(&known, days(30).plus_millis(1), config()));
    let elsewhere = Config {
        base: "https://elsewhere.example/v1".parse().expect("a URL"),
        ..config()
    };
    assert!(whole(&known, now(), elsewhere));
    for text in ["", "{}", "1714550000"] {
        assert!(whole(&Checkpoint(text.to_owned()), now(), config()));
    }
}

#[test]
fn a37_a_withdrawn_record_is_withdrawn_by_its_status() {
    let page = |status: &str, has_more: bool| {
        let record = json!({
            "lastModtimestamp": 1, "signalType": "ImagePDQ", "hashValue": PDQ,
            "hashStatus": status, "caseNumbers": {"c1": status}, "CSPFeedbacks": [],
        });
        json!({
            "count": 1, "nextSetTimestamp": 2, "hasMoreRecords": has_more,
            "nextPageToken": "token", "hashRecords": [record],
        })
    };
    for (first, second) in [("Active", "Withdrawn"), ("Received", "Deleted")] {
        let mut feed = StopNcii::new(config(), None, now());
        let pages = [page(first, true), page(second, false)].map(|page| {
            let page = feed.answer(&ok(&page.to_string())).expect("a page");
            page.entries.into_iter().next().expect("an entry")
        });
        assert_eq!(pages[0].key, pages[1].key);
        let states = pages.each_ref().map(|entry| entry.state);
        assert_eq!(states, [EntryState::Active, EntryState::Withdrawn]);
        assert!(pages[1].fingerprints.is_empty());
    }
    let upper = page("Withdrawn", false).to_string();
    let upper = upper.replace(PDQ, &PDQ.to_uppercase());
    let mut feed = StopNcii::new(config(), None, now());
    let withdrawn = feed.answer(&ok(&upper)).expect("a page");
    let key = format!("ImagePDQ:{PDQ}");
    assert_eq!(
        withdrawn.entries[0].key.as_str(),
        key,
        "one key for one hash"
    );
}

#[test]
fn a38_a_bad_answer_leaves_the_checkpoint_where_it_was() {
    let known = checkpoint();
    let asked = StopNcii::new(config(), Some(&known), now()).request();
    let cut = "{\"count\":1,\"hashRecords\":[{\"trunc";
    let without_token = MORE.replace("W3siZXhhbXBsZSI6MX1d/+=", "");
    let without_time = LAST.replace("1714550000", "null");
    let unreadable = [
        cut,
        "<html>gateway</html>",
        "",
        "[]",
        "{}",
        "{\"count\":1,\"hasMoreRecords\":false,\"nextSetTimestamp\":5}",
        &MORE[..MORE.len() / 2],
        &without_token,
        &without_time,
    ];
    for body in unreadable {
        let mut feed = StopNcii::new(config(), Some(&known), now());
        let fault = feed.answer(&ok(body)).expect_err("no page");
        assert!(matches!(fault, FeedError::Unreadable { .. }), "{body}");
        assert!(!fault.to_string().contains("trunc"), "it quotes nothing");
        assert_eq!(feed.request(), asked);
    }
    let date = PartnerAnswer {
        retry_after: Some("Thu, 02 May 2024 00:01:00 GMT"),
        ..status(429)
    };
    let later = StopNcii::new(config(), Some(&known), now()).answer(&date);
    let until = Some(now().plus_millis(60_000));
    assert_eq!(later, Err(FeedError::Later { status: 429, until }));
    for code in [401, 403] {
        let denied = StopNcii::new(config(), Some(&known), now()).answer(&status(code));
        let Err(FeedError::Denied { missing, .. }) = denied else {
            panic!("{denied:?}");
        };
        assert!(missing.contains("FetchHashes"), "{missing}");
    }
}

#[test]
fn a38_a_repeated_token_is_refused_at_any_distance() {
    let with = |token: &str| MORE.replace("W3siZXhhbXBsZSI6MX1d/+=", token);
    let mut feed = StopNcii::new(config(), None, now());
    feed.answer(&ok(&with("a"))).expect("a page");
    assert_eq!(feed.answer(&ok(&with("a"))), Err(FeedError::Repeated));
    let mut circle = ["b", "c", "a"].into_iter().cycle().take(20);
    let is_refused = |token| feed.answer(&ok(&with(token))) == Err(FeedError::Repeated);
    assert!(circle.any(is_refused));
}

fn body_of(request: PartnerRequest) -> Value {
    let (kind, body) = request.body.expect("a body");
    assert_eq!((request.method, kind), (Method::Post, "application/json"));
    serde_json::from_slice(body.reveal()).expect("JSON")
}

fn feedback(hash: Hash, key: String, opinion: Opinion) -> Feedback {
    Feedback {
        key: EntryKey::new(key).expect("a key"),
        hash,
        media: Media::Image,
        opinion,
        reasons: vec!["Tag-One".to_owned()],
    }
}

#[test]
fn feedback_names_type_and_value() {
    let desk = Desk::new(config()).expect("there is a key");
    let said = [
        (Opinion::Agrees, "Blocked"),
        (Opinion::Disagrees, "NotBlocked"),
        (Opinion::Seen, "PendingReview"),
    ];
    for (opinion, value) in said {
        let request = desk.request(&feedback(pdq(PDQ), format!("ImagePDQ:{PDQ}"), opinion));
        let request = request.expect("it can be said");
        let address = "https://partner.example/v1/SubmitFeedback";
        assert_eq!(request.url.reveal().as_str(), address);
        let key = Redacted("feedback-s3cret".to_owned());
        assert!(request.headers.contains(&("x-functions-key".into(), key)));
        let expected = json!({"count": 1, "hashFeedbacks": [{
            "signalType": "ImagePDQ", "hashValue": PDQ, "feedbackValue": value, "tags": ["Tag-One"],
        }]});
        assert_eq!(body_of(request), expected);
    }
    let fault = |hash, key: &str| {
        let feedback = feedback(hash, key.to_owned(), Opinion::Agrees);
        desk.request(&feedback).expect_err("it cannot be said")
    };
    assert_eq!(
        fault(Hash::Sha1([0; 20]), "ImagePDQ:00"),
        FeedbackFault::Kind
    );
    assert_eq!(
        fault(md5(MD5), &format!("ImagePDQ:{MD5}")),
        FeedbackFault::Key
    );
    assert_eq!(fault(md5(MD5), "VideoMD5:00"), FeedbackFault::Key);
}

#[test]
fn submitted_hashes_name_their_type_as_the_wire_does() {
    let submissions = Submissions::new(config()).expect("there is a key");
    let submission = |hash| Submission {
        hash,
        opinion: Opinion::Agrees,
        tags: vec!["Tag-One".to_owned()],
    };
    let two = [submission(pdq(PDQ)), submission(md5(MD5))];
    let request = submissions.request(&two, now()).expect("they can be sent");
    let address = "https://partner.example/v1/SubmitHashes";
    assert_eq!(request.url.reveal().as_str(), address);
    let key = Redacted("submit-s3cret".to_owned());
    assert!(request.headers.contains(&("x-functions-key".into(), key)));
    let said = json!([{"feedbackValue": "Blocked", "tags": ["Tag-One"]}]);
    let record = |kind: &str, value: &str| {
        json!({
            "lastModtimestamp": 1_714_608_000, "signalType": kind, "hashValue": value,
            "CSPFeedbacks": said,
        })
    };
    let records = [record("ImagePDQ", PDQ), record("VideoMD5", MD5)];
    assert_eq!(
        body_of(request),
        json!({"count": 2, "hashRecords": records})
    );
    let sha256 = [submission(Hash::Sha256([1; 32]))];
    let fault = submissions.request(&sha256, now());
    assert_eq!(fault, Err(FeedbackFault::Kind));
    assert_eq!(submissions.receipt(&ok("{}")), Ok(String::new()));
}

#[test]
fn without_a_key_there_is_no_desk_and_a_page_is_no_receipt() {
    let without = Config {
        feedback_key: None,
        submit_key: None,
        ..config()
    };
    assert!(Desk::new(without.clone()).is_none());
    assert!(Submissions::new(without).is_none());
    let desk = Desk::new(config()).expect("there is a key");
    assert_eq!(desk.receipt(&ok("")), Ok(String::new()));
    assert!(desk.receipt(&ok("\n<html>sign in</html>")).is_err());
    assert!(matches!(
        desk.receipt(&status(500)),
        Err(FeedError::Later { .. })
    ));
    let denied = desk.receipt(&status(401));
    let Err(FeedError::Denied { missing, .. }) = denied else {
        panic!("{denied:?}");
    };
    assert!(missing.contains("SubmitFeedback"), "{missing}");
}

/// One version of a record, as a partner had it.
#[derive(Clone, Debug)]
struct Version {
    id: u8,
    changed_s: i64,
    is_withdrawn: bool,
    /// How long after its change it can be read.
    late_s: i64,
}

/// A partner that gives of each record the version that can be read, in no order.
struct Partner {
    versions: Vec<Version>,
    page_records: usize,
    /// Whether a set begins after its time or with it.
    is_after: bool,
    /// Whether a set ends at its newest record or at the present.
    ends_at_newest: bool,
}

impl Partner {
    fn answer(&self, request: &PartnerRequest, now_s: i64) -> String {
        let url = request.url.reveal();
        let parameter = |name: &str| {
            let pair = url.query_pairs().find(|(key, _)| key == name);
            pair.map(|(_, value)| value.parse::<i64>().expect("a number"))
        };
        let start_s = parameter("startTimestamp").expect("a time");
        let from = parameter("nextPageToken").unwrap_or(0) as usize;
        let visible = |version: &Version| version.changed_s + version.late_s <= now_s;
        let current = newest(self.versions.iter().filter(|version| visible(version)));
        let mut set: Vec<(u8, (i64, bool))> = current.into_iter().collect();
        set.retain(|(_, (changed_s, _))| *changed_s >= start_s + i64::from(self.is_after));
        set.sort_by_key(|(id, (changed_s, _))| (id ^ 0x5a, changed_s.reverse_bits()));
        let end_s = set.iter().map(|(_, (changed_s, _))| *changed_s).max();
        let page: Vec<Value> = set
            .iter()
            .skip(from)
            .take(self.page_records)
            .map(written)
            .collect();
        let next = from + page.len();
        let timestamp = match self.ends_at_newest {
            true => end_s.unwrap_or(start_s),
            false => now_s,
        };
        json!({
            "count": page.len(),
            "nextSetTimestamp": timestamp,
            "nextPageToken": next.to_string(),
            "hasMoreRecords": next < set.len(),
            "hashRecords": page,
        })
        .to_string()
    }
}

/// Of each record the newest version.
fn newest<'a>(versions: impl Iterator<Item = &'a Version>) -> BTreeMap<u8, (i64, bool)> {
    let mut newest: BTreeMap<u8, (i64, bool)> = BTreeMap::new();
    for version in versions {
        let known = newest.entry(version.id).or_default();
        *known = (*known).max((version.changed_s, version.is_withdrawn));
    }
    newest
}

fn written((id, (changed_s, is_withdrawn)): &(u8, (i64, bool))) -> Value {
    json!({
        "lastModtimestamp": changed_s,
        "signalType": "VideoMD5",
        "hashValue": format!("{id:032x}"),
        "hashStatus": if *is_withdrawn { "Withdrawn" } else { "Active" },
    })
}

/// What a store makes of the pages of many runs.
#[derive(Default)]
struct Store {
    entries: BTreeMap<String, (i64, bool)>,
    checkpoint: Option<Checkpoint>,
}

impl Store {
    fn apply(&mut self, page: Page) {
        for entry in page.entries {
            let changed_at = entry.changed_at.expect("every version has a time");
            let is_withdrawn = entry.state == EntryState::Withdrawn;
            let value = (changed_at.as_millis() / 1000, is_withdrawn);
            self.entries.insert(entry.key.as_str().to_owned(), value);
        }
        self.checkpoint = page.checkpoint.or(self.checkpoint.take());
    }

    /// A run that ends early after so many pages: killed, or by a fault.
    fn run(&mut self, partner: &Partner, now_s: i64, pages_max: usize, fault: u8) {
        let now = Timestamp::from_millis(now_s * 1000);
        let known = self.checkpoint.clone();
        let mut feed = StopNcii::new(config(), known.as_ref(), now);
        for _ in 0..pages_max {
            let Some(request) = feed.request() else {
                return;
            };
            let body = partner.answer(&request, now_s);
            let page = feed.answer(&PartnerAnswer { now, ..ok(&body) });
            self.apply(page.expect("a good answer"));
        }
        if let Some(request) = feed.request() {
            let body = partner.answer(&request, now_s);
            let bad = match fault % 4 {
                0 => status(503),
                1 => ok(&body[..body.len() - 3]),
                2 => ok("<html/>"),
                _ => return,
            };
            feed.answer(&bad).expect_err("a bad answer");
        }
    }
}

const START_S: i64 = 1_714_521_600;
const PAGES_MAX: usize = 1_000;

proptest! {
    /// However pages cut a set, whatever order it comes in, however late and however often a run
    /// ends early: what was read in the end is what the partner has.
    #[test]
    fn every_cut_of_a_history_gives_the_same_list(
        versions in prop::collection::vec(
            (0_u8..12, 1_i64..4_000, any::<bool>(), 0_i64..3_600)
                .prop_map(|(id, changed_s, is_withdrawn, late_s)| Version {
                    id,
                    changed_s: START_S + changed_s,
                    is_withdrawn,
                    late_s,
                }),
            0..60,
        ),
        page_records in 1_usize..6,
        is_after: bool,
        ends_at_newest: bool,
        runs in prop::collection::vec((1_i64..7_900, 0_usize..10, any::<u8>()), 0..6),
    ) {
        let partner = Partner { versions, page_records, is_after, ends_at_newest };
        let mut runs = runs;
        runs.sort_unstable();
        let mut store = Store::default();
        for (now_s, pages_max, fault) in runs {
            store.run(&partner, START_S + now_s, pages_max, fault);
        }
        store.run(&partner, START_S + 8_000, PAGES_MAX, 3);
        let expected: BTreeMap<String, (i64, bool)> = newest(partner.versions.iter())
            .into_iter()
            .map(|(id, value)| (format!("VideoMD5:{id:032x}"), value))
            .collect();
        prop_assert_eq!(store.entries, expected);
    }

    /// No bytes make the reader fall, and none that are no page move the feed.
    #[test]
    fn no_bytes_break_the_reader(
        noise: Vec<u8>,
        cut in any::<Index>(),
        flipped in any::<Index>(),
        bit in 0_u8..8,
    ) {
        for golden in [MORE, LAST] {
            let mut changed = golden.as_bytes().to_vec();
            let place = flipped.index(changed.len());
            changed[place] ^= 1 << bit;
            let short = &golden.as_bytes()[..cut.index(golden.trim_end().len())];
            for body in [&noise, &changed, short] {
                let answer = PartnerAnswer { body, ..ok("") };
                let mut feed = StopNcii::new(config(), None, now());
                let asked = feed.request();
                let is_read = feed.answer(&answer).is_ok();
                prop_assert_eq!(feed.request() != asked, is_read);
            }
            let answer = PartnerAnswer { body: short, ..ok("") };
            prop_assert!(StopNcii::new(config(), None, now()).answer(&answer).is_err());
        }
    }
}
