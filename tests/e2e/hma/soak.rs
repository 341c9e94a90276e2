//! Mixed traffic, with the server killed in the middle: no accepted write is lost, and no answer
//! differs from a model that the test keeps.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use seawall_core::Random;
use seawall_testkit::{SeededRandom, jpeg, picture};
use serde_json::{Value, json};

use crate::ROLES;
use crate::support::{Answer, Api, Installation, Server};

const SERVERS: u64 = 3;
const CALLERS: u64 = 3;
/// How many calls one server answers before it is killed.
const CALLS: usize = 240;

#[test]
fn a_server_that_is_killed_under_load_has_kept_every_write_that_it_accepted() {
    let installation = Installation::new();
    let secret = installation.token(&ROLES);
    let mut models: Vec<Model> = (0..CALLERS).map(Model::new).collect();
    for life in 0..SERVERS {
        let server = Server::start(&installation, &["--drill"]);
        let answered = AtomicUsize::new(0);
        let address = server.address("api").to_owned();
        std::thread::scope(|scope| {
            let mut callers = Vec::new();
            for model in &mut models {
                let api = Api::new(&address, &secret);
                let answered = &answered;
                let caller = scope.spawn(move || {
                    model.settle(&api);
                    let random = SeededRandom::new(life * CALLERS + model.number);
                    while let Some(()) = model.call(&api, &random) {
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                });
                callers.push(caller);
            }
            // A caller that ends before is one whose check failed.
            while answered.load(Ordering::Relaxed) < CALLS
                && callers.iter().any(|caller| !caller.is_finished())
            {
                std::thread::yield_now();
            }
            // Dropped, it is killed with SIGKILL, whatever it is at.
            drop(server);
        });
    }
    let server = Server::start(&installation, &["--drill"]);
    let api = server.api(&secret);
    for model in &mut models {
        model.settle(&api);
        model.check_all(&api);
        let (listed, withdrawn) = (model.listed.len(), model.withdrawn.len());
        assert!(
            listed > 20 && withdrawn > 5,
            "{listed} listed, {withdrawn} withdrawn"
        );
    }
    installation.run(["audit", "verify"]).exits(0);
}

/// What one caller knows of its own bank.
struct Model {
    number: u64,
    bank: String,
    is_made: bool,
    /// Signals that were accepted, with the contents' numbers.
    listed: BTreeMap<String, i64>,
    /// Signals that were taken out.
    withdrawn: BTreeSet<String>,
    /// The write that was under way when the server was killed: the signal, and whether it
    /// would be listed.
    open: Option<(String, bool)>,
}

impl Model {
    fn new(number: u64) -> Self {
        Self {
            number,
            bank: format!("BANK_{number}"),
            is_made: false,
            listed: BTreeMap::new(),
            withdrawn: BTreeSet::new(),
            open: None,
        }
    }

    /// Makes the bank, and finds out what became of a write that nobody answered: either is
    /// right, but one of the two it must be.
    fn settle(&mut self, api: &Api) {
        if !self.is_made {
            let made = api.post("/c/banks", &json!({ "name": self.bank }));
            self.is_made = made.status == 201;
            made.expect(201);
        }
        if let Some((signal, _)) = self.open.take() {
            let found = found(&look_up(api, &signal).expect("a server"), &self.bank);
            match found.as_slice() {
                [] => {
                    self.listed.remove(&signal);
                    self.withdrawn.insert(signal);
                }
                [id] => {
                    self.withdrawn.remove(&signal);
                    self.listed.insert(signal, *id);
                }
                _ => panic!("one write made {found:?}"),
            }
        }
    }

    /// One call and its check; `None` where the server was killed.
    fn call(&mut self, api: &Api, random: &SeededRandom) -> Option<()> {
        let number = number(random);
        match number % 10 {
            0..=3 => self.add(api, random),
            4 if !self.listed.is_empty() => self.withdraw(api, number),
            5 | 6 if !self.listed.is_empty() => self.check_listed(api, number),
            7 if !self.withdrawn.is_empty() => self.check_withdrawn(api, number),
            8 => send_bad_input(api, number, &self.bank),
            _ => look_up_picture(api, number),
        }
    }

    fn add(&mut self, api: &Api, random: &SeededRandom) -> Option<()> {
        let mut bytes = [0; 32];
        random.fill(&mut bytes);
        let signal: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        self.open = Some((signal.clone(), true));
        let path = format!("/c/bank/{}/signal", self.bank);
        let added = send(api, "POST", &path, Some(&json!({ "pdq": signal })))?;
        let id = added.expect(200).json()["id"].as_i64().expect("an id");
        self.open = None;
        // What was accepted is found by the next lookup.
        let found = found(&look_up(api, &signal)?, &self.bank);
        self.listed.insert(signal, id);
        assert_eq!(found, [id]);
        Some(())
    }

    fn withdraw(&mut self, api: &Api, number: u64) -> Option<()> {
        let (signal, id) = nth(&self.listed, number);
        self.open = Some((signal.clone(), false));
        let path = format!("/c/bank/{}/content/{id}", self.bank);
        send(api, "DELETE", &path, None)?.expect(200);
        self.open = None;
        self.listed.remove(&signal);
        self.withdrawn.insert(signal.clone());
        assert!(found(&look_up(api, &signal)?, &self.bank).is_empty());
        Some(())
    }

    fn check_listed(&self, api: &Api, number: u64) -> Option<()> {
        let (signal, id) = nth(&self.listed, number);
        assert_eq!(found(&look_up(api, &signal)?, &self.bank), [id]);
        Some(())
    }

    fn check_withdrawn(&self, api: &Api, number: u64) -> Option<()> {
        let place = (number / 10) as usize % self.withdrawn.len();
        let signal = self.withdrawn.iter().nth(place).expect("within");
        assert!(found(&look_up(api, signal)?, &self.bank).is_empty());
        Some(())
    }

    fn check_all(&self, api: &Api) {
        for (signal, id) in &self.listed {
            assert_eq!(
                found(&look_up(api, signal).expect("a server"), &self.bank),
                [*id]
            );
        }
        for signal in &self.withdrawn {
            assert!(found(&look_up(api, signal).expect("a server"), &self.bank).is_empty());
        }
    }
}

fn number(random: &SeededRandom) -> u64 {
    let mut bytes = [0; 8];
    random.fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

fn nth(listed: &BTreeMap<String, i64>, number: u64) -> (String, i64) {
    let place = (number / 10) as usize % listed.len();
    let (signal, id) = listed.iter().nth(place).expect("within");
    (signal.clone(), *id)
}

fn send(api: &Api, method: &str, path: &str, body: Option<&Value>) -> Option<Answer> {
    let body = body.map(ToString::to_string);
    let json = [("content-type", "application/json")];
    api.try_send(method, path, &json, body.as_deref().map(str::as_bytes))
}

fn look_up(api: &Api, signal: &str) -> Option<Answer> {
    let path = format!("/m/lookup?signal={signal}&signal_type=pdq");
    send(api, "GET", &path, None)
}

/// The contents of a bank that an answer names. Nobody else's bank may be in it.
fn found(answer: &Answer, bank: &str) -> Vec<i64> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let banks = answer.json();
    let others = banks
        .as_object()
        .expect("an object")
        .keys()
        .filter(|name| *name != bank);
    assert_eq!(others.count(), 0, "{banks}");
    let matches = banks[bank].as_array().cloned().unwrap_or_default();
    let ids = matches
        .iter()
        .map(|one| one["bank_content_id"].as_i64().expect("an id"));
    ids.collect()
}

fn send_bad_input(api: &Api, number: u64, bank: &str) -> Option<()> {
    let (method, path, body) = match number / 10 % 5 {
        0 => (
            "GET",
            "/m/lookup?signal=f00d&signal_type=pdq".to_owned(),
            None,
        ),
        1 => ("GET", "/m/lookup".to_owned(), None),
        2 => ("POST", format!("/c/bank/{bank}/signal"), Some(json!([1]))),
        3 => ("DELETE", "/c/bank/NOBODYS/content/1".to_owned(), None),
        _ => ("POST", "/m/lookup".to_owned(), Some(json!({ "photo": 1 }))),
    };
    let refused = send(api, method, &path, body.as_ref())?;
    assert!(
        (400..500).contains(&refused.status),
        "{method} {path}: {}",
        refused.text()
    );
    Some(())
}

fn look_up_picture(api: &Api, number: u64) -> Option<()> {
    let file = jpeg(&picture(120, 90, number), 80);
    let head = "--edge\r\ncontent-disposition: form-data; name=\"photo\"; filename=\"a\"\r\n\r\n";
    let form = [head.as_bytes(), &file, b"\r\n--edge--\r\n"].concat();
    let kind = [("content-type", "multipart/form-data; boundary=edge")];
    let answer = api.try_send("POST", "/m/lookup", &kind, Some(&form))?;
    assert_eq!(answer.expect(200).json(), json!({ "pdq": {} }));
    Some(())
}
