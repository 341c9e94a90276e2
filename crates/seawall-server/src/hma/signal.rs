//! The kinds of signal and of content that clients of HMA speak of.

use seawall_core::{Algorithm, Form, Hash, HashRecord, HashReport, Place, View};
use seawall_store::Ratio;

use super::fault::Fault;
use crate::state::App;

/// A kind of hash, by the name that clients give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SignalType {
    /// PDQ of a picture.
    Pdq,
    /// MD5 of a video's bytes.
    VideoMd5,
    /// MD5 of any file's bytes.
    Md5,
    /// SHA-1 of any file's bytes.
    Sha1,
    /// SHA-256 of any file's bytes.
    Sha256,
}

impl SignalType {
    /// Every kind: those of HMA, then those that it does not have.
    pub(super) const ALL: [Self; 5] = [
        Self::Pdq,
        Self::VideoMd5,
        Self::Md5,
        Self::Sha1,
        Self::Sha256,
    ];

    /// The name in interfaces.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pdq => "pdq",
            Self::VideoMd5 => "video_md5",
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
        }
    }

    /// The algorithm: `md5` and `video_md5` are two names of one.
    pub(super) fn algorithm(self) -> Algorithm {
        match self {
            Self::Pdq => Algorithm::Pdq,
            Self::VideoMd5 | Self::Md5 => Algorithm::Md5,
            Self::Sha1 => Algorithm::Sha1,
            Self::Sha256 => Algorithm::Sha256,
        }
    }

    /// The kind with this name.
    pub(super) fn parse(name: &str) -> Result<Self, Fault> {
        let known = Self::ALL.into_iter().find(|kind| kind.name() == name);
        known.ok_or_else(|| Fault::bad(format!("No such SignalType '{}'", shown(name))))
    }

    /// Whether clients of HMA may ask for it.
    fn is_enabled(self, app: &App) -> bool {
        app.workflow.signal_ratio(self.name()) != Ratio::NONE
    }

    /// Nothing, if clients of HMA may ask for it.
    pub(super) fn check_enabled(self, app: &App) -> Result<(), Fault> {
        match self.is_enabled(app) {
            true => Ok(()),
            false => Err(Fault::bad(format!(
                "SignalType '{}' is not enabled",
                self.name()
            ))),
        }
    }

    /// Reads a signal of this kind.
    pub(super) fn signal(self, text: &str) -> Result<Hash, Fault> {
        Hash::parse(self.algorithm(), text).map_err(|_| {
            let digits = self.algorithm().bytes() * 2;
            Fault::bad(format!(
                "invalid signal: a {} has {digits} hexadecimal digits",
                self.name()
            ))
        })
    }

    /// How far apart two hashes are, in the words of HMA: `-` where they can only be equal.
    pub(super) fn distance_text(self, bits: u16) -> String {
        match self {
            Self::Pdq => bits.to_string(),
            Self::VideoMd5 | Self::Md5 | Self::Sha1 | Self::Sha256 => "-".to_owned(),
        }
    }

    /// The one value that stands for a file: as it is stored, of its first frame or page; where
    /// that one has too little detail, the next that has enough. It is empty only where the file
    /// was decoded and has none of usable quality.
    pub(super) fn value_of(self, report: &HashReport) -> String {
        let is_first = |record: &&HashRecord| record.view.is_none_or(|view| is_first_view(&view));
        let found = self.usable(report).find(is_first);
        let found = found.or_else(|| self.usable(report).next());
        found
            .map(|record| record.hash.to_string())
            .unwrap_or_default()
    }

    fn usable(self, report: &HashReport) -> impl Iterator<Item = &HashRecord> {
        let records = report.hashes.iter();
        records
            .filter(move |record| record.hash.algorithm() == self.algorithm() && record.is_usable())
    }

    /// Every usable hash of a file of this kind.
    pub(super) fn hashes_of(self, report: &HashReport) -> Vec<Hash> {
        let mut hashes: Vec<Hash> = self.usable(report).map(|record| record.hash).collect();
        hashes.sort_unstable();
        hashes.dedup();
        hashes
    }
}

fn is_first_view(view: &View) -> bool {
    let is_first_place = match view.place {
        Place::Whole => true,
        Place::Frame(number) | Place::Page(number) => number == 1,
        Place::Part(_) => false,
    };
    is_first_place && !view.upright && view.form == Form::Plain
}

/// A kind of content, which is also the name of the form's part that holds the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ContentType {
    /// A picture.
    Photo,
    /// A video.
    Video,
}

impl ContentType {
    /// Every kind.
    pub(super) const ALL: [Self; 2] = [Self::Photo, Self::Video];

    /// The name in interfaces.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Photo => "photo",
            Self::Video => "video",
        }
    }

    /// The kind with this name.
    pub(super) fn parse(name: &str) -> Result<Self, Fault> {
        let known = Self::ALL.into_iter().find(|kind| kind.name() == name);
        known.ok_or_else(|| Fault::bad(format!("no such content_type: '{}'", shown(name))))
    }

    /// What is computed where the client does not say: what HMA computes.
    fn usual_type(self) -> SignalType {
        match self {
            Self::Photo => SignalType::Pdq,
            Self::Video => SignalType::VideoMd5,
        }
    }

    fn has(self, kind: SignalType) -> bool {
        match kind {
            SignalType::Pdq => self == Self::Photo,
            SignalType::VideoMd5 => self == Self::Video,
            SignalType::Md5 | SignalType::Sha1 | SignalType::Sha256 => true,
        }
    }

    /// The kinds of signal that a client asks for of a content of this kind.
    pub(super) fn signal_types(
        self,
        app: &App,
        wanted: Option<&str>,
    ) -> Result<Vec<SignalType>, Fault> {
        let Some(wanted) = wanted else {
            let usual = self.usual_type();
            usual.check_enabled(app)?;
            return Ok(vec![usual]);
        };
        let mut kinds = Vec::new();
        for name in wanted.split(',').map(str::trim) {
            if name.is_empty() {
                continue;
            }
            let kind = SignalType::ALL.into_iter().find(|kind| kind.name() == name);
            let offered = |kind: &SignalType| self.has(*kind) && kind.is_enabled(app);
            let kind = kind.filter(offered).ok_or_else(|| {
                let (name, content) = (shown(name), self.name());
                Fault::bad(format!(
                    "signal type '{name}' doesn't exist or is disabled for a {content}"
                ))
            })?;
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        if kinds.is_empty() {
            return Err(Fault::bad("empty signal type selection"));
        }
        Ok(kinds)
    }
}

/// A name that the client gave, to be said back to it: never long, never more than a word.
pub(super) fn shown(name: &str) -> &str {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    match name.len() <= 32 && name.bytes().all(is_word) {
        true => name,
        false => "...",
    }
}
