//! Whatever goes wrong at a partner and whenever the process dies: in the end the bank is what
//! the partner lists.

use std::sync::Arc;

use proptest::prelude::*;
use seawall_core::Actor;
use seawall_workflow::ExchangeError;

use super::house::{
    EVERY_MS, House, Partnered, digest, matches, name, ncmec_house, stop_ncii_house, tat_house,
    threat_exchange_house,
};
use crate::fixture::again;

/// What happens at the partner, or to the process.
#[derive(Clone, Debug)]
enum Step {
    Put(u8),
    Withdraw(u8),
    /// The list is read, however that goes.
    Run,
    /// The process dies after so many turns of a run.
    Die(u8),
    Reconcile,
    Wait(u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0_u8..12).prop_map(Step::Put),
        3 => (0_u8..12).prop_map(Step::Withdraw),
        4 => Just(Step::Run),
        2 => (0_u8..60).prop_map(Step::Die),
        1 => Just(Step::Reconcile),
        3 => (1_u16..900).prop_map(Step::Wait),
    ]
}

/// Walks through these steps while the partner goes wrong, and then through runs while it does
/// not.
async fn walk<S: Partnered>(mut house: House<S>, steps: &[Step], seed: u64) -> House<S> {
    house.stand_in.slow_answers().open();
    house.stand_in.go_wrong(seed, 40);
    for step in steps {
        match step {
            Step::Put(number) => house.stand_in.list(*number),
            Step::Withdraw(number) => house.stand_in.unlist(*number),
            Step::Run => {
                let run = house.f.workflow.run_exchange(&name()).await;
                assert!(matches!(run, Ok(_) | Err(ExchangeError::Leased)), "{run:?}");
            }
            Step::Die(turns) => die(&mut house, *turns).await,
            Step::Reconcile => {
                let hastened = house
                    .f
                    .workflow
                    .hasten_exchange(&name(), true, Actor::Operator);
                hastened.expect("there");
            }
            Step::Wait(seconds) => house.f.clock.advance_ms(i64::from(*seconds) * 1000),
        }
    }
    house.stand_in.go_wrong(0, 0);
    // Until the lease of a process that died is over, and the partner's overlaps are read.
    let mut good = 0;
    for _ in 0..20 {
        house.f.clock.advance_ms(EVERY_MS);
        let report = house.run().await;
        good = if report.fault.is_none() { good + 1 } else { 0 };
    }
    assert!(
        good >= 2,
        "the partner answers, and the list is still not read to its end"
    );
    house
}

/// The process ends in the middle of a run, and another one starts over its folder.
async fn die<S: Partnered>(house: &mut House<S>, turns: u8) {
    let workflow = Arc::clone(&house.f.workflow);
    let run = tokio::spawn(async move { workflow.run_exchange(&name()).await });
    for _ in 0..turns {
        tokio::task::yield_now().await;
    }
    run.abort();
    let _ = run.await;
    house.f.workflow = again(&house.f);
    house.set_up(&house.f.workflow);
}

/// What matches is what the partner lists, in this process and in a new one.
fn check<S: Partnered>(house: &House<S>) {
    let listed = house.stand_in.listed();
    let new = again(&house.f);
    for number in 0..12 {
        let expected = listed.contains(&digest(number).to_bytes());
        assert_eq!(house.matches(number), expected, "number {number}");
        assert_eq!(
            matches(&new, number),
            expected,
            "number {number} after a start"
        );
    }
    assert_eq!(house.status().contents, listed.len() as u64);
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let built = builder.worker_threads(2).enable_all().build();
    built.expect("a runtime")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn in_the_end_the_bank_is_what_stopncii_lists(
        steps in prop::collection::vec(step(), 1..24), seed in any::<u64>(),
    ) {
        runtime().block_on(async {
            check(&walk(stop_ncii_house().await, &steps, seed).await);
        });
    }

    #[test]
    fn in_the_end_the_bank_is_what_ncmec_lists(
        steps in prop::collection::vec(step(), 1..24), seed in any::<u64>(),
    ) {
        runtime().block_on(async {
            check(&walk(ncmec_house().await, &steps, seed).await);
        });
    }

    #[test]
    fn in_the_end_the_bank_is_what_tech_against_terrorism_lists(
        steps in prop::collection::vec(step(), 1..24), seed in any::<u64>(),
    ) {
        runtime().block_on(async {
            check(&walk(tat_house().await, &steps, seed).await);
        });
    }

    #[test]
    fn in_the_end_the_bank_is_what_threatexchange_lists(
        steps in prop::collection::vec(step(), 1..24), seed in any::<u64>(),
    ) {
        runtime().block_on(async {
            check(&walk(threat_exchange_house().await, &steps, seed).await);
        });
    }
}
