//! A layout as TOML.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, Visitor};

use super::json::Segment;
use super::layout::{Form, Layout, Preset, Table};
use super::record::{HashPlan, KindPlan, Named, Plan, Records, StatusPlan};
use super::value::{Kind, Times, Writing};
use crate::feed::Media;

/// What stands in the TOML. `docs/exchanges/files.md` explains each key.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mapping {
    #[serde(default, deserialize_with = "preset")]
    preset: Option<Preset>,
    kind: Option<String>,
    format: Option<Format>,
    #[serde(default, deserialize_with = "separator")]
    separator: Option<u8>,
    header: Option<bool>,
    multiline: Option<bool>,
    skip_lines: Option<u64>,
    #[serde(default, deserialize_with = "records")]
    records: Option<Vec<Segment>>,
    #[serde(default)]
    hash: Vec<HashMapping>,
    id: Option<Field>,
    #[serde(default)]
    id_repeats: bool,
    class: Option<Field>,
    owner: Option<Field>,
    media: Option<Field>,
    #[serde(default)]
    tags: Vec<Field>,
    tag_separator: Option<char>,
    added: Option<Field>,
    changed: Option<Field>,
    removed: Option<Field>,
    #[serde(default, deserialize_with = "times")]
    times: Times,
    status: Option<StatusMapping>,
    #[serde(default)]
    kinds: BTreeMap<String, String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    Csv,
    Tsv,
    Json,
    Ndjson,
}

/// The name of a column, its number where there is no header, or a pointer into a JSON record.
#[derive(Clone)]
struct Field(String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatusMapping {
    field: Field,
    withdrawn: Vec<String>,
    #[serde(default)]
    active: Vec<String>,
}

#[derive(Deserialize)]
#[serde(try_from = "HashToml")]
struct HashMapping(HashPlan<Field>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HashToml {
    value: Field,
    kind: Option<String>,
    kind_in: Option<Field>,
    each: Option<Field>,
    media: Option<Media>,
    quality: Option<Field>,
    #[serde(default)]
    writing: Writing,
}

/// What is wrong with a mapping as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum MappingError {
    #[error("say how the file is written: `format`, or `preset`")]
    NoFormat,
    #[error("a preset takes no other key than `kind`")]
    Preset,
    #[error("this preset takes no such `kind`")]
    PresetKind,
    #[error("`kind` belongs to a preset, or under [[hash]]")]
    Kind,
    #[error("name at least one hash: [[hash]] with `value` and `kind` or `kind_in`")]
    NoHash,
    #[error("[[hash]] takes one of `kind` and `kind_in`")]
    HashKind,
    #[error("`separator`, `header`, `multiline` and `skip_lines` are for csv and tsv")]
    TableOnly,
    #[error("`records` is for json")]
    JsonOnly,
    #[error("`each` is for json and ndjson")]
    EachOnly,
    #[error("without a header, columns are named by their number, from 1")]
    Number,
    #[error("`id_repeats` needs an `id`")]
    Repeats,
    #[error("[status] needs a word for what was withdrawn")]
    Status,
}

impl TryFrom<Mapping> for Layout {
    type Error = MappingError;

    fn try_from(mapping: Mapping) -> Result<Self, MappingError> {
        if let Some(preset) = mapping.preset {
            return mapping.with_preset(preset);
        }
        if mapping.kind.is_some() {
            return Err(MappingError::Kind);
        }
        let format = mapping.format.ok_or(MappingError::NoFormat)?;
        let is_table = matches!(format, Format::Csv | Format::Tsv);
        mapping.check(format, is_table)?;
        let path = mapping.records.clone().unwrap_or_default();
        let table = (
            mapping.separator,
            mapping.header,
            mapping.multiline,
            mapping.skip_lines,
        );
        let plan = mapping.plan()?;
        if !is_table {
            let plan = plan.map(|named| Ok::<_, MappingError>(pointer(&named.field.0)))?;
            return Ok(Self::new(match format {
                Format::Json => Form::Json {
                    records: Records::Planned(Box::new(plan)),
                    path,
                },
                Format::Csv | Format::Tsv | Format::Ndjson => {
                    Form::Lines(Records::Planned(Box::new(plan)))
                }
            }));
        }
        let (separator, header, multiline, skip_lines) = table;
        let usual = if format == Format::Tsv { b'\t' } else { b',' };
        let plan = plan.map(|named| Ok::<_, MappingError>(named.field.0.clone()))?;
        let header = header.unwrap_or(true);
        if !header {
            plan.map(column_number)?;
        }
        Ok(Self::new(Form::Table(Box::new(Table {
            plan,
            separator: separator.unwrap_or(usual),
            header,
            multiline: multiline.unwrap_or(false),
            skip_lines: skip_lines.unwrap_or(0),
        }))))
    }
}

/// The index of a column that is named by its number.
pub(super) fn column_number(named: &Named<String>) -> Result<usize, MappingError> {
    let number: usize = named.field.parse().map_err(|_| MappingError::Number)?;
    number.checked_sub(1).ok_or(MappingError::Number)
}

impl Mapping {
    fn with_preset(self, preset: Preset) -> Result<Layout, MappingError> {
        let has_more = self.format.is_some()
            || self.has_table_keys()
            || self.records.is_some()
            || !self.hash.is_empty()
            || self.id_repeats
            || !self.tags.is_empty()
            || self.tag_separator.is_some()
            || self.status.is_some()
            || self.times != Times::Iso
            || !self.kinds.is_empty()
            || self.fields().is_some();
        if has_more {
            return Err(MappingError::Preset);
        }
        let layout = Layout::from(preset);
        match self.kind {
            Some(kind) => layout.with_kind(&kind).ok_or(MappingError::PresetKind),
            None => Ok(layout),
        }
    }

    fn has_table_keys(&self) -> bool {
        self.separator.is_some()
            || self.header.is_some()
            || self.multiline.is_some()
            || self.skip_lines.is_some()
    }

    /// The first of the single fields that is named.
    fn fields(&self) -> Option<&Field> {
        let fields = [
            &self.id,
            &self.class,
            &self.owner,
            &self.media,
            &self.added,
            &self.changed,
            &self.removed,
        ];
        fields.into_iter().flatten().next()
    }

    fn check(&self, format: Format, is_table: bool) -> Result<(), MappingError> {
        if !is_table && self.has_table_keys() {
            return Err(MappingError::TableOnly);
        }
        if format != Format::Json && self.records.is_some() {
            return Err(MappingError::JsonOnly);
        }
        if is_table && self.hash.iter().any(|hash| hash.0.each.is_some()) {
            return Err(MappingError::EachOnly);
        }
        if self.hash.is_empty() {
            return Err(MappingError::NoHash);
        }
        if self.id_repeats && self.id.is_none() {
            return Err(MappingError::Repeats);
        }
        Ok(())
    }

    fn plan(self) -> Result<Plan<Field>, MappingError> {
        let kinds = self.kinds.iter();
        let kinds: HashMap<String, Kind> = kinds
            .map(|(word, kind)| (word.trim().to_lowercase(), Kind::named(kind)))
            .collect();
        Ok(Plan {
            hashes: self.hash.into_iter().map(|hash| hash.0).collect(),
            id: self.id.map(named),
            class: self.class.map(named),
            owner: self.owner.map(named),
            media: self.media.map(named),
            added: self.added.map(named),
            changed: self.changed.map(named),
            removed: self.removed.map(named),
            status: self.status.map(StatusMapping::plan).transpose()?,
            tags: self.tags.into_iter().map(named).collect(),
            tag_separator: self.tag_separator,
            times: self.times,
            kinds,
            id_repeats: self.id_repeats,
        })
    }
}

impl StatusMapping {
    fn plan(self) -> Result<StatusPlan<Field>, MappingError> {
        if self.withdrawn.is_empty() {
            return Err(MappingError::Status);
        }
        let lower = |words: Vec<String>| {
            words
                .iter()
                .map(|word| word.trim().to_lowercase())
                .collect()
        };
        Ok(StatusPlan {
            field: named(self.field),
            withdrawn: lower(self.withdrawn),
            active: lower(self.active),
        })
    }
}

impl TryFrom<HashToml> for HashMapping {
    type Error = MappingError;

    fn try_from(toml: HashToml) -> Result<Self, MappingError> {
        let kind = match (toml.kind, toml.kind_in) {
            (Some(kind), None) => KindPlan::Is(Kind::named(&kind)),
            (None, Some(field)) => KindPlan::In(named(field)),
            (Some(_), Some(_)) | (None, None) => return Err(MappingError::HashKind),
        };
        Ok(Self(HashPlan {
            each: toml.each.map(named),
            value: named(toml.value),
            kind,
            media: toml.media,
            quality: toml.quality.map(named),
            writing: toml.writing,
        }))
    }
}

fn named(field: Field) -> Named<Field> {
    Named {
        name: field.0.clone(),
        field,
    }
}

/// A JSON pointer (RFC 6901); a name that is none is a field of the record.
fn pointer(text: &str) -> String {
    if text.is_empty() || text.starts_with('/') {
        return text.to_owned();
    }
    format!("/{}", text.replace('~', "~0").replace('/', "~1"))
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;
        impl Visitor<'_> for Names {
            type Value = Field;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name or the number of a column, or a JSON pointer")
            }

            fn visit_str<E>(self, text: &str) -> Result<Field, E> {
                Ok(Field(text.to_owned()))
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Field, E> {
                if number < 1 {
                    return Err(E::custom("columns are counted from 1"));
                }
                Ok(Field(number.to_string()))
            }
        }
        deserializer.deserialize_any(Names)
    }
}

fn preset<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Preset>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(D::Error::custom)
}

fn separator<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.as_bytes() {
        &[byte] if byte.is_ascii() && !b"\"\r\n".contains(&byte) => Ok(Some(byte)),
        _ => Err(D::Error::custom(
            "a separator is one ASCII character, and no quotation mark",
        )),
    }
}

fn records<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Segment>>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let segments = Segment::path(&text).ok_or_else(|| {
        D::Error::custom(
            "`records` is a JSON pointer, such as /value, or empty for the document itself",
        )
    })?;
    Ok(Some(segments))
}

fn times<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Times, D::Error> {
    let text = String::deserialize(deserializer)?;
    Times::named(&text).ok_or_else(|| {
        D::Error::custom("`times` is iso, unix_s, unix_ms or a pattern such as %d/%m/%Y")
    })
}
