//! The memory of the last picture, kept for the next one of the same thread.
//!
//! The kernel hands out large memory page by page, at the first touch of each, and cleared:
//! for 36 MB that takes as long as a third of the decoding. A worker decodes one file after
//! the other, so it keeps what it has. Nothing of a picture stays: the memory is cleared
//! when it comes back.

use std::cell::Cell;

thread_local! {
    /// Zeros.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// So many zeros.
pub(crate) fn take(length: usize) -> Vec<u8> {
    let mut data = SPARE.take();
    if data.capacity() < length {
        // Given back first: there shall never be both.
        drop(data);
        return vec![0; length];
    }
    data.resize(length, 0);
    data
}

/// Keeps this memory, unless it is more than a worker should hold while it waits.
pub(crate) fn give_back(mut data: Vec<u8>) {
    if data.capacity() <= KEPT_BYTES_MAX {
        data.fill(0);
        SPARE.set(data);
    }
}

/// Lets go of what is kept: for decoders that bring their own memory and need a lot.
pub(crate) fn release() {
    drop(SPARE.take());
}

/// Colours of 16 megapixels.
const KEPT_BYTES_MAX: usize = 48 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_is_cleared_and_used_again() {
        let mut first = take(1000);
        first.fill(7);
        let place = first.as_ptr();
        give_back(first);
        let second = take(600);
        assert_eq!((second.as_ptr(), second.len()), (place, 600));
        assert!(second.iter().all(|&value| value == 0));
        give_back(second);
        assert_eq!(take(900), [0; 900]);
        // Taken and never given back: the next one is new.
        assert_eq!(take(900), [0; 900]);
    }

    #[test]
    fn what_is_too_large_is_not_kept() {
        give_back(vec![1; KEPT_BYTES_MAX + 1]);
        assert_eq!(SPARE.take().capacity(), 0);
        give_back(vec![1; 10]);
        release();
        assert_eq!(SPARE.take().capacity(), 0);
    }
}
