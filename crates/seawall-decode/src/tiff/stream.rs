//! The bytes of a strip or tile as they were before they were compressed.
//!
//! Each form says where its data ends by itself, so that data that is too short or too long, or
//! whose checksum is wrong, can be told.

use std::io::{self, BufRead, Cursor, ErrorKind, Read};

use flate2::{Decompress, FlushDecompress, Status};
use weezl::BitOrder;
use weezl::LzwStatus;
use weezl::decode::{Configuration, Decoder};

use crate::source::Source;

/// One strip or tile on its way. Reading gives nothing where the data ends as it should.
pub(super) enum Stream<'a> {
    /// Not compressed.
    Plain(Source<'a>),
    Deflate(Deflate<'a>),
    Lzw(Lzw<'a>),
    PackBits(PackBits<'a>),
    /// All of it is there already.
    Decoded(Cursor<Vec<u8>>),
}

impl Read for Stream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(source) => source.read(buffer),
            Self::Deflate(stream) => stream.read(buffer),
            Self::Lzw(stream) => stream.read(buffer),
            Self::PackBits(stream) => stream.read(buffer),
            Self::Decoded(bytes) => bytes.read(buffer),
        }
    }
}

/// Deflate with the head and the checksum of zlib (RFC 1950).
pub(super) struct Deflate<'a> {
    source: Source<'a>,
    state: Decompress,
    is_ended: bool,
    is_wrong: bool,
}

impl<'a> Deflate<'a> {
    pub(super) fn new(source: Source<'a>) -> Self {
        Self {
            source,
            state: Decompress::new(true),
            is_ended: false,
            is_wrong: false,
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.is_wrong {
                return Err(ErrorKind::InvalidData.into());
            }
            if self.is_ended || buffer.is_empty() {
                return Ok(0);
            }
            let input = self.source.fill_buf()?;
            let is_all = input.is_empty();
            let before = (self.state.total_in(), self.state.total_out());
            let result = self.state.decompress(input, buffer, FlushDecompress::None);
            // Both are at most the length of a slice.
            let taken = (self.state.total_in() - before.0) as usize;
            let given = (self.state.total_out() - before.1) as usize;
            self.source.consume(taken);
            match result {
                Ok(Status::StreamEnd) => self.is_ended = true,
                Ok(Status::Ok | Status::BufError) => {
                    self.is_wrong = is_all && given == 0;
                }
                // What came before the fault, or before a wrong checksum, is there.
                Err(_) => self.is_wrong = true,
            }
            if given > 0 {
                return Ok(given);
            }
        }
    }
}

/// LZW as TIFF 6.0 has it.
pub(super) struct Lzw<'a> {
    source: Source<'a>,
    state: Decoder,
    is_ended: bool,
}

impl<'a> Lzw<'a> {
    pub(super) fn new(source: Source<'a>) -> Self {
        let configuration = Configuration::with_tiff_size_switch(BitOrder::Msb, 8);
        Self {
            source,
            state: configuration.with_yield_on_full_buffer(true).build(),
            is_ended: false,
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.is_ended && !buffer.is_empty() {
            let result = self.state.decode_bytes(self.source.fill_buf()?, buffer);
            self.source.consume(result.consumed_in);
            match result.status {
                Ok(LzwStatus::Ok) => {}
                // Some programs leave out the code of the end.
                Ok(LzwStatus::Done | LzwStatus::NoProgress) => self.is_ended = true,
                Err(_) => return Err(ErrorKind::InvalidData.into()),
            }
            if result.consumed_out > 0 {
                return Ok(result.consumed_out);
            }
        }
        Ok(0)
    }
}

/// Runs (TIFF 6.0, section 9).
pub(super) struct PackBits<'a> {
    source: Source<'a>,
    run: Run,
    /// Bytes of the run that are to come.
    count: usize,
}

enum Run {
    Literal,
    Of(u8),
}

impl<'a> PackBits<'a> {
    pub(super) fn new(source: Source<'a>) -> Self {
        Self {
            source,
            run: Run::Literal,
            count: 0,
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() || (self.count == 0 && !self.begin()?) {
            return Ok(0);
        }
        let length = buffer.len().min(self.count);
        let given = match self.run {
            Run::Literal => self.source.read(&mut buffer[..length])?,
            Run::Of(value) => {
                buffer[..length].fill(value);
                length
            }
        };
        if given == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.count -= given;
        Ok(given)
    }

    /// Goes to the next run; says whether there is one.
    fn begin(&mut self) -> io::Result<bool> {
        while let Some(head) = self.byte()? {
            match head {
                // A last byte alone fills the strip up to an even length.
                0..=127 if self.source.fill_buf()?.is_empty() => return Ok(false),
                0..=127 => (self.run, self.count) = (Run::Literal, usize::from(head) + 1),
                // Means nothing.
                128 => continue,
                129.. => {
                    let value = self.byte()?.ok_or(ErrorKind::UnexpectedEof)?;
                    (self.run, self.count) = (Run::Of(value), 257 - usize::from(head));
                }
            }
            return Ok(true);
        }
        Ok(false)
    }

    fn byte(&mut self) -> io::Result<Option<u8>> {
        let first = self.source.fill_buf()?.first().copied();
        self.source.consume(usize::from(first.is_some()));
        Ok(first)
    }
}
