//! Where PDQ looks: the window of the box filter and the 64 places picked on a side.

/// Side of the sample.
pub(super) const SAMPLE: usize = 64;
/// The reference hashes nothing below this.
pub(super) const SIDE_MIN: usize = 5;

/// 64 × 64 picked pixels of the filtered picture, row by row.
pub(super) type Sample = [[f32; SAMPLE]; SAMPLE];

/// The box filter's window: two passes with it make a tent over one sample's share of a side.
pub(super) fn window(side: usize) -> usize {
    side.div_ceil(2 * SAMPLE)
}

/// How many values a window takes in before its first mean.
pub(super) fn lead(window: usize) -> usize {
    window / 2
}

/// The pixel that sample `k` of 64 is picked from: the centre of its share.
pub(super) fn sampled(k: usize, side: usize) -> usize {
    (2 * k + 1) * side / (2 * SAMPLE)
}

/// Gathers the sample from filtered rows that come from the top.
#[derive(Clone)]
pub(super) struct Sampler {
    pub(super) values: Box<Sample>,
    height: usize,
    row: usize,
    filled: usize,
}

impl Sampler {
    pub(super) fn new(height: usize) -> Self {
        Self {
            values: Box::new([[0.0; SAMPLE]; SAMPLE]),
            height,
            row: 0,
            filled: 0,
        }
    }

    /// Whether the next row is one of the 64.
    pub(super) fn wants_next(&self) -> bool {
        self.filled < SAMPLE && sampled(self.filled, self.height) == self.row
    }

    /// Takes the next filtered row, its 64 columns already picked. A picture lower than
    /// 64 pixels gives a row several times.
    pub(super) fn push(&mut self, row: &[f32; SAMPLE]) {
        while self.wants_next() {
            self.values[self.filled] = *row;
            self.filled += 1;
        }
        self.skip();
    }

    /// Passes over a row that is not one of the 64.
    pub(super) fn skip(&mut self) {
        self.row += 1;
    }
}
