use std::sync::Arc;

use seawall_core::Timestamp;
use seawall_sim::fault::Fault;
use seawall_sim::tat::{Entry, Options, TOKEN_MS, Tat};
use seawall_testkit::FakeClock;
use serde_json::{Value, json};

use crate::caller::Caller;

/// A stand-in whose clock shows 1704901040.222, with a caller that has a token.
async fn stand_in() -> (Arc<Tat>, Arc<FakeClock>, Caller) {
    let clock = Arc::new(FakeClock::new(Timestamp::from_millis(1_704_901_040_222)));
    let options = Options {
        username: "user".into(),
        password: "word".into(),
    };
    let tat = Tat::new(options, Arc::clone(&clock) as _);
    let caller = with_token(&tat).await;
    (tat, clock, caller)
}

const FORM: &str = "application/x-www-form-urlencoded";

async fn with_token(tat: &Arc<Tat>) -> Caller {
    let nobody = Caller::new(tat.router(), &[]);
    let body = "username=user&password=word&resend=False";
    let answer = nobody
        .send("POST", "/token-auth/tcap/", FORM, body)
        .await
        .json(200);
    let token = answer["token"].as_str().expect("a token");
    let bearer = format!("Bearer {token}");
    Caller::new(
        tat.router(),
        &[("authorization", &bearer), ("host", "127.0.0.1:99")],
    )
}

fn entry(digest: &str) -> Entry {
    Entry {
        algorithm: "MD5".into(),
        digest: digest.into(),
        ideology: "islamist".into(),
        file_type: "mp4".into(),
    }
}

fn digests(page: &Value) -> Vec<&str> {
    let results = page["results"].as_array().expect("results").iter();
    results
        .map(|entry| entry["hash_digest"].as_str().unwrap_or_default())
        .collect()
}

const LIST: &str = "/api/hash-list/v2/all?order=asc";

/// The members of the published client's test data.
#[tokio::test]
async fn a_page_reads_as_the_published_example() {
    let (tat, _, caller) = stand_in().await;
    tat.put(entry("123abc"));
    tat.put(entry("456def"));
    tat.withdraw("MD5", "456def");
    let answer = caller.get(&format!("{LIST}&after=")).await;
    assert_eq!(answer.header("seawall-stand-in"), Some("tat"));
    let entry = |id: u64, digest: &str, deleted: bool| {
        json!({
            "hash_digest": digest, "algorithm": "MD5", "ideology": "islamist",
            "file_type": "mp4", "deleted": deleted, "updated_on": 1_704_901_040.222,
            "created_on": "2024-01-10 15:37:20,222", "id": id,
        })
    };
    assert_eq!(
        answer.json(200),
        json!({ "count": 2, "next": null, "previous": null,
                "checkpoint": "1704901040.222000,1",
                "results": [entry(0, "123abc", false), entry(1, "456def", true)] })
    );
}

#[tokio::test]
async fn the_checkpoint_leads_past_changes_that_an_offset_would_skip_over() {
    let (tat, clock, caller) = stand_in().await;
    for digest in ["a", "b", "c", "d"] {
        tat.put(entry(digest));
        clock.advance_ms(1);
    }
    let first = caller.get(&format!("{LIST}&limit=2")).await.json(200);
    assert_eq!(digests(&first), ["a", "b"]);
    tat.put(entry("a"));
    let next = first["next"].as_str().expect("more");
    let next = next
        .strip_prefix("http://127.0.0.1:99")
        .expect("the host it was asked by");
    let skipping = caller.get(next).await.json(200);
    assert_eq!(digests(&skipping), ["d", "a"], "c is skipped");
    let checkpoint = first["checkpoint"].as_str().expect("a text");
    let whole = caller
        .get(&format!("{LIST}&after={checkpoint}"))
        .await
        .json(200);
    assert_eq!(digests(&whole), ["c", "d", "a"]);
    let last = whole["checkpoint"].as_str().expect("a text");
    let none = caller.get(&format!("{LIST}&after={last}")).await.json(200);
    assert_eq!((digests(&none).len(), &none["checkpoint"]), (0, &json!("")));
    let back = LIST.replace("asc", "desc");
    assert_eq!(
        digests(&caller.get(&back).await.json(200)),
        ["a", "d", "c", "b"]
    );
}

#[tokio::test]
async fn a_token_ends() {
    let (tat, clock, caller) = stand_in().await;
    clock.advance_ms(TOKEN_MS);
    caller.get(LIST).await.expect(200);
    clock.advance_ms(1);
    caller.get(LIST).await.expect(401);
    let caller = with_token(&tat).await;
    tat.set_hook(Some(Arc::new(|_| Fault::ExpiredToken)));
    caller.get(LIST).await.expect(401);
    tat.set_hook(None);
    caller.get(LIST).await.expect(401);
    assert_eq!(tat.tokens(), 2);
    with_token(&tat).await.get(LIST).await.expect(200);
}

#[tokio::test]
async fn requests_that_the_interface_does_not_know_are_refused() {
    let (tat, _, caller) = stand_in().await;
    for more in [
        "&after=x",
        "&after=1704901040.222000",
        "&after=1704901040.2,1",
        "&limit=0",
        "&limit=10001",
        "&order=up",
        "&offset=-1",
        "&since=1",
    ] {
        caller.get(&format!("{LIST}{more}")).await.expect(400);
    }
    let nobody = Caller::new(tat.router(), &[]);
    nobody.get(LIST).await.expect(401);
    for (kind, body) in [
        (FORM, "username=user&password=wrong"),
        (FORM, "username=user"),
        (FORM, "username=user&password=word&more=1"),
        ("text/plain", "username=user&password=word"),
        ("application/json", "{"),
    ] {
        nobody
            .send("POST", "/token-auth/tcap/", kind, body)
            .await
            .expect(400);
    }
    let body = "{\"username\":\"user\",\"password\":\"word\"}";
    let json = "application/json";
    nobody
        .send("POST", "/token-auth/tcap/", json, body)
        .await
        .expect(200);
}

#[tokio::test]
async fn odd_pages_hold_the_true_entries_all_the_same() {
    let (tat, _, caller) = stand_in().await;
    for digest in ["a", "b", "c"] {
        tat.put(entry(digest));
    }
    let odd = async |fault| {
        tat.set_hook(Some(Arc::new(move |_| fault)));
        caller.get(LIST).await.json(200)
    };
    assert_eq!(digests(&odd(Fault::OutOfOrder).await), ["c", "b", "a"]);
    assert_eq!(
        odd(Fault::FractionalSeconds).await["results"][0]["updated_on"],
        1_704_901_040
    );
    assert_eq!(
        digests(&odd(Fault::UnknownWords).await),
        ["a", "b", "c", "00ff"]
    );
    assert_eq!(
        digests(&odd(Fault::EmptyValues).await),
        ["a", "b", "c", "", ""]
    );
    let page = odd(Fault::SmallPage { size: 1 }).await;
    assert_eq!(
        (digests(&page), page["next"].is_string()),
        (vec!["a"], true)
    );
    let page = odd(Fault::RepeatedCursor).await;
    assert_eq!(
        (&page["checkpoint"], page["next"].is_string()),
        (&json!(""), true)
    );
}
