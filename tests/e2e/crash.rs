//! `kill -9` at random moments and inside every call of a report, then a restart, again and
//! again: no accepted upload, decision or report is lost, and no report is filed twice.
//!
//! The receiver's stand-in runs in this process, so it outlives every server, as the real one
//! would. `SEAWALL_CRASH_KILLS` sets how many kills (100), `SEAWALL_CRASH_SEED` repeats a run's
//! choices; the moment at which a signal lands stays the machine's.

mod support;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use seawall_core::Random;
use seawall_sim::cybertipline::{Call, CyberTipline, Fault, Phase, ReportState};
use seawall_testkit::{SeededRandom, jpeg, picture};
use serde_json::Value;

use support::{DEADLINE, Installation, Server, StandIn, eventually};

#[test]
fn whatever_moment_the_server_dies_at_nothing_is_lost_or_doubled() {
    let kills = from_environment("SEAWALL_CRASH_KILLS").unwrap_or(100);
    let seed = from_environment("SEAWALL_CRASH_SEED").unwrap_or_else(fresh_seed);
    eprintln!(
        "crash test: {kills} kills, seed {seed} (SEAWALL_CRASH_SEED={seed} repeats its choices)"
    );
    let mut world = World::new(seed);
    for plan in world.plans(kills) {
        world.round(plan);
    }
    world.finish();
    world.prove(kills);
}

/// When a server dies.
#[derive(Clone, Copy, Debug)]
enum Plan {
    /// This long after it began to work, whatever it does then.
    After(Duration),
    /// While a call to the receiver waits for its answer. The receiver has acted on it by then,
    /// acts on it afterwards, or never gets to.
    Inside {
        call: Call,
        phase: Phase,
        fault: Fault,
    },
}

/// What a step of the platform or the reviewer led to.
enum Step {
    Uploaded,
    Decided,
    /// The decision was taken before the server died the last time; only the answer was lost.
    FoundDecided,
}

/// What a platform, a reviewer and the receiver know of: everything that was acknowledged.
struct World {
    installation: Installation,
    stand_in: Arc<CyberTipline>,
    trap: Arc<Trap>,
    random: SeededRandom,
    token: String,
    cookie: String,
    /// Case ids by item number, as the server acknowledged them.
    cases: BTreeMap<u64, String>,
    /// Items whose decision the server acknowledged.
    decided: std::collections::BTreeSet<u64>,
    next_item: u64,
    kills_inside: BTreeMap<String, u32>,
    _house: StandIn,
}

/// Kills the server when the receiver gets a certain call.
#[derive(Default)]
struct Trap {
    state: Mutex<TrapState>,
    changed: Condvar,
}

#[derive(Default)]
struct TrapState {
    server: Option<u32>,
    armed: Option<(Call, Phase, Fault)>,
    sprung: bool,
}

impl Trap {
    fn lock(&self) -> MutexGuard<'_, TrapState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stand-in's hook.
    fn on_call(&self, call: Call, phase: Phase) -> Fault {
        let mut state = self.lock();
        match state.armed {
            Some((trapped, at, fault)) if (trapped, at) == (call, phase) => {
                // The server may call before the test has read where it listens.
                let wait = self
                    .changed
                    .wait_while(state, |state| state.server.is_none());
                state = wait.unwrap_or_else(PoisonError::into_inner);
                state.armed = None;
                state.sprung = true;
                kill(state.server.take());
                self.changed.notify_all();
                fault
            }
            _ => Fault::None,
        }
    }

    fn wait_until_sprung(&self) {
        let waited = self
            .changed
            .wait_timeout_while(self.lock(), DEADLINE, |state| !state.sprung);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(
            state.sprung,
            "the call that the server should die in never came"
        );
    }
}

impl World {
    fn new(seed: u64) -> Self {
        let house = StandIn::start();
        let stand_in = Arc::clone(&house.cybertipline);
        let trap = Arc::new(Trap::default());
        let hook = Arc::clone(&trap);
        stand_in.set_hook(Some(Arc::new(move |call, phase| hook.on_call(call, phase))));
        let installation = Installation::new();
        house.receives_reports_of(&installation);
        let token = installation.token(&["scan", "banks.read", "banks.write", "cases.read"]);
        let server = Server::start(&installation, &[]);
        let cookie = first_visit(&installation, &server, &token);
        drop(server);
        Self {
            installation,
            stand_in,
            trap,
            random: SeededRandom::new(seed),
            token,
            cookie,
            cases: BTreeMap::new(),
            decided: std::collections::BTreeSet::new(),
            next_item: 0,
            kills_inside: BTreeMap::new(),
            _house: house,
        }
    }

    /// Every call in every phase at least once, the rest at random moments, in random order.
    fn plans(&self, kills: u64) -> Vec<Plan> {
        let mut plans = Vec::new();
        for call in CALLS {
            plans.push(Plan::Inside {
                call,
                phase: Phase::BeforeAct,
                fault: Fault::DropConnection,
            });
            plans.push(Plan::Inside {
                call,
                phase: Phase::BeforeAct,
                fault: Fault::None,
            });
            plans.push(Plan::Inside {
                call,
                phase: Phase::AfterAct,
                fault: Fault::None,
            });
        }
        while (plans.len() as u64) < kills {
            let micros = self.number() % 60_000;
            plans.push(Plan::After(Duration::from_micros(micros)));
        }
        for last in (1..plans.len()).rev() {
            let other = usize::try_from(self.number() % (last as u64 + 1)).expect("an index");
            plans.swap(last, other);
        }
        plans
    }

    fn number(&self) -> u64 {
        let mut bytes = [0_u8; 8];
        self.random.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// One life of a server, from its start to the signal that ends it.
    fn round(&mut self, plan: Plan) {
        {
            let mut state = self.trap.lock();
            *state = TrapState::default();
            if let Plan::Inside { call, phase, fault } = plan {
                state.armed = Some((call, phase, fault));
            }
        }
        let mut server = Server::start(&self.installation, &[]);
        match plan {
            Plan::After(delay) => {
                let pid = server.pid();
                // The one place where a test waits for time to pass: the moment is the point.
                let killer = std::thread::spawn(move || {
                    std::thread::sleep(delay);
                    kill(Some(pid));
                });
                self.work(&server);
                killer.join().expect("the killer ends");
            }
            Plan::Inside { call, .. } => {
                self.trap.lock().server = Some(server.pid());
                self.trap.changed.notify_all();
                self.work_until_sprung(&server);
                *self.kills_inside.entry(format!("{call:?}")).or_default() += 1;
            }
        }
        server.wait();
        self.trap.lock().armed = None;
    }

    /// Works as platform and reviewer until the server does not answer any more.
    fn work(&mut self, server: &Server) {
        if self.check_acknowledged(server).is_none() {
            return;
        }
        while self.one_step(server).is_some() {}
    }

    /// Gives the server a new report to deliver, then waits for the trap.
    fn work_until_sprung(&mut self, server: &Server) {
        if self.check_acknowledged(server).is_some() {
            while let Some(step) = self.one_step(server) {
                if matches!(step, Step::Decided) {
                    break;
                }
            }
        }
        self.trap.wait_until_sprung();
    }

    /// One upload or one decision; `None` where the server died over it.
    fn one_step(&mut self, server: &Server) -> Option<Step> {
        let undecided = |item: &u64| !self.decided.contains(item);
        match self.cases.keys().copied().find(undecided) {
            Some(item) => self.decide(server, item),
            None => self.upload(server),
        }
    }

    fn upload(&mut self, server: &Server) -> Option<Step> {
        let item = self.next_item;
        let path = format!("/api/v1/scans?item_id=item-{item}");
        let answer = self.api(server, "POST", &path, Some(&item_picture(item)))?;
        let case = answer["case_id"]
            .as_str()
            .expect("every item is listed")
            .to_owned();
        self.cases.insert(item, case);
        self.next_item += 1;
        Some(Step::Uploaded)
    }

    fn decide(&mut self, server: &Server, item: u64) -> Option<Step> {
        let page = format!("/cases/{}", self.cases[&item]);
        let (status, text) = self.console(server, "GET", &page, None)?;
        assert_eq!(status, 200, "{text}");
        if !text.contains("name=\"verdict\"") {
            // The answer to an earlier decision was lost, the decision was not.
            self.decided.insert(item);
            return Some(Step::FoundDecided);
        }
        let csrf = support::csrf(&text);
        let form = format!("csrf={csrf}&verdict=confirmed&manifestation=M01&report=yes");
        let (status, text) =
            self.console(server, "POST", &format!("{page}/decision"), Some(&form))?;
        assert_eq!(status, 303, "{text}");
        self.decided.insert(item);
        Some(Step::Decided)
    }

    /// Everything that was acknowledged before is there.
    fn check_acknowledged(&self, server: &Server) -> Option<()> {
        for (item, case) in &self.cases {
            let answer = self.api(server, "GET", &format!("/api/v1/cases/{case}"), None)?;
            assert_eq!(answer["item_id"], format!("item-{item}"), "{answer}");
            if self.decided.contains(item) {
                assert_eq!(answer["decision"]["verdict"], "confirmed", "{answer}");
                assert!(answer["report"].is_object(), "{answer}");
            }
        }
        Some(())
    }

    /// Lets a last server do everything that is left.
    fn finish(&mut self) {
        let server = Server::start(&self.installation, &[]);
        self.check_acknowledged(&server)
            .expect("nothing kills this server");
        for _ in 0..2 {
            self.upload(&server).expect("nothing kills this server");
        }
        while self.decided.len() < self.cases.len() {
            self.one_step(&server).expect("nothing kills this server");
        }
        for case in self.cases.values() {
            eventually("a report is filed", Duration::from_secs(300), || {
                let answer = self.api(&server, "GET", &format!("/api/v1/cases/{case}"), None);
                let state = answer.expect("nothing kills this server")["report"]["state"].clone();
                assert_ne!(state, "stuck", "case {case}");
                (state == "filed").then_some(())
            });
        }
        server.stop();
    }

    /// The receiver's book, the log and the vault agree with what was acknowledged.
    fn prove(&self, kills: u64) {
        let reports = self.stand_in.reports();
        let finished: Vec<_> = reports
            .iter()
            .filter(|report| report.state == ReportState::Finished)
            .collect();
        assert_eq!(finished.len(), self.cases.len(), "one report a decision");
        for item in self.cases.keys() {
            let md5 = md5_of(&item_picture(*item));
            let of_item = |report: &&&seawall_sim::cybertipline::ReportRecord| {
                report
                    .files
                    .iter()
                    .any(|file| file.md5 == md5 && file.details.is_some())
            };
            assert_eq!(finished.iter().filter(of_item).count(), 1, "item {item}");
        }
        // What stays open there is a report whose number never arrived here: it has no file, and
        // the receiver deletes it unfiled.
        let open = reports
            .iter()
            .filter(|report| report.state == ReportState::Open);
        assert!(open.clone().all(|report| report.files.is_empty()));
        let verified = self
            .installation
            .run(["audit", "verify", "--json"])
            .exits(0)
            .json();
        let sealed = std::fs::read_dir(self.installation.data().join("vault")).expect("readable");
        assert_eq!(sealed.count(), self.cases.len(), "a sealed file a case");
        for call in CALLS {
            assert!(
                self.kills_inside.contains_key(&format!("{call:?}")),
                "{call:?}"
            );
        }
        eprintln!(
            "{kills} kills, {:?} inside calls: {} uploads, decisions and reports, {} orphans, {} events",
            self.kills_inside,
            self.cases.len(),
            open.count(),
            verified["events"]
        );
    }

    fn api(&self, server: &Server, method: &str, path: &str, body: Option<&[u8]>) -> Option<Value> {
        let headers = [("authorization", format!("Bearer {}", self.token))];
        let (status, text) = exchange(server.address("api"), method, path, &headers, body)?;
        assert!(status < 300, "{path}: {status} {text}");
        serde_json::from_str(&text).ok()
    }

    fn console(
        &self,
        server: &Server,
        method: &str,
        path: &str,
        form: Option<&str>,
    ) -> Option<(u16, String)> {
        let kind = "application/x-www-form-urlencoded".to_owned();
        let headers = [("cookie", self.cookie.clone()), ("content-type", kind)];
        exchange(
            server.address("console"),
            method,
            path,
            &headers,
            form.map(str::as_bytes),
        )
    }
}

/// Makes the bank that every item is in, and signs the reviewer in.
fn first_visit(installation: &Installation, server: &Server, token: &str) -> String {
    let api = server.api(token);
    api.post("/api/v1/banks", &serde_json::json!({ "name": "KNOWN" }))
        .expect(201);
    let rows = (0..ITEMS_LISTED).map(|item| format!("md5:{}\n", md5_of(&item_picture(item))));
    let list: String = rows.collect();
    api.upload("/api/v1/banks/KNOWN/import", list.as_bytes())
        .expect(200);
    let console = server.console();
    console.use_link(&installation.first_link_path);
    console.cookie().expect("signed in")
}

/// One exchange; `None` where the server died over it.
fn exchange(
    base: &str,
    method: &str,
    path: &str,
    headers: &[(&str, String)],
    body: Option<&[u8]>,
) -> Option<(u16, String)> {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .timeout_global(Some(DEADLINE));
    let agent: ureq::Agent = config.build().into();
    let mut request = ureq::http::Request::builder()
        .method(method)
        .uri(format!("{base}{path}"));
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let request = request
        .body(body.unwrap_or_default().to_vec())
        .expect("a request");
    let mut answer = agent.run(request).ok()?;
    let status = answer.status().as_u16();
    Some((status, answer.body_mut().read_to_string().ok()?))
}

/// A picture of its own for each item, far from every other.
fn item_picture(item: u64) -> Vec<u8> {
    jpeg(&picture(160, 120, 1_000 + item), 90)
}

fn md5_of(bytes: &[u8]) -> String {
    let [md5, ..] = seawall::hash::digests(bytes).records();
    md5.hash.to_string()
}

fn kill(pid: Option<u32>) {
    let pid = pid.and_then(|pid| Pid::from_raw(pid.cast_signed()));
    // It may have died already; then there is nothing left to do.
    let _ = kill_process(pid.expect("a server"), Signal::KILL);
}

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|value| value.parse().expect("a number"))
}

fn fresh_seed() -> u64 {
    RandomState::new().hash_one(0_u8) % 1_000_000
}

/// The calls that a server dies in.
const CALLS: [Call; 4] = [Call::Submit, Call::Upload, Call::FileInfo, Call::Finish];
/// More items than any run uploads.
const ITEMS_LISTED: u64 = 400;
