//! Writes a valid report as the XML that the receiver's schema asks for.
//!
//! The schema is one long `xs:sequence`: an element in the wrong place is refused. Each
//! function below writes one type of it, its elements in the schema's order, and nothing
//! else decides about order. The same report gives the same bytes every time.

use seawall_core::{Algorithm, Hash, Redacted};

use super::draft::{FileDraft, IpEvent, ReportedPerson, Reporter};
use super::official::FileAnnotation;
use super::validate::ValidReport;
use super::xml::XmlWriter;

impl ValidReport {
    /// The body of a submit: a `report` document.
    #[must_use]
    pub fn submit_xml(&self) -> Vec<u8> {
        let draft = &self.draft;
        XmlWriter::document("report", |xml| {
            incident_summary(xml, self);
            internet_details(xml, &draft.urls);
            reporter(xml, &draft.reporter);
            if let Some(person) = &draft.person {
                reported_person(xml, person);
            }
            xml.text_if("additionalInfo", draft.additional_info.as_deref());
        })
    }

    /// The body of a file description: a `fileDetails` document for the file at this place
    /// in the draft, under the receiver's numbers.
    ///
    /// # Panics
    /// Where the draft has no such file.
    #[must_use]
    pub fn file_details_xml(&self, file: usize, report_id: u64, file_id: &str) -> Vec<u8> {
        let file = &self.draft.files[file];
        XmlWriter::document("fileDetails", |xml| {
            xml.text("reportId", &report_id.to_string());
            xml.text("fileId", file_id);
            file_details(xml, file);
        })
    }
}

fn incident_summary(xml: &mut XmlWriter, report: &ValidReport) {
    let draft = &report.draft;
    xml.element("incidentSummary", |xml| {
        xml.text("incidentType", draft.incident_type.official());
        xml.text_if("escalateToHighPriority", draft.escalate_reason.as_deref());
        xml.text("incidentDateTime", &draft.incident_time.to_string());
    });
}

fn internet_details(xml: &mut XmlWriter, urls: &[Redacted<String>]) {
    if urls.is_empty() {
        return;
    }
    xml.element("internetDetails", |xml| {
        xml.element("webPageIncident", |xml| {
            for url in urls {
                xml.text("url", url.reveal());
            }
        });
    });
}

fn reporter(xml: &mut XmlWriter, reporter: &Reporter) {
    xml.element("reporter", |xml| {
        xml.element("reportingPerson", |xml| {
            xml.text("firstName", reporter.contact_first_name.reveal());
            xml.text("lastName", reporter.contact_last_name.reveal());
            xml.text_if("phone", revealed(&reporter.phone));
            xml.text("email", reporter.email.reveal());
        });
        xml.text("companyTemplate", &reporter.company);
        xml.text_if("termsOfService", reporter.terms_of_service.as_deref());
        xml.text_if("legalURL", reporter.legal_url.as_deref());
    });
}

fn reported_person(xml: &mut XmlWriter, person: &ReportedPerson) {
    xml.element("personOrUserReported", |xml| {
        if let Some(email) = revealed(&person.email) {
            xml.element("personOrUserReportedPerson", |xml| xml.text("email", email));
        }
        xml.text_if("espIdentifier", revealed(&person.esp_identifier));
        xml.text_if("espService", person.esp_service.as_deref());
        xml.text_if("screenName", revealed(&person.screen_name));
        xml.text_if("profileUrl", revealed(&person.profile_url));
        for event in &person.ip_events {
            ip_capture_event(xml, event);
        }
        xml.text_if("additionalInfo", revealed(&person.additional_info));
    });
}

fn ip_capture_event(xml: &mut XmlWriter, event: &IpEvent) {
    xml.element("ipCaptureEvent", |xml| {
        xml.text("ipAddress", event.ip.reveal());
        xml.text("eventName", event.event.official());
        xml.value_if("dateTime", event.at);
        xml.value_if("port", event.port);
    });
}

fn file_details(xml: &mut XmlWriter, file: &FileDraft) {
    xml.text_if("originalFileName", revealed(&file.original_file_name));
    xml.value_if("uploadedToEspTimestamp", file.uploaded_at);
    xml.text_if("locationOfFile", revealed(&file.location_url));
    xml.text("fileViewedByEsp", &file.viewed_by_esp.to_string());
    xml.value_if("publiclyAvailable", file.publicly_available);
    file_annotations(xml, &file.annotations);
    let class = file.classification.map(|class| class.official());
    xml.text_if("industryClassification", class);
    for digest in &file.digests {
        original_file_hash(xml, digest);
    }
    if let Some(event) = &file.ip_event {
        ip_capture_event(xml, event);
    }
    xml.text_if("additionalInfo", revealed(&file.additional_info));
}

fn file_annotations(xml: &mut XmlWriter, annotations: &[FileAnnotation]) {
    if annotations.is_empty() {
        return;
    }
    xml.element("fileAnnotations", |xml| {
        for annotation in FileAnnotation::ALL {
            if annotations.contains(annotation) {
                xml.empty(annotation.official());
            }
        }
    });
}

fn original_file_hash(xml: &mut XmlWriter, digest: &Hash) {
    let kind = match digest.algorithm() {
        Algorithm::Md5 => "MD5",
        Algorithm::Sha1 => "SHA1",
        Algorithm::Sha256 => "SHA256",
        // A checked report holds none: see `validate`.
        Algorithm::Pdq => return,
    };
    xml.text_with("originalFileHash", "hashType", kind, &digest.to_string());
}

fn revealed(value: &Option<Redacted<String>>) -> Option<&str> {
    value
        .as_ref()
        .map(|value| value.reveal().as_str())
        .filter(|value| !value.trim().is_empty())
}
