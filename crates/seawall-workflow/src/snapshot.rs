//! The index in a file, so that a start need not gather every hash from the database.
//!
//! It is always sealed, with a key that the master key gives. It is worth something only
//! together with the database that it was made from: it names the newest event of that time,
//! and where the database's chain does not hold this event, it is another database, or the
//! same one put back to an earlier day, and the file is left aside. Where it does hold it,
//! what changed since is taken over as from any other process.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use seawall::index::{Index, SnapshotError};
use seawall_casework::audit::{EventHash, Verified};
use seawall_core::{BankId, ContentId, Random};
use seawall_store::MasterKey;
use serde::{Deserialize, Serialize};

/// Where the index is kept, and how it is sealed.
pub(crate) struct SnapshotFile {
    path: PathBuf,
    key: MasterKey,
    random: Arc<dyn Random>,
}

/// What is kept.
pub(crate) struct Stored {
    pub(crate) index: Index,
    pub(crate) marks: Vec<BankMark>,
    /// The newest event of the database when the index was like this.
    pub(crate) head: Verified,
}

/// How far a bank had been taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BankMark {
    pub(crate) bank: BankId,
    pub(crate) revision: i64,
    pub(crate) contents: u64,
    /// The last content; ids rise and are never used again.
    pub(crate) last: ContentId,
}

impl SnapshotFile {
    /// In the folder of the database.
    pub(crate) fn beside(database: &Path, key: &MasterKey, random: Arc<dyn Random>) -> Self {
        Self {
            path: database.with_file_name(NAME),
            key: key.for_purpose("index snapshot"),
            random,
        }
    }

    /// Puts a new file in the place of the old one, at once and whole. Waits where another
    /// process writes one, and removes what was left by one that ended over it.
    pub(crate) fn write(
        &self,
        index: &Index,
        marks: &[BankMark],
        head: Verified,
    ) -> Result<(), SnapshotError> {
        // Commands that change a bank may write one as well as the server.
        let turn = File::create(self.path.with_file_name(LOCK))?;
        turn.lock()?;
        self.sweep()?;
        let mut suffix = [0; 8];
        self.random.fill(&mut suffix);
        let suffix = u64::from_le_bytes(suffix);
        let unfinished = self
            .path
            .with_file_name(format!("{NAME}.{suffix:016x}{UNFINISHED}"));
        let header = Header {
            rules: RULES,
            events: head.events,
            head: head.head.0,
            marks: marks.to_vec(),
        };
        let written = self
            .write_to(&unfinished, &header, index)
            .and_then(|()| Ok(fs::rename(&unfinished, &self.path)?))
            .and_then(|()| Ok(File::open(self.folder())?.sync_all()?));
        if written.is_err() {
            // The error is what the caller needs; what cannot be removed goes at the next start.
            let _ = fs::remove_file(&unfinished);
        }
        written
    }

    fn write_to(&self, path: &Path, header: &Header, index: &Index) -> Result<(), SnapshotError> {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create_new(true).open(path)?;
        self.key.seal_stream(&mut file, &*self.random, |mut to| {
            let header = serde_json::to_vec(header).map_err(io::Error::from)?;
            to.write_all(&(header.len() as u64).to_le_bytes())?;
            to.write_all(&header)?;
            index.write_snapshot(&mut to)
        })?;
        Ok(file.sync_all()?)
    }

    /// What the file holds; `None` where there is none.
    pub(crate) fn read(&self) -> Result<Option<Stored>, SnapshotError> {
        let mut file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        self.key
            .open_stream(&mut file, |from| read_stored(from).map(Some))
    }

    /// Only for whoever holds the lock: a file that is being written now looks the same.
    fn sweep(&self) -> io::Result<()> {
        for entry in fs::read_dir(self.folder())? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            if name.is_some_and(|name| name.starts_with(NAME) && name.ends_with(UNFINISHED)) {
                fs::remove_file(&path)?;
            }
        }
        Ok(())
    }

    fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            Some(_) | None => Path::new("."),
        }
    }
}

const NAME: &str = "index.snapshot";
const UNFINISHED: &str = ".unfinished";
const LOCK: &str = "index.lock";

/// To be raised when entries get into the index by another rule, such as a quality's floor:
/// files that followed the old one are then not used.
const RULES: u32 = 1;

/// Bank marks take about a hundred bytes each.
const HEADER_BYTES_MAX: u64 = 64 << 20;

/// What stands before the index.
#[derive(Serialize, Deserialize)]
struct Header {
    rules: u32,
    events: u64,
    head: [u8; 32],
    marks: Vec<BankMark>,
}

fn read_stored(mut from: &mut dyn Read) -> Result<Stored, SnapshotError> {
    let mut length = [0; 8];
    from.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    if length > HEADER_BYTES_MAX {
        return Err(SnapshotError::Damaged);
    }
    let mut header = Vec::new();
    (&mut from).take(length).read_to_end(&mut header)?;
    let header: Header = serde_json::from_slice(&header).map_err(|_| SnapshotError::Damaged)?;
    if header.rules != RULES {
        return Err(SnapshotError::Version);
    }
    Ok(Stored {
        index: Index::read_snapshot(&mut from)?,
        marks: header.marks,
        head: Verified {
            events: header.events,
            head: EventHash(header.head),
        },
    })
}
