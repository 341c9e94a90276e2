//! The bytes as decoders read them: with an end when the time is over.

use std::cell::Cell;
use std::io::{self, BufRead, Cursor, ErrorKind, Read, Seek, SeekFrom};
use std::rc::Rc;

/// A reader over bytes in memory that fails once the time is over.
///
/// Most decoders offer no way to be stopped, but all of them read; handing out the bytes in
/// small pieces gives the clock a say between any two.
pub(crate) struct Source<'a> {
    bytes: Cursor<&'a [u8]>,
    expired: &'a dyn Fn() -> bool,
    late: Rc<Cell<bool>>,
    reads: u32,
}

impl<'a> Source<'a> {
    /// A reader; it sets `late` when it fails for lack of time.
    pub(crate) fn new(
        bytes: &'a [u8],
        expired: &'a dyn Fn() -> bool,
        late: Rc<Cell<bool>>,
    ) -> Self {
        Self {
            bytes: Cursor::new(bytes),
            expired,
            late,
            reads: 0,
        }
    }

    /// A reader over other bytes, on the same clock.
    pub(crate) fn over(&self, bytes: &'a [u8]) -> Self {
        Self::new(bytes, self.expired, Rc::clone(&self.late))
    }

    /// All of the bytes.
    pub(crate) fn file(&self) -> &'a [u8] {
        self.bytes.get_ref()
    }

    /// The place of the next byte.
    pub(crate) fn position(&self) -> u64 {
        self.bytes.position()
    }

    /// Whether the time is over.
    pub(crate) fn is_late(&self) -> bool {
        self.late.get()
    }

    /// Asks the clock, every 64th time only: some decoders read byte by byte.
    fn check_time(&mut self) -> io::Result<()> {
        self.reads = self.reads.wrapping_add(1);
        if self.reads % 64 == 1 && (self.expired)() {
            self.late.set(true);
        }
        if self.late.get() {
            return Err(io::Error::from(ErrorKind::TimedOut));
        }
        Ok(())
    }
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.check_time()?;
        let length = buffer.len().min(PIECE_BYTES);
        self.bytes.read(&mut buffer[..length])
    }
}

impl BufRead for Source<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.check_time()?;
        let rest = self.bytes.fill_buf()?;
        Ok(&rest[..rest.len().min(PIECE_BYTES)])
    }

    fn consume(&mut self, amount: usize) {
        self.bytes.consume(amount);
    }
}

impl Seek for Source<'_> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(position)
    }
}

/// Bytes handed out at a time.
const PIECE_BYTES: usize = 8 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_when_the_time_is_over() {
        let late = Rc::new(Cell::new(false));
        let bytes = vec![7; 100 * PIECE_BYTES];
        let calls = Cell::new(0);
        let expired = || {
            calls.set(calls.get() + 1);
            calls.get() > 1
        };
        let mut source = Source::new(&bytes, &expired, Rc::clone(&late));
        let mut taken = Vec::new();
        let error = source.read_to_end(&mut taken).expect_err("the time ends");
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(late.get() && taken.len() < bytes.len());
    }
}
