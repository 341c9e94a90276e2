//! The index that lookups use follows every change of banks, lists and exceptions, whoever
//! makes it: it answers as one that is loaded anew.

use std::sync::Arc;

use proptest::prelude::*;
use seawall_core::{Actor, BankName, BankRole, Hash, PdqHash, Threshold};
use seawall_store::{BankChange, ContentRow, ListChange, ListName};
use seawall_workflow::{BankRequest, LookupAnswer, Workflow, parse_list};

use crate::fixture::{Fixture, again, fixture};

#[derive(Clone, Debug)]
enum Act {
    /// A value goes into a list of a bank, or into none.
    Import(usize, Option<usize>, u8),
    SetList(usize, usize, Option<Option<u16>>, Option<bool>),
    DeleteList(usize, usize),
    SetBank(usize, Option<u16>, Option<bool>),
    DeleteContent(usize, prop::sample::Index),
}

fn act() -> impl Strategy<Value = Act> {
    let bits = || prop::sample::select(vec![0_u16, 5, 10, 31, 64]);
    let own = prop::option::of(prop::option::of(bits()));
    let switch = || prop::option::of(any::<bool>());
    prop_oneof![
        6 => (0_usize..3, prop::option::of(0_usize..2), 0_u8..40)
            .prop_map(|(bank, list, value)| Act::Import(bank, list, value)),
        3 => (0_usize..3, 0_usize..2, own, switch())
            .prop_map(|(bank, list, bits, enabled)| Act::SetList(bank, list, bits, enabled)),
        1 => (0_usize..3, 0_usize..2).prop_map(|(bank, list)| Act::DeleteList(bank, list)),
        1 => (0_usize..3, prop::option::of(bits()), switch())
            .prop_map(|(bank, bits, enabled)| Act::SetBank(bank, bits, enabled)),
        1 => (0_usize..3, any::<prop::sample::Index>())
            .prop_map(|(bank, content)| Act::DeleteContent(bank, content)),
    ]
}

/// Two known banks and one of exceptions.
const BANKS: [&str; 3] = ["FIRST", "SECOND", "BENIGN"];

fn bank(place: usize) -> BankName {
    BANKS[place].parse().expect("a bank's name")
}

fn list(place: usize) -> ListName {
    ["a", "b"][place].parse().expect("a list's name")
}

/// A hash so many bits away from the first one.
fn hash(value: u8) -> Hash {
    Hash::Pdq(PdqHash([(1 << value) - 1, 0x0F0F, 0, !0]))
}

fn made() -> Fixture {
    let fixture = fixture();
    for place in 0..BANKS.len() {
        let role = match place {
            2 => BankRole::Exception,
            _ => BankRole::Known,
        };
        let request = BankRequest {
            name: bank(place),
            threshold: None,
            enabled: true,
            role,
            owner: Some("Owner".to_owned()),
        };
        fixture
            .workflow
            .create_bank_as(&request, Actor::Operator)
            .expect("a bank");
    }
    fixture
}

/// Does it; what cannot be done, such as changing a list that is not there, is refused.
fn perform(workflow: &Workflow, act: &Act) {
    let actor = Actor::Operator;
    match act {
        Act::Import(of, into, value) => {
            let rows = format!("algorithm,value,note\npdq,{},a row\n", hash(*value));
            let rows = parse_list(rows.as_bytes());
            workflow
                .import_list(&bank(*of), into.map(list).as_ref(), &rows, actor)
                .expect("imported");
        }
        Act::SetList(of, which, bits, enabled) => {
            let change = ListChange {
                threshold: bits.map(|bits| bits.and_then(Threshold::new)),
                enabled: *enabled,
            };
            let _ = workflow.change_list(&bank(*of), &list(*which), change, actor);
        }
        Act::DeleteList(of, which) => {
            let _ = workflow.delete_list(&bank(*of), &list(*which), actor);
        }
        Act::SetBank(of, bits, enabled) => {
            // Exceptions reach no farther than 31 bits.
            let bits_max = if *of == 2 { 31 } else { 256 };
            let bits = bits.map(|bits| bits.min(bits_max));
            let change = BankChange {
                threshold: bits.and_then(Threshold::new),
                enabled: *enabled,
                ..BankChange::default()
            };
            workflow
                .change_bank(&bank(*of), change, actor)
                .expect("changed");
        }
        Act::DeleteContent(of, which) => {
            let contents = contents(workflow, *of);
            if !contents.is_empty() {
                workflow
                    .delete_content(&bank(*of), which.get(&contents).id, actor)
                    .expect("deleted");
            }
        }
    }
}

fn contents(workflow: &Workflow, of: usize) -> Vec<ContentRow> {
    let id = workflow.bank(&bank(of)).expect("there").id;
    let contents = workflow
        .store()
        .read(|reader| reader.contents(id, seawall_core::ContentId(0), 1_000));
    contents.expect("readable")
}

fn answers(workflow: &Workflow) -> Vec<LookupAnswer> {
    let hashes = [0, 3, 9, 20, 33, 39, 1, 30, 12, 5, 0].map(hash);
    let one = |hash| workflow.look_up(hash).expect("looked up");
    let answers = workflow.look_up_many(&hashes).expect("looked up");
    assert_eq!(answers, hashes.iter().map(one).collect::<Vec<_>>());
    answers
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_changed_index_answers_as_one_loaded_anew(
        acts in prop::collection::vec((act(), any::<bool>()), 1..25)
    ) {
        let fixture = made();
        // The command line beside the server: another process on the same folder.
        let beside = again(&fixture);
        for (act, is_beside) in &acts {
            let by: &Arc<Workflow> = if *is_beside { &beside } else { &fixture.workflow };
            perform(by, act);
            fixture.workflow.refresh_banks().expect("refreshed");
        }
        let anew = again(&fixture);
        prop_assert_eq!(answers(&fixture.workflow), answers(&anew));
        for answer in answers(&anew) {
            prop_assert!(answer.matches.iter().all(|found| found.exception.is_none()));
            prop_assert!(answer.suppressed.iter().all(|found| found.exception.is_some()));
            prop_assert!(answer.matches.is_empty() || answer.suppressed.is_empty());
            prop_assert_eq!(answer.matches.len(), answer.matches_found);
            prop_assert_eq!(answer.suppressed.len(), answer.suppressed_found);
            let all = answer.matches.iter().chain(&answer.suppressed);
            for found in all {
                prop_assert!(found.bank != BANKS[2], "an exception is no match");
                prop_assert!(found.distance.0 <= found.threshold.bits());
            }
        }
    }
}
