//! The description of a service that is asked about hashes, as a page of TOML.

use std::collections::BTreeMap;

use seawall_core::Algorithm;
use serde::Deserialize;
use url::Url;

use super::AnswerFields;
use crate::description::{Address, Authentication, DescriptionError, Encoding, read_toml, rule};

/// A service that is asked about hashes: where it is, how one signs in, what is asked of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// What people call it.
    pub name: String,
    /// The address that every path lies below.
    pub address: Url,
    /// How one signs in.
    pub authentication: Authentication,
    /// What can be asked: one `[[lookups]]` for each kind of question.
    pub lookups: Vec<Lookup>,
}

/// A question that can be asked: `[[lookups]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    /// The kinds of hashes that it takes: `pdq`, `md5`, `sha1`, `sha256`.
    pub kinds: Vec<Algorithm>,
    /// Its path below the address.
    pub path: String,
    /// How hashes are written: `hex`, `base64` or `base32`; `hex` where nothing is said. In
    /// answers, case and padding make no difference.
    #[serde(default)]
    pub encoding: Encoding,
    /// How many hashes are asked about at once, 1 to 10,000; 1 where nothing is said.
    #[serde(default = "one")]
    pub batch_max: usize,
    /// Where in the request the hashes stand.
    pub request: RequestFields,
    /// Where the answers stand, and what their words mean.
    pub answers: AnswerFields,
}

/// Where in a request the hashes stand: `kind` in `request`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum RequestFields {
    /// A JSON object with a list of them, posted: `kind = "json_list"`.
    JsonList {
        /// The field that has the list.
        field: String,
        /// Other fields.
        #[serde(default)]
        fixed: BTreeMap<String, String>,
    },
    /// A JSON object with one of them, posted: `kind = "json_value"`.
    JsonValue {
        /// The field that has the hash.
        field: String,
        /// Other fields.
        #[serde(default)]
        fixed: BTreeMap<String, String>,
    },
    /// One of them in the query: `kind = "query"`. It then stands in the logs of the service,
    /// and of whatever lies before it.
    Query {
        /// The parameter that has the hash.
        parameter: String,
        /// Other parameters.
        #[serde(default)]
        fixed: BTreeMap<String, String>,
    },
}

impl Description {
    /// Reads a description.
    ///
    /// # Errors
    /// [`DescriptionError`], with the line where it can be told.
    pub fn read(toml: &[u8]) -> Result<Self, DescriptionError> {
        let description: Self = read_toml(toml)?;
        description.check()?;
        Ok(description)
    }

    /// The names of the secrets that it needs.
    #[must_use]
    pub fn secrets(&self) -> Vec<&str> {
        self.authentication.secrets()
    }

    /// The kinds of hashes that it can be asked about.
    #[must_use]
    pub fn kinds(&self) -> Vec<Algorithm> {
        let takes = |&kind: &Algorithm| self.lookups.iter().any(|one| one.kinds.contains(&kind));
        Algorithm::ALL.into_iter().filter(takes).collect()
    }

    fn check(&self) -> Result<(), DescriptionError> {
        let address = Address::new(self.address.clone())?;
        rule(!self.lookups.is_empty(), "lookups", "there is at least one")?;
        let mut taken: Vec<Algorithm> = Vec::new();
        for lookup in &self.lookups {
            address.below(&lookup.path)?;
            lookup.check()?;
            taken.extend(&lookup.kinds);
        }
        let count = taken.len();
        taken.sort();
        taken.dedup();
        rule(
            taken.len() == count,
            "lookups",
            "each kind is taken by one lookup alone",
        )
    }
}

impl Lookup {
    fn check(&self) -> Result<(), DescriptionError> {
        let is_list = matches!(self.request, RequestFields::JsonList { .. });
        let size_max = if is_list { BATCH_MAX } else { 1 };
        rule(
            !self.kinds.is_empty(),
            "lookups",
            "kinds names at least one kind",
        )?;
        rule(
            (1..=size_max).contains(&self.batch_max),
            "lookups",
            "batch_max is 1 to 10000, and 1 where the request has one hash",
        )?;
        self.answers.check(self.batch_max)
    }
}

fn one() -> usize {
    1
}

const BATCH_MAX: usize = 10_000;
