//! One coded picture: the whole, or one tile. The only calls of the decoder.
//!
//! It takes files, so each picture is put into a file of its own.

use heic_decoder::{DecodedImage, ImageInfo};
use seawall_core::Reason;

use super::{coded, reason};
use crate::iso::{Container, Item};
use crate::session::Session;

/// What a description says of its picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Described {
    /// As it will come out.
    pub(super) width: usize,
    pub(super) height: usize,
    /// Samples of the first plane, with those that are cut off.
    pub(super) pixels: u64,
    /// Bytes that each pixel's samples take in planes of four bytes.
    pub(super) plane_bytes: u64,
    bits: (u32, u32),
}

impl Described {
    pub(super) fn read(session: &mut Session<'_>, description: &[u8]) -> Result<Self, Reason> {
        let file = wrapped(description, &[]);
        let info = heic_decoder::probe(&file).map_err(|error| reason(session, &error))?;
        Ok(Self {
            width: info.coded_width,
            height: info.coded_height,
            pixels: coded::pixels(description).ok_or(Reason::Damaged)?,
            plane_bytes: plane_bytes(&info),
            bits: (info.bit_depth_luma, info.bit_depth_chroma),
        })
    }

    /// What the decoder takes at its peak: planes, twice, and the picture they are turned
    /// into (14 bytes a pixel were measured on phones' pictures, for which this says 15).
    pub(super) fn peak_bytes(self) -> u64 {
        self.pixels.saturating_mul(2 * self.plane_bytes + 3)
    }
}

/// Whether the picture of one coded item fits into the limits, beside so many bytes.
pub(super) fn check(
    session: &mut Session<'_>,
    container: &Container<'_>,
    item: &Item,
    held_bytes: u64,
) -> Result<Described, Reason> {
    let description = container.property(item, *b"hvcC").ok_or(Reason::Damaged)?;
    let described = Described::read(session, description)?;
    let bytes = described
        .peak_bytes()
        .saturating_add(COPIES.saturating_mul(container.data_bytes(item)))
        .saturating_add(held_bytes);
    session.check_size(described.width as u64, described.height as u64, bytes)?;
    // What is cut off counts too.
    session.check_size(described.pixels, 1, bytes)?;
    Ok(described)
}

/// Decodes an item that was checked.
pub(super) fn decode(
    session: &mut Session<'_>,
    container: &Container<'_>,
    item: &Item,
) -> Result<DecodedImage, Reason> {
    if !container.referred(item.id, *b"pred").is_empty() {
        session.note("a picture that is predicted from another one is not supported");
        return Err(Reason::UnsupportedFormat);
    }
    let description = container.property(item, *b"hvcC").ok_or(Reason::Damaged)?;
    let data = container.data(item, session.budget.limits.bytes_max);
    let file = wrapped(description, &data.ok_or(Reason::Damaged)?);
    let image = heic_decoder::decode(&file).map_err(|error| reason(session, &error))?;
    session.check_time()?;
    Ok(image)
}

/// A file of one picture (ISO/IEC 23008-12).
fn wrapped(description: &[u8], data: &[u8]) -> Vec<u8> {
    let full = [0_u8; 4];
    let id = 1_u16.to_be_bytes();
    let kind = boxed(*b"infe", &[&[2, 0, 0, 0], &id, &[0; 2], b"hvc1\0"]);
    let kinds = boxed(*b"iinf", &[&full, &id, &kind]);
    let properties = boxed(*b"ipco", &[&boxed(*b"hvcC", &[description])]);
    // One entry: this item has one property, the first.
    let which = boxed(*b"ipma", &[&full, &1_u32.to_be_bytes(), &id, &[1, 1]]);
    let properties = boxed(*b"iprp", &[&properties, &which]);
    let file_type = boxed(*b"ftyp", &[b"heic\0\0\0\0heic"]);
    let primary = boxed(*b"pitm", &[&full, &id]);
    let meta = |offset: u32| {
        let length = u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes();
        let place: [&[u8]; 4] = [&[0; 2], &id, &offset.to_be_bytes(), &length];
        // Four bytes for each offset and each length, none for what is added to it.
        let places = boxed(*b"iloc", &[&full, &[0x44, 0], &id, &id, &place.concat()]);
        boxed(*b"meta", &[&full, &primary, &kinds, &properties, &places])
    };
    let offset = file_type.len() + meta(0).len() + BOX_HEAD_BYTES;
    let meta = meta(u32::try_from(offset).unwrap_or(u32::MAX));
    let mut file = Vec::with_capacity(offset + data.len());
    file.extend(file_type);
    file.extend(meta);
    let length = u32::try_from(BOX_HEAD_BYTES + data.len()).unwrap_or(u32::MAX);
    file.extend(length.to_be_bytes());
    file.extend(b"mdat");
    file.extend(data);
    file
}

fn boxed(kind: [u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u32::try_from(BOX_HEAD_BYTES + content.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], &kind, &content].concat()
}

fn plane_bytes(info: &ImageInfo) -> u64 {
    match info.chroma_format_idc {
        0 => 4,
        1 => 6,
        2 => 8,
        _ => 12,
    }
}

/// Of the coded bytes: the file around them, and three in the decoder.
pub(super) const COPIES: u64 = 4;
const BOX_HEAD_BYTES: usize = 8;
