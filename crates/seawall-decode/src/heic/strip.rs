//! The rows of a grid that are being put together.
//!
//! The colour of a pixel is mixed from those of its neighbours, since chroma is stored at half
//! the size. So that the seams between tiles do not show, the planes of a row of tiles are
//! put together first, with the last rows of the one before, and turned into colours then:
//! the result is that of the whole picture to the bit.

use std::ops::Range;

use heic_decoder::{ColorInfo, DecodedImage, HeifError};

/// A band of the picture's planes, as wide as the picture.
pub(super) struct Strip {
    image: DecodedImage,
    /// The row of the picture where the planes begin.
    top: usize,
    /// The first row whose colours were not written yet.
    done: usize,
}

impl Strip {
    /// Planes like those of `tile`, for rows of the picture.
    pub(super) fn new(
        width: usize,
        tile: &DecodedImage,
        colour: Option<ColorInfo>,
        rows: Range<usize>,
    ) -> Self {
        let sampling = tile.chroma_sampling;
        let cb_width = if tile.chroma_format_idc == 0 {
            0
        } else {
            width.div_ceil(sampling.sub_x as usize)
        };
        let mut strip = Self {
            image: DecodedImage {
                alpha: None,
                width,
                height: 0,
                bit_depth_luma: tile.bit_depth_luma,
                bit_depth_chroma: tile.bit_depth_chroma,
                chroma_format_idc: tile.chroma_format_idc,
                color_info: colour.or(tile.color_info),
                chroma_sampling: sampling,
                y: Vec::new(),
                cb: Vec::new(),
                cr: Vec::new(),
                cb_width,
                cb_height: 0,
                metadata: heic_decoder::Metadata::default(),
            },
            top: rows.start,
            done: rows.start,
        };
        strip.grow(rows.end);
        strip
    }

    /// Adds black rows up to this one.
    pub(super) fn grow(&mut self, end: usize) {
        let image = &mut self.image;
        image.height = end - self.top;
        resize(&mut image.y, image.width * image.height, 0);
        if image.chroma_format_idc != 0 {
            image.cb_height = image.height.div_ceil(image.chroma_sampling.sub_y as usize);
            let length = image.cb_width * image.cb_height;
            let grey = 1 << (image.bit_depth_chroma - 1);
            resize(&mut image.cb, length, grey);
            resize(&mut image.cr, length, grey);
        }
    }

    /// Lays a tile at this place of the picture; what reaches beyond is cut off. `false` where
    /// it is not of the kind of the others.
    pub(super) fn paste(&mut self, tile: &DecodedImage, left: usize, top: usize) -> bool {
        let image = &mut self.image;
        let kind = |image: &DecodedImage| {
            let bits = (image.bit_depth_luma, image.bit_depth_chroma);
            (image.chroma_format_idc, bits)
        };
        if kind(tile) != kind(image) {
            return false;
        }
        let top = top - self.top;
        let planes = (&tile.y[..], tile.width, tile.height);
        copy(planes, &mut image.y, image.width, (left, top));
        if image.chroma_format_idc != 0 {
            let right = image.chroma_sampling.sub_x as usize;
            let down = image.chroma_sampling.sub_y as usize;
            let place = (left / right, top / down);
            for (source, target) in [(&tile.cb, &mut image.cb), (&tile.cr, &mut image.cr)] {
                let source = (&source[..], tile.cb_width, tile.cb_height);
                copy(source, target, image.cb_width, place);
            }
        }
        true
    }

    /// Writes the colours of the rows that were not written yet into the picture, up to this
    /// row of it, and lets go of those that are not needed any more.
    pub(super) fn convert(&mut self, ready: usize, picture: &mut [u8]) -> Result<(), HeifError> {
        if ready <= self.done {
            return Ok(());
        }
        let rgb = self.image.to_rgb8()?;
        let stride = self.image.width * 3;
        let source = &rgb.data[(self.done - self.top) * stride..(ready - self.top) * stride];
        picture[self.done * stride..ready * stride].copy_from_slice(source);
        self.done = ready;
        self.forget(ready.saturating_sub(SEAM));
        Ok(())
    }

    /// Lets go of the rows above this one, or of one less: chroma comes in pairs of rows.
    fn forget(&mut self, row: usize) {
        let image = &mut self.image;
        let rows = row.saturating_sub(self.top) / 2 * 2;
        image.y.drain(..rows * image.width);
        image.height -= rows;
        self.top += rows;
        if image.chroma_format_idc != 0 {
            let rows = rows / image.chroma_sampling.sub_y as usize;
            image.cb.drain(..rows * image.cb_width);
            image.cr.drain(..rows * image.cb_width);
            image.cb_height -= rows;
        }
    }
}

/// Rows on each side of a seam that colours are mixed over.
pub(super) const SEAM: usize = 2;

/// No more memory than is needed: these are large.
fn resize(plane: &mut Vec<i32>, length: usize, value: i32) {
    plane.reserve_exact(length.saturating_sub(plane.len()));
    plane.resize(length, value);
}

fn copy(
    (source, width, height): (&[i32], usize, usize),
    target: &mut [i32],
    stride: usize,
    (left, top): (usize, usize),
) {
    let length = width.min(stride.saturating_sub(left));
    let rows = height.min((target.len() / stride.max(1)).saturating_sub(top));
    for row in 0..rows {
        let start = (top + row) * stride + left;
        let source = &source[row * width..][..length];
        target[start..start + length].copy_from_slice(source);
    }
}
