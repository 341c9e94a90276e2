//! A data folder with users and cases, and a browser without a window, for tests.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use seawall_casework::case::{Case, CasePurpose, CaseState};
use seawall_casework::context::{ChannelKind, UploadContext};
use seawall_casework::report::Reporter;
use seawall_core::{
    Actor, Algorithm, BankId, CaseId, ContentId, Distance, EvidenceId, Hash, Limits, Quality,
    Random, Redacted, Threshold, UploadId, View,
};
use seawall_exchange::stop_ncii;
use seawall_sim::drill::Partner as StandIn;
use seawall_store::{
    Change, EvidenceRow, MasterKey, MatchRow, NewCase, Role, Store, StoreError, UploadRow, Vault,
};
use seawall_testkit::{FakeClock, SeededRandom};
use seawall_workflow::worker::WorkerCommand;
use seawall_workflow::{
    ExchangeSetup, ExchangeStatus, FetchPolicy, Partner, Policy, Reach, Receiver, SeenPolicy,
    Setup, Workflow,
};
use tower::ServiceExt;

use super::router;
use crate::metrics::Metrics;
use crate::{App, Face};

/// A server with its parts within reach.
pub(crate) struct Fixture {
    pub(crate) app: App,
    pub(crate) clock: Arc<FakeClock>,
    random: Arc<SeededRandom>,
    master_key: String,
    router: Router,
    _folder: tempfile::TempDir,
}

/// What a case is made of.
pub(super) struct CaseSeed {
    pub(super) item: &'static str,
    pub(super) purpose: CasePurpose,
    pub(super) context: UploadContext,
    pub(super) matches: Vec<MatchRow>,
    pub(super) bytes: Vec<u8>,
}

/// A browser without a window: it keeps its cookie and the token of its session.
pub(super) struct Visit<'a> {
    fixture: &'a Fixture,
    cookie: String,
    pub(super) csrf: String,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) response: Response<()>,
    pub(super) text: String,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::with_worker(WorkerCommand {
            program: "/nonexistent/worker".into(),
            args: Vec::new(),
        })
    }

    pub(super) fn with_worker(worker: WorkerCommand) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(FakeClock::default());
        let random = Arc::new(SeededRandom::new(11));
        let master_key = MasterKey::generate(&*random);
        let text = master_key.to_text().to_string();
        let store = Store::create(
            &folder.path().join("seawall.db"),
            seawall_core::Clock::now(&*clock),
        );
        let workflow = Workflow::new(Setup {
            store: store.expect("a store"),
            vault: Vault::open(&folder.path().join("vault")).expect("a vault"),
            master_key,
            clock: clock.clone(),
            random: random.clone(),
            worker,
            workers: 1,
            limits: Limits::default(),
            policy: Policy::default(),
            seen: SeenPolicy::default(),
            reporter: Some(reporter()),
            receiver: Some(receiver()),
            webhook: None,
        });
        let face = Face {
            drill: true,
            resting: vec!["resting".into()],
            secure_cookies: false,
            provider: "Harbour Social".into(),
            hosts: Vec::new(),
            upload_bytes_max: 1 << 20,
            trust: crate::config::Hma::default(),
        };
        let workflow = workflow.expect("a workflow");
        let app = App {
            fetcher: workflow.fetcher(FetchPolicy::default()),
            workflow: Arc::new(workflow),
            metrics: Arc::new(Metrics::new()),
            face: Arc::new(face),
            stopped: tokio::sync::watch::channel(false).1,
            lanes: crate::lanes::Lanes::new(&crate::config::Load::default()),
            quotas: crate::quota::Quotas::new(crate::config::CallersLimits::default()).into(),
        };
        let router = router(app.clone());
        Self {
            app,
            clock,
            random,
            master_key: text,
            router,
            _folder: folder,
        }
    }

    /// A one-time link of a new user.
    pub(super) fn link(&self, name: &str, role: Role) -> String {
        let secret = self
            .app
            .workflow
            .create_user(name, role, Actor::Operator)
            .expect("a user");
        format!("/first/{}", secret.expose())
    }

    /// Somebody who has just come in by their link.
    pub(super) async fn visit(&self, name: &str, role: Role) -> Visit<'_> {
        let link = self.link(name, role);
        let mut visit = self.stranger();
        let form = "password=correct+horse+battery&password_again=correct+horse+battery";
        let answer = visit.send(Method::POST, &link, Some(form)).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        visit.cookie = answer
            .header("set-cookie")
            .split(';')
            .next()
            .expect("a cookie")
            .to_owned();
        let secret = visit.cookie.split_once('=').expect("name and value").1;
        let session = self
            .app
            .workflow
            .session(secret)
            .expect("readable")
            .expect("a session");
        visit.csrf = session.0.csrf;
        visit
    }

    pub(super) fn stranger(&self) -> Visit<'_> {
        Visit {
            fixture: self,
            cookie: String::new(),
            csrf: String::new(),
        }
    }

    /// Writes a case as an upload would have.
    pub(super) fn case(&self, seed: CaseSeed) -> CaseId {
        let now = self.app.workflow.clock().now();
        let random: &dyn Random = &*self.random;
        let upload = UploadRow {
            id: UploadId::new(now, random),
            item_id: seed.item.into(),
            sha256: Hash::Sha256([9; 32]),
            media_type: "image/png".into(),
            outcome: "hashed".into(),
            reason: None,
            received_at: now,
        };
        let case = Case {
            id: CaseId::new(now, random),
            opened_at: now,
            channel: seed.context.channel,
            purpose: seed.purpose,
            state: CaseState::Open,
        };
        let master_key = MasterKey::parse(&self.master_key).expect("our own text");
        let (key, wrapped) = master_key.new_case_key(case.id, random);
        let evidence = EvidenceRow {
            id: EvidenceId::new(now, random),
            bytes: seed.bytes.len() as u64,
            digests: [
                Hash::Md5([1; 16]),
                Hash::Sha1([2; 20]),
                Hash::Sha256([9; 32]),
            ],
            sealed_at: now,
        };
        let vault = Vault::open(&self._folder.path().join("vault")).expect("the vault");
        vault
            .put(evidence.id, &key, &seed.bytes, random)
            .expect("sealed");
        let context = serde_json::to_vec(&seed.context).expect("JSON");
        let sealed = key.seal("context", &context, random);
        let new = NewCase {
            upload: &upload,
            case: &case,
            key: &wrapped,
            context_sealed: &sealed,
            matches: &seed.matches,
            evidence: &evidence,
        };
        let opened = case.opened_event(Actor::System, seed.matches.len(), 6);
        let written = self.app.workflow.store().write(now, |tx| {
            tx.insert_case(&new)?;
            Ok::<_, StoreError>(Change::new(()).event(opened))
        });
        written.expect("a case");
        case.id
    }
}

impl CaseSeed {
    /// A live case with one near match.
    pub(super) fn near(item: &'static str) -> Self {
        Self {
            item,
            purpose: CasePurpose::Live,
            context: UploadContext {
                channel: ChannelKind::Public,
                ..UploadContext::default()
            },
            matches: vec![near("PARTNER", 6)],
            bytes: seawall_testkit::png(&seawall_testkit::picture(96, 72, 5)),
        }
    }

    pub(super) fn test(self) -> Self {
        Self {
            purpose: CasePurpose::Test,
            ..self
        }
    }
}

/// A match by picture hash.
pub(super) fn near(bank: &str, distance: u16) -> MatchRow {
    MatchRow {
        bank: BankId(bank.len() as i64),
        bank_name: bank.into(),
        content: ContentId(4),
        algorithm: Algorithm::Pdq,
        origin: None,
        class: None,
        note: None,
        distance: Distance(distance),
        threshold: Threshold::DEFAULT,
        view: Some(View::UPRIGHT),
        quality: Some(Quality(100)),
        list: None,
        exception: None,
    }
}

/// A match by digest.
pub(super) fn exact(bank: &str) -> MatchRow {
    MatchRow {
        algorithm: Algorithm::Sha256,
        origin: None,
        class: None,
        note: None,
        distance: Distance(0),
        view: None,
        quality: None,
        ..near(bank, 0)
    }
}

/// An exchange with a partner of StopNCII's shape at this address, read each hour.
pub(crate) fn exchange(base: &str) -> ExchangeSetup {
    let key = |name: &str| Redacted(StandIn::StopNcii.credentials()[name].to_owned());
    let config = stop_ncii::Config {
        base: base.parse().expect("an address"),
        subscription_key: key("subscription_key"),
        fetch_key: key("fetch_key"),
        feedback_key: None,
        submit_key: None,
    };
    ExchangeSetup {
        name: "partner".parse().expect("a name"),
        bank: "PARTNERS".parse().expect("a name"),
        partner: Partner::StopNcii(config),
        reach: Reach::Loopback,
        every_ms: 60 * 60 * 1000,
        missing_percent_max: 10,
    }
}

/// How such an exchange goes that was just set up.
pub(crate) fn exchange_status() -> ExchangeStatus {
    let f = Fixture::new();
    let workflow = &f.app.workflow;
    let setup = exchange("http://127.0.0.1:9/");
    workflow.set_exchanges(vec![setup]).expect("set up");
    let statuses = workflow.exchange_statuses();
    statuses.expect("readable").remove(0)
}

impl Visit<'_> {
    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    /// Sends a form, with the session's token.
    pub(super) async fn post(&self, path: &str, form: &str) -> Answer {
        self.send(
            Method::POST,
            path,
            Some(&format!("csrf={}&{form}", self.csrf)),
        )
        .await
    }

    pub(super) async fn send(&self, method: Method, path: &str, form: Option<&str>) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "127.0.0.1:8480");
        if !self.cookie.is_empty() {
            request = request.header(header::COOKIE, &self.cookie);
        }
        if form.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let body = Body::from(form.unwrap_or_default().to_owned());
        self.call(request.body(body).expect("a request")).await
    }

    pub(super) async fn call(&self, request: Request<Body>) -> Answer {
        let response = self
            .fixture
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("never fails");
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer {
            status: parts.status,
            response: Response::from_parts(parts, ()),
            text,
        }
    }
}

impl Answer {
    /// The header's text; empty where there is none.
    pub(super) fn header(&self, name: &str) -> &str {
        self.response
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    pub(super) fn has(&self, text: &str) -> bool {
        self.text.contains(text)
    }
}

fn reporter() -> Reporter {
    Reporter {
        company: "Harbour Social".into(),
        contact_first_name: Redacted("Ada".into()),
        contact_last_name: Redacted("Moore".into()),
        email: Redacted("safety@example.com".into()),
        phone: None,
        terms_of_service: None,
        legal_url: None,
    }
}

fn receiver() -> Receiver {
    Receiver {
        name: "cybertipline-stand-in".into(),
        base: "http://127.0.0.1:9/".parse().expect("an address"),
        username: "drill".into(),
        password: "drill".into(),
        reach: Reach::Loopback,
        stand_in: true,
    }
}
