//! The screen on which the frames of an animation are put together.

use image::ColorType;
use seawall_core::Reason;

use crate::layout::Layout;

/// A screen of four bytes a pixel, see-through at first.
pub(crate) struct Canvas {
    width: usize,
    height: usize,
    rgba: Vec<u8>,
    before: Option<Before>,
}

/// A frame as its file gives it.
pub(crate) struct Frame<'a> {
    pub(crate) left: usize,
    pub(crate) top: usize,
    pub(crate) width: usize,
    /// Four bytes a pixel.
    pub(crate) rgba: &'a [u8],
    pub(crate) blend: Blend,
    pub(crate) disposal: Disposal,
}

/// How a frame is laid on what is there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blend {
    /// Its pixels replace what is there, transparency included.
    Replace,
    /// What is there shows through its transparent pixels.
    Over,
}

/// What becomes of a frame before the next one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disposal {
    /// It stays.
    Keep,
    /// Its place becomes see-through.
    Clear,
    /// What was there before comes back.
    Restore,
}

/// What to do before the next frame is drawn.
struct Before {
    place: Place,
    /// The rows under the frame as they were; none where its place is to be cleared.
    saved: Option<Vec<u8>>,
}

/// The part of the screen that a frame covers, clipped to the screen.
#[derive(Clone, Copy)]
struct Place {
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
}

impl Canvas {
    /// Bytes a pixel that a canvas, a copy of it handed out, its saved rows and one frame of
    /// the size of the screen take at most.
    pub(crate) const BYTES_A_PIXEL: u64 = 4 + 5 + 4 + 4;

    pub(crate) fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            rgba: vec![0; width * height * 4],
            before: None,
        }
    }

    /// Disposes of the frame before and draws this one, clipped to the screen.
    pub(crate) fn draw(&mut self, frame: &Frame<'_>) {
        self.dispose();
        let place = self.clipped(frame);
        self.before = match frame.disposal {
            Disposal::Keep => None,
            Disposal::Clear => Some(Before { place, saved: None }),
            Disposal::Restore => Some(Before {
                place,
                saved: Some(self.rows(place)),
            }),
        };
        for (row, y) in (place.top..place.bottom).enumerate() {
            let start = row * frame.width * 4;
            let length = (place.right - place.left) * 4;
            let source = &frame.rgba[start..start + length];
            let target = (y * self.width + place.left) * 4;
            let target = &mut self.rgba[target..target + length];
            match frame.blend {
                Blend::Replace => target.copy_from_slice(source),
                Blend::Over => lay_over(target, source),
            }
        }
    }

    /// Makes black what is see-through where a frame that was drawn lacks pixels, by row and column.
    pub(crate) fn blacken(&mut self, frame: &Frame<'_>, lacks: impl Fn(usize, usize) -> bool) {
        let place = self.clipped(frame);
        for (row, y) in (place.top..place.bottom).enumerate() {
            let pixels = self.rgba.as_chunks_mut::<4>().0;
            let pixels = &mut pixels[y * self.width..][place.left..place.right];
            for (column, pixel) in pixels.iter_mut().enumerate() {
                if pixel[3] == 0 && lacks(row, column) {
                    *pixel = [0, 0, 0, u8::MAX];
                }
            }
        }
    }

    /// A copy of the screen as it is now.
    pub(crate) fn layout(&self) -> Result<Layout, Reason> {
        // Both sides were read from 32-bit fields.
        let size = (self.width as u32, self.height as u32);
        Layout::from_image(size, ColorType::Rgba8, self.rgba.clone())
    }

    fn dispose(&mut self) {
        let Some(Before { place, saved }) = self.before.take() else {
            return;
        };
        let length = (place.right - place.left) * 4;
        for (row, y) in (place.top..place.bottom).enumerate() {
            let target = (y * self.width + place.left) * 4;
            let target = &mut self.rgba[target..target + length];
            match &saved {
                Some(saved) => target.copy_from_slice(&saved[row * length..(row + 1) * length]),
                None => target.fill(0),
            }
        }
    }

    fn rows(&self, place: Place) -> Vec<u8> {
        let rows = (place.top..place.bottom).map(|y| {
            let row = y * self.width;
            &self.rgba[(row + place.left) * 4..(row + place.right) * 4]
        });
        rows.flatten().copied().collect()
    }

    fn clipped(&self, frame: &Frame<'_>) -> Place {
        let height = frame.rgba.len() / 4 / frame.width.max(1);
        let left = frame.left.min(self.width);
        let top = frame.top.min(self.height);
        Place {
            left,
            top,
            right: left.saturating_add(frame.width).min(self.width),
            bottom: top.saturating_add(height).min(self.height),
        }
    }
}

/// "Over" for colours that are not multiplied by their alpha (PNG, third edition, 13.16).
fn lay_over(target: &mut [u8], source: &[u8]) {
    for (under, over) in target.chunks_exact_mut(4).zip(source.chunks_exact(4)) {
        match over[3] {
            0 => {}
            u8::MAX => under.copy_from_slice(over),
            alpha => {
                let (over_share, under_share) = shares(alpha, under[3]);
                let sum = (over_share + under_share).max(1);
                for channel in 0..3 {
                    let mixed = u32::from(over[channel]) * over_share
                        + u32::from(under[channel]) * under_share;
                    under[channel] = u8::try_from((mixed + sum / 2) / sum).unwrap_or(u8::MAX);
                }
                under[3] = u8::try_from((sum + 127) / 255).unwrap_or(u8::MAX);
            }
        }
    }
}

/// How much each colour counts, in 255ths of 255.
fn shares(over: u8, under: u8) -> (u32, u32) {
    let (over, under) = (u32::from(over), u32::from(under));
    (over * 255, under * (255 - over))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: [u8; 4] = [255, 0, 0, 255];
    const GREEN: [u8; 4] = [0, 255, 0, 255];
    const NOTHING: [u8; 4] = [0; 4];

    fn frame(rgba: &[u8], disposal: Disposal) -> Frame<'_> {
        Frame {
            left: 1,
            top: 0,
            width: 2,
            rgba,
            blend: Blend::Over,
            disposal,
        }
    }

    #[test]
    fn frames_are_disposed_of_as_they_ask() {
        let red = RED.repeat(2);
        let green = [GREEN, NOTHING].concat();
        for (disposal, expected) in [
            (Disposal::Keep, [NOTHING, GREEN, RED]),
            (Disposal::Clear, [NOTHING, GREEN, NOTHING]),
            (Disposal::Restore, [NOTHING, GREEN, NOTHING]),
        ] {
            let mut canvas = Canvas::new(3, 1);
            canvas.draw(&frame(&red, disposal));
            assert_eq!(canvas.rgba, [NOTHING, RED, RED].concat());
            canvas.draw(&frame(&green, Disposal::Keep));
            assert_eq!(canvas.rgba, expected.concat());
        }
        let mut canvas = Canvas::new(3, 1);
        canvas.draw(&frame(&red, Disposal::Keep));
        canvas.draw(&frame(&green, Disposal::Restore));
        canvas.draw(&frame(&NOTHING.repeat(2), Disposal::Keep));
        assert_eq!(canvas.rgba, [NOTHING, RED, RED].concat());
    }

    #[test]
    fn half_transparent_pixels_mix() {
        let mut under = [0, 0, 200, 255];
        lay_over(&mut under, &[100, 0, 0, 128]);
        assert_eq!(under, [50, 0, 100, 255]);
        let mut nothing = NOTHING;
        lay_over(&mut nothing, &[100, 0, 0, 128]);
        assert_eq!(nothing, [100, 0, 0, 128]);
    }

    #[test]
    fn frames_beyond_the_screen_are_clipped() {
        let red = RED.repeat(6);
        for (left, top) in [(0, 0), (2, 0), (3, 1), (usize::MAX, usize::MAX)] {
            let mut canvas = Canvas::new(3, 1);
            for disposal in [Disposal::Restore, Disposal::Clear] {
                canvas.draw(&Frame {
                    left,
                    top,
                    width: 3,
                    ..frame(&red, disposal)
                });
            }
            let covered = 3_usize.saturating_sub(left) * usize::from(top == 0);
            let reds = canvas.rgba.chunks(4).filter(|pixel| **pixel == RED).count();
            assert_eq!(reds, covered);
        }
    }
}
