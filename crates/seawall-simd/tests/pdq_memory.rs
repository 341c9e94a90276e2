//! PDQ of a large picture needs little memory: what it holds grows with the width, not with
//! the number of pixels.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use seawall_simd::pdq::{Kernel, PdqStream, RowKind};

/// The system's allocator, counting.
struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on as it came, and what comes back is returned.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(now, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `GlobalAlloc`, which is the system's too.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as for `alloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What one test allocates is none of the others' business.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn twelve_megapixels_are_hashed_in_a_megabyte() {
    let _alone = ALONE.lock();
    let row: Vec<u8> = (0..3 * 4000).map(|k| (k * k % 251) as u8).collect();
    for kernel in Kernel::ALL.into_iter().filter(|k| k.is_available()) {
        let before = NOW.load(Ordering::Relaxed);
        PEAK.store(before, Ordering::Relaxed);
        let mut stream =
            PdqStream::with_kernel(kernel, 4000, 3000, RowKind::Rgb8).expect("large enough");
        for _ in 0..3000 {
            stream.push_row(&row);
        }
        assert!(stream.finish().is_some());
        let bytes = PEAK.load(Ordering::Relaxed) - before;
        assert!(bytes < 1 << 20, "{kernel:?} took {bytes} bytes");
    }
}

/// What a decoder reckons with before it takes rows.
#[test]
fn no_stream_holds_more_than_it_says() {
    let _alone = ALONE.lock();
    let sides = [
        (5, 5),
        (64, 64),
        (65, 63),
        (4000, 3000),
        (7, 30_000),
        (30_000, 7),
        (200_000, 40),
        (12_000, 12_000),
    ];
    for (width, height) in sides {
        for kind in [RowKind::Luma8, RowKind::Rgb8] {
            let said = PdqStream::bytes_max(width, height, kind);
            for kernel in Kernel::ALL.into_iter().filter(|k| k.is_available()) {
                let row = vec![9; width * kind.bytes()];
                let before = NOW.load(Ordering::Relaxed);
                PEAK.store(before, Ordering::Relaxed);
                let stream = PdqStream::with_kernel(kernel, width, height, kind);
                let mut stream = stream.expect("large enough");
                (0..height.min(100)).for_each(|_| stream.push_row(&row));
                let _ = (height <= 100).then(|| stream.finish());
                let held = PEAK.load(Ordering::Relaxed) - before;
                assert!(
                    held as u64 <= said,
                    "{kernel:?} {width} × {height}: {held} > {said}"
                );
                assert!(
                    said <= 8 * held as u64 + (1 << 18),
                    "{width} × {height}: {said} for {held}"
                );
            }
        }
    }
}
