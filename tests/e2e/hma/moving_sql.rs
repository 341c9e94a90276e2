//! The query of docs/moving-from-hma.md, on a PostgreSQL with the tables of HMA.
//!
//! The tables are those of `OpenMediaMatch/storage/postgres/database.py` in
//! `facebook/ThreatExchange`, as far as the query and what it has to pass by are concerned.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Scene;
use crate::support::{DEADLINE, Run, eventually, is_there};

/// A PostgreSQL of this test's own, that listens to a socket in a folder of its own.
struct Postgres {
    server: Child,
    programs: PathBuf,
    folder: TempDir,
}

impl Postgres {
    /// Starts one; `None`, said aloud, where there is none.
    fn start() -> Option<Self> {
        let programs = programs();
        if !is_there("initdb", programs.is_some()) {
            return None;
        }
        let (programs, folder) = (programs?, tempfile::tempdir().expect("a temporary folder"));
        if is_root() {
            let mut command = Command::new("chown");
            Run::of(command.arg(USER).arg(folder.path())).exits(0);
        }
        let data = folder.path().join("data");
        let mut command = as_user(&programs.join("initdb"), folder.path());
        command.args(["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C"]);
        command.args(["--username", USER, "-D"]).arg(&data);
        Run::of(&mut command).exits(0);
        let mut command = as_user(&programs.join("postgres"), folder.path());
        let sockets = format!("unix_socket_directories={}", folder.path().display());
        command.args([
            "-c",
            "listen_addresses=",
            "-c",
            "fsync=off",
            "-c",
            &sockets,
            "-D",
        ]);
        let quiet = command
            .arg(&data)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let server = quiet.stderr(Stdio::null()).spawn().expect("it starts");
        let server = Self {
            server,
            programs,
            folder,
        };
        eventually("PostgreSQL takes connections", DEADLINE, || {
            let mut ready = Command::new(server.programs.join("pg_isready"));
            let ready = ready.arg("-h").arg(server.folder.path()).output();
            ready.expect("it starts").status.success().then_some(())
        });
        Some(server)
    }

    /// What `psql` takes for a database of this server.
    fn database(&self, name: &str) -> String {
        format!(
            "host={} user={USER} dbname={name}",
            self.folder.path().display()
        )
    }

    /// Makes a database with these statements.
    fn make(&self, name: &str, statements: &str) {
        let psql = |database: &str, statements: &str| {
            let mut command = Command::new(self.programs.join("psql"));
            command.args([
                "--no-psqlrc",
                "--quiet",
                "--set",
                "ON_ERROR_STOP=on",
                "--file",
                "-",
            ]);
            command.arg(self.database(database));
            Run::with_input(&mut command, statements.as_bytes()).exits(0);
        };
        psql("postgres", &format!("CREATE DATABASE {name}"));
        psql(name, statements);
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // At once, without a farewell to its clients; its children go with it.
        kill_process(Pid::from_child(&self.server), Signal::QUIT).ok();
        self.server.wait().ok();
    }
}

/// Where PostgreSQL's programs are: all of them, which Debian keeps beside the search path.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    let needed = ["initdb", "postgres", "psql", "pg_isready"];
    let has_all = |folder: &PathBuf| needed.iter().all(|name| folder.join(name).is_file());
    folders.into_iter().find(has_all)
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// PostgreSQL refuses to run as root: its package's user does it then.
fn as_user(program: &Path, folder: &Path) -> Command {
    let mut command = match is_root() {
        false => Command::new(program),
        true => {
            let mut command = Command::new("setpriv");
            let user = [format!("--reuid={USER}"), format!("--regid={USER}")];
            command.args(user).arg("--clear-groups").arg(program);
            command
        }
    };
    command.current_dir(folder);
    command
}

const USER: &str = "postgres";

/// A block of the guide: what stands between this fence and the next.
fn block(fence: &str, holding: &str) -> String {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/moving-from-hma.md");
    let guide = std::fs::read_to_string(guide).expect("the guide is there");
    let mut blocks = guide.split("\n```").skip(1).step_by(2);
    let found = blocks.find(|block| block.starts_with(fence) && block.contains(holding));
    let found = found.expect("the guide has this block");
    found[fence.len()..].trim_start().to_owned()
}

/// HMA's tables, with these further columns of `bank_content`.
fn tables(further: &str) -> String {
    format!(
        "CREATE TABLE exchange (id SERIAL PRIMARY KEY, name VARCHAR(255) NOT NULL UNIQUE);
         CREATE TABLE bank (
             id SERIAL PRIMARY KEY, name VARCHAR(255) NOT NULL UNIQUE,
             enabled_ratio DOUBLE PRECISION NOT NULL,
             import_from_exchange_id INTEGER UNIQUE REFERENCES exchange (id) ON DELETE CASCADE
         );
         CREATE TABLE bank_content (
             id SERIAL PRIMARY KEY,
             bank_id INTEGER NOT NULL REFERENCES bank (id) ON DELETE CASCADE,
             imported_from_id INTEGER UNIQUE, disable_until_ts INTEGER NOT NULL,
             original_content_uri VARCHAR{further}
         );
         CREATE TABLE content_signal (
             content_id INTEGER NOT NULL REFERENCES bank_content (id) ON DELETE CASCADE,
             signal_type VARCHAR NOT NULL, signal_val TEXT NOT NULL,
             create_time TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
             PRIMARY KEY (content_id, signal_type)
         );"
    )
}

/// What every version of HMA can hold.
const CONTENTS: &str = "
    INSERT INTO exchange (name) VALUES ('PARTNER');
    INSERT INTO bank (name, enabled_ratio, import_from_exchange_id)
        VALUES ('OURS', 1, NULL), ('HALF', 0.5, NULL), ('PARTNER', 1, 1);
    INSERT INTO bank_content (bank_id, disable_until_ts, original_content_uri) VALUES
        (1, 1, 'https://media.example/ä'), (1, 1, NULL), (1, 0, NULL), (2, 1, NULL),
        (2, 1, NULL), (3, 1, NULL);
    INSERT INTO content_signal (content_id, signal_type, signal_val) VALUES
        (1, 'pdq', repeat('0f', 32)), (2, 'pdq', ''),
        (2, 'video_md5', '00112233445566778899aabbccddeeff'), (3, 'pdq', repeat('33', 32)),
        (4, 'pdq', repeat('5a', 32)), (6, 'pdq', repeat('a5', 32));";

/// What newer ones can: every kind of character that a text or JSON may have.
const NOTES: &str = r#"
    UPDATE bank_content SET note = E'line\nbreak, "quotes", back\\slash, tab\t, ä, 😀' WHERE id = 1;"#;
const METADATA: &str = r#"
    UPDATE bank_content SET bank_content_metadata =
        E'{"content_id": "post-1",\r\n "json": {"nul": "a\\u0000b"}}' WHERE id = 1;"#;

#[test]
fn what_the_guide_says_brings_the_banks_of_every_version_over() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let (note, metadata) = (", note VARCHAR(255)", ", bank_content_metadata JSON");
    let columns = [note, metadata].concat();
    for (name, further, more) in [
        ("oldest", "", String::new()),
        ("noted", note, NOTES.to_owned()),
        ("newest", columns.as_str(), [NOTES, METADATA].concat()),
    ] {
        postgres.make(name, &[&tables(further), CONTENTS, &more].concat());
        check(&postgres, name);
    }
}

fn check(postgres: &Postgres, name: &str) {
    let scene = Scene::new();
    let installation = &scene.installation;
    installation.write("hma-export.sql", block("sql", "content_signal"));
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("sh");
    command
        .args(["-e", "-c", &block("", "psql")])
        .current_dir(installation.folder())
        .env("PATH", format!("{}:{path}", postgres.programs.display()))
        .env("PGCLIENTENCODING", "LATIN1")
        .env("HMA_DATABASE", postgres.database(name));
    Run::of(&mut command).exits(0);
    let file = installation.path("hma.jsonl").display().to_string();
    let run = installation.run(["hma", "import", &file]).exits(0);
    assert_eq!(
        run.stdout, "HALF, made: added 1, 0 there already\nOURS, made: added 3, 0 there already\n",
        "{name}: {}",
        run.stderr
    );
    let hma = &scene.hma;
    eventually("the server has the banks", DEADLINE, || {
        let banks = hma.get("/c/banks").expect(200).json();
        let is_half = json!({ "name": "HALF", "matching_enabled_ratio": 0.5 });
        banks.as_array()?.contains(&is_half).then_some(())
    });
    let look_up = |signal: &str, kind: &str| -> Value {
        let path = format!("/m/raw_lookup?signal={signal}&signal_type={kind}");
        let found = hma.get(&path).expect(200).json();
        found["matches"].as_array().expect("a list").clone().into()
    };
    eventually("its index has them", DEADLINE, || {
        let found = look_up("00112233445566778899aabbccddeeff", "video_md5");
        (found != json!([])).then_some(())
    });
    let of_partner = look_up(&"a5".repeat(32), "pdq");
    assert_eq!(of_partner, json!([]), "{name}: an exchange brings it anew");
    let id = look_up(&"0f".repeat(32), "pdq")[0].clone();
    let path = format!("/c/bank/OURS/content/{id}?include_metadata=true");
    let content = hma.get(&path).expect(200).json();
    let uri = &content["metadata"]["content_uri"];
    assert_eq!(*uri, "https://media.example/ä", "{name}");
    if name != "oldest" {
        let note = "line\nbreak, \"quotes\", back\\slash, tab\t, ä, 😀";
        assert_eq!(content["note"], note, "{name}");
    }
    if name == "newest" {
        assert_eq!(content["metadata"]["content_id"], "post-1");
        assert_eq!(content["metadata"]["json"], json!({ "nul": "a\u{0}b" }));
    }
}
