//! Turning stored pixels the way a viewer shows them.

use image::metadata::Orientation;
use seawall_core::{Pixels, Turn};

/// The orientation that an Exif block asks for; none where it does not say.
pub(crate) fn from_exif(exif: &[u8]) -> Orientation {
    let tiff = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
    Orientation::from_exif_chunk(tiff).unwrap_or(Orientation::NoTransforms)
}

/// The orientation whose picture is turned this way.
pub(crate) fn of_turn(turn: Turn) -> Orientation {
    match turn {
        Turn::Turned90 => Orientation::Rotate90,
        Turn::Turned180 => Orientation::Rotate180,
        Turn::Turned270 => Orientation::Rotate270,
        Turn::Mirrored => Orientation::FlipHorizontal,
        // A mirror changes the sense of the quarter turns before or after it.
        Turn::Mirrored90 => Orientation::Rotate270FlipH,
        Turn::Mirrored180 => Orientation::FlipVertical,
        Turn::Mirrored270 => Orientation::Rotate90FlipH,
    }
}

/// Whether [`upright`] needs a second buffer: where width and height change places.
pub(crate) fn needs_copy(orientation: Orientation) -> bool {
    match orientation {
        Orientation::NoTransforms
        | Orientation::Rotate180
        | Orientation::FlipHorizontal
        | Orientation::FlipVertical => false,
        Orientation::Rotate90
        | Orientation::Rotate270
        | Orientation::Rotate90FlipH
        | Orientation::Rotate270FlipH => true,
    }
}

/// The picture as it is shown.
pub(crate) fn upright(pixels: Pixels, orientation: Orientation) -> Pixels {
    match orientation {
        Orientation::NoTransforms => pixels,
        Orientation::FlipHorizontal => flipped_across(pixels),
        Orientation::FlipVertical => flipped_down(pixels),
        Orientation::Rotate180 => flipped_across(flipped_down(pixels)),
        Orientation::Rotate90FlipH => transposed(&pixels),
        Orientation::Rotate90 => flipped_across(transposed(&pixels)),
        Orientation::Rotate270 => flipped_down(transposed(&pixels)),
        Orientation::Rotate270FlipH => flipped_across(flipped_down(transposed(&pixels))),
    }
}

fn flipped_across(pixels: Pixels) -> Pixels {
    let channels = pixels.kind().bytes();
    in_place(pixels, |row_bytes, data| {
        for row in data.chunks_exact_mut(row_bytes) {
            row.reverse();
            row.chunks_exact_mut(channels).for_each(<[u8]>::reverse);
        }
    })
}

fn flipped_down(pixels: Pixels) -> Pixels {
    let height = pixels.height();
    in_place(pixels, |row_bytes, data| {
        let (top, bottom) = data.split_at_mut(height / 2 * row_bytes);
        let rows = top.chunks_exact_mut(row_bytes);
        for (upper, lower) in rows.zip(bottom.chunks_exact_mut(row_bytes).rev()) {
            upper.swap_with_slice(lower);
        }
    })
}

/// Rows become columns.
fn transposed(pixels: &Pixels) -> Pixels {
    let (width, height, channels) = (pixels.width(), pixels.height(), pixels.kind().bytes());
    let mut data = vec![0; pixels.data().len()];
    // In squares, so that both buffers stay in the processor's cache.
    for top in (0..height).step_by(SQUARE) {
        for left in (0..width).step_by(SQUARE) {
            for y in top..height.min(top + SQUARE) {
                let row = pixels.row(y);
                for x in left..width.min(left + SQUARE) {
                    let to = (x * height + y) * channels;
                    data[to..to + channels].copy_from_slice(&row[x * channels..(x + 1) * channels]);
                }
            }
        }
    }
    Pixels::new(height, width, pixels.kind(), data).expect("turning keeps the number of pixels")
}

fn in_place(pixels: Pixels, change: impl FnOnce(usize, &mut [u8])) -> Pixels {
    let (width, height, kind) = (pixels.width(), pixels.height(), pixels.kind());
    let mut data = pixels.into_data();
    change(width * kind.bytes(), &mut data);
    Pixels::new(width, height, kind, data).expect("flipping keeps the number of pixels")
}

const SQUARE: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_orientation_undoes_what_the_camera_stored() {
        let shown = seawall_testkit::picture(37, 51, 3);
        for picture in [seawall_testkit::grey(&shown), shown] {
            for number in 1..=8 {
                let stored = seawall_testkit::stored_for(&picture, number);
                let orientation = Orientation::from_exif(number).expect("1 to 8");
                assert!(
                    upright(stored, orientation) == picture,
                    "orientation {number}"
                );
            }
        }
    }

    #[test]
    fn a_turn_mirrors_first_and_then_turns_clockwise() {
        use seawall_testkit::{mirrored, picture, rotated_quarter};
        let mut expected = [picture(37, 51, 3), mirrored(&picture(37, 51, 3))].map(|first| {
            std::iter::successors(Some(first), |picture| Some(rotated_quarter(picture)))
        });
        let [plain, mirrored] = &mut expected;
        let wanted = plain.take(4).skip(1).chain(mirrored.take(4));
        for (turn, wanted) in Turn::ALL.into_iter().zip(wanted) {
            let turned = upright(picture(37, 51, 3), of_turn(turn));
            assert!(turned == wanted, "{turn:?}");
        }
    }
}
