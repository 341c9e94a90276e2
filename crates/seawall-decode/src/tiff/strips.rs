//! The strips or tiles of a page: where they lie, and what each has to give.

use std::io::Cursor;

use ::tiff::decoder::Decoder;
use ::tiff::tags::Tag;
use ::tiff::{ColorType, TiffResult};
use zune_core::bytestream::ZCursor;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::chunks;
use super::file::File;
use super::stream::{Deflate, Lzw, PackBits, Stream};
use crate::jpeg::structure::structure;
use crate::source::Source;

/// How strips and tiles are compressed, where they are decompressed here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Plain,
    Lzw,
    Deflate,
    PackBits,
    Jpeg,
}

impl Coding {
    /// `None` where the decoder does it by itself, or not at all.
    pub(super) fn of(decoder: &mut Decoder<File<'_>>) -> Option<Self> {
        let compression = decoder.find_tag_unsigned::<u16>(Tag::Compression);
        match compression.ok()?.unwrap_or(PLAIN) {
            PLAIN => Some(Self::Plain),
            5 => Some(Self::Lzw),
            chunks::JPEG => Some(Self::Jpeg),
            8 | 32_946 => Some(Self::Deflate),
            32_773 => Some(Self::PackBits),
            _ => None,
        }
    }
}

/// The strips or tiles of a page.
pub(super) struct Strips<'a> {
    coding: Coding,
    /// Where each begins, and how long it is.
    places: Vec<(u64, u64)>,
    /// Bytes that the decoder takes of each.
    needed: Vec<usize>,
    /// How many there are of each plane, and how many planes the decoder reads.
    in_plane: usize,
    planes: usize,
    /// Bytes of a whole one.
    full: usize,
    /// Width in pixels, and samples a pixel.
    width: usize,
    samples: usize,
    filling: Filling,
    /// Tables that JPEG data shares.
    tables: Option<Vec<u8>>,
    file: &'a [u8],
}

/// What stands for samples that are missing: zeros, and an alpha that hides nothing.
struct Filling {
    row_bytes: usize,
    pixel_bytes: usize,
    /// The first byte of the alpha in a pixel, behind which nothing follows.
    alpha: Option<usize>,
    /// Whether each sample is the difference to the one before in its row.
    is_difference: bool,
}

impl<'a> Strips<'a> {
    /// Of the page that the decoder is at, of this colour.
    pub(super) fn read(
        decoder: &mut Decoder<File<'a>>,
        file: &'a [u8],
        coding: Coding,
        (colour, planes): (ColorType, usize),
        tables: Option<Vec<u8>>,
    ) -> TiffResult<Self> {
        let mut tag = |tag, usual: usize| {
            let found = decoder.find_tag_unsigned_vec::<u16>(tag)?;
            let first = found.and_then(|values| values.first().copied());
            TiffResult::Ok(first.map_or(usual, usize::from))
        };
        let bits = tag(Tag::BitsPerSample, 1)?;
        let all_samples = tag(Tag::SamplesPerPixel, 1)?;
        let is_planar = tag(Tag::PlanarConfiguration, 1)? == PLANAR;
        let predictor = tag(Tag::Predictor, 1)?;
        let samples = if is_planar { 1 } else { all_samples };
        let (width, height) = decoder.chunk_dimensions();
        let row_bits = u64::from(width) * (bits * samples) as u64;
        let row_bytes = usize::try_from(row_bits.div_ceil(8)).unwrap_or(usize::MAX);
        let places = chunks::places(decoder);
        let needed = (0..).zip(&places).map(|(number, _)| {
            let (_, height) = decoder.chunk_data_dimensions(number);
            row_bytes.saturating_mul(height as usize)
        });
        let needed = needed.collect();
        let has_alpha = matches!(colour, ColorType::RGBA(8 | 16)) && all_samples == 4;
        let alpha = has_alpha && !is_planar && matches!(predictor, 1 | 2);
        let all_planes = if is_planar { all_samples } else { 1 };
        Ok(Self {
            coding,
            in_plane: places.len() / all_planes.max(1),
            planes: planes.max(1),
            places,
            needed,
            full: row_bytes.saturating_mul(height as usize),
            width: width as usize,
            samples,
            filling: Filling {
                row_bytes,
                pixel_bytes: bits / 8 * samples,
                alpha: alpha.then_some(bits / 8 * 3),
                is_difference: predictor == 2,
            },
            tables,
            file,
        })
    }

    pub(super) fn is_compressed(&self) -> bool {
        self.coding != Coding::Plain
    }

    /// The number of the one that the decoder reads after so many others: where planes are stored
    /// by themselves it goes from one to the next.
    pub(super) fn number(&self, before: usize) -> usize {
        before / self.planes + before % self.planes * self.in_plane
    }

    pub(super) fn begins_at(&self, number: usize, offset: u64) -> bool {
        self.places
            .get(number)
            .is_some_and(|place| place.0 == offset)
    }

    pub(super) fn needed_bytes(&self, number: usize) -> usize {
        self.needed.get(number).copied().unwrap_or(usize::MAX)
    }

    pub(super) fn full_bytes(&self) -> usize {
        self.full
    }

    /// Whether a file of so many bytes cannot hold all of them side by side. Two of them may be
    /// one and the same: some programs store equal tiles once.
    pub(super) fn are_at_odds(&self, file_bytes: u64) -> bool {
        let mut sorted: Vec<_> = self.places.iter().filter(|place| place.1 > 0).collect();
        sorted.sort_unstable();
        sorted.dedup();
        let end = |place: &(u64, u64)| place.0.saturating_add(place.1);
        let overlap = |pair: &[&(u64, u64)]| end(pair[0]) > pair[1].0;
        sorted.windows(2).any(overlap) || sorted.iter().any(|place| end(place) > file_bytes)
    }

    /// The bytes of one of them, and whether nothing is wrong up to here.
    pub(super) fn open(&self, number: usize, source: &Source<'a>) -> (Stream<'a>, bool) {
        let (offset, length) = self.places.get(number).copied().unwrap_or_default();
        let rest = usize::try_from(offset).ok();
        let rest = rest.and_then(|offset| self.file.get(offset..));
        let rest = rest.unwrap_or_default();
        let stated = usize::try_from(length).unwrap_or(usize::MAX);
        let coded = source.over(&rest[..stated.min(rest.len())]);
        match self.coding {
            // The rows are read on beyond a length that is too short: what lists are made from
            // does so.
            Coding::Plain => {
                let is_sound = stated >= self.needed_bytes(number);
                (Stream::Plain(source.over(rest)), is_sound)
            }
            Coding::Lzw => (Stream::Lzw(Lzw::new(coded)), true),
            Coding::Deflate => (Stream::Deflate(Deflate::new(coded)), true),
            Coding::PackBits => (Stream::PackBits(PackBits::new(coded)), true),
            Coding::Jpeg => {
                let (samples, is_sound) = self.jpeg_samples(number, coded.file());
                (Stream::Decoded(Cursor::new(samples)), is_sound)
            }
        }
    }

    /// The samples of JPEG data, as many as there are, and whether they are all there.
    fn jpeg_samples(&self, number: usize, data: &[u8]) -> (Vec<u8>, bool) {
        let joined = match &self.tables {
            // The end of the tables and the beginning of the data go.
            Some(tables) => {
                let tables = &tables[..tables.len().saturating_sub(2)];
                [tables, data.get(2..).unwrap_or_default()].concat()
            }
            None => data.to_vec(),
        };
        let read = |is_strict| {
            let options = DecoderOptions::default().set_strict_mode(is_strict);
            let mut decoder = JpegDecoder::new_with_options(ZCursor::new(&joined), options);
            decoder.decode_headers().ok()?;
            // Colours stay as they are stored.
            if let Some(space) = decoder.input_colorspace() {
                decoder.set_options(options.jpeg_set_out_colorspace(space));
            }
            let info = decoder.info()?;
            let samples = decoder.decode().ok()?;
            let is_as_wide = usize::from(info.width) == self.width;
            let is_as_large = is_as_wide
                && usize::from(info.components) == self.samples
                && samples.len() >= self.needed_bytes(number);
            Some((samples, is_as_large))
        };
        match read(true) {
            Some((samples, is_as_large)) => (samples, is_as_large && structure(&joined).has_end),
            None => {
                let samples = read(false).map(|(samples, _)| samples);
                (samples.unwrap_or_default(), false)
            }
        }
    }

    /// Fills bytes that are missing, from this one of the strip on.
    pub(super) fn fill(&self, start: usize, buffer: &mut [u8]) {
        buffer.fill(0);
        let Filling {
            row_bytes,
            pixel_bytes,
            alpha: Some(alpha),
            is_difference,
        } = self.filling
        else {
            return;
        };
        for (place, byte) in (start..).zip(buffer) {
            let column = place % row_bytes.max(1);
            let is_alpha = column % pixel_bytes.max(1) >= alpha;
            if is_alpha && (!is_difference || column < pixel_bytes) {
                *byte = u8::MAX;
            }
        }
    }
}

const PLAIN: u16 = 1;
/// Each sample of all pixels by itself.
const PLANAR: usize = 2;
