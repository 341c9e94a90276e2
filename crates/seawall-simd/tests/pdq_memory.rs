//! PDQ of a large picture needs little memory: what it holds grows with the width, not with
//! the number of pixels.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
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

#[test]
fn twelve_megapixels_are_hashed_in_a_megabyte() {
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
