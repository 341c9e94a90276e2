//! The file as the decoder reads it: strips and tiles come to it decompressed.
//!
//! The decoder takes the rows that it needs out of compressed data and looks no further. It
//! reads beyond the end of a strip into the next one, and stops before the end of the
//! data, where its length and its checksum would show that the rows are not those that were
//! stored. JPEG data it reads as well as it goes, and says nothing. So a page is declared not to be
//! compressed, and each strip or tile is decompressed here, within its stated bytes, to its end.
//!
//! What is missing of one is filled up, and the next one is read all the same.

use std::io::{self, ErrorKind, Read, Seek, SeekFrom};

use super::directory::Patch;
use super::stream::Stream;
use super::strips::Strips;
use crate::source::Source;

/// The reader that the decoder has.
pub(super) struct File<'a> {
    source: Source<'a>,
    patches: Vec<Patch>,
    /// Once they are read, every seek goes to the next of them.
    strips: Option<Strips<'a>>,
    next: usize,
    current: Option<Strip<'a>>,
    seen: Seen,
}

/// What was found while strips and tiles were read.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    /// Whether something of them is missing or wrong.
    pub(super) is_damaged: bool,
    /// Whether nothing came but zeros.
    pub(super) is_empty: bool,
}

/// A strip or tile that is being read.
struct Strip<'a> {
    number: usize,
    stream: Stream<'a>,
    /// Bytes that the decoder got.
    given: usize,
    /// Whether the stream gives no more.
    is_short: bool,
}

impl<'a> File<'a> {
    pub(super) fn new(source: Source<'a>, patches: Vec<Patch>) -> Self {
        Self {
            source,
            patches,
            strips: None,
            next: 0,
            current: None,
            seen: Seen {
                is_damaged: false,
                is_empty: true,
            },
        }
    }

    /// From now on the decoder reads nothing but these, one after the other.
    pub(super) fn begin(&mut self, strips: Strips<'a>) {
        self.seen.is_damaged = strips.are_at_odds(self.source.file().len() as u64);
        self.strips = Some(strips);
    }

    /// The strip or tile that comes next.
    pub(super) fn go_to(&mut self, number: usize) {
        self.next = number;
    }

    /// What was found; `None` where the decoder decompresses by itself.
    pub(super) fn end(&mut self) -> io::Result<Option<Seen>> {
        self.close()?;
        Ok(self.strips.is_some().then_some(self.seen))
    }

    fn open(&mut self, offset: u64) -> io::Result<()> {
        self.close()?;
        let strips = self.strips.as_ref().ok_or(ErrorKind::InvalidInput)?;
        let number = strips.number(self.next);
        self.next += 1;
        if !strips.begins_at(number, offset) {
            return Err(ErrorKind::InvalidInput.into());
        }
        let (stream, is_sound) = strips.open(number, &self.source);
        self.seen.is_damaged |= !is_sound;
        self.current = Some(Strip {
            number,
            stream,
            given: 0,
            is_short: false,
        });
        Ok(())
    }

    /// Looks whether the strip ends where it should.
    fn close(&mut self) -> io::Result<()> {
        let (Some(mut strip), Some(strips)) = (self.current.take(), &self.strips) else {
            return Ok(());
        };
        let needed = strips.needed_bytes(strip.number);
        let is_checked = strips.is_compressed() && !strip.is_short && strip.given >= needed;
        // Some programs fill the last strip up.
        let mut rest = (strips.full_bytes() + 1).saturating_sub(strip.given);
        let mut beyond = [0; 4096];
        while is_checked && !self.seen.is_damaged {
            let length = rest.min(beyond.len());
            match strip.stream.read(&mut beyond[..length]) {
                Ok(0) if length > 0 => break,
                Ok(given) if given < rest => rest -= given,
                Err(error) if self.source.is_late() => return Err(error),
                Ok(_) | Err(_) => self.seen.is_damaged = true,
            }
        }
        Ok(())
    }

    fn read_strip(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (Some(strip), Some(strips)) = (&mut self.current, &self.strips) else {
            return Err(ErrorKind::InvalidInput.into());
        };
        let mut given = 0;
        if !strip.is_short {
            given = match strip.stream.read(buffer) {
                Err(error) if self.source.is_late() => return Err(error),
                given => given.unwrap_or(0),
            };
        }
        if given == 0 {
            strip.is_short = true;
            self.seen.is_damaged = true;
            given = buffer.len();
            strips.fill(strip.given, buffer);
        } else if self.seen.is_empty {
            self.seen.is_empty = buffer[..given].iter().all(|&byte| byte == 0);
        }
        strip.given += given;
        Ok(given)
    }

    fn read_patched(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let start = usize::try_from(self.source.position()).unwrap_or(usize::MAX);
        let given = self.source.read(buffer)?;
        for patch in &self.patches {
            for (place, &byte) in (patch.place..).zip(&patch.bytes) {
                let place = place.checked_sub(start).filter(|&place| place < given);
                if let Some(place) = place {
                    buffer[place] = byte;
                }
            }
        }
        Ok(given)
    }
}

impl Read for File<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            Ok(0)
        } else if self.strips.is_some() {
            self.read_strip(buffer)
        } else {
            self.read_patched(buffer)
        }
    }
}

impl Seek for File<'_> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        if let (Some(_), SeekFrom::Start(offset)) = (&self.strips, position) {
            self.open(offset)?;
            return Ok(offset);
        }
        self.source.seek(position)
    }
}
