//! The XML of a report, held against documents that were written by hand from the
//! receiver's schema. The stand-in's own reader takes the same documents in its tests.

use seawall_casework::report::{
    FileAnnotation, FileDraft, IncidentType, IndustryClassification, IpEvent, IpEventName, Problem,
    ProblemKind, ReportDraft, ReportedPerson, Reporter, ValidReport, validate,
};
use seawall_core::{Algorithm, EvidenceId, Hash, Redacted, Timestamp};

const FILE_ID: &str = "b0754af766b426f2928c02c651ed4b99";

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn now() -> Timestamp {
    time("2026-11-25T22:00:00Z")
}

fn hidden(text: &str) -> Redacted<String> {
    Redacted(text.to_owned())
}

fn hash(algorithm: Algorithm, digits: &str) -> Hash {
    Hash::parse(algorithm, digits).expect("a hash")
}

fn key(last: u8) -> EvidenceId {
    let text = format!("00000000-0000-7000-8000-0000000000{last:02x}");
    text.parse().expect("an id")
}

fn reporter() -> Reporter {
    Reporter {
        company: "Example Platform Ltd".into(),
        contact_first_name: hidden("Ada"),
        contact_last_name: hidden("Drill"),
        email: hidden("safety@example.org"),
        phone: None,
        terms_of_service: None,
        legal_url: None,
    }
}

fn minimal_file() -> FileDraft {
    FileDraft {
        key: key(2),
        original_file_name: None,
        uploaded_at: None,
        viewed_by_esp: false,
        publicly_available: None,
        location_url: None,
        classification: None,
        annotations: Vec::new(),
        digests: Vec::new(),
        ip_event: None,
        additional_info: None,
    }
}

fn minimal_draft() -> ReportDraft {
    ReportDraft {
        incident_type: IncidentType::Enticement,
        incident_time: time("2026-11-25T21:30:00Z"),
        escalate_reason: None,
        urls: Vec::new(),
        reporter: reporter(),
        person: None,
        additional_info: None,
        files: vec![minimal_file()],
    }
}

fn full_file() -> FileDraft {
    let sha256 = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    FileDraft {
        key: key(1),
        original_file_name: Some(hidden("drill \"1\".png")),
        uploaded_at: Some(time("2026-11-25T22:00:00+01:00")),
        viewed_by_esp: true,
        publicly_available: Some(false),
        location_url: Some(hidden("https://example.org/media/1.png")),
        classification: Some(IndustryClassification::B2),
        annotations: vec![
            FileAnnotation::GenerativeAi,
            FileAnnotation::Viral,
            FileAnnotation::Viral,
        ],
        digests: vec![
            hash(Algorithm::Md5, "00112233445566778899aabbccddeeff"),
            hash(Algorithm::Sha1, "000102030405060708090a0b0c0d0e0f10111213"),
            hash(Algorithm::Sha256, sha256),
        ],
        ip_event: Some(IpEvent {
            ip: hidden("192.0.2.7"),
            port: Some(65535),
            event: IpEventName::Upload,
            at: Some(time("2026-11-25T21:00:00Z")),
        }),
        additional_info: Some(hidden("Drill: a generated pattern")),
    }
}

fn full_person() -> ReportedPerson {
    ReportedPerson {
        esp_identifier: Some(hidden("user-17")),
        esp_service: Some("Example Chat".into()),
        screen_name: Some(hidden("drill \u{1F600} account")),
        email: Some(hidden("account@example.org")),
        profile_url: Some(hidden("https://example.org/u/17")),
        ip_events: vec![
            IpEvent {
                ip: hidden("192.0.2.7"),
                port: Some(40123),
                event: IpEventName::Login,
                at: Some(time("2026-11-25T20:00:00Z")),
            },
            IpEvent {
                ip: hidden("2001:db8::7"),
                port: None,
                event: IpEventName::Unknown,
                at: None,
            },
        ],
        additional_info: Some(hidden("Drill: nothing more is known")),
    }
}

fn full_draft() -> ReportDraft {
    ReportDraft {
        incident_type: IncidentType::Material,
        incident_time: time("2026-11-25T21:30:00Z"),
        escalate_reason: Some("Drill: a reason <with> markup & a bell \u{7}".into()),
        urls: vec![
            hidden("https://example.org/post/1?a=1&b=2"),
            hidden("https://example.org/post/2"),
        ],
        reporter: Reporter {
            phone: Some(hidden("+1 555 0100")),
            terms_of_service: Some("Section 4".into()),
            legal_url: Some("https://example.org/legal".into()),
            ..reporter()
        },
        person: Some(full_person()),
        additional_info: Some("Drill: a lone \u{0} here".into()),
        files: vec![full_file(), minimal_file()],
    }
}

fn valid(draft: ReportDraft) -> ValidReport {
    validate(draft, now()).expect("nothing is wrong with it")
}

#[track_caller]
fn check_xml(written: Vec<u8>, golden: &str) {
    let written = String::from_utf8(written).expect("text");
    assert_eq!(written, golden, "written:\n{written}");
}

#[test]
fn a_full_report_is_the_document_written_by_hand() {
    let report = valid(full_draft());
    check_xml(report.submit_xml(), include_str!("golden/report-full.xml"));
    check_xml(
        report.file_details_xml(0, 5_000_000_001, FILE_ID),
        include_str!("golden/file-full.xml"),
    );
}

#[test]
fn a_minimal_report_is_the_document_written_by_hand() {
    let report = valid(minimal_draft());
    check_xml(
        report.submit_xml(),
        include_str!("golden/report-minimal.xml"),
    );
    check_xml(
        report.file_details_xml(0, 5_000_000_001, FILE_ID),
        include_str!("golden/file-minimal.xml"),
    );
}

#[test]
fn blank_optional_fields_are_left_out() {
    let mut draft = minimal_draft();
    draft.escalate_reason = Some("  ".into());
    draft.additional_info = Some(String::new());
    draft.reporter.phone = Some(hidden(""));
    check_xml(
        valid(draft).submit_xml(),
        include_str!("golden/report-minimal.xml"),
    );
}

/// The text of case A45, without the lone surrogate, which no Rust string can hold.
#[test]
fn no_text_makes_the_document_unreadable() {
    let mut draft = minimal_draft();
    draft.additional_info = Some("a\u{7}b\u{b}c\u{1b}d\u{0}e<b>&\u{1F600}\u{FFFF}]]>".into());
    let xml = String::from_utf8(valid(draft).submit_xml()).expect("text");
    let line = "  <additionalInfo>a\u{FFFD}b\u{FFFD}c\u{FFFD}d\u{FFFD}e&lt;b&gt;&amp;\u{1F600}\u{FFFD}]]&gt;</additionalInfo>\n";
    assert!(xml.contains(line), "{xml}");
}

#[track_caller]
fn check_problem(change: impl FnOnce(&mut ReportDraft), sentence: &str) {
    let mut draft = full_draft();
    change(&mut draft);
    let problems = validate(draft, now()).expect_err("something is wrong with it");
    let texts: Vec<_> = problems.iter().map(Problem::to_string).collect();
    assert_eq!(texts, [sentence]);
}

#[test]
fn each_problem_is_named_with_its_field() {
    check_problem(
        |draft| draft.incident_time = now().plus_millis(1),
        "incident_time is in the future",
    );
    check_problem(
        |draft| draft.escalate_reason = Some("é".repeat(3001)),
        "escalate_reason is longer than 3000 characters",
    );
    check_problem(|draft| draft.urls.push(hidden(" ")), "urls is missing");
    check_problem(
        |draft| draft.reporter.company.clear(),
        "reporter.company is missing",
    );
    check_problem(
        |draft| draft.reporter.email = hidden(""),
        "reporter.email is missing",
    );
    check_problem(
        |draft| draft.reporter.email = hidden("nobody"),
        "reporter.email is no e-mail address",
    );
    check_problem(
        |draft| draft.reporter.phone = Some(hidden(&"1".repeat(51))),
        "reporter.phone is longer than 50 characters",
    );
    check_problem(
        |draft| draft.files.push(full_file()),
        "files.key names the same file twice",
    );
    check_problem(
        |draft| {
            draft.files[0]
                .digests
                .push(hash(Algorithm::Pdq, &"ab".repeat(32)))
        },
        "files.digests holds a hash that is no digest",
    );
}

#[test]
fn network_addresses_are_checked_where_they_stand() {
    check_problem(
        |draft| draft.files[0].ip_event = Some(ip_event("192.0.2.300", Some(1))),
        "files.ip_event.ip is no IPv4 or IPv6 address",
    );
    check_problem(
        |draft| draft.files[0].ip_event = Some(ip_event("192.0.2.3", Some(0))),
        "files.ip_event.port is 0; ports run from 1 to 65535",
    );
    let in_person = |draft: &mut ReportDraft| {
        let person = draft.person.as_mut().expect("a full draft has one");
        person.ip_events.push(ip_event("host.example", None));
    };
    check_problem(in_person, "person.ip_events.ip is no IPv4 or IPv6 address");
}

fn ip_event(ip: &str, port: Option<u16>) -> IpEvent {
    IpEvent {
        ip: hidden(ip),
        port,
        event: IpEventName::Other,
        at: None,
    }
}

#[test]
fn every_length_is_the_longest_that_is_taken() {
    let mut draft = full_draft();
    draft.escalate_reason = Some("é".repeat(3000));
    draft.reporter.phone = Some(hidden(&"1".repeat(50)));
    draft.files[0].original_file_name = Some(hidden(&"é".repeat(2056)));
    let person = draft.person.as_mut().expect("a full draft has one");
    person.esp_identifier = Some(hidden(&"é".repeat(255)));
    person.screen_name = Some(hidden(&"é".repeat(256)));
    assert!(validate(draft, now()).is_ok());
}

#[test]
fn all_problems_are_reported_at_once() {
    let mut draft = full_draft();
    draft.reporter.company.clear();
    draft.incident_time = now().plus_millis(60_000);
    let problems = validate(draft, now()).expect_err("two things are wrong");
    let kinds: Vec<_> = problems.into_iter().map(|problem| problem.kind).collect();
    assert_eq!(kinds, [ProblemKind::InFuture, ProblemKind::Missing]);
}

#[test]
fn a_draft_survives_its_stored_form_and_debug_shows_nothing_personal() {
    let draft = full_draft();
    let json = serde_json::to_string(&draft).expect("serialises");
    let back: ReportDraft = serde_json::from_str(&json).expect("reads back");
    assert_eq!(back, draft);
    let shown = format!("{:?}", valid(draft));
    for personal in ["Ada", "192.0.2", "account@", "drill ", "00112233", "/post/"] {
        assert!(!shown.contains(personal), "{personal}: {shown}");
    }
}
