//! From the sample to the hash: quality, cosine transform, median, bits.

use std::f64::consts::PI;
use std::sync::LazyLock;

use super::PdqOutput;
use super::sampling::{SAMPLE, Sample};

/// Hash, quality and coefficients of a sample.
pub(super) fn output(sample: &Sample) -> PdqOutput {
    let coefficients = coefficients(sample);
    let mut sorted = coefficients;
    let (_, &mut median, _) = sorted.select_nth_unstable_by(127, f32::total_cmp);
    let mut hash = [0_u64; 4];
    for (bit, &coefficient) in coefficients.iter().enumerate() {
        hash[3 - bit / 64] |= u64::from(coefficient > median) << (bit % 64);
    }
    PdqOutput {
        hash,
        quality: quality(sample),
        coefficients,
        median,
    }
}

/// The sum of steps between neighbours, each cut to whole hundredths of the range first,
/// divided by 90 and held at 100. The constants are the reference's.
fn quality(sample: &Sample) -> u8 {
    let down = sample.windows(2).map(|rows| steps(&rows[0], &rows[1]));
    let across = sample.iter().map(|row| steps(row, &row[1..]));
    let sum: u32 = down.chain(across).sum();
    u8::try_from((sum / 90).min(100)).expect("held at 100")
}

/// The steps from each value to the one beside it in the other row.
fn steps(from: &[f32], to: &[f32]) -> u32 {
    let step = |(a, b): (&f32, &f32)| {
        let hundredths = (a - b) * 100.0 / 255.0;
        // SAFETY: samples are means of bytes, so that this is a number near -100 to 100.
        let whole: i32 = unsafe { hundredths.to_int_unchecked() };
        whole.unsigned_abs()
    };
    from.iter().zip(to).map(step).sum()
}

/// Slots 1 to 16 in both directions of the discrete cosine transform. Each sum runs over
/// its terms from first to last in 32 bits, as the reference's does; several sums run side
/// by side.
fn coefficients(sample: &Sample) -> [f32; 256] {
    let cosines = &*COSINES;
    let mut columns = [[0.0_f32; SAMPLE]; SLOTS];
    for (values, cosines) in sample.iter().zip(cosines) {
        for (row, &cosine) in columns.iter_mut().zip(cosines) {
            for (sum, &value) in row.iter_mut().zip(values) {
                *sum += cosine * value;
            }
        }
    }
    let mut out = [0.0; SLOTS * SLOTS];
    for (sums, row) in out.as_chunks_mut::<SLOTS>().0.iter_mut().zip(&columns) {
        for (&value, cosines) in row.iter().zip(cosines) {
            for (sum, &cosine) in sums.iter_mut().zip(cosines) {
                *sum += value * cosine;
            }
        }
    }
    out
}

/// For each place in the sample the cosine of each slot.
static COSINES: LazyLock<[[f32; SLOTS]; SAMPLE]> = LazyLock::new(|| {
    let scale = f64::from((2.0_f64 / 64.0).sqrt() as f32);
    std::array::from_fn(|k| {
        std::array::from_fn(|slot| {
            let angle = PI / 2.0 / 64.0 * (slot + 1) as f64 * (2 * k + 1) as f64;
            (scale * angle.cos()) as f32
        })
    })
});

/// Slots of the transform that are kept, in each direction.
const SLOTS: usize = 16;
