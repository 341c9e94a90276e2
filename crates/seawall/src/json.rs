//! The JSON form of results, the same on the command line, in the interface and between processes.

use seawall_core::{Algorithm, HashRecord, HashReport, Outcome, Reason, View};
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
        Err(JsonError::MediaType)
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
    Hash(#[from] seawall_core::HashError),
}
