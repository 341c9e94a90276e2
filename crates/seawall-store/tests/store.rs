//! The store's promises: no change without an event, one decision a case, one report a
//! decision, damage refused, the chain kept.

use std::sync::atomic::{AtomicU64, Ordering};

use seawall_casework::audit::{AuditError, EventDraft, VerifyError};
use seawall_casework::case::{Case, CasePurpose, CaseState, Decision, Finding, Verdict};
use seawall_casework::context::ChannelKind;
use seawall_core::{
    Actor, Algorithm, BankId, BankRole, CaseId, ContentId, DecisionId, Distance, EventKind,
    EvidenceId, Hash, Manifestation, Quality, Random, ReportId, RevealId, Threshold, Timestamp,
    TokenId, UploadId, UserId, View,
};
use seawall_store::{
    BankChange, BankHash, CaseFilter, Change, ContentDetails, ContentSwitch, Discrepancy,
    EvidenceRow, Link, ListChange, ListName, MatchRow, NewBank, NewCase, NewContent, NewReport,
    NewToken, NewUser, Reveal, RevealMode, Role, Scope, Session, Store, StoreError, StoredHash, Tx,
    UploadRow, WrappedKey,
};

struct Counting(AtomicU64);
impl Random for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        let number = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        for (index, byte) in buffer.iter_mut().enumerate() {
            *byte = number[index % 8] ^ (index as u8);
        }
    }
}

struct Fixture {
    folder: tempfile::TempDir,
    store: Store,
    random: Counting,
}

fn now() -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000)
}

fn fixture() -> Fixture {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::create(&folder.path().join("seawall.db"), now()).expect("a store");
    Fixture {
        folder,
        store,
        random: Counting(AtomicU64::new(1)),
    }
}

fn event(kind: EventKind) -> EventDraft {
    EventDraft::new(kind, Actor::System)
}

impl Fixture {
    fn user(&self, name: &str) -> UserId {
        let id = UserId::new(now(), &self.random);
        self.store
            .write(now(), |tx| {
                tx.insert_user(&NewUser {
                    id,
                    name: name.into(),
                    role: Role::Reviewer,
                })?;
                Ok::<_, StoreError>(Change::new(id).event(event(EventKind::UserCreated)))
            })
            .expect("a user")
    }

    /// A bank with one content.
    fn bank(&self, stored: StoredHash) -> (BankId, ContentId) {
        let new = NewBank {
            sealed: false,
            name: "PARTNER".parse().expect("a name"),
            threshold: Threshold::DEFAULT,
            enabled: true,
            purpose: CasePurpose::Live,
            role: BankRole::Known,
            owner: None,
        };
        let content = NewContent {
            class: None,
            list: None,
            note: Some("a pattern".into()),
            hashes: vec![stored],
        };
        self.store
            .write(now(), |tx| {
                let bank = tx.insert_bank(&new)?;
                let content = tx.insert_content(bank, &content)?;
                Ok::<_, StoreError>(
                    Change::new((bank, content)).event(event(EventKind::BankCreated)),
                )
            })
            .expect("a bank")
    }

    fn case(&self, item_id: &str) -> Result<CaseId, StoreError> {
        let random = &self.random;
        let upload = UploadRow {
            id: UploadId::new(now(), random),
            item_id: item_id.into(),
            sha256: Hash::Sha256([9; 32]),
            media_type: "image/png".into(),
            outcome: "hashed".into(),
            reason: None,
            received_at: now(),
        };
        let case = Case {
            id: CaseId::new(now(), random),
            opened_at: now(),
            channel: ChannelKind::Public,
            purpose: CasePurpose::Live,
            state: CaseState::Open,
        };
        let found = MatchRow {
            bank: BankId(1),
            bank_name: "PARTNER".into(),
            content: ContentId(4),
            algorithm: Algorithm::Pdq,
            distance: Distance(6),
            threshold: Threshold::DEFAULT,
            view: Some(View::UPRIGHT),
            quality: Some(Quality(100)),
            list: None,
            origin: Some("a member".into()),
            class: Some("A1".into()),
            note: Some("a remark".into()),
            exception: None,
        };
        let evidence = EvidenceRow {
            id: EvidenceId::new(now(), random),
            bytes: 12,
            digests: [
                Hash::Md5([1; 16]),
                Hash::Sha1([2; 20]),
                Hash::Sha256([9; 32]),
            ],
            sealed_at: now(),
        };
        self.store.write(now(), |tx| {
            tx.insert_case(&NewCase {
                upload: &upload,
                case: &case,
                key: &WrappedKey(vec![1, 2, 3]),
                context_sealed: b"sealed",
                matches: &[found],
                evidence: &evidence,
            })?;
            Ok(Change::new(case.id).event(case.opened_event(Actor::System, 1, 6)))
        })
    }

    /// Some change, with an event.
    fn change(&self, work: &dyn Fn(&Tx<'_>) -> Result<(), StoreError>) {
        let written = self.store.write(now(), |tx| {
            work(tx)?;
            Ok::<_, StoreError>(Change::new(()).event(event(EventKind::ListChanged)))
        });
        written.expect("written");
    }

    fn decide(&self, case: CaseId, reviewer: UserId) -> Result<DecisionId, StoreError> {
        let id = DecisionId::new(now(), &self.random);
        let finding = Finding {
            verdict: Verdict::Confirmed,
            manifestation: Some(Manifestation::M01),
            attributes: vec![],
            classification: None,
            report: true,
        };
        self.store.write(now(), |tx| {
            tx.insert_decision(
                case,
                &Decision {
                    id,
                    reviewer,
                    at: now(),
                    finding,
                },
            )?;
            Ok(Change::new(id).event(event(EventKind::CaseDecided)))
        })
    }
}

#[test]
fn a_change_without_an_event_is_rolled_back() {
    let f = fixture();
    let id = UserId::new(now(), &f.random);
    let refused = f.store.write(now(), |tx| {
        tx.insert_user(&NewUser {
            id,
            name: "nobody".into(),
            role: Role::Admin,
        })?;
        Ok::<_, StoreError>(Change::new(()))
    });
    assert!(matches!(refused, Err(StoreError::Unrecorded)));
    let user = f
        .store
        .read(|reader| reader.user_by_name("nobody"))
        .expect("readable");
    assert_eq!(user, None);
}

#[test]
fn an_error_rolls_back_the_change_and_its_events() {
    let f = fixture();
    f.user("first");
    let before = f.store.read(|reader| reader.head()).expect("readable");
    let id = UserId::new(now(), &f.random);
    let refused = f.store.write(now(), |tx| {
        tx.insert_user(&NewUser {
            id,
            name: "second".into(),
            role: Role::Admin,
        })?;
        tx.insert_user(&NewUser {
            id,
            name: "first".into(),
            role: Role::Admin,
        })?;
        Ok::<_, StoreError>(Change::new(()).event(event(EventKind::UserCreated)))
    });
    assert!(refused.expect_err("a duplicate").is_duplicate());
    let after = f
        .store
        .read(|reader| Ok::<_, StoreError>((reader.head()?, reader.users()?.len())));
    assert_eq!(after.expect("readable"), (before, 1));
}

#[test]
fn banks_keep_contents_and_their_revision_rises() {
    let f = fixture();
    let name = "PARTNER".parse().expect("a name");
    let stored = StoredHash {
        hash: Hash::parse(Algorithm::Pdq, &"5a".repeat(32)).expect("valid"),
        quality: Some(Quality(80)),
    };
    let (bank, content) = f.bank(stored);
    let before = f
        .store
        .read(|r| r.bank(&name))
        .expect("readable")
        .expect("there");
    assert_eq!((before.id, before.contents), (bank, 1));
    let page = f
        .store
        .read(|r| r.contents(bank, ContentId(0), 10))
        .expect("readable");
    assert_eq!(page[0].hashes, [stored]);
    assert_eq!(
        f.store.read(|r| r.bank_hashes(bank)).expect("readable"),
        [BankHash {
            content,
            list: None,
            stored
        }]
    );
    assert!(
        f.store
            .read(|r| r.bank_holds(bank, None, &stored.hash))
            .expect("readable")
    );

    f.store
        .write(now(), |tx| {
            tx.update_bank(
                bank,
                BankChange {
                    threshold: Threshold::new(20),
                    enabled: None,
                    ..BankChange::default()
                },
            )?;
            let other = tx.delete_content(BankId(bank.0 + 1), content)?;
            assert_eq!(
                other, None,
                "a content is deleted only through its own bank"
            );
            let revision = tx.delete_content(bank, content)?;
            assert_eq!(revision, tx.bank(&name)?.map(|bank| bank.revision));
            Ok::<_, StoreError>(Change::new(()).event(event(EventKind::ContentDeleted)))
        })
        .expect("changed");
    let after = f
        .store
        .read(|r| r.bank(&name))
        .expect("readable")
        .expect("there");
    assert!(after.revision > before.revision);
    assert_eq!((after.threshold.bits(), after.contents), (20, 0));
    assert!(
        !f.store
            .read(|r| r.bank_holds(bank, None, &stored.hash))
            .expect("readable")
    );
}

#[test]
fn an_item_has_one_case_and_a_case_one_decision_and_one_report() {
    let f = fixture();
    let user = f.user("reviewer");
    let case = f.case("item-1").expect("a case");
    assert!(f.case("item-1").expect_err("the same item").is_duplicate());
    let decision = f.decide(case, user).expect("decided");
    assert!(
        f.decide(case, user)
            .expect_err("decided before")
            .is_duplicate()
    );
    let report = || {
        f.store.write(now(), |tx| {
            tx.insert_report(&NewReport {
                id: ReportId::new(now(), &f.random),
                case,
                decision,
                target: "cybertipline",
                draft_sealed: b"sealed",
            })?;
            Ok::<_, StoreError>(Change::new(()).event(event(EventKind::ReportDrafted)))
        })
    };
    report().expect("the first");
    assert!(report().expect_err("a second").is_duplicate());
    let open = f.store.read(|r| r.open_reports()).expect("readable");
    assert_eq!(open.len(), 1);
}

#[test]
fn a_case_comes_back_with_all_that_belongs_to_it() {
    let f = fixture();
    let user = f.user("reviewer");
    let case = f.case("item-1").expect("a case");
    let record = f
        .store
        .read(|r| r.case(case))
        .expect("readable")
        .expect("there");
    assert_eq!(record.matches[0].distance, Distance(6));
    assert_eq!(record.matches[0].view, Some(View::UPRIGHT));
    assert!(!record.was_fully_viewed());
    let fully_viewed = || {
        let record = f.store.read(|r| r.case(case)).expect("readable");
        record.expect("there").was_fully_viewed()
    };
    for mode in [RevealMode::Blurred, RevealMode::Full] {
        let reveal = Reveal {
            id: RevealId::new(now(), &f.random),
            evidence: record.evidence.id,
            user,
            mode,
            at: now(),
            shown_at: None,
        };
        f.store
            .write(now(), |tx| {
                tx.insert_reveal(case, &reveal)?;
                Ok::<_, StoreError>(Change::new(()).event(event(EventKind::CaseRevealed)))
            })
            .expect("recorded");
        assert!(!fully_viewed(), "asking is not seeing");
        f.store
            .write(now(), |tx| {
                tx.show_reveal(reveal.id)?;
                Ok::<_, StoreError>(Change::new(()).event(event(EventKind::CaseShown)))
            })
            .expect("recorded");
    }
    f.decide(case, user).expect("decided");
    let record = f
        .store
        .read(|r| r.case(case))
        .expect("readable")
        .expect("there");
    assert!(record.was_fully_viewed());
    assert!(matches!(record.case.state, CaseState::Decided(ref d) if d.reviewer == user));
    let open = f
        .store
        .read(|r| r.cases(CaseFilter::Open, None, 10))
        .expect("readable");
    let decided = f
        .store
        .read(|r| r.cases(CaseFilter::Decided, None, 10))
        .expect("readable");
    assert_eq!((open.len(), decided.len()), (0, 1));
    assert_eq!(decided[0].banks, ["PARTNER"]);
    assert_eq!(f.store.read(|r| r.open_cases()).expect("readable"), 0);
}

#[test]
fn links_work_once_and_sessions_and_tokens_end() {
    let f = fixture();
    let user = f.user("reviewer");
    let later = now().plus_millis(1_000);
    f.store
        .write(now(), |tx| {
            tx.insert_link(&Link {
                secret_hash: [1; 32],
                user,
                expires_at: later,
            })?;
            tx.insert_session(&Session {
                secret_hash: [2; 32],
                user,
                csrf: "word".into(),
                expires_at: later,
            })?;
            tx.insert_token(&NewToken {
                id: TokenId::new(now(), &f.random),
                name: "uploads".into(),
                secret_hash: [3; 32],
                scopes: [Scope::Scan].into(),
                expires_at: Some(later),
            })?;
            Ok::<_, StoreError>(Change::new(()).event(event(EventKind::LinkIssued)))
        })
        .expect("written");
    let at = |time| {
        f.store
            .read(|r| {
                Ok::<_, StoreError>((
                    r.link(&[1; 32], time)?.is_some(),
                    r.session(&[2; 32], time)?.is_some(),
                    r.token_by_secret(&[3; 32], time)?.is_some(),
                ))
            })
            .expect("readable")
    };
    assert_eq!(at(now()), (true, true, true));
    assert_eq!(at(later), (false, false, false));
    let used = || {
        f.store.write(now(), |tx| {
            let first = tx.use_link(&[1; 32])?;
            Ok::<_, StoreError>(Change::new(first).event(event(EventKind::SessionOpened)))
        })
    };
    assert_eq!(
        (used().expect("once"), used().expect("twice")),
        (true, false)
    );
    f.store
        .write(now(), |tx| {
            tx.set_user_enabled(user, false)?;
            Ok::<_, StoreError>(Change::new(()).event(event(EventKind::UserChanged)))
        })
        .expect("disabled");
    assert!(!at(now()).1, "a disabled user has no session");
}

#[test]
fn the_chain_verifies_and_names_a_changed_event() {
    let f = fixture();
    for number in 0..5 {
        f.user(&format!("user-{number}"));
    }
    assert_eq!(f.store.verify_audit().expect("whole").events, 6);
    let raw = rusqlite::Connection::open(f.folder.path().join("seawall.db")).expect("opens");
    let update = "UPDATE events SET body = replace(body, 'user', 'uses') WHERE sequence = 4";
    assert!(
        raw.execute(update, []).is_err(),
        "the database itself refuses a change"
    );
    raw.execute_batch("DROP TRIGGER events_are_not_updated")
        .expect("an attacker can");
    assert_eq!(raw.execute(update, []).expect("changed"), 1);
    let broken = f.store.verify_audit().expect_err("changed");
    assert!(
        matches!(
            broken,
            VerifyError::Broken(AuditError::Hash { sequence: 4 })
        ),
        "{broken:?}"
    );
}

#[test]
fn a_row_taken_out_or_put_in_beside_the_log_is_named() {
    let f = fixture();
    let (kept, lost) = (
        f.case("kept").expect("a case"),
        f.case("lost").expect("a case"),
    );
    let look = || {
        f.store
            .read(|reader| reader.discrepancies())
            .expect("readable")
    };
    assert_eq!(look(), []);
    let raw = rusqlite::Connection::open(f.folder.path().join("seawall.db")).expect("opens");
    raw.execute_batch("PRAGMA foreign_keys = OFF")
        .expect("an attacker can");
    raw.execute("DELETE FROM cases WHERE id = ?1", [lost.to_string()])
        .expect("deleted");
    let missing = Discrepancy {
        table: "cases",
        id: lost.to_string(),
        is_logged: true,
    };
    assert_eq!(look(), std::slice::from_ref(&missing));
    raw.execute(
        "INSERT INTO decisions (id, case_id, user_id, decided_ms, finding)
         VALUES ('forged', ?1, 'nobody', 1, '{}')",
        [kept.to_string()],
    )
    .expect("inserted");
    let forged = Discrepancy {
        table: "decisions",
        id: "forged".into(),
        is_logged: false,
    };
    assert_eq!(look(), [missing, forged]);
}

#[test]
fn a_damaged_absent_or_newer_database_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("seawall.db");
    assert!(matches!(Store::open(&path), Err(StoreError::Missing)));
    std::fs::write(
        &path,
        b"this is no database, and long enough to be looked at as one.....",
    )
    .expect("written");
    let refused = Store::open(&path).expect_err("no database");
    assert!(matches!(refused, StoreError::Damaged { .. }), "{refused:?}");
    std::fs::remove_file(&path).expect("removed");

    drop(Store::create(&path, now()).expect("a store"));
    let mut bytes = std::fs::read(&path).expect("readable");
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0xa5);
    std::fs::write(&path, &bytes).expect("written");
    let refused = Store::open(&path).expect_err("damaged");
    assert!(matches!(refused, StoreError::Damaged { .. }), "{refused:?}");
    std::fs::remove_file(&path).expect("removed");

    drop(Store::create(&path, now()).expect("a store"));
    let raw = rusqlite::Connection::open(&path).expect("opens");
    raw.pragma_update(None, "user_version", 99)
        .expect("changed");
    drop(raw);
    assert!(matches!(
        Store::open(&path),
        Err(StoreError::Newer { found: 99, .. })
    ));
}

#[test]
fn the_codes_are_data() {
    let f = fixture();
    let raw = rusqlite::Connection::open(f.folder.path().join("seawall.db")).expect("opens");
    let count: u32 = raw
        .query_row("SELECT count(*) FROM manifestations", [], |row| row.get(0))
        .expect("readable");
    assert_eq!(count as usize, Manifestation::ALL.len());
}

#[test]
fn a_list_takes_its_contents_along_and_the_bank_keeps_the_rest() {
    let f = fixture();
    let stored = |byte| StoredHash {
        hash: Hash::Md5([byte; 16]),
        quality: None,
    };
    let (bank, outside) = f.bank(stored(1));
    let name: ListName = "week-48".parse().expect("a name");
    let change = |work: &dyn Fn(&Tx<'_>) -> Result<(), StoreError>| f.change(work);
    let revision = || {
        let banks = f.store.read(|reader| reader.banks()).expect("readable");
        banks[0].revision
    };
    change(&|tx| {
        let list = tx.ensure_list(bank, &name)?;
        assert_eq!(tx.ensure_list(bank, &name)?, list, "made once");
        for byte in [1, 2] {
            let content = NewContent {
                class: None,
                list: Some(list),
                note: None,
                hashes: vec![stored(byte)],
            };
            tx.insert_content(bank, &content)?;
        }
        Ok(())
    });
    let list = || {
        f.store
            .read(|reader| reader.list(bank, &name))
            .expect("readable")
    };
    let made = list().expect("there");
    assert_eq!(
        (made.threshold, made.enabled, made.contents),
        (None, true, 2)
    );
    let holds = |list, byte| {
        let held = f
            .store
            .read(|r| r.bank_holds(bank, list, &stored(byte).hash));
        held.expect("readable")
    };
    assert!(
        holds(Some(made.id), 2) && !holds(None, 2),
        "each list for itself"
    );

    let before = revision();
    let own = Threshold::new(20);
    for (threshold, enabled, expected) in [
        (Some(own), None, (own, true)),
        (None, Some(false), (own, false)),
        (Some(None), None, (None, false)),
    ] {
        change(&|tx| tx.update_list(bank, made.id, ListChange { threshold, enabled }));
        let now = list().expect("there");
        assert_eq!((now.threshold, now.enabled), expected);
    }
    assert!(revision() > before, "an index can see that it is stale");
    change(&|tx| tx.delete_list(bank, made.id));
    assert_eq!(list(), None);
    let left = f
        .store
        .read(|reader| reader.content_ids(bank, ContentId(0)));
    assert_eq!(left.expect("readable"), [outside]);
}

/// The counts stand in rows of their own: nothing else holds them to what is there.
#[test]
fn contents_are_counted_as_they_come_and_go() {
    let f = fixture();
    let stored = |byte| StoredHash {
        hash: Hash::Md5([byte; 16]),
        quality: None,
    };
    let (bank, _outside) = f.bank(stored(1));
    let name: ListName = "week-48".parse().expect("a name");
    let counts = || {
        let read = f.store.read(|reader| {
            let bank_contents = reader.banks()?[0].contents;
            let list = reader.list(bank, &name)?;
            Ok::<_, StoreError>((bank_contents, list.map(|list| list.contents)))
        });
        read.expect("readable")
    };
    f.change(&|tx| {
        let list = tx.ensure_list(bank, &name)?;
        for byte in [1, 2] {
            let content = NewContent {
                class: None,
                list: Some(list),
                note: None,
                hashes: vec![stored(byte)],
            };
            tx.insert_content(bank, &content)?;
        }
        Ok(())
    });
    assert_eq!(counts(), (3, Some(2)));
    let ids = f
        .store
        .read(|reader| reader.content_ids(bank, ContentId(0)));
    let last = *ids.expect("readable").last().expect("three");
    f.change(&|tx| tx.delete_content(bank, last).map(|_| ()));
    assert_eq!(counts(), (2, Some(1)));
    f.change(&|tx| {
        let list = tx.ensure_list(bank, &name)?;
        tx.delete_list(bank, list)
    });
    assert_eq!(counts(), (1, None), "a list takes its contents along");
}

#[test]
fn a_database_of_the_first_schema_keeps_what_it_holds() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("seawall.db");
    let raw = rusqlite::Connection::open(&path).expect("opens");
    raw.execute_batch(include_str!("../migrations/0001_first_light.sql"))
        .expect("made");
    raw.execute_batch(
        "INSERT INTO banks (name, threshold, enabled, purpose, revision, created_ms)
         VALUES ('PARTNER', 31, 1, 'live', 1, 0);
         INSERT INTO contents (bank_id, note, created_ms) VALUES (1, 'a pattern', 0);
         INSERT INTO hashes (content_id, algorithm, value, quality)
         VALUES (1, 'pdq', zeroblob(32), 40);
         INSERT INTO uploads VALUES ('u', 'item', zeroblob(32), 'image/png', 'hashed', NULL, 0);
         INSERT INTO matches VALUES ('u', 1, 'PARTNER', 1, 'pdq', zeroblob(32), 6, 31, NULL, 90);
         PRAGMA user_version = 1;",
    )
    .expect("filled");
    drop(raw);
    let store = Store::open(&path).expect("brought to the newest schema");
    let bank = store
        .read(|reader| reader.banks())
        .expect("readable")
        .remove(0);
    assert_eq!(
        (bank.role, bank.owner, bank.contents),
        (BankRole::Known, None, 1)
    );
    let low = store.read(|reader| reader.low_quality_hashes(bank.id));
    assert_eq!(low.expect("readable"), 1);
    assert!(
        store
            .read(|reader| reader.lists(bank.id))
            .expect("readable")
            .is_empty()
    );
    let hashes = store
        .read(|reader| reader.bank_hashes(bank.id))
        .expect("readable");
    assert_eq!((hashes[0].content, hashes[0].list), (ContentId(1), None));
}

#[test]
fn a_content_has_one_id_of_its_clients_a_bank_and_a_switch_that_is_remembered() {
    let f = fixture();
    let (bank, content) = f.bank(StoredHash {
        hash: Hash::Md5([7; 16]),
        quality: None,
    });
    let details = ContentDetails {
        external_id: Some("c-1".into()),
        metadata: Some("{}".into()),
        is_video: true,
        ..ContentDetails::default()
    };
    assert_eq!(format!("{details:?}"), "ContentDetails([redacted])");
    let keep = |content| {
        f.store.write(now(), |tx| {
            tx.insert_content_details(bank, content, &details)?;
            Ok::<_, StoreError>(Change::new(()).event(event(EventKind::ContentsAdded)))
        })
    };
    keep(content).expect("kept");
    let other = f.store.write(now(), |tx| {
        let other = NewContent {
            class: None,
            list: None,
            note: None,
            hashes: Vec::new(),
        };
        let other = tx.insert_content(bank, &other)?;
        Ok::<_, StoreError>(Change::new(other).event(event(EventKind::ContentsAdded)))
    });
    let other = other.expect("added");
    assert!(keep(other).expect_err("the id is taken").is_duplicate());
    let read = |content| f.store.read(|r| r.content_details(content)).expect("read");
    assert_eq!((read(content), read(other)), (Some(details.clone()), None));
    let known = f.store.read(|r| r.content_by_external_id(bank, "c-1"));
    assert_eq!(known.expect("read"), Some(content));

    let switch = |to| {
        let switched = f.store.write(now(), |tx| {
            tx.switch_content(bank, content, to)?;
            Ok::<_, StoreError>(Change::new(()).event(event(EventKind::ContentChanged)))
        });
        switched.expect("switched");
        f.store.read(|r| r.switched_contents(bank)).expect("read")
    };
    let never = f.store.read(|r| r.switched_contents(bank));
    assert_eq!(never.expect("read"), []);
    let soon = ContentSwitch::OffUntil(now().plus_millis(5));
    for to in [ContentSwitch::Off, soon, ContentSwitch::On] {
        // One that is on again is still told of: a stored index may lack it.
        assert_eq!(switch(to), [(content, to)]);
        assert_eq!(
            f.store.read(|r| r.content_switch(content)).expect("read"),
            to
        );
    }
    assert!(!soon.is_on(now().plus_millis(4)) && soon.is_on(now().plus_millis(5)));
}
