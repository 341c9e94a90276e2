//! One page of a list: what the partner answers to `entries`.

use std::collections::BTreeSet;

use seawall_core::{Algorithm, Hash, Redacted};

use super::document::{self, Element};
use crate::feed::{
    Entry, EntryKey, EntryState, FeedError, Fingerprint, Media, Opinion, SetAside, StatedOpinion,
};

/// A page that was read.
#[derive(Debug, Default)]
pub(super) struct Answered {
    pub(super) entries: Vec<Entry>,
    pub(super) set_aside: Vec<SetAside>,
    /// How many entries the page held, of whichever member.
    pub(super) count: usize,
    /// The link to the next page.
    pub(super) next: Option<String>,
}

impl Answered {
    /// Reads a page, and keeps the entries of these members.
    ///
    /// # Errors
    /// [`FeedError::Unreadable`] where it is no page. A single entry that cannot be read is set
    /// aside.
    pub(super) fn read(bytes: &[u8], members: Option<&BTreeSet<u64>>) -> Result<Self, FeedError> {
        let root = document::read(bytes, &["queryResult"])?;
        let mut page = Self::default();
        for group in &root.children {
            let media = match group.name.as_str() {
                "images" => Media::Image,
                "videos" => Media::Video,
                _ => Media::Unknown,
            };
            let is_entry = |element: &&Element| {
                // What stands in an unknown group may be something else altogether.
                media != Media::Unknown || element.child("id").is_some()
            };
            for element in group.children.iter().filter(is_entry) {
                page.count += 1;
                page.take(element, media, members);
            }
        }
        let link = root
            .child("paging")
            .and_then(|paging| paging.text_of("next"));
        page.next = link.map(str::to_owned);
        Ok(page)
    }

    fn take(&mut self, element: &Element, media: Media, members: Option<&BTreeSet<u64>>) {
        let mut notes = Vec::new();
        let key = match read_key(element) {
            Ok((member, _)) if members.is_some_and(|members| !members.contains(&member)) => return,
            Ok((member, key)) => {
                match read_entry(element, media, member, &key, &mut notes) {
                    Some(entry) => self.entries.push(entry),
                    None => notes.push("an entry of an unknown kind".to_owned()),
                }
                Some(key)
            }
            Err(reason) => {
                notes.push(reason.to_owned());
                None
            }
        };
        let place = self.count;
        self.set_aside
            .extend(notes.into_iter().map(|reason| SetAside {
                place,
                key: key.clone(),
                reason,
            }));
    }
}

/// The number of an entry's member, and the entry's key.
fn read_key(element: &Element) -> Result<(u64, EntryKey), &'static str> {
    let member = element
        .child("member")
        .and_then(|member| member.attribute("id"))
        .and_then(|id| id.parse::<u64>().ok())
        .ok_or("an entry without the number of its member")?;
    let id = element.text_of("id").ok_or("an entry without an id")?;
    let key = EntryKey::new(format!("{member}-{id}"))
        .map_err(|_| "an entry whose id is longer or of other characters than a key may be")?;
    Ok((member, key))
}

/// Reads an entry; `None` where it is of an unknown kind.
fn read_entry(
    element: &Element,
    media: Media,
    member: u64,
    key: &EntryKey,
    notes: &mut Vec<String>,
) -> Option<Entry> {
    let state = match element.name.as_str() {
        "image" | "video" => EntryState::Active,
        "deletedImage" | "deletedVideo" => EntryState::Withdrawn,
        _ => return None,
    };
    let changed_at = element.text_of("timestamp").and_then(|text| {
        let time = text.parse().ok();
        if time.is_none() {
            notes.push("its timestamp is no time with a zone".to_owned());
        }
        time
    });
    let fingerprints = match state {
        EntryState::Active => fingerprints(element, media, notes),
        EntryState::Withdrawn => Vec::new(),
    };
    Some(Entry {
        key: key.clone(),
        state,
        owner: Some(member.to_string()),
        class: element.text_of("classification").map(str::to_owned),
        tags: Vec::new(),
        changed_at,
        fingerprints,
        opinions: opinions(element, notes),
    })
}

/// The fingerprints of an entry. Those without a value are left out, those given by a link are
/// kept without it: the partner asks not to store its links.
fn fingerprints(entry: &Element, media: Media, notes: &mut Vec<String>) -> Vec<Fingerprint> {
    let Some(group) = entry.child("fingerprints") else {
        return Vec::new();
    };
    let mut fingerprints = Vec::new();
    for element in group.children.iter().filter(|child| !child.is("")) {
        let is_linked = element.attribute("href").is_some();
        let Some(value) = element.text().or(is_linked.then_some("")) else {
            continue;
        };
        let kind = kind_of(&element.name);
        let algorithm = Algorithm::from_name(&kind.to_ascii_lowercase());
        let hash = algorithm.and_then(|algorithm| Hash::parse(algorithm, value).ok());
        if let (Some(algorithm), None, false) = (algorithm, hash, value.is_empty()) {
            notes.push(format!("its {algorithm} is none: kept as it came"));
        }
        fingerprints.push(match hash {
            Some(hash) => Fingerprint::Hash {
                hash,
                media,
                quality: None,
            },
            None => Fingerprint::Other {
                kind,
                media,
                value: Redacted(value.to_owned()),
            },
        });
    }
    fingerprints
}

/// The partner's name of a kind of fingerprint, of whichever spelling its element has.
fn kind_of(name: &str) -> String {
    fn letters(text: &str) -> impl Iterator<Item = u8> {
        let letters = text.bytes().filter(|b| !matches!(b, b'-' | b'_'));
        letters.map(|b| b.to_ascii_uppercase())
    }
    let is_it = |kind: &&str| letters(kind).eq(letters(name));
    let known = KINDS.into_iter().find(is_it);
    known.map_or_else(
        || name.to_ascii_uppercase().replace('-', "_"),
        str::to_owned,
    )
}

const KINDS: [&str; 9] = [
    "MD5",
    "SHA1",
    "PDNA",
    "PDQ",
    "NETCLEAN",
    "VIDENTIFIER",
    "TMK_PDQF",
    "SSVH_PDNA",
    "SSVH_SAFER_HASH",
];

/// What members say of an entry. A reason bears the kind of fingerprint that it is about.
fn opinions(entry: &Element, notes: &mut Vec<String>) -> Vec<StatedOpinion> {
    let mut opinions = Vec::new();
    let feedback = entry.child("feedback").map(|group| &group.children);
    for element in feedback.into_iter().flatten() {
        match element.name.as_str() {
            "affirmativeFeedback" => {
                let members = element.child("members");
                state(&mut opinions, members, Opinion::Agrees, &[]);
            }
            "negativeFeedback" => disagreements(&mut opinions, element),
            "" => {}
            _ => notes.push("feedback of an unknown kind".to_owned()),
        }
    }
    opinions
}

/// Reasons and the members who give them follow one another inside `reasons`.
fn disagreements(opinions: &mut Vec<StatedOpinion>, feedback: &Element) {
    let kind = feedback.attribute("type").map(kind_of);
    let mut reasons = Vec::new();
    let mut are_told = false;
    let parts = feedback.child("reasons").map(|reasons| &reasons.children);
    for part in parts.into_iter().flatten() {
        if part.is("reason") {
            if are_told {
                reasons.clear();
                are_told = false;
            }
            let words = part.attribute("name").or(part.attribute("guid"));
            let fresh = words.map(|words| match &kind {
                Some(kind) => format!("{kind}: {words}"),
                None => words.to_owned(),
            });
            reasons.extend(fresh.filter(|_| reasons.len() < REASONS_MAX));
        }
        let members = match part.name.as_str() {
            "members" => Some(part),
            _ => part.child("members"),
        };
        if members.is_some() {
            state(opinions, members, Opinion::Disagrees, &reasons);
            are_told = true;
        }
    }
    // Somebody disagrees, even where no reason is given.
    state(opinions, feedback.child("members"), Opinion::Disagrees, &[]);
}

fn state(
    opinions: &mut Vec<StatedOpinion>,
    members: Option<&Element>,
    opinion: Opinion,
    reasons: &[String],
) {
    let members = members.map(|members| &members.children);
    let members = members.into_iter().flatten().filter(|m| m.is("member"));
    for by in members.filter_map(|member| member.attribute("id").or(member.text())) {
        let is_it = |stated: &StatedOpinion| stated.by == by && stated.opinion == opinion;
        match opinions.iter().position(is_it) {
            Some(place) => {
                let known = &mut opinions[place].reasons;
                for reason in reasons {
                    if known.len() < REASONS_MAX && !known.contains(reason) {
                        known.push(reason.clone());
                    }
                }
            }
            None if opinions.len() >= OPINIONS_MAX => {}
            None => opinions.push(StatedOpinion {
                by: by.to_owned(),
                opinion,
                reasons: reasons.to_vec(),
            }),
        }
    }
}

/// No entry has so many; without an end, comparing each with each would have none.
const OPINIONS_MAX: usize = 1_000;
const REASONS_MAX: usize = 32;
