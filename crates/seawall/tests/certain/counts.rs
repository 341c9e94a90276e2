//! How many frames and pages were hashed, as notes say it.

use seawall_core::{Outcome, Pixels};
use seawall_testkit::{TiffPage, animated_png, animated_webp, gif, picture, raw_tiff};

use super::{pixels, report};

/// The two numbers of the note, where there is one.
fn counted(file: &[u8]) -> Option<(usize, usize)> {
    let report = report(file);
    let note = report
        .notes
        .iter()
        .find(|note| note.starts_with("hashed "))?;
    let words: Vec<&str> = note.split(' ').collect();
    let number = |word: &str| word.parse().expect("a number");
    Some((number(words[1]), number(words[3])))
}

/// Frames and pages that were handed out.
fn handed_out(file: &[u8]) -> usize {
    let views = pixels(file).into_iter().map(|(name, _)| name);
    views
        .filter(|name| name.starts_with("frame:") || name.starts_with("page:"))
        .filter(|name| !name.contains('/'))
        .count()
}

#[test]
fn a_note_counts_what_was_hashed() {
    let frames: Vec<Pixels> = (0..40).map(|seed| picture(16, 12, seed)).collect();
    let pages: Vec<TiffPage> = frames.iter().map(TiffPage::plain).collect();
    for (name, file) in [
        ("GIF", gif(&frames)),
        ("PNG", animated_png(&frames)),
        ("WebP", animated_webp(&frames, 1)),
        ("TIFF", raw_tiff(&pages)),
    ] {
        let whole = handed_out(&file);
        if let Some((hashed, all)) = counted(&file) {
            assert_eq!((hashed, all > whole), (whole, true), "{name}");
        }
        let mut fewer = 0;
        for end in (1..file.len()).rev().step_by(file.len() / 60) {
            let cut = &file[..end];
            let found = handed_out(cut);
            let counted = counted(cut);
            let case = format!("{name} {end} of {}: {counted:?} of {found}", file.len());
            if let Some((hashed, all)) = counted {
                assert_eq!(hashed, found, "{case}");
                assert!(hashed < all, "{case}");
            }
            let is_less = found > 0 && found < whole && report(cut).outcome == Outcome::Partial;
            fewer += u32::from(is_less);
        }
        assert!(fewer > 0, "{name}");
    }
}
