//! `seawall user` and `seawall token`, against a running server.

use crate::support::Installation;

#[test]
fn a_one_time_link_works_once_and_a_disabled_user_stays_outside() {
    let installation = Installation::new();
    let server = installation.serve();
    let link = installation.user("alex", "reviewer");
    let console = server.console();
    console.use_link(&link);
    console.get("/queue").expect(200);
    assert_eq!(server.console().get(&link).status, 410);
    let second = server.console();
    second.sign_in("alex");
    second.get("/queue").expect(200);
    installation.run(["user", "disable", "alex"]).exits(0);
    assert_eq!(
        second.get("/queue").status,
        303,
        "a session ends with its user"
    );
    installation.run(["user", "enable", "alex"]).exits(0);
    let third = server.console();
    third.sign_in("alex");
    third.get("/queue").expect(200);
}

#[test]
fn a_new_link_replaces_a_forgotten_password() {
    let installation = Installation::new();
    let server = installation.serve();
    let made = installation
        .run(["user", "link", "admin", "--json"])
        .exits(0)
        .json();
    assert_eq!(made["user"], "admin");
    server
        .console()
        .use_link(made["first_link_path"].as_str().expect("a path"));
}

#[test]
fn users_are_listed_and_bad_ones_refused() {
    let installation = Installation::new();
    installation.user("sam", "auditor");
    let listed = installation.run(["user", "list"]).exits(0).stdout;
    let row = listed
        .lines()
        .find(|line| line.starts_with("sam "))
        .expect("sam is listed");
    assert!(row.contains("auditor") && row.contains("enabled"), "{row}");
    assert!(listed.contains("admin"), "{listed}");
    let taken = installation.run(["user", "add", "sam"]).exits(2);
    assert!(
        taken.stderr.contains("this name is taken"),
        "{}",
        taken.stderr
    );
    for name in ["", "a b", "<b>", "a/b"] {
        installation.run(["user", "add", name]).exits(2);
    }
    installation
        .run(["user", "add", "kim", "--role", "owner"])
        .exits(2);
    installation.run(["user", "link", "nobody"]).exits(2);
    installation.run(["user", "disable", "nobody"]).exits(2);
}

#[test]
fn a_token_works_until_it_is_revoked() {
    let installation = Installation::new();
    let server = installation.serve();
    let made = installation.run([
        "token",
        "create",
        "--name",
        "t",
        "--scope",
        "banks.read",
        "--json",
    ]);
    let made = made.exits(0).json();
    let (id, secret) = (
        made["id"].as_str().expect("an id"),
        made["secret"].as_str().expect("a secret"),
    );
    let api = server.api(secret);
    api.get("/api/v1/banks").expect(200);
    let listed = installation.run(["token", "list"]).exits(0).stdout;
    let row = listed
        .lines()
        .find(|line| line.starts_with(id))
        .expect("it is listed");
    assert!(row.contains("valid") && row.contains("banks.read"), "{row}");
    assert!(!listed.contains(secret), "a secret is shown once");
    installation.run(["token", "revoke", id]).exits(0);
    api.get("/api/v1/banks").problem(401, "unauthorized");
    installation.run(["token", "revoke", id]).exits(2);
    installation.run(["token", "revoke", "no-id"]).exits(2);
    let listed = installation.run(["token", "list"]).exits(0).stdout;
    assert!(
        listed
            .lines()
            .any(|line| line.starts_with(id) && line.contains("revoked")),
        "{listed}"
    );
}

#[test]
fn a_token_ends_when_it_was_told_to() {
    let installation = Installation::new();
    let server = installation.serve();
    let token = |expires: &str| {
        let run = installation.run([
            "token",
            "create",
            "--name",
            "t",
            "--scope",
            "banks.read",
            "--expires",
            expires,
        ]);
        run.exits(0).stdout.trim().to_owned()
    };
    let (ended, valid) = (token("2020-01-01T00:00:00Z"), token("2999-12-31T00:00:00Z"));
    server
        .api(&ended)
        .get("/api/v1/banks")
        .problem(401, "unauthorized");
    server.api(&valid).get("/api/v1/banks").expect(200);
    for bad in ["tomorrow", "2027-01-31", "2027-01-31T00:00:00"] {
        let run = installation.run([
            "token",
            "create",
            "--name",
            "t",
            "--scope",
            "scan",
            "--expires",
            bad,
        ]);
        run.exits(2);
    }
}
