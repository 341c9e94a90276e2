//! What a bank is for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a bank's entries say about what is near them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BankRole {
    /// Known material: what is near is a match.
    Known,
    /// Known to be benign: what is near is no reason to open a case. The matches it speaks
    /// against are marked and stay visible.
    Exception,
}

/// A text that is no bank's role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("reading a bank's role: expected known or exception")]
pub struct BankRoleError;

impl BankRole {
    /// Every role.
    pub const ALL: [Self; 2] = [Self::Known, Self::Exception];

    /// The name used in interfaces and the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Exception => "exception",
        }
    }
}

impl fmt::Display for BankRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for BankRole {
    type Err = BankRoleError;

    fn from_str(text: &str) -> Result<Self, BankRoleError> {
        let named = Self::ALL.into_iter().find(|role| role.name() == text);
        named.ok_or(BankRoleError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_read_by_its_name_and_by_no_other() {
        for role in BankRole::ALL {
            assert_eq!(role.to_string().parse(), Ok(role));
        }
        for bad in ["", "Known", "benign"] {
            assert_eq!(bad.parse::<BankRole>(), Err(BankRoleError));
        }
    }
}
