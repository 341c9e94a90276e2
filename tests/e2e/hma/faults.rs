//! H1 to H14: what was found wrong with HMA, each shown not to happen here.

use seawall_testkit::{picture, png};
use serde_json::{Value, json};

use crate::banks::put;
use crate::contents::{add_signal, post_signal};
use crate::exchanges::{partnered, read_again, served, until_listed};
use crate::support::sim::{set_up, value};
use crate::support::{Installation, Sim};
use crate::{Scene, message, pdq, post_form, post_photo};

#[track_caller]
fn look_up(scene: &Scene, signal: &str, more: &str) -> Value {
    let path = format!("/m/lookup?signal_type=pdq&signal={signal}{more}");
    scene.hma.get(&path).expect(200).json()
}

#[test]
fn h1_a_bank_made_with_enabled_false_is_off() {
    let scene = Scene::new();
    let made = scene
        .hma
        .post("/c/banks", &json!({ "name": "SLEEPING", "enabled": false }));
    assert_eq!(made.expect(201).json()["matching_enabled_ratio"], 0.0);
    add_signal(&scene, "SLEEPING", &json!({ "pdq": pdq(0) }));
    assert_eq!(look_up(&scene, &pdq(0), ""), json!({}));
}

#[test]
fn h2_a_kind_of_signal_can_be_set_and_0_switches_it_off() {
    let scene = Scene::new();
    let set = put(
        &scene.hma,
        "/c/signal_type/video_md5",
        &json!({ "enabled_ratio": 0.0 }),
    );
    assert_eq!(
        set.expect(200).json(),
        json!({ "enabled_ratio": 0.0, "name": "video_md5" })
    );
    let md5 = "ab".repeat(16);
    message(
        scene
            .hma
            .get(&format!("/m/lookup?signal_type=video_md5&signal={md5}")),
        400,
    );
    scene
        .hma
        .get(&format!("/m/lookup?signal_type=md5&signal={md5}"))
        .expect(200);
}

#[test]
fn h3_a_content_answers_to_its_own_bank_alone() {
    let scene = Scene::new();
    scene.native.bank("A_BANK");
    scene.native.bank("OTHER");
    let id = add_signal(&scene, "A_BANK", &json!({ "pdq": pdq(0) }));
    let wrong = format!("/c/bank/OTHER/content/{id}");
    message(scene.hma.get(&wrong), 404);
    message(
        put(&scene.hma, &wrong, &json!({ "disable_until_ts": 0 })),
        404,
    );
    message(scene.hma.delete(&wrong), 404);
    assert_ne!(look_up(&scene, &pdq(0), ""), json!({}));
}

#[test]
fn h4_the_coin_is_bypassed_on_get_as_on_post() {
    let scene = Scene::new();
    let bank = json!({ "name": "RARE", "enabled_ratio": 0.000_001 });
    scene.hma.post("/c/banks", &bank).expect(201);
    let file = png(&picture(320, 240, 7));
    post_photo(&scene.hma, "/c/bank/RARE/content", &file).expect(200);
    let signal = scene.installation.hash_of(&file, "pdq");
    assert_eq!(look_up(&scene, &signal, ""), json!({}));
    let found = look_up(&scene, &signal, "&bypass_coinflip=true");
    assert_eq!(found["RARE"].as_array().map(Vec::len), Some(1));
    let posted = post_photo(&scene.hma, "/m/lookup?bypass_coinflip=true", &file).expect(200);
    assert_eq!(posted.json(), json!({ "pdq": found }));
}

#[test]
fn h5_what_is_deleted_or_off_is_in_no_raw_lookup() {
    let scene = Scene::new();
    scene.native.bank("A_BANK");
    let ids = [(); 3].map(|()| add_signal(&scene, "A_BANK", &json!({ "pdq": pdq(0) })));
    let raw = || {
        let path = format!("/m/raw_lookup?signal_type=pdq&signal={}", pdq(0));
        scene.hma.get(&path).expect(200).json()["matches"].clone()
    };
    assert_eq!(raw(), json!(ids));
    scene
        .hma
        .delete(&format!("/c/bank/A_BANK/content/{}", ids[0]))
        .expect(200);
    assert_eq!(raw(), json!(ids[1..]));
    let off = format!("/c/bank/A_BANK/content/{}", ids[1]);
    put(&scene.hma, &off, &json!({ "disable_until_ts": 0 })).expect(200);
    assert_eq!(raw(), json!(ids[2..]));
    // A bank that is off is not asked about in a raw lookup, as in HMA.
    put(&scene.hma, "/c/bank/A_BANK", &json!({ "enabled": false })).expect(200);
    assert_eq!(raw(), json!(ids[2..]));
    scene.hma.delete("/c/bank/A_BANK").expect(200);
    assert_eq!(raw(), json!([]));
}

/// Imports a list into a bank; how many rows were added and were known.
#[track_caller]
fn import(scene: &Scene, bank: &str, rows: &[String]) -> (u64, u64) {
    let path = format!("/api/v1/banks/{bank}/import?list=partner");
    let imported = scene.native.upload(&path, rows.join("\n").as_bytes());
    let imported = imported.expect(200).json();
    let count = |key: &str| imported[key].as_u64().expect("a number");
    (count("added"), count("known"))
}

#[test]
fn h6_what_fills_a_deleted_bank_fails_and_is_told_so() {
    let scene = Scene::new();
    scene.native.bank("PARTNER");
    assert_eq!(import(&scene, "PARTNER", &[pdq(0)]), (1, 0));
    scene.hma.delete("/c/bank/PARTNER").expect(200);
    let path = "/api/v1/banks/PARTNER/import?list=partner";
    let late = scene.native.upload(path, pdq(60).as_bytes());
    late.problem(404, "not_found");
    post_signal(&scene, "PARTNER", &json!({ "pdq": pdq(60) })).expect(404);
    message(scene.hma.get("/c/bank/PARTNER"), 404);
    // A bank made anew under the name has nothing of the old one.
    scene.native.bank("PARTNER");
    assert_eq!(look_up(&scene, &pdq(0), ""), json!({}));
    assert_eq!(look_up(&scene, &pdq(60), ""), json!({}));
}

#[test]
fn h6_the_bank_of_an_exchange_is_not_deleted_under_it() {
    let (scene, mut sim) = partnered(&[&value(0)]);
    message(scene.hma.delete("/c/bank/PARTNERS"), 409);
    assert_ne!(look_up(&scene, &value(0), ""), json!({}));
    // It still fills its bank, and what it says of that is so.
    sim.order(&format!("put {}", value(1)));
    read_again(&scene, 2);
    assert_ne!(look_up(&scene, &value(1), ""), json!({}));
}

#[test]
fn h7_a_list_that_is_fetched_from_its_beginning_again_keeps_nothing_that_was_removed() {
    let scene = Scene::new();
    scene.native.bank("PARTNER");
    scene.native.bank("OWN");
    add_signal(&scene, "OWN", &json!({ "pdq": pdq(120) }));
    let rows = [pdq(0), pdq(60)];
    assert_eq!(import(&scene, "PARTNER", &rows), (2, 0));
    // Begun again: what was there goes with the list, what is not in it any more stays away.
    let list = "/api/v1/banks/PARTNER/lists/partner";
    scene.native.delete(list).expect(204);
    assert_eq!(look_up(&scene, &pdq(0), ""), json!({}));
    assert_eq!(import(&scene, "PARTNER", &rows[..1]), (1, 0));
    assert_ne!(look_up(&scene, &pdq(0), ""), json!({}));
    assert_eq!(look_up(&scene, &pdq(60), ""), json!({}));
    let raw = format!("/m/raw_lookup?signal_type=pdq&signal={}", pdq(60));
    assert_eq!(scene.hma.get(&raw).expect(200).json()["matches"], json!([]));
    // What came from elsewhere is nothing of the list's.
    assert_ne!(look_up(&scene, &pdq(120), ""), json!({}));
}

#[test]
fn h7_an_exchange_that_is_read_from_its_beginning_drops_what_is_not_there_any_more() {
    let installation = Installation::new();
    // An address that no other test takes, so that its port stays free in between.
    let partner = |address: &str| Sim::start(&["stop-ncii", "--entries", "0", "--listen", address]);
    let (mut sim, listening) = partner("127.0.0.94:0");
    sim.order(&format!("put {}", value(0)));
    sim.order(&format!("put {}", value(1)));
    set_up(&installation, &listening);
    let scene = served(installation);
    until_listed(&scene, 2);
    // The partner begins anew, and has no tombstone of what is gone.
    drop(sim);
    let base = listening["base"].as_str().expect("an address");
    let (mut sim, _) = partner(base.trim_start_matches("http://").trim_end_matches("/v1"));
    sim.order(&format!("put {}", value(0)));
    let reconcile = scene
        .native
        .upload("/api/v1/exchanges/partner/reconcile", b"");
    reconcile.expect(202);
    until_listed(&scene, 1);
    assert_ne!(look_up(&scene, &value(0), ""), json!({}));
    assert_eq!(look_up(&scene, &value(1), ""), json!({}));
    let raw = format!("/m/raw_lookup?signal_type=pdq&signal={}", value(1));
    assert_eq!(scene.hma.get(&raw).expect(200).json()["matches"], json!([]));
}

#[test]
fn h8_a_list_that_is_given_whole_each_time_is_taken_each_time() {
    let scene = Scene::new();
    scene.native.bank("PARTNER");
    assert_eq!(import(&scene, "PARTNER", &[pdq(0)]), (1, 0));
    // Complete once is not complete for ever.
    for turned in [60, 120, 180] {
        assert_eq!(import(&scene, "PARTNER", &[pdq(0), pdq(turned)]), (1, 1));
        assert_ne!(look_up(&scene, &pdq(turned), ""), json!({}));
    }
    // Nor is what was withdrawn and is listed again.
    let list = "/api/v1/banks/PARTNER/lists/partner";
    scene.native.delete(list).expect(204);
    assert_eq!(look_up(&scene, &pdq(0), ""), json!({}));
    assert_eq!(import(&scene, "PARTNER", &[pdq(0)]), (1, 0));
    assert_ne!(look_up(&scene, &pdq(0), ""), json!({}));
}

#[test]
fn h8_an_exchange_that_was_complete_once_is_read_on() {
    let (scene, mut sim) = partnered(&[&value(0)]);
    for number in 1..4 {
        sim.order(&format!("put {}", value(number)));
        read_again(&scene, number as u64 + 1);
        assert_ne!(look_up(&scene, &value(number), ""), json!({}));
    }
    sim.order(&format!("withdraw {}", value(2)));
    read_again(&scene, 3);
    assert_eq!(look_up(&scene, &value(2), ""), json!({}));
    // Nor is what was withdrawn and is listed again lost.
    sim.order(&format!("put {}", value(2)));
    read_again(&scene, 4);
    assert_ne!(look_up(&scene, &value(2), ""), json!({}));
}

#[test]
fn h9_a_small_upload_is_hashed_whole() {
    let scene = Scene::new();
    let file = b"eight bytes and some more";
    let answer = post_form(&scene.hma, "/h/hash", &[("video", Some("a.mp4"), file)]).expect(200);
    let md5 = scene.installation.write("small", file);
    let run = crate::support::Run::of(crate::support::seawall().args(["hash", "--json"]).arg(md5));
    assert!(
        run.stdout
            .contains(answer.json()["video_md5"].as_str().expect("a digest"))
    );
    assert_ne!(
        answer.json()["video_md5"],
        "d41d8cd98f00b204e9800998ecf8427e",
        "of nothing"
    );
}

#[test]
fn h10_one_kind_of_signal_that_cannot_be_had_does_not_fail_the_others() {
    let scene = Scene::new();
    let dull = png(&seawall_testkit::flat(64, 64, [90, 90, 90]));
    let answer = post_photo(&scene.hma, "/h/hash?types=pdq,md5", &dull)
        .expect(200)
        .json();
    assert_eq!(answer["pdq"], "");
    assert_eq!(answer["md5"], scene.installation.hash_of(&dull, "md5"));
    // A kind can be left out by naming the others.
    let words = post_photo(&scene.hma, "/h/hash?types=md5", b"no picture at all").expect(200);
    assert_eq!(words.json()["md5"].as_str().map(str::len), Some(32));
}

#[test]
fn h11_a_content_id_that_is_posted_again_is_the_first_content() {
    let scene = Scene::new();
    scene.native.bank("A_BANK");
    scene.native.bank("OTHER");
    let post = |bank: &str, id: &str, turned: usize| {
        let body = json!({ "pdq": pdq(turned), "metadata": { "content_id": id } });
        post_signal(&scene, bank, &body).expect(200).json()
    };
    let first = post("A_BANK", "c-1", 0);
    assert_eq!(post("A_BANK", "c-1", 0), first);
    // Of another picture as well: what is kept is said.
    assert_eq!(post("A_BANK", "c-1", 60), first);
    assert_ne!(post("A_BANK", "c-2", 60)["id"], first["id"]);
    assert_ne!(post("OTHER", "c-1", 60)["id"], first["id"]);
    let found = look_up(&scene, &pdq(0), "");
    assert_eq!(
        found,
        json!({ "A_BANK": [{ "bank_content_id": first["id"], "distance": "0" }] })
    );
    // Without an id of the client's it is a second content, and each is listed once.
    let second = add_signal(&scene, "A_BANK", &json!({ "pdq": pdq(0) }));
    let ids: Vec<Value> = look_up(&scene, &pdq(0), "")["A_BANK"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|found| found["bank_content_id"].clone())
        .collect();
    assert_eq!(ids, [first["id"].clone(), json!(second)]);
}

#[test]
fn h12_the_same_signal_gets_the_same_answer_from_a_sampled_bank() {
    let scene = Scene::new();
    let bank = json!({ "name": "HALF", "enabled_ratio": 0.5 });
    scene.hma.post("/c/banks", &bank).expect(201);
    add_signal(&scene, "HALF", &json!({ "pdq": pdq(0) }));
    let signals: Vec<String> = (0..24).map(pdq).collect();
    let ask = |more: &str| -> Vec<bool> {
        let found = signals
            .iter()
            .map(|signal| look_up(&scene, signal, more) != json!({}));
        found.collect()
    };
    let first = ask("");
    assert!(first.contains(&true) && first.contains(&false), "{first:?}");
    assert_eq!(ask(""), first);
    // A seed decides for every signal alike, and another seed otherwise.
    let seeded: Vec<Vec<bool>> = (0..16)
        .map(|seed| ask(&format!("&seed=item-{seed}")))
        .collect();
    for one in &seeded {
        assert!(one.iter().all(|found| *found == one[0]), "{one:?}");
    }
    assert!(seeded.iter().any(|one| one[0]) && seeded.iter().any(|one| !one[0]));
    // Scans are never sampled.
    let hashes = json!({ "hashes": signals.iter().map(|signal| json!({ "algorithm": "pdq", "value": signal })).collect::<Vec<_>>() });
    let native = scene
        .native
        .post("/api/v1/lookups", &hashes)
        .expect(200)
        .json();
    let results = native["results"].as_array().expect("results");
    assert!(results.iter().all(|result| result["outcome"] == "matched"));
}

#[test]
fn h13_a_change_is_answered_in_the_shape_of_what_was_changed() {
    let scene = Scene::new();
    scene.native.bank("A_BANK");
    let id = add_signal(&scene, "A_BANK", &json!({ "pdq": pdq(0) }));
    let path = format!("/c/bank/A_BANK/content/{id}");
    let changed = put(
        &scene.hma,
        &path,
        &json!({ "note": "x", "disable_until_ts": 0 }),
    );
    assert_eq!(
        changed.expect(200).json(),
        scene.hma.get(&path).expect(200).json()
    );
    let exchange = put(
        &scene.hma,
        "/c/exchange/PARTNER",
        &json!({ "enabled": true }),
    );
    message(exchange, 404);
}

#[test]
fn h14_nothing_is_open_for_development_and_no_credential_is_kept() {
    let scene = Scene::new();
    for path in [
        "/dev/factory_reset",
        "/dev/seed_banks",
        "/dev/run_fetch",
        "/ui/create_bank",
    ] {
        let answer = scene.hma.send("POST", path, &[], Some(b"{}"));
        answer.problem(404, "not_found");
    }
    let secret = "hush-0f3c9a";
    let credentials = json!({ "credential_json": { "api_token": secret } });
    message(scene.hma.post("/c/exchanges/api/ncmec", &credentials), 409);
    let database = std::fs::read(scene.installation.path("data/seawall.db")).expect("a file");
    let wal = std::fs::read(scene.installation.path("data/seawall.db-wal")).unwrap_or_default();
    for bytes in [database, wal] {
        assert!(
            !bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes())
        );
    }
}
