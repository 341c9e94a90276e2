//! Handles to one transaction. What a handle can do is its type: a [`Reader`] cannot write.

use std::ops::Deref;

use rusqlite::Connection;
use seawall_casework::audit::EventDraft;
use seawall_core::Timestamp;

/// Reads from one snapshot.
pub struct Reader<'a> {
    pub(crate) connection: &'a Connection,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(connection: &'a Connection) -> Self {
        Self { connection }
    }
}

/// Reads and writes within one transaction, at one time.
pub struct Tx<'a> {
    reader: Reader<'a>,
    pub(crate) at: Timestamp,
}

impl<'a> Tx<'a> {
    pub(crate) fn new(connection: &'a Connection, at: Timestamp) -> Self {
        Self {
            reader: Reader::new(connection),
            at,
        }
    }
}

impl<'a> Deref for Tx<'a> {
    type Target = Reader<'a>;

    fn deref(&self) -> &Reader<'a> {
        &self.reader
    }
}

/// The result of a change and the events that record it.
#[must_use]
pub struct Change<T> {
    value: T,
    events: Vec<EventDraft>,
}

impl<T> Change<T> {
    /// A change that so far has no event. It is refused if rows were written.
    pub fn new(value: T) -> Self {
        Self {
            value,
            events: Vec::new(),
        }
    }

    /// The same change, recorded by one more event.
    pub fn event(mut self, event: EventDraft) -> Self {
        self.events.push(event);
        self
    }

    /// The same change, recorded by more events.
    pub fn events(mut self, events: impl IntoIterator<Item = EventDraft>) -> Self {
        self.events.extend(events);
        self
    }

    pub(crate) fn into_parts(self) -> (T, Vec<EventDraft>) {
        (self.value, self.events)
    }
}
