//! The format of a file, told from its content.

use seawall_core::MediaType;

/// The media type of these bytes, by content alone.
#[must_use]
pub fn sniff(bytes: &[u8]) -> MediaType {
    SIGNATURES
        .iter()
        .find(|signature| signature.fits(bytes))
        .map(|signature| signature.media_type)
        .or_else(|| iso_media(bytes))
        .or_else(|| ebml(bytes))
        .or_else(|| bmp(bytes))
        .or_else(|| svg(bytes))
        .unwrap_or(MediaType::Unknown)
}

/// The media type with this name, as [`MediaType::name`] writes it; `None` for names that
/// [`sniff`] never gives.
#[must_use]
pub fn media_type_from_name(name: &str) -> Option<MediaType> {
    let others = [
        MediaType::Bmp,
        MediaType::Unknown,
        MATROSKA,
        WEBM,
        SVG,
        QUICKTIME,
        MP4,
    ];
    let signatures = SIGNATURES.iter().map(|signature| signature.media_type);
    let brands = BRANDS.iter().map(|&(_, media_type)| media_type);
    signatures
        .chain(brands)
        .chain(others)
        .find(|media_type| media_type.name() == name)
}

struct Signature {
    offset: usize,
    bytes: &'static [u8],
    /// More bytes at another place, for containers whose first bytes say too little.
    and: (usize, &'static [u8]),
    media_type: MediaType,
}

impl Signature {
    fn fits(&self, bytes: &[u8]) -> bool {
        let at = |offset: usize, expected: &[u8]| {
            bytes
                .get(offset..)
                .is_some_and(|rest| rest.starts_with(expected))
        };
        at(self.offset, self.bytes) && at(self.and.0, self.and.1)
    }
}

const fn starts(bytes: &'static [u8], media_type: MediaType) -> Signature {
    Signature {
        offset: 0,
        bytes,
        and: (0, b""),
        media_type,
    }
}

const fn named(bytes: &'static [u8], name: &'static str) -> Signature {
    starts(bytes, MediaType::Undecoded(name))
}

const fn riff(kind: &'static [u8], media_type: MediaType) -> Signature {
    Signature {
        offset: 0,
        bytes: b"RIFF",
        and: (8, kind),
        media_type,
    }
}

const SIGNATURES: &[Signature] = &[
    starts(b"\xFF\xD8\xFF", MediaType::Jpeg),
    starts(b"\x89PNG\r\n\x1A\n", MediaType::Png),
    starts(b"GIF87a", MediaType::Gif),
    starts(b"GIF89a", MediaType::Gif),
    riff(b"WEBP", MediaType::Webp),
    starts(b"II*\0", MediaType::Tiff),
    starts(b"MM\0*", MediaType::Tiff),
    starts(b"II+\0", MediaType::Tiff),
    starts(b"MM\0+", MediaType::Tiff),
    named(b"\xFF\x0A", "image/jxl"),
    named(b"\0\0\0\x0CJXL \r\n\x87\n", "image/jxl"),
    named(b"\0\0\0\x0CjP  \r\n\x87\n", "image/jp2"),
    named(b"\xFF\x4F\xFF\x51", "image/j2c"),
    named(b"II\xBC\x01", "image/jxr"),
    named(b"8BPS", "image/vnd.adobe.photoshop"),
    named(b"\0\0\x01\0", "image/vnd.microsoft.icon"),
    named(b"qoif", "image/qoi"),
    named(b"DDS ", "image/vnd-ms.dds"),
    named(b"v/1\x01", "image/x-exr"),
    named(b"#?RADIANCE", "image/vnd.radiance"),
    named(b"gimp xcf", "image/x-xcf"),
    riff(b"AVI ", MediaType::Undecoded("video/x-msvideo")),
    named(b"FLV\x01", "video/x-flv"),
    named(b"\0\0\x01\xBA", "video/mpeg"),
    named(b"\0\0\x01\xB3", "video/mpeg"),
    named(b"OggS", "application/ogg"),
    named(b"\x30\x26\xB2\x75\x8E\x66\xCF\x11", "video/x-ms-asf"),
    named(b"%PDF-", "application/pdf"),
    named(b"PK\x03\x04", "application/zip"),
    named(b"Rar!\x1A\x07", "application/vnd.rar"),
    named(b"7z\xBC\xAF\x27\x1C", "application/x-7z-compressed"),
    named(b"\x1F\x8B\x08", "application/gzip"),
];

/// ISO base media files: a picture or a film, told by the brand.
fn iso_media(bytes: &[u8]) -> Option<MediaType> {
    match bytes.get(4..8)? {
        b"ftyp" => {
            let length = u32::from_be_bytes(bytes[..4].try_into().ok()?) as usize;
            let end = length.clamp(12, 512).min(bytes.len());
            let major = bytes.get(8..12)?;
            let compatible = bytes.get(16..end).unwrap_or_default().chunks_exact(4);
            let brands = || std::iter::once(major).chain(compatible.clone());
            let is_general = |code: &&[u8]| *code == b"mif1";
            brands()
                .filter(|code| !is_general(code))
                .find_map(brand)
                .or_else(|| brands().find_map(brand))
                .or(Some(MP4))
        }
        b"moov" | b"mdat" | b"wide" | b"pnot" => Some(QUICKTIME),
        _ => None,
    }
}

fn brand(code: &[u8]) -> Option<MediaType> {
    BRANDS
        .iter()
        .find(|&&(brand, _)| brand == code)
        .map(|&(_, media_type)| media_type)
}

const BRANDS: &[(&[u8], MediaType)] = &[
    (b"avif", MediaType::Avif),
    (b"avis", MediaType::Avif),
    (b"heic", MediaType::Heic),
    (b"heix", MediaType::Heic),
    (b"heim", MediaType::Heic),
    (b"heis", MediaType::Heic),
    (b"hevc", MediaType::Undecoded("image/heic-sequence")),
    (b"hevx", MediaType::Undecoded("image/heic-sequence")),
    // A picture of either kind that says no more; most are made by phones.
    (b"mif1", MediaType::Heic),
    (b"crx ", MediaType::Undecoded("image/x-canon-cr3")),
    (b"qt  ", QUICKTIME),
    (b"isom", MP4),
    (b"mp41", MP4),
    (b"mp42", MP4),
    (b"M4V ", MP4),
    (b"3gp4", MediaType::Undecoded("video/3gpp")),
    (b"3gp5", MediaType::Undecoded("video/3gpp")),
];

/// Matroska and WebM share their first bytes; the document type tells them apart.
fn ebml(bytes: &[u8]) -> Option<MediaType> {
    if !bytes.starts_with(b"\x1A\x45\xDF\xA3") {
        return None;
    }
    let head = &bytes[..bytes.len().min(64)];
    let is_webm = head.windows(4).any(|window| window == b"webm");
    Some(if is_webm { WEBM } else { MATROSKA })
}

/// "BM" alone begins many a text, so the size of the second header has to be one that exists.
fn bmp(bytes: &[u8]) -> Option<MediaType> {
    let header_bytes = u32::from_le_bytes(bytes.get(14..18)?.try_into().ok()?);
    let known = matches!(header_bytes, 12 | 16 | 40 | 52 | 56 | 64 | 108 | 124);
    (bytes.starts_with(b"BM") && known).then_some(MediaType::Bmp)
}

/// An SVG element near the beginning of something that starts like markup.
fn svg(bytes: &[u8]) -> Option<MediaType> {
    let head = &bytes[..bytes.len().min(1024)];
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let is_markup = head.trim_ascii_start().starts_with(b"<");
    let has_element = head.windows(4).any(|window| window == b"<svg");
    (is_markup && has_element).then_some(SVG)
}

const MATROSKA: MediaType = MediaType::Undecoded("video/matroska");
const WEBM: MediaType = MediaType::Undecoded("video/webm");
const SVG: MediaType = MediaType::Undecoded("image/svg+xml");
const QUICKTIME: MediaType = MediaType::Undecoded("video/quicktime");
const MP4: MediaType = MediaType::Undecoded("video/mp4");

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], name: &str) {
        let media_type = sniff(bytes);
        assert_eq!(media_type.name(), name);
        assert_eq!(media_type_from_name(name), Some(media_type));
    }

    #[test]
    fn formats_are_told_by_their_content() {
        check(b"\xFF\xD8\xFF\xE0", "image/jpeg");
        check(b"GIF89a", "image/gif");
        check(b"RIFF\0\0\0\0WEBPVP8 ", "image/webp");
        check(b"RIFF\0\0\0\0AVI LIST", "video/x-msvideo");
        check(b"MM\0*\0\0\0\x08", "image/tiff");
        check(b"8BPS\0\x01", "image/vnd.adobe.photoshop");
        check(b"%PDF-1.7", "application/pdf");
        check(b"<?xml version='1.0'?>\n<svg xmlns='x'/>", "image/svg+xml");
        check(b"\x1A\x45\xDF\xA3\x01\0\0\0\x42\x82\x84webm", "video/webm");
        check(
            b"\x1A\x45\xDF\xA3\x01\0\0\0\x42\x82\x88matroska",
            "video/matroska",
        );
        check(b"", "application/octet-stream");
        check(b"just text\n", "application/octet-stream");
        check(
            b"BM is also how a letter may begin.",
            "application/octet-stream",
        );
        check(b"RIFF", "application/octet-stream");
    }

    #[test]
    fn brands_are_searched_beyond_the_first() {
        check(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "image/heic");
        check(b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "image/heic");
        check(b"\0\0\0\x18ftypmif1\0\0\0\0avifmiaf", "image/avif");
        check(b"\0\0\0\x14ftypqt  \0\0\x02\0qt  ", "video/quicktime");
        check(b"\0\0\0\x10ftypabcd\0\0\0\0", "video/mp4");
        check(b"\0\0\0\x08wide", "video/quicktime");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_are_too_odd(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..80), cut in 0_usize..12) {
            let mut file = b"\0\0\0\x18ftyp"[..cut.min(8)].to_vec();
            file.extend(bytes);
            let media_type = sniff(&file);
            proptest::prop_assert_eq!(media_type_from_name(media_type.name()), Some(media_type));
        }
    }
}
