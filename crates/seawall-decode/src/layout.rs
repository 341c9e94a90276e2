//! From a decoder's buffer to grey or RGB bytes.

use image::ColorType;
use seawall_core::{PixelKind, Pixels, Reason};

/// A picture in one of the two kinds that are hashed.
pub(crate) struct Layout {
    pub(crate) pixels: Pixels,
    /// How opaque each pixel is, one byte a pixel; none where all are.
    pub(crate) alpha: Option<Vec<u8>>,
}

impl Layout {
    pub(crate) fn opaque(
        width: usize,
        height: usize,
        kind: PixelKind,
        data: Vec<u8>,
    ) -> Result<Self, Reason> {
        let pixels = Pixels::new(width, height, kind, data).map_err(|_| Reason::Damaged)?;
        Ok(Self {
            pixels,
            alpha: None,
        })
    }

    /// From a buffer as the `image` crate fills it: interleaved, 16-bit samples in the
    /// machine's own byte order. The buffer is reduced in place.
    pub(crate) fn from_image(
        (width, height): (u32, u32),
        colour: ColorType,
        data: Vec<u8>,
    ) -> Result<Self, Reason> {
        let size = (width as usize, height as usize);
        match colour {
            ColorType::L8 => Self::reduced(size, data, 1, &[0], None),
            ColorType::La8 => Self::reduced(size, data, 2, &[0], Some(1)),
            ColorType::Rgb8 => Self::reduced(size, data, 3, &[0, 1, 2], None),
            ColorType::Rgba8 => Self::reduced(size, data, 4, &[0, 1, 2], Some(3)),
            ColorType::L16 => Self::reduced(size, data, 2, &wide([0]), None),
            ColorType::La16 => Self::reduced(size, data, 4, &wide([0]), Some(wide([1])[0])),
            ColorType::Rgb16 => Self::reduced(size, data, 6, &wide([0, 1, 2]), None),
            ColorType::Rgba16 => Self::reduced(size, data, 8, &wide([0, 1, 2]), Some(wide([3])[0])),
            // The enum is the library's and open; what is left are its float forms, which
            // none of the formats read through it gives.
            _ => Err(Reason::UnsupportedFormat),
        }
    }

    /// Keeps the bytes `kept` of every `step` bytes: one for grey, three for RGB.
    pub(crate) fn reduced(
        (width, height): (usize, usize),
        mut data: Vec<u8>,
        step: usize,
        kept: &[usize],
        alpha: Option<usize>,
    ) -> Result<Self, Reason> {
        let kind = if kept.len() == 1 {
            PixelKind::Luma8
        } else {
            PixelKind::Rgb8
        };
        let alpha = alpha.and_then(|place| alpha_plane(&data, step, place));
        if step != kept.len() {
            let count = data.len() / step;
            for pixel in 0..count {
                for (place, offset) in kept.iter().enumerate() {
                    data[pixel * kept.len() + place] = data[pixel * step + offset];
                }
            }
            data.truncate(count * kept.len());
        }
        Self::opaque(width, height, kind, data).map(|layout| Self { alpha, ..layout })
    }
}

/// The samples of packed rows; each row begins on a byte.
pub(crate) fn unpacked(packed: &[u8], width: usize, bits: u8) -> impl Iterator<Item = u8> {
    let row_bytes = (width * usize::from(bits)).div_ceil(8).max(1);
    packed.chunks_exact(row_bytes).flat_map(move |row| {
        (0..width).map(move |x| {
            let bit = x * usize::from(bits);
            let shift = 8 - bits - u8::try_from(bit % 8).expect("below 8");
            row[bit / 8] >> shift & (u8::MAX >> (8 - bits))
        })
    })
}

/// The alpha of each pixel, where any is less than opaque.
fn alpha_plane(data: &[u8], step: usize, place: usize) -> Option<Vec<u8>> {
    let alphas = || data.chunks_exact(step).map(|pixel| pixel[place]);
    alphas()
        .any(|alpha| alpha != u8::MAX)
        .then(|| alphas().collect())
}

/// Where the high byte of each 16-bit sample lies. Taking it is how 16-bit pictures have
/// always been shown on 8-bit screens; dividing by 257 instead moves a hash by 2 bits or so.
fn wide<const N: usize>(samples: [usize; N]) -> [usize; N] {
    let high = usize::from(cfg!(target_endian = "little"));
    samples.map(|sample| sample * 2 + high)
}
