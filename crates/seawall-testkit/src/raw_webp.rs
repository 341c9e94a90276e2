//! Animated WebP files, which the encoder does not write: lossless frames put in a container.

use seawall_core::Pixels;

/// An animation of frames that each fill the screen, with an Exif orientation, 1 to 8.
///
/// # Panics
/// Where there is no frame.
#[must_use]
pub fn animated_webp(frames: &[Pixels], orientation: u8) -> Vec<u8> {
    let first = frames.first().expect("an animation has a frame");
    let size = [less_one(first.width()), less_one(first.height())].concat();
    let mut out = b"RIFF\0\0\0\0WEBP".to_vec();
    let flags = ANIMATION | EXIF;
    push_chunk(&mut out, b"VP8X", &[&[flags, 0, 0, 0][..], &size].concat());
    push_chunk(&mut out, b"ANIM", &[0; 6]);
    for frame in frames {
        let still = crate::webp(frame);
        let header = [&[0; 6][..], &size, &[50, 0, 0, 0]].concat();
        // After the container's own 12 bytes comes the one chunk with the picture.
        push_chunk(&mut out, b"ANMF", &[&header, &still[12..]].concat());
    }
    let mut exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    push_chunk(&mut out, b"EXIF", &exif);
    let length = u32::try_from(out.len() - 8).expect("test files are small");
    out[4..8].copy_from_slice(&length.to_le_bytes());
    out
}

fn push_chunk(out: &mut Vec<u8>, name: &[u8; 4], content: &[u8]) {
    out.extend(name);
    let length = u32::try_from(content.len()).expect("test chunks are small");
    out.extend(length.to_le_bytes());
    out.extend(content);
    out.resize(out.len().next_multiple_of(2), 0);
}

/// A side as the format writes it: less one, in three bytes.
fn less_one(side: usize) -> [u8; 3] {
    let bytes = u32::try_from(side - 1).expect("test pictures are small");
    let [low, middle, high, _] = bytes.to_le_bytes();
    [low, middle, high]
}

const ANIMATION: u8 = 2;
const EXIF: u8 = 8;
