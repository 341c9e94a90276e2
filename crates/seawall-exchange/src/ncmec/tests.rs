//! Hand-written documents, and a partner that answers from a generated history.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::Index;
use seawall_core::{Algorithm, Hash, Redacted, Timestamp};

use super::windows::Density;
use super::*;
use crate::feed::{
    Checkpoint, Entry, EntryKey, EntryState, Feed, Fingerprint, Media, Opinion, Page,
    PartnerAnswer, StatedOpinion,
};
use crate::feedback::{Feedback, FeedbackDesk, FeedbackFault};

const ENTRIES: &str = include_str!("golden/entries.xml");
const EMPTY_PRINTS: &str = include_str!("golden/empty_prints.xml");
const ODD_ENTRIES: &str = include_str!("golden/odd_entries.xml");
const STATUS: &str = include_str!("golden/status.xml");
const MEMBERS: &str = include_str!("golden/members.xml");
const REASONS: &str = include_str!("golden/reasons.xml");
const MD5: &str = "00112233445566778899aabbccddeeff";
const PDQ: &str = "00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210";
const SHA1: &str = "000102030405060708090a0b0c0d0e0f10111213";
const GUID: &str = "01234567-abcd-0123-4567-012345678900";

fn config() -> Config {
    Config {
        base: "https://partner.example/hashsharing"
            .parse()
            .expect("a URL"),
        environment: Environment::Industry,
        username: "Aladdin".to_owned(),
        password: Redacted("open sesame".to_owned()),
        members: None,
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn now() -> Timestamp {
    at("2024-05-02T00:00:00.900Z")
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

/// A checkpoint of the day before, as a finished run leaves it.
fn checkpoint() -> Checkpoint {
    let before = at("2024-05-01T00:00:05Z");
    let mut feed = Ncmec::new(config(), None, before);
    let mut last = None;
    while feed.request().is_some() {
        let page = feed.answer(&ok("<queryResult/>")).expect("an empty page");
        last = page.checkpoint;
    }
    last.expect("a run ends with a checkpoint")
}

fn hash(algorithm: Algorithm, text: &str) -> Hash {
    Hash::parse(algorithm, text).expect("a hash")
}

fn print(algorithm: Algorithm, text: &str, media: Media) -> Fingerprint {
    Fingerprint::Hash {
        hash: hash(algorithm, text),
        media,
        quality: None,
    }
}

fn other(kind: &str, value: &str, media: Media) -> Fingerprint {
    Fingerprint::Other {
        kind: kind.to_owned(),
        media,
        value: Redacted(value.to_owned()),
    }
}

fn stated(by: &str, opinion: Opinion, reasons: &[&str]) -> StatedOpinion {
    StatedOpinion {
        by: by.to_owned(),
        opinion,
        reasons: reasons.iter().map(|&reason| reason.to_owned()).collect(),
    }
}

fn entry(key: &str, state: EntryState, changed_at: &str) -> Entry {
    Entry {
        key: EntryKey::new(key).expect("a key"),
        state,
        owner: key.split_once('-').map(|(member, _)| member.to_owned()),
        class: None,
        tags: Vec::new(),
        changed_at: Some(at(changed_at)),
        fingerprints: Vec::new(),
        opinions: Vec::new(),
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
fn a_page_gives_every_entry_with_every_fingerprint() {
    let mut feed = Ncmec::new(config(), Some(&checkpoint()), now());
    let page = feed.answer(&ok(ENTRIES)).expect("a page");
    let expected = [
        Entry {
            class: Some("A1".to_owned()),
            fingerprints: vec![
                print(Algorithm::Md5, MD5, Media::Image),
                print(Algorithm::Sha1, SHA1, Media::Image),
                other("PDNA", "1,2,3,4", Media::Image),
                print(Algorithm::Pdq, PDQ, Media::Image),
                other("NETCLEAN", "abc123", Media::Image),
                other("SSVH_SAFER_HASH", "", Media::Image),
            ],
            opinions: vec![
                stated("7", Opinion::Agrees, &[]),
                stated("8", Opinion::Agrees, &[]),
                stated(
                    "7",
                    Opinion::Disagrees,
                    &["SHA1: First reason", "SHA1: Second reason"],
                ),
                stated("9", Opinion::Disagrees, &["SHA1: Second reason"]),
            ],
            ..entry("42-picture-1", EntryState::Active, "2024-05-01T10:00:00Z")
        },
        entry(
            "43-picture-4",
            EntryState::Withdrawn,
            "2024-05-01T10:10:00.250Z",
        ),
        Entry {
            fingerprints: vec![
                print(
                    Algorithm::Md5,
                    "ffeeddccbbaa99887766554433221100",
                    Media::Video,
                ),
                other("TMK_PDQF", "", Media::Video),
                other("VIDENTIFIER", "", Media::Video),
            ],
            ..entry("42-video-1", EntryState::Active, "2024-05-01T09:00:00Z")
        },
        entry("42-video-4", EntryState::Withdrawn, "2024-05-01T10:20:00Z"),
    ];
    assert_entries(&page, &expected);
    assert_eq!(page.set_aside, []);
    assert_eq!(page.checkpoint, None, "a page follows");
    assert_eq!(
        url(feed.request()),
        "https://partner.example/hashsharing/v2/entries?from=2024-05-01T00%3A00%3A00.000Z\
         &to=2024-05-02T00%3A00%3A00.000Z&start=1001&size=1000&max=2000"
    );
}

#[test]
fn a36_empty_tags_upper_case_and_padding_load_three_prints() {
    let mut feed = Ncmec::new(config(), Some(&checkpoint()), now());
    let page = feed.answer(&ok(EMPTY_PRINTS)).expect("a page");
    let prints: Vec<&Fingerprint> = page.entries.iter().flat_map(|e| &e.fingerprints).collect();
    let expected = [
        print(Algorithm::Md5, MD5, Media::Image),
        print(Algorithm::Pdq, PDQ, Media::Image),
        other("TMK_PDQF", "", Media::Image),
        print(Algorithm::Sha1, SHA1, Media::Image),
    ];
    assert!(prints.into_iter().eq(&expected));
    assert_eq!(page.entries.len(), 3);
    assert_eq!(page.set_aside, []);
    assert!(page.checkpoint.is_some());
}

#[test]
fn what_cannot_be_read_is_set_aside_and_the_page_goes_on() {
    let mut feed = Ncmec::new(config(), Some(&checkpoint()), now());
    let page = feed.answer(&ok(ODD_ENTRIES)).expect("a page");
    let keys: Vec<&str> = page.entries.iter().map(|e| e.key.as_str()).collect();
    assert_eq!(keys, ["42-c", "42-last"]);
    assert!(
        page.entries[0].fingerprints
            == [
                other("MD5", "not hexadecimal", Media::Image),
                other("NEWKIND", "x", Media::Image),
            ]
    );
    assert_eq!(page.entries[0].changed_at, None);
    let places: Vec<usize> = page.set_aside.iter().map(|aside| aside.place).collect();
    assert_eq!(places, [1, 2, 3, 4, 5, 5, 5, 6, 8]);
    for aside in &page.set_aside {
        assert_eq!(
            aside.key.is_some(),
            matches!(aside.place, 4..=6 | 8),
            "{aside:?}"
        );
        assert!(!aside.reason.contains("hexadecimal"), "quotes no value");
    }
}

#[test]
fn opinions_and_reasons_have_an_end() {
    let reasons: String = (0..40)
        .map(|n| format!("<reason name=\"r{n}\"/>"))
        .collect();
    let members: String = (0..1_200)
        .map(|n| format!("<member id=\"{n}\"/>"))
        .collect();
    let body = format!(
        "<queryResult><images><image><member id=\"1\"/><id>a</id><feedback><negativeFeedback>\
         <reasons>{reasons}<members>{members}</members></reasons></negativeFeedback></feedback>\
         </image></images></queryResult>"
    );
    let page = Ncmec::new(config(), None, now()).answer(&ok(&body));
    let opinions = &page.expect("a page").entries[0].opinions;
    assert_eq!(opinions.len(), 1_000);
    assert!(opinions.iter().all(|stated| stated.reasons.len() == 32));
}

#[test]
fn the_first_request_asks_for_a_window_in_utc_with_basic_credentials() {
    let feed = Ncmec::new(config(), None, now());
    assert!(feed.is_whole());
    let request = feed.request().expect("a request");
    assert_eq!(
        request.url.reveal().as_str(),
        "https://partner.example/hashsharing/v2/entries\
         ?from=1970-01-01T00%3A00%3A00Z&to=1971-01-01T00%3A00%3A00Z"
    );
    // The example of RFC 7617, section 2.
    let basic = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==".to_owned();
    assert!(
        request
            .headers
            .contains(&("authorization".into(), Redacted(basic)))
    );
    assert_eq!(request.method, Method::Get);
    assert_eq!(
        feed.request(),
        Some(request),
        "asked again it says the same"
    );
    let shown = format!("{feed:?} {:?}", config());
    assert!(!shown.contains("sesame") && !shown.contains("Aladdin"));
}

#[test]
fn a_run_ends_five_seconds_ago_and_the_next_reads_an_hour_again() {
    let feed = Ncmec::new(config(), Some(&checkpoint()), now());
    assert!(!feed.is_whole());
    assert_eq!(
        url(feed.request()),
        "https://partner.example/hashsharing/v2/entries\
         ?from=2024-04-30T23%3A00%3A00Z&to=2024-05-01T23%3A59%3A55Z"
    );
    let soon = at("2024-05-01T00:00:05.500Z");
    let again = Ncmec::new(config(), Some(&checkpoint()), soon);
    assert!(url(again.request()).contains("to=2024-05-01T00%3A00%3A00Z"));
}

#[test]
fn a_checkpoint_comes_at_the_end_of_a_window_alone_and_never_goes_back() {
    let mut feed = Ncmec::new(config(), Some(&checkpoint()), now());
    let paged = ENTRIES.to_owned();
    assert_eq!(feed.answer(&ok(&paged)).expect("a page").checkpoint, None);
    let last = feed.answer(&ok(EMPTY_PRINTS)).expect("a page").checkpoint;
    let last = last.expect("the window ended");
    assert_eq!(feed.request(), None, "and with it the run");
    assert_eq!(feed.answer(&ok(ENTRIES)), Ok(Page::default()));
    // A clock that was set back does not lead further back.
    let earlier = at("2024-05-02T00:00:00Z");
    let mut again = Ncmec::new(config(), Some(&last), earlier);
    let page = again.answer(&ok("<queryResult/>")).expect("a page");
    assert_eq!(page.checkpoint.expect("the end").0, last.0);
}

#[test]
fn another_list_other_members_or_a_time_to_come_start_from_the_beginning() {
    let known = checkpoint();
    let whole = |config: Config, checkpoint: &Checkpoint, now: Timestamp| {
        Ncmec::new(config, Some(checkpoint), now).is_whole()
    };
    assert!(!whole(config(), &known, now()));
    let elsewhere = "https://partner.example/other".parse().expect("a URL");
    let other_base = Config {
        base: elsewhere,
        ..config()
    };
    let other_list = Config {
        environment: Environment::Npo,
        ..config()
    };
    let other_members = Config {
        members: Some([42].into()),
        ..config()
    };
    for config in [other_base, other_list, other_members] {
        assert!(whole(config, &known, now()));
    }
    assert!(whole(config(), &known, at("2024-04-30T00:00:00Z")));
    for text in ["", "{}", "1714521600", "no checkpoint"] {
        assert!(whole(config(), &Checkpoint(text.to_owned()), now()));
    }
}

#[test]
fn only_the_chosen_members_entries_are_taken() {
    let config = Config {
        members: Some(BTreeSet::from([43])),
        ..config()
    };
    let page = Ncmec::new(config, None, now()).answer(&ok(ENTRIES));
    let expected = entry(
        "43-picture-4",
        EntryState::Withdrawn,
        "2024-05-01T10:10:00.250Z",
    );
    assert_entries(&page.expect("a page"), &[expected]);
}

fn linked(link: &str) -> String {
    format!("<queryResult><paging><next>{link}</next></paging></queryResult>")
}

#[test]
fn a_page_link_is_followed_at_home_alone() {
    let leads = |link: &str| {
        let mut feed = Ncmec::new(config(), None, now());
        feed.answer(&ok(&linked(link))).map(|_| url(feed.request()))
    };
    let home = "https://partner.example/hashsharing/v2/entries?start=2".to_owned();
    for link in [
        "/v2/entries?start=2",
        "  /v2/entries?start=2#part\n",
        "/hashsharing/v2/entries?start=2",
        "?start=2",
        "entries?start=2",
        "https://partner.example/hashsharing/v2/entries?start=2",
    ] {
        assert_eq!(leads(link), Ok(home.clone()), "{link}");
    }
    let long = format!("/v2/entries?start={}", "2".repeat(5_000));
    for link in [
        "https://elsewhere.example/hashsharing/v2/entries?start=2",
        "//elsewhere.example/hashsharing/v2/entries?start=2",
        "http://partner.example/hashsharing/v2/entries?start=2",
        "https://partner.example:444/hashsharing/v2/entries?start=2",
        "https://user:word@partner.example/hashsharing/v2/entries?start=2",
        "/v2/members?start=2",
        "/v2/entries/../../../v2/entries?start=2",
        "/\\elsewhere.example/v2/entries",
        "@elsewhere.example/v2/entries",
        "javascript:alert(1)",
        &long,
    ] {
        let led = leads(link);
        assert!(matches!(led, Err(FeedError::Unreadable { .. })), "{link}");
    }
}

#[test]
fn a38_a_repeated_link_is_refused_at_any_distance() {
    let mut feed = Ncmec::new(config(), None, now());
    let with = |start: u32| linked(&format!("/v2/entries?start={start}"));
    feed.answer(&ok(&with(2))).expect("a page");
    assert_eq!(feed.answer(&ok(&with(2))), Err(FeedError::Repeated));
    let mut circle = [3, 4, 2].into_iter().cycle().take(20);
    let is_refused = |start| feed.answer(&ok(&with(start))) == Err(FeedError::Repeated);
    assert!(circle.any(is_refused));
    let mut first = Ncmec::new(config(), None, now());
    let itself = url(first.request()).replace('&', "&amp;");
    assert_eq!(
        first.answer(&ok(&linked(&itself))),
        Err(FeedError::Repeated)
    );
}

#[test]
fn a38_a_bad_answer_leaves_the_checkpoint_where_it_was() {
    let known = checkpoint();
    let asked = Ncmec::new(config(), Some(&known), now()).request();
    let cut = &ENTRIES[..ENTRIES.len() / 2];
    let date = PartnerAnswer {
        status: 429,
        retry_after: Some("Thu, 02 May 2024 00:01:00 GMT"),
        ..ok("")
    };
    let bad = [
        ok(cut),
        ok("<html>gateway</html>"),
        ok(""),
        date,
        status(401),
        status(302),
    ];
    for answer in bad {
        let mut feed = Ncmec::new(config(), Some(&known), now());
        let fault = feed.answer(&answer).expect_err("no page");
        match answer.status {
            200 => assert!(matches!(fault, FeedError::Unreadable { .. }), "{fault}"),
            429 => {
                let until = Some(at("2024-05-02T00:01:00Z"));
                assert_eq!(fault, FeedError::Later { status: 429, until });
            }
            401 => assert!(matches!(fault, FeedError::Denied { .. }), "{fault}"),
            _ => assert_eq!(fault, FeedError::Refused { status: 302 }),
        }
        let again = Ncmec::new(config(), Some(&known), now());
        assert_eq!(again.request(), asked);
    }
}

#[test]
fn the_test_call_says_which_right_is_missing() {
    let request = status_request(&config());
    let address = "https://partner.example/hashsharing/v2/status";
    assert_eq!(request.url.reveal().as_str(), address);
    let known = read_status(&ok(STATUS)).expect("a status");
    assert_eq!(
        (known.member.id, known.username.as_str()),
        (1, "example-user")
    );
    assert_eq!(known.member.name, "First & Example");
    let missing = |answer: PartnerAnswer<'_>| match read_status(&answer) {
        Err(FeedError::Denied { missing, .. }) => missing,
        other => panic!("{other:?}"),
    };
    assert!(missing(status(401)).contains("user name"));
    assert!(missing(status(403)).contains("right"));
    let without = STATUS.replace("<member id=\"1\">First &amp; Example</member>", "");
    assert!(missing(ok(&without)).contains("member id"));
    let without = STATUS.replace("example-user", " ");
    assert!(missing(ok(&without)).contains("a user"));
    for body in ["<html/>", &STATUS[..90], "<members/>"] {
        let read = read_status(&ok(body));
        assert!(matches!(read, Err(FeedError::Unreadable { .. })), "{body}");
    }
}

#[test]
fn members_and_reasons_are_read() {
    let address = "https://partner.example/hashsharing/v2/members";
    assert_eq!(members_request(&config()).url.reveal().as_str(), address);
    let member = |id, name: &str| Member {
        id,
        name: name.to_owned(),
    };
    let members = read_members(&ok(MEMBERS));
    assert_eq!(
        members,
        Ok(vec![member(42, "First Example"), member(43, "")])
    );
    assert!(read_members(&ok("<html><body/></html>")).is_err());

    let request = reasons_request(&config(), Algorithm::Sha1).expect("SHA-1 has reasons");
    let address = "https://partner.example/hashsharing/v2/feedback/SHA1/reasons";
    assert_eq!(request.url.reveal().as_str(), address);
    assert_eq!(reasons_request(&config(), Algorithm::Sha256), None);
    let reason = FeedbackReason {
        guid: GUID.to_owned(),
        name: "First reason".to_owned(),
    };
    assert_eq!(read_reasons(&ok(REASONS)), Ok(vec![reason.clone()]));
    let (_, list) = REASONS.split_once("?>").expect("a declaration");
    let inside = format!("<feedbackReasons>{list}</feedbackReasons>");
    assert_eq!(read_reasons(&ok(&inside)), Ok(vec![reason]));
    assert!(read_reasons(&ok("<html/>")).is_err());
}

fn feedback(algorithm: Algorithm, text: &str, opinion: Opinion) -> Feedback {
    Feedback {
        key: EntryKey::new("42-a/b").expect("a key"),
        hash: hash(algorithm, text),
        media: Media::Image,
        opinion,
        reasons: vec![GUID.to_owned()],
    }
}

/// The documents are those of the reference's own tests.
#[test]
fn feedback_is_put_per_kind_of_fingerprint() {
    let desk = Desk::new(config());
    let sent = |feedback: &Feedback| {
        let request = desk.request(feedback).expect("it can be said");
        let (kind, body) = request.body.expect("a body");
        assert_eq!(
            (request.method, kind),
            (Method::Put, "application/xml; charset=utf-8")
        );
        let body = String::from_utf8(body.reveal().clone()).expect("UTF-8");
        (request.url.reveal().to_string(), body)
    };
    let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    let submission = "<feedbackSubmission xmlns=\"https://hashsharing.ncmec.org/hashsharing/v2\">";
    let agrees = sent(&feedback(Algorithm::Pdq, PDQ, Opinion::Agrees));
    let address = "https://partner.example/hashsharing/v2/entries/42/a%2Fb/PDQ/feedback";
    let body = format!("{declaration}{submission}<affirmative/></feedbackSubmission>");
    assert_eq!(agrees, (address.to_owned(), body));
    let disagrees = sent(&feedback(Algorithm::Md5, MD5, Opinion::Disagrees));
    let address = "https://partner.example/hashsharing/v2/entries/42/a%2Fb/MD5/feedback";
    let body = format!(
        "{declaration}{submission}<negative><reasonIds><guid>{GUID}</guid></reasonIds></negative>\
         </feedbackSubmission>"
    );
    assert_eq!(disagrees, (address.to_owned(), body));
    let escaped = sent(&Feedback {
        reasons: vec!["<&>".to_owned()],
        ..feedback(Algorithm::Sha1, SHA1, Opinion::Disagrees)
    });
    assert!(escaped.1.contains("<guid>&lt;&amp;&gt;</guid>"));
}

#[test]
fn what_the_protocol_cannot_say_is_a_fault() {
    let desk = Desk::new(config());
    let fault = |feedback: Feedback| desk.request(&feedback).expect_err("it cannot be said");
    let md5 = |opinion| feedback(Algorithm::Md5, MD5, opinion);
    assert_eq!(fault(md5(Opinion::Seen)), FeedbackFault::Opinion);
    let sha256 = feedback(Algorithm::Sha256, PDQ, Opinion::Agrees);
    assert_eq!(fault(sha256), FeedbackFault::Kind);
    for reasons in [vec![], vec!["two words".to_owned()], vec![String::new()]] {
        let without = Feedback {
            reasons,
            ..md5(Opinion::Disagrees)
        };
        assert_eq!(fault(without), FeedbackFault::NoReason);
    }
    for key in ["42", "a-1", "-1", "42-", "42-..", "4/2-1"] {
        let strange = Feedback {
            key: EntryKey::new(key).expect("a key"),
            ..md5(Opinion::Agrees)
        };
        assert_eq!(fault(strange), FeedbackFault::Key, "{key}");
    }
}

#[test]
fn an_answer_to_feedback_is_a_receipt_unless_it_is_a_page() {
    let desk = Desk::new(config());
    let receipt = |body| desk.receipt(&ok(body));
    for body in [
        "",
        "\n",
        "<submissionResult xmlns=\"https://hashsharing.ncmec.org/hashsharing/v2\"/>",
    ] {
        assert_eq!(receipt(body), Ok(String::new()));
    }
    for body in [
        "<html><body>sign in</body></html>",
        "<!DOCTYPE html><p>",
        "ok",
    ] {
        assert!(receipt(body).is_err(), "{body}");
    }
    assert!(matches!(
        desk.receipt(&status(503)),
        Err(FeedError::Later { .. })
    ));
    assert!(matches!(
        desk.receipt(&status(403)),
        Err(FeedError::Denied { .. })
    ));
}

#[test]
fn every_environment_has_a_name_and_two_addresses_of_its_own() {
    let mut addresses = BTreeSet::new();
    for list in Environment::ALL {
        assert_eq!(Environment::from_name(list.name()), Some(list));
        for address in [list.production(), list.test()] {
            assert!(address.parse::<Url>().is_ok() && addresses.insert(address));
        }
    }
    assert_eq!(Environment::from_name("elsewhere"), None);
}

/// One version of an entry, as a partner keeps it.
#[derive(Clone, Debug)]
struct Version {
    id: u8,
    changed_ms: i64,
    is_withdrawn: bool,
    /// How long after its change it can be read.
    late_ms: i64,
}

/// A partner that keeps every version and gives those of a window, in no order.
struct Partner {
    versions: Vec<Version>,
    page_entries: usize,
}

impl Partner {
    fn answer(&self, request: &PartnerRequest, now: Timestamp) -> String {
        let url = request.url.reveal();
        let parameter = |name: &str| {
            let pair = url.query_pairs().find(|(key, _)| key == name);
            pair.map(|(_, value)| value.into_owned())
        };
        let time = |name: &str| at(&parameter(name).expect("a window")).as_millis();
        let (from_ms, to_ms) = (time("from"), time("to"));
        let start: usize = parameter("start").map_or(0, |text| text.parse().expect("a number"));
        let mut found: Vec<&Version> = self.versions.iter().collect();
        found.retain(|version| {
            let is_inside = version.changed_ms > from_ms && version.changed_ms <= to_ms;
            is_inside && version.changed_ms + version.late_ms <= now.as_millis()
        });
        found.sort_by_key(|version| (version.id ^ 0x5a, version.changed_ms.reverse_bits()));
        let rest = &found[start.min(found.len())..];
        let page = &rest[..self.page_entries.min(rest.len())];
        let mut body: String = page.iter().map(|version| written(version)).collect();
        body = format!("<images>{body}</images>");
        if rest.len() > page.len() {
            let query = url.query().expect("a window");
            let window = query.split("&start").next().expect("a window");
            let next = start + page.len();
            let link = format!("/v2/entries?{window}&start={next}").replace('&', "&amp;");
            body += &format!("<paging><next>{link}</next></paging>");
        }
        format!("<queryResult>{body}</queryResult>")
    }

    /// What a list that read everything holds: of each entry the newest version.
    fn state(&self) -> BTreeMap<String, (EntryState, i64)> {
        let mut newest: BTreeMap<String, (i64, bool)> = BTreeMap::new();
        for version in &self.versions {
            let known = newest.entry(format!("7-{}", version.id)).or_default();
            *known = (*known).max((version.changed_ms, version.is_withdrawn));
        }
        let state = |(ms, is_withdrawn)| match is_withdrawn {
            true => (EntryState::Withdrawn, ms),
            false => (EntryState::Active, ms),
        };
        newest
            .into_iter()
            .map(|(key, value)| (key, state(value)))
            .collect()
    }
}

fn written(version: &Version) -> String {
    let kind = if version.is_withdrawn {
        "deletedImage"
    } else {
        "image"
    };
    let time = Timestamp::from_millis(version.changed_ms);
    let id = version.id;
    format!(
        "<{kind}><member id=\"7\">M</member><id>{id}</id><timestamp>{time}</timestamp></{kind}>"
    )
}

/// What a store makes of the pages of many runs.
#[derive(Default)]
struct Store {
    entries: BTreeMap<String, (EntryState, i64)>,
    checkpoint: Option<Checkpoint>,
}

impl Store {
    fn apply(&mut self, page: Page) {
        for entry in page.entries {
            let changed_ms = entry
                .changed_at
                .expect("every version has a time")
                .as_millis();
            let value = (entry.state, changed_ms);
            self.entries.insert(entry.key.as_str().to_owned(), value);
        }
        self.checkpoint = page.checkpoint.or(self.checkpoint.take());
    }

    /// A run that ends early after so many pages: killed, or by a fault.
    fn run(&mut self, partner: &Partner, now: Timestamp, pages_max: usize, fault: u8) {
        let density = Density {
            entries_max: 4,
            entries_sparse: 2,
        };
        let known = self.checkpoint.clone();
        let mut feed = Ncmec::with_density(config(), known.as_ref(), now, density);
        for _ in 0..pages_max {
            let Some(request) = feed.request() else {
                return;
            };
            let body = partner.answer(&request, now);
            let page = feed.answer(&PartnerAnswer { now, ..ok(&body) });
            self.apply(page.expect("a good answer"));
        }
        if let Some(request) = feed.request() {
            let body = partner.answer(&request, now);
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

fn versions() -> impl Strategy<Value = Vec<Version>> {
    // Whole seconds often, so that many are of the same second.
    let changed_ms = prop_oneof![(1_i64..40).prop_map(|s| s * 1000), 1_i64..4_000_000];
    let version = (0_u8..12, changed_ms, any::<bool>(), 0_i64..=3_600_000);
    let version = version.prop_map(|(id, changed_ms, is_withdrawn, late_ms)| Version {
        id,
        changed_ms: START_MS + changed_ms,
        is_withdrawn,
        late_ms,
    });
    prop::collection::vec(version, 0..60)
}

const START_MS: i64 = 1_714_521_600_000;
const PAGES_MAX: usize = 20_000;

proptest! {
    /// However windows and pages cut a history, whatever order it comes in, however late and
    /// however often a run ends early: what was read in the end is what the partner has.
    #[test]
    fn every_cut_of_a_history_gives_the_same_list(
        versions in versions(),
        page_entries in 1_usize..6,
        runs in prop::collection::vec((1_i64..7_900_000, 0_usize..40, any::<u8>()), 0..6),
    ) {
        let partner = Partner { versions, page_entries };
        let mut runs = runs;
        runs.sort_unstable();
        let mut store = Store::default();
        for (now_ms, pages_max, fault) in runs {
            store.run(&partner, Timestamp::from_millis(START_MS + now_ms), pages_max, fault);
        }
        let last = Timestamp::from_millis(START_MS + 8_000_000);
        store.run(&partner, last, PAGES_MAX, 3);
        prop_assert_eq!(&store.entries, &partner.state());
        store.run(&partner, last, PAGES_MAX, 3);
        prop_assert_eq!(&store.entries, &partner.state());
    }

    /// No bytes make a reader fall, and none that are no page move the feed.
    #[test]
    fn no_bytes_break_a_reader(
        noise: Vec<u8>,
        cut in any::<Index>(),
        flipped in any::<Index>(),
        bit in 0_u8..8,
        text in "(</?(image|video|queryResult|paging|next|member|id|feedback)( id='4')?>|&#?[0-9a-z]{0,3};|[a/ ]){0,40}",
    ) {
        for golden in [ENTRIES, EMPTY_PRINTS, ODD_ENTRIES, STATUS, MEMBERS, REASONS] {
            let mut changed = golden.as_bytes().to_vec();
            let place = flipped.index(changed.len());
            changed[place] ^= 1 << bit;
            let short = &golden.as_bytes()[..cut.index(golden.trim_end().len())];
            for body in [&noise, text.as_bytes(), &changed, short] {
                let answer = PartnerAnswer { body, ..ok("") };
                let mut feed = Ncmec::new(config(), None, now());
                let asked = feed.request();
                if feed.answer(&answer).is_err() {
                    prop_assert_eq!(feed.request(), asked);
                } else {
                    prop_assert!(feed.request() != asked);
                }
                let _ = read_status(&answer);
                let _ = read_members(&answer);
                let _ = read_reasons(&answer);
                let _ = Desk::new(config()).receipt(&answer);
            }
            let answer = PartnerAnswer { body: short, ..ok("") };
            prop_assert!(Ncmec::new(config(), None, now()).answer(&answer).is_err());
        }
    }
}
