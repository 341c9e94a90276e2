//! Ids: one type for each kind of thing, so that they cannot be mixed up.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Random, Timestamp};

/// A text that is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("reading an id: expected the form 01234567-89ab-cdef-0123-456789abcdef")]
pub struct IdError;

macro_rules! uuid_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(uuid::Uuid);

        impl $name {
            /// A new id (UUID version 7): sorts by time, ends in 74 random bits.
            #[must_use]
            pub fn new(now: Timestamp, random: &dyn Random) -> Self {
                let mut bytes = [0_u8; 10];
                random.fill(&mut bytes);
                let ms = u64::try_from(now.as_millis()).unwrap_or(0);
                Self(uuid::Builder::from_unix_timestamp_millis(ms, &bytes).into_uuid())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                uuid::Uuid::try_parse(text).map(Self).map_err(|_| IdError)
            }
        }
    )+};
}

uuid_ids! {
    /// One accepted upload that matched.
    UploadId,
    /// A case: what a person reviews.
    CaseId,
    /// One decision on a case.
    DecisionId,
    /// The sealed bytes of one matched upload.
    EvidenceId,
    /// One explicit act of looking.
    RevealId,
    /// A report as the law asks for.
    ReportId,
    /// One call to a partner while a report is delivered.
    CallId,
    /// A person who signs in.
    UserId,
    /// A bearer token of a program.
    TokenId,
    /// One outgoing webhook message.
    MessageId,
}

macro_rules! integer_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                text.parse().map(Self).map_err(|_| IdError)
            }
        }
    )+};
}

integer_ids! {
    /// A bank. An integer, since clients of the HMA interface expect one.
    BankId,
    /// One content of a bank: the unit that hashes belong to and that is withdrawn whole.
    ContentId,
    /// One list of a bank: what came from one source, with settings of its own.
    ListId,
    /// One exchange: a partner whose list is taken over.
    ExchangeId,
}

/// A bank's name: upper-case letters, digits and underscores, not starting with a digit,
/// at most 255 characters (the rule of the HMA interface).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BankName(String);

/// A text that cannot name a bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "reading a bank name: use upper-case letters, digits and underscores, not starting with a \
     digit, at most 255 characters"
)]
pub struct BankNameError;

impl BankName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BankName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for BankName {
    type Err = BankNameError;

    fn from_str(text: &str) -> Result<Self, BankNameError> {
        let allowed = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
        let starts_well = text.bytes().next().is_some_and(|b| !b.is_ascii_digit());
        if starts_well && text.len() <= 255 && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BankNameError)
        }
    }
}

impl TryFrom<String> for BankName {
    type Error = BankNameError;

    fn try_from(text: String) -> Result<Self, BankNameError> {
        text.parse()
    }
}

impl From<BankName> for String {
    fn from(name: BankName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sevens;
    impl Random for Sevens {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(7);
        }
    }

    #[test]
    fn ids_sort_by_time_and_survive_their_text_form() {
        let early = CaseId::new(Timestamp::from_millis(1_000), &Sevens);
        let late = CaseId::new(Timestamp::from_millis(2_000), &Sevens);
        assert!(early < late);
        assert_eq!(early.to_string().parse(), Ok(early));
        assert_eq!("nonsense".parse::<CaseId>(), Err(IdError));
    }

    #[test]
    fn bank_names_follow_the_rule() {
        for good in ["A", "_", "PARTNER_2", &"A".repeat(255)] {
            assert!(good.parse::<BankName>().is_ok(), "{good}");
        }
        for bad in ["", "a", "2A", "A-B", "A B", "Ä", "A\n", &"A".repeat(256)] {
            assert_eq!(bad.parse::<BankName>(), Err(BankNameError), "{bad}");
        }
    }
}
