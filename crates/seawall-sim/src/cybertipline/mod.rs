//! A stand-in for the CyberTipline reporting interface.
//!
//! It answers the seven calls of the interface under [`BASE_PATH`], keeps each report as
//! open, finished, retracted or expired by the clock it is given, reads XML with a strict
//! reader of its own, and, like the real one, never notices that two reports are the same.
//! It never keeps uploaded bytes: their MD5 and their number are enough.
//!
//! With a journal it remembers across the death of its process: each change is on disk
//! before it is answered. With a [`Hook`] a test makes any call fail in any of the ways in
//! which the real one may.
//!
//! Source: the interface's documentation and schema as two independent clients carry them.
//! Not established, and chosen here: refusals in the body come with HTTP 200, and a
//! fault of the XML's content type is 4000.

mod book;
mod http;
mod journal;
mod reply;
mod schema;
mod words;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use seawall_core::{Clock, Timestamp};

pub use crate::STAND_IN_HEADER;
use crate::SimError;
use crate::xml;
use book::Book;
use journal::Journal;

/// Where the calls are, as at the real one: `/ispws/submit` and so on.
pub const BASE_PATH: &str = "/ispws";

/// How many elements a document has that the stand-in's strict reader takes; `None` where it
/// refuses it. For tests of the reader with bytes of any kind.
#[must_use]
pub fn elements_in(document: &[u8]) -> Option<usize> {
    fn count(element: &xml::Element) -> usize {
        1 + element.children.iter().map(count).sum::<usize>()
    }
    xml::read(document).ok().map(|root| count(&root))
}

/// How a stand-in is set up.
pub struct Options {
    /// The user that may call.
    pub username: String,
    /// That user's password.
    pub password: String,
    /// Where to remember; `None` forgets everything at the end of the process.
    pub journal: Option<PathBuf>,
}

/// The stand-in.
pub struct CyberTipline {
    options: Options,
    clock: Arc<dyn Clock>,
    book: Mutex<Book>,
    hook: Mutex<Option<Hook>>,
    requests: AtomicU64,
}

/// A call of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// Asks whether the service is there.
    Status,
    /// Asks for the schema.
    Schema,
    /// Opens a report.
    Submit,
    /// Sends a file.
    Upload,
    /// Describes a file.
    FileInfo,
    /// Files the report.
    Finish,
    /// Withdraws the report.
    Retract,
}

/// When a hook is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// The request was read, nothing was done.
    BeforeAct,
    /// What was asked is done and remembered, nothing was answered.
    AfterAct,
}

/// How a call goes wrong. Before the act it means that nothing is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Fault {
    /// It does not.
    #[default]
    None,
    /// The connection ends before the answer is whole.
    DropConnection,
    /// HTTP 500 with a page that is no reply.
    Status500,
    /// HTTP 401 with an empty body, as if the credentials were revoked just now.
    Status401,
    /// The first half of a reply.
    TruncatedXml,
    /// A reply with a code that is on no list.
    UnknownCode,
}

/// Decides how calls go wrong. It runs on a thread where it may block, so that a test can
/// end the caller while it waits for the answer.
pub type Hook = Arc<dyn Fn(Call, Phase) -> Fault + Send + Sync>;

/// Where a report stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReportState {
    /// Opened, not yet filed.
    Open,
    /// Filed.
    Finished,
    /// Withdrawn.
    Retracted,
    /// Deleted unfiled: 24 hours after it was opened or one hour after its last change,
    /// whichever came later.
    Expired,
}

/// One report, as the stand-in holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportRecord {
    /// Its number.
    pub report_id: u64,
    /// Where it stands now.
    pub state: ReportState,
    /// The XML that opened it, as it was received.
    pub payload: String,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it last changed.
    pub changed_at: Timestamp,
    /// Its files, in the order in which they came.
    pub files: Vec<FileRecord>,
}

/// One file of a report. Its bytes are not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRecord {
    /// Its id: 32 hexadecimal digits.
    pub file_id: String,
    /// The MD5 of its bytes, in lower-case hexadecimal.
    pub md5: String,
    /// How many bytes it had.
    pub bytes: u64,
    /// The last description of it, as it was received; `None` where there is none.
    pub details: Option<String>,
}

impl CyberTipline {
    /// Opens a stand-in, with what its journal remembers.
    ///
    /// # Errors
    /// [`SimError`] where the journal cannot be opened or read, or another stand-in has it
    /// open. A last line that was cut short by the death of the process was never answered;
    /// it is removed.
    pub fn open(options: Options, clock: Arc<dyn Clock>) -> Result<Arc<Self>, SimError> {
        let book = match &options.journal {
            Some(path) => {
                let (journal, entries) = Journal::open(path)?;
                Book::replay(entries, Some(journal))
            }
            None => Book::replay(Vec::new(), None),
        };
        Ok(Arc::new(Self {
            options,
            clock,
            book: Mutex::new(book),
            hook: Mutex::new(None),
            requests: AtomicU64::new(0),
        }))
    }

    /// The HTTP interface, to be served on loopback.
    pub fn router(self: &Arc<Self>) -> axum::Router {
        http::router(Arc::clone(self))
    }

    /// Every report ever opened, in order.
    #[must_use]
    pub fn reports(&self) -> Vec<ReportRecord> {
        self.book().records(self.clock.now())
    }

    /// Sets or removes what makes calls fail.
    pub fn set_hook(&self, hook: Option<Hook>) {
        *self.hook.lock().unwrap_or_else(PoisonError::into_inner) = hook;
    }

    /// An id for an answer's `Request-ID`, which nothing else has.
    fn request_id(&self) -> String {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        format!("stand-in-{:x}-{number}", self.clock.now().as_millis())
    }

    fn hook(&self) -> Option<Hook> {
        let hook = self.hook.lock().unwrap_or_else(PoisonError::into_inner);
        hook.clone()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
