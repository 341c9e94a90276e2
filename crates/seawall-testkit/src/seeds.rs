//! What the fuzzer starts from: small good files of every kind, and some that are odd.

use seawall_core::Pixels;

use crate::raw_png::stored_zlib;
use crate::{
    GifFrame, JpegColour, JpegOptions, PngColour, RawPng, TiffPage, animated_png, animated_webp,
    bmp, flat, gif, grey, interlaced_png, jpeg, jpeg_with_orientation, picture, png, raw_gif,
    raw_jpeg, raw_tiff, stored_for, tiff, webp, webp_bomb, webp_rgba, webp_with_claim,
};

/// One file that a fuzz target starts from.
#[derive(Clone, Debug)]
pub struct Seed {
    /// The target.
    pub target: &'static str,
    /// The name of the file.
    pub name: &'static str,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// The seeds that are made here; those of HEIC and AVIF, which nothing here can write, are
/// the small files of `vectors/`.
#[must_use]
pub fn fuzz_seeds() -> Vec<Seed> {
    let mut seeds = Vec::new();
    let groups: [(&'static str, Files); 12] = [
        ("decode_jpeg", jpegs()),
        ("decode_png", pngs()),
        ("decode_gif", gifs()),
        ("decode_webp", webps()),
        ("decode_bmp", bmps()),
        ("decode_tiff", tiffs()),
        ("list", lists()),
        ("normal", addresses_and_texts()),
        ("reply", replies()),
        ("xml", replies()),
        ("view", view_names()),
        ("snapshot", snapshots()),
    ];
    for (target, files) in groups.into_iter().chain([("frames", frames())]) {
        seeds.extend(files.into_iter().map(|(name, bytes)| Seed {
            target,
            name,
            bytes,
        }));
    }
    seeds
}

type Files = Vec<(&'static str, Vec<u8>)>;

fn small(seed: u64) -> Pixels {
    picture(24, 18, seed)
}

fn addresses_and_texts() -> Files {
    let seed = |name, text: &str| (name, text.as_bytes().to_vec());
    vec![
        seed(
            "address",
            "HTTP://u@A.Example.:80/%7Ea/../b%2fc?q=%zz&r=|#f",
        ),
        seed("address-v6", "ftp://[2001:DB8::1]:21"),
        seed("address-idn", "https://b\u{fc}cher.example/\u{fc} %C3%BC"),
        seed("text", "cafe\u{301} caf\u{e9} \u{1100}\u{1161}\u{11a8}"),
    ]
}

/// Snapshots of an index by their description, without the checksum at the end.
fn snapshots() -> Files {
    let magic = b"seawall index 1\n";
    let end = |entries: u8| [0, entries, 0, 0, 0, 0, 0, 0, 0];
    let empty = [&magic[..], &end(0)].concat();
    let mut full = magic.to_vec();
    // A bank of id 1, named A, 31 bits, on, known, with list 2, which has no threshold.
    full.extend([1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, b'A', 31, 0, 1, 0]);
    full.extend([1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 1]);
    // Its sources: no list, and list 2.
    full.extend([2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    full.extend([2, 1, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0]);
    // Two rows of the first, contents 5 and 6, and a digest of each kind of the second.
    full.extend([3, 0, 0, 0, 0, 2, 0, 0, 0]);
    for content in [5, 6] {
        full.extend([content, 0, 0, 0, 0, 0, 0, 0]);
        full.extend([content; 32]);
    }
    for (tag, bytes) in [(4, 16), (5, 20), (6, 32)] {
        full.extend([tag, 1, 0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0]);
        full.extend(std::iter::repeat_n(9, bytes));
    }
    full.extend(end(5));
    vec![("empty", empty), ("full", full)]
}

fn jpegs() -> Files {
    let colour = jpeg(&small(1), 70);
    let raw = |colour, sampling, progressive| {
        let options = JpegOptions {
            sampling,
            progressive,
            colour,
            ..JpegOptions::plain(60)
        };
        raw_jpeg(&small(4), &options)
    };
    vec![
        ("grey", jpeg(&grey(&small(1)), 70)),
        ("orientation", jpeg_with_orientation(&small(2), 50, 6)),
        ("two", [&colour[..], &colour].concat()),
        ("cut-then-whole", [&colour[..500], &png(&small(3))].concat()),
        ("halved", raw(JpegColour::Plain, (2, 2), false)),
        ("progressive", raw(JpegColour::Plain, (2, 1), true)),
        ("inks", raw(JpegColour::Cmyk, (1, 1), false)),
        ("inks-halved", raw(JpegColour::Ycck, (2, 2), true)),
        ("odd", raw(JpegColour::Rgb, (1, 4), false)),
        ("cut", colour[..colour.len() * 3 / 4].to_vec()),
        ("colour", colour),
    ]
}

fn pngs() -> Files {
    let with_alpha = RawPng {
        width: 8,
        height: 6,
        depth: 8,
        colour: PngColour::Rgba,
        chunks: Vec::new(),
        rows: (0..6).map(|row| vec![row * 40; 32]).collect(),
    };
    let indexed = RawPng {
        width: 8,
        height: 6,
        depth: 4,
        colour: PngColour::Palette,
        chunks: vec![(*b"PLTE", (0..48).collect()), (*b"tRNS", vec![0, 128, 255])],
        rows: (0..6).map(|row| vec![row * 17; 4]).collect(),
    };
    vec![
        ("colour", png(&small(1))),
        ("grey", png(&grey(&small(1)))),
        ("interlaced", interlaced_png(&small(1))),
        ("animated", animated_png(&[small(1), small(2), small(3)])),
        ("alpha", with_alpha.to_bytes()),
        ("indexed", indexed.to_bytes()),
    ]
}

fn gifs() -> Files {
    let frame = |left, top| GifFrame {
        left,
        top,
        width: 12,
        height: 9,
        indices: (0..108).collect(),
    };
    vec![
        ("still", gif(&[small(1)])),
        ("animated", gif(&[small(1), small(2), small(3)])),
        (
            "off-screen",
            raw_gif(16, 12, &[frame(0, 0), frame(10, 8), frame(40, 40)]),
        ),
    ]
}

fn webps() -> Files {
    let see_through: Vec<u8> = (0..8 * 6 * 4).map(|k: u32| (k * 37 % 256) as u8).collect();
    vec![
        ("colour", webp(&small(1))),
        ("alpha", webp_rgba(8, 6, &see_through)),
        ("animated", animated_webp(&[small(1), small(2)], 6)),
        ("claims-picture", webp_bomb(16_383, 16_383)),
        (
            "claims-note",
            webp_with_claim(&webp(&small(1)), 24, 18, u32::MAX),
        ),
    ]
}

fn bmps() -> Files {
    vec![("colour", bmp(&small(1))), ("grey", bmp(&grey(&small(1))))]
}

fn tiffs() -> Files {
    let page = |pixels: &Pixels, orientation: u8| TiffPage {
        orientation: orientation.into(),
        ..TiffPage::plain(&stored_for(pixels, orientation))
    };
    let photo = TiffPage {
        compression: 7,
        photometric: 6,
        strip: jpeg(&small(1), 70),
        ..TiffPage::plain(&small(1))
    };
    let deflated = TiffPage {
        compression: 8,
        strip: stored_zlib(small(1).data()),
        ..TiffPage::plain(&small(1))
    };
    // A run of three bytes, then bytes as they are.
    let one = small(1);
    let runs = one.data()[3..].chunks(100);
    let runs = runs.flat_map(|run| [&[run.len() as u8 - 1], run].concat());
    let packed = TiffPage {
        compression: 32_773,
        strip: [254, 9].into_iter().chain(runs).collect(),
        ..TiffPage::plain(&small(1))
    };
    vec![
        ("colour", tiff(&small(1))),
        (
            "pages",
            raw_tiff(&[page(&small(1), 1), page(&grey(&small(2)), 8)]),
        ),
        ("jpeg", raw_tiff(&[photo])),
        ("deflate", raw_tiff(&[deflated])),
        ("packbits", raw_tiff(&[packed])),
        ("flat", tiff(&flat(40, 6, [1, 2, 3]))),
    ]
}

fn lists() -> Files {
    let pdq = "0123456789abcdef".repeat(4);
    let md5 = "d41d8cd98f00b204e9800998ecf8427e";
    let csv = format!("algorithm,value\r\npdq,{pdq}\r\nmd5,\"{md5}\"\r\n");
    vec![
        (
            "plain",
            format!("{pdq}\n# a remark\npdq:{pdq}\n").into_bytes(),
        ),
        ("csv", csv.into_bytes()),
        (
            "md5sum",
            format!("{md5}  a name.jpg\n{md5} *b\n").into_bytes(),
        ),
        ("marked", format!("\u{FEFF}{md5}\r\n").into_bytes()),
    ]
}

fn replies() -> Files {
    let reply = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<reportResponse>\
        <responseCode>0</responseCode><responseDescription>a &amp; b</responseDescription>\
        <reportId>17</reportId></reportResponse>";
    let file = "<reportResponse><responseCode>0</responseCode><reportId>17</reportId>\
        <fileId>ab</fileId><hash>d41d8cd98f00b204e9800998ecf8427e</hash></reportResponse>";
    let odd = "<a b='c' d=\"&#x41;\"><!-- no --><![CDATA[<e>]]><f/></a>";
    vec![
        ("report", reply.into()),
        ("file", file.into()),
        ("odd", odd.into()),
    ]
}

fn view_names() -> Files {
    let names = [
        "stored",
        "frame:12/upright/on-white",
        "part:2/mirrored:270",
        "page:3/legacy-palette",
        "turned:90",
        "unbordered",
    ];
    names
        .map(|name| (name.split([':', '/']).next().unwrap_or(name), name.into()))
        .to_vec()
}

/// Frames as parent and worker exchange them: two lengths, a head, a body.
fn frames() -> Files {
    let frame = |head: &str, body: &[u8]| {
        let head_bytes = u32::try_from(head.len())
            .expect("a short head")
            .to_le_bytes();
        let body_bytes = (body.len() as u64).to_le_bytes();
        [&head_bytes[..], &body_bytes, head.as_bytes(), body].concat()
    };
    let hash = "0f".repeat(32);
    let hashed = format!(
        "{{\"answer\":\"hashed\",\"report\":{{\"outcome\":\"hashed\",\"reason\":null,\
         \"notes\":[],\"hashes\":[{{\"pdq\":\"{hash}\",\"quality\":100,\"view\":\"stored\"}}]}}}}"
    );
    let rendered = frame("{\"answer\":\"rendered\"}", b"\x89PNG\r\n\x1a\n");
    vec![
        ("hashed", frame(&hashed, b"")),
        ("two", [frame(&hashed, b""), rendered].concat()),
    ]
}
