//! How a file is written.

use std::fmt;
use std::str::FromStr;

use seawall_core::Algorithm;
use serde::Deserialize;

use super::json::Segment;
use super::mapping::Mapping;
use super::record::{Plan, Records};
use super::value::Kind;

/// How a file is written: a [`Preset`] or a mapping. `docs/exchanges/files.md` tells what a
/// mapping holds; as a part of a configuration file it reads the same.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Mapping")]
pub struct Layout {
    form: Form,
}

/// A layout that is public, or that needs no more than a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Preset {
    /// One hash a line, alone or as `md5sum` and its like write it, or a CSV file whose header
    /// speaks for itself: what [`list::parse`](crate::list::parse) reads. Where its rows name no
    /// kind, it is [told](Layout::with_kind) or the one that most of the first 1000 have.
    List,
    /// The lines of `tx`'s `local_file` exchange and of `tx dataset -P -S`: a signal type, a
    /// blank, a signal. With a kind, the signal alone.
    TxLocalFile,
    /// What `tx dataset -P --csv` writes.
    TxDataset,
    /// The columns `content_id`, `signal_type` and `signal_val` of HMA's table of signals, as
    /// CSV.
    HmaSignals,
    /// Answers of StopNCII's `FetchHashes`, one or several behind one another, read as its
    /// [feed](crate::stop_ncii) reads them: an entry has the same key.
    StopNcii,
}

impl Preset {
    /// Every preset.
    pub const ALL: [Self; 5] = [
        Self::List,
        Self::TxLocalFile,
        Self::TxDataset,
        Self::HmaSignals,
        Self::StopNcii,
    ];

    /// Its name in files and interfaces.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::TxLocalFile => "tx-local-file",
            Self::TxDataset => "tx-dataset",
            Self::HmaSignals => "hma-signals",
            Self::StopNcii => "stopncii",
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no preset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the presets are list, tx-local-file, tx-dataset, hma-signals and stopncii")]
pub struct PresetError;

impl FromStr for Preset {
    type Err = PresetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|preset| preset.name() == text);
        found.ok_or(PresetError)
    }
}

/// A mapping that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the layout: {problem}")]
pub struct LayoutError {
    /// The line of the mapping, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub problem: String,
}

impl Layout {
    /// Reads a mapping.
    ///
    /// # Errors
    /// [`LayoutError`] where it is no TOML, names a key that there is not, or says what cannot
    /// be.
    pub fn from_toml(text: &str) -> Result<Self, LayoutError> {
        toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start.min(text.len()));
            LayoutError {
                line: text.as_bytes()[..at]
                    .iter()
                    .filter(|&&byte| byte == b'\n')
                    .count()
                    + 1,
                problem: error.message().trim().to_owned(),
            }
        })
    }

    /// The same for a file whose rows name no kind, or `None` where this layout says what kind
    /// every hash is. Only [`Preset::List`] and [`Preset::TxLocalFile`] take one, the former only
    /// one that Seawall matches.
    #[must_use]
    pub fn with_kind(self, name: &str) -> Option<Self> {
        let form = match self.form {
            Form::List { .. } => Form::List {
                kind: Some(crate::list::algorithm(name)?),
            },
            Form::Typed { .. } => Form::Typed {
                kind: Some(Kind::named(name)),
            },
            Form::Table(_) | Form::Lines(_) | Form::Json { .. } => return None,
        };
        Some(Self { form })
    }

    pub(super) fn new(form: Form) -> Self {
        Self { form }
    }

    pub(super) fn into_form(self) -> Form {
        self.form
    }
}

impl From<Preset> for Layout {
    fn from(preset: Preset) -> Self {
        let mapping = match preset {
            Preset::List => return Self::new(Form::List { kind: None }),
            Preset::TxLocalFile => return Self::new(Form::Typed { kind: None }),
            Preset::TxDataset => TX_DATASET,
            Preset::HmaSignals => HMA_SIGNALS,
            Preset::StopNcii => {
                let path = vec![Segment::Field("hashRecords".to_owned())];
                let records = Records::StopNcii;
                return Self::new(Form::Json { records, path });
            }
        };
        Self::from_toml(mapping).expect("a test reads every preset")
    }
}

/// How to read a file.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// A plain list.
    List { kind: Option<Algorithm> },
    /// A kind and a value a line.
    Typed { kind: Option<Kind> },
    /// A table.
    Table(Box<Table>),
    /// A JSON record a line.
    Lines(Records),
    /// An array of records in a JSON document.
    Json {
        records: Records,
        /// Where the array is.
        path: Vec<Segment>,
    },
}

#[derive(Clone, Debug)]
pub(super) struct Table {
    /// By name or number of the column.
    pub(super) plan: Plan<String>,
    pub(super) separator: u8,
    pub(super) header: bool,
    pub(super) multiline: bool,
    pub(super) skip_lines: u64,
}

/// `threatexchange/cli/dataset_cmd.py`, `_print_csv`. A signal of the negative class is one that
/// the members hold to be none.
const TX_DATASET: &str = r#"
format = "csv"
multiline = true
owner = "collab"
class = "category"
tags = ["tags"]
tag_separator = " "
[status]
field = "category"
withdrawn = ["NEGATIVE_CLASS"]
[[hash]]
kind_in = "signal_type"
value = "signal_str"
"#;

/// `OpenMediaMatch/storage/postgres/database.py`, `ContentSignal`.
const HMA_SIGNALS: &str = r#"
format = "csv"
multiline = true
id = "content_id"
id_repeats = true
[[hash]]
kind_in = "signal_type"
value = "signal_val"
"#;
