//! Pictures whose rows go from the decoder to the hash one by one have the hashes, the outcome
//! and the notes that they have as whole pictures, whatever is wrong with them.

mod bmps;
mod files;
mod gifs;
mod tiffs;

use std::cell::Cell;

use proptest::prelude::*;
use seawall::{Budget, Shown, hash};
use seawall_core::{HashReport, Limits, View, ViewOptions};
use seawall_decode::{Size, Visitor, decode};

/// What is asked for beside the file.
#[derive(Clone, Copy, Debug)]
struct Asked {
    views: ViewOptions,
    /// After so many questions the time is over.
    questions: u32,
}

const USUAL: Asked = Asked {
    views: ViewOptions {
        orientations: false,
        border: false,
        legacy_palette: false,
    },
    questions: u32::MAX,
};

fn with_budget<T>(asked: Asked, work: impl FnOnce(&Budget<'_>) -> T) -> T {
    let count = Cell::new(0_u32);
    let expired = || {
        count.set(count.get().saturating_add(1));
        count.get() > asked.questions
    };
    let limits = Limits::default();
    work(&Budget {
        limits: &limits,
        expired: &expired,
        views: asked.views,
    })
}

#[track_caller]
fn check(file: &[u8], asked: Asked) {
    let by_rows = with_budget(asked, |budget| hash::perceptual(file, budget));
    let whole = with_budget(asked, |budget| {
        hash::perceptual_of_whole_pictures(file, budget)
    });
    let views = |report: &HashReport| {
        let views = report.hashes.iter().filter_map(|record| record.view);
        views.map(|view| view.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(views(&by_rows), views(&whole));
    assert_eq!(by_rows.notes, whole.notes);
    assert_eq!(
        (by_rows.outcome, by_rows.reason),
        (whole.outcome, whole.reason)
    );
    assert!(by_rows == whole, "other hashes");
}

/// Counts what comes in which way.
#[derive(Default)]
struct Counting {
    whole: usize,
    begun: usize,
    by_rows: usize,
}

impl Visitor for Counting {
    fn view(&mut self, _view: View, _shown: &Shown<'_>) {
        self.whole += 1;
    }

    fn bytes_for_rows(&self, _size: Size) -> Option<u64> {
        Some(0)
    }

    fn begin(&mut self, _size: Size) {
        self.begun += 1;
    }

    fn end(&mut self, views: &[(usize, View)]) {
        self.by_rows += views.len();
    }
}

fn counted(file: &[u8], asked: Asked) -> Counting {
    let mut counting = Counting::default();
    let decoded = with_budget(asked, |budget| decode(file, budget, &mut counting));
    assert!(decoded.is_ok(), "{decoded:?}");
    counting
}

#[test]
fn every_form_that_can_gives_rows() {
    for (name, file, forms) in files::by_rows() {
        let counted = counted(&file, USUAL);
        assert_eq!((counted.whole, counted.by_rows), (0, forms), "{name}");
        check(&file, USUAL);
    }
}

/// Damaged at the end, so that it is read twice; nothing of the first time stays.
#[test]
fn a_file_that_is_read_again_is_passed_on_again() {
    for (name, file, forms) in files::by_rows() {
        // The checksum of an Exif block is nobody's.
        if name.starts_with("PNG") && !name.ends_with("behind") {
            let mut file = file;
            let place = file.len() - 13;
            file[place] ^= 1;
            let counted = counted(&file, USUAL);
            assert_eq!((counted.begun, counted.by_rows), (2, forms), "{name}");
        }
    }
}

#[test]
fn what_needs_the_pixels_in_another_order_comes_whole() {
    for (name, file) in files::whole() {
        let counted = counted(&file, USUAL);
        assert_eq!((counted.begun, counted.by_rows), (0, 0), "{name}");
        assert!(counted.whole > 0);
        check(&file, USUAL);
    }
    for (_, file, _) in files::by_rows() {
        for (orientations, border) in [(true, false), (false, true)] {
            let views = ViewOptions {
                orientations,
                border,
                ..ViewOptions::default()
            };
            let asked = Asked { views, ..USUAL };
            assert_eq!(counted(&file, asked).begun, 0);
            check(&file, asked);
        }
    }
}

#[test]
fn a_picture_behind_another_one_is_passed_on_as_a_part() {
    let all = files::by_rows();
    for (name, first, _) in &all {
        for (_, second, forms) in &all {
            let file = [&first[..], second].concat();
            check(&file, USUAL);
            let counted = counted(&file, USUAL);
            assert!(counted.by_rows >= *forms, "{name}");
        }
    }
}

#[test]
fn cut_files_give_the_same() {
    for (_, file, _) in files::by_rows() {
        for cut in (8..file.len()).step_by((file.len() / 97).max(1)) {
            check(&file[..cut], USUAL);
        }
        for cut in file.len().saturating_sub(40)..file.len() {
            check(&file[..cut], USUAL);
        }
    }
}

/// What can be wrong with a file.
#[derive(Clone, Debug)]
enum Fault {
    Byte(usize, u8),
    Bit(usize, u32),
    /// In the header and what follows it.
    EarlyByte(usize, u8),
    Removed(usize, usize),
    Cut(usize),
}

fn faults() -> impl Strategy<Value = Vec<Fault>> {
    let place = any::<usize>();
    let fault = prop_oneof![
        (place, any::<u8>()).prop_map(|(place, value)| Fault::Byte(place, value)),
        (place, 0_u32..8).prop_map(|(place, bit)| Fault::Bit(place, bit)),
        (0_usize..200, any::<u8>()).prop_map(|(place, value)| Fault::EarlyByte(place, value)),
        (place, 1_usize..20).prop_map(|(place, count)| Fault::Removed(place, count)),
        place.prop_map(Fault::Cut),
    ];
    prop::collection::vec(fault, 0..4)
}

fn with_fault(mut file: Vec<u8>, fault: &Fault) -> Vec<u8> {
    let length = file.len().max(1);
    match *fault {
        _ if file.is_empty() => {}
        Fault::Byte(place, value) => file[place % length] = value,
        Fault::Bit(place, bit) => file[place % length] ^= 1 << bit,
        Fault::EarlyByte(place, value) => file[place % length] = value,
        Fault::Removed(place, count) => {
            let start = place % length;
            file.drain(start..length.min(start + count));
        }
        Fault::Cut(place) => file.truncate(place % length),
    }
    file
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn rows_and_whole_pictures_give_the_same(
        file in files::any_file(),
        faults in faults(),
        legacy_palette: bool,
        questions in prop_oneof![3 => Just(u32::MAX), 1 => 0_u32..60],
    ) {
        let file = faults.iter().fold(file, with_fault);
        let views = ViewOptions { legacy_palette, ..ViewOptions::default() };
        // Only the PNG decoder is asked in the same steps on both ways.
        let questions = if file.starts_with(b"\x89PNG") { questions } else { u32::MAX };
        check(&file, Asked { views, questions });
    }
}
