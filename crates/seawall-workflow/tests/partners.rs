//! The clients of NCMEC and StopNCII against their stand-ins, which share no type with them and
//! read with strict readers of their own: under every schedule of faults, once the partner is
//! quiet, what was read is what the partner has; and what is sent back is taken.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use proptest::prelude::*;
use seawall_core::{Algorithm, Clock, Hash, Random, Redacted, Timestamp};
use seawall_exchange::feed::{
    Checkpoint, Entry, EntryKey, EntryState, Feed, FeedError, Fingerprint, Media, Method, Opinion,
    PartnerAnswer, PartnerRequest,
};
use seawall_exchange::feedback::{Feedback, FeedbackDesk};
use seawall_exchange::{ncmec, stop_ncii};
use seawall_sim::fault::schedule;
use seawall_sim::{hash_sharing, stop_ncii as stand_in};
use seawall_testkit::{FakeClock, SeededRandom};
use tower::ServiceExt;

/// What is active, as a store keeps it: by key the entry.
#[derive(Default)]
struct Store {
    entries: BTreeMap<String, Entry>,
    checkpoint: Option<Checkpoint>,
}

impl Store {
    fn active(&self) -> BTreeMap<String, BTreeSet<String>> {
        let is_active = |entry: &&Entry| entry.state == EntryState::Active;
        let prints = |entry: &Entry| entry.fingerprints.iter().map(text_of).collect();
        let active = self.entries.values().filter(is_active);
        active
            .map(|entry| (entry.key.as_str().to_owned(), prints(entry)))
            .collect()
    }
}

fn text_of(print: &Fingerprint) -> String {
    match print {
        Fingerprint::Hash { hash, .. } => format!("{}:{hash}", hash.algorithm()),
        Fingerprint::Other { kind, value, .. } => {
            format!("{}:{}", kind.to_lowercase(), value.reveal())
        }
    }
}

/// Runs a feed to its end or its first error, and applies each page with its checkpoint. Tells
/// whether it came to the end.
async fn run(mut feed: impl Feed, router: &Router, clock: &FakeClock, store: &mut Store) -> bool {
    let mut pages = 0;
    while let Some(request) = feed.request() {
        pages += 1;
        assert!(pages < 2_000, "a run ends");
        let Some((status, retry_after, body)) = asked(router, request).await else {
            return false;
        };
        let answer = PartnerAnswer {
            status,
            retry_after: retry_after.as_deref(),
            body: &body,
            now: clock.now(),
        };
        match feed.answer(&answer) {
            Ok(page) => {
                for entry in page.entries {
                    store.entries.insert(entry.key.as_str().to_owned(), entry);
                }
                store.checkpoint = page.checkpoint.or(store.checkpoint.take());
            }
            Err(_) => return false,
        }
    }
    true
}

/// An answer; `None` where the connection ended.
async fn asked(router: &Router, request: PartnerRequest) -> Option<(u16, Option<String>, Vec<u8>)> {
    let method = match request.method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
    };
    let url = request.url.reveal();
    let target = format!("{}?{}", url.path(), url.query().unwrap_or_default());
    let mut call = axum::http::Request::builder().method(method).uri(target);
    for (name, value) in &request.headers {
        call = call.header(name.as_ref(), value.reveal());
    }
    let body = match request.body {
        Some((kind, body)) => {
            call = call.header("content-type", kind);
            Body::from(body.reveal().clone())
        }
        None => Body::empty(),
    };
    let call = call.body(body).expect("a request");
    let answer = router.clone().oneshot(call).await.expect("infallible");
    let status = answer.status().as_u16();
    let retry_after = answer.headers().get("retry-after");
    let retry_after = retry_after.map(|value| value.to_str().expect("ASCII").to_owned());
    let body = to_bytes(answer.into_body(), 1 << 24).await.ok()?;
    Some((status, retry_after, body.to_vec()))
}

fn start() -> Timestamp {
    "2026-05-01T00:00:00.250Z".parse().expect("a time")
}

fn ncmec_config() -> ncmec::Config {
    ncmec::Config {
        base: "https://partner.example/hashsharing"
            .parse()
            .expect("a URL"),
        environment: ncmec::Environment::Industry,
        username: "drill".to_owned(),
        password: Redacted("drill".to_owned()),
        members: None,
    }
}

fn new_entry(random: &mut SeededRandom) -> hash_sharing::Entry {
    use hash_sharing::{Fingerprint, Kind, Value};
    let number = below(random, 40);
    let fill = below(random, 1 << 30);
    let values = [
        (Fingerprint::Md5, Value::Inline(format!("{fill:032x}"))),
        (Fingerprint::Sha1, Value::Inline(format!("{fill:040x}"))),
        (Fingerprint::Pdq, Value::Inline(format!("{fill:064x}"))),
        (Fingerprint::TmkPdqf, Value::Linked(vec![1])),
    ];
    hash_sharing::Entry {
        member: hash_sharing::Member {
            id: 1 + number % 3,
            name: "Example".to_owned(),
        },
        id: format!("e{number}"),
        kind: if number.is_multiple_of(2) {
            Kind::Image
        } else {
            Kind::Video
        },
        classification: Some("A1".to_owned()),
        fingerprints: values.into(),
        feedback: Vec::new(),
    }
}

fn below(random: &mut SeededRandom, end: u32) -> u32 {
    let mut bytes = [0_u8; 4];
    random.fill(&mut bytes);
    u32::from_le_bytes(bytes) % end
}

fn expected_of(stand_in: &hash_sharing::HashSharing) -> BTreeMap<String, BTreeSet<String>> {
    let entries = stand_in.entries().into_iter();
    entries
        .map(|entry| {
            let prints = entry.fingerprints.iter().map(|(kind, value)| match value {
                hash_sharing::Value::Inline(text) => {
                    format!("{}:{text}", kind.word().to_lowercase())
                }
                hash_sharing::Value::Linked(_) => format!("{}:", kind.word().to_lowercase()),
            });
            (
                format!("{}-{}", entry.member.id, entry.id),
                prints.collect(),
            )
        })
        .collect()
}

fn hash_sharing_at(clock: &Arc<FakeClock>) -> Arc<hash_sharing::HashSharing> {
    let options = hash_sharing::Options {
        username: "drill".to_owned(),
        password: "drill".to_owned(),
        member: hash_sharing::Member {
            id: 1,
            name: "Example".to_owned(),
        },
    };
    hash_sharing::HashSharing::new(options, clock.clone())
}

async fn read_hash_sharing(seed: u64) {
    let clock = Arc::new(FakeClock::new(start()));
    let partner = hash_sharing_at(&clock);
    partner.set_page_size(4);
    partner.set_hook(Some(schedule(seed, 120)));
    let router = partner.router();
    let mut random = SeededRandom::new(seed);
    let mut store = Store::default();
    while partner.requests() < 120 {
        for _ in 0..below(&mut random, 8) {
            let entry = new_entry(&mut random);
            match below(&mut random, 3) {
                0 => drop(partner.withdraw(entry.member.id, &entry.id)),
                _ => partner.put(entry),
            }
            clock.advance_ms(i64::from(below(&mut random, 4_000)));
        }
        let now = clock.now();
        let feed = ncmec::Ncmec::new(ncmec_config(), store.checkpoint.as_ref(), now);
        run(feed, &router, &clock, &mut store).await;
        clock.advance_ms(i64::from(below(&mut random, 60_000)));
    }
    // The clock is put right by the first request after the faults; the rest is quiet.
    for _ in 0..2 {
        clock.advance_ms(300_000);
        let now = clock.now();
        let feed = ncmec::Ncmec::new(ncmec_config(), store.checkpoint.as_ref(), now);
        assert!(run(feed, &router, &clock, &mut store).await, "seed {seed}");
    }
    assert_eq!(store.active(), expected_of(&partner), "seed {seed}");
}

fn stop_ncii_config() -> stop_ncii::Config {
    let key = |text: &str| Redacted(text.to_owned());
    stop_ncii::Config {
        base: "https://partner.example/v1".parse().expect("a URL"),
        subscription_key: key("subscription"),
        fetch_key: key("fetch"),
        feedback_key: Some(key("feedback")),
        submit_key: Some(key("submit")),
    }
}

fn new_record(random: &mut SeededRandom) -> stand_in::Record {
    use stand_in::{SignalType, Status};
    let number = below(random, 40);
    let (signal_type, value) = match number % 4 {
        0 => (SignalType::ImagePdq, format!("{number:064x}")),
        1 => (SignalType::VideoMd5, format!("{number:032x}")),
        2 => (SignalType::Url, format!("https://example.org/{number}")),
        _ => (SignalType::Text, format!("words and {number}")),
    };
    let statuses = [
        Status::Received,
        Status::Active,
        Status::Withdrawn,
        Status::Deleted,
    ];
    stand_in::Record {
        signal_type,
        value,
        status: statuses[below(random, 4) as usize],
        cases: BTreeMap::new(),
        feedback: Vec::new(),
        regions: Vec::new(),
    }
}

fn stop_ncii_at(clock: &Arc<FakeClock>) -> Arc<stand_in::StopNcii> {
    let options = stand_in::Options {
        subscription_key: "subscription".to_owned(),
        fetch_key: "fetch".to_owned(),
        feedback_key: "feedback".to_owned(),
        submit_key: "submit".to_owned(),
        source: "Example".to_owned(),
    };
    stand_in::StopNcii::new(options, clock.clone())
}

async fn read_stop_ncii(seed: u64) {
    let clock = Arc::new(FakeClock::new(start()));
    let partner = stop_ncii_at(&clock);
    partner.set_hook(Some(schedule(seed, 120)));
    let router = partner.router();
    let mut random = SeededRandom::new(seed);
    let mut store = Store::default();
    while partner.requests() < 120 {
        for _ in 0..below(&mut random, 8) {
            partner.put(new_record(&mut random));
            clock.advance_ms(i64::from(below(&mut random, 4_000)));
        }
        let now = clock.now();
        let feed = stop_ncii::StopNcii::new(stop_ncii_config(), store.checkpoint.as_ref(), now);
        run(feed, &router, &clock, &mut store).await;
        clock.advance_ms(i64::from(below(&mut random, 60_000)));
    }
    for _ in 0..2 {
        clock.advance_ms(300_000);
        let now = clock.now();
        let feed = stop_ncii::StopNcii::new(stop_ncii_config(), store.checkpoint.as_ref(), now);
        assert!(run(feed, &router, &clock, &mut store).await, "seed {seed}");
    }
    let values = |prints: BTreeMap<String, BTreeSet<String>>| -> BTreeSet<String> {
        let values = prints.into_values().flatten();
        values
            .filter_map(|text| Some(text.split_once(':')?.1.to_owned()))
            .collect()
    };
    let expected: BTreeSet<String> = partner.entries().into_iter().map(|r| r.value).collect();
    assert_eq!(values(store.active()), expected, "seed {seed}");
}

fn on_a_thread(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(work);
}

proptest! {
    // Each case is some hundred requests.
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn once_ncmec_is_quiet_what_was_read_is_what_it_has(seed: u64) {
        on_a_thread(read_hash_sharing(seed));
    }

    #[test]
    fn once_stop_ncii_is_quiet_what_was_read_is_what_it_has(seed: u64) {
        on_a_thread(read_stop_ncii(seed));
    }
}

/// A request and its answer, as whatever reads it wants it.
async fn told<T>(
    router: &Router,
    request: PartnerRequest,
    read: impl Fn(&PartnerAnswer<'_>) -> Result<T, FeedError>,
) -> T {
    let (status, _, body) = asked(router, request).await.expect("an answer");
    let answer = PartnerAnswer {
        status,
        retry_after: None,
        body: &body,
        now: start(),
    };
    read(&answer).expect("the partner takes it")
}

fn feedback(key: &str, hash: Hash, opinion: Opinion, reasons: &[&str]) -> Feedback {
    Feedback {
        key: EntryKey::new(key).expect("a key"),
        hash,
        media: Media::Image,
        opinion,
        reasons: reasons.iter().map(|&reason| reason.to_owned()).collect(),
    }
}

async fn tell_hash_sharing() {
    let clock = Arc::new(FakeClock::new(start()));
    let partner = hash_sharing_at(&clock);
    let router = partner.router();
    let entry = new_entry(&mut SeededRandom::new(1));
    let key = format!("{}-{}", entry.member.id, entry.id);
    let md5 = match &entry.fingerprints[&hash_sharing::Fingerprint::Md5] {
        hash_sharing::Value::Inline(text) => Hash::parse(Algorithm::Md5, text).expect("a hash"),
        hash_sharing::Value::Linked(_) => unreachable!("an MD5 stands in the entry"),
    };
    partner.put(entry);
    let config = ncmec_config();
    let status = told(&router, ncmec::status_request(&config), ncmec::read_status).await;
    assert_eq!((status.username.as_str(), status.member.id), ("drill", 1));
    let members = told(
        &router,
        ncmec::members_request(&config),
        ncmec::read_members,
    )
    .await;
    assert!(members.contains(&status.member));
    let request = ncmec::reasons_request(&config, Algorithm::Md5).expect("MD5 has reasons");
    let reasons = told(&router, request, ncmec::read_reasons).await;
    let guids: Vec<&str> = reasons.iter().map(|reason| reason.guid.as_str()).collect();
    let desk = ncmec::Desk::new(config);
    for (opinion, reasons) in [(Opinion::Agrees, &[][..]), (Opinion::Disagrees, &guids[..])] {
        let request = desk.request(&feedback(&key, md5, opinion, reasons));
        told(&router, request.expect("it can be said"), |a| {
            desk.receipt(a)
        })
        .await;
    }
    let taken: Vec<_> = partner
        .feedback()
        .into_iter()
        .map(|f| (f.fingerprint, f.opinion))
        .collect();
    let negative = guids.iter().map(|&guid| guid.to_owned()).collect();
    let expected = [
        hash_sharing::Opinion::Affirmative,
        hash_sharing::Opinion::Negative(negative),
    ];
    assert_eq!(
        taken,
        expected.map(|opinion| (hash_sharing::Fingerprint::Md5, opinion))
    );
}

async fn tell_stop_ncii() {
    let clock = Arc::new(FakeClock::new(start()));
    let partner = stop_ncii_at(&clock);
    let router = partner.router();
    let hash = Hash::parse(Algorithm::Pdq, &"0f".repeat(32)).expect("a hash");
    let submission = stop_ncii::Submission {
        hash,
        opinion: Opinion::Agrees,
        tags: vec!["Tag".to_owned()],
    };
    let submissions = stop_ncii::Submissions::new(stop_ncii_config()).expect("there is a key");
    let request = submissions.request(&[submission], start());
    told(&router, request.expect("it can be sent"), |a| {
        submissions.receipt(a)
    })
    .await;
    let submitted = partner.submitted();
    assert_eq!(submitted[0].value, hash.to_string());
    assert_eq!(submitted[0].signal_type, stand_in::SignalType::ImagePdq);
    let desk = stop_ncii::Desk::new(stop_ncii_config()).expect("there is a key");
    let key = format!("ImagePDQ:{hash}");
    let request = desk.request(&feedback(&key, hash, Opinion::Disagrees, &["Tag"]));
    told(&router, request.expect("it can be said"), |a| {
        desk.receipt(a)
    })
    .await;
    let taken = partner.feedback();
    assert_eq!(taken[0].signal_type, Some(stand_in::SignalType::ImagePdq));
    assert_eq!(taken[0].feedback.value, stand_in::FeedbackValue::NotBlocked);
}

#[test]
fn each_partner_takes_what_is_sent_back() {
    on_a_thread(tell_hash_sharing());
    on_a_thread(tell_stop_ncii());
}
