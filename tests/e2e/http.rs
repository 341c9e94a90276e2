//! The native API on the real binary.

mod support;

use support::Installation;

#[test]
fn a_server_listens_answers_and_drains() {
    let installation = Installation::new();
    let server = installation.serve();
    assert_eq!(server.http("api").get("/healthz").expect(200).text(), "ok");
    assert!(server.stop().success());
}
