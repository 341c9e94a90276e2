//! Partly transparent pictures on a ground of one grey.

use seawall_core::Pixels;

/// Whether a ground of this grey shows: some pixel lets it through and is of another colour.
pub(crate) fn changes(pixels: &Pixels, alpha: &[u8], grey: u8) -> bool {
    let channels = pixels.kind().bytes();
    let mut pairs = pixels.data().chunks_exact(channels).zip(alpha);
    pairs.any(|(pixel, &alpha)| alpha < u8::MAX && pixel.iter().any(|&value| value != grey))
}

/// The picture on black. `alpha` has one byte a pixel.
pub(crate) fn on_black(pixels: Pixels, alpha: &[u8]) -> Pixels {
    changed(pixels, alpha, |value, alpha| {
        let product = u32::from(value) * u32::from(alpha);
        u8::try_from((product + 127) / 255).expect("a share of a byte is a byte")
    })
}

/// From the picture on black to the picture on white: every pixel gains what it lets through.
pub(crate) fn white_under(on_black: Pixels, alpha: &[u8]) -> Pixels {
    changed(on_black, alpha, |value, alpha| {
        value.saturating_add(u8::MAX - alpha)
    })
}

fn changed(pixels: Pixels, alpha: &[u8], change: impl Fn(u8, u8) -> u8) -> Pixels {
    let (width, height, kind) = (pixels.width(), pixels.height(), pixels.kind());
    let mut data = pixels.into_data();
    for (pixel, &alpha) in data.chunks_exact_mut(kind.bytes()).zip(alpha) {
        for value in pixel {
            *value = change(*value, alpha);
        }
    }
    Pixels::new(width, height, kind, data).expect("the number of pixels stays")
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_core::PixelKind;

    /// The formula of the Porter-Duff "over" with a ground of one grey, in real numbers.
    #[test]
    fn both_grounds_are_within_rounding_of_the_formula() {
        let values: Vec<u8> = (0..=255).collect();
        for alpha in 0..=255_u8 {
            let alphas = vec![alpha; 256];
            let plain = Pixels::new(256, 1, PixelKind::Luma8, values.clone()).expect("one row");
            let black = on_black(plain, &alphas);
            let white = white_under(black.clone(), &alphas);
            for (value, (&on_black, &on_white)) in
                values.iter().zip(black.data().iter().zip(white.data()))
            {
                let share = f64::from(alpha) / 255.0;
                let exact = f64::from(*value) * share;
                assert!((f64::from(on_black) - exact).abs() <= 0.5);
                let exact = exact + 255.0 * (1.0 - share);
                assert!((f64::from(on_white) - exact).abs() <= 0.5 + 1e-9);
            }
        }
    }

    #[test]
    fn an_opaque_picture_and_one_in_the_colour_of_the_ground_do_not_change() {
        let picture = seawall_testkit::picture(20, 20, 1);
        assert!(!changes(&picture, &[255; 400], 255));
        assert!(changes(&picture, &[254; 400], 255));
        let black = seawall_testkit::flat(20, 20, [0; 3]);
        assert!(!changes(&black, &[0; 400], 0));
        assert!(changes(&black, &[0; 400], 255));
    }
}
