//! TIFF pages in strips that are compressed in each of the usual ways, one of them damaged.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use proptest::prelude::*;
use seawall_core::{Outcome, Pixels, Reason};
use seawall_testkit::{jpeg, picture};
use weezl::BitOrder;
use weezl::encode::Encoder;

use super::{check_certain, pixels, report};

/// How the strips are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Plain,
    Lzw,
    Deflate,
    PackBits,
    Jpeg,
}

impl Coding {
    pub(crate) const ALL: [Self; 5] = [
        Self::Plain,
        Self::Lzw,
        Self::Deflate,
        Self::PackBits,
        Self::Jpeg,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "TIFF, plain",
            Self::Lzw => "TIFF, LZW",
            Self::Deflate => "TIFF, deflate",
            Self::PackBits => "TIFF, PackBits",
            Self::Jpeg => "TIFF, JPEG",
        }
    }

    fn number(self) -> u32 {
        match self {
            Self::Plain => 1,
            Self::Lzw => 5,
            Self::Deflate => 8,
            Self::PackBits => 32_773,
            Self::Jpeg => 7,
        }
    }
}

pub(crate) fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory can be written");
    encoder.finish().expect("memory can be written")
}

/// Literal runs alone.
fn packed(bytes: &[u8]) -> Vec<u8> {
    let runs = bytes.chunks(100);
    runs.flat_map(|run| [&[run.len() as u8 - 1], run].concat())
        .collect()
}

/// One page. Nothing is checked.
#[derive(Clone, Debug)]
pub(crate) struct Striped {
    size: (u32, u32),
    rows: u32,
    samples: u32,
    coding: Coding,
    /// The width of a tile, where the page is made of tiles.
    tile: Option<u32>,
    is_planar: bool,
    /// The strips, and the length that is stated where it is another one.
    pub(crate) strips: Vec<(Vec<u8>, Option<u32>)>,
    /// Where each is said to lie, where that is not one behind the other.
    pub(crate) places: Option<Vec<u32>>,
}

impl Striped {
    pub(crate) fn of(pixels: &Pixels, rows: usize, coding: Coding) -> Self {
        let size = (pixels.width(), pixels.height());
        Self::new(pixels.data(), size, 3, rows, coding)
    }

    pub(crate) fn of_rgba(data: &[u8], size: (usize, usize), rows: usize, coding: Coding) -> Self {
        Self::new(data, size, 4, rows, coding)
    }

    /// Each colour by itself.
    fn of_planes(pixels: &Pixels, rows: usize, coding: Coding) -> Self {
        let size = (pixels.width(), pixels.height());
        let plane = |colour: usize| {
            let samples = pixels.data().iter().skip(colour).step_by(3);
            let plane: Vec<u8> = samples.copied().collect();
            Self::new(&plane, size, 1, rows, coding).strips
        };
        Self {
            strips: (0..3).flat_map(plane).collect(),
            is_planar: true,
            ..Self::of(pixels, rows, coding)
        }
    }

    /// Tiles of 32 by 16, filled up at the edges.
    fn of_tiles(pixels: &Pixels, coding: Coding) -> Self {
        let (across, down) = (pixels.width().div_ceil(32), pixels.height().div_ceil(16));
        let pixel = |x: usize, y: usize| {
            let row = pixels.row(y.min(pixels.height() - 1));
            row.chunks(3).nth(x).unwrap_or(&[9; 3])
        };
        let tile = |number: usize| {
            let (left, top) = (number % across * 32, number / across * 16);
            let places = (0..16).flat_map(|y| (0..32).map(move |x| (x, y)));
            let data: Vec<u8> = places
                .flat_map(|(x, y)| pixel(left + x, top + y).iter().copied())
                .collect();
            Self::new(&data, (32, 16), 3, 16, coding).strips
        };
        Self {
            strips: (0..across * down).flat_map(tile).collect(),
            tile: Some(32),
            ..Self::of(pixels, 16, coding)
        }
    }

    fn new(
        data: &[u8],
        (width, height): (usize, usize),
        samples: usize,
        rows: usize,
        coding: Coding,
    ) -> Self {
        let strips = data.chunks(width * samples * rows);
        let coded = |strip: &[u8]| match coding {
            Coding::Plain => strip.to_vec(),
            Coding::Lzw => Encoder::with_tiff_size_switch(BitOrder::Msb, 8)
                .encode(strip)
                .expect("all bytes can be coded"),
            Coding::Deflate => deflated(strip),
            Coding::PackBits => packed(strip),
            Coding::Jpeg => {
                let rows = strip.len() / width / 3;
                let kind = seawall_core::PixelKind::Rgb8;
                let pixels = Pixels::new(width, rows, kind, strip.to_vec());
                jpeg(&pixels.expect("whole rows"), 90)
            }
        };
        Self {
            size: (width as u32, height as u32),
            rows: rows as u32,
            samples: samples as u32,
            coding,
            strips: strips.map(|strip| (coded(strip), None)).collect(),
            places: None,
            tile: None,
            is_planar: false,
        }
    }

    /// A little-endian file, its directory first.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let count = self.strips.len() as u32;
        let bits_at = 8 + 2 + 12 * 12 + 4;
        let places_at = bits_at + 8;
        let data_at = places_at + 8 * count;
        // A single number stands in its entry.
        let inline = |at: u32, numbers: &[u32]| match numbers {
            [only] => *only,
            _ => at,
        };
        let mut at = data_at;
        let mut places = Vec::new();
        let mut lengths = Vec::new();
        for (strip, stated) in &self.strips {
            places.push(at);
            lengths.push(stated.unwrap_or(strip.len() as u32));
            at += strip.len() as u32;
        }
        let places = self.places.clone().unwrap_or(places);
        let photometric = if self.coding == Coding::Jpeg { 6 } else { 2 };
        let mut out = b"II*\0\x08\0\0\0\x0C\0".to_vec();
        let (offset_tag, size_tag, length_tag) = match self.tile {
            Some(_) => (324, 323, 325),
            None => (273, 278, 279),
        };
        let mut tags = [
            (256_u16, 4_u16, 1, self.size.0),
            (257, 4, 1, self.size.1),
            (258, 3, self.samples, bits_at),
            (259, 3, 1, self.coding.number()),
            (262, 3, 1, photometric),
            (offset_tag, 4, count, inline(places_at, &places)),
            (277, 3, 1, self.samples),
            (size_tag, 4, 1, self.rows),
            (
                length_tag,
                4,
                count,
                inline(places_at + 4 * count, &lengths),
            ),
            (284, 3, 1, 1 + u32::from(self.is_planar)),
            match self.tile {
                Some(width) => (322, 4, 1, width),
                None => (266, 3, 1, 1),
            },
            if self.samples == 4 {
                (338, 3, 1, 2)
            } else {
                (296, 3, 1, 2)
            },
        ];
        tags.sort_by_key(|tag| tag.0);
        for (tag, kind, count, value) in tags {
            out.extend(tag.to_le_bytes());
            out.extend(kind.to_le_bytes());
            out.extend(count.to_le_bytes());
            out.extend(value.to_le_bytes());
        }
        out.extend([0; 4]);
        out.extend(8_u16.to_le_bytes().repeat(4));
        let numbers = places.iter().chain(&lengths);
        out.extend(numbers.flat_map(|number| number.to_le_bytes()));
        out.extend(self.strips.iter().flat_map(|(strip, _)| strip));
        out
    }
}

#[track_caller]
fn check_partial(page: &Striped, name: &str) {
    let report = report(&page.to_bytes());
    let found = (report.outcome, report.reason);
    assert_eq!(found, (Outcome::Partial, Some(Reason::Damaged)), "{name}");
    assert!(!report.hashes.is_empty(), "{name}");
}

#[test]
fn whole_pages_are_hashed() {
    let one = picture(48, 40, 1);
    for coding in Coding::ALL {
        for rows in [1, 7, 20, 40, 100] {
            let page = Striped::of(&one, rows, coding);
            let report = report(&page.to_bytes());
            assert_eq!(report.outcome, Outcome::Hashed, "{coding:?} {rows}");
            assert!(report.notes.is_empty(), "{:?}", report.notes);
            let found = pixels(&page.to_bytes());
            assert_eq!(found.len(), 1);
            assert!(
                coding == Coding::Jpeg || found[0].1 == one.data(),
                "{coding:?}"
            );
        }
    }
}

#[test]
fn tiles_and_planes_are_read_to_their_ends() {
    let one = picture(48, 40, 1);
    for coding in Coding::ALL {
        let mut pages = vec![Striped::of_tiles(&one, coding)];
        if coding != Coding::Jpeg {
            pages.extend([7, 20, 40].map(|rows| Striped::of_planes(&one, rows, coding)));
        }
        for page in pages {
            let name = format!("{coding:?} {:?} {}", page.tile, page.rows);
            let found = pixels(&page.to_bytes());
            let whole = report(&page.to_bytes());
            assert_eq!(whole.outcome, Outcome::Hashed, "{name}");
            assert!(coding == Coding::Jpeg || found[0].1 == one.data(), "{name}");
            for strip in 0..page.strips.len() {
                let mut cut = page.clone();
                let length = cut.strips[strip].0.len();
                cut.strips[strip].1 = Some(length as u32 / 3);
                check_partial(&cut, &format!("{name} {strip}"));
            }
        }
    }
}

/// Some programs store one strip for all that are equal, and fill up the last one.
#[test]
fn equal_strips_may_be_one_and_the_last_may_be_longer() {
    let one = picture(48, 40, 1);
    for coding in Coding::ALL {
        let rows = [one.data(), &[0; 48 * 3 * 2]].concat();
        let page = Striped::new(&rows, (48, 42), 3, 7, coding);
        let whole = Striped {
            size: (48, 40),
            ..page
        };
        assert_eq!(
            report(&whole.to_bytes()).outcome,
            Outcome::Hashed,
            "{coding:?}"
        );
        let again = one.data()[..48 * 3 * 7].repeat(5);
        let mut page = Striped::new(&again, (48, 35), 3, 7, coding);
        let place = page.to_bytes().len() as u32 - 5 * page.strips[0].0.len() as u32;
        page.places = Some(vec![place; 5]);
        assert_eq!(
            report(&page.to_bytes()).outcome,
            Outcome::Hashed,
            "{coding:?}"
        );
    }
}

#[test]
fn a_strip_that_gives_too_little_is_not_filled_from_the_next() {
    let one = picture(48, 40, 1);
    for coding in [Coding::Lzw, Coding::Deflate, Coding::PackBits, Coding::Jpeg] {
        for rows in [7, 20, 40] {
            let page = Striped::of(&one, rows, coding);
            for strip in 0..page.strips.len() {
                let length = page.strips[strip].0.len();
                for kept in [0, 1, length / 2, length - 10] {
                    if kept < 2 && page.strips.len() == 1 {
                        continue;
                    }
                    // Cut off, and cut off in the table alone.
                    let mut cut = page.clone();
                    cut.strips[strip].0.truncate(kept);
                    check_partial(&cut, &format!("{coding:?} {rows} {strip} {kept}"));
                    let mut cut = page.clone();
                    cut.strips[strip].1 = Some(kept as u32);
                    check_partial(&cut, &format!("{coding:?} {rows} {strip} {kept}"));
                }
            }
        }
    }
}

/// The strips behind a damaged one are there as they were.
#[test]
fn only_the_damaged_strip_is_lost() {
    let one = picture(48, 40, 1);
    for coding in [
        Coding::Plain,
        Coding::Lzw,
        Coding::Deflate,
        Coding::PackBits,
    ] {
        for rows in [7, 20] {
            let mut page = Striped::of(&one, rows, coding);
            page.strips[0].0.truncate(9);
            if coding == Coding::Plain {
                // Its rows would be read on.
                page.places = Some(vec![u32::MAX - 9; page.strips.len()]);
                let places = Striped::of(&one, rows, coding).to_bytes();
                let first = places.len() as u32 - 48 * 40 * 3;
                let place = |number: u32| first + number * rows as u32 * 48 * 3;
                let places = (0..page.strips.len() as u32).map(place).collect::<Vec<_>>();
                page = Striped::of(&one, rows, coding);
                page.places = Some([&[u32::MAX - 9], &places[1..]].concat());
            }
            check_partial(&page, &format!("{coding:?}"));
            let found = pixels(&page.to_bytes());
            let start = rows * 48 * 3;
            assert!(
                found[0].1[start..] == one.data()[start..],
                "{coding:?} {rows}"
            );
            assert!(found[0].1[9 * 2..start].iter().all(|&sample| sample == 0));
        }
    }
}

#[test]
fn deflated_data_is_followed_to_its_checksum() {
    let one = picture(48, 40, 1);
    let rows = 7 * 48 * 3;
    let page = Striped::of(&one, 7, Coding::Deflate);
    let mut wrong = page.clone();
    *wrong.strips[2].0.last_mut().expect("a checksum") ^= 1;
    check_partial(&wrong, "checksum");
    let mut fewer = page.clone();
    fewer.strips[2].0 = deflated(&one.data()[2 * rows..3 * rows - 50]);
    check_partial(&fewer, "fewer rows");
    let mut more = page.clone();
    more.strips[2].0 = deflated(&one.data()[2 * rows..4 * rows]);
    check_partial(&more, "more rows");
    // Three bytes from before the beginning, which a decoder may take for zeros; then the
    // others as they are.
    let strip = &one.data()[2 * rows..3 * rows];
    let mut far = vec![0x78, 0x9C, 2, 2, 0x40, 0];
    let length = strip.len() as u16 - 3;
    far.extend(length.to_le_bytes());
    far.extend((!length).to_le_bytes());
    far.extend(&strip[3..]);
    let whole = deflated(strip);
    far.extend(&whole[whole.len() - 4..]);
    let mut page = page;
    page.strips[2].0 = far;
    check_partial(&page, "too far back");
}

#[test]
fn a_table_of_strips_that_is_at_odds_is_partial() {
    let one = picture(48, 40, 1);
    for coding in Coding::ALL {
        let page = Striped::of(&one, 7, coding);
        let bytes = page.to_bytes();
        let lengths = page.strips.iter().map(|(strip, _)| strip.len() as u32);
        let total: u32 = lengths.clone().sum();
        let mut at = bytes.len() as u32 - total;
        let places: Vec<u32> = lengths
            .map(|length| {
                at += length;
                at - length
            })
            .collect();
        for (strip, wrong) in [
            (2, places[2] - 1),
            (2, places[1] + 1),
            (3, bytes.len() as u32 - 5),
            (3, u32::MAX),
        ] {
            let mut page = page.clone();
            let mut places = places.clone();
            places[strip] = wrong;
            page.places = Some(places);
            check_partial(&page, &format!("{coding:?} {strip} {wrong}"));
        }
        let mut short = page.clone();
        short.strips[2].1 = Some(page.strips[2].0.len() as u32 / 2);
        check_partial(&short, &format!("{coding:?}, a short length"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// Deflated data has a checksum: no change of it goes unseen.
    #[test]
    fn a_changed_strip_is_not_taken_for_the_whole_one(
        (rows, strip) in (prop_oneof![Just(7_usize), Just(20), Just(40)], any::<usize>()),
        (place, bytes) in (any::<usize>(), prop::collection::vec(any::<u8>(), 1..40)),
        is_cut: bool,
    ) {
        let one = picture(48, 40, 1);
        let mut page = Striped::of(&one, rows, Coding::Deflate);
        let whole = pixels(&page.to_bytes());
        let strip = strip % page.strips.len();
        let data = &mut page.strips[strip].0;
        let place = place % data.len();
        if is_cut {
            data.drain(place..(place + bytes.len()).min(data.len()));
        } else {
            let changed = data[place..].iter_mut().zip(&bytes);
            changed.for_each(|(byte, &changed)| *byte = changed);
        }
        check_certain(&page.to_bytes(), &whole, "deflate");
    }

    /// Of the others each strip that is cut is seen.
    #[test]
    fn a_cut_strip_is_not_taken_for_the_whole_one(
        (coding, rows) in (0_usize..5, prop_oneof![Just(7_usize), Just(20), Just(40)]),
        (strip, place, in_table) in any::<(usize, usize, bool)>(),
    ) {
        let one = picture(48, 40, 1);
        let mut page = Striped::of(&one, rows, Coding::ALL[coding]);
        let whole = pixels(&page.to_bytes());
        let strip = strip % page.strips.len();
        let length = place % page.strips[strip].0.len();
        if in_table {
            page.strips[strip].1 = Some(length as u32);
        } else {
            page.strips[strip].0.truncate(length);
        }
        check_certain(&page.to_bytes(), &whole, "a cut strip");
    }
}
