//! A file is called hashed only where its pixels are certain: whatever is cut off or changed, it
//! has the pixels of the whole file, or the report says that it has not.

mod counts;
mod cuts;
mod grounds;
mod pages;
mod strips;

use seawall::{Budget, Shown, hash};
use seawall_core::{HashReport, Limits, Outcome, View, ViewOptions};
use seawall_decode::decode;

fn budget(limits: &Limits) -> Budget<'_> {
    Budget {
        limits,
        expired: &|| false,
        views: ViewOptions::default(),
    }
}

pub(crate) fn report(file: &[u8]) -> HashReport {
    hash::perceptual(file, &budget(&Limits::default()))
}

/// Names and pixels of all views that are handed out.
pub(crate) fn pixels(file: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut keep = |view: View, shown: &Shown<'_>| {
        found.push((view.to_string(), shown.to_pixels().data().to_vec()));
    };
    // A refusal hands out nothing.
    let _ = decode(file, &budget(&Limits::default()), &mut keep);
    found
}

/// Whether the file may be taken for the whole one: what it is called, and what it has.
#[track_caller]
pub(crate) fn check_certain(file: &[u8], whole: &[(String, Vec<u8>)], name: &str) {
    let report = report(file);
    if !matches!(report.outcome, Outcome::Hashed | Outcome::Unmatchable) {
        return;
    }
    let found = pixels(file);
    let has_all = found == whole;
    assert!(has_all || !report.notes.is_empty(), "{name}: other pixels");
    // Only where a file may have gone on, there may be frames that are missing.
    let says_all = report.notes.iter().any(|note| note.contains("all of its"));
    assert!(has_all || !says_all, "{name}: {:?}", report.notes);
    let mut pairs = found.iter().zip(whole);
    let is_beginning = pairs.all(|(found, whole)| found.1 == whole.1);
    assert!(is_beginning, "{name}: {:?}", report.notes);
}

pub(crate) fn vector(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors");
    std::fs::read(format!("{folder}/{name}")).expect("the file is in the repository")
}
