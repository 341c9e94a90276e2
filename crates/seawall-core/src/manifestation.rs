//! The manifestations of child sexual exploitation and abuse online: versioned data.
//!
//! Source: the taxonomy drafted for this project (codes M01 to M14, version 1), with the
//! kinds of COM(2022)209 (known, new, solicitation) as law tags. Names follow the words
//! table in `docs/words.md`.

use serde::{Deserialize, Serialize};

/// Version of the list below. It rises when a code is added or its meaning moves.
pub const MANIFESTATIONS_VERSION: u32 = 1;

macro_rules! manifestations {
    ($($code:ident $name:literal [$($tag:ident),*]),+ $(,)?) => {
        /// What a case is about, as a code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Manifestation {
            $(#[doc = $name] $code),+
        }

        impl Manifestation {
            /// Every code, in order.
            pub const ALL: &'static [Self] = &[$(Self::$code),+];

            /// The code, such as `M01`.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$code => stringify!($code)),+ }
            }

            /// The name in English.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$code => $name),+ }
            }

            /// The kinds that European rules sort it under.
            #[must_use]
            pub fn law_tags(self) -> &'static [LawTag] {
                match self { $(Self::$code => &[$(LawTag::$tag),*]),+ }
            }
        }
    };
}

/// The kinds of COM(2022)209, and the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LawTag {
    /// Material confirmed before.
    Known,
    /// Material not confirmed before.
    New,
    /// Solicitation of children.
    Solicitation,
    /// None of the three.
    Other,
}

manifestations! {
    M01 "Child sexual abuse material, known" [Known],
    M02 "Child sexual abuse material, newly found" [New],
    M03 "Links to such material" [Known, New],
    M04 "Grooming (solicitation of children for sexual purposes)" [Solicitation],
    M05 "Sexual extortion of a child (online sexual coercion and extortion)" [Solicitation, Other],
    M06 "Live online child sexual abuse" [New],
    M07 "Child self-generated sexual imagery, shared or misused" [New],
    M08 "AI-generated or altered material" [Known, New],
    M09 "Non-consensual sharing among young people" [New],
    M10 "Unwanted sexual content or contact received by a child" [Solicitation],
    M11 "Exploitation arranged or advertised online" [Other],
    M12 "Exploitation in travel, tourism or transport" [Other],
    M13 "Harmful sexual behaviour displayed by a child" [Other],
    M14 "Sexualised images of children short of the legal threshold" [],
}

impl Manifestation {
    /// The manifestation with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|manifestation| manifestation.code() == code)
    }
}

macro_rules! attributes {
    ($($variant:ident $code:literal $name:literal),+ $(,)?) => {
        /// What may be true of any case and sets its urgency.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Attribute {
            $(#[doc = $name] $variant),+
        }

        impl Attribute {
            /// Every attribute, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code used in files and interfaces.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The name in English.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

attributes! {
    ImminentDanger "imminent_danger" "Imminent danger",
    HandsOnAbuse "hands_on_abuse" "Hands-on abuse indicated",
    AgeBandKnown "age_band_known" "The child's age band is known",
    VictimKnown "victim_known" "The child is known",
    MoneyInvolved "money_involved" "Money involved",
    ViolentNetwork "violent_network" "Link to a violent or extremist network",
    AiInvolved "ai_involved" "AI involved",
    EncryptedOrEphemeral "encrypted_or_ephemeral" "Encrypted or ephemeral context",
    TravelContext "travel_context" "Travel context",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_run_from_m01_to_m14_without_a_gap() {
        let codes: Vec<_> = Manifestation::ALL
            .iter()
            .map(|m| m.code().to_owned())
            .collect();
        let expected: Vec<_> = (1..=14).map(|n| format!("M{n:02}")).collect();
        assert_eq!(codes, expected);
        assert_eq!(Manifestation::from_code("M05"), Some(Manifestation::M05));
        assert_eq!(Manifestation::from_code("M15"), None);
    }

    #[test]
    fn attribute_codes_are_what_serde_writes() {
        for attribute in Attribute::ALL {
            let text = serde_json::to_string(attribute).expect("serialises");
            assert_eq!(text, format!("\"{}\"", attribute.code()));
        }
    }
}
