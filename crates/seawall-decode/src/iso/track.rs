//! The pictures of an image sequence: the first picture track of a `moov` box
//! (ISO/IEC 14496-12, 8.3 to 8.7), and where its samples lie.

use std::ops::Range;

use image::metadata::Orientation;

use super::reader::{Found, Reader, boxes};
use super::turned;

/// The samples of one track, one picture each.
#[derive(Clone, Debug)]
pub(crate) struct Track<'a> {
    /// How its samples are coded: the name of the kind.
    pub(crate) kind: [u8; 4],
    /// As its description says.
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Where each sample lies; it may be cut off.
    pub(crate) samples: Vec<Range<u64>>,
    /// Whether there are more samples than are listed here.
    pub(crate) is_longer: bool,
    bytes: &'a [u8],
    properties: Vec<Found>,
}

impl<'a> Track<'a> {
    /// The first picture track; `None` where there is none that can be read.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut tracks = handled(bytes, *b"pict");
        tracks.find_map(|media| Self::of_media(bytes, media))
    }

    fn of_media(bytes: &'a [u8], media: Range<usize>) -> Option<Self> {
        let table = child(bytes, child(bytes, media, *b"minf")?, *b"stbl")?;
        let content = |kind| bytes.get(child(bytes, table.clone(), kind)?);
        let sizes = sizes(content(*b"stsz")?)?;
        let is_longer = sizes.len() > SAMPLES_MAX;
        let offsets = match content(*b"stco") {
            Some(content) => offsets(content, 4)?,
            None => offsets(content(*b"co64")?, 8)?,
        };
        let samples = placed(sizes.take(SAMPLES_MAX), &offsets, content(*b"stsc")?)?;
        let description = child(bytes, table.clone(), *b"stsd")?;
        // Version, flags and a count come before the descriptions.
        let (kind, entry) = boxes(bytes, description.start + 8..description.end).next()?;
        let mut reader = Reader::new(bytes.get(entry.clone())?);
        reader.skip(ENTRY_SIZE_PLACE)?;
        let (width, height) = (reader.u16()?.into(), reader.u16()?.into());
        let properties = boxes(bytes, entry.start + ENTRY_BYTES..entry.end);
        Some(Self {
            kind,
            width,
            height,
            samples,
            is_longer,
            bytes,
            properties: properties.take(PROPERTIES_MAX).collect(),
        })
    }

    /// The coded bytes of a sample; `None` where some are missing.
    pub(crate) fn data(&self, sample: &Range<u64>) -> Option<&'a [u8]> {
        let start = usize::try_from(sample.start).ok()?;
        self.bytes.get(start..usize::try_from(sample.end).ok()?)
    }

    /// Kinds and contents of what describes all samples.
    pub(crate) fn properties(&self) -> impl Iterator<Item = ([u8; 4], &'a [u8])> {
        let found = self.properties.iter();
        found.filter_map(|(kind, content)| Some((*kind, self.bytes.get(content.clone())?)))
    }

    /// How the stored pixels are turned to be shown.
    pub(crate) fn orientation(&self) -> Orientation {
        turned(self.properties())
    }
}

/// Whether there is a track of transparency.
pub(crate) fn has_alpha(bytes: &[u8]) -> bool {
    handled(bytes, *b"auxv").next().is_some()
}

/// The media of the tracks that are handled in this way.
fn handled(bytes: &[u8], handler: [u8; 4]) -> impl Iterator<Item = Range<usize>> {
    let film = child(bytes, 0..bytes.len(), *b"moov").unwrap_or(0..0);
    let tracks = boxes(bytes, film).take(TRACKS_MAX);
    let tracks = tracks.filter(|(kind, _)| kind == b"trak");
    tracks.filter_map(move |(_, track)| {
        let media = child(bytes, track, *b"mdia")?;
        let mut reader = Reader::new(bytes.get(child(bytes, media.clone(), *b"hdlr")?)?);
        reader.skip(8)?;
        (reader.kind()? == handler).then_some(media)
    })
}

fn child(bytes: &[u8], part: Range<usize>, wanted: [u8; 4]) -> Option<Range<usize>> {
    let mut found = boxes(bytes, part).take(BOXES_MAX);
    found
        .find(|(kind, _)| *kind == wanted)
        .map(|(_, content)| content)
}

/// The size of each sample.
fn sizes(content: &[u8]) -> Option<impl ExactSizeIterator<Item = u32>> {
    let mut reader = Reader::new(content);
    reader.skip(4)?;
    let (all, count) = (reader.u32()?, reader.u32()? as usize);
    let listed = if all == 0 {
        reader.take(count.checked_mul(4)?)?
    } else {
        &[]
    };
    let listed = listed.as_chunks::<4>().0;
    Some((0..count).map(move |at| listed.get(at).map_or(all, |size| u32::from_be_bytes(*size))))
}

/// Where each chunk begins, by numbers of so many bytes.
fn offsets(content: &[u8], number_bytes: usize) -> Option<Vec<u64>> {
    let mut reader = Reader::new(content);
    reader.skip(4)?;
    let count = reader.u32()?;
    let count = usize::try_from(count).ok()?.min(SAMPLES_MAX);
    (0..count).map(|_| reader.number(number_bytes)).collect()
}

/// Samples lie in chunks, one behind the other; a list says from which chunk on there are how
/// many in each.
fn placed(
    sizes: impl Iterator<Item = u32>,
    offsets: &[u64],
    runs: &[u8],
) -> Option<Vec<Range<u64>>> {
    let mut reader = Reader::new(runs);
    reader.skip(8)?;
    let mut run = || Some((reader.u32()?, reader.u32()?, reader.u32()?));
    let (mut in_chunk, mut next) = (run()?.1, run());
    let mut samples = Vec::new();
    let mut sizes = sizes.peekable();
    for (chunk, &offset) in (1_u32..).zip(offsets) {
        if let Some((first, count, _)) = next
            && first <= chunk
        {
            (in_chunk, next) = (count, run());
        }
        let mut start = offset;
        for size in sizes.by_ref().take(in_chunk as usize) {
            let end = start.checked_add(size.into())?;
            samples.push(start..end);
            start = end;
        }
        if sizes.peek().is_none() {
            return Some(samples);
        }
    }
    // There are samples without a place.
    None
}

const BOXES_MAX: usize = 1000;
const TRACKS_MAX: usize = 16;
const PROPERTIES_MAX: usize = 64;
/// An hour and more of pictures.
const SAMPLES_MAX: usize = 1 << 16;
/// Before the size in the description of a picture track.
const ENTRY_SIZE_PLACE: usize = 24;
/// Before the boxes in it.
const ENTRY_BYTES: usize = 78;

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn samples_lie_one_behind_the_other_in_their_chunks() {
        // One sample in the first two chunks, two in the others.
        let runs = words(&[0, 2, 1, 1, 1, 3, 2, 1]);
        let found = placed([5, 6, 7, 8, 9].into_iter(), &[100, 200, 300, 400], &runs);
        let expected = [100..105, 200..206, 300..307, 307..315, 400..409];
        assert_eq!(found.as_deref(), Some(&expected[..]));
        assert_eq!(placed([5, 6].into_iter(), &[100], &runs), None);
        assert_eq!(placed([5].into_iter(), &[u64::MAX], &runs), None);
        assert_eq!(placed([5].into_iter(), &[100], &words(&[0, 0])), None);
    }

    #[test]
    fn sizes_are_listed_or_all_the_same() {
        let listed = words(&[0, 0, 3, 7, 8, 9]);
        let found = sizes(&listed).map(Iterator::collect::<Vec<_>>);
        assert_eq!(found, Some(vec![7, 8, 9]));
        let same = words(&[0, 5, u32::MAX]);
        let mut found = sizes(&same).expect("a list");
        assert_eq!((found.len(), found.next()), (u32::MAX as usize, Some(5)));
        assert!(sizes(&words(&[0, 0, 4, 7, 8, 9])).is_none());
    }

    #[test]
    fn the_first_picture_track_is_read() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors");
        let bytes = std::fs::read(format!("{folder}/animated.avif")).expect("a vector");
        let track = Track::read(&bytes).expect("a track");
        assert_eq!(
            (track.kind, track.width, track.height),
            (*b"av01", 320, 240)
        );
        assert_eq!((track.samples.len(), track.is_longer), (3, false));
        let data = track.samples.iter().map(|sample| track.data(sample));
        assert!(data.clone().all(|data| data.is_some()));
        assert!(!has_alpha(&bytes));
        // Where the file is cut, the last sample is.
        let cut = &bytes[..bytes.len() - 1];
        let track = Track::read(cut).expect("a track");
        assert!(track.data(&track.samples[2]).is_none());
    }

    proptest::proptest! {
        /// Whatever a track says, nothing is read beyond the bytes.
        #[test]
        fn no_track_is_too_odd(
            changes in proptest::collection::vec((236_usize..1000, proptest::num::u8::ANY), 1..8),
            length in 236_usize..1100,
        ) {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors");
            let mut bytes = std::fs::read(format!("{folder}/animated.avif")).expect("a vector");
            for (place, value) in changes {
                bytes[place] = value;
            }
            bytes.truncate(length);
            if let Some(track) = Track::read(&bytes) {
                proptest::prop_assert!(track.samples.len() <= SAMPLES_MAX);
                for sample in &track.samples {
                    track.data(sample);
                }
                track.orientation();
            }
        }
    }
}
