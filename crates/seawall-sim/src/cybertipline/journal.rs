//! What a stand-in remembers across the death of its process: one JSON line a change.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use seawall_core::Timestamp;
use serde::{Deserialize, Serialize};

use crate::SimError;

/// One change of a report.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) at: Timestamp,
    pub(super) report_id: u64,
    #[serde(flatten)]
    pub(super) change: Change,
}

/// What changed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub(super) enum Change {
    Opened {
        payload: String,
    },
    Uploaded {
        file_id: String,
        md5: String,
        bytes: u64,
    },
    Described {
        file_id: String,
        details: String,
    },
    Finished,
    Retracted,
}

/// The file, open at its end.
pub(super) struct Journal {
    file: File,
}

impl Journal {
    /// Opens or makes the file, and gives what it remembers.
    pub(super) fn open(path: &Path) -> Result<(Self, Vec<Entry>), SimError> {
        let failed = |source| SimError::Open {
            path: path.to_owned(),
            source,
        };
        let mut file = open_private(path).map_err(failed)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let whole = bytes
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |at| at + 1);
        let mut entries = Vec::new();
        for (index, line) in bytes[..whole].split_inclusive(|b| *b == b'\n').enumerate() {
            let entry = serde_json::from_slice(line).map_err(|source| SimError::Line {
                path: path.to_owned(),
                line: index + 1,
                source,
            })?;
            entries.push(entry);
        }
        cut(&mut file, whole as u64).map_err(failed)?;
        Ok((Self { file }, entries))
    }

    /// Writes one change and waits until the disk has it.
    pub(super) fn append(&mut self, entry: &Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        let before = self.file.stream_position()?;
        let written = self
            .file
            .write_all(&line)
            .and_then(|()| self.file.sync_data());
        if written.is_err() {
            // A line that is half there must not spoil the next one.
            cut(&mut self.file, before)?;
        }
        written
    }
}

/// Reports hold personal data even in a drill: nobody else on the machine reads them.
fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    // Two stand-ins on one journal would give the same number to two reports.
    file.try_lock()?;
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        File::open(folder)?.sync_all()?;
    }
    Ok(file)
}

/// Removes what a dying process left half written.
fn cut(file: &mut File, end: u64) -> io::Result<()> {
    file.set_len(end)?;
    file.seek(SeekFrom::Start(end))?;
    Ok(())
}
