//! From the sample to the hash: quality, cosine transform, median, bits.

use std::f64::consts::PI;
use std::sync::LazyLock;

use super::PdqOutput;
use super::sampling::{SAMPLE, Sample};

/// Hash, quality and coefficients of a sample.
pub(super) fn output(sample: &Sample) -> PdqOutput {
    let coefficients = coefficients(sample);
    let mut sorted = coefficients;
    sorted.sort_unstable_by(f32::total_cmp);
    let median = sorted[127];
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
    let step = |a: f32, b: f32| (((a - b) * 100.0 / 255.0) as i32).unsigned_abs();
    let mut sum = 0;
    for y in 0..SAMPLE {
        for x in 0..SAMPLE {
            if y + 1 < SAMPLE {
                sum += step(sample[y][x], sample[y + 1][x]);
            }
            if x + 1 < SAMPLE {
                sum += step(sample[y][x], sample[y][x + 1]);
            }
        }
    }
    u8::try_from((sum / 90).min(100)).expect("held at 100")
}

/// Slots 1 to 16 in both directions of the discrete cosine transform. Each sum runs over
/// its terms from first to last in 32 bits, as the reference's does.
fn coefficients(sample: &Sample) -> [f32; 256] {
    let cosines = &*COSINES;
    let mut columns = [[0.0_f32; SAMPLE]; SLOTS];
    for (row, cosines) in columns.iter_mut().zip(cosines) {
        for (values, &cosine) in sample.iter().zip(cosines) {
            for (sum, &value) in row.iter_mut().zip(values) {
                *sum += cosine * value;
            }
        }
    }
    let mut out = [0.0; 256];
    for (place, value) in out.iter_mut().enumerate() {
        let (row, cosines) = (&columns[place / SLOTS], &cosines[place % SLOTS]);
        *value = row
            .iter()
            .zip(cosines)
            .fold(0.0, |sum, (&a, &b)| sum + a * b);
    }
    out
}

static COSINES: LazyLock<[[f32; SAMPLE]; SLOTS]> = LazyLock::new(|| {
    let scale = f64::from((2.0_f64 / 64.0).sqrt() as f32);
    std::array::from_fn(|slot| {
        std::array::from_fn(|k| {
            let angle = PI / 2.0 / 64.0 * (slot + 1) as f64 * (2 * k + 1) as f64;
            (scale * angle.cos()) as f32
        })
    })
});

/// Slots of the transform that are kept, in each direction.
const SLOTS: usize = 16;
