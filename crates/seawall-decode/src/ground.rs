//! Partly transparent pictures on a ground of one grey.

use std::ops::Range;

use seawall_core::PixelKind;

/// What lies under a partly transparent picture, with one byte of alpha a pixel.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'a> {
    alpha: &'a [u8],
    is_white: bool,
}

impl<'a> Ground<'a> {
    pub(crate) fn white(alpha: &'a [u8]) -> Self {
        Self {
            alpha,
            is_white: true,
        }
    }

    pub(crate) fn black(alpha: &'a [u8]) -> Self {
        Self {
            alpha,
            is_white: false,
        }
    }

    /// Whether the ground shows: some pixel lets it through and is of another colour.
    pub(crate) fn changes(self, samples: &[u8], kind: PixelKind) -> bool {
        let grey = if self.is_white { u8::MAX } else { 0 };
        let mut pairs = samples.chunks_exact(kind.bytes()).zip(self.alpha);
        pairs.any(|(pixel, &alpha)| alpha < u8::MAX && pixel.iter().any(|&value| value != grey))
    }

    /// Lays the ground under these samples, which are those of the pixels `places`.
    pub(crate) fn lay_under(self, samples: &mut [u8], channels: usize, places: Range<usize>) {
        let pixels = samples.chunks_exact_mut(channels);
        for (pixel, &alpha) in pixels.zip(&self.alpha[places]) {
            // On white, every pixel gains what it lets through.
            let gain = if self.is_white { u8::MAX - alpha } else { 0 };
            for value in pixel {
                *value = share(*value, alpha).saturating_add(gain);
            }
        }
    }
}

fn share(value: u8, alpha: u8) -> u8 {
    let product = u32::from(value) * u32::from(alpha);
    u8::try_from((product + 127) / 255).expect("a share of a byte is a byte")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The formula of the Porter-Duff "over" with a ground of one grey, in real numbers.
    #[test]
    fn both_grounds_are_within_rounding_of_the_formula() {
        for alpha in 0..=255_u8 {
            let alphas = vec![alpha; 256];
            for (ground, grey) in [
                (Ground::white(&alphas), 255.0),
                (Ground::black(&alphas), 0.0),
            ] {
                let mut values: Vec<u8> = (0..=255).collect();
                ground.lay_under(&mut values, 1, 0..256);
                for (plain, &found) in (0..=255_u8).zip(&values) {
                    let share = f64::from(alpha) / 255.0;
                    let exact = f64::from(plain) * share + grey * (1.0 - share);
                    assert!((f64::from(found) - exact).abs() <= 0.5 + 1e-9);
                }
            }
        }
    }

    #[test]
    fn an_opaque_picture_and_one_in_the_colour_of_the_ground_do_not_change() {
        let picture = seawall_testkit::picture(20, 20, 1);
        let changes = |ground: Ground<'_>, picture: &seawall_core::Pixels| {
            ground.changes(picture.data(), picture.kind())
        };
        assert!(!changes(Ground::white(&[255; 400]), &picture));
        assert!(changes(Ground::white(&[254; 400]), &picture));
        let black = seawall_testkit::flat(20, 20, [0; 3]);
        assert!(!changes(Ground::black(&[0; 400]), &black));
        assert!(changes(Ground::white(&[0; 400]), &black));
    }
}
