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
            && grown_kib <= GROWN_KIB_MAX
    }
}

fn cases() -> Vec<Case> {
    let groups = [claims(), claims_of_containers(), real_pixels()];
    groups.into_iter().flatten().collect()
}

/// Refused by what their headers say, or read past what they hold: two seconds.
fn claims() -> Vec<Case> {
    let case = |name, file, reasons| Case {
        name,
        file,
        reasons,
        seconds_max: 2,
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
        case(
            "a GIF that claims 12 000²",
            testkit::gif_bomb(12_000, 12_000),
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
        case("an RGB PNG of 12 000²", rgb, flat),
        case("a see-through PNG of 6 000²", rgba, flat),
    ]
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

const GROWN_KIB_MAX: u64 = 256 << 10;
