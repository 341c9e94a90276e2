//! The boxes of pictures in ISO base media files: HEIF and AVIF (ISO/IEC 14496-12, 23008-12).
//!
//! Only what names, places and turns a picture is read. Every length is checked against the
//! bytes there are, and every list against a limit.

mod meta;
mod reader;
mod shown;
mod track;

use std::borrow::Cow;
use std::ops::Range;

use image::metadata::Orientation;

use crate::orientation::Turning;

pub(crate) use reader::{Reader, boxes};
pub(crate) use track::{Track, has_alpha};

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
    fn primary(&self) -> Option<&Item> {
        self.item(self.primary)
    }

    /// The picture that the file is about, behind those that are the same as another one: the
    /// one with pixels comes first. Empty where there is none.
    pub(crate) fn primary_chain(&self) -> Vec<&Item> {
        let mut chain: Vec<&Item> = self.primary().into_iter().collect();
        while let Some(item) = chain.last()
            && item.kind == *b"iden"
            && chain.len() <= CHAIN_MAX
        {
            let [source] = self.referred(item.id, *b"dimg") else {
                break;
            };
            let Some(source) = self.item(*source) else {
                break;
            };
            chain.push(source);
        }
        chain.reverse();
        chain
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

    /// The plane of alpha that belongs to one of these items.
    pub(crate) fn alpha_of(&self, chain: &[&Item]) -> Option<&Item> {
        let belongs = |to: &[u32]| chain.iter().any(|item| to.contains(&item.id));
        let mut auxiliary = self
            .references
            .iter()
            .filter(|reference| reference.kind == *b"auxl" && belongs(&reference.to))
            .filter_map(|reference| self.item(reference.from));
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
        let lengths = item.extents.iter().map(|&(_, length)| length);
        let total = lengths.fold(0, u64::saturating_add);
        if total > bytes_max {
            return None;
        }
        let parts: Option<Vec<&[u8]>> = item.extents.iter().map(part).collect();
        parts.map(|parts| Cow::Owned(parts.concat()))
    }

    /// What there is of an item of one piece whose end is missing; `None` where nothing is
    /// missing, or all.
    pub(crate) fn cut_data(&self, item: &Item) -> Option<&'a [u8]> {
        let [(offset, length)] = item.extents[..] else {
            return None;
        };
        let there = self.bytes.get(usize::try_from(offset).ok()?..)?;
        let is_cut = !item.is_inline && !there.is_empty() && (there.len() as u64) < length;
        is_cut.then_some(there)
    }

    /// The coded bytes of an item in the place where they lie, where that is one.
    pub(crate) fn piece(&self, item: &Item) -> Option<&'a [u8]> {
        match self.data(item, 0)? {
            Cow::Borrowed(data) => Some(data),
            Cow::Owned(_) => None,
        }
    }

    /// How many coded bytes an item has, where all are there.
    pub(crate) fn data_bytes(&self, item: &Item) -> u64 {
        let all = self.bytes.len() as u64;
        let lengths = item.extents.iter().map(|&(_, length)| match length {
            0 => all,
            length => length.min(all),
        });
        lengths.fold(0, u64::saturating_add)
    }

    /// Width and height as the properties of an item say.
    pub(crate) fn size(&self, item: &Item) -> Option<(u32, u32)> {
        let mut content = Reader::new(self.property(item, *b"ispe")?);
        content.skip(4)?;
        Some((content.u32()?, content.u32()?))
    }

    /// How the stored pixels are turned to be shown.
    pub(crate) fn orientation(&self, chain: &[&Item]) -> Orientation {
        turned(chain.iter().flat_map(|item| self.properties_of(item)))
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

    /// What an item is like: kinds and contents.
    pub(crate) fn properties_of(&self, item: &Item) -> impl Iterator<Item = ([u8; 4], &'a [u8])> {
        item.properties.iter().filter_map(|&number| {
            let place = usize::from(number).checked_sub(1)?;
            let (kind, content) = self.properties.get(place)?;
            Some((*kind, self.bytes.get(content.clone())?))
        })
    }
}

/// Whether there is a film beside the still picture.
pub(crate) fn is_sequence(bytes: &[u8]) -> bool {
    boxes(bytes, 0..bytes.len()).any(|(kind, _)| kind == *b"moov")
}

/// All turns that these properties ask for.
fn turned<'a>(properties: impl Iterator<Item = ([u8; 4], &'a [u8])>) -> Orientation {
    let steps = properties.filter_map(|(kind, content)| turn(kind, content));
    let steps = steps.map(Turning::of);
    steps.fold(Turning::NONE, Turning::then).orientation()
}

/// The turn that a property asks for.
fn turn(kind: [u8; 4], content: &[u8]) -> Option<Orientation> {
    let value = content.first().copied().unwrap_or(0);
    match &kind {
        // Quarter turns, anticlockwise.
        b"irot" => Some(match value & 3 {
            1 => Orientation::Rotate270,
            2 => Orientation::Rotate180,
            3 => Orientation::Rotate90,
            _ => Orientation::NoTransforms,
        }),
        b"imir" if value & 1 == 0 => Some(Orientation::FlipVertical),
        b"imir" => Some(Orientation::FlipHorizontal),
        _ => None,
    }
}

/// The names that the alpha plane goes by, in MIAF and in HEVC.
const ALPHA_PURPOSES: [&[u8]; 2] = [
    b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha",
    b"urn:mpeg:hevc:2015:auxid:1",
];
const GRID_BYTES_MAX: u64 = 64;
const CHAIN_MAX: usize = 32;
