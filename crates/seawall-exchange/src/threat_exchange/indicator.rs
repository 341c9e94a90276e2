//! One update of the list: an indicator, and what members say of it.

use seawall_core::{Algorithm, Hash, Redacted, Timestamp};
use serde_json::Value;

use crate::description::TimeFormat;
use crate::feed::{
    Entry, EntryKey, EntryState, Fingerprint, Media, Opinion, Page, SetAside, StatedOpinion,
};
use crate::json;

/// Reads an update into the page.
pub(super) fn read(place: usize, update: &Value, page: &mut Page) {
    let mut set_aside = |key: Option<EntryKey>, reason: &str| {
        page.set_aside.push(SetAside {
            place,
            key,
            reason: reason.to_owned(),
        });
    };
    let field = |name: &str| update.get(name).and_then(json::text);
    let Some(key) = field("id").and_then(|id| EntryKey::new(id).ok()) else {
        return set_aside(None, "it has no id");
    };
    let changed_at = field("last_updated").as_deref().and_then(time);
    let descriptors = descriptors(update);
    let vouching = descriptors.iter().find(|descriptor| descriptor.vouches());
    let is_deleted = update
        .get("should_delete")
        .is_some_and(|flag| *flag != Value::Bool(false));
    let mut entry = Entry {
        key,
        state: EntryState::Withdrawn,
        owner: None,
        class: descriptors
            .first()
            .map(|descriptor| descriptor.status.clone()),
        tags: Vec::new(),
        changed_at,
        fingerprints: Vec::new(),
        opinions: opinions(&descriptors),
    };
    if let (Some(vouching), false) = (vouching, is_deleted) {
        let tags = tags(&descriptors);
        let (Some(kind), Some(value)) = (field("type"), field("indicator")) else {
            return set_aside(Some(entry.key), "it has no type or no indicator");
        };
        let Some(fingerprint) = fingerprint(&kind, value, &tags) else {
            return set_aside(Some(entry.key), "its indicator is no hash of its type");
        };
        entry.state = EntryState::Active;
        entry.owner.clone_from(&vouching.owner);
        entry.class = Some(vouching.status.clone());
        entry.tags = tags;
        entry.fingerprints.push(fingerprint);
    }
    page.entries.push(entry);
}

/// What one member says of an indicator.
struct Descriptor {
    id: Option<String>,
    /// The app that says it; some are shown without.
    owner: Option<String>,
    status: String,
    tags: Vec<String>,
    /// The word, and the apps that say it.
    reactions: Vec<(String, Vec<String>)>,
}

impl Descriptor {
    /// Everything but a plain no does, a suspicion too.
    fn vouches(&self) -> bool {
        self.status != NON_MALICIOUS
    }

    fn opinion(&self) -> Opinion {
        match self.status.as_str() {
            MALICIOUS => Opinion::Agrees,
            NON_MALICIOUS => Opinion::Disagrees,
            _ => Opinion::Seen,
        }
    }
}

fn descriptors(update: &Value) -> Vec<Descriptor> {
    let values = update
        .pointer("/descriptors/data")
        .and_then(Value::as_array);
    let read = |value: &Value| Descriptor {
        id: value.get("id").and_then(json::text),
        owner: value.pointer("/owner/id").and_then(json::text),
        status: value.get("status").and_then(json::text).unwrap_or_default(),
        tags: tag_words(value.get("tags")),
        reactions: reactions(value.get("reactions")),
    };
    values.into_iter().flatten().map(read).collect()
}

/// Tags come as words, or as objects in an envelope.
fn tag_words(tags: Option<&Value>) -> Vec<String> {
    let tags = tags.map(|tags| tags.get("data").unwrap_or(tags));
    let tags = tags.and_then(Value::as_array).into_iter().flatten();
    tags.filter_map(|tag| json::text(tag.get("text").unwrap_or(tag)))
        .collect()
}

/// Reactions come as a word and the apps that say it, joined by commas.
fn reactions(reactions: Option<&Value>) -> Vec<(String, Vec<String>)> {
    let reactions = reactions.map(|all| all.get("data").unwrap_or(all));
    let reactions = reactions.and_then(Value::as_array).into_iter().flatten();
    let read = |reaction: &Value| {
        let word = reaction.get("key").and_then(json::text)?;
        let apps = reaction.get("value").and_then(json::text)?;
        let apps = apps.split(',').map(|app| app.trim().to_owned());
        Some((word, apps.filter(|app| !app.is_empty()).collect()))
    };
    reactions.filter_map(read).collect()
}

fn tags(descriptors: &[Descriptor]) -> Vec<String> {
    let mut tags: Vec<String> = descriptors
        .iter()
        .flat_map(|one| one.tags.clone())
        .collect();
    tags.sort();
    tags.dedup();
    tags
}

/// One opinion for each member: what they describe before what they react with, and a yes before
/// a no before a sighting.
fn opinions(descriptors: &[Descriptor]) -> Vec<StatedOpinion> {
    let mut stated: Vec<StatedOpinion> = Vec::new();
    for descriptor in descriptors {
        let Some(owner) = &descriptor.owner else {
            continue;
        };
        let id = descriptor.id.as_ref().map(|id| format!("{DESCRIPTOR}{id}"));
        let status = Some(descriptor.status.clone()).filter(|status| !status.is_empty());
        let own = status.into_iter().chain(descriptor.tags.clone()).chain(id);
        state(&mut stated, owner, descriptor.opinion(), own.collect());
    }
    let described = stated.len();
    for wanted in [Opinion::Agrees, Opinion::Disagrees, Opinion::Seen] {
        let all = descriptors
            .iter()
            .flat_map(|descriptor| &descriptor.reactions);
        for (word, apps) in all.filter(|(word, _)| reaction(word) == Some(wanted)) {
            for app in apps {
                if !stated[..described].iter().any(|one| one.by == *app) {
                    state(&mut stated, app, wanted, vec![word.clone()]);
                }
            }
        }
    }
    stated
}

/// Adds an opinion, or the reasons to the same one of the same member; the first one said stays.
fn state(stated: &mut Vec<StatedOpinion>, by: &str, opinion: Opinion, reasons: Vec<String>) {
    match stated.iter_mut().find(|one| one.by == by) {
        Some(one) if one.opinion == opinion => {
            let reasons = reasons
                .into_iter()
                .filter(|reason| !one.reasons.contains(reason));
            let reasons: Vec<String> = reasons.collect();
            one.reasons.extend(reasons);
        }
        Some(_) => {}
        None => stated.push(StatedOpinion {
            by: by.to_owned(),
            opinion,
            reasons,
        }),
    }
}

fn reaction(word: &str) -> Option<Opinion> {
    match word {
        "HELPFUL" => Some(Opinion::Agrees),
        "NOT_HELPFUL" | "DISAGREE_WITH_TAGS" => Some(Opinion::Disagrees),
        "SAW_THIS_TOO" => Some(Opinion::Seen),
        _ => None,
    }
}

/// The hash that an indicator is; `None` where it should be one and is not.
fn fingerprint(kind: &str, value: String, tags: &[String]) -> Option<Fingerprint> {
    let tagged = || {
        let is_video = tags.iter().any(|tag| tag == "media_type_video");
        if is_video {
            Media::Video
        } else {
            Media::Unknown
        }
    };
    let (algorithm, media) = match kind {
        "HASH_PDQ" => (Algorithm::Pdq, Media::Image),
        "HASH_MD5" => (Algorithm::Md5, tagged()),
        "HASH_VIDEO_MD5" => (Algorithm::Md5, Media::Video),
        "HASH_SHA1" => (Algorithm::Sha1, tagged()),
        "HASH_SHA256" => (Algorithm::Sha256, tagged()),
        "HASH_VIDEO_SHA256" => (Algorithm::Sha256, Media::Video),
        _ => {
            return Some(Fingerprint::Other {
                kind: kind.to_owned(),
                media: tagged(),
                value: Redacted(value),
            });
        }
    };
    Some(Fingerprint::Hash {
        hash: Hash::parse(algorithm, &value).ok()?,
        media,
        quality: None,
    })
}

/// Seconds since 1970, or RFC 3339 as the service writes it elsewhere (`+0000`).
fn time(text: &str) -> Option<Timestamp> {
    let seconds = TimeFormat::UnixSeconds.read(text);
    seconds.or_else(|| text.replace("+0000", "Z").parse().ok())
}

pub(super) const MALICIOUS: &str = "MALICIOUS";
pub(super) const NON_MALICIOUS: &str = "NON_MALICIOUS";
/// How an opinion's reasons name the description that it is.
pub(super) const DESCRIPTOR: &str = "descriptor:";
