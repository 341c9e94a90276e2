//! What the stand-in answers, and how it is written.

use std::fmt::Write as _;

/// One answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) code: i64,
    pub(super) description: String,
    pub(super) report_id: Option<u64>,
    pub(super) file_id: Option<String>,
    pub(super) md5: Option<String>,
    /// The ids of all files: set by a finish that worked, which answers in a form of its own.
    pub(super) finished: Option<Vec<String>>,
}

/// The code and the words of a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: i64,
    pub(super) words: String,
}

impl Refusal {
    pub(super) fn new(code: i64, words: impl Into<String>) -> Self {
        let words = words.into();
        Self { code, words }
    }
}

impl Answer {
    /// Success about a report.
    pub(super) fn about(report_id: u64) -> Self {
        Self {
            description: format!("Success ({STAND_IN})"),
            report_id: Some(report_id),
            ..Self::default()
        }
    }

    /// Success about nothing in particular.
    pub(super) fn says(words: &str) -> Self {
        Self {
            description: format!("{words} ({STAND_IN})"),
            ..Self::default()
        }
    }

    /// The XML of the answer.
    pub(super) fn xml(&self) -> String {
        match &self.finished {
            Some(files) => self.finish_xml(files),
            None => self.common_xml(),
        }
    }

    fn common_xml(&self) -> String {
        let mut body = format!(
            "<responseCode>{}</responseCode><responseDescription>{}</responseDescription>",
            self.code,
            escaped(&self.description)
        );
        if let Some(id) = self.report_id {
            let _ = write!(body, "<reportId>{id}</reportId>");
        }
        if let Some(id) = &self.file_id {
            let _ = write!(body, "<fileId>{id}</fileId>");
        }
        if let Some(md5) = &self.md5 {
            let _ = write!(body, "<hash>{md5}</hash>");
        }
        format!("{DECLARATION}<reportResponse>{body}</reportResponse>\n")
    }

    fn finish_xml(&self, files: &[String]) -> String {
        let mut body = format!("<responseCode>{}</responseCode>", self.code);
        if let Some(id) = self.report_id {
            let _ = write!(body, "<reportId>{id}</reportId>");
        }
        body.push_str("<files>");
        for id in files {
            let _ = write!(body, "<fileId>{id}</fileId>");
        }
        body.push_str("</files>");
        format!(
            "{DECLARATION}<!-- {STAND_IN} -->\n<reportDoneResponse>{body}</reportDoneResponse>\n"
        )
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self {
            code: refusal.code,
            description: format!("{} ({STAND_IN})", refusal.words),
            ..Self::default()
        }
    }
}

fn escaped(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

const STAND_IN: &str = "Seawall stand-in, not the CyberTipline";
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";

/// The codes that the stand-in answers with.
pub(super) mod code {
    pub(in super::super) const SAVE_FAILED: i64 = 1100;
    pub(in super::super) const RESOURCE_NOT_FOUND: i64 = 1210;
    pub(in super::super) const INVALID_REQUEST: i64 = 4000;
    pub(in super::super) const VALIDATION_FAILED: i64 = 4100;
    pub(in super::super) const MALFORMED_XML: i64 = 4110;
    pub(in super::super) const NO_SUCH_REPORT: i64 = 5001;
    pub(in super::super) const NO_SUCH_FILE: i64 = 5002;
    pub(in super::super) const ALREADY_RETRACTED: i64 = 5101;
    pub(in super::super) const ALREADY_FINISHED: i64 = 5102;
    /// On no list: for [`Fault::UnknownCode`](super::super::Fault::UnknownCode).
    pub(in super::super) const UNLISTED: i64 = 7777;
}
