-- Exchanges: partners whose lists are taken over, and what they list. What they list is sealed:
-- values, the partner's own keys, classes and names of owners. What stands in clear is counts,
-- times and keyed tags.

-- 1: its contents are the sealed entries of exchanges. 0: they are rows of `contents`.
ALTER TABLE banks ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0 CHECK (sealed IN (0, 1));
-- What the owner of a content calls its class.
ALTER TABLE contents ADD COLUMN class TEXT;

-- A match says which content it is of; the value stays where it is listed.
ALTER TABLE matches DROP COLUMN value;
ALTER TABLE matches ADD COLUMN origin TEXT;
ALTER TABLE matches ADD COLUMN class TEXT;
ALTER TABLE matches ADD COLUMN note TEXT;

CREATE TABLE exchanges (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    name            TEXT NOT NULL UNIQUE,
    bank_id         INTEGER NOT NULL REFERENCES banks (id) ON DELETE CASCADE,
    -- Its entries are this list of the bank.
    list_id         INTEGER NOT NULL UNIQUE REFERENCES lists (id) ON DELETE CASCADE,
    protocol        TEXT NOT NULL,
    -- A keyed tag of which list it is. Another one is read from its beginning.
    source          BLOB NOT NULL,
    -- Where the next run goes on from; NULL starts at the beginning.
    checkpoint      TEXT,
    -- The next run reads the list from its beginning, and what it lacks is withdrawn.
    reconcile       INTEGER NOT NULL CHECK (reconcile IN (0, 1)),
    paused          INTEGER NOT NULL CHECK (paused IN (0, 1)),
    -- So many contents are missing from a list that shrank too much; a person decides.
    missing         INTEGER,
    -- So many of them that person let go: the next whole run withdraws what is missing, if it is
    -- no more than that.
    missing_allowed INTEGER NOT NULL DEFAULT 0,
    -- How often somebody asked for a whole run, and how often before the last run began.
    asked           INTEGER NOT NULL DEFAULT 0,
    asked_before    INTEGER NOT NULL DEFAULT 0,
    -- Runs in a row that failed, and why the last one did.
    failures        INTEGER NOT NULL,
    fault           TEXT,
    -- What could not be read then, its values painted over, sealed.
    fault_page      BLOB,
    -- Of what could not be read in the last run some examples, as JSON; none quotes a value.
    problems        TEXT NOT NULL DEFAULT '[]',
    started_ms      INTEGER,
    ended_ms        INTEGER,
    succeeded_ms    INTEGER,
    next_ms         INTEGER NOT NULL,
    -- Who runs it now, and until when nobody else may.
    lease           BLOB,
    lease_until_ms  INTEGER NOT NULL,
    created_ms      INTEGER NOT NULL,
    added           INTEGER NOT NULL DEFAULT 0,
    changed         INTEGER NOT NULL DEFAULT 0,
    withdrawn       INTEGER NOT NULL DEFAULT 0,
    set_aside       INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Each entry that a partner ever listed, by a keyed tag of the partner's key.
CREATE TABLE entries (
    exchange_id INTEGER NOT NULL REFERENCES exchanges (id) ON DELETE CASCADE,
    tag         BLOB NOT NULL,
    -- NULL where it was withdrawn.
    content_id  INTEGER,
    -- Keyed digests of its hashes and of the rest of it: what changed is told by them.
    digest      BLOB NOT NULL,
    changed_ms  INTEGER,
    -- Whether hashes of it are held back until a person lets them go.
    held        INTEGER NOT NULL CHECK (held IN (0, 1)),
    PRIMARY KEY (exchange_id, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX entries_held ON entries (exchange_id, content_id) WHERE held = 1;

-- Entries that came together, sealed together. Their contents' ids follow each other.
CREATE TABLE entry_pages (
    first_id    INTEGER PRIMARY KEY,
    last_id     INTEGER NOT NULL,
    bank_id     INTEGER NOT NULL,
    exchange_id INTEGER NOT NULL REFERENCES exchanges (id) ON DELETE CASCADE,
    -- How many of them are still listed.
    live        INTEGER NOT NULL,
    created_ms  INTEGER NOT NULL,
    sealed      BLOB NOT NULL
) STRICT;
CREATE INDEX entry_pages_by_bank ON entry_pages (bank_id, last_id);
CREATE INDEX entry_pages_by_exchange ON entry_pages (exchange_id, first_id);

-- How many hashes of each kind an exchange lists now.
CREATE TABLE entry_kinds (
    exchange_id INTEGER NOT NULL REFERENCES exchanges (id) ON DELETE CASCADE,
    kind        TEXT NOT NULL,
    hashes      INTEGER NOT NULL,
    held        INTEGER NOT NULL,
    PRIMARY KEY (exchange_id, kind)
) STRICT, WITHOUT ROWID;
