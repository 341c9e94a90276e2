//! What there is of a picture whose coded bytes end too early.
//!
//! Decoders of lossy formats hand out a picture or nothing, and do not say how far it was
//! read. So the missing bytes are filled in, in three ways: a row that comes out the same each
//! time was read from the bytes that are there.

use std::hash::{DefaultHasher, Hash, Hasher};

use seawall_core::{Pixels, Reason};

use crate::layout::Layout;
use crate::session::Session;

/// The rows that three fillings agree on, from the top; black below. It is damaged, which the
/// session is told.
///
/// # Errors
/// [`Reason::Damaged`] where not even the first row is there, or the decoder takes fewer than
/// three of the fillings; others as `read` gives them.
pub(crate) fn agreed(
    session: &mut Session<'_>,
    mut read: impl FnMut(&mut Session<'_>, u8) -> Result<Layout, Reason>,
) -> Result<Layout, Reason> {
    // Rows of one filling at a time: the picture takes its memory once.
    let mut agreed: Option<Vec<u64>> = None;
    let mut fillings = 0;
    for filling in FILLINGS {
        session.check_time()?;
        let layout = match read(session, filling) {
            Err(Reason::Damaged) => continue,
            layout => layout?,
        };
        fillings += 1;
        let Some(rows_agreed) = &mut agreed else {
            agreed = Some(rows(&layout).collect());
            continue;
        };
        let pairs = rows(&layout).zip(rows_agreed.iter());
        let there = pairs.take_while(|(row, agreed)| row == *agreed).count();
        rows_agreed.truncate(there);
        let there = there.saturating_sub(MARGIN_ROWS);
        if there == 0 {
            break;
        }
        if fillings == FILLINGS_ENOUGH {
            session.damaged.set(true);
            return blackened(layout, there);
        }
    }
    Err(Reason::Damaged)
}

/// The same as long as the bytes are the same.
fn rows(layout: &Layout) -> impl Iterator<Item = u64> {
    let pixels = &layout.pixels;
    (0..pixels.height()).map(move |row| {
        let mut hasher = DefaultHasher::new();
        pixels.row(row).hash(&mut hasher);
        if let Some(alpha) = &layout.alpha {
            alpha[row * pixels.width()..][..pixels.width()].hash(&mut hasher);
        }
        hasher.finish()
    })
}

fn blackened(layout: Layout, rows: usize) -> Result<Layout, Reason> {
    let (width, height) = (layout.pixels.width(), layout.pixels.height());
    let kind = layout.pixels.kind();
    let mut data = layout.pixels.into_data();
    data[rows * width * kind.bytes()..].fill(0);
    let pixels = Pixels::new(width, height, kind, data).map_err(|_| Reason::Damaged)?;
    let alpha = layout.alpha.map(|mut alpha| {
        alpha[rows * width..].fill(u8::MAX);
        alpha
    });
    let alpha = alpha.filter(|alpha| alpha.iter().any(|&value| value != u8::MAX));
    Ok(Layout { pixels, alpha })
}

/// How many bytes to fill in for a picture of so many pixels: what is decoded from them may
/// need more than there were, and decoders refuse to read beyond the end.
pub(crate) fn filling_bytes(pixels: u64) -> usize {
    usize::try_from(pixels / 4)
        .unwrap_or(usize::MAX)
        .saturating_add(FILLING_BYTES_MIN)
}

const FILLING_BYTES_MIN: usize = 4096;
/// No two of them begin alike, so that what is decoded from them differs from its beginning on.
const FILLINGS: [u8; 8] = [0, 0xFF, 0x55, 0xAA, 0x33, 0x99, 0x66, 0xCC];
/// Of two, some rows agree by chance.
const FILLINGS_ENOUGH: u32 = 3;
/// Smoothing reaches over the edges of blocks; where the difference is small, up to six rows
/// were seen to agree all the same.
const MARGIN_ROWS: usize = 8;

#[cfg(test)]
mod tests {
    use seawall_core::{Limits, View, ViewOptions};

    use crate::{Budget, Shown, decode};

    fn file(name: &str) -> Vec<u8> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors");
        std::fs::read(format!("{folder}/{name}")).expect("the file is in the repository")
    }

    /// The rows of the stored picture; none where nothing was decoded.
    fn rows(bytes: &[u8]) -> Option<(Vec<Vec<u8>>, bool)> {
        let limits = Limits::default();
        let budget = Budget {
            limits: &limits,
            expired: &|| false,
            views: ViewOptions::default(),
        };
        let mut rows = Vec::new();
        let mut visit = |view: View, shown: &Shown<'_>| {
            if view == View::STORED {
                let pixels = shown.to_pixels();
                rows = (0..pixels.height())
                    .map(|y| pixels.row(y).to_vec())
                    .collect();
            }
        };
        let decoded = decode(bytes, &budget, &mut visit).ok()?;
        Some((rows, decoded.incomplete.is_some()))
    }

    /// The upper rows are those of the whole file, to the bit, and the others are black.
    #[test]
    fn a_cut_picture_gives_the_rows_that_are_there() {
        let lossless = seawall_testkit::webp(&seawall_testkit::picture(320, 240, 1));
        let files = [
            ("lossy", file("lossy.webp"), 40),
            ("lossless", lossless, 100),
            ("444", file("444.avif"), 40),
            ("420", file("420.avif"), 40),
        ];
        for (name, whole, loss_percent_max) in files {
            let (expected, is_incomplete) = rows(&whole).expect("a picture");
            assert!(!is_incomplete, "{name}");
            for percent in (1..99_usize).step_by(3) {
                let cut = &whole[..whole.len() * percent / 100];
                let least = expected.len() * percent.saturating_sub(loss_percent_max) / 100;
                let Some((found, is_incomplete)) = rows(cut) else {
                    assert_eq!(least, 0, "{name} {percent}");
                    continue;
                };
                assert!(is_incomplete, "{name} {percent}");
                let pairs = found.iter().zip(&expected);
                let there = pairs
                    .take_while(|(found, expected)| found == expected)
                    .count();
                let below = found[there..].iter().flatten();
                assert!(below.copied().all(|sample| sample == 0), "{name} {percent}");
                assert!(
                    (least..=expected.len()).contains(&there),
                    "{name} {percent}: {there}"
                );
            }
        }
    }
}
