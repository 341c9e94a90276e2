//! What the tiled filter asks of a processor: some 32-bit floats at a time.

/// Proof that the processor has certain instructions, and the operations made from them.
///
/// An implementor is a token: a value of it exists only where the instructions are, so that
/// the methods are safe to call and the filter that uses them is plain safe code. `N` floats
/// make a group, which is what a register holds. Each operation gives the bits of the same
/// operation on 32-bit floats, lane by lane.
pub(super) trait Isa<const N: usize>: Copy {
    /// `N` floats.
    type Group: Copy + Send;
    /// A divisor, ready for use.
    type Divisor: Copy + Send;

    /// The same value in every lane.
    fn splat(self, value: f32) -> Self::Group;
    /// These lanes.
    fn group(self, lanes: &[f32; N]) -> Self::Group;
    /// The lanes as an array.
    fn lanes(self, group: Self::Group) -> [f32; N];
    /// `a + b`.
    fn add(self, a: Self::Group, b: Self::Group) -> Self::Group;
    /// `a - b`.
    fn sub(self, a: Self::Group, b: Self::Group) -> Self::Group;
    /// The divisor, ready for use.
    fn divisor(self, divisor: &Divisor) -> Self::Divisor;
    /// `a` divided by a whole number, rounded once.
    fn divide(self, a: Self::Group, by: &Self::Divisor) -> Self::Group;
    /// Rows become columns.
    fn transpose(self, block: [Self::Group; N]) -> [Self::Group; N];
    /// `N` bytes as floats.
    fn luma_of_grey(self, pixels: &[u8]) -> Self::Group;
    /// The luma of `N` RGB pixels, as [`crate::pdq::scalar::luma_of_rgb`] gives it.
    fn luma_of_rgb(self, pixels: &[u8], thousand: &Self::Divisor) -> Self::Group;
    /// Says that memory here, if there is any, will be read soon.
    fn prefetch(self, at: *const u8);
}

/// A whole number to divide by, or the order to give zero.
///
/// With a fused multiply-add the quotient `x / d` is `fma(x, high, x * low)`, where `high`
/// is `1 / d` rounded and `low` the rest of it, rounded. That is off from the true quotient
/// by less than 2⁻²² of its last place, while the true quotient, if it is no float, is at
/// least `1 / 2d` of its last place away from the middle between two floats (and never in
/// the middle). So for whole `d` up to [`Divisor::MAX`] it rounds to the same float. Results
/// near the smallest floats are not covered; the sums of the first two passes are zero or
/// at least 2⁻⁶⁰, far above.
#[derive(Clone, Copy, Debug)]
#[allow(
    dead_code,
    reason = "a kernel uses the whole number or its two products"
)]
pub(super) struct Divisor {
    pub(super) whole: f32,
    pub(super) high: f32,
    pub(super) low: f32,
}

impl Divisor {
    /// Up to here the argument above holds with room to spare.
    pub(super) const MAX: usize = 1 << 20;

    /// Divides into zero, for steps that have no mean yet or no more.
    pub(super) const NOTHING: Self = Self {
        whole: f32::INFINITY,
        high: 0.0,
        low: 0.0,
    };

    /// The weights of luma are thousandths.
    pub(super) const THOUSAND: Self = Self::new(1000);

    pub(super) const fn new(whole: usize) -> Self {
        assert!(whole <= Self::MAX, "the proof covers no larger divisor");
        if whole == 0 {
            return Self::NOTHING;
        }
        let exact = whole as f64;
        let high = (1.0 / exact) as f32;
        // `high * whole` has at most 44 bits, and its distance to 1 is exact.
        let low = ((1.0 - high as f64 * exact) / exact) as f32;
        Self {
            whole: whole as f32,
            high,
            low,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: f32, divisor: &Divisor) {
        let fast = value.mul_add(divisor.high, value * divisor.low);
        assert_eq!(
            fast.to_bits(),
            (value / divisor.whole).to_bits(),
            "{value} / {}",
            divisor.whole
        );
    }

    /// Quotients nearest to the middle between two floats are where a rounding could go wrong.
    #[test]
    fn two_products_divide_as_one_division() {
        for whole in (1..=700).chain([1000, 1 << 16, (1 << 20) - 1]) {
            let divisor = Divisor::new(whole);
            let mut state = whole as u32;
            for _ in 0..2000 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let mantissa = (1 << 23) | (state >> 9);
                check(mantissa as f32, &divisor);
                check(-(mantissa as f32) * 1e-9, &divisor);
                let middle = (f64::from(mantissa) + 0.5) * whole as f64;
                for nearest in [
                    middle as f32,
                    (middle as f32).next_up(),
                    (middle as f32).next_down(),
                ] {
                    check(nearest, &divisor);
                }
            }
        }
    }

    #[test]
    fn nothing_divides_into_zero() {
        for value in [0.0_f32, 255.0, -1e-6] {
            let zero = value.mul_add(Divisor::NOTHING.high, value * Divisor::NOTHING.low);
            assert!(zero == 0.0 && value / Divisor::NOTHING.whole == 0.0);
        }
        assert_eq!(Divisor::new(0).whole, f32::INFINITY);
    }
}
