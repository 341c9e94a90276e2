//! From a decided case to the draft of a report.

use seawall_casework::case::Decision;
use seawall_casework::context::{ChannelKind, UploadContext, UploadEvent};
use seawall_casework::report::{
    FileDraft, IncidentType, IpEvent, IpEventName, ReportDraft, ReportedPerson, Reporter,
};
use seawall_core::{Attribute, Manifestation, Redacted, Timestamp};
use seawall_store::CaseRecord;

/// What the case says, in the receiver's terms. The viewed flag comes from the record of who
/// looked, and from nowhere else.
pub(crate) fn draft(
    record: &CaseRecord,
    context: &UploadContext,
    decision: &Decision,
    reporter: &Reporter,
    now: Timestamp,
) -> ReportDraft {
    // A platform's clock may be ahead; the receiver refuses times in the future.
    let uploaded_at = context.uploaded_at.filter(|time| *time <= now);
    ReportDraft {
        incident_type: incident_type(decision.finding.manifestation),
        incident_time: uploaded_at.unwrap_or(record.upload.received_at),
        escalate_reason: escalation(&decision.finding.attributes),
        urls: context.url.iter().cloned().collect(),
        reporter: reporter.clone(),
        person: person(context, uploaded_at),
        additional_info: Some(summary(record)),
        files: vec![file(record, context, decision, uploaded_at)],
    }
}

fn file(
    record: &CaseRecord,
    context: &UploadContext,
    decision: &Decision,
    uploaded_at: Option<Timestamp>,
) -> FileDraft {
    FileDraft {
        key: record.evidence.id,
        original_file_name: context.file_name.clone(),
        uploaded_at,
        viewed_by_esp: record.was_fully_viewed(),
        publicly_available: Some(is_public(context.channel)),
        location_url: context.url.clone(),
        classification: decision.finding.classification,
        annotations: Vec::new(),
        digests: record.evidence.digests.to_vec(),
        ip_event: ip_event(context, uploaded_at),
        additional_info: None,
    }
}

fn person(context: &UploadContext, seen_at: Option<Timestamp>) -> Option<ReportedPerson> {
    let known =
        context.uploader_id.is_some() || context.screen_name.is_some() || context.ip.is_some();
    known.then(|| ReportedPerson {
        esp_identifier: context.uploader_id.clone(),
        screen_name: context.screen_name.clone(),
        ip_events: ip_event(context, seen_at).into_iter().collect(),
        ..ReportedPerson::default()
    })
}

fn ip_event(context: &UploadContext, seen_at: Option<Timestamp>) -> Option<IpEvent> {
    let ip = context.ip.as_ref()?;
    Some(IpEvent {
        ip: Redacted(ip.reveal().to_string()),
        port: context.port,
        event: event_name(context.event),
        at: seen_at,
    })
}

fn event_name(event: Option<UploadEvent>) -> IpEventName {
    match event {
        Some(UploadEvent::Login) => IpEventName::Login,
        Some(UploadEvent::Registration) => IpEventName::Registration,
        Some(UploadEvent::Purchase) => IpEventName::Purchase,
        Some(UploadEvent::Upload) => IpEventName::Upload,
        Some(UploadEvent::Other) => IpEventName::Other,
        Some(UploadEvent::Unknown) | None => IpEventName::Unknown,
    }
}

fn is_public(channel: ChannelKind) -> bool {
    match channel {
        ChannelKind::Public | ChannelKind::Profile => true,
        ChannelKind::Private | ChannelKind::File => false,
    }
}

fn incident_type(manifestation: Option<Manifestation>) -> IncidentType {
    use Manifestation::{M01, M02, M03, M04, M05, M06, M07, M08, M09, M10, M11, M12, M13, M14};
    match manifestation {
        Some(M04 | M05) => IncidentType::Enticement,
        Some(M10) => IncidentType::UnsolicitedMaterial,
        Some(M11) => IncidentType::Trafficking,
        Some(M12) => IncidentType::Tourism,
        Some(M01 | M02 | M03 | M06 | M07 | M08 | M09 | M13 | M14) | None => IncidentType::Material,
    }
}

fn escalation(attributes: &[Attribute]) -> Option<String> {
    attributes
        .contains(&Attribute::ImminentDanger)
        .then(|| "A reviewer marked this case: a child may be in imminent danger.".to_owned())
}

fn summary(record: &CaseRecord) -> String {
    let banks: std::collections::BTreeSet<&str> = record
        .matches
        .iter()
        .map(|found| found.bank_name.as_str())
        .collect();
    let nearest = record
        .matches
        .iter()
        .map(|found| found.distance.0)
        .min()
        .unwrap_or_default();
    let viewed = if record.was_fully_viewed() {
        "was"
    } else {
        "was not"
    };
    format!(
        "Found by matching against {} hash list(s); the nearest listed hash is {nearest} of 256 bits \
         away (0 also stands for an equal file digest). A person decided; the file {viewed} viewed \
         in full.",
        banks.len()
    )
}

/// What the sealed draft is bound to.
pub(crate) const DRAFT: &str = "report draft";
