//! The markers of a JPEG, read without decoding anything (ITU-T T.81, annex B).

/// What the markers say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Structure {
    /// The first frame header.
    pub(crate) frame: Option<Frame>,
    /// Scans that begin.
    pub(crate) scans: u64,
    /// Components in the first of them.
    pub(crate) first_scan_components: u8,
    /// Bytes of compressed data in all scans.
    pub(crate) entropy_bytes: u64,
    /// The place behind the end marker, or where another picture begins without one.
    pub(crate) end: Option<usize>,
    /// Whether there is an end marker.
    pub(crate) has_end: bool,
}

/// A frame header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The second byte of its marker, which says how the picture is coded.
    pub(crate) marker: u8,
    /// Bits a sample.
    pub(crate) precision: u8,
    /// Width in pixels.
    pub(crate) width: u16,
    /// Height in pixels.
    pub(crate) height: u16,
    /// Colour components.
    pub(crate) components: u8,
    /// Whether the first of three components is as fine as the picture and the others are as
    /// fine, half as fine across, or half as fine both ways: what cameras and programs write.
    pub(crate) is_common: bool,
}

impl Frame {
    /// What this coding is called, where it is one that is not decoded.
    pub(crate) fn undecoded(self) -> Option<&'static str> {
        match self.marker {
            0xC0..=0xC2 if self.precision != 8 => Some("JPEG with more than 8 bits a sample"),
            0xC0..=0xC2 => None,
            0xC3 => Some("lossless JPEG"),
            0xC9..=0xCB | 0xCD..=0xCF => Some("JPEG with arithmetic coding"),
            _ => Some("hierarchical JPEG"),
        }
    }
}

/// Walks the markers as far as they go.
pub(crate) fn structure(bytes: &[u8]) -> Structure {
    let mut structure = Structure::default();
    let mut rest = Markers { bytes, position: 2 };
    while let Some(marker) = rest.marker() {
        match marker {
            END => {
                structure.end = Some(rest.position);
                structure.has_end = true;
                break;
            }
            START if structure.scans > 0 => {
                // Those inside of segments were skipped with them.
                structure.end = Some(rest.position - 2);
                break;
            }
            START | STANDALONE | 0xD0..=0xD7 => {}
            marker => {
                let Some(segment) = rest.segment() else {
                    break;
                };
                if is_frame(marker) && structure.frame.is_none() {
                    structure.frame = frame(marker, segment);
                }
                if marker == SCAN {
                    if structure.scans == 0 {
                        structure.first_scan_components = segment.first().copied().unwrap_or(0);
                    }
                    structure.scans += 1;
                    structure.entropy_bytes += rest.skip_entropy();
                }
            }
        }
    }
    structure
}

/// The largest frame, in pixels, that anything in these bytes announces, wherever it stands:
/// for JPEG data inside other files, which another parser than this one will read.
pub(crate) fn largest_frame(bytes: &[u8]) -> Option<Frame> {
    let frames = bytes.windows(2).enumerate().filter_map(|(place, pair)| {
        if pair[0] != 0xFF || !is_frame(pair[1]) {
            return None;
        }
        frame(pair[1], bytes.get(place + 4..)?)
    });
    frames.max_by_key(|frame| u32::from(frame.width) * u32::from(frame.height))
}

struct Markers<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Markers<'a> {
    /// The next marker; bytes that belong to none are skipped.
    fn marker(&mut self) -> Option<u8> {
        loop {
            let rest = self.bytes.get(self.position..)?;
            self.position += memchr::memchr(0xFF, rest)? + 1;
            let fill = self.bytes[self.position..].iter();
            self.position += fill.take_while(|&&byte| byte == 0xFF).count();
            let &marker = self.bytes.get(self.position)?;
            self.position += 1;
            if marker != 0 {
                return Some(marker);
            }
        }
    }

    fn segment(&mut self) -> Option<&'a [u8]> {
        let length = self.bytes.get(self.position..self.position + 2)?;
        let length = usize::from(u16::from_be_bytes([length[0], length[1]])).max(2);
        let segment = self.bytes.get(self.position + 2..self.position + length)?;
        self.position += length;
        Some(segment)
    }

    /// Compressed data runs to the next marker that is neither an escaped byte nor a restart.
    fn skip_entropy(&mut self) -> u64 {
        let start = self.position;
        while let Some(rest) = self.bytes.get(self.position..) {
            let Some(place) = memchr::memchr(0xFF, rest) else {
                self.position = self.bytes.len();
                break;
            };
            self.position += place;
            match self.bytes.get(self.position + 1) {
                Some(0 | 0xD0..=0xD7) => self.position += 2,
                Some(_) => break,
                None => self.position = self.bytes.len(),
            }
            if self.position == self.bytes.len() {
                break;
            }
        }
        (self.position - start) as u64
    }
}

fn is_frame(marker: u8) -> bool {
    // C4, C8 and CC are tables and reserved.
    matches!(marker, 0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF)
}

fn frame(marker: u8, segment: &[u8]) -> Option<Frame> {
    let &[precision, h1, h0, w1, w0, components, ref described @ ..] = segment else {
        return None;
    };
    let sampling = described.chunks_exact(3).map(|component| component[1]);
    Some(Frame {
        marker,
        precision,
        width: u16::from_be_bytes([w1, w0]),
        height: u16::from_be_bytes([h1, h0]),
        components,
        is_common: [[0x11; 3], [0x21, 0x11, 0x11], [0x22, 0x11, 0x11]]
            .iter()
            .any(|common| sampling.clone().eq(*common)),
    })
}

/// The marker of a frame that comes in scans of more and more detail.
pub(crate) const PROGRESSIVE: u8 = 0xC2;
const START: u8 = 0xD8;
const END: u8 = 0xD9;
const SCAN: u8 = 0xDA;
const STANDALONE: u8 = 0x01;

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_testkit::{jpeg, picture};

    #[test]
    fn a_whole_file_and_its_beginnings_are_walked() {
        let file = jpeg(&picture(80, 60, 1), 90);
        let whole = structure(&file);
        let frame = Frame {
            marker: 0xC0,
            precision: 8,
            width: 80,
            height: 60,
            components: 3,
            is_common: true,
        };
        assert_eq!(whole.frame, Some(frame));
        assert_eq!((whole.scans, whole.end), (1, Some(file.len())));
        assert_eq!(frame.undecoded(), None);
        let two = [&file[..], b"\0\0", &file].concat();
        assert_eq!(structure(&two), whole);
        let cut = structure(&file[..file.len() / 2]);
        assert_eq!((cut.frame, cut.scans, cut.end), (Some(frame), 1, None));
        assert_eq!(cut.first_scan_components, 3);
        let half = &file[..file.len() / 2];
        assert_eq!(structure(&[half, &file].concat()).end, Some(half.len()));
        assert!(cut.entropy_bytes < whole.entropy_bytes);
        for length in 0..file.len().min(700) {
            structure(&file[..length]);
        }
    }

    #[test]
    fn the_largest_of_several_frames_is_found() {
        let small = jpeg(&picture(80, 60, 1), 90);
        let large = jpeg(&picture(90, 70, 1), 90);
        let both = [&small[..], b"between", &large, &small].concat();
        assert_eq!(largest_frame(&both).map(|frame| frame.width), Some(90));
        assert_eq!(largest_frame(b"none"), None);
    }

    #[test]
    fn codings_that_are_not_decoded_have_a_name() {
        let frame = |marker, precision| Frame {
            marker,
            precision,
            width: 8,
            height: 8,
            components: 1,
            is_common: false,
        };
        for (marker, precision) in [(0xC1, 12), (0xC3, 8), (0xC9, 8), (0xC5, 8)] {
            assert!(frame(marker, precision).undecoded().is_some());
        }
        assert_eq!(frame(0xC2, 8).undecoded(), None);
    }
}
