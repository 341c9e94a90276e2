//! One adapter for services that are asked about single hashes: what differs between them is a
//! page of TOML.
//!
//! A [`Description`] says how to sign in, what can be asked, and what the answers mean.
//! [`CheckPartner`] is such a page with an operator's own address and secrets, and a [`Check`]
//! asks it about some hashes: no picture leaves. What a service says in words that the
//! description does not know is told as unknown, never as no match. [`partners`] has the
//! descriptions that ship.
//!
//! ```
//! use seawall_core::{Hash, PdqHash};
//! use seawall_exchange::description::Secrets;
//! use seawall_exchange::remote_check::{Check, CheckPartner, partners};
//!
//! let secrets = Secrets::from_iter([("user", "somebody"), ("password", "a secret")]);
//! let partner = CheckPartner::new(partners::arachnid_shield(), None, &secrets)?;
//! let check = Check::new(&partner, &[Hash::Pdq(PdqHash([1, 2, 3, 4])), Hash::Md5([7; 16])]);
//! let request = check.request().expect("it asks about the first");
//! assert_eq!(request.url.reveal().path(), "/v1/pdq/");
//! assert_eq!(check.not_taken(), [Hash::Md5([7; 16])]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answers;
mod description;
pub mod partners;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use seawall_core::{Algorithm, Hash, Redacted};
use serde_json::Value;
use url::Url;

pub use answers::{AnswerFields, AnswerKind};
pub use description::{Description, Lookup, RequestFields};

use crate::description::{Access, Address, DescriptionError, Secrets, accept_json};
use crate::feed::{FeedError, Method, PartnerAnswer, PartnerRequest};
use crate::json;

/// What a service says of a hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is known.
    Match {
        /// As what, in the service's words.
        class: String,
        /// How near the match is.
        nearness: Nearness,
    },
    /// It is not known.
    NoMatch,
    /// The service says something that its description does not know: a person has to look.
    UnknownClass {
        /// What it says.
        class: String,
    },
    /// The service says nothing of it.
    Unanswered,
}

/// How near a match is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nearness {
    /// The same file.
    Exact,
    /// A picture that looks alike.
    Near,
    /// Nothing was said, or in words that the description does not know.
    Unstated,
}

/// A hash and what was said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The hash.
    pub hash: Hash,
    /// What was said.
    pub verdict: Verdict,
}

/// A service that can be asked: its description, where it is, and the way in.
#[derive(Clone, Debug)]
pub struct CheckPartner {
    description: Arc<Description>,
    /// The address of each lookup.
    urls: Vec<Redacted<Url>>,
    access: Access,
}

impl CheckPartner {
    /// Puts a description to use. `address` stands in for the one of the description where the
    /// operator has another, such as the service's test environment.
    ///
    /// # Errors
    /// [`DescriptionError`] where a secret is missing, the address is none, or a path leads away
    /// from it.
    pub fn new(
        description: Description,
        address: Option<Url>,
        secrets: &Secrets,
    ) -> Result<Self, DescriptionError> {
        let address = Address::new(address.unwrap_or_else(|| description.address.clone()))?;
        let below = |lookup: &Lookup| address.below(&lookup.path).map(Redacted);
        let urls = description
            .lookups
            .iter()
            .map(below)
            .collect::<Result<_, _>>()?;
        let access = Access::new(&description.authentication, &address, secrets)?;
        let description = Arc::new(description);
        Ok(Self {
            description,
            urls,
            access,
        })
    }

    /// The kinds of hashes that it can be asked about.
    #[must_use]
    pub fn kinds(&self) -> Vec<Algorithm> {
        self.description.kinds()
    }
}

/// Some hashes on the way to their verdicts.
#[derive(Debug)]
pub struct Check {
    partner: CheckPartner,
    batches: VecDeque<Batch>,
    not_taken: Vec<Hash>,
}

#[derive(Debug)]
struct Batch {
    /// Which of the lookups asks about them.
    lookup: usize,
    hashes: Vec<Hash>,
}

impl Check {
    /// Begins to ask about these hashes, about each once.
    #[must_use]
    pub fn new(partner: &CheckPartner, hashes: &[Hash]) -> Self {
        let mut not_taken = hashes.to_vec();
        not_taken.sort();
        not_taken.dedup();
        let mut batches = VecDeque::new();
        for (lookup, one) in partner.description.lookups.iter().enumerate() {
            let takes = |hash: &mut Hash| one.kinds.contains(&hash.algorithm());
            let taken: Vec<Hash> = not_taken.extract_if(.., takes).collect();
            batches.extend(taken.chunks(one.batch_max).map(|hashes| Batch {
                lookup,
                hashes: hashes.to_vec(),
            }));
        }
        Self {
            partner: partner.clone(),
            batches,
            not_taken,
        }
    }

    /// The hashes that the service cannot be asked about: of them, nothing becomes known.
    #[must_use]
    pub fn not_taken(&self) -> &[Hash] {
        &self.not_taken
    }

    /// What to ask next; `None` once everything is answered. Asked again before an answer came,
    /// it gives the same request.
    #[must_use]
    pub fn request(&self) -> Option<PartnerRequest> {
        let batch = self.batches.front()?;
        let lookup = &self.partner.description.lookups[batch.lookup];
        let mut url = self.partner.urls[batch.lookup].reveal().clone();
        let values: Vec<String> = batch
            .hashes
            .iter()
            .map(|hash| lookup.encoding.write(hash))
            .collect();
        let body = lookup.request.body(&values);
        lookup.request.add_query(&values, &mut url);
        let mut headers = self.partner.access.headers();
        headers.push(accept_json());
        let request = PartnerRequest {
            method: if body.is_some() {
                Method::Post
            } else {
                Method::Get
            },
            url: Redacted(url),
            headers,
            body: body.map(|bytes| ("application/json", Redacted(bytes))),
        };
        Some(self.partner.access.request().unwrap_or(request))
    }

    /// Takes the answer to the last request, and gives a verdict for each hash that it asked
    /// about; none where it asked for a token.
    ///
    /// # Errors
    /// [`FeedError`]. Nothing is known then of the hashes that were asked about; after
    /// [`FeedError::Later`] the same can be asked again.
    pub fn answer(&mut self, answer: &PartnerAnswer<'_>) -> Result<Vec<Checked>, FeedError> {
        let Some(batch) = self.batches.front() else {
            return Ok(Vec::new());
        };
        let Some(body) = self.partner.access.granted(answer, MISSING)? else {
            return Ok(Vec::new());
        };
        let document: Value = json::read(body)?;
        let lookup = &self.partner.description.lookups[batch.lookup];
        let verdicts = lookup
            .answers
            .read(&document, &batch.hashes, lookup.encoding)?;
        let hashes = batch.hashes.iter().copied();
        let checked = hashes
            .zip(verdicts)
            .map(|(hash, verdict)| Checked { hash, verdict });
        let checked = checked.collect();
        self.batches.pop_front();
        Ok(checked)
    }
}

impl RequestFields {
    fn body(&self, values: &[String]) -> Option<Vec<u8>> {
        let object = |field: &String, fixed: &BTreeMap<String, String>, value: Value| {
            let fixed = fixed
                .iter()
                .map(|(name, text)| (name.clone(), text.clone().into()));
            let all = fixed.chain([(field.clone(), value)]);
            Value::Object(all.collect()).to_string().into_bytes()
        };
        match self {
            Self::JsonList { field, fixed } => Some(object(field, fixed, values.into())),
            Self::JsonValue { field, fixed } => {
                Some(object(field, fixed, values.first().cloned().into()))
            }
            Self::Query { .. } => None,
        }
    }

    fn add_query(&self, values: &[String], url: &mut Url) {
        match self {
            Self::Query { parameter, fixed } => {
                let value = values.first().map(|value| (parameter, value));
                url.query_pairs_mut()
                    .extend_pairs(fixed.iter().chain(value));
            }
            Self::JsonList { .. } | Self::JsonValue { .. } => {}
        }
    }
}

const MISSING: &str = "the service does not take these credentials, or they do not include the \
    right to look hashes up";

#[cfg(test)]
mod tests;
