//! Checks a draft before anything is sent.
//!
//! The lengths are those of the receiver's schema. Where that has none, none is set here:
//! a report is not held back for a rule that nobody made. Characters that XML cannot hold
//! are no problem either, they are visibly replaced when the report is written.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use seawall_core::{Algorithm, Redacted, Timestamp};

use super::draft::{FileDraft, IpEvent, ReportDraft, ReportedPerson, Reporter};

/// Something about a draft that the receiver would refuse, or that makes the report useless.
///
/// It never holds the value: its text may be shown and logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The field, by its path in the draft, such as `person.ip_events.port`.
    pub field: &'static str,
    /// What is wrong with it.
    pub kind: ProblemKind,
}

/// What can be wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// It has to be given and is empty.
    Missing,
    /// It is later than now.
    InFuture,
    /// It is longer than the receiver takes.
    TooLong {
        /// The longest that is taken, in characters.
        chars_max: usize,
    },
    /// It is a port of 0.
    ZeroPort,
    /// It is no IPv4 or IPv6 address.
    NoAddress,
    /// It is no e-mail address.
    NoEmail,
    /// It is a perceptual hash, where digests are asked for.
    NoDigest,
    /// The same file stands in the draft twice.
    Repeated,
}

impl fmt::Display for Problem {
    /// A sentence for people, such as `reporter.email is missing`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = self.field;
        match self.kind {
            ProblemKind::Missing => write!(f, "{field} is missing"),
            ProblemKind::InFuture => write!(f, "{field} is in the future"),
            ProblemKind::TooLong { chars_max } => {
                write!(f, "{field} is longer than {chars_max} characters")
            }
            ProblemKind::ZeroPort => write!(f, "{field} is 0; ports run from 1 to 65535"),
            ProblemKind::NoAddress => write!(f, "{field} is no IPv4 or IPv6 address"),
            ProblemKind::NoEmail => write!(f, "{field} is no e-mail address"),
            ProblemKind::NoDigest => write!(f, "{field} holds a hash that is no digest"),
            ProblemKind::Repeated => write!(f, "{field} names the same file twice"),
        }
    }
}

/// A report that passed every check, and that alone can be written as XML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidReport {
    pub(super) draft: ReportDraft,
}

impl ValidReport {
    /// The draft that was checked.
    #[must_use]
    pub fn draft(&self) -> &ReportDraft {
        &self.draft
    }
}

/// Checks a draft.
///
/// # Errors
/// Every [`Problem`] found, in the order of the draft.
pub fn validate(draft: ReportDraft, now: Timestamp) -> Result<ValidReport, Vec<Problem>> {
    let mut check = Check {
        now,
        problems: Vec::new(),
    };
    check.not_in_future("incident_time", Some(draft.incident_time));
    check.length("escalate_reason", draft.escalate_reason.as_deref(), 3000);
    for url in &draft.urls {
        check.given("urls", url.reveal());
    }
    check.reporter(&draft.reporter);
    if let Some(person) = &draft.person {
        check.person(person);
    }
    check.files(&draft.files);
    if check.problems.is_empty() {
        Ok(ValidReport { draft })
    } else {
        Err(check.problems)
    }
}

/// Collects problems; one method for each thing that can be checked.
struct Check {
    now: Timestamp,
    problems: Vec<Problem>,
}

impl Check {
    fn reporter(&mut self, reporter: &Reporter) {
        self.given("reporter.company", &reporter.company);
        self.given(
            "reporter.contact_first_name",
            reporter.contact_first_name.reveal(),
        );
        self.given(
            "reporter.contact_last_name",
            reporter.contact_last_name.reveal(),
        );
        if self.given("reporter.email", reporter.email.reveal()) {
            self.email("reporter.email", Some(reporter.email.reveal()));
        }
        self.length("reporter.phone", revealed(&reporter.phone), PHONE_CHARS_MAX);
        let legal_url = reporter.legal_url.as_deref();
        self.length("reporter.legal_url", legal_url, URL_CHARS_MAX);
    }

    fn person(&mut self, person: &ReportedPerson) {
        let esp_identifier = revealed(&person.esp_identifier);
        self.length("person.esp_identifier", esp_identifier, 255);
        self.length("person.esp_service", person.esp_service.as_deref(), 100);
        self.length("person.screen_name", revealed(&person.screen_name), 256);
        self.email("person.email", revealed(&person.email));
        for event in &person.ip_events {
            self.ip_event(&PERSON_IP_EVENT, event);
        }
    }

    fn files(&mut self, files: &[FileDraft]) {
        let mut seen = BTreeSet::new();
        for file in files {
            if !seen.insert(file.key) {
                self.add("files.key", ProblemKind::Repeated);
            }
            self.file(file);
        }
    }

    fn file(&mut self, file: &FileDraft) {
        let name = revealed(&file.original_file_name);
        self.length("files.original_file_name", name, 2056);
        self.not_in_future("files.uploaded_at", file.uploaded_at);
        let location = revealed(&file.location_url);
        self.length("files.location_url", location, URL_CHARS_MAX);
        let perceptual = |hash: &seawall_core::Hash| hash.algorithm() == Algorithm::Pdq;
        if file.digests.iter().any(perceptual) {
            self.add("files.digests", ProblemKind::NoDigest);
        }
        if let Some(event) = &file.ip_event {
            self.ip_event(&FILE_IP_EVENT, event);
        }
    }

    fn ip_event(&mut self, fields: &IpEventFields, event: &IpEvent) {
        if event.ip.reveal().parse::<IpAddr>().is_err() {
            self.add(fields.ip, ProblemKind::NoAddress);
        }
        if event.port == Some(0) {
            self.add(fields.port, ProblemKind::ZeroPort);
        }
        self.not_in_future(fields.at, event.at);
    }

    fn given(&mut self, field: &'static str, value: &str) -> bool {
        let given = !value.trim().is_empty();
        if !given {
            self.add(field, ProblemKind::Missing);
        }
        given
    }

    /// An e-mail address, where one is given: something on both sides of an `@`. What more
    /// there is to say about addresses, the receiver may say.
    fn email(&mut self, field: &'static str, value: Option<&str>) {
        let Some(value) = value.filter(|value| !value.trim().is_empty()) else {
            return;
        };
        self.length(field, Some(value), 255);
        let parts = value.rsplit_once('@');
        if !parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty()) {
            self.add(field, ProblemKind::NoEmail);
        }
    }

    fn length(&mut self, field: &'static str, value: Option<&str>, chars_max: usize) {
        if value.is_some_and(|value| value.chars().count() > chars_max) {
            self.add(field, ProblemKind::TooLong { chars_max });
        }
    }

    fn not_in_future(&mut self, field: &'static str, time: Option<Timestamp>) {
        if time.is_some_and(|time| time > self.now) {
            self.add(field, ProblemKind::InFuture);
        }
    }

    fn add(&mut self, field: &'static str, kind: ProblemKind) {
        self.problems.push(Problem { field, kind });
    }
}

/// The names of an address event's fields, which stands in two places of a draft.
struct IpEventFields {
    ip: &'static str,
    port: &'static str,
    at: &'static str,
}

const PERSON_IP_EVENT: IpEventFields = IpEventFields {
    ip: "person.ip_events.ip",
    port: "person.ip_events.port",
    at: "person.ip_events.at",
};

const FILE_IP_EVENT: IpEventFields = IpEventFields {
    ip: "files.ip_event.ip",
    port: "files.ip_event.port",
    at: "files.ip_event.at",
};

const PHONE_CHARS_MAX: usize = 50;
const URL_CHARS_MAX: usize = 2083;

fn revealed(value: &Option<Redacted<String>>) -> Option<&str> {
    value.as_ref().map(|value| value.reveal().as_str())
}
