//! The XML of answers.

use std::fmt::Write as _;

use seawall_core::Timestamp;

use super::{Entry, Feedback, Fingerprint, Kind, Member, NAMESPACE, Opinion, REASONS, Value};
use crate::fault::Fault;
use crate::source::Row;

/// One page of a window.
pub(super) struct Page<'a> {
    pub(super) rows: Vec<Row<Entry>>,
    /// What members say beside what stands in the entries.
    pub(super) feedback: &'a [Feedback],
    /// The address of the next page, relative to the base.
    pub(super) next: Option<String>,
    pub(super) fault: Fault,
}

impl Page<'_> {
    pub(super) fn xml(&self) -> String {
        let mut body = self.group(Kind::Image);
        if self.fault == Fault::UnknownWords {
            let time = written(Timestamp::from_millis(0), self.fault);
            let _ = write!(
                body,
                "<audios count=\"1\" maxTimestamp=\"{time}\"><audio><member id=\"1\">Stand-in\
                 </member><timestamp>{time}</timestamp><id>unknown1</id><fingerprints>\
                 <waveprint>00</waveprint></fingerprints></audio></audios>"
            );
        }
        body.push_str(&self.group(Kind::Video));
        if let Some(next) = &self.next {
            let _ = write!(body, "<paging><next>{}</next></paging>", escaped(next));
        }
        document("queryResult", &body)
    }

    /// The entries of one kind; nothing where there are none.
    fn group(&self, kind: Kind) -> String {
        let rows = || self.rows.iter().filter(|row| row.value.kind == kind);
        let Some(newest) = rows().map(|row| row.stamp).max() else {
            return String::new();
        };
        let name = match kind {
            Kind::Image => "images",
            Kind::Video => "videos",
        };
        let entries: String = rows().map(|row| self.entry(row)).collect();
        let (count, newest) = (rows().count(), written(newest, self.fault));
        format!("<{name} count=\"{count}\" maxTimestamp=\"{newest}\">{entries}</{name}>")
    }

    fn entry(&self, row: &Row<Entry>) -> String {
        let entry = &row.value;
        let member = member(&entry.member);
        let (id, time) = (escaped(&entry.id), written(row.stamp, self.fault));
        if row.withdrawn {
            let name = match entry.kind {
                Kind::Image => "deletedImage",
                Kind::Video => "deletedVideo",
            };
            return format!("<{name}>{member}<id>{id}</id><timestamp>{time}</timestamp></{name}>");
        }
        let name = match entry.kind {
            Kind::Image => "image",
            Kind::Video => "video",
        };
        let class = match &entry.classification {
            Some(class) => format!("<classification>{}</classification>", escaped(class)),
            None => String::new(),
        };
        format!(
            "<{name}>{member}<timestamp>{time}</timestamp><id>{id}</id>{class}\
             <fingerprints>{}</fingerprints>{}</{name}>",
            self.fingerprints(row),
            self.feedback(row),
        )
    }

    fn fingerprints(&self, row: &Row<Entry>) -> String {
        let mut body = String::new();
        for kind in Fingerprint::ALL {
            let name = kind.element();
            match row.value.fingerprints.get(&kind) {
                Some(Value::Inline(value)) if self.fault == Fault::EmptyValues => {
                    let value = escaped(value).to_uppercase();
                    let _ = write!(body, "<{name}>\n  {value} </{name}>");
                }
                Some(Value::Inline(value)) => {
                    let _ = write!(body, "<{name}>{}</{name}>", escaped(value));
                }
                Some(Value::Linked(_)) => {
                    let (id, word) = (row.number, kind.word());
                    let _ = write!(
                        body,
                        "<{name} rel=\"self\" href=\"/v2/entries/{id}/fingerprints/{word}\"/>"
                    );
                }
                None if self.fault == Fault::EmptyValues && kind == Fingerprint::Sha1 => {
                    let _ = write!(body, "<{name}></{name}>");
                }
                None if self.fault == Fault::EmptyValues => {
                    let _ = write!(body, "<{name}/>");
                }
                None => {}
            }
        }
        if self.fault == Fault::UnknownWords {
            body.push_str("<newprint>0011223344</newprint>");
        }
        body
    }

    fn feedback(&self, row: &Row<Entry>) -> String {
        let entry = &row.value;
        let about =
            |said: &&Feedback| said.entry_member == entry.member.id && said.entry_id == entry.id;
        let received = self.feedback.iter().filter(about);
        let said: Vec<&Feedback> = entry.feedback.iter().chain(received).collect();
        if said.is_empty() {
            return String::new();
        }
        let time = written(row.stamp, self.fault);
        let said: String = said.iter().map(|said| opinion(said, &time)).collect();
        format!("<feedback lastUpdateTimestamp=\"{time}\">{said}</feedback>")
    }
}

fn opinion(said: &Feedback, time: &str) -> String {
    let members = format!(
        "<members timestamp=\"{time}\">{}</members>",
        member(&said.member)
    );
    let kind = said.fingerprint.title();
    let attributes = format!("type=\"{kind}\" lastUpdateTimestamp=\"{time}\"");
    match &said.opinion {
        Opinion::Affirmative => {
            format!("<affirmativeFeedback {attributes}>{members}</affirmativeFeedback>")
        }
        Opinion::Negative(guids) => {
            let reasons: String = guids
                .iter()
                .map(|guid| format!("{}{members}", reason(guid, kind)))
                .collect();
            format!(
                "<negativeFeedback {attributes}><reasons>{reasons}</reasons></negativeFeedback>"
            )
        }
    }
}

fn reason(guid: &str, kind: &str) -> String {
    let known = REASONS.iter().find(|(known, _)| *known == guid);
    let name = known.map_or("", |(_, name)| name);
    let guid = escaped(guid);
    format!("<reason guid=\"{guid}\" name=\"{name}\" type=\"{kind}\"/>")
}

/// The reasons there are for a kind of fingerprint.
pub(super) fn reasons(kind: Fingerprint) -> String {
    let reasons: String = REASONS
        .iter()
        .map(|(guid, _)| reason(guid, kind.title()))
        .collect();
    document("availableFeedbackReasons", &reasons)
}

/// Who the caller is.
pub(super) fn status(username: &str, of: &Member) -> String {
    let body = format!(
        "<ipAddress>127.0.0.1</ipAddress><username>{}</username>{}",
        escaped(username),
        member(of)
    );
    document("status", &body)
}

/// Everybody who takes part.
pub(super) fn members<'a>(all: impl Iterator<Item = &'a Member>) -> String {
    document("members", &all.map(member).collect::<String>())
}

/// A document with this root.
pub(super) fn document(root: &str, body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
         <{root} xmlns=\"{NAMESPACE}\">{body}</{root}>\n"
    )
}

fn member(member: &Member) -> String {
    let name = escaped(&member.name);
    format!("<member id=\"{}\">{name}</member>", member.id)
}

/// A time in whole seconds, or with what is beyond them.
fn written(time: Timestamp, fault: Fault) -> String {
    let text = time.to_string();
    match text.split_once('.') {
        Some((seconds, _)) if fault != Fault::FractionalSeconds => format!("{seconds}Z"),
        Some(_) | None => text,
    }
}

fn escaped(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}
