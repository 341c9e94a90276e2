//! Replies written by hand, which the stand-in's tests hold its answers against.

use seawall_casework::report::{CallKind, CallOutcome, outcome_of_answer, parse_reply};

const FILE_ID: &str = "b0754af766b426f2928c02c651ed4b99";
const MD5: &str = "240bf022e685b0ee30ad9fe9e1fb5d5b";

fn body(golden: &str) -> Vec<u8> {
    golden.replace("FILE", FILE_ID).into_bytes()
}

#[test]
fn each_reply_is_read() {
    let submit = body(include_str!("golden/reply-submit.xml"));
    let reply = parse_reply(CallKind::Submit, &submit).expect("a reply");
    assert_eq!(reply.report_id, Some(5_000_000_001));

    let upload = body(include_str!("golden/reply-upload.xml"));
    let reply = parse_reply(CallKind::Upload, &upload).expect("a reply");
    assert_eq!(reply.file_id.as_deref(), Some(FILE_ID));
    assert_eq!(reply.md5.expect("an md5").reveal(), MD5);

    let finish = body(include_str!("golden/reply-finish.xml"));
    let reply = parse_reply(CallKind::Finish, &finish).expect("a reply");
    assert_eq!(reply.file_ids, [FILE_ID]);
}

#[test]
fn each_reply_has_its_outcome() {
    let upload = body(include_str!("golden/reply-upload.xml"));
    let outcome = outcome_of_answer(CallKind::Upload, 200, &upload, Some(MD5));
    assert!(matches!(outcome, CallOutcome::Accepted { .. }));
    let other = "0".repeat(32);
    let outcome = outcome_of_answer(CallKind::Upload, 200, &upload, Some(&other));
    assert_eq!(outcome, CallOutcome::Altered);

    let before = body(include_str!("golden/reply-finished-before.xml"));
    let outcome = outcome_of_answer(CallKind::Finish, 200, &before, None);
    assert_eq!(outcome, CallOutcome::Refused { code: 5102 });
}
