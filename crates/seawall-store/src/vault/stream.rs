//! Files too large to hold: sealed while they are written, opened while they are read.

use std::io::{self, Read, Write};

use aead_stream::{DecryptorBE32, EncryptorBE32};
use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::Payload;
use seawall_core::Random;
use zeroize::Zeroizing;

use super::{MasterKey, PIECE_BYTES, SEALED_PIECE_BYTES, STREAM_NONCE_BYTES, cipher, derive};

impl MasterKey {
    /// A key for one purpose alone, derived: whoever has this one has it, nobody else.
    #[must_use]
    pub fn for_purpose(&self, purpose: &str) -> Self {
        Self(derive(
            &self.0,
            format!("seawall {purpose} v1 key").as_bytes(),
        ))
    }

    /// Seals what `work` writes, in the way of the vault's files, and hands it on to `to`.
    ///
    /// # Errors
    /// What `work` or writing returns; what was written until then does not open.
    pub fn seal_stream<E: From<io::Error>>(
        &self,
        to: &mut dyn Write,
        random: &dyn Random,
        work: impl FnOnce(&mut dyn Write) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut nonce = [0_u8; STREAM_NONCE_BYTES];
        random.fill(&mut nonce);
        to.write_all(MAGIC)?;
        to.write_all(&nonce)?;
        let mut writer = SealingWriter {
            to,
            encryptor: EncryptorBE32::from_aead(cipher(&self.0), &nonce.into()),
            piece: Zeroizing::new(Vec::with_capacity(PIECE_BYTES)),
        };
        work(&mut writer)?;
        Ok(writer.finish()?)
    }

    /// Opens what [`MasterKey::seal_stream`] made, and hands it to `work` to be read. Whether
    /// it is whole is known at its end alone: `work` is to read until there is no more.
    ///
    /// # Errors
    /// What `work` or reading returns. What was changed, cut off or sealed with another key is
    /// an [`io::ErrorKind::InvalidData`].
    pub fn open_stream<T, E: From<io::Error>>(
        &self,
        from: &mut dyn Read,
        work: impl FnOnce(&mut dyn Read) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut start = Vec::new();
        let start_bytes = (MAGIC.len() + STREAM_NONCE_BYTES) as u64;
        (&mut *from).take(start_bytes).read_to_end(&mut start)?;
        let nonce = start
            .strip_prefix(MAGIC)
            .and_then(|rest| rest.try_into().ok());
        let nonce: [u8; STREAM_NONCE_BYTES] = nonce.ok_or_else(unsealed)?;
        let mut reader = OpeningReader {
            decryptor: Some(DecryptorBE32::from_aead(cipher(&self.0), &nonce.into())),
            next: Vec::new(),
            opened: Zeroizing::new(Vec::new()),
            read: 0,
            from,
        };
        reader.next = reader.sealed_piece()?;
        work(&mut reader)
    }
}

const MAGIC: &[u8] = b"seawall-stream-v1\n";

fn unsealed() -> io::Error {
    let message = "a sealed file does not open: it was changed, or the key is another one";
    io::Error::new(io::ErrorKind::InvalidData, message)
}

fn payload(msg: &[u8]) -> Payload<'_, '_> {
    Payload { msg, aad: MAGIC }
}

struct SealingWriter<'a> {
    to: &'a mut dyn Write,
    encryptor: EncryptorBE32<XChaCha20Poly1305>,
    /// What the next piece is made of. A full one waits: it may be the last.
    piece: Zeroizing<Vec<u8>>,
}

impl SealingWriter<'_> {
    fn finish(self) -> io::Result<()> {
        let last = self.encryptor.encrypt_last(payload(&self.piece));
        self.to.write_all(&last.map_err(|_| too_long())?)?;
        self.to.flush()
    }
}

impl Write for SealingWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.piece.len() == PIECE_BYTES && !bytes.is_empty() {
            let sealed = self.encryptor.encrypt_next(payload(&self.piece));
            self.to.write_all(&sealed.map_err(|_| too_long())?)?;
            self.piece.clear();
        }
        let taken = bytes.len().min(PIECE_BYTES - self.piece.len());
        self.piece.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn too_long() -> io::Error {
    io::Error::other("a file has more pieces than the counter can number")
}

struct OpeningReader<'a> {
    from: &'a mut dyn Read,
    /// None after the last piece.
    decryptor: Option<DecryptorBE32<XChaCha20Poly1305>>,
    /// The piece that comes next, still sealed: whether it is the last shows behind it.
    next: Vec<u8>,
    opened: Zeroizing<Vec<u8>>,
    read: usize,
}

impl OpeningReader<'_> {
    fn sealed_piece(&mut self) -> io::Result<Vec<u8>> {
        let mut piece = Vec::with_capacity(SEALED_PIECE_BYTES);
        let length = SEALED_PIECE_BYTES as u64;
        (&mut *self.from).take(length).read_to_end(&mut piece)?;
        Ok(piece)
    }

    fn open_next(&mut self) -> io::Result<()> {
        let Some(mut decryptor) = self.decryptor.take() else {
            return Ok(());
        };
        let after = self.sealed_piece()?;
        let sealed = std::mem::replace(&mut self.next, after);
        let opened = if self.next.is_empty() {
            decryptor.decrypt_last(payload(&sealed))
        } else {
            let opened = decryptor.decrypt_next(payload(&sealed));
            self.decryptor = Some(decryptor);
            opened
        };
        self.opened = Zeroizing::new(opened.map_err(|_| unsealed())?);
        self.read = 0;
        Ok(())
    }
}

impl Read for OpeningReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.read == self.opened.len() && self.decryptor.is_some() {
            self.open_next()?;
        }
        let left = &self.opened[self.read..];
        let taken = left.len().min(buffer.len());
        buffer[..taken].copy_from_slice(&left[..taken]);
        self.read += taken;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Nines;
    impl Random for Nines {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(9);
        }
    }

    fn sealed(key: &MasterKey, content: &[u8], step: usize) -> Vec<u8> {
        let mut sealed = Vec::new();
        let written = key.seal_stream(&mut sealed, &Nines, |to| {
            let mut chunks = content.chunks(step);
            chunks.try_for_each(|chunk| to.write_all(chunk))
        });
        written.expect("memory takes everything");
        sealed
    }

    fn opened(key: &MasterKey, sealed: &[u8]) -> io::Result<Vec<u8>> {
        key.open_stream(&mut &sealed[..], |from| {
            let mut content = Vec::new();
            from.read_to_end(&mut content)?;
            Ok(content)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn what_is_sealed_comes_back_and_any_change_is_noticed(
            length in prop_oneof![0..200_usize, PIECE_BYTES - 2..PIECE_BYTES + 3, 2 * PIECE_BYTES - 1..2 * PIECE_BYTES + 2],
            step in 1_usize..100_000,
            place: prop::sample::Index,
        ) {
            let key = MasterKey::generate(&Nines).for_purpose("test");
            let content: Vec<u8> = (0..length).map(|n| (n % 251) as u8).collect();
            let whole = sealed(&key, &content, step);
            prop_assert_eq!(opened(&key, &whole).expect("opens"), content);
            let mut changed = whole.clone();
            changed[place.index(whole.len())] ^= 1;
            prop_assert!(opened(&key, &changed).is_err());
            prop_assert!(opened(&key, &whole[..place.index(whole.len())]).is_err());
            prop_assert!(opened(&key.for_purpose("test"), &whole).is_err());
        }
    }

    #[test]
    fn a_stream_cut_between_two_pieces_does_not_open() {
        let key = MasterKey::generate(&Nines);
        let content = vec![7; 3 * PIECE_BYTES];
        let whole = sealed(&key, &content, 1 << 20);
        for pieces in 0..3 {
            let end = MAGIC.len() + STREAM_NONCE_BYTES + pieces * SEALED_PIECE_BYTES;
            assert!(opened(&key, &whole[..end]).is_err(), "{pieces} pieces");
        }
        assert!(!whole.windows(8).any(|window| window == [7; 8]));
    }
}
