//! The steps of the demo, each a check of what really happened.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::Client;
use super::console::Reviewer;
use super::disk;
use super::narrator::Narrator;
use super::pictures::{self, BANK_SEEDS, Upload};
use super::program::Program;
use super::proof;
use super::server::Server;
use super::{case, scan};

pub(super) const BANK: &str = "DEMO";

#[derive(Debug, Deserialize)]
struct Listed {
    items: Vec<ListedCase>,
}

#[derive(Debug, Deserialize)]
struct ListedCase {
    id: String,
}

#[derive(Debug, Deserialize)]
struct FirstLink {
    first_link_path: String,
}

#[derive(Debug, Deserialize)]
struct Secret {
    secret: String,
}

/// Everything the steps share.
struct Play<'a> {
    narrator: &'a mut Narrator,
    program: Program,
    /// Where the installation is.
    folder: &'a Path,
    server: Server,
    api: Client,
}

/// Plays the path on the binary `seawall`, which makes `folder`.
///
/// # Errors
/// The first step that is not as it should be.
pub(crate) fn play(seawall: &Path, folder: &Path, once: bool) -> Result<()> {
    let narrator = &mut Narrator::stdout();
    narrator.heading(
        "Seawall's path, in drill mode: every picture is a generated pattern, every partner a \
         stand-in on this machine.",
    )?;
    let started = Instant::now();
    let (mut play, admin) = start(narrator, seawall, folder)?;
    let uploads = pictures::uploads();
    play.bank()?;
    let cases = play.upload_all(&uploads)?;
    play.queue(&cases)?;
    play.review(cases.first().context("choosing a case to decide")?)?;
    play.prove(&uploads)?;
    play.figures(uploads.len(), cases.len())?;
    let took = started.elapsed().as_secs_f64();
    play.end(once, &admin, took)
}

fn start<'a>(
    narrator: &'a mut Narrator,
    seawall: &Path,
    folder: &'a Path,
) -> Result<(Play<'a>, FirstLink)> {
    narrator.heading("Start")?;
    let program = Program::new(seawall, folder);
    let place = folder.to_string_lossy().into_owned();
    let admin: FirstLink = narrator.step("install", || {
        let link = program.json(&["init", &place, "--admin", "demo", "--json"])?;
        for part in ["seawall.toml", "keys/master.key", "data"] {
            ensure!(folder.join(part).exists(), "{part} was not made");
        }
        Ok((
            link,
            "a folder with configuration, master key and an empty store".to_owned(),
        ))
    })?;
    let server = narrator.step("serve", || {
        let server = Server::start(
            &mut program.command(&["serve", "--drill"]),
            &folder.with_file_name("serve.log"),
        )?;
        let at = &server.addresses;
        ensure!(
            at.stand_in.is_some(),
            "no stand-in is running: reports would go elsewhere"
        );
        let text = format!(
            "ready; console {}, API {}, public {}",
            at.console, at.api, at.public
        );
        Ok((server, text))
    })?;
    if !server.addresses.moved_ports.is_empty() {
        let moved = server.addresses.moved_ports.join(", ");
        narrator.note(&format!(
            "the usual port was taken, so another one serves: {moved}"
        ))?;
    }
    let api = narrator.step("token", || token(&program, &server.addresses.api))?;
    Ok((
        Play {
            narrator,
            program,
            folder,
            server,
            api,
        },
        admin,
    ))
}

/// Makes a token for the platform, and checks that nobody is let in without one.
fn token(program: &Program, address: &str) -> Result<(Client, String)> {
    let mut arguments = vec!["token", "create", "--name", "demo", "--json"];
    for scope in [
        "scan",
        "banks.read",
        "banks.write",
        "cases.read",
        "figures.read",
    ] {
        arguments.extend(["--scope", scope]);
    }
    let token: Secret = program.json(&arguments)?;
    let nobody = Client::new(address);
    nobody
        .get("/api/v1/banks")?
        .expect_status(401)
        .context("asking without a token")?;
    let api = nobody.with("authorization", format!("Bearer {}", token.secret));
    Ok((
        api,
        "made for the platform; without it the interface refuses (401)".to_owned(),
    ))
}

impl Play<'_> {
    fn bank(&mut self) -> Result<()> {
        self.narrator.heading("A bank of known pictures")?;
        let api = &self.api;
        self.narrator.step("bank", || {
            api.post_json("/api/v1/banks", &json!({ "name": BANK }))?
                .expect_status(201)?;
            Ok(((), format!("{BANK} is made, threshold 31 of 256 bits")))
        })?;
        for seed in BANK_SEEDS {
            self.narrator.step("known picture", || {
                let path = format!("/api/v1/banks/{BANK}/pictures?note=pattern-{seed}");
                let bytes = pictures::original(seed);
                let headers = [("content-type", "image/jpeg")];
                let added: Value = api
                    .post(&path, &headers, &bytes)?
                    .expect_status(201)?
                    .json()?;
                let hashes = added["hashes"]
                    .as_array()
                    .context("looking for its hashes")?;
                let pdq = hashes.iter().find(|hash| hash["algorithm"] == "pdq");
                let value = pdq
                    .and_then(|hash| hash["value"].as_str())
                    .context("its PDQ hash")?;
                ensure!(value.len() == 64, "its PDQ hash has {} digits", value.len());
                Ok((
                    (),
                    format!(
                        "generated from seed {seed}, {} hashes, pdq {value}",
                        hashes.len()
                    ),
                ))
            })?;
        }
        Ok(())
    }

    /// Sends the dozen and gives the cases they opened.
    fn upload_all(&mut self, uploads: &[Upload]) -> Result<Vec<String>> {
        self.narrator
            .heading("A dozen uploads through the HTTP interface")?;
        let api = &self.api;
        let mut cases = Vec::new();
        for upload in uploads {
            let title = format!("{}, {}", upload.item, upload.what);
            let case = self.narrator.step(&title, || {
                let answer = scan::send(api, &upload.item, upload)?;
                ensure!(
                    !answer.repeated,
                    "it was taken for an upload that was seen before"
                );
                scan::judge(upload.fate, &answer)?;
                let text = scan::tell(&answer);
                Ok((answer.case_id, text))
            })?;
            cases.extend(case);
        }
        let [first, other] = [0, 2].map(|index| &uploads[index]);
        self.narrator.step("the first upload again", || {
            let answer = scan::send(api, &first.item, first)?;
            ensure!(answer.repeated, "it was taken for a new upload");
            ensure!(
                answer.case_id.as_ref() == cases.first(),
                "it has another case now"
            );
            Ok((
                (),
                "known by its item id: the same case, no second one".to_owned(),
            ))
        })?;
        self.narrator
            .step("another file under a used item id", || {
                let problem = scan::post(api, &first.item, other)?.expect_status(409)?;
                let problem: Value = problem.json()?;
                ensure!(
                    problem["code"] == "item_id_reused",
                    "the problem's code is {}",
                    problem["code"]
                );
                Ok(((), "refused with 409 item_id_reused".to_owned()))
            })?;
        Ok(cases)
    }

    fn queue(&mut self, cases: &[String]) -> Result<()> {
        self.narrator.heading("Cases")?;
        let api = &self.api;
        self.narrator.step("open cases", || {
            let listed: Listed = api
                .get("/api/v1/cases?state=open&limit=100")?
                .expect_status(200)?
                .json()?;
            let listed: BTreeSet<&str> = listed.items.iter().map(|case| case.id.as_str()).collect();
            let opened: BTreeSet<&str> = cases.iter().map(String::as_str).collect();
            ensure!(
                listed == opened,
                "{} cases are listed, {} were opened",
                listed.len(),
                opened.len()
            );
            Ok((
                (),
                format!(
                    "{} wait for a person, one for each upload that matched",
                    listed.len()
                ),
            ))
        })
    }

    fn review(&mut self, id: &str) -> Result<()> {
        self.narrator.heading("Review, decision, report")?;
        let (program, api) = (&self.program, &self.api);
        let console = self.server.addresses.console.as_str();
        let reviewer = self.narrator.step("sign in", || {
            let link: FirstLink =
                program.json(&["user", "add", "reviewer", "--role", "reviewer", "--json"])?;
            let reviewer = Reviewer::sign_in(console, &link.first_link_path)?;
            reviewer.page("/queue").context("opening the queue")?;
            Ok((
                reviewer,
                "a reviewer took up the account; the one-time link works once".to_owned(),
            ))
        })?;
        for mode in ["blurred", "full"] {
            self.narrator.step(&format!("reveal, {mode}"), || {
                let bytes = reviewer.reveal(id, mode)?;
                let viewed = case::read(api, id)?.viewed_in_full;
                ensure!(
                    viewed == (mode == "full"),
                    "the record says viewed in full: {viewed}"
                );
                Ok((
                    (),
                    format!("shown once from memory ({bytes} bytes, no-store) and recorded"),
                ))
            })?;
        }
        self.narrator
            .step("decide", || case::decide(&reviewer, api, id))?;
        self.narrator.step("report", || case::file(api, id))
    }

    fn prove(&mut self, uploads: &[Upload]) -> Result<()> {
        self.narrator.heading("Proof")?;
        let (program, api) = (&self.program, &self.api);
        self.narrator.step("audit log", || proof::audit(program))?;
        self.narrator.step("audit log through the interface", || {
            proof::audit_online(api)
        })?;
        let sent = uploads.first().map_or(0, |upload| upload.bytes.len());
        self.narrator
            .step("the stand-in's own book", || proof::book(self.folder, sent))?;
        self.narrator.step("disk", || {
            let files = disk::check_nothing_in_clear(&self.folder.join("data"), uploads)?;
            let text =
                format!("{files} files searched: no upload lies there in clear, matched or not");
            Ok(((), text))
        })
    }

    fn figures(&mut self, uploads: usize, cases: usize) -> Result<()> {
        self.narrator.heading("Figures")?;
        let api = &self.api;
        let figures = self.narrator.step("figures", || {
            let figures: Value = api.get("/api/v1/figures")?.expect_status(200)?.json()?;
            for (name, expected) in [
                ("scans", uploads),
                ("scans_without_match", uploads - cases),
                ("cases_opened", cases),
                ("cases_decided", 1),
                ("reports_asked", 1),
                ("reports_filed", 1),
            ] {
                let found = total(&figures[name]);
                ensure!(
                    found == expected as u64,
                    "{name} is {found}, not {expected}"
                );
            }
            Ok((
                figures,
                "counted from the audit log, and what was played is what they say".to_owned(),
            ))
        })?;
        for (name, value) in figures.as_object().into_iter().flatten() {
            self.narrator.note(&format!(
                "{:<28}{}",
                name.replace('_', " "),
                case::plain(value)
            ))?;
        }
        Ok(())
    }

    fn end(self, once: bool, admin: &FirstLink, took: f64) -> Result<()> {
        if !once {
            return self.leave_open(admin, took);
        }
        let Self {
            narrator,
            program,
            folder,
            server,
            ..
        } = self;
        narrator.heading("End")?;
        narrator.step("stop", || {
            server.stop()?;
            Ok((
                (),
                "asked to end, the server finished what it did and ended cleanly".to_owned(),
            ))
        })?;
        narrator.step("audit log at rest", || proof::audit(&program))?;
        narrator.step("a forged log", || {
            proof::forgery(&program, folder, &folder.with_file_name("forged"))
        })?;
        let steps = narrator.steps();
        narrator.heading(&format!(
            "All {steps} steps were checked and true ({took:.1} s)."
        ))
    }

    fn leave_open(self, admin: &FirstLink, took: f64) -> Result<()> {
        let console = &self.server.addresses.console;
        let steps = self.narrator.steps();
        let link = &admin.first_link_path;
        self.narrator.heading(&format!(
            "All {steps} steps were checked and true ({took:.1} s). The console is open; its other \
             cases wait for you:\n\n  console                 {console}\n  \
             one-time sign-in link   {console}{link}\n\nCtrl-C ends it."
        ))?;
        let status = self.server.wait()?;
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }
}

/// A number, or the sum of the numbers of a table.
fn total(value: &Value) -> u64 {
    let numbers = value
        .as_object()
        .into_iter()
        .flat_map(|table| table.values());
    value
        .as_u64()
        .unwrap_or_else(|| numbers.filter_map(Value::as_u64).sum())
}
