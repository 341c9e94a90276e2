//! Any of the stand-ins for lists, filled with generated values: for a drill by hand.
//!
//! Every value is a PDQ hash of a picture, drawn from a seed, so that a drill can be played
//! again. It is the hash of no picture at all.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use seawall_core::{Clock, Hash, PdqHash};

use crate::arachnid::{self, Arachnid, Known};
use crate::fault::{Hook, mixed};
use crate::hash_sharing::{self, Entry, Fingerprint, HashSharing, Kind, Member, Value};
use crate::stop_ncii::{self, Record, SignalType, StopNcii};
use crate::tat::{self, Tat};
use crate::threat_exchange::{self, Descriptor, Indicator, ThreatExchange};

/// Whom a drill stands in for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Partner {
    /// NCMEC's hash sharing.
    Ncmec,
    /// StopNCII.
    StopNcii,
    /// Meta's ThreatExchange.
    ThreatExchange,
    /// Tech Against Terrorism.
    Tat,
    /// Project Arachnid Shield.
    Arachnid,
}

/// A stand-in that is filled and edited by hand.
pub struct Drill {
    partner: Partner,
    stand_in: StandIn,
    seed: u64,
    drawn: AtomicU64,
}

enum StandIn {
    Ncmec(Arc<HashSharing>),
    StopNcii(Arc<StopNcii>),
    ThreatExchange(Arc<ThreatExchange>),
    Tat(Arc<Tat>),
    Arachnid(Arc<Arachnid>),
}

impl Partner {
    /// Everybody.
    pub const ALL: [Self; 5] = [
        Self::Ncmec,
        Self::StopNcii,
        Self::ThreatExchange,
        Self::Tat,
        Self::Arachnid,
    ];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ncmec => "ncmec",
            Self::StopNcii => "stop-ncii",
            Self::ThreatExchange => "threat-exchange",
            Self::Tat => "tat",
            Self::Arachnid => "arachnid",
        }
    }

    /// What a caller has to say, each with its name. The stand-ins guard nothing: these are
    /// there to exercise the same path.
    #[must_use]
    pub fn credentials(self) -> BTreeMap<&'static str, &'static str> {
        let pairs: &[_] = match self {
            Self::Ncmec | Self::Tat | Self::Arachnid => {
                &[("username", SECRET), ("password", SECRET)]
            }
            Self::StopNcii => &[
                ("subscription_key", SECRET),
                ("fetch_key", "drill-fetch"),
                ("feedback_key", "drill-feedback"),
                ("submit_key", "drill-submit"),
            ],
            Self::ThreatExchange => &[("access_token", TOKEN), ("privacy_group", "77")],
        };
        pairs.iter().copied().collect()
    }
}

impl Drill {
    /// A stand-in without entries.
    #[must_use]
    pub fn new(partner: Partner, seed: u64, clock: Arc<dyn Clock>) -> Self {
        let (username, password) = (SECRET.to_owned(), SECRET.to_owned());
        let stand_in = match partner {
            Partner::Ncmec => {
                let member = member(1);
                let options = hash_sharing::Options {
                    username,
                    password,
                    member,
                };
                StandIn::Ncmec(HashSharing::new(options, clock))
            }
            Partner::StopNcii => StandIn::StopNcii(StopNcii::new(keys(), clock)),
            Partner::ThreatExchange => {
                let options = threat_exchange::Options {
                    access_token: TOKEN.to_owned(),
                    privacy_group: 77,
                };
                StandIn::ThreatExchange(ThreatExchange::new(options, clock))
            }
            Partner::Tat => {
                let options = tat::Options { username, password };
                StandIn::Tat(Tat::new(options, clock))
            }
            Partner::Arachnid => {
                let options = arachnid::Options { username, password };
                StandIn::Arachnid(Arachnid::new(options, clock))
            }
        };
        Self {
            partner,
            stand_in,
            seed,
            drawn: AtomicU64::new(0),
        }
    }

    /// Whom it stands in for.
    #[must_use]
    pub fn partner(&self) -> Partner {
        self.partner
    }

    /// The HTTP interface, to be served on loopback.
    pub fn router(&self) -> axum::Router {
        match &self.stand_in {
            StandIn::Ncmec(it) => it.router(),
            StandIn::StopNcii(it) => it.router(),
            StandIn::ThreatExchange(it) => it.router(),
            StandIn::Tat(it) => it.router(),
            StandIn::Arachnid(it) => it.router(),
        }
    }

    /// The address that a client is pointed at, where the router is served on `listening`.
    #[must_use]
    pub fn base(&self, listening: SocketAddr) -> String {
        let path = match self.partner {
            Partner::Ncmec => hash_sharing::BASE_PATH,
            Partner::StopNcii => stop_ncii::BASE_PATH,
            Partner::ThreatExchange => threat_exchange::BASE_PATH,
            Partner::Tat | Partner::Arachnid => "",
        };
        format!("http://{listening}{path}")
    }

    /// Adds the next `count` values of the seed.
    pub fn add(&self, count: u64) {
        for _ in 0..count {
            let number = self.drawn.fetch_add(1, Ordering::SeqCst);
            let start = mixed(self.seed ^ mixed(number));
            let words = [start, mixed(start), mixed(start ^ 1), mixed(start ^ 2)];
            self.put(PdqHash(words));
        }
    }

    /// Adds one value, or changes it.
    pub fn put(&self, hash: PdqHash) {
        let value = Hash::Pdq(hash).to_string();
        match &self.stand_in {
            StandIn::Ncmec(it) => it.put(entry(value)),
            StandIn::StopNcii(it) => it.put(record(value)),
            StandIn::ThreatExchange(it) => it.put(indicator(value, hash)),
            StandIn::Tat(it) => it.put(tat::Entry {
                algorithm: "PDQ".into(),
                digest: value,
                ideology: "islamist".into(),
                file_type: "png".into(),
            }),
            StandIn::Arachnid(it) => it.put(Known {
                sha1: [0; 20],
                sha256: hash.to_bytes(),
                pdq: Some(hash),
                urls: [format!("https://example.org/{value}.png")].into(),
                classification: "harmful-abusive-material".into(),
            }),
        }
    }

    /// Withdraws one value, as that partner does it; `false` where it is not there.
    pub fn withdraw(&self, hash: PdqHash) -> bool {
        let value = Hash::Pdq(hash).to_string();
        match &self.stand_in {
            StandIn::Ncmec(it) => it.withdraw(OWNER, &value),
            StandIn::StopNcii(it) => it.withdraw(SignalType::ImagePdq, &value),
            StandIn::ThreatExchange(it) => it.withdraw("HASH_PDQ", &value),
            StandIn::Tat(it) => it.withdraw("PDQ", &value),
            StandIn::Arachnid(it) => it.withdraw(&hash.to_bytes()),
        }
    }

    /// How many entries there are that were not withdrawn.
    #[must_use]
    pub fn entries(&self) -> usize {
        match &self.stand_in {
            StandIn::Ncmec(it) => it.entries().len(),
            StandIn::StopNcii(it) => it.entries().len(),
            StandIn::ThreatExchange(it) => it.entries().len(),
            StandIn::Tat(it) => it.entries().len(),
            StandIn::Arachnid(it) => it.entries().len(),
        }
    }

    /// How many pieces of feedback, submissions or questions came from clients.
    #[must_use]
    pub fn received(&self) -> usize {
        match &self.stand_in {
            StandIn::Ncmec(it) => it.feedback().len(),
            StandIn::StopNcii(it) => it.feedback().len() + it.submitted().len(),
            StandIn::ThreatExchange(it) => it.feedback().len(),
            StandIn::Tat(_) => 0,
            StandIn::Arachnid(it) => it.asked().len(),
        }
    }

    /// How many requests came.
    #[must_use]
    pub fn requests(&self) -> u64 {
        match &self.stand_in {
            StandIn::Ncmec(it) => it.requests(),
            StandIn::StopNcii(it) => it.requests(),
            StandIn::ThreatExchange(it) => it.requests(),
            StandIn::Tat(it) => it.requests(),
            StandIn::Arachnid(it) => it.requests(),
        }
    }

    /// Sets or removes what makes requests fail.
    pub fn set_hook(&self, hook: Option<Hook>) {
        match &self.stand_in {
            StandIn::Ncmec(it) => it.set_hook(hook),
            StandIn::StopNcii(it) => it.set_hook(hook),
            StandIn::ThreatExchange(it) => it.set_hook(hook),
            StandIn::Tat(it) => it.set_hook(hook),
            StandIn::Arachnid(it) => it.set_hook(hook),
        }
    }
}

fn keys() -> stop_ncii::Options {
    stop_ncii::Options {
        subscription_key: SECRET.into(),
        fetch_key: "drill-fetch".into(),
        feedback_key: "drill-feedback".into(),
        submit_key: "drill-submit".into(),
        source: "Drill".into(),
    }
}

fn member(id: u32) -> Member {
    let name = format!("Drill member {id}");
    Member { id, name }
}

fn entry(value: String) -> Entry {
    Entry {
        member: member(OWNER),
        id: value.clone(),
        kind: Kind::Image,
        classification: Some("A1".into()),
        fingerprints: [(Fingerprint::Pdq, Value::Inline(value))].into(),
        feedback: Vec::new(),
    }
}

fn record(value: String) -> Record {
    Record {
        signal_type: SignalType::ImagePdq,
        value,
        status: stop_ncii::Status::Active,
        cases: BTreeMap::new(),
        feedback: Vec::new(),
        regions: Vec::new(),
    }
}

fn indicator(value: String, hash: PdqHash) -> Indicator {
    Indicator {
        kind: "HASH_PDQ".into(),
        value,
        descriptors: vec![Descriptor {
            id: hash.0[0] >> 16,
            owner: u64::from(OWNER),
            status: threat_exchange::Status::Malicious,
            tags: ["drill".into()].into(),
            reactions: BTreeMap::new(),
        }],
    }
}

const OWNER: u32 = 42;
const SECRET: &str = "drill";
const TOKEN: &str = "12345678|drill-drill-drill-drill";

#[cfg(test)]
mod tests {
    use seawall_testkit::FakeClock;

    use super::*;

    #[test]
    fn every_partner_is_filled_and_edited_alike() {
        for partner in Partner::ALL {
            let drill = Drill::new(partner, 7, Arc::new(FakeClock::default()));
            drill.add(5);
            assert_eq!(drill.entries(), 5, "{partner:?}");
            let own = PdqHash([1, 2, 3, 4]);
            drill.put(own);
            drill.put(own);
            assert_eq!(drill.entries(), 6, "{partner:?}");
            assert!(drill.withdraw(own) && !drill.withdraw(own), "{partner:?}");
            assert_eq!(drill.entries(), 5, "{partner:?}");
            drill.add(5);
            assert_eq!(drill.entries(), 10, "{partner:?}");
            assert_eq!((drill.received(), drill.requests()), (0, 0));
            let base = drill.base("127.0.0.1:9".parse().expect("an address"));
            assert!(base.starts_with("http://127.0.0.1:9"), "{base}");
        }
    }
}
