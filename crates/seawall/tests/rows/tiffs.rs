//! TIFF files in strips and tiles, not compressed.

use proptest::prelude::*;
use seawall_testkit::{picture, tiff};

use super::files::noise;

/// A page. Nothing is checked.
#[derive(Clone, Debug)]
struct Paged {
    width: u32,
    height: u32,
    bits: u16,
    samples: u16,
    photometric: u16,
    /// Width and height of a tile, or the height of a strip.
    chunk: (Option<u32>, u32),
    /// 2 where each sample is the difference to the one before.
    predictor: u16,
    orientation: u16,
    /// What the samples beyond the colours mean: 2 an alpha, 0 nothing that is known.
    more: Option<u16>,
    seed: u64,
}

impl Paged {
    const PLAIN: Self = Self {
        width: 70,
        height: 50,
        bits: 8,
        samples: 3,
        photometric: RGB,
        chunk: (None, 7),
        predictor: 1,
        orientation: 1,
        more: None,
        seed: 3,
    };

    /// A little-endian file: the directory first, so that a cut file lacks pixels.
    fn to_bytes(&self) -> Vec<u8> {
        let lengths = self.lengths();
        let count = lengths.len() as u32;
        let bits_at = 8 + 2 + ENTRIES * 12 + 4;
        let palette_at = bits_at + 2 * 5;
        let offsets_at = palette_at + 2 * self.palette_entries();
        let lengths_at = offsets_at + 4 * count;
        let data_at = lengths_at + 4 * count;
        let inline = |count: u32, at: u32, only: u32| if count == 1 { only } else { at };
        let samples = u32::from(self.samples);
        let places = if self.chunk.0.is_some() {
            (324, 325)
        } else {
            (273, 279)
        };
        let mut tags = vec![
            (258, 3, samples, inline(samples, bits_at, self.bits.into())),
            (places.0, 4, count, inline(count, offsets_at, data_at)),
            (places.1, 4, count, inline(count, lengths_at, lengths[0])),
            match self.palette_entries() {
                0 => (305, 2, 1, 0),
                entries => (320, 3, entries, palette_at),
            },
        ];
        tags.extend(self.plain_tags());
        let mut out = b"II*\0\x08\0\0\0".to_vec();
        push_tags(&mut out, tags);
        out.extend(self.bits.to_le_bytes().repeat(5));
        out.extend(noise(2 * self.palette_entries() as usize, 9));
        let mut at = data_at;
        for length in &lengths {
            out.extend(at.to_le_bytes());
            at += length;
        }
        for length in &lengths {
            out.extend(length.to_le_bytes());
        }
        let total: u32 = lengths.iter().sum();
        out.extend(noise(total as usize, self.seed));
        out
    }

    /// The lengths of the strips, of which the last ends with the page, or of the tiles.
    fn lengths(&self) -> Vec<u32> {
        let (width, height) = (self.chunk.0.unwrap_or(self.width), self.chunk.1);
        let across = self.width.div_ceil(width);
        let row_bytes = (width * u32::from(self.samples * self.bits)).div_ceil(8);
        let rows_of = |chunk: u32| match self.chunk.0 {
            Some(_) => height,
            None => height.min(self.height - chunk * height),
        };
        let count = across * self.height.div_ceil(height);
        (0..count).map(|chunk| rows_of(chunk) * row_bytes).collect()
    }

    fn palette_entries(&self) -> u32 {
        if self.photometric == PALETTE {
            3_u32 << self.bits
        } else {
            0
        }
    }

    fn plain_tags(&self) -> [(u16, u16, u32, u32); 10] {
        let [sizes, more] = match self.chunk {
            (Some(width), height) => [(322, 4, 1, width), (323, 4, 1, height)],
            (None, height) => [(278, 4, 1, height), (284, 3, 1, 1)],
        };
        [
            (256, 4, 1, self.width),
            (257, 4, 1, self.height),
            (259, 3, 1, 1),
            (262, 3, 1, self.photometric.into()),
            (274, 3, 1, self.orientation.into()),
            (277, 3, 1, self.samples.into()),
            (317, 3, 1, self.predictor.into()),
            sizes,
            more,
            match self.more {
                Some(meaning) => (338, 3, 1, meaning.into()),
                None => (296, 3, 1, 2),
            },
        ]
    }
}

fn push_tags(out: &mut Vec<u8>, mut tags: Vec<(u16, u16, u32, u32)>) {
    assert_eq!(tags.len(), ENTRIES as usize);
    tags.sort_by_key(|tag| tag.0);
    out.extend((ENTRIES as u16).to_le_bytes());
    for (tag, kind, count, value) in tags {
        out.extend(tag.to_le_bytes());
        out.extend(kind.to_le_bytes());
        out.extend(count.to_le_bytes());
        out.extend(value.to_le_bytes());
    }
    out.extend([0; 4]);
}

/// In every directory.
const ENTRIES: u32 = 14;

const FORMS: [(u16, u16, u16, Option<u16>); 12] = [
    (GREY, 1, 8, None),
    (GREY, 1, 16, None),
    (WHITE_IS_ZERO, 1, 8, None),
    (RGB, 3, 8, None),
    (RGB, 3, 16, None),
    (RGB, 4, 8, Some(2)),
    (RGB, 4, 16, Some(2)),
    (INKS, 4, 8, None),
    (INKS, 4, 16, None),
    (PALETTE, 1, 8, None),
    (RGB, 4, 8, None),
    (RGB, 4, 8, Some(0)),
];

/// Files that give rows, with the number of their views.
pub(crate) fn by_rows() -> Vec<(String, Vec<u8>, usize)> {
    let mut files = Vec::new();
    for (photometric, samples, bits, more) in FORMS {
        let has_more = more == Some(0);
        for (chunk, predictor) in [((None, 7), 1), ((Some(32), 16), 1), ((None, 16), 2)] {
            if has_more && chunk.0.is_some() {
                continue;
            }
            let file = Paged {
                photometric,
                samples,
                bits,
                more,
                chunk,
                predictor,
                ..Paged::PLAIN
            };
            let name = format!("TIFF {photometric} {samples}×{bits} {chunk:?} {predictor}");
            files.push((name, file.to_bytes()));
        }
    }
    let counted = |(name, file): (String, Vec<u8>)| {
        let views = super::files::views_of_whole(&file);
        (name, file, views)
    };
    files.into_iter().map(counted).collect()
}

/// Files that come whole.
pub(crate) fn whole() -> Vec<(String, Vec<u8>)> {
    let turned = Paged {
        orientation: 6,
        ..Paged::PLAIN
    };
    let one_strip = Paged {
        chunk: (None, 50),
        ..Paged::PLAIN
    };
    let more_samples = Paged {
        samples: 4,
        more: Some(0),
        chunk: (Some(16), 16),
        ..Paged::PLAIN
    };
    vec![
        (
            "TIFF in tiles, with a sample that is none".to_owned(),
            more_samples.to_bytes(),
        ),
        ("TIFF, turned".to_owned(), turned.to_bytes()),
        ("TIFF in one strip".to_owned(), one_strip.to_bytes()),
    ]
}

pub(crate) fn any_tiff() -> impl Strategy<Value = Vec<u8>> {
    let size = (1_u32..90, 1_u32..90);
    let chunk = (prop::option::of(1_u32..5), 1_u32..40);
    let rest = (1_u16..3, 0_u16..10, any::<u64>());
    let raw = (size, 0..FORMS.len(), chunk, rest).prop_map(
        |((width, height), form, (tiles, rows), (predictor, orientation, seed))| {
            let (photometric, samples, bits, more) = FORMS[form];
            let file = Paged {
                width,
                height,
                bits,
                samples,
                photometric,
                chunk: match tiles {
                    Some(number) => (Some(number * 16), rows.div_ceil(16) * 16),
                    None => (None, rows),
                },
                predictor,
                orientation,
                more,
                seed,
            };
            file.to_bytes()
        },
    );
    let encoded = (5_usize..90, 5_usize..90, any::<u64>());
    let encoded = encoded.prop_map(|(width, height, seed)| tiff(&picture(width, height, seed)));
    prop_oneof![8 => raw, 1 => encoded]
}

const WHITE_IS_ZERO: u16 = 0;
const GREY: u16 = 1;
const RGB: u16 = 2;
const PALETTE: u16 = 3;
const INKS: u16 = 5;
