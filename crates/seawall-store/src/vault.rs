//! The evidence vault: bytes of matched uploads, each file encrypted under its case's key.
//!
//! A case key is 256 random bits, wrapped (XChaCha20-Poly1305, bound to the case) by a
//! master key that lives outside the data folder's database. A file is a magic word, a
//! 19-byte nonce and a STREAM of 64 KiB pieces (XChaCha20-Poly1305, big-endian counter,
//! last-piece flag; Hoang, Reyhanitabar, Rogaway, Vizár 2015), every piece bound to the
//! evidence's id. A missing, added or reordered piece does not open.
//!
//! Files appear whole or not at all: written beside, flushed, then renamed. Destroying the
//! wrapped key destroys the content.

mod stream;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use aead_stream::{DecryptorBE32, EncryptorBE32};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use seawall_core::{CaseId, EvidenceId, ExchangeId, Random};
use sha2::Sha256;
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// What can go wrong with the vault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// A file could not be written or read.
    #[error("using the evidence vault")]
    Io(#[from] io::Error),
    /// A sealed value does not open: it was changed, or the key is another one.
    #[error("opening a sealed value: it was changed, or the master key is another one")]
    Sealed,
    /// The master key file is not 64 hexadecimal digits.
    #[error("reading the master key: the file must hold 64 hexadecimal digits")]
    MasterKey,
}

/// The key that wraps case keys.
#[derive(ZeroizeOnDrop)]
pub struct MasterKey([u8; 32]);

impl MasterKey {
    /// A new random key.
    #[must_use]
    pub fn generate(random: &dyn Random) -> Self {
        let mut key = Self([0; 32]);
        random.fill(&mut key.0);
        key
    }

    /// Reads 64 hexadecimal digits, with white space around them.
    ///
    /// # Errors
    /// [`VaultError::MasterKey`].
    pub fn parse(text: &str) -> Result<Self, VaultError> {
        let text = text.trim();
        let mut key = Self([0; 32]);
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(VaultError::MasterKey);
        }
        for (index, byte) in key.0.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[index * 2..index * 2 + 2], 16)
                .map_err(|_| VaultError::MasterKey)?;
        }
        Ok(key)
    }

    /// The key as the text that [`MasterKey::parse`] reads.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// A new case key, and the same wrapped for keeping.
    #[must_use]
    pub fn new_case_key(&self, case: CaseId, random: &dyn Random) -> (CaseKey, WrappedKey) {
        let mut key = CaseKey([0; 32]);
        random.fill(&mut key.0);
        let wrapped = seal_value(&self.0, &wrap_binding(case), &key.0, random);
        (key, WrappedKey(wrapped))
    }

    /// Opens a wrapped case key.
    ///
    /// # Errors
    /// [`VaultError::Sealed`].
    pub fn unwrap_case_key(
        &self,
        case: CaseId,
        wrapped: &WrappedKey,
    ) -> Result<CaseKey, VaultError> {
        let bytes = Zeroizing::new(open_value(&self.0, &wrap_binding(case), &wrapped.0)?);
        Ok(CaseKey(
            bytes
                .as_slice()
                .try_into()
                .map_err(|_| VaultError::Sealed)?,
        ))
    }
}

impl MasterKey {
    /// The key of the seen index, derived: whoever has the master key has it, nobody else.
    #[must_use]
    pub fn seen_key(&self) -> SeenKey {
        SeenKey {
            seal: derive(&self.0, b"seawall seen index v1 seal"),
            tag: derive(&self.0, b"seawall seen index v1 tag"),
        }
    }
}

impl MasterKey {
    /// The key of partners' lists, derived like the seen index's.
    #[must_use]
    pub fn list_key(&self) -> ListKey {
        ListKey {
            seal: derive(&self.0, b"seawall partners' lists v1 seal"),
            tag: keyed(&derive(&self.0, b"seawall partners' lists v1 tag")),
        }
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey([redacted])")
    }
}

/// The key of one case.
#[derive(ZeroizeOnDrop)]
pub struct CaseKey([u8; 32]);

impl CaseKey {
    /// Seals a value of the case, such as its context. `purpose` says which; only a call with
    /// the same one opens it.
    #[must_use]
    pub fn seal(&self, purpose: &str, value: &[u8], random: &dyn Random) -> Vec<u8> {
        seal_value(&self.0, purpose.as_bytes(), value, random)
    }

    /// Opens what [`CaseKey::seal`] made.
    ///
    /// # Errors
    /// [`VaultError::Sealed`].
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        open_value(&self.0, purpose.as_bytes(), sealed)
    }
}

impl std::fmt::Debug for CaseKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CaseKey([redacted])")
    }
}

/// The key of the seen index.
#[derive(ZeroizeOnDrop)]
pub struct SeenKey {
    seal: [u8; 32],
    tag: [u8; 32],
}

/// A keyed hash of an item's id: the same for the same item, and without the key no way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SeenTag(pub [u8; 16]);

impl SeenKey {
    /// The tag of an item.
    #[must_use]
    pub fn tag(&self, item_id: &str) -> SeenTag {
        let full = derive(&self.tag, item_id.as_bytes());
        SeenTag(*full.first_chunk().expect("a digest has more than 16 bytes"))
    }

    pub(crate) fn seal(&self, binding: &[u8], value: &[u8], random: &dyn Random) -> Vec<u8> {
        seal_value(&self.seal, binding, value, random)
    }

    pub(crate) fn open(&self, binding: &[u8], sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        open_value(&self.seal, binding, sealed)
    }
}

impl std::fmt::Debug for SeenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SeenKey([redacted])")
    }
}

/// The key of partners' lists.
#[derive(ZeroizeOnDrop)]
pub struct ListKey {
    seal: [u8; 32],
    /// Set up once, since millions of tags are made with it.
    #[zeroize(skip)]
    tag: Hmac<Sha256>,
}

impl ListKey {
    /// The tag of what a partner knows an entry by: the same for the same exchange and key, and
    /// without this key no way back.
    #[must_use]
    pub fn tag(&self, exchange: ExchangeId, key: &str) -> [u8; 16] {
        self.short(|mac| {
            mac.update(&exchange.0.to_le_bytes());
            mac.update(key.as_bytes());
        })
    }

    /// The tag of which list an exchange reads.
    #[must_use]
    pub fn source_tag(&self, identity: &str) -> [u8; 16] {
        self.short(|mac| mac.update(identity.as_bytes()))
    }

    /// A keyed digest of what `feed` gives.
    pub(crate) fn short(&self, feed: impl FnOnce(&mut Hmac<Sha256>)) -> [u8; 16] {
        let mut mac = self.tag.clone();
        feed(&mut mac);
        let full: [u8; 32] = mac.finalize().into_bytes().into();
        *full.first_chunk().expect("a digest has more than 16 bytes")
    }

    pub(crate) fn seal(&self, binding: &[u8], value: &[u8], random: &dyn Random) -> Vec<u8> {
        seal_value(&self.seal, binding, value, random)
    }

    pub(crate) fn open(&self, binding: &[u8], sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        open_value(&self.seal, binding, sealed)
    }
}

impl std::fmt::Debug for ListKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ListKey([redacted])")
    }
}

/// A case key, wrapped by the master key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey(pub Vec<u8>);

/// The folder of sealed files.
#[derive(Debug)]
pub struct Vault {
    folder: PathBuf,
}

impl Vault {
    /// Opens the vault in `folder`, making the folder if it is absent.
    ///
    /// # Errors
    /// [`VaultError::Io`].
    pub fn open(folder: &Path) -> Result<Self, VaultError> {
        fs::create_dir_all(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    /// Encrypts `content` into the file of `id`. When this returns, the file is on disk.
    ///
    /// # Errors
    /// [`VaultError::Io`]; no file is left behind then.
    pub fn put(
        &self,
        id: EvidenceId,
        key: &CaseKey,
        content: &[u8],
        random: &dyn Random,
    ) -> Result<(), VaultError> {
        let (path, unfinished) = (self.path(id), self.folder.join(format!("{id}{UNFINISHED}")));
        let written = write_sealed(&unfinished, id, key, content, random)
            .and_then(|()| fs::rename(&unfinished, &path))
            .and_then(|()| File::open(&self.folder)?.sync_all());
        if written.is_err() {
            // The error is what the caller needs; a file that cannot be removed either is swept later.
            let _ = fs::remove_file(&unfinished);
        }
        Ok(written?)
    }

    /// Decrypts the file of `id`.
    ///
    /// # Errors
    /// [`VaultError::Sealed`] where it was changed or the key is another one.
    pub fn get(&self, id: EvidenceId, key: &CaseKey) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        open_sealed(&fs::read(self.path(id))?, id, key)
    }

    /// Removes a sealed file, if it is there.
    ///
    /// # Errors
    /// [`VaultError::Io`].
    pub fn remove(&self, id: EvidenceId) -> Result<(), VaultError> {
        match fs::remove_file(self.path(id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Removes files that no case knows: what a process left that died before its case was
    /// written. Their keys were never kept, so nobody can read them. Returns how many.
    ///
    /// # Errors
    /// [`VaultError::Io`].
    pub fn sweep(&self, known: &BTreeSet<EvidenceId>) -> Result<usize, VaultError> {
        let mut removed = 0;
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            let stem = name
                .strip_suffix(SEALED)
                .or_else(|| name.strip_suffix(UNFINISHED));
            let id = stem.and_then(|stem| stem.parse::<EvidenceId>().ok());
            let stays = name.ends_with(SEALED) && id.is_some_and(|id| known.contains(&id));
            if id.is_some() && !stays {
                fs::remove_file(&path)?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// The ids of `known` whose file is missing.
    #[must_use]
    pub fn missing(&self, known: &BTreeSet<EvidenceId>) -> Vec<EvidenceId> {
        known
            .iter()
            .copied()
            .filter(|id| !self.path(*id).exists())
            .collect()
    }

    fn path(&self, id: EvidenceId) -> PathBuf {
        self.folder.join(format!("{id}{SEALED}"))
    }
}

fn write_sealed(
    path: &Path,
    id: EvidenceId,
    key: &CaseKey,
    content: &[u8],
    random: &dyn Random,
) -> io::Result<()> {
    let mut nonce = [0_u8; STREAM_NONCE_BYTES];
    random.fill(&mut nonce);
    let mut encryptor = EncryptorBE32::from_aead(cipher(&key.0), &nonce.into());
    let binding = id.to_string();
    let mut file = File::create_new(path)?;
    file.write_all(MAGIC)?;
    file.write_all(&nonce)?;
    let (body, last) = content.split_at(last_piece_start(content.len()));
    for piece in body.chunks(PIECE_BYTES) {
        let sealed = encryptor
            .encrypt_next(Payload {
                msg: piece,
                aad: binding.as_bytes(),
            })
            .map_err(|_| io::Error::other("a file has more pieces than the counter can number"))?;
        file.write_all(&sealed)?;
    }
    let sealed = encryptor
        .encrypt_last(Payload {
            msg: last,
            aad: binding.as_bytes(),
        })
        .map_err(|_| io::Error::other("the last piece could not be encrypted"))?;
    file.write_all(&sealed)?;
    file.sync_all()
}

fn open_sealed(
    file: &[u8],
    id: EvidenceId,
    key: &CaseKey,
) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let rest = file.strip_prefix(MAGIC).ok_or(VaultError::Sealed)?;
    let (nonce, sealed) = rest
        .split_first_chunk::<STREAM_NONCE_BYTES>()
        .ok_or(VaultError::Sealed)?;
    let mut decryptor = DecryptorBE32::from_aead(cipher(&key.0), &(*nonce).into());
    let binding = id.to_string();
    let mut content = Zeroizing::new(Vec::with_capacity(sealed.len()));
    let pieces = sealed.len().saturating_sub(1) / SEALED_PIECE_BYTES;
    let (body, last) = sealed.split_at(pieces * SEALED_PIECE_BYTES);
    for piece in body.chunks(SEALED_PIECE_BYTES) {
        let opened = decryptor.decrypt_next(Payload {
            msg: piece,
            aad: binding.as_bytes(),
        });
        content.extend_from_slice(&Zeroizing::new(opened.map_err(|_| VaultError::Sealed)?));
    }
    let opened = decryptor.decrypt_last(Payload {
        msg: last,
        aad: binding.as_bytes(),
    });
    content.extend_from_slice(&Zeroizing::new(opened.map_err(|_| VaultError::Sealed)?));
    Ok(content)
}

/// Where the last piece of a content of this length starts: it is never empty, unless all is.
fn last_piece_start(length: usize) -> usize {
    length.saturating_sub(1) / PIECE_BYTES * PIECE_BYTES
}

fn seal_value(key: &[u8; 32], binding: &[u8], value: &[u8], random: &dyn Random) -> Vec<u8> {
    let mut nonce = [0_u8; NONCE_BYTES];
    random.fill(&mut nonce);
    let sealed = cipher(key)
        .encrypt(
            &XNonce::from(nonce),
            Payload {
                msg: value,
                aad: binding,
            },
        )
        .expect("values sealed in memory are far below the cipher's limit");
    [&nonce[..], &sealed].concat()
}

fn open_value(key: &[u8; 32], binding: &[u8], sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
    let (nonce, sealed) = sealed
        .split_first_chunk::<NONCE_BYTES>()
        .ok_or(VaultError::Sealed)?;
    cipher(key)
        .decrypt(
            &XNonce::from(*nonce),
            Payload {
                msg: sealed,
                aad: binding,
            },
        )
        .map_err(|_| VaultError::Sealed)
}

/// HMAC-SHA-256 (RFC 2104) of a message.
fn derive(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    let mut mac = keyed(key);
    mac.update(message);
    mac.finalize().into_bytes().into()
}

fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length")
}

fn cipher(key: &[u8; 32]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&(*key).into())
}

fn wrap_binding(case: CaseId) -> Vec<u8> {
    format!("seawall case key v1 {case}").into_bytes()
}

const MAGIC: &[u8] = b"seawall-evidence-v1\n";
const PIECE_BYTES: usize = 64 << 10;
const TAG_BYTES: usize = 16;
const SEALED_PIECE_BYTES: usize = PIECE_BYTES + TAG_BYTES;
const NONCE_BYTES: usize = 24;
/// The stream takes five bytes of the nonce for its counter and its last-piece flag.
const STREAM_NONCE_BYTES: usize = NONCE_BYTES - 5;
const SEALED: &str = ".sealed";
const UNFINISHED: &str = ".unfinished";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use seawall_core::Timestamp;

    struct Seed(std::sync::Mutex<u64>);
    impl Random for Seed {
        fn fill(&self, buffer: &mut [u8]) {
            let mut state = self.0.lock().expect("no panic holds it");
            for byte in buffer {
                *state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                *byte = (*state >> 56) as u8;
            }
        }
    }

    fn fixture() -> (
        tempfile::TempDir,
        Vault,
        MasterKey,
        CaseId,
        EvidenceId,
        Seed,
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let vault = Vault::open(folder.path()).expect("a vault");
        let random = Seed(std::sync::Mutex::new(7));
        let master = MasterKey::generate(&random);
        let now = Timestamp::from_millis(0);
        let (case, id) = (CaseId::new(now, &random), EvidenceId::new(now, &random));
        (folder, vault, master, case, id, random)
    }

    #[test]
    fn nothing_on_disk_shows_the_content() {
        let (folder, vault, master, case, id, random) = fixture();
        let (key, _) = master.new_case_key(case, &random);
        let content = b"a plainly harmless text ".repeat(10_000);
        vault.put(id, &key, &content, &random).expect("written");
        let files: Vec<_> = fs::read_dir(folder.path()).expect("readable").collect();
        assert_eq!(files.len(), 1);
        let bytes = fs::read(files[0].as_ref().expect("an entry").path()).expect("readable");
        assert!(!bytes.windows(8).any(|window| window == b"harmless"));
    }

    #[test]
    fn a_wrapped_key_opens_only_for_its_case_and_master() {
        let (_folder, _vault, master, case, _, random) = fixture();
        let (key, wrapped) = master.new_case_key(case, &random);
        let same = master.unwrap_case_key(case, &wrapped).expect("opens");
        assert_eq!(same.0, key.0);
        let other_case = CaseId::new(Timestamp::from_millis(9), &random);
        assert!(master.unwrap_case_key(other_case, &wrapped).is_err());
        assert!(
            MasterKey::generate(&random)
                .unwrap_case_key(case, &wrapped)
                .is_err()
        );
        let reread = MasterKey::parse(&master.to_text()).expect("own text");
        assert!(reread.unwrap_case_key(case, &wrapped).is_ok());
        assert!(MasterKey::parse("short").is_err() && MasterKey::parse(&"é".repeat(32)).is_err());
    }

    #[test]
    fn the_sweep_removes_what_no_case_knows() {
        let (folder, vault, master, case, id, random) = fixture();
        let (key, _) = master.new_case_key(case, &random);
        let orphan = EvidenceId::new(Timestamp::from_millis(5), &random);
        vault.put(id, &key, b"x", &random).expect("written");
        vault.put(orphan, &key, b"x", &random).expect("written");
        fs::write(folder.path().join(format!("{orphan}{UNFINISHED}")), b"").expect("written");
        fs::write(folder.path().join("README"), b"not ours").expect("written");
        let known = BTreeSet::from([id]);
        assert_eq!(vault.sweep(&known).expect("swept"), 2);
        assert!(vault.missing(&known).is_empty());
        assert_eq!(vault.missing(&BTreeSet::from([orphan])), [orphan]);
        assert!(folder.path().join("README").exists());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn what_is_put_comes_back_and_any_change_is_noticed(
            length in prop_oneof![0..200_usize, PIECE_BYTES - 2..PIECE_BYTES + 3, 2 * PIECE_BYTES - 1..2 * PIECE_BYTES + 2],
            place: prop::sample::Index,
        ) {
            let (folder, vault, master, case, id, random) = fixture();
            let (key, _) = master.new_case_key(case, &random);
            let content: Vec<u8> = (0..length).map(|n| (n % 251) as u8).collect();
            vault.put(id, &key, &content, &random).expect("written");
            prop_assert_eq!(&*vault.get(id, &key).expect("opens"), &content);

            let path = folder.path().join(format!("{id}{SEALED}"));
            let sealed = fs::read(&path).expect("readable");
            let mut changed = sealed.clone();
            changed[place.index(sealed.len())] ^= 1;
            fs::write(&path, &changed).expect("written");
            prop_assert!(vault.get(id, &key).is_err());
            fs::write(&path, &sealed[..place.index(sealed.len())]).expect("written");
            prop_assert!(vault.get(id, &key).is_err());
        }
    }
}
