//! The seen index: what it keeps, forgets and tells the log.

use seawall::hash::digests;
use seawall_casework::audit::EventBody;
use seawall_casework::context::{ChannelKind, UploadContext};
use seawall_core::{Actor, EventKind, Hash, Threshold};
use seawall_workflow::SeenPolicy;

use crate::fixture::{Fixture, build_keeping, content, fixture};

fn keeping(channels: &[ChannelKind]) -> Fixture {
    build_keeping(SeenPolicy {
        channels: channels.iter().copied().collect(),
        keep_days: 2,
    })
}

fn on(channel: ChannelKind) -> UploadContext {
    UploadContext {
        channel,
        ..UploadContext::default()
    }
}

impl Fixture {
    /// The items that the digest of this content finds.
    fn seen(&self, number: u32) -> Vec<String> {
        let hash = Hash::Sha256(digests(&content(number)).sha256);
        let found = self
            .workflow
            .seen_matches(&[hash], Threshold::DEFAULT, Actor::System)
            .expect("searched");
        found
            .matches
            .into_iter()
            .map(|found| found.item_id)
            .collect()
    }

    fn events(&self, kind: EventKind) -> Vec<EventBody> {
        let store = self.workflow.store();
        let newest = store.read(|reader| reader.newest_events(1_000));
        let mut events = newest.expect("readable");
        events.retain(|event| event.kind == kind);
        events
    }
}

#[tokio::test]
async fn only_the_named_channels_are_kept_and_only_what_matched_nothing() {
    use ChannelKind::{File, Private, Public};
    let fixture = keeping(&[Public, Private]);
    fixture.bank("KNOWN", [1]);
    for (item, number, channel) in [
        ("matched", 1, Public),
        ("public", 2, Public),
        ("private", 3, Private),
        ("file", 4, File),
    ] {
        let scanned = fixture.scan_with(item, number, on(channel)).await;
        scanned.expect("scanned");
    }
    let seen: Vec<_> = (1..=4).map(|number| fixture.seen(number)).collect();
    assert_eq!(
        seen,
        [vec![], vec!["public".to_owned()], vec![], vec![]],
        "private messages are not kept even where policy names them"
    );
}

#[tokio::test]
async fn without_channels_nothing_is_kept() {
    let fixture = fixture();
    fixture.scan("item", 2).await.expect("scanned");
    assert_eq!(fixture.seen(2), Vec::<String>::new());
    fixture.workflow.write_tally().expect("written");
    assert!(fixture.events(EventKind::SeenTallied).is_empty());
}

#[tokio::test]
async fn what_is_kept_forgotten_or_looked_up_is_told_in_numbers_alone() {
    let fixture = keeping(&[ChannelKind::Public]);
    for number in 0..3 {
        let item = format!("item-{number}");
        fixture.scan(&item, number).await.expect("scanned");
    }
    fixture.workflow.write_tally().expect("written");
    fixture.workflow.write_tally().expect("written");
    let tallied = fixture.events(EventKind::SeenTallied);
    assert_eq!(tallied.len(), 1, "nothing new, no second event");
    assert_eq!(tallied[0].detail["kept"], 3);
    assert_eq!(tallied[0].detail["channels"]["public"], 3);

    assert_eq!(fixture.seen(1), ["item-1"]);
    let looked = fixture.events(EventKind::SeenLookedUp);
    assert_eq!(looked[0].detail["hashes"], 1);
    assert_eq!(looked[0].detail["found"], 1);

    let forget = |item| fixture.workflow.forget_seen(item, Actor::Operator);
    assert!(forget("item-1").expect("forgotten"));
    assert!(!forget("item-1").expect("nothing to forget"));
    assert_eq!(fixture.seen(1), Vec::<String>::new());
    let forgotten = fixture.events(EventKind::SeenForgotten);
    assert_eq!(forgotten.len(), 1);
    let told = serde_json::to_string(&(tallied, looked, forgotten)).expect("JSON");
    let digest = Hash::Sha256(digests(&content(1)).sha256).to_string();
    assert!(
        !told.contains("item-1") && !told.contains(&digest),
        "{told}"
    );

    let figures = fixture.workflow.figures().expect("figures");
    assert_eq!((figures.seen_kept, figures.seen_lookups), (3, 2));
}

#[tokio::test]
async fn what_is_older_than_policy_says_goes_with_an_event() {
    let fixture = keeping(&[ChannelKind::Public]);
    fixture.scan("old", 1).await.expect("scanned");
    fixture.clock.advance_ms(2 * DAY_MS);
    fixture.scan("new", 2).await.expect("scanned");
    fixture.workflow.tend_seen().expect("tended");
    assert_eq!(fixture.seen(1), ["old"], "two days are not over");
    fixture.clock.advance_ms(DAY_MS);
    assert_eq!(fixture.workflow.expired_seen().expect("counted"), 1);
    fixture.workflow.tend_seen().expect("tended");
    assert_eq!(fixture.seen(1), Vec::<String>::new());
    assert_eq!(fixture.seen(2), ["new"]);
    let expired = fixture.events(EventKind::SeenExpired);
    assert_eq!(expired.len(), 1);
    assert_eq!(expired[0].detail["records"], 1);
}

const DAY_MS: i64 = 86_400_000;
