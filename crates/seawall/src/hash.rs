//! Hashes of files and pictures.

use seawall_core::{
    Distance, Hash, HashRecord, HashReport, MediaType, Outcome, PdqHash, Pixels, Quality, Reason,
};
use seawall_decode::Budget;

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

/// The digests of these bytes.
#[must_use]
pub fn digests(_bytes: &[u8]) -> Digests {
    Digests {
        md5: [0; 16],
        sha1: [0; 20],
        sha256: [0; 32],
    }
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

/// PDQ of a picture; `None` where a side is below five pixels.
#[must_use]
pub fn pdq(_pixels: &Pixels) -> Option<Pdq> {
    let _ = Distance(0);
    None
}

/// The perceptual hashes of every view of a file, without digests.
#[must_use]
pub fn perceptual(_bytes: &[u8], _budget: &Budget<'_>) -> HashReport {
    HashReport {
        media_type: MediaType::Unknown,
        outcome: Outcome::Refused,
        reason: Some(Reason::NotAPicture),
        notes: Vec::new(),
        hashes: Vec::new(),
    }
}

/// The perceptual hashes of every view of a file, then its digests.
#[must_use]
pub fn report(bytes: &[u8], budget: &Budget<'_>) -> HashReport {
    combine(perceptual(bytes, budget), &digests(bytes))
}

/// A report of perceptual hashes with the digests of the same file put behind them.
#[must_use]
pub fn combine(mut perceptual: HashReport, digests: &Digests) -> HashReport {
    perceptual.hashes.extend(digests.records());
    perceptual
}
