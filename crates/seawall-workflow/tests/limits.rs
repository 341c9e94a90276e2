//! What hostile pictures cost: peak memory and time of a real worker, held against the limits.
//!
//! The workers are this program started again, as in `worker.rs`. Memory is the peak of the
//! process as the kernel counts it, less what it was after an ordinary picture.

#![allow(
    clippy::print_stdout,
    reason = "a test program without the usual harness reports by itself"
)]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use seawall_core::{HashReport, Limits, Outcome, PixelKind, Pixels, Reason};
use seawall_testkit as testkit;
use seawall_testkit::{PngColour, RawPng, TiffPage};
use seawall_workflow::worker::{WorkerCommand, WorkerPool, run_worker};
use tokio::runtime::Runtime;

fn main() -> ExitCode {
    if std::env::args().nth(1).is_some_and(|arg| arg == "worker") {
        return match run_worker() {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    if cfg!(not(target_os = "linux")) {
        println!("skipped: peak memory is read from /proc");
        return ExitCode::SUCCESS;
    }
    let runtime = Runtime::new().expect("a runtime starts");
    let cases = cases();
    let failed = cases.iter().filter(|case| !case.holds(&runtime)).count();
    println!("{} passed, {failed} failed", cases.len() - failed);
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

struct Case {
    name: &'static str,
    file: Vec<u8>,
    /// The reasons that are right; none where the picture may be hashed.
    reasons: &'static [Option<Reason>],
    seconds_max: u64,
    grown_mib_max: u64,
}

impl Case {
    fn holds(&self, runtime: &Runtime) -> bool {
        let command = WorkerCommand::this_program(&["worker"]).expect("this program is known");
        let pool = WorkerPool::new(command, 1, Limits::default());
        let hash = |file: Vec<u8>| runtime.block_on(pool.hash(file.into()));
        let ordinary = testkit::jpeg(&testkit::picture(256, 256, 1), 90);
        assert_eq!(hash(ordinary.clone()).outcome, Outcome::Hashed);
        let before = peak_kib(&pool);
        let start = Instant::now();
        let report = hash(self.file.clone());
        let took = start.elapsed();
        // A worker that died is replaced: the server lives in any case.
        assert_eq!(hash(ordinary).outcome, Outcome::Hashed);
        let grown = peak_kib(&pool).saturating_sub(before);
        let holds = self.is_right(&report, took, grown);
        println!(
            "{} {}: {:?}, {} ms, {} MiB",
            if holds { "ok    " } else { "FAILED" },
            self.name,
            report.reason,
            took.as_millis(),
            grown >> 10,
        );
        holds
    }

    fn is_right(&self, report: &HashReport, took: Duration, grown_kib: u64) -> bool {
        self.reasons.contains(&report.reason)
            && took <= Duration::from_secs(self.seconds_max)
            && grown_kib <= self.grown_mib_max << 10
    }
}

fn cases() -> Vec<Case> {
    let groups = [claims(), claims_of_containers(), real_pixels(), by_rows()];
    groups.into_iter().flatten().collect()
}

/// Refused by what their headers say, or read past what they hold: two seconds.
fn claims() -> Vec<Case> {
    let case = |name, file, reasons| Case {
        name,
        file,
        reasons,
        seconds_max: 2,
        grown_mib_max: GROWN_MIB_MAX,
    };
    let large = &[Some(Reason::TooManyPixels), Some(Reason::TooMuchMemory)];
    let text = with_chunk(testkit::text_bomb(200_000_000));
    let profile = with_chunk(testkit::profile_bomb(200_000_000));
    let photo = testkit::jpeg(&testkit::flat(2000, 2000, [9; 3]), 50);
    let scans = testkit::jpeg_with_scans(&photo, 1500);
    vec![
        case("a PNG that claims 60 000²", testkit::png_bomb(), large),
        case(
            "a GIF that claims 65 535²",
            testkit::gif_bomb(65_535, 65_535),
            large,
        ),
        case("a BMP that claims 60 000²", claiming_bmp(), large),
        case(
            "a TIFF whose JPEG claims 60 000²",
            jpeg_in_tiff(60_000),
            large,
        ),
        case(
            "a TIFF whose JPEG claims 12 000²",
            jpeg_in_tiff(12_000),
            large,
        ),
        case("a PNG with a text of 200 MB", text, &[None]),
        case("a PNG with a profile of 200 MB", profile, &[None]),
        case(
            "a JPEG of 4 MP with 1 500 scans",
            scans,
            &[Some(Reason::TooSlow)],
        ),
    ]
}

/// Refused or read past as the others, by the containers' own fields.
fn claims_of_containers() -> Vec<Case> {
    let case = |name, file, reasons| Case {
        name,
        file,
        reasons,
        seconds_max: 2,
        grown_mib_max: GROWN_MIB_MAX,
    };
    let refused = &[
        Some(Reason::TooManyPixels),
        Some(Reason::TooMuchMemory),
        Some(Reason::Damaged),
    ];
    vec![
        case(
            "a WebP whose picture claims 16 383²",
            testkit::webp_bomb(16_383, 16_383),
            &[Some(Reason::Damaged)],
        ),
        case(
            "a WebP whose note claims 4 GB",
            testkit::webp_with_claim(
                &testkit::webp(&testkit::picture(64, 64, 1)),
                64,
                64,
                u32::MAX,
            ),
            &[None],
        ),
        // Its decoder goes by the picture's own header.
        case(
            "a HEIC whose boxes claim 12 000²",
            claiming_heif("444.heic"),
            &[None],
        ),
        case(
            "an AVIF whose boxes claim 12 000²",
            claiming_heif("444.avif"),
            refused,
        ),
    ]
}

/// With all the pixels they claim, or the work: ten seconds.
fn real_pixels() -> Vec<Case> {
    let case = |name, file, reasons| Case {
        name,
        file,
        reasons,
        seconds_max: 10,
        grown_mib_max: GROWN_MIB_MAX,
    };
    let flat = &[Some(Reason::LowQuality), Some(Reason::TooMuchMemory)];
    let photo = testkit::jpeg(&testkit::picture(640, 480, 1), 50);
    let scans = testkit::jpeg_with_scans(&photo, 1500);
    let grey = testkit::black_png(12_000, 12_000, PngColour::Grey);
    let rgb = testkit::black_png(12_000, 12_000, PngColour::Rgb);
    let rgba = testkit::black_png(6_000, 6_000, PngColour::Rgba);
    let large = grey_pixels(12_000);
    let tiff = TiffPage {
        compression: 8,
        strip: testkit::deflated_zeros(144_000_000),
        ..TiffPage::plain(&large)
    };
    let glued = testkit::jpeg(&grey_pixels(6_000), 50).repeat(9);
    vec![
        case("a grey JPEG of 12 000²", testkit::jpeg(&large, 50), flat),
        case("a grey TIFF of 12 000²", testkit::raw_tiff(&[tiff]), flat),
        case(
            "nine JPEGs of 36 MP in one file",
            glued,
            &[Some(Reason::TooManyPixels)],
        ),
        case("a HEIC in tiles", vector("grid.heic"), &[None]),
        // The largest that phones make: 48 megapixels, in tiles, with no more memory.
        case(
            "a HEIC of 48 MP in tiles",
            vector("tiles-48mp.heic"),
            &[None],
        ),
        case(
            "a HEIC of 12 000² in tiles",
            vector("tiles-144mp.heic"),
            &[Some(Reason::TooMuchMemory)],
        ),
        case("an AVIF in tiles", vector("grid.avif"), &[None]),
        case(
            "a small JPEG with 1 500 scans",
            scans,
            &[None, Some(Reason::Damaged)],
        ),
        case("a grey PNG of 12 000²", grey, flat),
        case("a see-through PNG of 6 000²", rgba, flat),
        case("an interlaced PNG of 12 000²", interlaced(rgb), flat),
    ]
}

/// The largest pictures that there may be, hashed row by row: all of their pixels, ten seconds,
/// and little more than the file.
fn by_rows() -> Vec<Case> {
    let case = |name, file: Vec<u8>, reason| Case {
        name,
        grown_mib_max: GROWN_BY_ROWS_MIB_MAX + (file.len() as u64 >> 20),
        file,
        reasons: reason,
        seconds_max: 10,
    };
    let flat = &[Some(Reason::LowQuality)];
    let png = |colour| testkit::black_png(12_000, 12_000, colour);
    let wide = |colour| testkit::black_png_of_16_bits(12_000, 12_000, colour);
    let mut cut = png(PngColour::Rgb);
    cut.truncate(cut.len() / 2);
    let large = testkit::bmp(&grey_pixels(4_600));
    vec![
        case("an RGB PNG of 12 000²", png(PngColour::Rgb), flat),
        case("a see-through PNG of 12 000²", png(PngColour::Rgba), flat),
        case("an RGB PNG of 16 bits", wide(PngColour::Rgb), flat),
        case("a see-through PNG of 16 bits", wide(PngColour::Rgba), flat),
        case("half an RGB PNG", cut, &[Some(Reason::Damaged)]),
        case("an RGB TIFF of 12 000²", striped_tiff(12_000), flat),
        case(
            "a BMP of 12 000² in two colours",
            two_colour_bmp(12_000),
            flat,
        ),
        case("a BMP of 4 600²", large, flat),
        // A hundred bytes, whose one frame is small: the screen around it is see-through.
        case("a GIF of 12 000²", testkit::gif_bomb(12_000, 12_000), flat),
    ]
}

/// RGB pixels in strips of 100 rows. There is one strip in the file, which all rows share.
fn striped_tiff(side: u32) -> Vec<u8> {
    let strip = testkit::deflated_zeros(u64::from(side) * 3 * 100);
    let count = side / 100;
    let entries: u16 = 10;
    let bits_at = 8 + 2 + u32::from(entries) * 12 + 4;
    let places_at = bits_at + 3 * 2;
    let lengths_at = places_at + 4 * count;
    let strip_at = lengths_at + 4 * count;
    let tags = [
        (256_u16, 4_u16, 1, side),
        (257, 4, 1, side),
        (258, 3, 3, bits_at),
        (259, 3, 1, 8),
        (262, 3, 1, 2),
        (273, 4, count, places_at),
        (274, 3, 1, 1),
        (277, 3, 1, 3),
        (278, 4, 1, 100),
        (279, 4, count, lengths_at),
    ];
    let mut out = b"II*\0\x08\0\0\0".to_vec();
    out.extend(entries.to_le_bytes());
    for (tag, kind, number, value) in tags {
        out.extend(tag.to_le_bytes());
        out.extend(kind.to_le_bytes());
        out.extend(number.to_le_bytes());
        out.extend(value.to_le_bytes());
    }
    out.extend([0; 4]);
    out.extend(8_u16.to_le_bytes().repeat(3));
    out.extend(strip_at.to_le_bytes().repeat(count as usize));
    let length = u32::try_from(strip.len()).expect("a small strip");
    out.extend(length.to_le_bytes().repeat(count as usize));
    out.extend(strip);
    out
}

/// One bit a pixel, all of the first colour, which is black.
fn two_colour_bmp(side: u32) -> Vec<u8> {
    let pixels = side.div_ceil(32) as usize * 4 * side as usize;
    let mut out = b"BM\0\0\0\0\0\0\0\0\x3E\0\0\0".to_vec();
    out.extend([40, side, side].map(u32::to_le_bytes).concat());
    out.extend([1_u16, 1].map(u16::to_le_bytes).concat());
    out.extend([0; 24 + 8]);
    out.resize(out.len() + pixels, 0);
    out
}

/// The same file, said to be interlaced; its compressed data still fits.
fn interlaced(mut png: Vec<u8>) -> Vec<u8> {
    png[28] = 1;
    png
}

fn vector(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors");
    std::fs::read(format!("{folder}/{name}")).expect("the file is in the repository")
}

fn grey_pixels(side: usize) -> Pixels {
    Pixels::new(side, side, PixelKind::Luma8, vec![90; side * side]).expect("it fits")
}

/// Every size in the file's boxes replaced.
fn claiming_heif(name: &str) -> Vec<u8> {
    let mut file = vector(name);
    for place in 0..file.len() - 16 {
        if &file[place..place + 4] == b"ispe" {
            file[place + 8..place + 12].copy_from_slice(&12_000_u32.to_be_bytes());
            file[place + 12..place + 16].copy_from_slice(&12_000_u32.to_be_bytes());
        }
    }
    file
}

fn claiming_bmp() -> Vec<u8> {
    let mut file = testkit::bmp(&testkit::picture(8, 8, 1));
    file[18..22].copy_from_slice(&60_000_u32.to_le_bytes());
    file[22..26].copy_from_slice(&60_000_u32.to_le_bytes());
    file
}

/// A page of 64 × 64 pixels whose strip says that it holds many more.
fn jpeg_in_tiff(side: u16) -> Vec<u8> {
    let pixels = testkit::picture(64, 64, 1);
    let mut strip = testkit::jpeg(&pixels, 90);
    let frame = strip.windows(2).position(|pair| pair == [0xFF, 0xC0]);
    let frame = frame.expect("a baseline JPEG");
    strip[frame + 5..frame + 7].copy_from_slice(&side.to_be_bytes());
    strip[frame + 7..frame + 9].copy_from_slice(&side.to_be_bytes());
    let page = TiffPage {
        compression: 7,
        photometric: 6,
        strip,
        ..TiffPage::plain(&pixels)
    };
    testkit::raw_tiff(&[page])
}

fn with_chunk(chunk: ([u8; 4], Vec<u8>)) -> Vec<u8> {
    let pixels = testkit::picture(64, 64, 1);
    let file = RawPng {
        width: 64,
        height: 64,
        depth: 8,
        colour: PngColour::Rgb,
        chunks: vec![chunk],
        rows: (0..64).map(|row| pixels.row(row).to_vec()).collect(),
    };
    file.to_bytes()
}

/// The most memory that the pool's one worker ever had in use, in KiB.
fn peak_kib(pool: &WorkerPool) -> u64 {
    let ids = pool.idle_process_ids();
    let id = ids.first().expect("one worker is idle");
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    let number = number.and_then(|number| number.parse().ok());
    number.expect("the kernel counts the peak")
}

/// What a picture may take.
const GROWN_MIB_MAX: u64 = 256;
/// What one may take whose rows are hashed while they are decoded, beside its file.
const GROWN_BY_ROWS_MIB_MAX: u64 = 48;
