//! The JSON form of results, the same on the command line, in the interface and between processes.

use std::fmt;

use seawall_core::{
    Algorithm, Hash, HashError, HashRecord, HashReport, Outcome, Quality, Reason, View,
};
use seawall_decode::media_type_from_name;
use serde::{Deserialize, Serialize};

/// One hash.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HashJson {
    /// `pdq`, `md5`, `sha1` or `sha256`.
    pub algorithm: Algorithm,
    /// Lower-case hexadecimal.
    pub value: String,
    /// 0 to 100, for PDQ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<u8>,
    /// Which form of the picture, for PDQ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<View>,
}

/// What was found out about one file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileReport {
    /// The file's name, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The media type, told from the content.
    pub media_type: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, where the outcome is not `hashed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What a careful reader should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The hashes: perceptual ones first, then digests.
    pub hashes: Vec<HashJson>,
}

impl fmt::Debug for HashJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HashJson({} [redacted])", self.algorithm)
    }
}

impl fmt::Debug for FileReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            outcome,
            reason,
            hashes,
            ..
        } = self;
        write!(f, "FileReport({outcome:?} {reason:?} {hashes:?})")
    }
}

impl From<&HashRecord> for HashJson {
    fn from(record: &HashRecord) -> Self {
        Self {
            algorithm: record.hash.algorithm(),
            value: record.hash.to_string(),
            quality: record.quality.map(|quality| quality.0),
            view: record.view,
        }
    }
}

impl From<&HashReport> for FileReport {
    fn from(report: &HashReport) -> Self {
        Self {
            file: None,
            media_type: report.media_type.name().to_owned(),
            outcome: report.outcome,
            reason: report.reason,
            notes: report.notes.clone(),
            hashes: report.hashes.iter().map(HashJson::from).collect(),
        }
    }
}

impl FileReport {
    /// The same report with the file's name.
    #[must_use]
    pub fn named(mut self, file: impl Into<String>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// The report that this is the JSON form of; the file's name is dropped.
    ///
    /// # Errors
    /// [`JsonError`] where a media type or a hash value is not one.
    pub fn to_report(&self) -> Result<HashReport, JsonError> {
        Ok(HashReport {
            media_type: media_type_from_name(&self.media_type).ok_or(JsonError::MediaType)?,
            outcome: self.outcome,
            reason: self.reason,
            notes: self.notes.clone(),
            hashes: self
                .hashes
                .iter()
                .map(HashJson::to_record)
                .collect::<Result<_, _>>()?,
        })
    }
}

impl HashJson {
    fn to_record(&self) -> Result<HashRecord, JsonError> {
        let quality = match self.quality {
            None => None,
            Some(quality @ 0..=100) => Some(Quality(quality)),
            Some(101..) => return Err(JsonError::Quality),
        };
        Ok(HashRecord {
            hash: Hash::parse(self.algorithm, &self.value)?,
            quality,
            view: self.view,
        })
    }
}

/// A JSON form that no report has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// A media type that Seawall never writes.
    #[error("reading a file report: unknown media type")]
    MediaType,
    /// A hash value that does not fit its algorithm.
    #[error("reading a file report: a hash value does not fit its algorithm")]
    Hash(#[from] HashError),
    /// A quality above 100.
    #[error("reading a file report: expected a quality from 0 to 100")]
    Quality,
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_core::{MediaType, PdqHash};

    fn report() -> HashReport {
        HashReport {
            media_type: MediaType::Jpeg,
            outcome: Outcome::Partial,
            reason: Some(Reason::Damaged),
            notes: vec!["hashed 32 of 120 frames".to_owned()],
            hashes: vec![
                HashRecord {
                    hash: Hash::Pdq(PdqHash([1, 2, 3, 4])),
                    quality: Some(Quality(77)),
                    view: Some(View::frame(12)),
                },
                HashRecord {
                    hash: Hash::Md5([0xAB; 16]),
                    quality: None,
                    view: None,
                },
            ],
        }
    }

    #[test]
    fn the_form_is_the_one_that_the_command_line_promises() {
        let json = serde_json::to_string(&FileReport::from(&report()).named("a.jpg"));
        let expected = concat!(
            r#"{"file":"a.jpg","media_type":"image/jpeg","outcome":"partial","reason":"damaged","#,
            r#""notes":["hashed 32 of 120 frames"],"hashes":[{"algorithm":"pdq","value":"#,
            r#""0000000000000001000000000000000200000000000000030000000000000004","#,
            r#""quality":77,"view":"frame:12"},"#,
            r#"{"algorithm":"md5","value":"abababababababababababababababab"}]}"#,
        );
        assert_eq!(json.expect("serialises"), expected);
    }

    #[test]
    fn a_report_survives_its_json_form() {
        let json = serde_json::to_string(&FileReport::from(&report())).expect("serialises");
        let read: FileReport = serde_json::from_str(&json).expect("its own form");
        assert_eq!(read.to_report(), Ok(report()));
    }

    #[test]
    fn forms_that_no_report_has_are_refused() {
        let mut form = FileReport::from(&report());
        form.hashes[0].quality = Some(101);
        assert_eq!(form.to_report(), Err(JsonError::Quality));
        form.hashes[0].value.pop();
        form.hashes[0].quality = None;
        assert!(matches!(form.to_report(), Err(JsonError::Hash(_))));
        form.media_type = "image/nonsense".to_owned();
        assert_eq!(form.to_report(), Err(JsonError::MediaType));
    }
}
