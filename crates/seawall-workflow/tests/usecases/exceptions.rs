//! Exceptions: what they suppress, what they do not, and what the log tells of it.

use seawall::hash::digests;
use seawall_casework::audit::EventBody;
use seawall_casework::case::CasePurpose;
use seawall_core::{Actor, BankName, BankRole, EventKind, Hash};
use seawall_store::{NewContent, StoredHash};
use seawall_workflow::{BankError, BankRequest, Recommendation, SELFTEST_PICTURE};

use crate::fixture::{Fixture, content, fixture};

impl Fixture {
    /// An exception bank that holds these hashes.
    pub(crate) fn exceptions(&self, hashes: impl IntoIterator<Item = Hash>) -> BankName {
        let name: BankName = "BENIGN".parse().expect("a bank's name");
        let request = BankRequest {
            name: name.clone(),
            threshold: None,
            enabled: true,
            role: BankRole::Exception,
            owner: Some("Trust and safety".to_owned()),
        };
        self.workflow
            .create_bank_as(&request, Actor::Operator)
            .expect("a bank");
        for hash in hashes {
            let new = NewContent {
                class: None,
                list: None,
                note: Some("an icon".to_owned()),
                hashes: vec![StoredHash {
                    hash,
                    quality: None,
                }],
            };
            self.workflow
                .add_content(&name, &new, Actor::Operator)
                .expect("a content");
        }
        name
    }

    fn told(&self, kind: EventKind) -> Vec<EventBody> {
        let store = self.workflow.store();
        let newest = store.read(|reader| reader.newest_events(1_000));
        let mut events = newest.expect("readable");
        events.retain(|event| event.kind == kind);
        events
    }
}

fn sha256(number: u32) -> Hash {
    Hash::Sha256(digests(&content(number)).sha256)
}

#[tokio::test]
async fn a_suppressed_upload_is_answered_as_one_that_matches_nothing() {
    let fixture = fixture();
    fixture.bank("KNOWN", [1]);
    fixture.exceptions([sha256(1)]);
    let plain = fixture.scan("plain", 2).await.expect("scanned");
    let answer = fixture.scan("item", 1).await.expect("scanned");
    assert_eq!(answer.case_id, None);
    assert_eq!(answer.recommendation, plain.recommendation);
    assert_eq!(answer.recommendation, Recommendation::Ask);
    assert_eq!(answer.found.signals, plain.found.signals);
    assert!(answer.found.matches.is_empty());
    let exception = answer.found.suppressed[0].exception.as_ref().expect("one");
    assert_eq!(
        (exception.owner.as_str(), exception.reason.as_str()),
        ("Trust and safety", "an icon")
    );
    let told = fixture.told(EventKind::ScanSuppressed);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].detail["suppressed"], 1);
    let figures = fixture.workflow.figures().expect("figures");
    assert_eq!(
        (figures.scans_suppressed, figures.scans_without_match),
        (1, 2)
    );
}

#[tokio::test]
async fn a_case_counts_and_shows_what_is_not_suppressed() {
    let fixture = fixture();
    fixture.bank("KNOWN", [1]);
    // Known by its MD5 as well, which no exception speaks against.
    let name = "KNOWN".parse().expect("a bank's name");
    let md5 = NewContent {
        class: None,
        list: None,
        note: None,
        hashes: vec![StoredHash {
            hash: Hash::Md5(digests(&content(1)).md5),
            quality: None,
        }],
    };
    fixture
        .workflow
        .add_content(&name, &md5, Actor::Operator)
        .expect("added");
    fixture.exceptions([sha256(1)]);
    let answer = fixture.scan("item", 1).await.expect("scanned");
    assert_eq!(
        (answer.found.matches.len(), answer.found.suppressed.len()),
        (1, 1)
    );
    let opened = fixture.told(EventKind::CaseOpened);
    assert_eq!(opened[0].detail["matches"], 1);
    assert_eq!(opened[0].detail["suppressed"], 1);
    let case = answer.case_id.expect("a case");
    let record = fixture
        .workflow
        .store()
        .read(|reader| reader.case(case))
        .expect("readable")
        .expect("there");
    assert_eq!((record.matches.len(), record.suppressed.len()), (1, 1));
    let kept = record.suppressed[0].exception.as_ref().expect("kept");
    assert_eq!(kept.reason, "an icon");
    assert!(fixture.told(EventKind::ScanSuppressed).is_empty());
}

#[tokio::test]
async fn a_rehearsal_stays_one_beside_a_suppressed_match() {
    let fixture = fixture();
    fixture.workflow.ensure_selftest_bank().expect("made");
    let digests = digests(SELFTEST_PICTURE);
    let name: BankName = fixture.bank("KNOWN", []);
    let known = NewContent {
        class: None,
        list: None,
        note: None,
        hashes: vec![StoredHash {
            hash: Hash::Md5(digests.md5),
            quality: None,
        }],
    };
    fixture
        .workflow
        .add_content(&name, &known, Actor::Operator)
        .expect("added");
    fixture.exceptions([Hash::Md5(digests.md5)]);
    let answer = fixture
        .scan_bytes("rehearsal", SELFTEST_PICTURE)
        .await
        .expect("scanned");
    let case = answer.case_id.expect("a rehearsal opens a case");
    assert!(!answer.found.suppressed.is_empty());
    let record = fixture.workflow.store().read(|reader| reader.case(case));
    let record = record.expect("readable").expect("there");
    assert_eq!(record.case.purpose, CasePurpose::Test);
}

#[test]
fn an_exception_needs_an_owner_and_a_reason() {
    let fixture = fixture();
    let request = |owner: Option<&str>| BankRequest {
        name: "OTHER".parse().expect("a bank's name"),
        threshold: None,
        enabled: true,
        role: BankRole::Exception,
        owner: owner.map(str::to_owned),
    };
    for owner in [None, Some(""), Some(" "), Some("a\u{7}b")] {
        let made = fixture
            .workflow
            .create_bank_as(&request(owner), Actor::Operator);
        assert!(matches!(made, Err(BankError::NoOwner)), "{owner:?}");
    }
    let name = fixture.exceptions([]);
    for note in [None, Some(" ".to_owned())] {
        let new = NewContent {
            class: None,
            list: None,
            note,
            hashes: vec![StoredHash {
                hash: sha256(1),
                quality: None,
            }],
        };
        let added = fixture.workflow.add_content(&name, &new, Actor::Operator);
        assert!(matches!(added, Err(BankError::NoReason)));
    }
    let list = seawall_workflow::parse_list(format!("sha256:{}", sha256(1)).as_bytes());
    let imported = fixture
        .workflow
        .import_list(&name, None, &list, Actor::Operator);
    assert!(matches!(imported, Err(BankError::NoReason)));
    let bank = fixture.workflow.bank(&name).expect("there");
    assert_eq!(bank.contents, 0, "nothing of it was kept");
}
