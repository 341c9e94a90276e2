//! A workflow over a temporary folder.

use std::sync::Arc;

use bytes::Bytes;
use seawall::hash::digests;
use seawall_casework::case::{Finding, Verdict};
use seawall_casework::context::UploadContext;
use seawall_casework::report::Reporter;
use seawall_core::{
    Actor, BankName, CaseId, Clock, Hash, Limits, Manifestation, Redacted, Threshold, Timestamp,
    UserId,
};
use seawall_store::{MasterKey, NewContent, Role, Store, StoredHash, Vault};
use seawall_testkit::{FakeClock, SeededRandom};
use seawall_workflow::worker::WorkerCommand;
use seawall_workflow::{
    Policy, Receiver, ScanAnswer, ScanError, ScanRequest, SeenPolicy, Setup, Webhook, Workflow,
};

pub(crate) struct Fixture {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) workflow: Arc<Workflow>,
}

pub(crate) fn start() -> Timestamp {
    "2026-11-25T12:00:00Z".parse().expect("a time")
}

pub(crate) fn fixture() -> Fixture {
    build(None, None)
}

pub(crate) fn build_keeping(seen: SeenPolicy) -> Fixture {
    build_of(None, None, seen)
}

pub(crate) fn build(receiver: Option<Receiver>, webhook: Option<Webhook>) -> Fixture {
    build_of(receiver, webhook, SeenPolicy::default())
}

fn build_of(receiver: Option<Receiver>, webhook: Option<Webhook>, seen: SeenPolicy) -> Fixture {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = Arc::new(FakeClock::new(start()));
    let mut setup = setup(folder.path(), &clock);
    setup.receiver = receiver;
    setup.webhook = webhook;
    setup.seen = seen;
    let workflow = Arc::new(Workflow::new(setup).expect("a workflow"));
    Fixture {
        folder,
        clock,
        workflow,
    }
}

/// Another workflow over the same folder, as another process has it.
pub(crate) fn again(fixture: &Fixture) -> Arc<Workflow> {
    let setup = setup(fixture.folder.path(), &fixture.clock);
    Arc::new(Workflow::new(setup).expect("a workflow"))
}

fn setup(folder: &std::path::Path, clock: &Arc<FakeClock>) -> Setup {
    let random = Arc::new(SeededRandom::new(7));
    Setup {
        store: Store::create(&folder.join("seawall.db"), start()).expect("a store"),
        vault: Vault::open(&folder.join("vault")).expect("a vault"),
        master_key: MasterKey::generate(&*random),
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        random,
        worker: WorkerCommand {
            program: "/bin/false".into(),
            args: Vec::new(),
        },
        workers: 2,
        limits: Limits::default(),
        policy: Policy::default(),
        seen: SeenPolicy::default(),
        reporter: Some(reporter()),
        receiver: None,
        webhook: None,
    }
}

fn reporter() -> Reporter {
    Reporter {
        company: "Example".into(),
        contact_first_name: Redacted("Alex".into()),
        contact_last_name: Redacted("Doe".into()),
        email: Redacted("safety@example.org".into()),
        phone: None,
        terms_of_service: None,
        legal_url: None,
    }
}

pub(crate) fn content(number: u32) -> Bytes {
    Bytes::from(format!("a plainly harmless text, number {number}"))
}

impl Fixture {
    /// A bank that holds the SHA-256 of each content.
    pub(crate) fn bank(&self, name: &str, contents: impl IntoIterator<Item = u32>) -> BankName {
        let name: BankName = name.parse().expect("a bank's name");
        self.workflow
            .create_bank(&name, Threshold::DEFAULT, true, Actor::Operator)
            .expect("a bank");
        for number in contents {
            let hash = Hash::Sha256(digests(&content(number)).sha256);
            let hashes = vec![StoredHash {
                hash,
                quality: None,
            }];
            let new = NewContent {
                class: None,
                list: None,
                note: None,
                hashes,
            };
            self.workflow
                .add_content(&name, &new, Actor::Operator)
                .expect("a content");
        }
        name
    }

    pub(crate) async fn scan(&self, item_id: &str, number: u32) -> Result<ScanAnswer, ScanError> {
        self.scan_with(item_id, number, UploadContext::default())
            .await
    }

    pub(crate) async fn scan_with(
        &self,
        item_id: &str,
        number: u32,
        context: UploadContext,
    ) -> Result<ScanAnswer, ScanError> {
        self.scan_of(item_id, content(number), context).await
    }

    pub(crate) async fn scan_bytes(
        &self,
        item_id: &str,
        bytes: &'static [u8],
    ) -> Result<ScanAnswer, ScanError> {
        let bytes = Bytes::from_static(bytes);
        self.scan_of(item_id, bytes, UploadContext::default()).await
    }

    async fn scan_of(
        &self,
        item_id: &str,
        bytes: Bytes,
        context: UploadContext,
    ) -> Result<ScanAnswer, ScanError> {
        let item_id = item_id.to_owned();
        self.workflow
            .scan(ScanRequest {
                item_id,
                bytes,
                context,
                actor: Actor::System,
            })
            .await
    }

    /// A case of its own bank and item.
    pub(crate) async fn case(&self, number: u32) -> CaseId {
        self.bank(&format!("BANK_{number}"), [number]);
        let answer = self
            .scan(&format!("item-{number}"), number)
            .await
            .expect("scanned");
        answer.case_id.expect("a case")
    }

    pub(crate) fn user(&self, name: &str) -> UserId {
        self.workflow
            .create_user(name, Role::Reviewer, Actor::Operator)
            .expect("a user");
        let user = self
            .workflow
            .store()
            .read(|reader| reader.user_by_name(name));
        user.expect("readable").expect("there").id
    }
}

pub(crate) fn confirmed(report: bool) -> Finding {
    Finding {
        verdict: Verdict::Confirmed,
        manifestation: Some(Manifestation::M01),
        attributes: vec![],
        classification: None,
        report,
    }
}
