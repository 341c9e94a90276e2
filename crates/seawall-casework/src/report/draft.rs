//! What a decided case says, before it is checked.

use seawall_core::{EvidenceId, Hash, Redacted, Timestamp};
use serde::{Deserialize, Serialize};

use super::official::{FileAnnotation, IncidentType, IndustryClassification, IpEventName};

/// A report as drafted from a case.
///
/// It serialises so that it can be kept until it is filed; since it holds personal data,
/// whoever stores it seals it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportDraft {
    /// What kind of incident this is.
    pub incident_type: IncidentType,
    /// When it happened, as far as is known. Never later than now.
    pub incident_time: Timestamp,
    /// Why the receiver should look at this first: set where danger is imminent.
    pub escalate_reason: Option<String>,
    /// Where the content was found, as web addresses.
    pub urls: Vec<Redacted<String>>,
    /// Who reports.
    pub reporter: Reporter,
    /// The account that the report is about, where one is known.
    pub person: Option<ReportedPerson>,
    /// What else the receiver should know.
    pub additional_info: Option<String>,
    /// The files, in the order in which they are sent.
    pub files: Vec<FileDraft>,
}

/// Who reports: a company and a person who can be asked (18 USC 2258A(a)(1)(B)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reporter {
    /// The company's name.
    pub company: String,
    /// First name of the person to contact.
    pub contact_first_name: Redacted<String>,
    /// Last name of the person to contact.
    pub contact_last_name: Redacted<String>,
    /// E-mail address of that person.
    pub email: Redacted<String>,
    /// Telephone number of that person.
    pub phone: Option<Redacted<String>>,
    /// The part of the terms of service that was broken.
    pub terms_of_service: Option<String>,
    /// Where law enforcement finds how to ask this company.
    pub legal_url: Option<String>,
}

/// The account that a report is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportedPerson {
    /// The account's id at the reporting company.
    pub esp_identifier: Option<Redacted<String>>,
    /// The service of the company on which the account is.
    pub esp_service: Option<String>,
    /// The account's name as others see it.
    pub screen_name: Option<Redacted<String>>,
    /// The account's e-mail address.
    pub email: Option<Redacted<String>>,
    /// The account's page.
    pub profile_url: Option<Redacted<String>>,
    /// Network addresses that the account was seen at.
    pub ip_events: Vec<IpEvent>,
    /// What else is known about the account.
    pub additional_info: Option<Redacted<String>>,
}

/// A network address, and what it was seen doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IpEvent {
    /// The address, IPv4 or IPv6.
    pub ip: Redacted<String>,
    /// The source port, 1 to 65535. Behind shared addresses only the port tells who it was.
    pub port: Option<u16>,
    /// What it was seen doing.
    pub event: IpEventName,
    /// When.
    pub at: Option<Timestamp>,
}

/// One file of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileDraft {
    /// The sealed bytes that are sent.
    pub key: EvidenceId,
    /// The name under which the file was uploaded.
    pub original_file_name: Option<Redacted<String>>,
    /// When it was uploaded.
    pub uploaded_at: Option<Timestamp>,
    /// Whether a person of the company viewed the whole file. It comes from the recorded
    /// full views and nowhere else: it decides whether an investigator may open the file
    /// without a warrant. There is no default.
    pub viewed_by_esp: bool,
    /// Whether the file could be seen by the public, where that is known.
    pub publicly_available: Option<bool>,
    /// Where the file was.
    pub location_url: Option<Redacted<String>>,
    /// The industry's classification, where the company takes part in it.
    pub classification: Option<IndustryClassification>,
    /// What a person noted about the file. Order and repetition do not matter.
    pub annotations: Vec<FileAnnotation>,
    /// Digests of the file as it was uploaded: MD5, SHA-1, SHA-256.
    #[serde(with = "digest_texts")]
    pub digests: Vec<Hash>,
    /// The address from which this file came.
    pub ip_event: Option<IpEvent>,
    /// What else is known about the file.
    pub additional_info: Option<Redacted<String>>,
}

/// Digests as texts of the form `sha256:0123…`.
mod digest_texts {
    use seawall_core::{Algorithm, Hash};
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(hashes: &[Hash], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(
            hashes
                .iter()
                .map(|hash| format!("{}:{hash}", hash.algorithm())),
        )
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Hash>, D::Error> {
        Vec::<String>::deserialize(from)?
            .iter()
            .map(|text| parse(text).ok_or_else(|| D::Error::custom("expected algorithm:digits")))
            .collect()
    }

    fn parse(text: &str) -> Option<Hash> {
        let (name, digits) = text.split_once(':')?;
        Hash::parse(Algorithm::from_name(name)?, digits).ok()
    }
}
