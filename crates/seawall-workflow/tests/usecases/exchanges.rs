//! Partners' lists, from stand-ins that go wrong in every way they can.

mod house;
mod walk;

use std::collections::BTreeMap;
use std::sync::Arc;

use seawall_core::{Actor, Clock, ContentId, EventKind};
use seawall_sim::fault::{Asked, Fault};
use seawall_store::HeldBack;
use seawall_workflow::{BankError, ExchangeError};

use crate::fixture::again;
use house::{
    DAY_MS, EVERY_MS, Partnered, digest, matches, name, ncmec_house, ncmec_sim, serve, setup,
    stop_ncii_at, stop_ncii_house, stop_ncii_sim, threat_exchange_house, threat_exchange_sim,
};

#[tokio::test]
async fn a_listed_hash_matches_and_a_withdrawn_one_does_not() {
    let house = stop_ncii_house().await;
    house.stand_in.list(1);
    house.stand_in.list(2);
    let report = house.run().await;
    assert_eq!((report.counts.added, report.fault), (2, None));
    assert!(house.matches(1) && house.matches(2));
    let found = house.f.workflow.look_up(&digest(1)).expect("looked up");
    assert_eq!(found.matches[0].list.as_deref(), Some("partner"));

    house.f.clock.advance_ms(EVERY_MS);
    house.stand_in.unlist(1);
    let report = house.run().await;
    assert_eq!((report.counts.withdrawn, report.fault), (1, None));
    assert!(!house.matches(1) && house.matches(2));
    // Another process, and this one after a new start, see the same.
    let other = again(&house.f);
    assert!(!matches(&other, 1) && matches(&other, 2));
}

#[tokio::test]
async fn a_match_says_who_vouches_for_it_and_what_they_call_its_class() {
    let house = ncmec_house().await;
    house.stand_in.list(1);
    house.f.clock.advance_ms(60_000);
    assert_eq!(house.run().await.fault, None);
    let found = house.f.workflow.look_up(&digest(1)).expect("looked up");
    let found = &found.matches[0];
    assert_eq!(found.class.as_deref(), Some("A1"));
    assert_eq!(found.origin.as_deref(), Some("2"), "the member's number");
    assert_eq!(
        (found.bank.as_str(), found.list.as_deref()),
        ("PARTNERS", Some("partner"))
    );
}

#[tokio::test]
async fn what_could_not_be_read_moves_nothing_and_is_shown() {
    let faults = [
        (Fault::CutBody, "could not be read"),
        (Fault::HtmlPage, "could not be read"),
        (Fault::Unavailable, "503"),
        (Fault::TooManyRequests { after_s: 7200 }, "429"),
        (Fault::TooManyRequestsUntil { after_s: 7200 }, "429"),
        (Fault::ExpiredToken, "40"),
    ];
    for (fault, told) in faults {
        let house = stop_ncii_house().await;
        house.stand_in.list(1);
        house.run().await;
        let before = house.status().exchange;
        house.f.clock.advance_ms(EVERY_MS * 2);
        house.stand_in.list(2);
        house.stand_in.set_hook(Some(Arc::new(move |_| fault)));
        let report = house.run().await;
        let text = report.fault.expect("it failed");
        assert!(text.contains(told), "{fault:?}: {text}");
        let after = house.status().exchange;
        assert_eq!(after.checkpoint, before.checkpoint, "{fault:?}");
        assert_eq!(
            (after.failures, after.succeeded_at),
            (1, before.succeeded_at)
        );
        let wait_ms = after.next_at.millis_since(house.f.clock.now());
        let asked_to_wait = told == "429";
        assert!(
            wait_ms > 0 && (wait_ms >= 7_200_000) == asked_to_wait,
            "{fault:?}"
        );
        assert!(house.matches(1) && !house.matches(2));
        let page = house
            .f
            .workflow
            .exchange_fault_page(&name())
            .expect("there");
        let is_page = told == "could not be read";
        assert_eq!(page.is_some(), is_page, "{fault:?}");
        assert!(
            !page.unwrap_or_default().contains(&digest(1).to_string()),
            "{fault:?}"
        );

        house.stand_in.set_hook(None);
        assert_eq!(house.run().await.fault, None);
        assert!(house.matches(1) && house.matches(2));
        assert_eq!(house.status().exchange.failures, 0);
    }
}

/// What was read is not read again: only the request that failed is made once more.
#[tokio::test]
async fn a_run_goes_on_where_a_passing_fault_stopped_it() {
    let mut asked = Vec::new();
    for faults in [vec![], vec![Fault::Unavailable, Fault::DropBefore]] {
        let house = ncmec_house().await;
        (0..12).for_each(|number| house.stand_in.list(number));
        house.f.clock.advance_ms(60_000);
        let failing: BTreeMap<u64, Fault> = (3..).step_by(2).zip(faults).collect();
        let failures = failing.len();
        let hook = move |asked: &Asked| failing.get(&asked.number).copied().unwrap_or_default();
        house.stand_in.set_hook(Some(Arc::new(hook)));
        for _ in 0..failures {
            assert!(house.run().await.fault.is_some());
            house.f.clock.advance_ms(EVERY_MS);
        }
        assert_eq!(house.run().await.fault, None);
        assert_eq!(house.status().contents, 12);
        asked.push(house.stand_in.requests() - failures as u64);
    }
    assert_eq!(asked[0], asked[1]);
}

#[tokio::test]
async fn a_test_call_says_who_one_is_or_what_is_missing() {
    let house = ncmec_house().await;
    let test = house
        .f
        .workflow
        .test_exchange(&name())
        .await
        .expect("set up");
    assert_eq!(test.fault, None);
    assert!(test.told.contains("member 9"), "{}", test.told);
    house
        .stand_in
        .set_hook(Some(Arc::new(|_| Fault::ExpiredToken)));
    let test = house
        .f
        .workflow
        .test_exchange(&name())
        .await
        .expect("set up");
    let fault = test.fault.expect("refused");
    assert!(fault.contains("401"), "{fault}");

    let house = stop_ncii_house().await;
    house.stand_in.list(1);
    let test = house
        .f
        .workflow
        .test_exchange(&name())
        .await
        .expect("set up");
    assert!(
        test.fault.is_none() && test.told.contains("1 entries"),
        "{test:?}"
    );
    assert!(!house.matches(1), "nothing is taken over");
}

#[tokio::test]
async fn wrong_keys_say_what_is_missing_and_show_nothing() {
    let house = stop_ncii_house().await;
    let partner = stop_ncii_at(house.address, "another-key");
    house
        .f
        .workflow
        .set_exchanges(setup(partner))
        .expect("set up");
    let fault = house.run().await.fault.expect("refused");
    assert!(
        fault.contains("key") && !fault.contains("another-key"),
        "{fault}"
    );
}

#[tokio::test]
async fn two_processes_do_not_read_one_list() {
    let house = stop_ncii_house().await;
    house.stand_in.list(1);
    house.stand_in.gate().hold();
    house.stand_in.set_hook(Some(Arc::new(|_| Fault::SlowBody)));
    let other = again(&house.f);
    house.set_up(&other);
    let first = Arc::clone(&house.f.workflow);
    let first = tokio::spawn(async move { first.run_exchange(&name()).await });
    // The first one is at it once the stand-in was asked.
    while house.stand_in.requests() == 0 {
        tokio::task::yield_now().await;
    }
    let second = other.run_exchange(&name()).await;
    assert!(matches!(second, Err(ExchangeError::Leased)), "{second:?}");
    house.stand_in.gate().open();
    let first = first.await.expect("no panic").expect("it may run");
    assert_eq!((first.counts.added, first.fault), (1, None));
    assert_eq!(other.run_exchange(&name()).await.expect("free").fault, None);
}

#[tokio::test]
async fn what_is_due_runs_and_what_is_paused_does_not() {
    let house = stop_ncii_house().await;
    let workflow = &house.f.workflow;
    house.stand_in.list(1);
    let next = workflow.run_due_exchanges().await.expect("listed");
    let next = next.expect("one is set up");
    assert!(house.matches(1));
    let wait_ms = next.millis_since(house.f.clock.now());
    assert!(
        (EVERY_MS..=EVERY_MS + EVERY_MS / 10).contains(&wait_ms),
        "{wait_ms}"
    );
    house.stand_in.list(2);
    workflow.run_due_exchanges().await.expect("listed");
    assert!(!house.matches(2), "it is not due");
    house.f.clock.set(next);
    workflow
        .pause_exchange(&name(), true, Actor::Operator)
        .expect("there");
    assert_eq!(workflow.run_due_exchanges().await.expect("listed"), None);
    assert!(!house.matches(2), "it is paused");
    workflow
        .pause_exchange(&name(), false, Actor::Operator)
        .expect("there");
    workflow.run_due_exchanges().await.expect("listed");
    assert!(house.matches(2));
    house.stand_in.list(3);
    house.f.clock.advance_ms(1_000);
    workflow
        .hasten_exchange(&name(), false, Actor::Operator)
        .expect("there");
    workflow.run_due_exchanges().await.expect("listed");
    assert!(house.matches(3), "hastened");
}

/// The partner answers from a fresh start, with no tombstones of what it listed before.
#[tokio::test]
async fn a_list_is_stale_after_three_intervals_and_a_day_at_least() {
    let house = stop_ncii_house().await;
    let now = || house.f.clock.now();
    assert_eq!(house.status().stale_after_ms(), Some(DAY_MS));
    // It was never read: its age counts from when it was set up.
    house.f.clock.advance_ms(DAY_MS);
    assert_eq!(house.status().lag_ms(now()), DAY_MS);
    assert!(!house.status().is_stale(now()));
    house.f.clock.advance_ms(1);
    assert!(house.status().is_stale(now()));
    house.run().await;
    assert!(!house.status().is_stale(now()) && house.status().lag_ms(now()) == 0);

    let mut setups = setup(house.stand_in.partner(house.address));
    setups[0].every_ms = 2 * DAY_MS;
    let workflow = &house.f.workflow;
    workflow.set_exchanges(setups).expect("set up");
    house.f.clock.advance_ms(6 * DAY_MS);
    assert!(!house.status().is_stale(now()));
    house.f.clock.advance_ms(1);
    assert!(house.status().is_stale(now()));
    // A failed run makes it no younger.
    house
        .stand_in
        .set_hook(Some(Arc::new(|_| Fault::Unavailable)));
    house.run().await;
    assert!(house.status().is_stale(now()));
    workflow.set_exchanges(Vec::new()).expect("set up");
    assert!(!house.status().is_stale(now()), "nobody wants it read");
}

#[tokio::test]
async fn a_list_that_shrank_much_waits_for_a_person() {
    let house = stop_ncii_house().await;
    (0..40).for_each(|number| house.stand_in.list(number));
    house.run().await;
    let fresh = stop_ncii_sim(Arc::clone(&house.f.clock) as Arc<dyn Clock>);
    (0..25).for_each(|number| fresh.list(number));
    let workflow = &house.f.workflow;
    let partner = stop_ncii_at(serve(fresh.router()).await, "fetch");
    workflow.set_exchanges(setup(partner)).expect("set up");

    workflow
        .hasten_exchange(&name(), true, Actor::Operator)
        .expect("there");
    let report = house.run().await;
    assert_eq!((report.missing, report.counts.withdrawn), (Some(15), 0));
    assert!(house.matches(39));
    assert_eq!(house.status().exchange.missing, Some(15));
    // It waits, however often it runs.
    assert_eq!(house.run().await.counts.withdrawn, 0);
    assert_eq!(house.status().exchange.missing, Some(15));

    workflow
        .allow_missing(&name(), Actor::Operator)
        .expect("some are missing");
    let report = house.run().await;
    assert_eq!((report.missing, report.counts.withdrawn), (None, 15));
    assert!(!house.matches(39) && house.matches(24));
    assert_eq!(house.status().exchange.missing, None);
    assert_eq!(house.status().contents, 25);
    let again = workflow.allow_missing(&name(), Actor::Operator);
    assert!(matches!(again, Err(ExchangeError::NothingMissing)));
    // What a person allowed once is not allowed for ever.
    let partner = stop_ncii_at(
        serve(stop_ncii_sim(Arc::clone(&house.f.clock) as Arc<dyn Clock>).router()).await,
        "fetch",
    );
    workflow.set_exchanges(setup(partner)).expect("set up");
    workflow
        .hasten_exchange(&name(), true, Actor::Operator)
        .expect("there");
    assert_eq!(house.run().await.missing, Some(25));
}

/// A whole run that is broken off leaves no place to go on from: what its list lacks is known at
/// its end alone.
#[tokio::test]
async fn a_whole_run_that_was_broken_off_is_made_again() {
    let mut house = ncmec_house().await;
    (0..12).for_each(|number| house.stand_in.list(number));
    house.f.clock.advance_ms(60_000);
    assert_eq!(house.run().await.fault, None);
    // Another address has another list, with no tombstones of this one: it is read whole.
    house.stand_in = ncmec_sim(Arc::clone(&house.f.clock) as Arc<dyn Clock>);
    house.address = serve(house.stand_in.router()).await;
    (0..8).for_each(|number| house.stand_in.list(number));
    house.f.clock.advance_ms(60_000);
    house.set_up(&house.f.workflow);
    let late = |asked: &Asked| match asked.number {
        4 => Fault::HtmlPage,
        _ => Fault::None,
    };
    house.stand_in.set_hook(Some(Arc::new(late)));
    assert!(house.run().await.fault.is_some());
    house.f.workflow = again(&house.f);
    house.set_up(&house.f.workflow);
    let report = house.run().await;
    assert_eq!((report.fault, report.counts.withdrawn), (None, 4));
    assert!(house.matches(7) && !house.matches(8));
}

/// A permission is for what a person saw, and is not lost to a run that is under way.
#[tokio::test]
async fn what_a_person_lets_go_is_no_more_than_they_saw() {
    let mut house = stop_ncii_house().await;
    (0..40).for_each(|number| house.stand_in.list(number));
    house.run().await;
    house.shrink_to(25).await;
    assert_eq!(house.run().await.missing, Some(15));
    // It is given while another whole run is under way, which knows nothing of it.
    house.shrink_to(25).await;
    house.stand_in.gate().hold();
    house.stand_in.set_hook(Some(Arc::new(|_| Fault::SlowBody)));
    let under_way = Arc::clone(&house.f.workflow);
    let under_way = tokio::spawn(async move { under_way.run_exchange(&name()).await });
    while house.stand_in.requests() == 0 {
        tokio::task::yield_now().await;
    }
    let workflow = Arc::clone(&house.f.workflow);
    workflow
        .allow_missing(&name(), Actor::Operator)
        .expect("some are missing");
    house.stand_in.set_hook(None);
    house.stand_in.gate().open();
    let report = under_way.await.expect("no panic").expect("it may run");
    assert_eq!((report.missing, report.counts.withdrawn), (Some(15), 0));
    assert!(
        house.status().exchange.reconcile,
        "the run that was promised is owed"
    );
    // By then the list is empty: that is more than was let go.
    house.shrink_to(0).await;
    let report = house.run().await;
    assert_eq!((report.missing, report.counts.withdrawn), (Some(40), 0));
    assert!(house.matches(0));
    workflow
        .allow_missing(&name(), Actor::Operator)
        .expect("some are missing");
    assert_eq!(house.run().await.counts.withdrawn, 40);
}

#[tokio::test]
async fn a_small_share_of_a_large_list_is_believed_as_the_setup_says() {
    for (percent, missing) in [(10, None), (2, Some(12))] {
        let mut house = stop_ncii_house().await;
        (0..200).for_each(|number| house.stand_in.list(number));
        house.run().await;
        house.missing_percent_max = percent;
        house.shrink_to(188).await;
        let report = house.run().await;
        assert_eq!(report.missing, missing, "of a hundred {percent}");
        assert_eq!(house.matches(199), missing.is_some());
    }
}

/// Another group, address or list under the same name: what is not on it matches no more, what
/// was on it before the last run matches.
#[tokio::test]
async fn another_list_under_a_name_is_read_from_its_beginning() {
    let mut house = threat_exchange_house().await;
    (0..8).for_each(|number| house.stand_in.list(number));
    let other = threat_exchange_sim(Arc::clone(&house.f.clock) as Arc<dyn Clock>);
    (6..11).for_each(|number| other.list(number));
    house.f.clock.advance_ms(DAY_MS);
    assert_eq!(house.run().await.fault, None);
    house.address = serve(other.router()).await;
    house.stand_in = other;
    house.set_up(&house.f.workflow);
    assert!(house.status().exchange.reconcile);
    assert_eq!(house.run().await.fault, None);
    let matched: Vec<u8> = (0..12).filter(|number| house.matches(*number)).collect();
    assert_eq!(matched, [6, 7, 8, 9, 10]);
    // The same one again is no other.
    house.set_up(&house.f.workflow);
    assert!(!house.status().exchange.reconcile);
}

#[tokio::test]
async fn a_list_stays_in_its_bank_and_with_its_protocol() {
    let house = stop_ncii_house().await;
    house.stand_in.list(1);
    house.run().await;
    let mut other = setup(house.stand_in.partner(house.address));
    other[0].bank = "ELSEWHERE".parse().expect("a name");
    let refused = house.f.workflow.set_exchanges(other);
    let refused = refused.expect_err("another bank").to_string();
    assert!(
        refused.contains("partner") && refused.contains("PARTNERS"),
        "{refused}"
    );
    let ncmec = ncmec_sim(Arc::clone(&house.f.clock) as Arc<dyn Clock>);
    let refused = house
        .f
        .workflow
        .set_exchanges(setup(ncmec.partner(house.address)));
    assert!(
        matches!(refused, Err(ExchangeError::OtherBefore { .. })),
        "{refused:?}"
    );
    assert!(house.matches(1));
    house.f.bank("BY_HAND", [1]);
    let mut by_hand = setup(house.stand_in.partner(house.address));
    by_hand[0].name = "second".parse().expect("a name");
    by_hand[0].bank = "BY_HAND".parse().expect("a name");
    let refused = house.f.workflow.set_exchanges(by_hand);
    let refused = refused.expect_err("it is kept by hand").to_string();
    assert!(
        refused.contains("second") && refused.contains("BY_HAND"),
        "{refused}"
    );
}

/// In a drill, and for a command that reads no partner.
#[tokio::test]
async fn an_exchange_that_rests_is_neither_run_nor_removed_and_keeps_its_bank() {
    let house = stop_ncii_house().await;
    house.stand_in.list(1);
    house.run().await;
    let other = again(&house.f);
    other.rest_exchanges([name()]);
    let removed = other.remove_exchange(&name(), Actor::Operator);
    assert!(
        matches!(removed, Err(ExchangeError::Configured)),
        "{removed:?}"
    );
    let bank = "PARTNERS".parse().expect("a name");
    let deleted = other.delete_bank(&bank, Actor::Operator);
    assert!(matches!(deleted, Err(BankError::Filled)), "{deleted:?}");
    let asked = other.request_run(&name(), false, Actor::Operator);
    assert!(matches!(asked, Err(ExchangeError::Resting)), "{asked:?}");
    assert!(matches(&other, 1));
}

#[tokio::test]
async fn a_whole_run_that_a_person_asked_for_is_owed_until_it_came_to_its_end() {
    let house = stop_ncii_house().await;
    house.stand_in.list(1);
    house.run().await;
    let hastened = house
        .f
        .workflow
        .hasten_exchange(&name(), true, Actor::Operator);
    hastened.expect("there");
    house.stand_in.set_hook(Some(Arc::new(|_| Fault::HtmlPage)));
    assert!(house.run().await.fault.is_some());
    assert!(house.status().exchange.reconcile);
    house.stand_in.set_hook(None);
    assert_eq!(house.run().await.fault, None);
    assert!(!house.status().exchange.reconcile);
}

/// A process that hung for so long that another one took the list over writes nothing of it.
#[tokio::test]
async fn whoever_lost_the_lease_takes_nothing_over() {
    let house = stop_ncii_house().await;
    house.stand_in.list(1);
    house.stand_in.gate().hold();
    let first_is_slow = |asked: &Asked| match asked.number {
        0 => Fault::SlowBody,
        _ => Fault::None,
    };
    house.stand_in.set_hook(Some(Arc::new(first_is_slow)));
    let first = Arc::clone(&house.f.workflow);
    let first = tokio::spawn(async move { first.run_exchange(&name()).await });
    while house.stand_in.requests() == 0 {
        tokio::task::yield_now().await;
    }
    house.f.clock.advance_ms(LEASE_MS + 1);
    let other = again(&house.f);
    house.set_up(&other);
    let second = other
        .run_exchange(&name())
        .await
        .expect("the lease is over");
    assert_eq!((second.counts.added, second.fault), (1, None));
    let before = house.status().exchange;
    house.stand_in.gate().open();
    let first = first.await.expect("no panic");
    assert!(matches!(first, Err(ExchangeError::Leased)), "{first:?}");
    assert_eq!(house.status().exchange, before);
}

/// As the design note says: five minutes.
const LEASE_MS: i64 = 300_000;

#[tokio::test]
async fn what_the_operator_calls_benign_is_held_back_until_it_is_released() {
    let house = stop_ncii_house().await;
    let workflow = &house.f.workflow;
    house.f.exceptions([digest(1)]);
    house.stand_in.list(1);
    house.stand_in.list(2);
    house.run().await;
    assert!(!house.matches(1) && house.matches(2));
    let status = house.status();
    assert_eq!((status.held(), status.contents), (1, 2));
    let held = workflow
        .held_entries(&name(), ContentId(0), 10)
        .expect("there");
    assert_eq!(held[0].1.prints[0].held, Some(HeldBack::Benign));
    let (content, _) = held[0];
    workflow
        .release_entry(&name(), content, Actor::Operator)
        .expect("held back");
    let found = workflow.look_up(&digest(1)).expect("looked up");
    assert_eq!(
        found.suppressed_found, 1,
        "listed now, and the exception still speaks against it"
    );
    let again = workflow.release_entry(&name(), content, Actor::Operator);
    assert!(matches!(again, Err(ExchangeError::NothingHeld)));
}

#[tokio::test]
async fn a_removed_exchange_matches_nothing() {
    let house = stop_ncii_house().await;
    house.stand_in.list(1);
    house.run().await;
    let workflow = &house.f.workflow;
    let remove = || workflow.remove_exchange(&name(), Actor::Operator);
    // It would come back, as would its bank.
    assert!(matches!(remove(), Err(ExchangeError::Configured)));
    let bank = "PARTNERS".parse().expect("a name");
    let deleted = workflow.delete_bank(&bank, Actor::Operator);
    assert!(matches!(deleted, Err(BankError::Filled)), "{deleted:?}");
    assert!(house.matches(1));
    workflow.set_exchanges(Vec::new()).expect("none");
    let run = workflow.run_exchange(&name()).await;
    assert!(matches!(run, Err(ExchangeError::NotConfigured)), "{run:?}");
    assert_eq!(remove().expect("there"), 1);
    assert!(!house.matches(1) && !matches(&again(&house.f), 1));
    let asked = workflow.request_run(&name(), false, Actor::Operator);
    assert!(matches!(asked, Err(ExchangeError::NoExchange)), "{asked:?}");
    let run = workflow.run_exchange(&name()).await;
    assert!(matches!(run, Err(ExchangeError::NoExchange)), "{run:?}");
    workflow
        .delete_bank(&bank, Actor::Operator)
        .expect("nothing fills it any more");
}

#[tokio::test]
async fn what_is_so_already_is_no_event_and_no_run_is_promised_that_will_not_come() {
    let house = stop_ncii_house().await;
    let workflow = &house.f.workflow;
    let changes = || {
        let events = workflow.store().read(|reader| reader.newest_events(100));
        let events = events.expect("readable").into_iter();
        let changes = events.filter(|event| event.kind == EventKind::ExchangeChanged);
        changes.count()
    };
    let pause = |paused| workflow.pause_exchange(&name(), paused, Actor::Operator);
    pause(false).expect("it is on");
    assert_eq!(changes(), 0);
    pause(true).expect("there");
    pause(true).expect("there");
    assert_eq!(changes(), 1);
    let ask = || workflow.request_run(&name(), true, Actor::Operator);
    assert!(matches!(ask(), Err(ExchangeError::Paused)));
    assert!(!house.status().exchange.reconcile);
    pause(false).expect("there");
    ask().expect("it is on");
    assert!(house.status().exchange.reconcile);
    assert_eq!(changes(), 3);
    workflow.set_exchanges(Vec::new()).expect("none");
    assert!(matches!(ask(), Err(ExchangeError::NotConfigured)));
}

#[tokio::test]
async fn an_exchange_is_up_to_date_from_a_good_run_until_it_is_due_again() {
    let house = stop_ncii_house().await;
    let is_current = || house.status().is_up_to_date(house.f.clock.now());
    assert!(!is_current(), "it never ran");
    house.stand_in.list(1);
    house.run().await;
    assert!(is_current());
    let checkpoint = house.status().exchange.checkpoint.expect("it ran");
    assert!(checkpoint.reached_at().is_some());
    house.f.clock.set(house.status().exchange.next_at);
    assert!(!is_current(), "it is due");
    house.run().await;
    assert!(is_current());
    house
        .f
        .workflow
        .pause_exchange(&name(), true, Actor::Operator)
        .expect("there");
    assert!(!is_current(), "nobody looks any more");
}
