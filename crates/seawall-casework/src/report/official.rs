//! The official values of the CyberTipline interface. They stand here and nowhere else.

use serde::{Deserialize, Serialize};

macro_rules! official_values {
    ($(#[$doc:meta])* $name:ident { $($variant:ident $value:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $(#[doc = concat!("`", $value, "`")] #[serde(rename = $value)] $variant),+
        }

        impl $name {
            /// Every value, in the official order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The value as the interface spells it.
            #[must_use]
            pub fn official(self) -> &'static str {
                match self { $(Self::$variant => $value),+ }
            }
        }
    };
}

official_values! {
    /// `incidentType`: what kind of incident is reported. The names are the receiver's.
    IncidentType {
        Material "Child Pornography (possession, manufacture, and distribution)",
        Trafficking "Child Sex Trafficking",
        Tourism "Child Sex Tourism",
        Molestation "Child Sexual Molestation",
        MisleadingDomain "Misleading Domain Name",
        MisleadingWords "Misleading Words or Digital Images on the Internet",
        Enticement "Online Enticement of Children for Sexual Acts",
        UnsolicitedMaterial "Unsolicited Obscene Material Sent to a Child",
    }
}

official_values! {
    /// `eventName` of an `ipCaptureEvent`: what an address was seen doing.
    IpEventName {
        Login "Login",
        Registration "Registration",
        Purchase "Purchase",
        Upload "Upload",
        Other "Other",
        Unknown "Unknown",
    }
}

official_values! {
    /// `industryClassification`: the letter is the apparent age band, the digit the rank
    /// of the content. Only for companies in the industry's hash-sharing agreement.
    IndustryClassification {
        A1 "A1",
        A2 "A2",
        B1 "B1",
        B2 "B2",
    }
}

official_values! {
    /// `fileAnnotations`: what a person noted about a file.
    FileAnnotation {
        AnimeDrawingVirtualHentai "animeDrawingVirtualHentai",
        PotentialMeme "potentialMeme",
        Viral "viral",
        PossibleSelfProduction "possibleSelfProduction",
        PhysicalHarm "physicalHarm",
        ViolenceGore "violenceGore",
        Bestiality "bestiality",
        LiveStreaming "liveStreaming",
        Infant "infant",
        GenerativeAi "generativeAi",
    }
}

/// The response codes. The receiver declares its list non-exhaustive.
pub mod code {
    /// Done.
    pub const OK: i64 = 0;
    /// Server error.
    pub const SERVER_ERROR: i64 = 1000;
    /// Authentication required.
    pub const AUTHENTICATION_REQUIRED: i64 = 2000;
    /// Not authorised.
    pub const NOT_AUTHORISED: i64 = 3000;
    /// Invalid request.
    pub const INVALID_REQUEST: i64 = 4000;
    /// Validation failed.
    pub const VALIDATION_FAILED: i64 = 4100;
    /// Malformed XML.
    pub const MALFORMED_XML: i64 = 4110;
    /// No such report: never opened, or expired.
    pub const NO_SUCH_REPORT: i64 = 5001;
    /// No such file.
    pub const NO_SUCH_FILE: i64 = 5002;
    /// The report was retracted before.
    pub const ALREADY_RETRACTED: i64 = 5101;
    /// The report was finished before.
    pub const ALREADY_FINISHED: i64 = 5102;
}

/// What a response code asks the sender to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeClass {
    /// It worked.
    Done,
    /// The receiver has trouble of its own (1000 to 1999): try again later.
    TryAgain,
    /// Credentials, rights or the request itself (2000 to 4999): trying again changes nothing.
    Person,
    /// The receiver has no such report.
    NoSuchReport,
    /// The receiver has no such file.
    NoSuchFile,
    /// The report was retracted before.
    AlreadyRetracted,
    /// The report was finished before.
    AlreadyFinished,
    /// A code that is not on the list.
    Unlisted,
}

impl CodeClass {
    /// The class of a code.
    #[must_use]
    pub fn of(response: i64) -> Self {
        match response {
            code::OK => Self::Done,
            1000..=1999 => Self::TryAgain,
            2000..=4999 => Self::Person,
            code::NO_SUCH_REPORT => Self::NoSuchReport,
            code::NO_SUCH_FILE => Self::NoSuchFile,
            code::ALREADY_RETRACTED => Self::AlreadyRetracted,
            code::ALREADY_FINISHED => Self::AlreadyFinished,
            _ => Self::Unlisted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serde_writes_the_official_spelling() {
        for value in IncidentType::ALL {
            let text = serde_json::to_value(value).expect("serialises");
            assert_eq!(text, value.official());
        }
    }

    #[test]
    fn every_listed_code_has_its_class() {
        assert_eq!(CodeClass::of(0), CodeClass::Done);
        for listed in [1000, 1100, 1110, 1111, 1210, 1300] {
            assert_eq!(CodeClass::of(listed), CodeClass::TryAgain, "{listed}");
        }
        for listed in [2000, 3000, 3100, 3300, 4000, 4100, 4110, 4200] {
            assert_eq!(CodeClass::of(listed), CodeClass::Person, "{listed}");
        }
        assert_eq!(CodeClass::of(5001), CodeClass::NoSuchReport);
        assert_eq!(CodeClass::of(5002), CodeClass::NoSuchFile);
        assert_eq!(CodeClass::of(5101), CodeClass::AlreadyRetracted);
        assert_eq!(CodeClass::of(5102), CodeClass::AlreadyFinished);
        for unlisted in [-1, 1, 999, 5000, 9999] {
            assert_eq!(CodeClass::of(unlisted), CodeClass::Unlisted, "{unlisted}");
        }
    }
}
