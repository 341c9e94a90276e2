//! What a picture takes whose rows are hashed while they are decoded grows with its width, not
//! with its height. A program of its own: the kernel counts the peak of all of a process.
#![cfg(target_os = "linux")]

use seawall::{Budget, hash};
use seawall_core::{HashReport, Limits, ViewOptions};
use seawall_testkit::{PngColour, black_png};

#[test]
fn a_picture_of_any_height_takes_what_its_rows_take() {
    let by_rows = |height| grown_kib(height, hash::perceptual);
    // The first one pays for what every later one uses too.
    by_rows(100);
    let [twelve, hundred] = [3000, 30_000].map(by_rows);
    let whole = grown_kib(3000, hash::perceptual_of_whole_pictures);
    assert!(twelve < 3 << 10, "{twelve} KiB");
    // A window of the hash is a 128th of the height.
    assert!(hundred < 10 << 10, "{hundred} KiB");
    assert!(
        whole > 30 << 10,
        "what this measures is not seen: {whole} KiB"
    );
}

/// How far the peak of this process rises while an RGB picture of 4000 pixels a row is hashed.
fn grown_kib(height: u32, hash: fn(&[u8], &Budget<'_>) -> HashReport) -> u64 {
    let file = black_png(4000, height, PngColour::Rgb);
    let limits = Limits::default();
    let budget = Budget {
        limits: &limits,
        expired: &|| false,
        views: ViewOptions::default(),
    };
    // The peak begins anew from what is in use now.
    std::fs::write("/proc/self/clear_refs", "5").expect("the kernel lets a process do this");
    let before = peak_kib();
    let report = hash(&file, &budget);
    let grown = peak_kib() - before;
    assert_eq!(report.hashes.len(), 1);
    grown
}

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("it is there");
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    let number = number.and_then(|number| number.parse().ok());
    number.expect("the kernel counts the peak")
}
