-- What clients of HMA keep beside a bank and its contents.

-- Of how many lookups by clients of HMA the bank takes part in, where it is enabled.
ALTER TABLE banks ADD COLUMN sampled_ratio REAL NOT NULL DEFAULT 1.0
    CHECK (sampled_ratio > 0.0 AND sampled_ratio <= 1.0);

-- Until when a content is not matched: NULL where it was never switched, 0 where it is off for
-- good, 1 where it is on again. It is never NULL again: a stored index may lack the content.
ALTER TABLE contents ADD COLUMN off_until_ms INTEGER CHECK (off_until_ms >= 0);
CREATE INDEX contents_switched ON contents (bank_id, id) WHERE off_until_ms IS NOT NULL;

CREATE TABLE content_details (
    content_id   INTEGER PRIMARY KEY REFERENCES contents (id) ON DELETE CASCADE,
    bank_id      INTEGER NOT NULL,
    -- The client's own id of the content, unique within its bank.
    external_id  TEXT,
    uri          TEXT,
    -- JSON, whatever the client wants to keep.
    metadata     TEXT,
    -- Whether its MD5 came under the name video_md5.
    is_video     INTEGER NOT NULL CHECK (is_video IN (0, 1)),
    -- Of several PDQ hashes the one that clients are shown: of the picture as it is stored.
    shown_pdq    BLOB
) STRICT;
CREATE UNIQUE INDEX content_details_by_external_id ON content_details (bank_id, external_id)
    WHERE external_id IS NOT NULL;

-- Kinds of signal whose share of lookups a client changed.
CREATE TABLE signal_types (
    name          TEXT PRIMARY KEY,
    enabled_ratio REAL NOT NULL CHECK (enabled_ratio BETWEEN 0.0 AND 1.0)
) STRICT, WITHOUT ROWID;
