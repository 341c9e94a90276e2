//! What parent and worker say to each other: the JSON heads of the frames.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use seawall::preview::PreviewStyle;
use seawall_core::{
    Algorithm, Hash, HashRecord, HashReport, Limits, MediaType, Outcome, Quality, Reason, View,
    ViewOptions,
};

use super::{Confinement, ProbeReport, WorkerError};

/// The first message to a worker: what it may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Setup {
    /// The parent's version; a worker of another one could hash otherwise.
    pub(super) version: String,
    pub(super) limits: Limits,
    /// Address space of the whole process.
    pub(super) address_space_bytes_max: u64,
    /// Processor time of the whole process, over all its files.
    pub(super) cpu_seconds_max: u64,
}

/// What the parent asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Request {
    /// The perceptual hashes of the file in the body.
    Hash { views: ViewOptions },
    /// The same in the fast mode, for one lookup.
    HashFast { views: ViewOptions },
    /// A picture to look at, of the file in the body.
    Preview {
        side_px_max: u32,
        blur: bool,
        greyscale: bool,
    },
    /// Tries what a worker must not be able to do.
    Probe,
}

/// What the worker answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Reply {
    /// To [`Setup`].
    Ready {
        version: String,
        confinement: Confinement,
    },
    /// To [`Request::Hash`] and [`Request::HashFast`].
    Hashed { report: WireReport },
    /// To [`Request::Preview`]; the PNG is the body.
    Rendered,
    /// To [`Request::Preview`], where nothing could be decoded.
    Refused { reason: Reason },
    /// To [`Request::Probe`].
    Probed { report: ProbeReport },
}

impl Request {
    pub(super) fn preview(style: PreviewStyle) -> Self {
        let PreviewStyle {
            side_px_max,
            blur,
            greyscale,
        } = style;
        Self::Preview {
            side_px_max,
            blur,
            greyscale,
        }
    }
}

/// A [`HashReport`] on its way. The media type is left out: the parent tells it from the
/// bytes itself, which needs no decoder.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WireReport {
    outcome: Outcome,
    reason: Option<Reason>,
    notes: Vec<String>,
    hashes: Vec<WireHash>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireHash {
    pdq: String,
    quality: Quality,
    view: View,
}

impl std::fmt::Debug for WireReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WireReport")
            .field("outcome", &self.outcome)
            .field("reason", &self.reason)
            .field("hashes", &self.hashes.len())
            .finish_non_exhaustive()
    }
}

impl From<&HashReport> for WireReport {
    /// Keeps the perceptual hashes; a worker computes no digests.
    fn from(report: &HashReport) -> Self {
        let hashes = report.hashes.iter().filter_map(|record| match record {
            HashRecord {
                hash: hash @ Hash::Pdq(_),
                quality: Some(quality),
                view: Some(view),
            } => Some(WireHash {
                pdq: hash.to_string(),
                quality: *quality,
                view: *view,
            }),
            _ => None,
        });
        Self {
            outcome: report.outcome,
            reason: report.reason,
            notes: report.notes.clone(),
            hashes: hashes.collect(),
        }
    }
}

impl WireReport {
    /// The report, if it is one that an honest worker can give.
    pub(super) fn into_report(self, media_type: MediaType) -> Result<HashReport, WorkerError> {
        let hashes: Vec<HashRecord> = self
            .hashes
            .iter()
            .map(WireHash::record)
            .collect::<Result<_, _>>()?;
        let usable = hashes.iter().any(HashRecord::is_usable);
        let consistent = match self.outcome {
            Outcome::Hashed => usable && self.reason.is_none(),
            Outcome::Unmatchable => !usable && self.reason.is_some(),
            Outcome::Partial => self.reason.is_some(),
            Outcome::Refused => hashes.is_empty() && self.reason.is_some(),
        };
        if !consistent || hashes.len() > HASHES_MAX {
            return Err(WorkerError::Message);
        }
        Ok(HashReport {
            media_type,
            outcome: self.outcome,
            reason: self.reason,
            notes: self
                .notes
                .iter()
                .take(NOTES_MAX)
                .map(|note| plain(note))
                .collect(),
            hashes,
        })
    }
}

impl WireHash {
    fn record(&self) -> Result<HashRecord, WorkerError> {
        if self.quality.0 > 100 {
            return Err(WorkerError::Message);
        }
        Ok(HashRecord {
            hash: Hash::parse(Algorithm::Pdq, &self.pdq).map_err(|_| WorkerError::Message)?,
            quality: Some(self.quality),
            view: Some(self.view),
        })
    }
}

/// A note cut to a line: people read notes, and a hostile worker could write anything.
fn plain(note: &str) -> String {
    note.chars()
        .filter(|character| !character.is_control())
        .take(NOTE_CHARACTERS_MAX)
        .collect()
}

/// The JSON of a message.
pub(super) fn encode(message: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(message).expect("these types have no map with keys other than strings")
}

/// The message of this JSON.
pub(super) fn decode<T: DeserializeOwned>(head: &[u8]) -> Result<T, WorkerError> {
    serde_json::from_slice(head).map_err(|_| WorkerError::Message)
}

/// More views than any file gives under ordinary limits: a file has at most `frames_max`
/// pictures and a few more, each in at most [`View::FORMS_MAX`] forms.
const HASHES_MAX: usize = View::FORMS_MAX * 512;
const NOTES_MAX: usize = 64;
const NOTE_CHARACTERS_MAX: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn report(values: &[([u8; 32], u8, u32)], notes: Vec<String>) -> HashReport {
        let hashes: Vec<HashRecord> = values
            .iter()
            .map(|(bytes, quality, frame)| HashRecord {
                hash: Hash::from_bytes(Algorithm::Pdq, bytes).expect("32 bytes"),
                quality: Some(Quality(quality % 101)),
                view: Some(View::frame(*frame)),
            })
            .collect();
        let usable = hashes.iter().any(HashRecord::is_usable);
        HashReport {
            media_type: MediaType::Gif,
            outcome: if usable {
                Outcome::Hashed
            } else {
                Outcome::Unmatchable
            },
            reason: (!usable).then_some(Reason::LowQuality),
            notes,
            hashes,
        }
    }

    proptest! {
        #[test]
        fn reports_survive_the_wire(
            values in prop::collection::vec(any::<([u8; 32], u8, u32)>(), 0..40),
            notes in prop::collection::vec("[a-z ]{0,40}", 0..4),
        ) {
            let report = report(&values, notes);
            let json = encode(&Reply::Hashed { report: WireReport::from(&report) });
            let Ok(Reply::Hashed { report: back }) = decode(&json) else {
                panic!("not the reply that was encoded")
            };
            prop_assert_eq!(back.into_report(MediaType::Gif).expect("a report"), report);
        }
    }

    #[test]
    fn answers_that_contradict_themselves_are_refused() {
        let usable = report(&[([7; 32], 100, 1)], Vec::new());
        let poor = report(&[([7; 32], 3, 1)], Vec::new());
        let none = report(&[], Vec::new());
        let cases = [
            (Outcome::Hashed, None, &poor),
            (Outcome::Hashed, None, &none),
            (Outcome::Hashed, Some(Reason::LowQuality), &usable),
            (Outcome::Unmatchable, Some(Reason::LowQuality), &usable),
            (Outcome::Unmatchable, None, &poor),
            (Outcome::Partial, None, &usable),
            (Outcome::Refused, Some(Reason::Damaged), &usable),
            (Outcome::Refused, None, &none),
        ];
        for (outcome, reason, base) in cases {
            let wire = WireReport {
                outcome,
                reason,
                ..WireReport::from(base)
            };
            let refused = wire.into_report(MediaType::Gif);
            assert!(
                matches!(refused, Err(WorkerError::Message)),
                "{outcome:?} {reason:?}"
            );
        }
    }

    #[test]
    fn notes_of_a_hostile_worker_stay_short_and_plain() {
        let wire = WireReport::from(&report(&[], vec!["a\u{1b}[31m\n".repeat(1000); 100]));
        let notes = wire.into_report(MediaType::Gif).expect("a report").notes;
        assert_eq!(notes.len(), NOTES_MAX);
        assert!(
            notes
                .iter()
                .all(|note| note.chars().count() == NOTE_CHARACTERS_MAX)
        );
        assert!(notes.iter().all(|note| !note.chars().any(char::is_control)));
    }
}
