//! The partners whose protocols Seawall speaks.

use std::fmt;

use seawall_core::Timestamp;
use seawall_exchange::feed::{Checkpoint, Feed, FeedError, PartnerAnswer, PartnerRequest};
use seawall_exchange::list_client::{ListFeed, ListPartner};
use seawall_exchange::ncmec::{self, Ncmec};
use seawall_exchange::stop_ncii::{self, StopNcii};
use seawall_exchange::threat_exchange::{Group, ThreatUpdates};

/// Whom to ask, and how.
#[derive(Clone)]
pub enum Partner {
    /// NCMEC's hash sharing, version 2.
    Ncmec(ncmec::Config),
    /// StopNCII.
    StopNcii(stop_ncii::Config),
    /// A privacy group of Meta's ThreatExchange.
    ThreatExchange(Group),
    /// A list that a page of TOML describes.
    List {
        /// What that page is called.
        name: String,
        /// Where it is and how it is read.
        partner: ListPartner,
    },
}

impl fmt::Debug for Partner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Partner({})", self.protocol())
    }
}

impl Partner {
    /// What the protocol is called in the database and to people.
    #[must_use]
    pub fn protocol(&self) -> &str {
        match self {
            Self::Ncmec(_) => "ncmec",
            Self::StopNcii(_) => "stop_ncii",
            Self::ThreatExchange(_) => "threat_exchange",
            Self::List { name, .. } => name,
        }
    }

    /// Which list it is, without the way in to it: another one has to be read from its beginning.
    pub(super) fn identity(&self) -> String {
        match self {
            Self::Ncmec(config) => format!("{} {}", config.base, config.environment.name()),
            Self::StopNcii(config) => config.base.to_string(),
            Self::ThreatExchange(group) => group.identity(),
            Self::List { partner, .. } => partner.identity(),
        }
    }

    /// What tests the way in, where the protocol has a call for that.
    pub(super) fn status_request(&self) -> Option<PartnerRequest> {
        match self {
            Self::Ncmec(config) => Some(ncmec::status_request(config)),
            Self::StopNcii(_) | Self::ThreatExchange(_) | Self::List { .. } => None,
        }
    }

    /// What the answer to it says, for people; `None` where the protocol has no such call.
    pub(super) fn read_status(
        &self,
        answer: &PartnerAnswer<'_>,
    ) -> Option<Result<String, FeedError>> {
        match self {
            Self::Ncmec(_) => Some(ncmec::read_status(answer).map(|status| {
                let member = status.member;
                format!("the user belongs to member {} ({})", member.id, member.name)
            })),
            Self::StopNcii(_) | Self::ThreatExchange(_) | Self::List { .. } => None,
        }
    }

    /// The list from a checkpoint on, or from its beginning.
    pub(super) fn feed(
        &self,
        from: Option<&Checkpoint>,
        now: Timestamp,
    ) -> Result<Box<dyn Feed>, FeedError> {
        Ok(match self {
            Self::Ncmec(config) => Box::new(Ncmec::new(config.clone(), from, now)),
            Self::StopNcii(config) => Box::new(StopNcii::new(config.clone(), from, now)),
            Self::ThreatExchange(group) => Box::new(ThreatUpdates::new(group, from, now)?),
            Self::List { partner, .. } => Box::new(ListFeed::new(partner, from, now)?),
        })
    }
}
