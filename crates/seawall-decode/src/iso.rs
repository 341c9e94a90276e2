//! The boxes of pictures in ISO base media files: HEIF and AVIF (ISO/IEC 14496-12, 23008-12).
//!
//! Only what names, places and turns a picture is read. Every length is checked against the
//! bytes there are, and every list against a limit.

mod meta;
mod reader;

use std::borrow::Cow;
use std::ops::Range;

use image::metadata::Orientation;

use crate::orientation::Turning;

pub(crate) use reader::{Reader, boxes};

/// The pictures of one file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Container<'a> {
    bytes: &'a [u8],
    primary: u32,
    items: Vec<Item>,
    references: Vec<Reference>,
    /// What pictures share: kind, and where the content lies in the file.
    properties: Vec<([u8; 4], Range<usize>)>,
    inline: &'a [u8],
}

/// A picture, a tile of one, or what belongs to one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) id: u32,
    pub(crate) kind: [u8; 4],
    /// Places in the file, or in the inline data.
    extents: Vec<(u64, u64)>,
    is_inline: bool,
    /// Numbers of properties, from 1.
    properties: Vec<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Reference {
    kind: [u8; 4],
    from: u32,
    to: Vec<u32>,
}

/// How tiles make a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    pub(crate) rows: u32,
    pub(crate) columns: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl<'a> Container<'a> {
    /// The pictures of a file; `None` where it describes none.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        meta::read(bytes)
    }

    /// The picture that the file is about.
    pub(crate) fn primary(&self) -> Option<&Item> {
        self.item(self.primary)
    }

    pub(crate) fn item(&self, id: u32) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id)
    }

    /// What an item refers to in this way.
    pub(crate) fn referred(&self, from: u32, kind: [u8; 4]) -> &[u32] {
        let mut found = self.references.iter();
        let found = found.find(|reference| reference.from == from && reference.kind == kind);
        found.map_or(&[], |reference| &reference.to)
    }

    /// The plane of alpha that belongs to an item.
    pub(crate) fn alpha_of(&self, id: u32) -> Option<&Item> {
        let auxiliary = self
            .references
            .iter()
            .filter(|reference| reference.kind == *b"auxl" && reference.to.contains(&id))
            .filter_map(|reference| self.item(reference.from));
        let mut auxiliary = auxiliary;
        auxiliary.find(|item| {
            let purpose = self.property(item, *b"auxC").unwrap_or_default();
            let purpose = purpose.get(4..).unwrap_or_default();
            let purpose = purpose.split(|&byte| byte == 0).next().unwrap_or_default();
            ALPHA_PURPOSES.contains(&purpose)
        })
    }

    /// The content of a property of an item.
    pub(crate) fn property(&self, item: &Item, kind: [u8; 4]) -> Option<&'a [u8]> {
        let found = self.properties_of(item).find(|(found, _)| *found == kind);
        found.map(|(_, content)| content)
    }

    /// The coded bytes of an item, at most `bytes_max` of them.
    pub(crate) fn data(&self, item: &Item, bytes_max: u64) -> Option<Cow<'a, [u8]>> {
        let source = if item.is_inline {
            self.inline
        } else {
            self.bytes
        };
        let part = |&(offset, length): &(u64, u64)| {
            let start = usize::try_from(offset).ok()?;
            let rest = source.get(start..)?;
            match usize::try_from(length).ok()? {
                0 => Some(rest),
                length => rest.get(..length),
            }
        };
        if let [one] = &item.extents[..] {
            return part(one).map(Cow::Borrowed);
        }
        let total: u64 = item.extents.iter().map(|&(_, length)| length).sum();
        if total > bytes_max {
            return None;
        }
        let parts: Option<Vec<&[u8]>> = item.extents.iter().map(part).collect();
        parts.map(|parts| Cow::Owned(parts.concat()))
    }

    /// Width and height as the properties of an item say.
    pub(crate) fn size(&self, item: &Item) -> Option<(u32, u32)> {
        let mut content = Reader::new(self.property(item, *b"ispe")?);
        content.skip(4)?;
        Some((content.u32()?, content.u32()?))
    }

    /// How an item's stored pixels are turned to be shown.
    pub(crate) fn orientation(&self, item: &Item) -> Orientation {
        let mut turning = Turning::NONE;
        for (kind, content) in self.properties_of(item) {
            let value = content.first().copied().unwrap_or(0);
            let step = match &kind {
                // Quarter turns, anticlockwise.
                b"irot" => match value & 3 {
                    1 => Orientation::Rotate270,
                    2 => Orientation::Rotate180,
                    3 => Orientation::Rotate90,
                    _ => Orientation::NoTransforms,
                },
                b"imir" if value & 1 == 0 => Orientation::FlipVertical,
                b"imir" => Orientation::FlipHorizontal,
                _ => continue,
            };
            turning = turning.then(Turning::of(step));
        }
        turning.orientation()
    }

    /// How the tiles of a grid item lie.
    pub(crate) fn grid(&self, item: &Item) -> Option<Grid> {
        let content = self.data(item, GRID_BYTES_MAX)?;
        let mut content = Reader::new(&content);
        content.skip(1)?;
        let is_wide = content.u8()? & 1 == 1;
        let (rows, columns) = (u32::from(content.u8()?) + 1, u32::from(content.u8()?) + 1);
        let mut side = || {
            if is_wide {
                content.u32()
            } else {
                content.u16().map(u32::from)
            }
        };
        let (width, height) = (side()?, side()?);
        Some(Grid {
            rows,
            columns,
            width,
            height,
        })
    }

    fn properties_of(&self, item: &Item) -> impl Iterator<Item = ([u8; 4], &'a [u8])> {
        item.properties.iter().filter_map(|&number| {
            let place = usize::from(number).checked_sub(1)?;
            let (kind, content) = self.properties.get(place)?;
            Some((*kind, self.bytes.get(content.clone())?))
        })
    }
}

/// The names that the alpha plane goes by, in MIAF and in HEVC.
const ALPHA_PURPOSES: [&[u8]; 2] = [
    b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha",
    b"urn:mpeg:hevc:2015:auxid:1",
];
const GRID_BYTES_MAX: u64 = 64;
