//! `[report]`: where reports go.

use std::path::{Path, PathBuf};

use seawall_workflow::{Reach, Receiver};
use serde::Deserialize;
use url::Url;

use super::{ConfigError, Provider, read_secret};

/// Where reports go.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Report {
    /// Which receiver.
    pub receiver: ReportTarget,
    /// Which of the receiver's environments.
    pub environment: Environment,
    /// The user name that the receiver gave out.
    pub username: String,
    /// A file that holds the password and nothing else.
    pub password_file: Option<PathBuf>,
    /// The address of a stand-in on this machine, where the receiver is `stand-in`.
    pub stand_in_url: Option<Url>,
}

/// Which receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReportTarget {
    /// Nowhere: decisions cannot ask for a report.
    #[default]
    None,
    /// A stand-in that runs on this machine, for drills and tests.
    StandIn,
    /// The CyberTipline of NCMEC, in the United States.
    Cybertipline,
}

/// Which of the receiver's environments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// Where reports are discarded.
    #[default]
    Test,
    /// Where reports count.
    Production,
}

impl Report {
    /// The receiver, with its password read; `None` where reports go nowhere.
    ///
    /// # Errors
    /// [`ConfigError`] where a value or the password is missing.
    pub fn receiver(&self, base: &Path) -> Result<Option<Receiver>, ConfigError> {
        let (name, url, reach) = match self.receiver {
            ReportTarget::None => return Ok(None),
            ReportTarget::StandIn => ("cybertipline-stand-in", self.stand_in()?, Reach::Loopback),
            ReportTarget::Cybertipline => ("cybertipline", self.cybertipline(), Reach::Public),
        };
        Ok(Some(Receiver {
            name: name.to_owned(),
            base: url,
            username: self.username.clone(),
            password: self.password(base)?,
            reach,
            stand_in: self.receiver == ReportTarget::StandIn,
        }))
    }

    pub(super) fn check(&self, provider: &Provider) -> Result<(), ConfigError> {
        if self.receiver == ReportTarget::None {
            return Ok(());
        }
        if !provider.is_complete() {
            let advice = "reports need provider.name, contact_first_name, contact_last_name and contact_email";
            return Err(ConfigError::Value {
                key: "report.receiver",
                advice,
            });
        }
        if self.receiver == ReportTarget::Cybertipline && self.username.is_empty() {
            let advice = "give the user name that the receiver gave out";
            return Err(ConfigError::Value {
                key: "report.username",
                advice,
            });
        }
        Ok(())
    }

    fn cybertipline(&self) -> Url {
        let url = match self.environment {
            Environment::Test => CYBERTIPLINE_TEST,
            Environment::Production => CYBERTIPLINE_PRODUCTION,
        };
        Url::parse(url).expect("the constants below are addresses")
    }

    /// The stand-in's address, always with a slash at its end, since calls are joined to it.
    fn stand_in(&self) -> Result<Url, ConfigError> {
        let missing = ConfigError::Value {
            key: "report.stand_in_url",
            advice: "give the address of the stand-in on this machine, such as http://127.0.0.1:8483/ispws/",
        };
        let mut url = self.stand_in_url.clone().ok_or(missing)?;
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Ok(url)
    }

    fn password(&self, base: &Path) -> Result<String, ConfigError> {
        let key = "report.password_file";
        match &self.password_file {
            Some(path) => read_secret(key, &base.join(path)),
            None => Err(ConfigError::Value {
                key,
                advice: "give a file that holds the password",
            }),
        }
    }
}

/// Source: the receiver's documentation of its reporting interface.
const CYBERTIPLINE_PRODUCTION: &str = "https://report.cybertip.org/ispws/";
const CYBERTIPLINE_TEST: &str = "https://exttest.cybertip.org/ispws/";
