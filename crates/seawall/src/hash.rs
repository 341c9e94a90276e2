//! Hashes of files and pictures.

use std::{fmt, io};

use md5::Md5;
use seawall_core::{
    Hash, HashRecord, HashReport, Outcome, PdqHash, PixelKind, Pixels, Quality, Reason,
};
use seawall_decode::{Budget, Refusal, decode};
use sha1::{Digest, Sha1};
use sha2::Sha256;

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

/// PDQ of a picture; `None` where a side is below five pixels.
#[must_use]
pub fn pdq(pixels: &Pixels) -> Option<Pdq> {
    let kernel = match pixels.kind() {
        PixelKind::Luma8 => seawall_simd::pdq::pdq_luma,
        PixelKind::Rgb8 => seawall_simd::pdq::pdq_rgb,
    };
    let output = kernel(pixels.width(), pixels.height(), pixels.data())?;
    Some(Pdq {
        hash: PdqHash(output.hash),
        quality: Quality(output.quality),
        coefficients: output.coefficients,
        median: output.median,
    })
}

/// The perceptual hashes of every view of a file, without digests.
///
/// Each view is listed, also where two views have the same value, and also where its
/// quality is too low to be looked up.
#[must_use]
pub fn perceptual(bytes: &[u8], budget: &Budget<'_>) -> HashReport {
    let mut hashes = Vec::new();
    let decoded = decode(bytes, budget, &mut |view, pixels| {
        if let Some(pdq) = pdq(pixels) {
            hashes.push(HashRecord {
                hash: Hash::Pdq(pdq.hash),
                quality: Some(pdq.quality),
                view: Some(view),
            });
        }
    });
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
}
