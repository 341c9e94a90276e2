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
        let samples = Samples::of_image(colour).ok_or(Reason::UnsupportedFormat)?;
        Self::reduced((width as usize, height as usize), data, samples)
    }

    /// Keeps what is hashed of interleaved samples. The buffer is reduced in place.
    pub(crate) fn reduced(
        (width, height): (usize, usize),
        mut data: Vec<u8>,
        samples: Samples,
    ) -> Result<Self, Reason> {
        let alpha = samples.alpha_plane(&data);
        let length = samples.reduce(&mut data);
        data.truncate(length);
        let layout = Self::opaque(width, height, samples.kind(), data)?;
        Ok(Self { alpha, ..layout })
    }
}

/// Where the samples that are hashed lie in interleaved ones.
#[derive(Clone, Copy)]
pub(crate) struct Samples {
    /// Bytes a pixel.
    pub(crate) step: usize,
    /// The bytes that are kept of each pixel: one for grey, three for RGB.
    pub(crate) kept: &'static [usize],
    /// The byte that says how opaque the pixel is.
    pub(crate) alpha: Option<usize>,
}

impl Samples {
    pub(crate) const GREY: Self = Self::grey(1);
    pub(crate) const GREY_ALPHA: Self = Self {
        alpha: Some(1),
        ..Self::grey(2)
    };
    pub(crate) const RGB: Self = Self {
        step: 3,
        kept: &[0, 1, 2],
        alpha: None,
    };
    pub(crate) const RGBA: Self = Self {
        step: 4,
        kept: &[0, 1, 2],
        alpha: Some(3),
    };

    /// The first of so many bytes.
    pub(crate) const fn grey(step: usize) -> Self {
        Self {
            step,
            kept: &[0],
            alpha: None,
        }
    }

    /// As the `image` crate interleaves; `None` where that is not hashed.
    pub(crate) fn of_image(colour: ColorType) -> Option<Self> {
        let wide = |step, kept, alpha| Self { step, kept, alpha };
        match colour {
            ColorType::L8 => Some(Self::GREY),
            ColorType::La8 => Some(Self::GREY_ALPHA),
            ColorType::Rgb8 => Some(Self::RGB),
            ColorType::Rgba8 => Some(Self::RGBA),
            ColorType::L16 => Some(wide(2, &[HIGH], None)),
            ColorType::La16 => Some(wide(4, &[HIGH], Some(HIGH + 2))),
            ColorType::Rgb16 => Some(wide(6, &[HIGH, HIGH + 2, HIGH + 4], None)),
            ColorType::Rgba16 => Some(wide(8, &[HIGH, HIGH + 2, HIGH + 4], Some(HIGH + 6))),
            // The enum is the library's and open; what is left are its float forms, which
            // none of the formats read through it gives.
            _ => None,
        }
    }

    pub(crate) fn kind(self) -> PixelKind {
        if self.kept.len() == 1 {
            PixelKind::Luma8
        } else {
            PixelKind::Rgb8
        }
    }

    /// Moves the bytes that are kept to the front, and says how many they are.
    pub(crate) fn reduce(self, data: &mut [u8]) -> usize {
        let count = data.len() / self.step;
        if (self.step, self.kept) == (4, &[0, 1, 2]) {
            for pixel in 0..count {
                data.copy_within(pixel * 4..pixel * 4 + 3, pixel * 3);
            }
        } else if self.step != self.kept.len() {
            for pixel in 0..count {
                for (place, offset) in self.kept.iter().enumerate() {
                    data[pixel * self.kept.len() + place] = data[pixel * self.step + offset];
                }
            }
        }
        count * self.kept.len()
    }

    /// Gives pixels that are missing an alpha that hides nothing.
    pub(crate) fn make_opaque(self, data: &mut [u8]) {
        if let Some(place) = self.alpha {
            let pixels = data.chunks_exact_mut(self.step);
            pixels.for_each(|pixel| pixel[place] = u8::MAX);
        }
    }

    /// The alpha of each pixel, where any is less than opaque.
    fn alpha_plane(self, data: &[u8]) -> Option<Vec<u8>> {
        let place = self.alpha?;
        let alphas = || data.chunks_exact(self.step).map(|pixel| pixel[place]);
        let any = alphas().any(|alpha| alpha != u8::MAX);
        any.then(|| alphas().collect())
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

/// Where the high byte of a 16-bit sample lies. Taking it is how 16-bit pictures have
/// always been shown on 8-bit screens; dividing by 257 instead moves a hash by 2 bits or so.
const HIGH: usize = if cfg!(target_endian = "little") { 1 } else { 0 };
