//! A picture in memory, with its size checked once.

use std::fmt;

/// How a pixel is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PixelKind {
    /// One byte: grey.
    Luma8,
    /// Three bytes: red, green, blue.
    Rgb8,
}

impl PixelKind {
    /// Bytes a pixel.
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Self::Luma8 => 1,
            Self::Rgb8 => 3,
        }
    }
}

/// A buffer whose length is not width × height × bytes a pixel, or an empty picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("taking a picture into memory: its buffer does not fit its width and height")]
pub struct PixelsError;

/// A decoded picture: rows from the top, pixels from the left, no padding.
#[derive(Clone, PartialEq, Eq)]
pub struct Pixels {
    width: usize,
    height: usize,
    kind: PixelKind,
    data: Vec<u8>,
}

impl Pixels {
    /// A picture of `width` × `height` pixels.
    ///
    /// # Errors
    /// [`PixelsError`] where `data` has another length than the size asks for, or a side is 0.
    pub fn new(
        width: usize,
        height: usize,
        kind: PixelKind,
        data: Vec<u8>,
    ) -> Result<Self, PixelsError> {
        let length = width
            .checked_mul(height)
            .and_then(|n| n.checked_mul(kind.bytes()));
        if length == Some(data.len()) && !data.is_empty() {
            Ok(Self {
                width,
                height,
                kind,
                data,
            })
        } else {
            Err(PixelsError)
        }
    }

    /// Width in pixels.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// How a pixel is stored.
    #[must_use]
    pub fn kind(&self) -> PixelKind {
        self.kind
    }

    /// All bytes.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// One row, `width × kind.bytes()` bytes.
    ///
    /// # Panics
    /// Where `row` is not below the height.
    #[must_use]
    pub fn row(&self, row: usize) -> &[u8] {
        let stride = self.width * self.kind.bytes();
        &self.data[row * stride..(row + 1) * stride]
    }

    /// The buffer, for reuse.
    #[must_use]
    pub fn into_data(self) -> Vec<u8> {
        self.data
    }
}

impl fmt::Debug for Pixels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pixels({}×{} {:?})", self.width, self.height, self.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_buffer_has_to_fit() {
        let make = |width, length| Pixels::new(width, 2, PixelKind::Rgb8, vec![0; length]);
        assert!(make(4, 24).is_ok());
        assert_eq!(make(4, 23), Err(PixelsError));
        assert_eq!(make(0, 0), Err(PixelsError));
        assert_eq!(make(usize::MAX, 24), Err(PixelsError));
    }
}
