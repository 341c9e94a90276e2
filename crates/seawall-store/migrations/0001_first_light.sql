-- First light. Released migrations are never edited; add the next one.
-- Times are milliseconds since 1970-01-01T00:00:00Z. Ids are UUIDs as text, except banks
-- and contents, whose ids are integers because clients of the HMA interface expect them.

CREATE TABLE manifestations (
    code    TEXT PRIMARY KEY,
    name    TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;

CREATE TABLE banks (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL UNIQUE,
    threshold  INTEGER NOT NULL CHECK (threshold BETWEEN 0 AND 256),
    enabled    INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    purpose    TEXT NOT NULL CHECK (purpose IN ('live', 'test')),
    -- Rises with every change of the bank or its contents: tells an index what is stale.
    revision   INTEGER NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE contents (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    bank_id    INTEGER NOT NULL REFERENCES banks (id) ON DELETE CASCADE,
    note       TEXT,
    created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX contents_by_bank ON contents (bank_id, id);

CREATE TABLE hashes (
    content_id INTEGER NOT NULL REFERENCES contents (id) ON DELETE CASCADE,
    algorithm  TEXT NOT NULL CHECK (algorithm IN ('pdq', 'md5', 'sha1', 'sha256')),
    value      BLOB NOT NULL,
    quality    INTEGER CHECK (quality BETWEEN 0 AND 100),
    PRIMARY KEY (content_id, algorithm, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX hashes_by_value ON hashes (algorithm, value);

-- Matched uploads only: what matched nothing leaves no row.
CREATE TABLE uploads (
    id          TEXT PRIMARY KEY,
    item_id     TEXT NOT NULL UNIQUE,
    sha256      BLOB NOT NULL,
    media_type  TEXT NOT NULL,
    outcome     TEXT NOT NULL,
    reason      TEXT,
    received_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE cases (
    id             TEXT PRIMARY KEY,
    upload_id      TEXT NOT NULL UNIQUE REFERENCES uploads (id),
    opened_ms      INTEGER NOT NULL,
    purpose        TEXT NOT NULL CHECK (purpose IN ('live', 'test')),
    channel        TEXT NOT NULL,
    -- The case key, wrapped by the master key, which is not in this database.
    key_wrapped    BLOB NOT NULL,
    -- What the platform told about the upload, sealed with the case key.
    context_sealed BLOB NOT NULL
) STRICT;
CREATE INDEX cases_by_time ON cases (opened_ms, id);

CREATE TABLE matches (
    upload_id   TEXT NOT NULL REFERENCES uploads (id),
    bank_id     INTEGER NOT NULL,
    bank_name   TEXT NOT NULL,
    content_id  INTEGER NOT NULL,
    algorithm   TEXT NOT NULL,
    value       BLOB NOT NULL,
    distance    INTEGER NOT NULL,
    threshold   INTEGER NOT NULL,
    view        TEXT,
    quality     INTEGER,
    PRIMARY KEY (upload_id, bank_id, content_id, algorithm)
) STRICT, WITHOUT ROWID;

CREATE TABLE evidence (
    id        TEXT PRIMARY KEY,
    case_id   TEXT NOT NULL REFERENCES cases (id),
    bytes     INTEGER NOT NULL,
    md5       BLOB NOT NULL,
    sha1      BLOB NOT NULL,
    sha256    BLOB NOT NULL,
    sealed_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX evidence_by_case ON evidence (case_id);

CREATE TABLE users (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE,
    role          TEXT NOT NULL CHECK (role IN ('admin', 'reviewer', 'auditor')),
    password_hash TEXT,
    enabled       INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    created_ms    INTEGER NOT NULL
) STRICT;

-- One-time sign-in links and sessions are kept as SHA-256 of their secret.
CREATE TABLE links (
    secret_hash BLOB PRIMARY KEY,
    user_id     TEXT NOT NULL REFERENCES users (id),
    expires_ms  INTEGER NOT NULL,
    used_ms     INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    secret_hash BLOB PRIMARY KEY,
    user_id     TEXT NOT NULL REFERENCES users (id),
    csrf        TEXT NOT NULL,
    opened_ms   INTEGER NOT NULL,
    expires_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    secret_hash BLOB NOT NULL UNIQUE,
    scopes      TEXT NOT NULL,
    created_ms  INTEGER NOT NULL,
    expires_ms  INTEGER,
    revoked_ms  INTEGER
) STRICT;

CREATE TABLE reveals (
    id          TEXT PRIMARY KEY,
    case_id     TEXT NOT NULL REFERENCES cases (id),
    evidence_id TEXT NOT NULL REFERENCES evidence (id),
    user_id     TEXT NOT NULL REFERENCES users (id),
    mode        TEXT NOT NULL CHECK (mode IN ('blurred', 'grey', 'full')),
    at_ms       INTEGER NOT NULL,
    -- When the picture was drawn and handed over; NULL where it never was.
    shown_ms    INTEGER
) STRICT;
CREATE INDEX reveals_by_case ON reveals (case_id, at_ms);

-- UNIQUE on the case: however many people decide, one decision stands.
CREATE TABLE decisions (
    id         TEXT PRIMARY KEY,
    case_id    TEXT NOT NULL UNIQUE REFERENCES cases (id),
    user_id    TEXT NOT NULL REFERENCES users (id),
    decided_ms INTEGER NOT NULL,
    finding    TEXT NOT NULL
) STRICT;

-- UNIQUE on the decision: one decision asks for one report at most.
CREATE TABLE reports (
    id          TEXT PRIMARY KEY,
    case_id     TEXT NOT NULL UNIQUE REFERENCES cases (id),
    decision_id TEXT NOT NULL UNIQUE REFERENCES decisions (id),
    target      TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('open', 'filed', 'stuck')),
    drafted_ms  INTEGER NOT NULL,
    -- The draft as it was when the decision was taken, sealed with the case key.
    draft_sealed BLOB NOT NULL,
    stuck_reason TEXT,
    -- How many calls stood in the ledger when a person last let a stuck report go on.
    forgiven     INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX reports_by_state ON reports (state, drafted_ms);

-- A row is written before a call and completed after it: a row without an end is a call
-- whose outcome is not known.
CREATE TABLE report_calls (
    id        TEXT PRIMARY KEY,
    report_id TEXT NOT NULL REFERENCES reports (id),
    position  INTEGER NOT NULL,
    call      TEXT NOT NULL,
    UNIQUE (report_id, position)
) STRICT;

CREATE TABLE receipts (
    report_id TEXT PRIMARY KEY REFERENCES reports (id),
    filed_ms  INTEGER NOT NULL,
    receipt   TEXT NOT NULL
) STRICT;

-- Outgoing webhook messages: written with the change they tell of, sent afterwards.
CREATE TABLE messages (
    id           TEXT PRIMARY KEY,
    kind         TEXT NOT NULL,
    body         TEXT NOT NULL,
    created_ms   INTEGER NOT NULL,
    attempts     INTEGER NOT NULL,
    next_ms      INTEGER NOT NULL,
    delivered_ms INTEGER,
    failed_ms    INTEGER
) STRICT;
CREATE INDEX messages_due ON messages (next_ms) WHERE delivered_ms IS NULL AND failed_ms IS NULL;

CREATE TABLE events (
    sequence INTEGER PRIMARY KEY,
    body     TEXT NOT NULL,
    previous BLOB NOT NULL,
    hash     BLOB NOT NULL
) STRICT;
CREATE TRIGGER events_are_not_updated BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER events_are_not_deleted BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
