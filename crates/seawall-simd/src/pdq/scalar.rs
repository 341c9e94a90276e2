//! The scalar form: what the kernels are held against, and the form for 64 × 64 pictures.
//!
//! The four box passes stream: a row goes through a pass along the row, a pass down the
//! columns that holds one window of rows, and both again, of which only 64 columns are
//! wanted.

use super::RowKind;
use super::filter::Filter;
use super::sampling::{SAMPLE, Sampler, lead, sampled, window};

/// A picture on its way through the filter.
#[derive(Clone)]
pub(super) struct Scalar {
    kind: RowKind,
    luma: Vec<f32>,
    /// A 64 × 64 picture is its own sample.
    passes: Option<Passes>,
    sampler: Sampler,
}

impl Scalar {
    pub(super) fn new(width: usize, height: usize, kind: RowKind) -> Self {
        let filtered = (width, height) != (SAMPLE, SAMPLE);
        Self {
            kind,
            luma: vec![0.0; width],
            passes: filtered.then(|| Passes::new(width, height)),
            sampler: Sampler::new(height),
        }
    }
}

impl Filter for Scalar {
    fn batch_rows(&self) -> usize {
        1
    }

    fn take(&mut self, row: &[u8], _ahead: &[u8]) {
        match self.kind {
            RowKind::Luma8 => luma_of_grey(row, &mut self.luma),
            RowKind::Rgb8 => luma_of_rgb(row, &mut self.luma),
        }
        match (&mut self.passes, self.luma.as_array()) {
            (Some(passes), _) => passes.push(&self.luma, &mut self.sampler),
            (None, Some(row)) => self.sampler.push(row),
            (None, None) => unreachable!("without passes a row has 64 values"),
        }
    }

    fn wants_more(&self) -> bool {
        false
    }

    fn copied(&self) -> Box<dyn Filter + Send> {
        Box::new(self.clone())
    }

    fn into_sampler(mut self: Box<Self>) -> Sampler {
        if let Some(passes) = self.passes {
            passes.finish(&mut self.sampler);
        }
        self.sampler
    }
}

fn luma_of_grey(row: &[u8], luma: &mut [f32]) {
    for (value, &grey) in luma.iter_mut().zip(row) {
        *value = f32::from(grey);
    }
}

/// The luma of each pixel. 299 R + 587 G + 114 B is exact in 32 bits of float (it is below
/// 2²⁴), so that the one division rounds once; a test compares all 2²⁴ colours with the
/// reference's 64-bit form.
pub(super) fn luma_of_rgb(row: &[u8], luma: &mut [f32]) {
    for (value, pixel) in luma.iter_mut().zip(row.chunks_exact(3)) {
        let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(u32::from);
        *value = (299 * r + 587 * g + 114 * b) as f32 / 1000.0;
    }
}

/// The two rounds of box passes: along the rows, down the columns, and both again.
#[derive(Clone)]
struct Passes {
    window: usize,
    columns: [usize; SAMPLE],
    first: ColumnBox,
    second: ColumnBox,
    along: Vec<f32>,
    down: Vec<f32>,
    picked: [f32; SAMPLE],
    picked_down: [f32; SAMPLE],
}

impl Passes {
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

    fn push(&mut self, luma: &[f32], sampler: &mut Sampler) {
        box_along_row(luma, &mut self.along, self.window);
        if self.first.push(&self.along, &mut self.down) {
            self.push_second(sampler);
        }
    }

    fn push_second(&mut self, sampler: &mut Sampler) {
        box_along_row(&self.down, &mut self.along, self.window);
        for (value, &column) in self.picked.iter_mut().zip(&self.columns) {
            *value = self.along[column];
        }
        if self.second.push(&self.picked, &mut self.picked_down) {
            sampler.push(&self.picked_down);
        }
    }

    fn finish(mut self, sampler: &mut Sampler) {
        while self.first.drain(&mut self.down) {
            self.push_second(sampler);
        }
        while self.second.drain(&mut self.picked_down) {
            sampler.push(&self.picked_down);
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
#[derive(Clone)]
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
