//! What one caller knows: its own bank, its scans, and what every answer has to be by them.

use std::collections::BTreeMap;

use seawall_core::{PdqHash, Quality, Random};
use seawall_testkit::{SeededRandom, jpeg, picture};
use serde::Serialize;
use serde_json::json;

use super::client::{Client, Found};

/// Something that is listed, or was.
#[derive(Clone, Copy)]
struct Content {
    hash: PdqHash,
    /// The seed of the picture it came from.
    picture: Option<u64>,
}

/// A write that was under way when the server was killed.
enum Open {
    Added(PdqHash, Option<u64>),
    Withdrawn(i64),
    /// A scan: its picture.
    Scanned(String, Vec<u8>),
}

/// How many answers of each kind were right.
#[derive(Default, Serialize)]
pub(super) struct Counts(BTreeMap<&'static str, u64>);

impl Counts {
    fn right(&mut self, kind: &'static str) {
        *self.0.entry(kind).or_default() += 1;
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (kind, count) in &other.0 {
            *self.0.entry(kind).or_default() += count;
        }
    }

    /// Each kind came up so often, or nothing was tried.
    pub(super) fn assert_all(&self, least: u64) {
        for kind in KINDS {
            let count = self.0.get(kind).copied().unwrap_or(0);
            assert!(count >= least, "{kind}: {count} of {least}");
        }
    }
}

/// One caller.
pub(super) struct Model {
    bank: String,
    is_made: bool,
    /// The seed of the next picture; no other caller makes it.
    next_picture: u64,
    listed: BTreeMap<i64, Content>,
    withdrawn: Vec<Content>,
    /// Scans that opened a case: item, picture and case.
    cases: Vec<(String, Vec<u8>, String)>,
    next_item: u64,
    open: Option<Open>,
    pub(super) counts: Counts,
}

impl Model {
    pub(super) fn new(seed: u64, number: u64) -> Self {
        Self {
            bank: format!("BANK_{number}"),
            is_made: false,
            next_picture: (seed << 40) | (number << 32),
            listed: BTreeMap::new(),
            withdrawn: Vec::new(),
            cases: Vec::new(),
            next_item: 0,
            open: None,
            counts: Counts::default(),
        }
    }

    /// Makes the bank, and finds out what became of a write that nobody answered: done or not
    /// done is right, anything else is not.
    pub(super) fn settle(&mut self, client: &Client) {
        if !self.is_made {
            let body = json!({ "name": self.bank });
            let made = client.send("POST", "/c/banks", Some(&body));
            made.expect("a server").expect(201);
            self.is_made = true;
        }
        match self.open.take() {
            None => {}
            Some(Open::Scanned(item, file)) => {
                self.open = Some(Open::Scanned(item.clone(), file.clone()));
                self.scan(client, item, file).expect("a server");
            }
            Some(Open::Withdrawn(id)) => {
                let content = self.listed[&id];
                let found = client.look_up(&self.bank, content.hash).expect("a server");
                if !found.contains(&(id, 0)) {
                    self.listed.remove(&id);
                    self.withdrawn.push(content);
                }
            }
            Some(Open::Added(hash, picture)) => {
                let found = client.look_up(&self.bank, hash).expect("a server");
                let new = |(id, _): &&(i64, u16)| !self.listed.contains_key(id);
                let new: Vec<(i64, u16)> = found.iter().filter(new).copied().collect();
                match new.as_slice() {
                    [] => {}
                    [(id, 0)] => drop(self.listed.insert(*id, Content { hash, picture })),
                    more => panic!("one write made {more:?}"),
                }
            }
        }
    }

    /// One call and its check; `None` where the server was killed.
    pub(super) fn call(&mut self, client: &Client, random: &SeededRandom) -> Option<()> {
        let chosen = number(random);
        match chosen % 16 {
            0..=2 => self.add_hash(client, random),
            3 | 4 => self.add_picture(client),
            5 if self.listed.len() > 10 => self.withdraw(client, chosen),
            6..=8 => self.look_up(client, chosen, random),
            9 | 10 => self.look_up_listed_picture(client, chosen),
            11 => self.look_up_other_picture(client, chosen),
            12 | 13 => self.scan_new(client, chosen),
            14 => self.scan_again(client, chosen),
            _ => self.send_bad_input(client, chosen),
        }
    }

    fn add_hash(&mut self, client: &Client, random: &SeededRandom) -> Option<()> {
        let hash = hash(random);
        self.open = Some(Open::Added(hash, None));
        let id = client.add_hash(&self.bank, hash)?;
        self.added(client, id, hash, None)
    }

    fn add_picture(&mut self, client: &Client) -> Option<()> {
        let seed = self.next_seed();
        let file = file(seed, 90);
        let hash = client.hash(&file)?;
        self.open = Some(Open::Added(hash, Some(seed)));
        let (id, kept) = client.add_picture(&self.bank, &file)?;
        assert_eq!(kept, hash);
        self.added(client, id, hash, Some(seed))?;
        self.counts.right("pictures added");
        Some(())
    }

    /// What was accepted is found by the next lookup.
    fn added(
        &mut self,
        client: &Client,
        id: i64,
        hash: PdqHash,
        picture: Option<u64>,
    ) -> Option<()> {
        self.open = None;
        let other = self.listed.insert(id, Content { hash, picture });
        assert!(other.is_none(), "two contents have one number");
        self.counts.right("added");
        self.check(client, hash)
    }

    fn withdraw(&mut self, client: &Client, chosen: u64) -> Option<()> {
        let (id, content) = self.listed_at(chosen)?;
        self.open = Some(Open::Withdrawn(id));
        let path = format!("/c/bank/{}/content/{id}", self.bank);
        client.send("DELETE", &path, None)?.expect(200);
        self.open = None;
        self.listed.remove(&id);
        self.withdrawn.push(content);
        self.counts.right("withdrawn");
        self.check(client, content.hash)
    }

    /// Something listed, something withdrawn, or a stranger, with some bits turned.
    fn look_up(&mut self, client: &Client, chosen: u64, random: &SeededRandom) -> Option<()> {
        let any_withdrawn = || nth(self.withdrawn.iter(), self.withdrawn.len(), chosen);
        let known = match chosen / 16 % 4 {
            0 | 1 => self.listed_at(chosen).map(|(_, content)| content.hash),
            2 => any_withdrawn().map(|content| content.hash),
            _ => None,
        };
        let query = turned(known.unwrap_or_else(|| hash(random)), chosen);
        self.check(client, query)
    }

    /// Holds a lookup by hash against every content that the model has.
    fn check(&mut self, client: &Client, query: PdqHash) -> Option<()> {
        let expected = self.expected(query);
        assert_eq!(client.look_up(&self.bank, query)?, expected);
        let is_found = !expected.is_empty();
        self.counts
            .right(if is_found { "found" } else { "not found" });
        Some(())
    }

    fn look_up_listed_picture(&mut self, client: &Client, chosen: u64) -> Option<()> {
        let Some((id, seed)) = self.any_picture(chosen) else {
            return self.add_picture(client);
        };
        let copy = file(seed, 60);
        let expected = self.expected(client.hash(&copy)?);
        assert!(expected.iter().any(|(found, _)| *found == id), "a copy");
        assert_eq!(client.look_up_picture(&self.bank, &copy)?, expected);
        self.counts.right("pictures found");
        Some(())
    }

    /// A picture that was withdrawn, or that nobody lists.
    fn look_up_other_picture(&mut self, client: &Client, chosen: u64) -> Option<()> {
        let (file, _) = self.other_picture(chosen);
        let expected = self.expected(client.hash(&file)?);
        assert_eq!(client.look_up_picture(&self.bank, &file)?, expected);
        assert_eq!(expected, [], "pictures of two seeds are far apart");
        self.counts.right("pictures not found");
        Some(())
    }

    fn scan_new(&mut self, client: &Client, chosen: u64) -> Option<()> {
        let file = match self.any_picture(chosen) {
            Some((_, seed)) if (chosen / 16).is_multiple_of(2) => file(seed, 60),
            Some(_) | None => self.other_picture(chosen).0,
        };
        self.next_item += 1;
        let item = format!("{}-{}", self.bank, self.next_item);
        self.open = Some(Open::Scanned(item.clone(), file.clone()));
        self.scan(client, item, file)
    }

    fn scan(&mut self, client: &Client, item: String, file: Vec<u8>) -> Option<()> {
        let expected = self.expected(client.hash(&file)?);
        let scanned = client.scan(&self.bank, &item, &file)?;
        self.open = None;
        assert_eq!(scanned.found, expected);
        assert_eq!(scanned.is_matched, scanned.case.is_some());
        let should = if scanned.is_matched { "hold" } else { "allow" };
        assert_eq!(scanned.recommendation, should);
        match scanned.case {
            Some(case) => {
                self.cases.push((item, file, case));
                self.counts.right("cases opened");
            }
            None => self.counts.right("scans without a match"),
        }
        Some(())
    }

    /// An item that has a case has that one for ever.
    fn scan_again(&mut self, client: &Client, chosen: u64) -> Option<()> {
        let known = nth(self.cases.iter(), self.cases.len(), chosen);
        let Some((item, file, case)) = known else {
            return self.scan_new(client, chosen);
        };
        let scanned = client.scan(&self.bank, item, file)?;
        assert_eq!(scanned.case.as_ref(), Some(case));
        self.counts.right("scans repeated");
        Some(())
    }

    fn send_bad_input(&mut self, client: &Client, chosen: u64) -> Option<()> {
        let bank = &self.bank;
        let (method, path, body) = match chosen / 16 % 7 {
            0 => (
                "GET",
                "/m/lookup?signal=f00d&signal_type=pdq".to_owned(),
                None,
            ),
            1 => ("GET", "/m/lookup".to_owned(), None),
            2 => ("POST", format!("/c/bank/{bank}/signal"), Some(json!([1]))),
            3 => ("DELETE", "/c/bank/NOBODYS/content/1".to_owned(), None),
            4 => ("POST", "/api/v1/scans".to_owned(), Some(json!("a"))),
            5 => ("GET", "/api/v1/cases/none".to_owned(), None),
            _ => ("POST", "/m/lookup".to_owned(), Some(json!({ "photo": 1 }))),
        };
        let refused = client.send(method, &path, body.as_ref())?;
        let is_refused = (400..500).contains(&refused.status);
        assert!(is_refused, "{method} {path}: {}", refused.text());
        self.counts.right("bad input refused");
        Some(())
    }

    /// Asks for everything that was ever accepted.
    pub(super) fn check_all(&mut self, client: &Client) {
        let listed = self.listed.values().chain(&self.withdrawn);
        let hashes: Vec<PdqHash> = listed.map(|content| content.hash).collect();
        for hash in hashes {
            self.check(client, hash).expect("a server");
        }
        let cases = client.cases();
        for (item, _, case) in &self.cases {
            assert_eq!(cases.get(item), Some(case), "{item}");
        }
    }

    /// What the bank has within the threshold, by comparing with everything.
    fn expected(&self, query: PdqHash) -> Found {
        let distance = |content: &Content| content.hash.distance(query).0;
        let all = self.listed.iter();
        let near = all.map(|(id, content)| (*id, distance(content)));
        near.filter(|(_, distance)| *distance <= 31).collect()
    }

    fn listed_at(&self, chosen: u64) -> Option<(i64, Content)> {
        let listed = nth(self.listed.iter(), self.listed.len(), chosen);
        listed.map(|(id, content)| (*id, *content))
    }

    fn any_picture(&self, chosen: u64) -> Option<(i64, u64)> {
        let seeds = || {
            let all = self.listed.iter();
            all.filter_map(|(id, content)| Some((*id, content.picture?)))
        };
        nth(seeds(), seeds().count(), chosen)
    }

    /// A picture that is not listed, and its seed.
    fn other_picture(&mut self, chosen: u64) -> (Vec<u8>, u64) {
        let withdrawn = || self.withdrawn.iter().filter_map(|content| content.picture);
        let seed = match nth(withdrawn(), withdrawn().count(), chosen) {
            Some(seed) if (chosen / 32).is_multiple_of(2) => seed,
            Some(_) | None => self.next_seed(),
        };
        (file(seed, 80), seed)
    }

    /// The seed of a new picture with detail enough for a hash that is matched: of pictures at
    /// random, a few have too little.
    fn next_seed(&mut self) -> u64 {
        loop {
            let seed = self.next_picture;
            self.next_picture += 1;
            let hash = seawall::hash::pdq(&picture(120, 90, seed));
            if hash.is_some_and(|hash| hash.quality >= QUALITY_MIN) {
                return seed;
            }
        }
    }
}

/// Above the floor, since a JPEG of the picture may have a little less.
const QUALITY_MIN: Quality = Quality(60);

fn file(seed: u64, quality: u8) -> Vec<u8> {
    jpeg(&picture(120, 90, seed), quality)
}

fn nth<T>(mut all: impl Iterator<Item = T>, count: usize, chosen: u64) -> Option<T> {
    let place = (chosen >> 8) as usize;
    (count > 0).then(|| all.nth(place % count)).flatten()
}

/// With 0 to 39 bits turned, so that some are within the threshold and some beyond it.
fn turned(hash: PdqHash, chosen: u64) -> PdqHash {
    let mut bytes = hash.to_bytes();
    for turn in 0..(chosen >> 16) % 40 {
        // An odd step visits no bit of 256 twice.
        let bit = ((chosen >> 24) + turn * 37) as usize % 256;
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    PdqHash::from_bytes(bytes)
}

fn hash(random: &SeededRandom) -> PdqHash {
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    PdqHash::from_bytes(bytes)
}

pub(super) fn number(random: &SeededRandom) -> u64 {
    let mut bytes = [0; 8];
    random.fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

const KINDS: [&str; 11] = [
    "added",
    "pictures added",
    "withdrawn",
    "found",
    "not found",
    "pictures found",
    "pictures not found",
    "cases opened",
    "scans without a match",
    "scans repeated",
    "bad input refused",
];
