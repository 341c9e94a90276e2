//! `[exchange.NAME]`: a partner whose list is taken over.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use seawall_core::{BankName, Redacted, causes};
use seawall_exchange::description::Secrets;
use seawall_exchange::list_client::{Description, ListPartner, partners};
use seawall_exchange::{ncmec, stop_ncii, threat_exchange};
use seawall_workflow::{ExchangeSetup, Partner, Reach};
use serde::Deserialize;
use url::Url;

use super::ConfigError;

/// A partner whose list is taken over.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExchangeConfig {
    /// How the partner is spoken to.
    pub protocol: Protocol,
    /// The bank that the list goes to; made, sealed, where there is none.
    pub bank: BankName,
    /// The partner's address, where it is not the one that the protocol has.
    pub url: Option<Url>,
    /// Which addresses the partner may be at.
    #[serde(default)]
    pub network: PartnerNetwork,
    /// How many minutes after a run the next one begins.
    #[serde(default = "every_minutes")]
    pub every_minutes: u32,
    /// A whole list that lacks more than so many of a hundred of its contents waits for a person.
    #[serde(default = "missing_percent_max")]
    pub missing_percent_max: u8,
    /// The way in: for each secret of the protocol `file:PATH` or `env:NAME`.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    /// For `ncmec`: which list, such as `industry` or `npo`.
    pub list: Option<String>,
    /// For `ncmec`: whether the list's twin for tests is meant.
    #[serde(default)]
    pub test: bool,
    /// For `ncmec`: the members whose entries are taken, by number; all where nothing is said.
    pub members: Option<Vec<u64>>,
    /// For `threat_exchange`: the privacy group's number.
    pub privacy_group: Option<u64>,
    /// For `list`: the page of TOML that describes the partner.
    pub description: Option<PathBuf>,
}

/// How a partner is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// NCMEC's hash sharing, version 2. Secrets: `user`, `password`.
    Ncmec,
    /// StopNCII, or another service of its shape, such as a Seawall that serves a bank. Secrets:
    /// `subscription_key`, `fetch_key`, and where they are had `feedback_key`, `submit_key`.
    StopNcii,
    /// A privacy group of Meta's ThreatExchange. Secret: `token`.
    ThreatExchange,
    /// Tech Against Terrorism's hash list. Secrets: `user`, `password`.
    Tat,
    /// A list that a page of TOML describes, which also says which secrets there are.
    List,
}

/// Which addresses a partner may be at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartnerNetwork {
    /// Public ones, over https.
    #[default]
    Public,
    /// Any, over https or http: for a partner in a network of your own.
    Any,
    /// This machine: for a stand-in.
    Loopback,
}

impl Protocol {
    /// Every protocol.
    pub(crate) const ALL: [Self; 5] = [
        Self::Ncmec,
        Self::StopNcii,
        Self::ThreatExchange,
        Self::Tat,
        Self::List,
    ];

    /// Its name in the configuration, the database and to people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ncmec => "ncmec",
            Self::StopNcii => "stop_ncii",
            Self::ThreatExchange => "threat_exchange",
            Self::Tat => "tat",
            Self::List => "list",
        }
    }
}

impl ExchangeConfig {
    /// The exchange, its secrets read.
    ///
    /// # Errors
    /// [`ConfigError::Exchange`], which says what is missing or wrong.
    pub(crate) fn setup(&self, name: &str, base: &Path) -> Result<ExchangeSetup, ConfigError> {
        let refused = |advice: String| ConfigError::Exchange {
            name: name.to_owned(),
            advice,
        };
        self.check_url().map_err(refused)?;
        let secrets = self.secrets(base).map_err(refused)?;
        let partner = self.partner(&secrets, base).map_err(refused)?;
        if !(1..=EVERY_MINUTES_MAX).contains(&self.every_minutes) {
            return Err(refused(
                "every_minutes: give 1 to 44640, a month".to_owned(),
            ));
        }
        if self.missing_percent_max > 100 {
            return Err(refused("missing_percent_max: give 0 to 100".to_owned()));
        }
        Ok(ExchangeSetup {
            name: name.parse().map_err(|error| refused(format!("{error}")))?,
            bank: self.bank.clone(),
            partner,
            reach: match self.network {
                PartnerNetwork::Public => Reach::Public,
                PartnerNetwork::Any => Reach::Operator,
                PartnerNetwork::Loopback => Reach::Loopback,
            },
            every_ms: i64::from(self.every_minutes) * 60_000,
            missing_percent_max: self.missing_percent_max,
        })
    }

    /// The address is kept and shown; the way in stands in `secrets` alone.
    fn check_url(&self) -> Result<(), String> {
        let Some(url) = &self.url else { return Ok(()) };
        let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
        let is_bare = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if is_web && is_bare {
            return Ok(());
        }
        let advice = "url: give http or https, a host and a path, without user, password, query \
                      and fragment; the way in stands in secrets";
        Err(advice.to_owned())
    }

    fn partner(&self, secrets: &Given, base: &Path) -> Result<Partner, String> {
        Ok(match self.protocol {
            Protocol::Ncmec => Partner::Ncmec(self.ncmec(secrets)?),
            Protocol::StopNcii => Partner::StopNcii(stop_ncii::Config {
                base: self.address(stop_ncii::PRODUCTION)?,
                subscription_key: secrets.named("subscription_key")?,
                fetch_key: secrets.named("fetch_key")?,
                feedback_key: secrets.optional("feedback_key"),
                submit_key: secrets.optional("submit_key"),
            }),
            Protocol::ThreatExchange => {
                let group = self
                    .privacy_group
                    .ok_or("privacy_group: give the group's number")?;
                let token = secrets.named("token")?;
                let group = threat_exchange::Group::new(self.url.clone(), group, token);
                Partner::ThreatExchange(group.map_err(|error| causes(&error))?)
            }
            Protocol::Tat => self.list("tat", partners::tat(), secrets)?,
            Protocol::List => {
                let path = self.description.as_ref();
                let path =
                    path.ok_or("description: give the page of TOML that describes the partner")?;
                let text = std::fs::read(base.join(path));
                let text =
                    text.map_err(|error| format!("description: {}: {error}", path.display()))?;
                let description = Description::read(&text).map_err(|error| causes(&error))?;
                self.list("list", description, secrets)?
            }
        })
    }

    fn list(&self, name: &str, described: Description, secrets: &Given) -> Result<Partner, String> {
        let all = secrets.0.iter();
        let all: Secrets = all
            .map(|(name, secret)| (name, secret.reveal().as_str()))
            .collect();
        let partner = ListPartner::new(described, self.url.clone(), &all);
        Ok(Partner::List {
            name: name.to_owned(),
            partner: partner.map_err(|error| causes(&error))?,
        })
    }

    fn ncmec(&self, secrets: &Given) -> Result<ncmec::Config, String> {
        let lists = || {
            let names = ncmec::Environment::ALL.map(ncmec::Environment::name);
            format!("list: give one of {}", names.join(", "))
        };
        let list = self.list.as_deref().ok_or_else(lists)?;
        let environment = ncmec::Environment::from_name(list).ok_or_else(lists)?;
        let own = if self.test {
            environment.test()
        } else {
            environment.production()
        };
        Ok(ncmec::Config {
            base: self.address(own)?,
            environment,
            username: secrets.named("user")?.reveal().clone(),
            password: secrets.named("password")?,
            members: self
                .members
                .clone()
                .map(|members| members.into_iter().collect()),
        })
    }

    fn address(&self, own: &str) -> Result<Url, String> {
        let own = || own.parse().map_err(|_| "url: it is no address".to_owned());
        self.url.clone().map_or_else(own, Ok)
    }

    fn secrets(&self, base: &Path) -> Result<Given, String> {
        let read = |(name, place): (&String, &String)| {
            let secret = match place.split_once(':') {
                Some(("file", path)) => std::fs::read_to_string(base.join(path))
                    .map_err(|error| format!("secrets.{name}: reading its file: {error}"))?,
                Some(("env", variable)) => std::env::var(variable).map_err(|_| {
                    format!("secrets.{name}: the variable {variable} is not set, or is no text")
                })?,
                _ => {
                    return Err(format!(
                        "secrets.{name}: give file:PATH or env:NAME; the secret itself does not \
                         belong into this file"
                    ));
                }
            };
            match secret.trim() {
                "" => Err(format!("secrets.{name}: it is empty")),
                secret => Ok((name.clone(), Redacted(secret.to_owned()))),
            }
        };
        let secrets = self.secrets.iter().map(read).collect::<Result<_, _>>();
        secrets.map(Given)
    }
}

/// The secrets that were given.
struct Given(BTreeMap<String, Redacted<String>>);

impl Given {
    fn named(&self, name: &str) -> Result<Redacted<String>, String> {
        let missing = || format!("secrets.{name}: it is missing; give file:PATH or env:NAME");
        self.optional(name).ok_or_else(missing)
    }

    fn optional(&self, name: &str) -> Option<Redacted<String>> {
        self.0.get(name).cloned()
    }
}

fn every_minutes() -> u32 {
    60
}

fn missing_percent_max() -> u8 {
    10
}

const EVERY_MINUTES_MAX: u32 = 31 * 24 * 60;

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ExchangeConfig, toml::de::Error> {
        toml::from_str(text)
    }

    fn setup(text: &str) -> Result<ExchangeSetup, String> {
        let folder = tempfile::tempdir().expect("a folder");
        for (file, secret) in [
            ("one", "first-secret\n"),
            ("two", "second-secret"),
            ("none", " "),
        ] {
            std::fs::write(folder.path().join(file), secret).expect("written");
        }
        let config = parse(text).map_err(|error| error.to_string())?;
        config
            .setup("partner", folder.path())
            .map_err(|error| error.to_string())
    }

    const SECRETS: &str = r#"secrets = { user = "file:one", password = "file:two",
        subscription_key = "file:one", fetch_key = "file:two", token = "file:one" }"#;

    #[test]
    fn a_protocol_has_one_name() {
        for protocol in Protocol::ALL {
            let text = format!("protocol = \"{}\"\nbank = \"P\"", protocol.name());
            assert_eq!(parse(&text).expect("a section").protocol, protocol);
        }
    }

    #[test]
    fn each_protocol_is_set_up_and_shows_no_secret() {
        let protocols = [
            (r#"protocol = "ncmec""#, r#"list = "npo""#, "ncmec"),
            (r#"protocol = "stop_ncii""#, "", "stop_ncii"),
            (
                r#"protocol = "threat_exchange""#,
                "privacy_group = 7",
                "threat_exchange",
            ),
            (r#"protocol = "tat""#, "", "tat"),
        ];
        for (protocol, more, expected) in protocols {
            let text = format!("{protocol}\nbank = \"PARTNERS\"\n{more}\n{SECRETS}");
            let setup = setup(&text).expect(protocol);
            assert_eq!(setup.partner.protocol(), expected);
            assert_eq!((setup.every_ms, setup.missing_percent_max), (3_600_000, 10));
            assert_eq!(setup.reach, Reach::Public);
            assert!(!format!("{setup:?}").contains("secret"));
        }
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let ncmec = r#"protocol = "ncmec"
            bank = "PARTNERS""#;
        let cases = [
            (format!("{ncmec}\n{SECRETS}"), "list: give one of industry"),
            (
                format!("{ncmec}\nlist = \"other\"\n{SECRETS}"),
                "list: give one of industry",
            ),
            (
                format!("{ncmec}\nlist = \"npo\""),
                "secrets.user: it is missing",
            ),
            (
                format!("{ncmec}\nlist = \"npo\"\nsecrets = {{ user = \"me\" }}"),
                "file:PATH",
            ),
            (
                format!("{ncmec}\nlist = \"npo\"\nsecrets = {{ user = \"file:none\" }}"),
                "empty",
            ),
            (
                format!("{ncmec}\nlist = \"npo\"\nsecrets = {{ user = \"file:gone\" }}"),
                "reading its file",
            ),
            (
                format!("{ncmec}\nlist = \"npo\"\nsecrets = {{ user = \"env:SEAWALL_NOT_SET\" }}"),
                "SEAWALL_NOT_SET",
            ),
            (
                format!("{ncmec}\nlist = \"npo\"\nevery_minutes = 0\n{SECRETS}"),
                "every_minutes",
            ),
            (
                format!("{ncmec}\nlist = \"npo\"\nmissing_percent_max = 101\n{SECRETS}"),
                "missing_percent_max",
            ),
            (format!("{ncmec}\nlisst = \"npo\""), "unknown field"),
            (
                "protocol = \"threat_exchange\"\nbank = \"P\"".to_owned(),
                "privacy_group",
            ),
            (
                "protocol = \"list\"\nbank = \"P\"".to_owned(),
                "description",
            ),
            (
                "protocol = \"list\"\nbank = \"P\"\ndescription = \"one\"".to_owned(),
                "line 1",
            ),
            (
                "protocol = \"other\"\nbank = \"P\"".to_owned(),
                "unknown variant",
            ),
            (
                "protocol = \"tat\"\nbank = \"lower case\"".to_owned(),
                "bank name",
            ),
        ];
        for (text, told) in cases {
            let error = setup(&text).expect_err(&text);
            assert!(error.contains(told), "{text}\n{error}");
            assert!(!error.contains("-secret"), "{error}");
        }
    }

    #[test]
    fn an_address_holds_no_way_in() {
        let addresses = [
            "https://me:pw@partner.example",
            "https://me@partner.example",
            "https://partner.example/?key=pw",
            "https://partner.example/#pw",
            "mailto:me@partner.example",
        ];
        for address in addresses {
            let stop_ncii = "protocol = \"stop_ncii\"\nbank = \"P\"";
            let error = setup(&format!("{stop_ncii}\nurl = \"{address}\"\n{SECRETS}"));
            let error = error.expect_err(address);
            assert!(
                error.contains("url: give") && !error.contains("pw"),
                "{error}"
            );
        }
    }
}
