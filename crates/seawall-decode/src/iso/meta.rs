//! The `meta` box: which items there are, where they lie and what they are like.

use std::ops::Range;

use super::reader::{Reader, boxes};
use super::{Container, Item, Reference};

pub(super) fn read(bytes: &[u8]) -> Option<Container<'_>> {
    let meta = child(bytes, 0..bytes.len(), *b"meta")?;
    // A version and flags come before its boxes.
    let meta = meta.start.checked_add(4)?..meta.end;
    let mut container = Container {
        bytes,
        ..Container::default()
    };
    let mut ids = Vec::new();
    // The boxes come in any order; what the others speak of is made by this one.
    let places = child(bytes, meta.clone(), *b"iloc");
    if let Some(places) = places {
        container.items = locations(bytes.get(places)?)?;
    }
    for (kind, content) in boxes(bytes, meta).take(BOXES_MAX) {
        let inner = bytes.get(content.clone())?;
        match &kind {
            b"pitm" => container.primary = primary(inner)?,
            b"iinf" => ids = kinds(bytes, content)?,
            b"iref" => container.references = references(bytes, content)?,
            b"iprp" => properties(&mut container, content)?,
            b"idat" => container.inline = inner,
            _ => {}
        }
    }
    for (id, kind) in ids {
        item_of(&mut container.items, id)?.kind = kind;
    }
    Some(container)
}

fn child(bytes: &[u8], part: Range<usize>, wanted: [u8; 4]) -> Option<Range<usize>> {
    let mut found = boxes(bytes, part).take(BOXES_MAX);
    found
        .find(|(kind, _)| *kind == wanted)
        .map(|(_, content)| content)
}

/// The item with this id, made where there is none yet.
fn item_of(items: &mut Vec<Item>, id: u32) -> Option<&mut Item> {
    if let Some(place) = items.iter().position(|item| item.id == id) {
        return items.get_mut(place);
    }
    if items.len() >= ITEMS_MAX {
        return None;
    }
    items.push(Item {
        id,
        kind: [0; 4],
        extents: Vec::new(),
        is_inline: false,
        properties: Vec::new(),
    });
    items.last_mut()
}

/// Version and flags.
fn head(reader: &mut Reader<'_>) -> Option<(u8, u32)> {
    let word = reader.u32()?;
    Some((word.to_be_bytes()[0], word & 0xFF_FFFF))
}

/// An id, of 16 bits in early versions of its box.
fn id(reader: &mut Reader<'_>, is_wide: bool) -> Option<u32> {
    if is_wide {
        reader.u32()
    } else {
        reader.u16().map(u32::from)
    }
}

fn primary(content: &[u8]) -> Option<u32> {
    let mut reader = Reader::new(content);
    let (version, _) = head(&mut reader)?;
    id(&mut reader, version > 0)
}

/// The kind of each item.
fn kinds(bytes: &[u8], content: Range<usize>) -> Option<Vec<(u32, [u8; 4])>> {
    let mut reader = Reader::new(bytes.get(content.clone())?);
    let (version, _) = head(&mut reader)?;
    let entries = content.start + if version == 0 { 6 } else { 8 };
    let infos = boxes(bytes, entries..content.end).take(ITEMS_MAX);
    let infos = infos.filter(|(kind, _)| kind == b"infe");
    infos
        .map(|(_, content)| {
            let mut reader = Reader::new(bytes.get(content)?);
            let (version, _) = head(&mut reader)?;
            let id = id(&mut reader, version > 2)?;
            reader.skip(2)?;
            Some((id, reader.kind()?))
        })
        .collect()
}

/// Where each item lies.
fn locations(content: &[u8]) -> Option<Vec<Item>> {
    let mut reader = Reader::new(content);
    let (version, _) = head(&mut reader)?;
    let [sizes, more] = [reader.u8()?, reader.u8()?];
    let (offset_bytes, length_bytes) = (usize::from(sizes >> 4), usize::from(sizes & 15));
    let base_bytes = usize::from(more >> 4);
    let index_bytes = if version > 0 {
        usize::from(more & 15)
    } else {
        0
    };
    let count = id(&mut reader, version > 1)?;
    let mut items = Vec::new();
    for _ in 0..count {
        let id = id(&mut reader, version > 1)?;
        let method = if version > 0 { reader.u16()? & 15 } else { 0 };
        reader.skip(2)?;
        let base = reader.number(base_bytes)?;
        let extent_count = reader.u16()?;
        let mut extents = Vec::new();
        for _ in 0..extent_count {
            reader.skip(index_bytes)?;
            let offset = base.checked_add(reader.number(offset_bytes)?)?;
            extents.push((offset, reader.number(length_bytes)?));
        }
        let item = item_of(&mut items, id)?;
        item.extents = extents;
        item.is_inline = method == INLINE;
    }
    Some(items)
}

fn references(bytes: &[u8], content: Range<usize>) -> Option<Vec<Reference>> {
    let mut reader = Reader::new(bytes.get(content.clone())?);
    let (version, _) = head(&mut reader)?;
    let is_wide = version > 0;
    let entries = boxes(bytes, content.start + 4..content.end).take(ITEMS_MAX);
    entries
        .map(|(kind, content)| {
            let mut reader = Reader::new(bytes.get(content)?);
            let from = id(&mut reader, is_wide)?;
            let count = reader.u16()?;
            let to = (0..count).map(|_| id(&mut reader, is_wide));
            let to = to.collect::<Option<Vec<u32>>>()?;
            Some(Reference { kind, from, to })
        })
        .collect()
}

/// The properties, and which item has which.
fn properties(container: &mut Container<'_>, content: Range<usize>) -> Option<()> {
    let bytes = container.bytes;
    for (kind, content) in boxes(bytes, content).take(BOXES_MAX) {
        match &kind {
            b"ipco" => container.properties = boxes(bytes, content).take(ITEMS_MAX).collect(),
            b"ipma" => associations(&mut container.items, bytes.get(content)?)?,
            _ => {}
        }
    }
    Some(())
}

fn associations(items: &mut Vec<Item>, content: &[u8]) -> Option<()> {
    let mut reader = Reader::new(content);
    let (version, flags) = head(&mut reader)?;
    let count = reader.u32()?;
    for _ in 0..count {
        let id = id(&mut reader, version > 0)?;
        let numbers = reader.u8()?;
        let mut properties = Vec::new();
        for _ in 0..numbers {
            // The first bit says whether a reader must understand the property.
            properties.push(if flags & 1 == 1 {
                reader.u16()? & 0x7FFF
            } else {
                u16::from(reader.u8()? & 0x7F)
            });
        }
        item_of(items, id)?.properties = properties;
    }
    Some(())
}

const BOXES_MAX: usize = 1000;
/// Items, properties and references: a grid has some dozens, the format allows 256² tiles.
const ITEMS_MAX: usize = 4096;
/// Data inside the `meta` box itself.
const INLINE: u16 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_without_items_describe_none() {
        assert!(read(b"").is_none());
        assert!(read(b"\0\0\0\x0Cftypheic").is_none());
        let empty = read(b"\0\0\0\x0Cmeta\0\0\0\0").expect("an empty box");
        assert!(empty.primary().is_none());
    }

    proptest::proptest! {
        /// Whatever the boxes say, nothing is read beyond the bytes.
        #[test]
        fn no_bytes_are_too_odd(
            parts in proptest::collection::vec(
                (0_usize..9, proptest::collection::vec(proptest::num::u8::ANY, 0..60)),
                0..12,
            ),
        ) {
            let kinds: [&[u8; 4]; 9] = [
                b"pitm", b"iinf", b"iloc", b"iref", b"iprp", b"idat", b"ipco", b"ipma", b"infe",
            ];
            let mut inner = vec![0; 4];
            for (kind, content) in parts {
                inner.extend((content.len() as u32 + 8).to_be_bytes());
                inner.extend(kinds[kind]);
                inner.extend(content);
            }
            let mut file = (inner.len() as u32 + 8).to_be_bytes().to_vec();
            file.extend(b"meta");
            file.extend(inner);
            if let Some(container) = read(&file) {
                container.primary_chain();
                for item in &container.items {
                    container.data(item, 1000);
                    container.grid(item);
                    container.size(item);
                    container.orientation(&[item]);
                    container.window(&[item], (50, 40));
                    container.alpha_of(&[item]);
                    container.data_bytes(item);
                }
            }
        }
    }
}
