//! Hashes of files and pictures.

mod hasher;
mod lookup;

use std::ops::Range;
use std::{fmt, io};

use md5::Md5;
use seawall_core::{
    Hash, HashRecord, HashReport, Outcome, PdqHash, PixelKind, Pixels, Quality, Reason, View,
};
use seawall_decode::{Budget, Decoded, Refusal, Shown, Visitor, decode};
use seawall_simd::pdq::{PdqOutput, PdqStream, RowKind};
use sha1::{Digest, Sha1};
use sha2::Sha256;

use hasher::Hasher;
pub use lookup::{LookupReport, perceptual_fast};

/// The cryptographic digests of one file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digests {
    /// MD5.
    pub md5: [u8; 16],
    /// SHA-1.
    pub sha1: [u8; 20],
    /// SHA-256.
    pub sha256: [u8; 32],
}

impl Digests {
    /// The digests as records: MD5, SHA-1, SHA-256.
    #[must_use]
    pub fn records(&self) -> [HashRecord; 3] {
        [
            Hash::Md5(self.md5),
            Hash::Sha1(self.sha1),
            Hash::Sha256(self.sha256),
        ]
        .map(|hash| HashRecord {
            hash,
            quality: None,
            view: None,
        })
    }
}

impl fmt::Debug for Digests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digests([redacted])")
    }
}

/// The digests of these bytes.
#[must_use]
pub fn digests(bytes: &[u8]) -> Digests {
    Digests {
        md5: Md5::digest(bytes).into(),
        sha1: Sha1::digest(bytes).into(),
        sha256: Sha256::digest(bytes).into(),
    }
}

/// The digests of everything that `reader` gives, in constant memory.
///
/// # Errors
/// The reader's own.
pub fn digest_reader(mut reader: impl io::Read) -> io::Result<Digests> {
    let (mut md5, mut sha1, mut sha256) = (Md5::new(), Sha1::new(), Sha256::new());
    let mut buffer = vec![0_u8; 64 << 10];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => {
                md5.update(&buffer[..length]);
                sha1.update(&buffer[..length]);
                sha256.update(&buffer[..length]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Digests {
        md5: md5.finalize().into(),
        sha1: sha1.finalize().into(),
        sha256: sha256.finalize().into(),
    })
}

/// PDQ of one picture. The coefficients stay in process: never store, send or log them.
#[derive(Clone)]
pub struct Pdq {
    /// The 256 bits.
    pub hash: PdqHash,
    /// How much detail they rest on.
    pub quality: Quality,
    /// The 16 × 16 coefficients that the bits come from.
    pub coefficients: [f32; 256],
    /// Their median.
    pub median: f32,
}

impl Pdq {
    /// How far each coefficient is from the median: the smaller, the easier its bit flips.
    #[must_use]
    pub fn distances_from_median(&self) -> [f32; 256] {
        self.coefficients
            .map(|coefficient| (coefficient - self.median).abs())
    }
}

impl fmt::Debug for Pdq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pdq([redacted], quality {})", self.quality.0)
    }
}

impl From<PdqOutput> for Pdq {
    fn from(output: PdqOutput) -> Self {
        Self {
            hash: PdqHash(output.hash),
            quality: Quality(output.quality),
            coefficients: output.coefficients,
            median: output.median,
        }
    }
}

/// PDQ of a picture; `None` where a side is below five pixels.
#[must_use]
pub fn pdq(pixels: &Pixels) -> Option<Pdq> {
    let mut stream = PdqStream::new(pixels.width(), pixels.height(), row_kind(pixels.kind()))?;
    stream.push_rows(pixels.data());
    stream.finish().map(Pdq::from)
}

/// PDQ of one view of a file; `None` where a side is below five pixels.
#[must_use]
pub fn pdq_shown(shown: &Shown<'_>) -> Option<Pdq> {
    let mut stream = PdqStream::new(shown.width(), shown.height(), row_kind(shown.kind()))?;
    shown.for_each_band(&mut |band| stream.push_rows(band));
    stream.finish().map(Pdq::from)
}

/// PDQ of a picture in its eight orientations, by turning its pixels; `None` everywhere where
/// a side is below five pixels.
///
/// They stand in the order of the Exif orientation that has a viewer turn so: as it is,
/// mirrored, by half a turn, upside down, along its diagonal, by a quarter to the right, along
/// the other diagonal, by a quarter to the left. Deriving the eight from the coefficients of
/// one, as the reference can, is faster, but up to 14 bits off; these are exact.
///
/// The picture is read four times, and no turned copy of it is kept.
#[must_use]
pub fn pdq_turned(pixels: &Pixels) -> [Option<Pdq>; 8] {
    let (width, height) = (pixels.width(), pixels.height());
    let stride = width * pixels.kind().bytes();
    let rows = |range: Range<usize>, band: &mut Vec<u8>| {
        band.extend_from_slice(&pixels.data()[range.start * stride..range.end * stride]);
    };
    let columns = |range: Range<usize>, band: &mut Vec<u8>| {
        let bytes = pixels.kind().bytes();
        for column in range {
            for row in pixels.data().chunks_exact(stride) {
                band.extend_from_slice(&row[column * bytes..][..bytes]);
            }
        }
    };
    let [a, b, c, d] = pdq_of_bands(width, height, row_kind(pixels.kind()), rows);
    let [e, f, g, h] = pdq_of_bands(height, width, row_kind(pixels.kind()), columns);
    [a, b, c, d, e, f, g, h]
}

/// PDQ of a picture as it is, mirrored, turned by half, and upside down. `fill` puts a range
/// of its rows into an empty band.
fn pdq_of_bands(
    width: usize,
    height: usize,
    kind: RowKind,
    fill: impl Fn(Range<usize>, &mut Vec<u8>),
) -> [Option<Pdq>; 4] {
    let stream = || PdqStream::new(width, height, kind);
    let (Some(mut plain), Some(mut mirrored), Some(mut half), Some(mut upside_down)) =
        (stream(), stream(), stream(), stream())
    else {
        return [const { None }; 4];
    };
    let stride = width * kind.bytes();
    let mut band = Vec::new();
    for start in (0..height).step_by(BAND_ROWS) {
        band.clear();
        fill(start..height.min(start + BAND_ROWS), &mut band);
        plain.push_rows(&band);
        mirror(&mut band, stride, kind);
        mirrored.push_rows(&band);
    }
    for end in (0..height).map(|row| height - row).step_by(BAND_ROWS) {
        band.clear();
        fill(end.saturating_sub(BAND_ROWS)..end, &mut band);
        for row in band.rchunks_exact(stride) {
            upside_down.push_row(row);
        }
        mirror(&mut band, stride, kind);
        for row in band.rchunks_exact(stride) {
            half.push_row(row);
        }
    }
    [plain, mirrored, half, upside_down].map(|stream| stream.finish().map(Pdq::from))
}

/// Mirrors each row.
fn mirror(band: &mut [u8], stride: usize, kind: RowKind) {
    for row in band.chunks_exact_mut(stride) {
        match kind {
            RowKind::Luma8 => row.reverse(),
            RowKind::Rgb8 => row.as_chunks_mut::<3>().0.reverse(),
        }
    }
}

fn row_kind(kind: PixelKind) -> RowKind {
    match kind {
        PixelKind::Luma8 => RowKind::Luma8,
        PixelKind::Rgb8 => RowKind::Rgb8,
    }
}

/// Rows that are turned at a time: what a kernel takes in at once.
const BAND_ROWS: usize = 16;

/// The perceptual hashes of every view of a file, without digests.
///
/// Each view is listed, also where two views have the same value, and also where its
/// quality is too low to be looked up.
#[must_use]
pub fn perceptual(bytes: &[u8], budget: &Budget<'_>) -> HashReport {
    report_of(|hasher| decode(bytes, budget, hasher))
}

/// As [`perceptual`], but no picture is hashed row by row while it is decoded: what tests hold
/// [`perceptual`] against, which gives the same within larger limits.
#[must_use]
pub fn perceptual_of_whole_pictures(bytes: &[u8], budget: &Budget<'_>) -> HashReport {
    report_of(|hasher| {
        decode(bytes, budget, &mut |view: View, shown: &Shown<'_>| {
            hasher.view(view, shown);
        })
    })
}

/// The report of whatever `decode` hands out.
fn report_of(decode: impl FnOnce(&mut Hasher) -> Result<Decoded, Refusal>) -> HashReport {
    let mut hasher = Hasher::default();
    let decoded = decode(&mut hasher);
    let hashes = hasher.hashes;
    let decoded = match decoded {
        Ok(decoded) => decoded,
        Err(refusal) => return refused(refusal),
    };
    let (outcome, reason) = if let Some(reason) = decoded.incomplete {
        (Outcome::Partial, Some(reason))
    } else if hashes.iter().any(HashRecord::is_usable) {
        (Outcome::Hashed, None)
    } else if hashes.is_empty() {
        (Outcome::Unmatchable, Some(Reason::TooSmall))
    } else {
        (Outcome::Unmatchable, Some(Reason::LowQuality))
    };
    HashReport {
        media_type: decoded.media_type,
        outcome,
        reason,
        notes: decoded.notes,
        hashes,
    }
}

/// The perceptual hashes of every view of a file, then its digests. The digests are there
/// always, also for a file that was refused and for an empty one.
#[must_use]
pub fn report(bytes: &[u8], budget: &Budget<'_>) -> HashReport {
    combine(perceptual(bytes, budget), &digests(bytes))
}

/// A report of perceptual hashes with the digests of the same file put behind them.
///
/// A server has the perceptual part made in a worker process that may die, and computes
/// the digests itself.
#[must_use]
pub fn combine(mut perceptual: HashReport, digests: &Digests) -> HashReport {
    perceptual.hashes.extend(digests.records());
    perceptual
}

fn refused(refusal: Refusal) -> HashReport {
    HashReport {
        media_type: refusal.media_type,
        outcome: Outcome::Refused,
        reason: Some(refusal.reason),
        notes: refusal.notes,
        hashes: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values that RFC 1321, FIPS 180-4 and common tools give for nothing and for "abc".
    #[test]
    fn a_reader_gives_the_digests_of_its_bytes() {
        let bytes: Vec<u8> = (0..200_000_u32).map(|n| (n % 251) as u8).collect();
        for length in [0, 1, 65_535, 65_536, 65_537, bytes.len()] {
            let read = digest_reader(&bytes[..length]).expect("memory can be read");
            assert!(read == digests(&bytes[..length]), "{length} bytes");
        }
    }

    #[test]
    fn digests_have_their_published_values() {
        let texts = |bytes| {
            digests(bytes)
                .records()
                .map(|record| record.hash.to_string())
        };
        assert_eq!(
            texts(b""),
            [
                "d41d8cd98f00b204e9800998ecf8427e",
                "da39a3ee5e6b4b0d3255bfef95601890afd80709",
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ]
        );
        assert_eq!(
            texts(b"abc"),
            [
                "900150983cd24fb0d6963f7d28e17f72",
                "a9993e364706816aba3e25717850c26c9cd0d89d",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ]
        );
    }

    #[test]
    fn a_bit_is_set_where_its_coefficient_is_above_the_median() {
        let pdq = pdq(&seawall_testkit::picture(80, 60, 1)).expect("large enough");
        let above = pdq.coefficients.iter().filter(|&&c| c > pdq.median).count();
        let ones: u32 = pdq.hash.0.iter().map(|word| word.count_ones()).sum();
        assert_eq!((above, ones), (128, 128));
        assert!(
            pdq.distances_from_median()
                .iter()
                .all(|&distance| distance >= 0.0)
        );
    }

    #[test]
    fn turned_hashes_are_those_of_turned_pictures() {
        let upright = seawall_testkit::picture(150, 83, 4);
        for picture in [seawall_testkit::grey(&upright), upright] {
            let hash = |pdq: &Pdq| (pdq.hash, pdq.quality, pdq.coefficients.map(f32::to_bits));
            let expected = pdq(&picture).as_ref().map(hash);
            for orientation in 1..=8_u8 {
                let stored = seawall_testkit::stored_for(&picture, orientation);
                let turned = &pdq_turned(&stored)[usize::from(orientation) - 1];
                assert!(turned.as_ref().map(hash) == expected, "{orientation}");
            }
        }
    }

    #[test]
    fn a_picture_too_small_for_a_hash_has_none_in_any_orientation() {
        let small = seawall_testkit::picture(4, 40, 1);
        assert!(pdq_turned(&small).iter().all(Option::is_none));
    }
}
