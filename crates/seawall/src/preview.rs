//! A picture to be looked at by a reviewer, showing as little as asked for.

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use seawall_core::{Form, Limits, PixelKind, Pixels, Reason, View, ViewOptions};
use seawall_decode::{Budget, Refusal, Shown, decode, sniff};

/// How much a preview shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreviewStyle {
    /// The longer side at most, in pixels.
    pub side_px_max: u32,
    /// Blurred so strongly that nothing can be recognised: what is shown is interpolated
    /// from at most [`BLUR_CELLS`] cells a side, so that no sharpening brings anything back.
    pub blur: bool,
    /// Without colour.
    pub greyscale: bool,
}

/// How many cells along the longer side a blurred preview is made from.
pub const BLUR_CELLS: usize = 8;

/// The first picture of a file, upright, as a PNG. Nothing is written anywhere.
///
/// # Errors
/// [`Refusal`] where nothing could be decoded within the budget.
pub fn render(bytes: &[u8], budget: &Budget<'_>, style: PreviewStyle) -> Result<Vec<u8>, Refusal> {
    let limits = Limits {
        frames_max: 1,
        ..*budget.limits
    };
    let budget = Budget {
        limits: &limits,
        expired: budget.expired,
        views: ViewOptions::default(),
    };
    let mut kept: Option<(View, Pixels)> = None;
    decode(bytes, &budget, &mut |view: View, shown: &Shown<'_>| {
        let is_nearer = kept.as_ref().is_none_or(|&(held, _)| is_nearer(view, held));
        if is_nearer {
            kept = Some((view, styled(&shown.to_pixels(), style)));
        }
    })?;
    let png = kept.and_then(|(_, pixels)| encode(&pixels));
    png.ok_or_else(|| Refusal {
        media_type: sniff(bytes),
        reason: Reason::Damaged,
        notes: Vec::new(),
    })
}

/// Whether a view is nearer than another one to what a program for pictures shows of the
/// same picture: on white where it is partly transparent, and upright.
fn is_nearer(view: View, held: View) -> bool {
    let rank = |view: View| {
        let ground = match view.form {
            Form::OnWhite => 2,
            Form::Plain => 1,
            Form::OnBlack | Form::Turned(_) | Form::Unbordered | Form::LegacyPalette => 0,
        };
        (ground, view.upright)
    };
    view.place == held.place && rank(view) > rank(held)
}

fn styled(pixels: &Pixels, style: PreviewStyle) -> Pixels {
    let side_max = (style.side_px_max as usize).max(1);
    let size = fitted(pixels.width(), pixels.height(), side_max);
    let picture = if style.blur {
        let cells = fitted(pixels.width(), pixels.height(), BLUR_CELLS);
        stretched(&shrunk(pixels, cells), size)
    } else {
        shrunk(pixels, size)
    };
    if style.greyscale {
        grey(&picture)
    } else {
        picture
    }
}

/// The size with its sides in proportion and the longer one at most `side_max`.
fn fitted(width: usize, height: usize, side_max: usize) -> (usize, usize) {
    let longer = width.max(height);
    if longer <= side_max {
        return (width, height);
    }
    let scaled = |side: usize| (side * side_max).div_ceil(longer).max(1);
    (scaled(width), scaled(height))
}

/// Each pixel the mean of the area it covers.
fn shrunk(pixels: &Pixels, (width, height): (usize, usize)) -> Pixels {
    let channels = pixels.kind().bytes();
    let mut data = Vec::with_capacity(width * height * channels);
    for y in 0..height {
        let rows = share(y, height, pixels.height());
        let mut sums = vec![0_u64; width * channels];
        for row in rows.clone() {
            add_row(&mut sums, pixels.row(row), (width, channels));
        }
        for (place, sum) in sums.into_iter().enumerate() {
            let columns = share(place / channels, width, pixels.width());
            let mean = sum / (rows.len() * columns.len()) as u64;
            data.push(u8::try_from(mean).expect("the mean of bytes is a byte"));
        }
    }
    Pixels::new(width, height, pixels.kind(), data).expect("the loops fill the size asked for")
}

fn add_row(sums: &mut [u64], row: &[u8], (width, channels): (usize, usize)) {
    let length = row.len() / channels;
    for x in 0..width {
        let columns = share(x, width, length);
        for pixel in row[columns.start * channels..columns.end * channels].chunks_exact(channels) {
            for (channel, &value) in pixel.iter().enumerate() {
                sums[x * channels + channel] += u64::from(value);
            }
        }
    }
}

/// The source pixels that target pixel `index` of `target` covers, at least one.
fn share(index: usize, target: usize, source: usize) -> std::ops::Range<usize> {
    let start = index * source / target;
    start..((index + 1) * source / target).max(start + 1)
}

/// Smooth steps between the cells.
fn stretched(cells: &Pixels, (width, height): (usize, usize)) -> Pixels {
    let channels = cells.kind().bytes();
    let mut data = Vec::with_capacity(width * height * channels);
    for y in 0..height {
        let (top, bottom, down) = between(y, height, cells.height());
        let (upper, lower) = (cells.row(top), cells.row(bottom));
        for x in 0..width {
            let (left, right, across) = between(x, width, cells.width());
            for channel in 0..channels {
                let (left, right) = (left * channels + channel, right * channels + channel);
                let above = mixed(upper[left].into(), upper[right].into(), across);
                let below = mixed(lower[left].into(), lower[right].into(), across);
                data.push(mixed(above, below, down).round() as u8);
            }
        }
    }
    Pixels::new(width, height, cells.kind(), data).expect("the loops fill the size asked for")
}

/// The two cells whose centres lie about a pixel, and how far it is from the first.
fn between(index: usize, target: usize, cells: usize) -> (usize, usize, f32) {
    let place = (index as f32 + 0.5) * cells as f32 / target as f32 - 0.5;
    let place = place.clamp(0.0, (cells - 1) as f32);
    let first = place as usize;
    (first, (first + 1).min(cells - 1), place.fract())
}

fn mixed(a: f32, b: f32, share: f32) -> f32 {
    a + (b - a) * share
}

fn grey(pixels: &Pixels) -> Pixels {
    let data = match pixels.kind() {
        PixelKind::Luma8 => return pixels.clone(),
        PixelKind::Rgb8 => pixels.data().chunks_exact(3).map(luma).collect(),
    };
    Pixels::new(pixels.width(), pixels.height(), PixelKind::Luma8, data)
        .expect("one byte for each pixel")
}

fn luma(pixel: &[u8]) -> u8 {
    let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(u32::from);
    u8::try_from((299 * r + 587 * g + 114 * b) / 1000).expect("a mean of bytes is a byte")
}

fn encode(pixels: &Pixels) -> Option<Vec<u8>> {
    let colour = match pixels.kind() {
        PixelKind::Luma8 => ExtendedColorType::L8,
        PixelKind::Rgb8 => ExtendedColorType::Rgb8,
    };
    let (width, height) = (
        pixels.width().try_into().ok()?,
        pixels.height().try_into().ok()?,
    );
    let mut out = Vec::new();
    PngEncoder::new(&mut out)
        .write_image(pixels.data(), width, height, colour)
        .ok()?;
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_testkit::{flat, jpeg_with_orientation, picture, png, stored_for};

    const SHARP: PreviewStyle = PreviewStyle {
        side_px_max: 200,
        blur: false,
        greyscale: false,
    };

    fn rendered(file: &[u8], style: PreviewStyle) -> Pixels {
        let limits = Limits::default();
        let budget = Budget {
            limits: &limits,
            expired: &|| false,
            views: ViewOptions::default(),
        };
        let preview = render(file, &budget, style).expect("a whole picture");
        let mut shown = None;
        decode(&preview, &budget, &mut |_: View, pixels: &Shown<'_>| {
            shown = Some(pixels.to_pixels().into_owned());
        })
        .expect("our own PNG");
        shown.expect("one view")
    }

    fn difference_mean(a: &Pixels, b: &Pixels) -> f64 {
        let pairs = a.data().iter().zip(b.data());
        let sum: u64 = pairs.map(|(&a, &b)| u64::from(a.abs_diff(b))).sum();
        sum as f64 / a.data().len() as f64
    }

    #[test]
    fn the_picture_is_fitted_and_keeps_its_proportions() {
        let shown = rendered(&png(&picture(800, 600, 1)), SHARP);
        assert_eq!((shown.width(), shown.height()), (200, 150));
        let small = rendered(&png(&picture(80, 60, 1)), SHARP);
        assert!(small == picture(80, 60, 1));
        let thin = rendered(&png(&picture(2000, 3, 1)), SHARP);
        assert_eq!((thin.width(), thin.height()), (200, 1));
    }

    #[test]
    fn it_is_upright() {
        let upright = picture(160, 120, 2);
        let file = jpeg_with_orientation(&stored_for(&upright, 6), 95, 6);
        let shown = rendered(&file, SHARP);
        assert_eq!((shown.width(), shown.height()), (160, 120));
        assert!(difference_mean(&shown, &upright) < 5.0);
    }

    #[test]
    fn greyscale_has_no_colour() {
        let style = PreviewStyle {
            greyscale: true,
            ..SHARP
        };
        assert_eq!(
            rendered(&png(&picture(80, 60, 1)), style).kind(),
            PixelKind::Luma8
        );
    }

    /// Pictures that differ in detail alone look the same, so the blur shows no detail.
    #[test]
    fn blur_keeps_no_detail() {
        let style = PreviewStyle {
            blur: true,
            ..SHARP
        };
        let stripes = |shift: usize| {
            let data = (0..320 * 240 * 3).map(|k| if (k / 3 + shift) % 4 < 2 { 30 } else { 220 });
            Pixels::new(320, 240, PixelKind::Rgb8, data.collect()).expect("fits")
        };
        let (a, b) = (
            rendered(&png(&stripes(0)), style),
            rendered(&png(&stripes(2)), style),
        );
        assert!(difference_mean(&a, &b) <= 1.0);
        let plain = rendered(&png(&flat(320, 240, [125; 3])), style);
        assert!(difference_mean(&a, &plain) <= 1.0);
    }

    #[test]
    fn what_cannot_be_decoded_is_refused() {
        let budget = Budget {
            limits: &Limits::default(),
            expired: &|| false,
            views: ViewOptions::default(),
        };
        let refusal = render(b"just text", &budget, SHARP).expect_err("no picture");
        assert_eq!(refusal.reason, Reason::NotAPicture);
    }
}
