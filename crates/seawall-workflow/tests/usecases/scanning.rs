//! An upload arrives.

use seawall_casework::context::{ContextError, UploadContext};
use seawall_core::{Actor, Algorithm, Outcome, Reason, Redacted, Threshold};
use seawall_store::{BankChange, NewContent, StoredHash};
use seawall_workflow::{
    BankError, Recommendation, SELFTEST_BANK, SELFTEST_PICTURE, ScanError, ScanRequest,
    SignalOutcome,
};

use crate::fixture::fixture;

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_picture_is_still_found_by_its_digests() {
    let f = fixture();
    f.bank("PARTNER", [1]);
    let answer = f.scan("item", 1).await.expect("scanned");
    assert_eq!(
        (answer.found.outcome, answer.found.reason),
        (Outcome::Refused, Some(Reason::DecoderFailed))
    );
    assert_eq!(answer.recommendation, Recommendation::Hold);
    assert_eq!(answer.found.matches[0].algorithm, Algorithm::Sha256);
    let outcomes: Vec<_> = answer
        .found
        .signals
        .iter()
        .map(|signal| signal.outcome)
        .collect();
    assert_eq!(
        outcomes,
        [
            SignalOutcome::Unmatchable,
            SignalOutcome::NoMatch,
            SignalOutcome::NoMatch,
            SignalOutcome::Matched
        ]
    );
    let clean = f.scan("other", 2).await.expect("scanned");
    assert_eq!(
        (clean.case_id, clean.recommendation),
        (None, Recommendation::Ask)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_item_gets_the_same_case_and_other_bytes_are_refused() {
    let f = fixture();
    f.bank("PARTNER", [1, 2]);
    let first = f.scan("item", 1).await.expect("scanned");
    let again = f.scan("item", 1).await.expect("scanned");
    assert_eq!((again.case_id, again.repeated), (first.case_id, true));
    assert_eq!(again.found.matches, first.found.matches);
    let other = f.scan("item", 2).await.expect_err("another file");
    assert!(matches!(other, ScanError::ItemReused { case } if Some(case) == first.case_id));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_with_one_item_open_one_case() {
    let f = std::sync::Arc::new(fixture());
    f.bank("PARTNER", [1]);
    let mut scans = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let f = std::sync::Arc::clone(&f);
        scans.spawn(async move { f.scan("item", 1).await.expect("scanned").case_id });
    }
    let cases: std::collections::BTreeSet<_> = scans.join_all().await.into_iter().collect();
    assert_eq!(cases.len(), 1);
    let files = std::fs::read_dir(f.folder.path().join("vault"))
        .expect("readable")
        .count();
    assert_eq!(files, 1, "the losers' sealed files are removed");
    assert_eq!(
        f.workflow
            .store()
            .read(|reader| reader.open_cases())
            .expect("readable"),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_an_unmatched_upload_and_nothing_clear_of_a_matched_one_is_on_disk() {
    let f = fixture();
    f.bank("PARTNER", [1]);
    let context = |word: &str| UploadContext {
        uploader_id: Some(Redacted(format!("uploader-{word}"))),
        file_name: Some(Redacted(format!("name-{word}.png"))),
        ..UploadContext::default()
    };
    f.scan_with("matched", 1, context("matched"))
        .await
        .expect("scanned");
    f.scan_with("unmatched", 2, context("unmatched"))
        .await
        .expect("scanned");
    let mut on_disk = Vec::new();
    for entry in std::fs::read_dir(f.folder.path()).expect("readable") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            on_disk.extend(std::fs::read(path).expect("readable"));
        }
    }
    for entry in std::fs::read_dir(f.folder.path().join("vault")).expect("readable") {
        on_disk.extend(std::fs::read(entry.expect("an entry").path()).expect("readable"));
    }
    let contains = |text: &str| {
        on_disk
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    assert!(
        contains("BANK_CREATED") || contains("bank.created"),
        "the search itself works"
    );
    for text in ["harmless text", "uploader-", "name-matched", "unmatched"] {
        assert!(!contains(text), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_caller_gets_wrong_is_named_and_changes_nothing() {
    let f = fixture();
    f.bank("PARTNER", [1]);
    let before = f
        .workflow
        .store()
        .read(|reader| reader.head())
        .expect("readable");
    for bad in ["", &"x".repeat(256), "a\nb"] {
        assert!(
            matches!(f.scan(bad, 1).await, Err(ScanError::ItemId)),
            "{bad:?}"
        );
    }
    let port = UploadContext {
        port: Some(0),
        ..UploadContext::default()
    };
    let refused = f.scan_with("item", 1, port).await;
    assert!(matches!(
        refused,
        Err(ScanError::Context(ContextError::Port))
    ));
    assert_eq!(
        f.workflow
            .store()
            .read(|reader| reader.head())
            .expect("readable"),
        before
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_content_and_a_disabled_bank_stop_matching_at_once() {
    let f = fixture();
    let name = f.bank("PARTNER", [1, 2]);
    let found = f.scan("one", 1).await.expect("scanned").found.matches[0].content_id;
    f.workflow
        .delete_content(&name, seawall_core::ContentId(found), Actor::Operator)
        .expect("deleted");
    assert!(
        f.scan("two", 1)
            .await
            .expect("scanned")
            .found
            .matches
            .is_empty()
    );
    assert_eq!(
        f.scan("three", 2)
            .await
            .expect("scanned")
            .found
            .matches
            .len(),
        1
    );
    let off = BankChange {
        enabled: Some(false),
        threshold: None,
        ..BankChange::default()
    };
    f.workflow
        .change_bank(&name, off, Actor::Operator)
        .expect("changed");
    assert!(
        f.scan("four", 2)
            .await
            .expect("scanned")
            .found
            .matches
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_built_in_test_is_a_rehearsal_that_nobody_can_change_or_count() {
    let f = fixture();
    f.workflow.ensure_selftest_bank().expect("made");
    f.workflow.ensure_selftest_bank().expect("there already");
    let name = SELFTEST_BANK.parse().expect("a name");
    let content = NewContent {
        class: None,
        list: None,
        note: None,
        hashes: vec![StoredHash {
            hash: seawall_core::Hash::Md5([1; 16]),
            quality: None,
        }],
    };
    let refused = [
        f.workflow
            .add_content(&name, &content, Actor::Operator)
            .err(),
        f.workflow.delete_bank(&name, Actor::Operator).err(),
    ];
    assert!(
        refused
            .iter()
            .all(|error| matches!(error, Some(BankError::BuiltIn))),
        "{refused:?}"
    );
    let answer = f
        .workflow
        .scan(ScanRequest {
            item_id: "selftest".into(),
            bytes: SELFTEST_PICTURE.into(),
            context: UploadContext::default(),
            actor: Actor::System,
        })
        .await
        .expect("scanned");
    assert_eq!(answer.found.matches[0].bank, SELFTEST_BANK);
    let figures = f.workflow.figures().expect("figures");
    assert!(
        figures.cases_opened.is_empty() && figures.scans.is_empty(),
        "{figures:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_count_what_was_scanned() {
    let f = fixture();
    f.bank("PARTNER", [1]);
    for number in 0..4 {
        f.scan(&format!("item-{number}"), number)
            .await
            .expect("scanned");
    }
    let figures = f.workflow.figures().expect("figures");
    assert_eq!(figures.scans["refused"], 4);
    assert_eq!(figures.scans_without_match, 3);
    assert_eq!(figures.cases_opened["public"], 1);
    let again = f.workflow.figures().expect("figures");
    assert_eq!(again.scans["refused"], 4, "a tally is written once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_file_without_a_case_is_swept_and_one_with_a_case_stays() {
    let f = fixture();
    f.bank("PARTNER", [1]);
    f.scan("item", 1).await.expect("scanned");
    let vault = f.folder.path().join("vault");
    let orphan = vault.join("01890000-0000-7000-8000-000000000000.sealed");
    std::fs::write(&orphan, b"left by a process that died").expect("written");
    assert_eq!(f.workflow.sweep_vault().expect("swept"), 1);
    assert!(!orphan.exists());
    assert_eq!(std::fs::read_dir(&vault).expect("readable").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn banks_are_made_once_and_lists_are_imported_without_doubles() {
    let f = fixture();
    let name = f.bank("PARTNER", []);
    let again = f
        .workflow
        .create_bank(&name, Threshold::DEFAULT, true, Actor::Operator);
    assert!(matches!(again, Err(BankError::Exists)));
    let digits = "ab".repeat(20);
    let list = seawall_workflow::parse_list(format!("sha1:{digits}\nnonsense\n").as_bytes());
    let first = f
        .workflow
        .import_list(&name, None, &list, Actor::Operator)
        .expect("imported");
    let second = f
        .workflow
        .import_list(&name, None, &list, Actor::Operator)
        .expect("imported");
    assert_eq!(
        (first.added, first.known, second.added, second.known),
        (1, 0, 0, 1)
    );
    assert_eq!(list.rejected[0].line, 2);
    let nobody = "NOBODY".parse().expect("a name");
    let missing = f
        .workflow
        .import_list(&nobody, None, &list, Actor::Operator);
    assert!(matches!(missing, Err(BankError::NoBank)));
}
