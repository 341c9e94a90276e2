use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use seawall_core::Timestamp;
use seawall_sim::fault::Fault;
use seawall_sim::hash_sharing::{
    Entry, Feedback, Fingerprint, HashSharing, Kind, Member, Opinion, Options, REASONS, Value,
};
use seawall_testkit::FakeClock;

use crate::caller::Caller;

/// A stand-in whose clock shows 2017-10-24T15:10:00Z.
pub(crate) fn stand_in() -> (Arc<HashSharing>, Arc<FakeClock>, Caller) {
    let now: Timestamp = "2017-10-24T15:10:00Z".parse().expect("a time");
    let clock = Arc::new(FakeClock::new(now));
    let options = Options {
        username: "user".into(),
        password: "word".into(),
        member: member(1),
    };
    let sharing = HashSharing::new(options, Arc::clone(&clock) as _);
    let caller = Caller::basic(sharing.router(), "user:word");
    (sharing, clock, caller)
}

fn member(id: u32) -> Member {
    let name = format!("Member & {id}");
    Member { id, name }
}

pub(crate) fn entry(id: &str, kind: Kind, fingerprints: &[(Fingerprint, &str)]) -> Entry {
    let inline = |(kind, value): &(Fingerprint, &str)| (*kind, Value::Inline((*value).into()));
    Entry {
        member: member(42),
        id: id.into(),
        kind,
        classification: (kind == Kind::Image).then(|| "A1".into()),
        fingerprints: fingerprints.iter().map(inline).collect::<BTreeMap<_, _>>(),
        feedback: Vec::new(),
    }
}

fn window(from: &str, to: &str) -> String {
    format!("/hashsharing/v2/entries?from={from}&to={to}")
}

pub(crate) const EVER: &str =
    "/hashsharing/v2/entries?from=1970-01-01T00:00:00Z&to=2030-01-01T00:00:00.000Z";

/// The ids on a page, in its order.
pub(crate) fn ids(page: &str) -> Vec<String> {
    let after = page.split("<id>").skip(1);
    let id = |text: &str| text.split("</id>").next().unwrap_or_default().to_owned();
    after.map(id).collect()
}

/// The address of the next page.
pub(crate) fn next(page: &str) -> Option<String> {
    let (_, rest) = page.split_once("<next>")?;
    let (next, _) = rest.split_once("</next>")?;
    Some(format!("/hashsharing{}", next.replace("&amp;", "&")))
}

/// The document of the published client's test data, but for spaces between elements, the
/// next page, and that times are here those of the clock.
#[tokio::test]
async fn a_page_reads_as_the_published_example() {
    let (sharing, _, caller) = stand_in();
    let md5 = "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1";
    let mut image = entry("image1", Kind::Image, &[(Fingerprint::Md5, md5)]);
    image.feedback = vec![
        feedback(Fingerprint::Md5, Opinion::Affirmative),
        feedback(Fingerprint::Sha1, negative(&[REASONS[0].0])),
    ];
    let mut video = entry("video1", Kind::Video, &[(Fingerprint::Md5, "b1")]);
    let large = Value::Linked(vec![1, 2]);
    video.fingerprints.insert(Fingerprint::TmkPdqf, large);
    sharing.put(image);
    sharing.put(entry("image4", Kind::Image, &[]));
    sharing.withdraw(42, "image4");
    sharing.put(video);
    let page = caller.get(EVER).await;
    assert_eq!(page.header("seawall-stand-in"), Some("hash-sharing"));
    assert_eq!(page.header("date"), Some("Tue, 24 Oct 2017 15:10:00 GMT"));
    assert_eq!(
        page.expect(200).replace("><", ">\n<"),
        include_str!("hash_sharing_page.xml")
    );
    let large = caller
        .get("/hashsharing/v2/entries/2/fingerprints/TMK_PDQF")
        .await;
    assert_eq!(large.expect(200), "\u{1}\u{2}");
    let none = caller
        .get("/hashsharing/v2/entries/0/fingerprints/TMK_PDQF")
        .await;
    none.expect(404);
}

fn feedback(fingerprint: Fingerprint, opinion: Opinion) -> Feedback {
    Feedback {
        entry_member: 42,
        entry_id: "image1".into(),
        fingerprint,
        member: member(1),
        opinion,
    }
}

fn negative(guids: &[&str]) -> Opinion {
    Opinion::Negative(guids.iter().map(|guid| (*guid).to_owned()).collect())
}

#[tokio::test]
async fn the_start_of_a_window_is_outside_and_its_end_inside() {
    let (sharing, clock, caller) = stand_in();
    sharing.put(entry("first", Kind::Image, &[]));
    clock.advance_ms(1_000);
    sharing.put(entry("second", Kind::Image, &[]));
    clock.advance_ms(500);
    sharing.put(entry("third", Kind::Image, &[]));
    let found = async |from, to| ids(&caller.get(&window(from, to)).await.expect(200));
    let (a, b, c) = (
        "2017-10-24T15:09:59Z",
        "2017-10-24T15:10:00Z",
        "2017-10-24T15:10:01Z",
    );
    assert_eq!(found(a, b).await, ["first"]);
    assert_eq!(found(b, c).await, ["second"]);
    let d = "2017-10-24T15:10:02Z";
    assert_eq!(found(c, d).await, ["third"]);
    assert_eq!(found(b, b).await, [""; 0]);
}

#[tokio::test]
async fn pages_hold_every_entry_once_and_never_in_the_order_of_time() {
    let (sharing, clock, caller) = stand_in();
    let names: Vec<String> = (0..25).map(|number| format!("e{number:02}")).collect();
    for name in &names {
        clock.advance_ms(1_000);
        sharing.put(entry(name, Kind::Image, &[]));
    }
    sharing.set_page_size(10);
    let first = caller.get(EVER).await.expect(200);
    let address = next(&first).expect("a second page");
    assert!(address.contains("&size=10&max="), "{address}");
    let mut found = ids(&first);
    let mut after = Some(address);
    while let Some(address) = after {
        let page = caller.get(&address).await.expect(200);
        found.extend(ids(&page));
        after = next(&page);
    }
    assert_ne!(found, names);
    let sorted: BTreeSet<String> = found.iter().cloned().collect();
    assert_eq!(found.len(), 25);
    assert_eq!(sorted.into_iter().collect::<Vec<_>>(), names);
}

#[tokio::test]
async fn an_entry_that_changes_within_a_window_moves_no_other() {
    let (sharing, clock, caller) = stand_in();
    for number in 0..6 {
        sharing.put(entry(&format!("e{number}"), Kind::Image, &[]));
    }
    let end = "2017-10-24T15:10:00Z";
    let path = window("2017-10-24T15:00:00Z", end);
    let all = ids(&caller.get(&path).await.expect(200));
    sharing.set_page_size(2);
    let first = caller.get(&path).await.expect(200);
    clock.advance_ms(60_000);
    sharing.put(entry(&all[0], Kind::Image, &[]));
    let second = caller.get(&next(&first).expect("a page")).await.expect(200);
    assert_eq!(ids(&second), all[2..4]);
}

#[tokio::test]
async fn requests_that_the_interface_does_not_know_are_refused() {
    let (_, _, caller) = stand_in();
    let good = "2017-10-24T15:00:00Z";
    for (from, to) in [
        ("2017-10-24T15:00:00", good),
        ("2017-10-24T17:00:00%2B02:00", good),
        ("2017-10-24", good),
        ("1508857800", good),
        ("2017-10-24T15:00:00.5Z", good),
        ("2017-13-24T15:00:00Z", good),
        ("2017-10-24T15:00:01Z", good),
        (good, ""),
        // Two hours ahead: local time with a Z.
        ("2017-10-24T17:10:00Z", "2017-10-24T17:20:00Z"),
    ] {
        caller.get(&window(from, to)).await.expect(400);
    }
    let path = window(good, good);
    for more in ["&page=1", "&size=0", "&size=x", "&start=-1", "&from=2"] {
        caller.get(&format!("{path}{more}")).await.expect(400);
    }
    caller.get("/hashsharing/v2/entries").await.expect(400);
    caller.get("/hashsharing/v2/nothing").await.expect(404);
    let (sharing, ..) = stand_in();
    for user in ["user:wrong", "user", ""] {
        let stranger = Caller::basic(sharing.router(), user);
        let answer = stranger.get(EVER).await;
        assert_eq!(answer.header("seawall-stand-in"), Some("hash-sharing"));
        answer.expect(401);
    }
}

#[tokio::test]
async fn who_takes_part_is_told() {
    let (sharing, _, caller) = stand_in();
    sharing.put(entry("e", Kind::Video, &[]));
    let status = caller.get("/hashsharing/v2/status").await.expect(200);
    assert!(
        status.ends_with(
            "<status xmlns=\"https://hashsharing.ncmec.org/hashsharing/v2\">\
             <ipAddress>127.0.0.1</ipAddress><username>user</username>\
             <member id=\"1\">Member &amp; 1</member></status>\n"
        ),
        "{status}"
    );
    let members = caller.get("/hashsharing/v2/members").await.expect(200);
    assert!(
        members.contains(
            "<member id=\"1\">Member &amp; 1</member><member id=\"42\">Member &amp; 42</member>"
        ),
        "{members}"
    );
    let reasons = caller.get("/hashsharing/v2/feedback/SHA1/reasons").await;
    assert!(reasons.expect(200).contains(
        "<reason guid=\"01234567-abcd-0123-4567-012345678900\" name=\"Example Reason 1\" \
         type=\"Sha1\"/>"
    ));
    caller
        .get("/hashsharing/v2/feedback/SHA2/reasons")
        .await
        .expect(404);
}

fn submission(body: &str) -> String {
    format!(
        "<feedbackSubmission xmlns=\"https://hashsharing.ncmec.org/hashsharing/v2\">{body}\
         </feedbackSubmission>"
    )
}

#[tokio::test]
async fn feedback_is_kept_as_often_as_it_comes_and_shown_with_the_entry() {
    let (sharing, _, caller) = stand_in();
    sharing.put(entry("image1", Kind::Image, &[(Fingerprint::Md5, "a1")]));
    let path = "/hashsharing/v2/entries/42/image1/MD5/feedback";
    let reasons = format!(
        "<negative><reasonIds><guid>{}</guid></reasonIds></negative>",
        REASONS[1].0
    );
    for body in [
        "<affirmative/>",
        "<affirmative><!-- c --></affirmative>",
        &reasons,
    ] {
        let body = submission(body);
        let answer = caller
            .send("PUT", path, "application/xml; charset=utf-8", &body)
            .await;
        assert!(answer.expect(200).contains("<submissionResult "));
    }
    assert_eq!(
        sharing.feedback(),
        [
            feedback(Fingerprint::Md5, Opinion::Affirmative),
            feedback(Fingerprint::Md5, Opinion::Affirmative),
            feedback(Fingerprint::Md5, negative(&[REASONS[1].0])),
        ]
    );
    let page = caller.get(EVER).await.expect(200);
    assert!(page.contains("name=\"Example Reason 2\""), "{page}");
}

#[tokio::test]
async fn feedback_that_the_interface_does_not_know_is_refused() {
    let (sharing, _, caller) = stand_in();
    sharing.put(entry("image1", Kind::Image, &[(Fingerprint::Md5, "a1")]));
    sharing.put(entry("gone", Kind::Image, &[(Fingerprint::Md5, "a1")]));
    sharing.withdraw(42, "gone");
    let put = async |path: &str, body: &str| {
        let path = format!("/hashsharing/v2/entries/{path}/feedback");
        caller.send("PUT", &path, "application/xml", body).await
    };
    let good = submission("<affirmative/>");
    for path in [
        "42/other/MD5",
        "1/image1/MD5",
        "42/gone/MD5",
        "42/image1/SHA1",
        "42/image1/md5",
    ] {
        put(path, &good).await.expect(404);
    }
    let unknown = "<negative><reasonIds><guid>none</guid></reasonIds></negative>";
    for body in [
        "<affirmative>",
        "<feedbackSubmission><affirmative/></feedbackSubmission>",
        &submission(""),
        &submission("<affirmative/><affirmative/>"),
        &submission("<negative/>"),
        &submission("<negative><reasonIds/></negative>"),
        &submission(unknown),
        &good.replace("feedbackSubmission", "feedback"),
    ] {
        put("42/image1/MD5", body).await.expect(400);
    }
    let path = "/hashsharing/v2/entries/42/image1/MD5/feedback";
    caller
        .send("PUT", path, "application/json", &good)
        .await
        .expect(400);
    caller
        .send("POST", path, "application/xml", &good)
        .await
        .expect(405);
    assert_eq!(sharing.feedback(), []);
}

#[tokio::test]
async fn odd_pages_hold_the_true_entries_all_the_same() {
    let (sharing, _, caller) = stand_in();
    for number in 0..4 {
        let value = format!("{number}a");
        let id = format!("e{number}");
        sharing.put(entry(&id, Kind::Image, &[(Fingerprint::Md5, &value)]));
    }
    let plain = caller.get(EVER).await.expect(200);
    let page = async |fault| {
        sharing.set_hook(Some(Arc::new(move |_| fault)));
        caller.get(EVER).await.expect(200)
    };
    let odd = page(Fault::OutOfOrder).await;
    assert_ne!(ids(&odd), ids(&plain));
    assert_eq!(odd.len(), plain.len());
    let odd = page(Fault::EmptyValues).await;
    assert!(
        odd.contains("<md5>\n  0A </md5><sha1></sha1><pdna/>"),
        "{odd}"
    );
    let odd = page(Fault::UnknownWords).await;
    assert!(
        odd.contains("<audio>") && odd.contains("<newprint>"),
        "{odd}"
    );
    let odd = page(Fault::FractionalSeconds).await;
    assert!(
        odd.contains("<timestamp>2017-10-24T15:10:00.000Z<"),
        "{odd}"
    );
    let odd = page(Fault::RepeatedCursor).await;
    let again = caller.get(&next(&odd).expect("itself")).await.expect(200);
    assert_eq!(ids(&again), ids(&plain));
    let odd = page(Fault::SmallPage { size: 3 }).await;
    assert_eq!((ids(&odd).len(), next(&odd).is_some()), (3, true));
}
