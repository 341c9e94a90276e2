//! A workflow and a stand-in for a partner.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use seawall_core::{Actor, Algorithm, Clock, Hash, Redacted};
use seawall_exchange::description::Secrets;
use seawall_exchange::list_client::{ListPartner, partners};
use seawall_exchange::threat_exchange::Group;
use seawall_exchange::{ncmec, stop_ncii};
use seawall_sim::Gate;
use seawall_sim::fault::{Fault, Hook, schedule};
use seawall_sim::hash_sharing::{self, HashSharing};
use seawall_sim::stop_ncii::{self as sim, SignalType, Status, StopNcii};
use seawall_sim::tat::{self, Tat};
use seawall_sim::threat_exchange::{self, ThreatExchange};
use seawall_store::ListName;
use seawall_workflow::{ExchangeSetup, ExchangeStatus, Partner, Reach, RunReport, Workflow};

use crate::fixture::{Fixture, fixture};

/// A workflow and a stand-in that share one clock.
pub(super) struct House<S> {
    pub(super) f: Fixture,
    pub(super) stand_in: Arc<S>,
    pub(super) address: SocketAddr,
    /// Of a hundred, how many a whole list may lack.
    pub(super) missing_percent_max: u8,
}

pub(super) async fn serve(router: axum::Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

pub(super) fn name() -> ListName {
    "partner".parse().expect("a name")
}

pub(super) fn setup(partner: Partner) -> Vec<ExchangeSetup> {
    vec![ExchangeSetup {
        name: name(),
        bank: "PARTNERS".parse().expect("a name"),
        partner,
        reach: Reach::Loopback,
        every_ms: EVERY_MS,
        missing_percent_max: 10,
    }]
}

pub(super) const EVERY_MS: i64 = 600_000;
pub(super) const DAY_MS: i64 = 86_400_000;

pub(super) fn stop_ncii_sim(clock: Arc<dyn Clock>) -> Arc<StopNcii> {
    let options = sim::Options {
        subscription_key: "subscription".into(),
        fetch_key: "fetch".into(),
        feedback_key: "feedback".into(),
        submit_key: "submit".into(),
        source: "us".into(),
    };
    StopNcii::new(options, clock)
}

pub(super) fn stop_ncii_at(address: SocketAddr, fetch_key: &str) -> Partner {
    let base = format!("http://{address}{}", sim::BASE_PATH);
    Partner::StopNcii(stop_ncii::Config {
        base: base.parse().expect("an address"),
        subscription_key: Redacted("subscription".into()),
        fetch_key: Redacted(fetch_key.into()),
        feedback_key: None,
        submit_key: None,
    })
}

/// What every stand-in can do here.
pub(super) trait Partnered {
    fn partner(&self, address: SocketAddr) -> Partner;
    /// Lists a number; what was there under it before is replaced.
    fn list(&self, number: u8);
    fn unlist(&self, number: u8);
    /// The MD5s that are listed.
    fn md5s(&self) -> Vec<String>;
    fn bear(&self, hook: Hook);
    fn asked(&self) -> u64;
    fn slow_answers(&self) -> &Gate;

    /// The hashes that are listed.
    fn listed(&self) -> BTreeSet<Vec<u8>> {
        let hash = |md5: String| Hash::parse(Algorithm::Md5, &md5).expect("listed above");
        self.md5s()
            .into_iter()
            .map(|md5| hash(md5).to_bytes())
            .collect()
    }

    /// Faults of every kind for so many requests.
    fn go_wrong(&self, seed: u64, requests: u64) {
        self.bear(schedule(seed, self.asked() + requests));
    }
}

pub(super) fn digest(number: u8) -> Hash {
    Hash::Md5([number.wrapping_mul(37).wrapping_add(1); 16])
}

impl Partnered for StopNcii {
    fn partner(&self, address: SocketAddr) -> Partner {
        stop_ncii_at(address, "fetch")
    }

    fn list(&self, number: u8) {
        StopNcii::put(
            self,
            sim::Record {
                signal_type: SignalType::VideoMd5,
                value: digest(number).to_string(),
                status: Status::Active,
                cases: BTreeMap::new(),
                feedback: Vec::new(),
                regions: Vec::new(),
            },
        );
    }

    fn unlist(&self, number: u8) {
        StopNcii::withdraw(self, SignalType::VideoMd5, &digest(number).to_string());
    }

    fn md5s(&self) -> Vec<String> {
        self.entries()
            .into_iter()
            .map(|record| record.value)
            .collect()
    }

    fn bear(&self, hook: Hook) {
        self.set_hook(Some(hook));
    }

    fn asked(&self) -> u64 {
        self.requests()
    }

    fn slow_answers(&self) -> &Gate {
        self.gate()
    }
}

impl Partnered for HashSharing {
    fn partner(&self, address: SocketAddr) -> Partner {
        let base = format!("http://{address}{}", hash_sharing::BASE_PATH);
        Partner::Ncmec(ncmec::Config {
            base: base.parse().expect("an address"),
            environment: ncmec::Environment::Industry,
            username: "user".into(),
            password: Redacted("word".into()),
            members: None,
        })
    }

    fn list(&self, number: u8) {
        // Two members take turns.
        let member = hash_sharing::Member {
            id: 1 + u32::from(number % 2),
            name: "a member".into(),
        };
        let md5 = hash_sharing::Value::Inline(digest(number).to_string());
        HashSharing::put(
            self,
            hash_sharing::Entry {
                member,
                id: format!("entry-{number}"),
                kind: hash_sharing::Kind::Image,
                classification: Some("A1".into()),
                fingerprints: BTreeMap::from([(hash_sharing::Fingerprint::Md5, md5)]),
                feedback: Vec::new(),
            },
        );
    }

    fn unlist(&self, number: u8) {
        let member = 1 + u32::from(number % 2);
        HashSharing::withdraw(self, member, &format!("entry-{number}"));
    }

    fn md5s(&self) -> Vec<String> {
        let prints = self
            .entries()
            .into_iter()
            .flat_map(|entry| entry.fingerprints);
        let inline = prints.filter_map(|(_, value)| match value {
            hash_sharing::Value::Inline(md5) => Some(md5),
            hash_sharing::Value::Linked(_) => None,
        });
        inline.collect()
    }

    fn bear(&self, hook: Hook) {
        self.set_hook(Some(hook));
    }

    fn asked(&self) -> u64 {
        self.requests()
    }

    fn slow_answers(&self) -> &Gate {
        self.gate()
    }
}

impl Partnered for Tat {
    fn partner(&self, address: SocketAddr) -> Partner {
        let secrets = [("user", "user"), ("password", "word")];
        let address = format!("http://{address}/").parse().expect("an address");
        let secrets = Secrets::from_iter(secrets);
        let partner = ListPartner::new(partners::tat(), Some(address), &secrets);
        Partner::List {
            name: "tat".into(),
            partner: partner.expect("the description that ships"),
        }
    }

    fn list(&self, number: u8) {
        self.put(tat::Entry {
            algorithm: "MD5".into(),
            digest: digest(number).to_string(),
            ideology: "a class".into(),
            file_type: "mp4".into(),
        });
    }

    fn unlist(&self, number: u8) {
        self.withdraw("MD5", &digest(number).to_string());
    }

    fn md5s(&self) -> Vec<String> {
        self.entries()
            .into_iter()
            .map(|entry| entry.digest)
            .collect()
    }

    fn bear(&self, hook: Hook) {
        self.set_hook(Some(hook));
    }

    fn asked(&self) -> u64 {
        self.requests()
    }

    fn slow_answers(&self) -> &Gate {
        self.gate()
    }
}

impl Partnered for ThreatExchange {
    fn partner(&self, address: SocketAddr) -> Partner {
        let base = format!("http://{address}{}/", threat_exchange::BASE_PATH);
        let token = Redacted("app|secret".to_owned());
        let group = Group::new(Some(base.parse().expect("an address")), 7, token);
        Partner::ThreatExchange(group.expect("a token"))
    }

    fn list(&self, number: u8) {
        self.put(threat_exchange::Indicator {
            kind: "HASH_MD5".into(),
            value: digest(number).to_string(),
            descriptors: vec![threat_exchange::Descriptor {
                id: 100 + u64::from(number),
                owner: 5,
                status: threat_exchange::Status::Malicious,
                tags: BTreeSet::new(),
                reactions: BTreeMap::new(),
            }],
        });
    }

    fn unlist(&self, number: u8) {
        self.withdraw("HASH_MD5", &digest(number).to_string());
    }

    fn md5s(&self) -> Vec<String> {
        self.entries()
            .into_iter()
            .map(|entry| entry.value)
            .collect()
    }

    /// Without entries that the stand-in makes up: dated now, they move the place to go on from,
    /// and a true entry that is then dated minutes back is not asked for, which no partner does.
    fn bear(&self, hook: Hook) {
        self.set_hook(Some(Arc::new(move |asked| match hook(asked) {
            Fault::UnknownWords => Fault::None,
            other => other,
        })));
    }

    fn asked(&self) -> u64 {
        self.requests()
    }

    fn slow_answers(&self) -> &Gate {
        self.gate()
    }
}

impl<S: Partnered> House<S> {
    pub(super) fn set_up(&self, workflow: &Workflow) {
        let mut setups = setup(self.stand_in.partner(self.address));
        setups[0].missing_percent_max = self.missing_percent_max;
        workflow.set_exchanges(setups).expect("set up");
    }

    pub(super) async fn run(&self) -> RunReport {
        let run = self.f.workflow.run_exchange(&name()).await;
        run.expect("it may run")
    }

    pub(super) fn status(&self) -> ExchangeStatus {
        let statuses = self.f.workflow.exchange_statuses();
        statuses.expect("readable").remove(0)
    }

    pub(super) fn matches(&self, number: u8) -> bool {
        matches(&self.f.workflow, number)
    }
}

pub(super) fn matches(workflow: &Workflow, number: u8) -> bool {
    let found = workflow.look_up(&digest(number)).expect("looked up");
    found.matches_found > 0
}

impl<S: Partnered> House<S> {
    async fn over(f: Fixture, stand_in: Arc<S>, router: axum::Router) -> Self {
        let address = serve(router).await;
        let house = Self {
            f,
            stand_in,
            address,
            missing_percent_max: 10,
        };
        house.set_up(&house.f.workflow);
        house
    }
}

fn clock(f: &Fixture) -> Arc<dyn Clock> {
    Arc::clone(&f.clock) as Arc<dyn Clock>
}

pub(super) async fn stop_ncii_house() -> House<StopNcii> {
    let f = fixture();
    let stand_in = stop_ncii_sim(clock(&f));
    let router = stand_in.router();
    House::over(f, stand_in, router).await
}

impl House<StopNcii> {
    /// The partner lists the first so many numbers from now on, and shows no tombstones of the
    /// others; the next run is a whole one.
    pub(super) async fn shrink_to(&mut self, numbers: u8) {
        self.stand_in = stop_ncii_sim(clock(&self.f));
        self.address = serve(self.stand_in.router()).await;
        (0..numbers).for_each(|number| self.stand_in.list(number));
        let workflow = &self.f.workflow;
        self.set_up(workflow);
        let hastened = workflow.hasten_exchange(&name(), true, Actor::Operator);
        hastened.expect("there");
    }
}

pub(super) async fn tat_house() -> House<Tat> {
    let f = fixture();
    let options = tat::Options {
        username: "user".into(),
        password: "word".into(),
    };
    let stand_in = Tat::new(options, clock(&f));
    let router = stand_in.router();
    House::over(f, stand_in, router).await
}

pub(super) fn threat_exchange_sim(clock: Arc<dyn Clock>) -> Arc<ThreatExchange> {
    let options = threat_exchange::Options {
        access_token: "app|secret".into(),
        privacy_group: 7,
    };
    ThreatExchange::new(options, clock)
}

pub(super) async fn threat_exchange_house() -> House<ThreatExchange> {
    let f = fixture();
    let stand_in = threat_exchange_sim(clock(&f));
    let router = stand_in.router();
    House::over(f, stand_in, router).await
}

pub(super) fn ncmec_sim(clock: Arc<dyn Clock>) -> Arc<HashSharing> {
    let options = hash_sharing::Options {
        username: "user".into(),
        password: "word".into(),
        member: hash_sharing::Member {
            id: 9,
            name: "us".into(),
        },
    };
    let stand_in = HashSharing::new(options, clock);
    stand_in.set_page_size(3);
    stand_in
}

pub(super) async fn ncmec_house() -> House<HashSharing> {
    let f = fixture();
    let stand_in = ncmec_sim(clock(&f));
    // Entries are listed from now on; the list is empty before.
    f.clock.advance_ms(DAY_MS);
    let router = stand_in.router();
    House::over(f, stand_in, router).await
}
