//! How an update is written.

use serde_json::{Value, json};

use super::fields::Field;
use super::{Descriptor, Indicator, Reaction, Status};
use crate::fault::Fault;
use crate::source::Row;

/// The fields of an update where none are asked for.
pub(super) const DEFAULT: &str = "id,indicator,type,creation_time,last_updated,should_delete,\
     tags,status,applications_with_opinions";

/// Words for the caller where a field is not known.
pub(super) fn check(fields: &[Field]) -> Result<(), &'static str> {
    const UPDATE: [&str; 9] = [
        "id",
        "indicator",
        "type",
        "creation_time",
        "last_updated",
        "should_delete",
        "tags",
        "status",
        "applications_with_opinions",
    ];
    // Of these the stand-in tells the first five.
    const DESCRIPTOR: [&str; 13] = [
        "id",
        "status",
        "tags",
        "reactions",
        "added_on",
        "my_reactions",
        "confidence",
        "description",
        "privacy_type",
        "raw_indicator",
        "review_status",
        "severity",
        "share_level",
    ];
    for field in fields {
        let known = match field.name.as_str() {
            "descriptors" => field.inner.iter().all(|inner| match inner.name.as_str() {
                "owner" => inner.inner.iter().all(|name| name.name == "id"),
                name => DESCRIPTOR.contains(&name) && inner.inner.is_empty(),
            }),
            name => UPDATE.contains(&name) && field.inner.is_empty(),
        };
        if !known {
            return Err("Tried accessing nonexisting field");
        }
    }
    Ok(())
}

/// One update, with the fields that are asked for. The number is always told.
pub(super) fn update(row: &Row<Indicator>, fields: &[Field], fault: Fault) -> Value {
    let mut told = json!({ "id": id(row) });
    for field in fields {
        let indicator = &row.value;
        let name = field.name.as_str();
        let value = match name {
            "id" => continue,
            "indicator" => json!(indicator.value),
            "type" => json!(indicator.kind),
            "creation_time" | "last_updated" => time(row.stamp.as_millis(), fault),
            "should_delete" => json!(row.withdrawn),
            // A tombstone has nothing else.
            _ if row.withdrawn => continue,
            "tags" => tags(indicator.descriptors.iter().flat_map(|d| &d.tags)),
            "status" => match indicator.descriptors.first() {
                Some(first) => json!(word(&Status::ALL, &first.status)),
                None => continue,
            },
            "applications_with_opinions" => {
                let owners = indicator.descriptors.iter().map(|d| d.owner.to_string());
                owners.collect()
            }
            _ => {
                let told = indicator.descriptors.iter();
                let added = row.stamp.to_string();
                let seconds = added.split('.').next().unwrap_or_default();
                let added = format!("{seconds}+0000");
                let told = told.map(|held| descriptor(held, &added, &field.inner));
                let told: Value = told.collect();
                json!({ "data": told })
            }
        };
        told[name] = value;
    }
    told
}

fn descriptor(descriptor: &Descriptor, added: &str, fields: &[Field]) -> Value {
    let mut told = json!({ "id": descriptor.id.to_string() });
    for field in fields {
        let name = field.name.as_str();
        told[name] = match name {
            "status" => json!(word(&Status::ALL, &descriptor.status)),
            "added_on" => json!(added),
            "owner" => json!({ "id": descriptor.owner.to_string() }),
            "tags" if descriptor.tags.is_empty() => continue,
            "tags" => tags(descriptor.tags.iter()),
            "reactions" if descriptor.reactions.is_empty() => continue,
            "reactions" => reactions(descriptor),
            _ => continue,
        };
    }
    told
}

fn reactions(descriptor: &Descriptor) -> Value {
    let told = descriptor.reactions.iter().map(|(reaction, apps)| {
        let apps: Vec<String> = apps.iter().map(u64::to_string).collect();
        json!({ "key": word(&Reaction::ALL, reaction), "value": apps.join(",") })
    });
    told.collect()
}

fn tags<'a>(tags: impl Iterator<Item = &'a String>) -> Value {
    let told: Value = tags
        .enumerate()
        .map(|(number, text)| json!({ "id": (1_000 + number).to_string(), "text": text }))
        .collect();
    json!({ "data": told })
}

/// Updates that stand in no group, to be told beside the true ones.
pub(super) fn strangers(fault: Fault, ms: i64) -> Vec<Value> {
    let one = |id: &str, kind: &str, value: &str, status: &str| {
        json!({
            "id": id, "indicator": value, "type": kind, "last_updated": ms.div_euclid(1000),
            "should_delete": false, "status": status,
            "descriptors": { "data": [{ "id": id, "owner": { "id": "3" }, "status": status }] },
        })
    };
    let value = "00ff".repeat(16);
    if fault == Fault::UnknownWords {
        vec![
            one("71", "HASH_UNHEARD_OF", &value, "MALICIOUS"),
            one("72", "HASH_UNHEARD_OF", &value, "PONDERED"),
        ]
    } else if fault == Fault::EmptyValues {
        vec![one("73", "HASH_PDQ", "", "MALICIOUS")]
    } else {
        Vec::new()
    }
}

fn id(row: &Row<Indicator>) -> String {
    (INDICATOR_ID_BASE + row.number).to_string()
}

fn time(ms: i64, fault: Fault) -> Value {
    if fault == Fault::FractionalSeconds {
        json!(ms as f64 / 1000.0)
    } else {
        json!(ms.div_euclid(1000))
    }
}

fn word<T: PartialEq>(all: &[(T, &'static str)], of: &T) -> &'static str {
    let found = all.iter().find(|(value, _)| value == of);
    found.map_or("", |(_, word)| word)
}

pub(super) fn named<T: Copy>(all: &[(T, &'static str)], word: &str) -> Option<T> {
    let found = all.iter().find(|(_, known)| *known == word);
    found.map(|(value, _)| *value)
}

const INDICATOR_ID_BASE: u64 = 4_000_000_000;
