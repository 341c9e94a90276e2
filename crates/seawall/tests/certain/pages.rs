//! TIFF files of several pages whose chain breaks off.

use seawall_core::{Outcome, Reason};
use seawall_testkit::{TiffPage, picture, raw_tiff};

use super::report;

fn pages(count: u64) -> (Vec<u8>, Vec<usize>) {
    let pages: Vec<TiffPage> = (0..count)
        .map(|seed| TiffPage::plain(&picture(32, 24, seed)))
        .collect();
    let lengths = (1..=pages.len()).map(|number| raw_tiff(&pages[..number]).len());
    (raw_tiff(&pages), lengths.collect())
}

#[test]
fn a_file_cut_between_two_pages_is_partial() {
    let (file, ends) = pages(5);
    assert_eq!(report(&file).outcome, Outcome::Hashed);
    for (number, &end) in (1..).zip(&ends[..4]) {
        for end in [end, end + 1, end + 40] {
            let report = report(&file[..end]);
            let found = (report.outcome, report.reason, report.hashes.len());
            assert_eq!(
                found,
                (Outcome::Partial, Some(Reason::Damaged), number),
                "{end}"
            );
            let note = format!("the chain of pages breaks off behind page {number}");
            assert!(report.notes.contains(&note), "{:?}", report.notes);
        }
    }
}

/// Where the place of the next page is wrong, what it should be is not known.
#[test]
fn a_chain_that_leads_nowhere_or_back_is_partial() {
    let (file, ends) = pages(3);
    let next = 8 + 2 + 9 * 12;
    for wrong in [file.len() as u32 - 3, u32::MAX, 8, ends[0] as u32 + 1] {
        let mut file = file.clone();
        file[next..next + 4].copy_from_slice(&wrong.to_le_bytes());
        let report = report(&file);
        let is_told = matches!(report.outcome, Outcome::Partial | Outcome::Refused);
        assert!(is_told, "{wrong}");
    }
}
