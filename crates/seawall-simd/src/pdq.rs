//! PDQ, bit-identical to the reference.
//!
//! The reference is Meta's C++ as the Python package pdqhash 0.2.8 calls it. Two things
//! make its bits: every sum is a 32-bit float, added in a fixed order; and the luma of a
//! pixel is 0.299 R + 0.587 G + 0.114 B rounded **once** to 32 bits, as pdqhash hands it
//! to the C++ (the C++ file tool rounds after each step instead, so that it gives a grey
//! picture and the same picture as RGB different values; lists are made with the former).
//!
//! The reference keeps two full-size float buffers. Here the four box passes stream: a row
//! goes through a pass along the row, a pass down the columns that holds one window of rows,
//! and both again, of which only 64 columns are wanted. The additions are the same, in the
//! same order, so the bits are too, and memory grows with the width alone.

use std::f64::consts::PI;
use std::sync::LazyLock;

/// What PDQ says about one picture.
#[derive(Clone, PartialEq)]
pub struct PdqOutput {
    /// The 256 bits, most significant word first, as in the hexadecimal form.
    pub hash: [u64; 4],
    /// 0 to 100: how much detail there is.
    pub quality: u8,
    /// The 16 × 16 coefficients that the bits come from, row by row: bit `k` of the hash,
    /// counted from the least significant, is set where coefficient `k` is above the median.
    pub coefficients: [f32; 256],
    /// Their lower median.
    pub median: f32,
}

/// PDQ of an RGB picture: three bytes a pixel, rows from the top, no padding.
///
/// `None` where a side is below 5 pixels, as in the reference, or where `pixels` has another
/// length than the sides ask for.
#[must_use]
pub fn pdq_rgb(width: usize, height: usize, pixels: &[u8]) -> Option<PdqOutput> {
    pdq(width, height, 3, pixels, luma_of_rgb)
}

/// PDQ of a grey picture: one byte a pixel, rows from the top, no padding.
///
/// `None` as for [`pdq_rgb`].
#[must_use]
pub fn pdq_luma(width: usize, height: usize, pixels: &[u8]) -> Option<PdqOutput> {
    pdq(width, height, 1, pixels, |row, luma| {
        for (value, &grey) in luma.iter_mut().zip(row) {
            *value = f32::from(grey);
        }
    })
}

fn pdq(
    width: usize,
    height: usize,
    channels: usize,
    pixels: &[u8],
    luma_of: impl Fn(&[u8], &mut [f32]),
) -> Option<PdqOutput> {
    let stride = width.checked_mul(channels)?;
    if width.min(height) < SIDE_MIN || stride.checked_mul(height) != Some(pixels.len()) {
        return None;
    }
    let mut luma = vec![0.0; width];
    let mut sample = Sample::new(height);
    if (width, height) == (SAMPLE, SAMPLE) {
        for row in pixels.chunks_exact(stride) {
            luma_of(row, &mut luma);
            sample.push(&luma);
        }
    } else {
        let mut filter = Filter::new(width, height);
        for row in pixels.chunks_exact(stride) {
            luma_of(row, &mut luma);
            filter.push(&luma, &mut sample);
        }
        filter.finish(&mut sample);
    }
    Some(output(&sample.values))
}

/// The luma of each pixel. 299 R + 587 G + 114 B is exact in 32 bits of float (it is below
/// 2²⁴), so that the one division rounds once; a test compares all 2²⁴ colours with the
/// reference's 64-bit form.
fn luma_of_rgb(row: &[u8], luma: &mut [f32]) {
    for (value, pixel) in luma.iter_mut().zip(row.chunks_exact(3)) {
        let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(u32::from);
        *value = (299 * r + 587 * g + 114 * b) as f32 / 1000.0;
    }
}

/// The two rounds of box passes: along the rows, down the columns, and both again.
struct Filter {
    window: usize,
    columns: [usize; SAMPLE],
    first: ColumnBox,
    second: ColumnBox,
    along: Vec<f32>,
    down: Vec<f32>,
    picked: [f32; SAMPLE],
    picked_down: [f32; SAMPLE],
}

impl Filter {
    fn new(width: usize, height: usize) -> Self {
        Self {
            window: window(width),
            columns: std::array::from_fn(|k| sampled(k, width)),
            first: ColumnBox::new(width, height),
            second: ColumnBox::new(SAMPLE, height),
            along: vec![0.0; width],
            down: vec![0.0; width],
            picked: [0.0; SAMPLE],
            picked_down: [0.0; SAMPLE],
        }
    }

    fn push(&mut self, luma: &[f32], sample: &mut Sample) {
        box_along_row(luma, &mut self.along, self.window);
        if self.first.push(&self.along, &mut self.down) {
            self.push_second(sample);
        }
    }

    fn push_second(&mut self, sample: &mut Sample) {
        box_along_row(&self.down, &mut self.along, self.window);
        for (value, &column) in self.picked.iter_mut().zip(&self.columns) {
            *value = self.along[column];
        }
        if self.second.push(&self.picked, &mut self.picked_down) {
            sample.push(&self.picked_down);
        }
    }

    fn finish(mut self, sample: &mut Sample) {
        while self.first.drain(&mut self.down) {
            self.push_second(sample);
        }
        while self.second.drain(&mut self.picked_down) {
            sample.push(&self.picked_down);
        }
    }
}

/// Moving mean along one row; the window shrinks at both ends.
fn box_along_row(row: &[f32], out: &mut [f32], window: usize) {
    let length = row.len();
    let lead = lead(window);
    let mut sum = 0.0_f32;
    let mut size = 0.0_f32;
    for &value in &row[..lead] {
        sum += value;
        size += 1.0;
    }
    for (place, &value) in row[lead..window].iter().enumerate() {
        sum += value;
        size += 1.0;
        out[place] = sum / size;
    }
    let full = &mut out[window - lead..length - lead];
    for ((mean, &added), &left) in full.iter_mut().zip(&row[window..]).zip(row) {
        sum += added;
        sum -= left;
        *mean = sum / size;
    }
    for (mean, &left) in out[length - lead..].iter_mut().zip(&row[length - window..]) {
        sum -= left;
        size -= 1.0;
        *mean = sum / size;
    }
}

/// Moving mean down the columns, a row at a time; the window shrinks at both ends.
struct ColumnBox {
    window: usize,
    lead: usize,
    height: usize,
    /// The last `window` rows, in a ring.
    rows: Vec<f32>,
    sums: Vec<f32>,
    size: f32,
    /// Rows taken in, then steps of draining.
    steps: usize,
}

impl ColumnBox {
    fn new(width: usize, height: usize) -> Self {
        let window = window(height);
        Self {
            window,
            lead: lead(window),
            height,
            rows: vec![0.0; width * window],
            sums: vec![0.0; width],
            size: 0.0,
            steps: 0,
        }
    }

    /// Takes a row in; says whether `out` now holds the next row of means.
    fn push(&mut self, row: &[f32], out: &mut [f32]) -> bool {
        let width = row.len();
        let slot = self.steps % self.window * width;
        let kept = &mut self.rows[slot..slot + width];
        if self.steps < self.window {
            self.size += 1.0;
            for ((sum, kept), &added) in self.sums.iter_mut().zip(kept).zip(row) {
                *sum += added;
                *kept = added;
            }
        } else {
            for ((sum, kept), &added) in self.sums.iter_mut().zip(kept).zip(row) {
                *sum += added;
                *sum -= *kept;
                *kept = added;
            }
        }
        self.steps += 1;
        let ready = self.steps > self.lead;
        if ready {
            self.means(out);
        }
        ready
    }

    /// After the last row: says whether `out` now holds one more row of means.
    fn drain(&mut self, out: &mut [f32]) -> bool {
        if self.steps == self.height + self.lead {
            return false;
        }
        let width = self.sums.len();
        let slot = self.steps % self.window * width;
        self.size -= 1.0;
        for (sum, &left) in self.sums.iter_mut().zip(&self.rows[slot..slot + width]) {
            *sum -= left;
        }
        self.steps += 1;
        self.means(out);
        true
    }

    fn means(&self, out: &mut [f32]) {
        for (mean, &sum) in out.iter_mut().zip(&self.sums) {
            *mean = sum / self.size;
        }
    }
}

/// 64 × 64 values, of which each is one picked pixel of the filtered picture.
struct Sample {
    values: Box<[[f32; SAMPLE]; SAMPLE]>,
    height: usize,
    row: usize,
    filled: usize,
}

impl Sample {
    fn new(height: usize) -> Self {
        Self {
            values: Box::new([[0.0; SAMPLE]; SAMPLE]),
            height,
            row: 0,
            filled: 0,
        }
    }

    /// Takes the next filtered row, its 64 columns already picked. A picture lower than
    /// 64 pixels gives a row several times.
    fn push(&mut self, row: &[f32]) {
        while self.filled < SAMPLE && sampled(self.filled, self.height) == self.row {
            self.values[self.filled].copy_from_slice(row);
            self.filled += 1;
        }
        self.row += 1;
    }
}

fn output(sample: &[[f32; SAMPLE]; SAMPLE]) -> PdqOutput {
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
fn quality(sample: &[[f32; SAMPLE]; SAMPLE]) -> u8 {
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
fn coefficients(sample: &[[f32; SAMPLE]; SAMPLE]) -> [f32; 256] {
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

/// The box filter's window: two passes with it make a tent over one sample's share of a side.
fn window(side: usize) -> usize {
    side.div_ceil(2 * SAMPLE)
}

/// How many values a window takes in before its first mean.
fn lead(window: usize) -> usize {
    window / 2
}

/// The pixel that sample `k` of 64 is picked from: the centre of its share.
fn sampled(k: usize, side: usize) -> usize {
    (2 * k + 1) * side / (2 * SAMPLE)
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

/// Side of the sample.
const SAMPLE: usize = 64;
/// Slots of the transform that are kept, in each direction.
const SLOTS: usize = 16;
/// The reference hashes nothing below this.
const SIDE_MIN: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn luma_of_every_colour_is_the_reference_s_64_bit_form_rounded_once() {
        let mut row = Vec::with_capacity(3 << 16);
        let mut luma = vec![0.0; 1 << 16];
        for r in 0..=255_u8 {
            row.clear();
            for g in 0..=255_u8 {
                row.extend((0..=255_u8).flat_map(|b| [r, g, b]));
            }
            luma_of_rgb(&row, &mut luma);
            for (pixel, &value) in row.chunks_exact(3).zip(&luma) {
                let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(f64::from);
                let reference = (r * 0.299 + g * 0.587 + b * 0.114) as f32;
                assert_eq!(value.to_bits(), reference.to_bits(), "{pixel:?}");
            }
        }
    }

    #[test]
    fn sides_below_five_and_buffers_that_do_not_fit_give_nothing() {
        assert!(pdq_luma(4, 64, &[0; 256]).is_none());
        assert!(pdq_luma(64, 4, &[0; 256]).is_none());
        assert!(pdq_luma(5, 5, &[0; 24]).is_none());
        assert!(pdq_rgb(5, 5, &[0; 25]).is_none());
        assert!(pdq_rgb(usize::MAX, 5, &[0; 25]).is_none());
        assert!(pdq_rgb(5, 5, &[0; 75]).is_some());
    }

    #[test]
    fn a_flat_picture_has_quality_zero() {
        let output = pdq_luma(200, 200, &[90; 40_000]).expect("large enough");
        assert_eq!(output.quality, 0);
    }

    /// The plain form, written from the published description: full-size buffers, one pass
    /// after the other. It is what the streaming form is held against.
    fn oracle(width: usize, height: usize, grey: &[u8]) -> PdqOutput {
        let mut values: Vec<f32> = grey.iter().map(|&v| f32::from(v)).collect();
        for _ in 0..2 {
            for y in 0..height {
                box_strided(&mut values, y * width, width, 1);
            }
            for x in 0..width {
                box_strided(&mut values, x, height, width);
            }
        }
        let mut sample = [[0.0; SAMPLE]; SAMPLE];
        for (y, row) in sample.iter_mut().enumerate() {
            let y = ((y as f64 + 0.5) * height as f64 / 64.0) as usize;
            for (x, value) in row.iter_mut().enumerate() {
                let x = ((x as f64 + 0.5) * width as f64 / 64.0) as usize;
                *value = values[y * width + x];
            }
        }
        output(&sample)
    }

    fn box_strided(values: &mut [f32], start: usize, length: usize, stride: usize) {
        let line: Vec<f32> = (0..length).map(|k| values[start + k * stride]).collect();
        let (window, lead) = (length.div_ceil(128), length.div_ceil(128) / 2);
        let (mut sum, mut size) = (0.0_f32, 0_u16);
        for k in 0..length + lead {
            if k < length {
                sum += line[k];
                size += 1;
            }
            if k >= window {
                sum -= line[k - window];
                size -= 1;
            }
            if k >= lead {
                values[start + (k - lead) * stride] = sum / f32::from(size);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn streaming_gives_the_bits_of_the_plain_form(
            (width, height) in prop_oneof![(5_usize..300, 5_usize..300), (5_usize..12, 600_usize..900), (600_usize..900, 5_usize..12)],
            seed: u64,
        ) {
            prop_assume!((width, height) != (64, 64));
            let mut state = seed;
            let grey: Vec<u8> = (0..width * height).map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                state.to_be_bytes()[0]
            }).collect();
            let (ours, plain) = (pdq_luma(width, height, &grey).expect("large enough"), oracle(width, height, &grey));
            prop_assert_eq!(ours.coefficients.map(f32::to_bits), plain.coefficients.map(f32::to_bits));
            prop_assert_eq!((ours.hash, ours.quality), (plain.hash, plain.quality));
        }

        #[test]
        fn grey_and_the_same_grey_as_rgb_agree(seed: [u8; 32]) {
            let grey: Vec<u8> = (0..90 * 70_usize).map(|k| seed[k * k % 32] ^ (k % 251) as u8).collect();
            let rgb: Vec<u8> = grey.iter().flat_map(|&v| [v; 3]).collect();
            prop_assert!(pdq_luma(90, 70, &grey) == pdq_rgb(90, 70, &rgb));
        }
    }
}
