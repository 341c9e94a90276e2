//! BMP.
//!
//! The decoder of the `image` crate gives whole pictures only, and its rows come from the bottom.
//! Files that are not compressed and whole are read here instead, row by row from the top: the
//! crate still reads the header and the palette, and says whether they are right.

use image::codecs::bmp::BmpDecoder;
use image::metadata::Orientation;
use image::{ColorType, ImageDecoder};
use seawall_core::{Place, Reason};

use crate::bands::{self, Bands};
use crate::layout::Samples;
use crate::session::Session;
use crate::source::Source;
use crate::spare;
use crate::still;
use crate::views;

pub(crate) fn decode(session: &mut Session<'_>) -> Result<(), Reason> {
    let decoder = BmpDecoder::new(session.source()).map_err(|error| session.reason(&error))?;
    let (width, height) = decoder.dimensions();
    session.check_size(width.into(), height.into(), 0)?;
    if let Some(rows) = Rows::of(session, &decoder) {
        return rows.show(session, decoder.get_palette().unwrap_or_default());
    }
    let layout = still::read(session, decoder)?;
    views::visit(session, Place::Whole, &layout, Orientation::NoTransforms);
    spare::give_back(layout.pixels.into_data());
    Ok(())
}

/// The rows of a file that is not compressed, as they lie in it.
struct Rows<'a> {
    bytes: &'a [u8],
    width: usize,
    height: usize,
    /// Bytes from one row to the next, which begins on a multiple of four.
    stride: usize,
    is_top_down: bool,
    pixel: Pixel,
}

/// How a pixel lies in its row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pixel {
    /// An index of so many bits.
    Index(u8),
    /// Blue, green, red.
    Bgr,
    /// The same and one byte more, which means nothing.
    Bgrx,
    /// The same, and it is the alpha.
    Bgra,
}

impl<'a> Rows<'a> {
    /// `None` where the file is compressed, coded in a rarer way or cut, or where the visitor
    /// takes no rows.
    fn of(session: &Session<'a>, decoder: &BmpDecoder<Source<'a>>) -> Option<Self> {
        let header = Header(session.bytes);
        let (width, height) = decoder.dimensions();
        let (width, height) = (width as usize, height as usize);
        let pixel = header.pixel(decoder.color_type())?;
        let stride = (width * pixel.bits()).div_ceil(32) * 4;
        let length = stride.checked_mul(height)?;
        let bytes = session.bytes.get(header.pixels_at()?..)?.get(..length)?;
        let rows = bands::BAND_ROWS as u64;
        let needed = bands::forms_bytes(session, (width, height), pixel.samples(), rows)?;
        let is_within = needed <= session.budget.limits.memory_bytes_max;
        is_within.then_some(Self {
            bytes,
            width,
            height,
            stride,
            is_top_down: header.is_top_down()?,
            pixel,
        })
    }

    fn show(&self, session: &mut Session<'_>, palette: &[[u8; 3]]) -> Result<(), Reason> {
        let size = (self.width, self.height);
        let mut bands = Bands::begin(session, size, self.pixel.samples());
        for y in 0..self.height {
            if y % ROWS_A_QUESTION == 0 {
                session.check_time()?;
            }
            let y = if self.is_top_down {
                y
            } else {
                self.height - 1 - y
            };
            let row = &self.bytes[y * self.stride..][..self.stride];
            self.pixel.copy(row, palette, bands.next());
            bands.keep(session);
        }
        bands.end(session, Place::Whole);
        Ok(())
    }
}

impl Pixel {
    fn bits(self) -> usize {
        match self {
            Self::Index(bits) => bits.into(),
            Self::Bgr => 24,
            Self::Bgrx | Self::Bgra => 32,
        }
    }

    /// What a row is made into.
    fn samples(self) -> Samples {
        match self {
            Self::Index(_) | Self::Bgr | Self::Bgrx => Samples::RGB,
            Self::Bgra => Samples::RGBA,
        }
    }

    fn copy(self, row: &[u8], palette: &[[u8; 3]], target: &mut [u8]) {
        match self {
            Self::Index(8) => {
                let pixels = target.as_chunks_mut::<3>().0;
                for (pixel, &index) in pixels.iter_mut().zip(row) {
                    *pixel = palette.get(usize::from(index)).copied().unwrap_or_default();
                }
            }
            Self::Index(bits) => {
                let pixels = target.as_chunks_mut::<3>().0;
                let indices = row.iter().flat_map(|&byte| {
                    let places = (0..8 / bits).rev();
                    places.map(move |place| byte >> (place * bits) & (u8::MAX >> (8 - bits)))
                });
                for (pixel, index) in pixels.iter_mut().zip(indices) {
                    *pixel = palette.get(usize::from(index)).copied().unwrap_or_default();
                }
            }
            Self::Bgr => {
                let sources = row.as_chunks::<3>().0;
                for (pixel, &[b, g, r]) in target.as_chunks_mut::<3>().0.iter_mut().zip(sources) {
                    *pixel = [r, g, b];
                }
            }
            Self::Bgrx => {
                let sources = row.as_chunks::<4>().0;
                for (pixel, &[b, g, r, _]) in target.as_chunks_mut::<3>().0.iter_mut().zip(sources)
                {
                    *pixel = [r, g, b];
                }
            }
            Self::Bgra => {
                let sources = row.as_chunks::<4>().0;
                for (pixel, &[b, g, r, a]) in target.as_chunks_mut::<4>().0.iter_mut().zip(sources)
                {
                    *pixel = [r, g, b, a];
                }
            }
        }
    }
}

/// The fields that the crate has read too and keeps to itself (`BITMAPFILEHEADER`, then
/// `BITMAPCOREHEADER` of 12 bytes or `BITMAPINFOHEADER` and its successors).
struct Header<'a>(&'a [u8]);

impl Header<'_> {
    fn pixel(&self, colour: ColorType) -> Option<Pixel> {
        let bits = self.u16(if self.is_core()? { 24 } else { 28 })?;
        let compression = if self.is_core()? { 0 } else { self.u32(30)? };
        match (compression, bits, colour) {
            (0, 1 | 2 | 4 | 8, ColorType::Rgb8) => Some(Pixel::Index(bits.to_le_bytes()[0])),
            (0, 24, ColorType::Rgb8) => Some(Pixel::Bgr),
            (0, 32, ColorType::Rgb8) => Some(Pixel::Bgrx),
            (BY_MASKS, 32, _) if self.masks()? != USUAL_MASKS => None,
            (BY_MASKS, 32, ColorType::Rgb8) => Some(Pixel::Bgrx),
            (BY_MASKS, 32, ColorType::Rgba8) if self.u32(66)? == 0xFF00_0000 => Some(Pixel::Bgra),
            // The colour is the library's enum; runs, 16 bits and odd masks are left to it.
            _ => None,
        }
    }

    fn masks(&self) -> Option<[u32; 3]> {
        Some([self.u32(54)?, self.u32(58)?, self.u32(62)?])
    }

    fn pixels_at(&self) -> Option<usize> {
        usize::try_from(self.u32(10)?).ok()
    }

    /// A negative height says so.
    fn is_top_down(&self) -> Option<bool> {
        Some(!self.is_core()? && self.u32(22)? >> 31 == 1)
    }

    fn is_core(&self) -> Option<bool> {
        Some(self.u32(14)? == 12)
    }

    fn u16(&self, at: usize) -> Option<u16> {
        let bytes = self.0.get(at..)?.first_chunk()?;
        Some(u16::from_le_bytes(*bytes))
    }

    fn u32(&self, at: usize) -> Option<u32> {
        let bytes = self.0.get(at..)?.first_chunk()?;
        Some(u32::from_le_bytes(*bytes))
    }
}

/// The compression that says that masks tell where the colours lie.
const BY_MASKS: u32 = 3;
/// Red, green and blue as they lie without masks.
const USUAL_MASKS: [u32; 3] = [0x00FF_0000, 0x0000_FF00, 0x0000_00FF];
/// How many rows there are from one look at the clock to the next.
const ROWS_A_QUESTION: usize = 64;
