//! Who may come in.

use std::collections::BTreeSet;

use seawall_core::Actor;
use seawall_store::{Role, Scope};
use seawall_workflow::AccessError;

use crate::fixture::fixture;

const PASSWORD: &str = "a long enough password";

#[test]
fn a_link_sets_a_password_once_and_signs_in() {
    let f = fixture();
    let link = f
        .workflow
        .create_user("alex", Role::Reviewer, Actor::Operator)
        .expect("made");
    let short = f
        .workflow
        .use_link(link.expose(), "short")
        .expect_err("too short");
    assert!(matches!(short, AccessError::PasswordLength));
    let session = f
        .workflow
        .use_link(link.expose(), PASSWORD)
        .expect("the link is still good");
    let (_, user) = f
        .workflow
        .session(session.secret.expose())
        .expect("readable")
        .expect("open");
    assert_eq!(user.name, "alex");
    let again = f
        .workflow
        .use_link(link.expose(), PASSWORD)
        .expect_err("used");
    assert!(matches!(again, AccessError::LinkEnded));
    assert!(f.workflow.sign_in("alex", PASSWORD).is_ok());
}

#[test]
fn a_new_link_or_password_or_a_disabled_user_ends_what_was_open() {
    let f = fixture();
    let link = f
        .workflow
        .create_user("alex", Role::Admin, Actor::Operator)
        .expect("made");
    let newer = f
        .workflow
        .issue_link("alex", Actor::Operator)
        .expect("made");
    assert!(
        f.workflow.use_link(link.expose(), PASSWORD).is_err(),
        "the older link has ended"
    );
    let first = f.workflow.use_link(newer.expose(), PASSWORD).expect("used");
    let reset = f
        .workflow
        .issue_link("alex", Actor::Operator)
        .expect("made");
    let second = f
        .workflow
        .use_link(reset.expose(), "another long password")
        .expect("used");
    let is_open = |secret: &str| f.workflow.session(secret).expect("readable").is_some();
    assert!(
        !is_open(first.secret.expose()),
        "a new password ends older sessions"
    );
    assert!(is_open(second.secret.expose()));
    f.workflow
        .enable_user("alex", false, Actor::Operator)
        .expect("disabled");
    assert!(!is_open(second.secret.expose()));
    assert!(matches!(
        f.workflow.sign_in("alex", "another long password"),
        Err(AccessError::Refused)
    ));
}

#[test]
fn links_and_sessions_end_with_time_and_by_signing_out() {
    let f = fixture();
    let link = f
        .workflow
        .create_user("alex", Role::Admin, Actor::Operator)
        .expect("made");
    f.clock.advance_ms(24 * 3_600_000);
    assert!(matches!(
        f.workflow.link_user(link.expose()),
        Err(AccessError::LinkEnded)
    ));
    let link = f
        .workflow
        .issue_link("alex", Actor::Operator)
        .expect("made");
    let session = f.workflow.use_link(link.expose(), PASSWORD).expect("used");
    f.clock.advance_ms(8 * 3_600_000);
    assert!(
        f.workflow
            .session(session.secret.expose())
            .expect("readable")
            .is_none()
    );
    let session = f.workflow.sign_in("alex", PASSWORD).expect("in");
    let (open, _) = f
        .workflow
        .session(session.secret.expose())
        .expect("readable")
        .expect("open");
    f.workflow.sign_out(&open).expect("out");
    assert!(
        f.workflow
            .session(session.secret.expose())
            .expect("readable")
            .is_none()
    );
}

#[test]
fn guessing_is_stopped_and_says_nothing_about_names() {
    let f = fixture();
    let link = f
        .workflow
        .create_user("alex", Role::Admin, Actor::Operator)
        .expect("made");
    f.workflow.use_link(link.expose(), PASSWORD).expect("used");
    assert!(matches!(
        f.workflow.sign_in("nobody", PASSWORD),
        Err(AccessError::Refused)
    ));
    for _ in 0..10 {
        assert!(matches!(
            f.workflow.sign_in("alex", "a wrong password"),
            Err(AccessError::Refused)
        ));
    }
    assert!(matches!(
        f.workflow.sign_in("alex", PASSWORD),
        Err(AccessError::TooMany)
    ));
    f.clock.advance_ms(15 * 60_000);
    assert!(f.workflow.sign_in("alex", PASSWORD).is_ok());
}

#[test]
fn names_are_checked_and_unique() {
    let f = fixture();
    for bad in ["", "a b", "a\nb", "<b>", &"x".repeat(65)] {
        let refused = f.workflow.create_user(bad, Role::Auditor, Actor::Operator);
        assert!(matches!(refused, Err(AccessError::Name)), "{bad}");
    }
    f.workflow
        .create_user("älex@example.org", Role::Auditor, Actor::Operator)
        .expect("made");
    let again = f
        .workflow
        .create_user("älex@example.org", Role::Admin, Actor::Operator);
    assert!(matches!(again, Err(AccessError::NameTaken)));
}

#[test]
fn tokens_work_until_they_end_or_are_revoked() {
    let f = fixture();
    let scopes = BTreeSet::from([Scope::Scan]);
    let end = Some(crate::fixture::start().plus_millis(1_000));
    let (_, short) = f
        .workflow
        .create_token("short", scopes.clone(), end, Actor::Operator)
        .expect("made");
    let (id, long) = f
        .workflow
        .create_token("long", scopes, None, Actor::Operator)
        .expect("made");
    let works = |secret: &str| f.workflow.token(secret).expect("readable").is_some();
    assert!(works(short.expose()) && works(long.expose()) && !works("guess"));
    f.clock.advance_ms(1_000);
    assert!(!works(short.expose()) && works(long.expose()));
    f.workflow
        .revoke_token(id, Actor::Operator)
        .expect("revoked");
    assert!(!works(long.expose()));
    assert!(matches!(
        f.workflow.revoke_token(id, Actor::Operator),
        Err(AccessError::NoToken)
    ));
}

#[test]
fn a_token_is_remembered_for_a_second_and_never_past_its_end_or_a_change() {
    let f = fixture();
    let make = |name: &str, lives_ms: i64| {
        let end = Some(crate::fixture::start().plus_millis(lives_ms));
        let scopes = BTreeSet::from([Scope::Matcher]);
        let made = f.workflow.create_token(name, scopes, end, Actor::Operator);
        made.expect("made")
    };
    let ((_, short), (id, long)) = (make("short", 500), make("long", 60_000));
    let asks = |secret: &str| f.workflow.token(secret).expect("readable").is_some();
    let knows = |secret: &str| f.workflow.known_token(secret).is_some();
    assert!(!knows(long.expose()), "nobody asked for it yet");
    assert!(asks(short.expose()) && asks(long.expose()) && !asks("guess"));
    assert!(knows(short.expose()) && knows(long.expose()) && !knows("guess"));
    f.clock.advance_ms(500);
    assert!(!knows(short.expose()) && knows(long.expose()));
    f.clock.advance_ms(499);
    assert!(knows(long.expose()));
    f.clock.advance_ms(1);
    assert!(!knows(long.expose()), "a second is over");
    assert!(asks(long.expose()) && knows(long.expose()));
    f.workflow.refresh_banks().expect("readable");
    assert!(!knows(long.expose()), "somebody changed the database");
    assert!(asks(long.expose()) && knows(long.expose()));
    let revoked = f.workflow.revoke_token(id, Actor::Operator);
    revoked.expect("revoked");
    assert!(!knows(long.expose()) && !asks(long.expose()));
}

#[test]
fn a_secret_does_not_print() {
    let f = fixture();
    let link = f
        .workflow
        .create_user("alex", Role::Admin, Actor::Operator)
        .expect("made");
    assert_eq!(format!("{link:?}"), "Secret([redacted])");
}
