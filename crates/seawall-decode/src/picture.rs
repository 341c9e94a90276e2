//! Decoding: one file in, its views out.

use seawall_core::{MediaType, Reason};

use crate::session::Session;
use crate::visitor::Visitor;
use crate::{Budget, avif, bmp, gif, heic, jpeg, png, sniff, spare, tiff, trailing, webp};

/// What was decoded, beside the pixels that the visitor saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The format.
    pub media_type: MediaType,
    /// Why the visitor saw less than the file promises: damage, or the end of the time.
    /// None where the file is whole.
    pub incomplete: Option<Reason>,
    /// What a careful reader should know, such as frames left out.
    pub notes: Vec<String>,
}

/// Why nothing was decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("decoding a file of type {media_type}: {}", reason.sentence())]
pub struct Refusal {
    /// The format, as far as known.
    pub media_type: MediaType,
    /// The cause.
    pub reason: Reason,
    /// What a careful reader should know.
    pub notes: Vec<String>,
}

/// Decodes a file and hands each of its views to the visitor, the stored form first.
///
/// A file that breaks off after something was decoded is no refusal: what there is was
/// handed out, and [`Decoded::incomplete`] says why there is no more.
///
/// # Errors
/// [`Refusal`] where nothing could be decoded within the budget.
pub fn decode(
    bytes: &[u8],
    budget: &Budget<'_>,
    visitor: &mut dyn Visitor,
) -> Result<Decoded, Refusal> {
    decode_in(Session::new(bytes, *budget, visitor))
}

/// As [`decode`], with pixels that may be off by a little where that is faster: of a JPEG only
/// the brightness is decoded. For looking a picture up, never for what others will look up.
///
/// # Errors
/// As [`decode`].
pub fn decode_for_lookup(
    bytes: &[u8],
    budget: &Budget<'_>,
    visitor: &mut dyn Visitor,
) -> Result<Decoded, Refusal> {
    let mut session = Session::new(bytes, *budget, visitor);
    session.is_for_lookup = true;
    decode_in(session)
}

fn decode_in(mut session: Session<'_>) -> Result<Decoded, Refusal> {
    let media_type = sniff(session.bytes);
    let mut result = decode_as(media_type, &mut session);
    let is_damaged = session.damaged.get() || result == Err(Reason::Damaged);
    if is_damaged || (session.visited > 0 && result != Err(Reason::TooSlow)) {
        let trailing = trailing::visit(&mut session, media_type, is_damaged);
        result = result.and(trailing);
    }
    let notes = std::mem::take(&mut session.notes);
    match result {
        Err(reason) if session.visited == 0 => Err(Refusal {
            media_type,
            reason,
            notes,
        }),
        result => Ok(Decoded {
            media_type,
            incomplete: result
                .err()
                .or(session.damaged.get().then_some(Reason::Damaged)),
            notes,
        }),
    }
}

pub(crate) fn decode_as(media_type: MediaType, session: &mut Session<'_>) -> Result<(), Reason> {
    if session.bytes.is_empty() {
        return Err(Reason::Empty);
    }
    if session.bytes.len() as u64 > session.budget.limits.bytes_max {
        return Err(Reason::TooManyBytes);
    }
    session.check_time()?;
    if !matches!(
        media_type,
        MediaType::Jpeg | MediaType::Png | MediaType::Bmp
    ) {
        // These have decoders with memory of their own.
        spare::release();
    }
    match media_type {
        MediaType::Jpeg => jpeg::decode(session),
        MediaType::Png => png::decode(session),
        MediaType::Gif => gif::decode(session),
        MediaType::Webp => webp::decode(session),
        MediaType::Bmp => bmp::decode(session),
        MediaType::Tiff => tiff::decode(session),
        MediaType::Heic => heic::decode(session),
        MediaType::Avif => avif::decode(session),
        MediaType::Undecoded(_) => Err(Reason::UnsupportedFormat),
        MediaType::Unknown => Err(Reason::NotAPicture),
    }
}
