//! The guide to new partners, read and done: `docs/exchanges/new-partner.md`.

use std::fmt::Write as _;

use seawall_core::{Algorithm, Hash, Timestamp};

use crate::description::Secrets;
use crate::feed::{Entry, EntryState, Feed, Fingerprint, Media, Page, PartnerAnswer};
use crate::{list_client, remote_check};

const GUIDE: &str = include_str!("../../../docs/exchanges/new-partner.md");

/// The blocks of the guide in this language, in their order.
fn blocks(language: &str) -> Vec<&'static str> {
    let parts = GUIDE.split("\n```").skip(1).step_by(2);
    let of_language = |part: &&str| part.starts_with(&format!("{language}\n"));
    parts
        .filter(of_language)
        .map(|part| &part[language.len() + 1..])
        .collect()
}

fn answer(body: &str) -> PartnerAnswer<'_> {
    PartnerAnswer {
        status: 200,
        retry_after: None,
        body: body.as_bytes(),
        now: "2026-04-01T00:00:00Z".parse().expect("a time"),
    }
}

fn shown(page: &Page) -> String {
    let mut text = String::new();
    for entry in &page.entries {
        writeln!(text, "{}", line(entry)).expect("text takes all");
    }
    for one in &page.set_aside {
        writeln!(text, "entry {}: {}", one.place, one.reason).expect("text takes all");
    }
    text
}

fn line(entry: &Entry) -> String {
    let state = match entry.state {
        EntryState::Active => "active",
        EntryState::Withdrawn => "withdrawn",
    };
    let mut parts = vec![format!("{} {state}", entry.key.as_str())];
    for print in &entry.fingerprints {
        let Fingerprint::Hash {
            hash,
            media: Media::Image,
            ..
        } = print
        else {
            panic!("the example has pictures alone: {print:?}");
        };
        parts.push(format!("{} image", hash.algorithm()));
    }
    let named = [("class", &entry.class), ("owner", &entry.owner)];
    let named = named
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.clone()?)));
    parts.extend(named.map(|(name, value)| format!("{name} {value}")));
    if !entry.tags.is_empty() {
        parts.push(format!("tags {}", entry.tags.join(" ")));
    }
    parts.join(", ")
}

#[test]
fn the_list_of_the_guide_is_read_as_it_says() {
    let toml = blocks("toml")[0];
    let description = list_client::Description::read(toml.as_bytes()).expect("a description");
    assert_eq!(description.secrets(), ["key"]);
    let secrets = Secrets::from_iter([("key", "a secret")]);
    let partner = list_client::ListPartner::new(description, None, &secrets).expect("it fits");
    let start: Timestamp = "2026-04-01T00:00:00Z".parse().expect("a time");
    let mut feed = list_client::ListFeed::new(&partner, None, start).expect("a first run");
    let (mut asked, mut made, mut checkpoint) = (String::new(), String::new(), None);
    for body in &blocks("json")[..2] {
        let request = feed.request().expect("a request");
        let url = request.url.reveal();
        writeln!(asked, "{url}").expect("text takes all");
        let page = feed.answer(&answer(body)).expect("a page");
        made += &shown(&page);
        checkpoint = page.checkpoint;
    }
    assert_eq!(feed.request(), None);
    let later = list_client::ListFeed::new(&partner, checkpoint.as_ref(), start);
    let request = later.expect("a later run").request().expect("a request");
    let next = request.url.reveal().to_string();
    let said = blocks("text");
    assert_eq!([asked.trim_end(), made.trim_end(), &next], said[..]);
}

#[test]
fn the_service_of_the_guide_is_asked_as_it_says() {
    use remote_check::{Check, CheckPartner, Checked, Nearness, Verdict};

    let toml = blocks("toml")[2];
    let description = remote_check::Description::read(toml.as_bytes()).expect("a description");
    let secrets = Secrets::from_iter([("token", "a secret")]);
    let partner = CheckPartner::new(description, None, &secrets).expect("it fits");
    // SHA-1 of "abc", of "b" and of "a".
    let hash = |hex: &str| Hash::parse(Algorithm::Sha1, hex).expect("digits");
    let known = hash("a9993e364706816aba3e25717850c26c9cd0d89d");
    let pending = hash("e9d71f5ee7c92d6dc9e92ffdad17b8bd49418f98");
    let absent = hash("86f7e437faa5a7fce15d1ddcb9eaeaea377667b8");
    let mut check = Check::new(&partner, &[known, pending, absent]);
    let said = check.answer(&answer(blocks("json")[2])).expect("verdicts");
    let class = "listed".to_owned();
    let nearness = Nearness::Exact;
    let expected = [
        Checked {
            hash: absent,
            verdict: Verdict::NoMatch,
        },
        Checked {
            hash: known,
            verdict: Verdict::Match { class, nearness },
        },
        Checked {
            hash: pending,
            verdict: Verdict::UnknownClass {
                class: "pending".to_owned(),
            },
        },
    ];
    assert_eq!(said, expected);
}

/// Every field that a description may have stands in the guide's tables.
#[test]
fn the_guide_names_every_field() {
    let sources = [
        include_str!("description/authentication.rs"),
        include_str!("list_client/description.rs"),
        include_str!("list_client/entries.rs"),
        include_str!("list_client/paging.rs"),
        include_str!("remote_check/description.rs"),
        include_str!("remote_check/answers.rs"),
    ];
    let tables: String = GUIDE.lines().filter(|line| line.starts_with('|')).collect();
    let mut fields = 0;
    for source in sources {
        let types = source.split("deny_unknown_fields").skip(1);
        for body in types.filter_map(|rest| rest.split("\n}\n").next()) {
            let lines = body.lines().map(str::trim);
            for line in lines.filter(|line| line.ends_with(',') && !line.starts_with('/')) {
                let line = line.strip_prefix("pub ").unwrap_or(line);
                if let Some((field, _)) = line.split_once(": ") {
                    let is_named = ['`', '[', '.']
                        .iter()
                        .any(|before| tables.contains(&format!("{before}{field}")));
                    assert!(is_named, "{field}");
                    fields += 1;
                }
            }
        }
    }
    assert!(fields > 50, "only {fields} fields were found");
}
