-- Exception banks: what is known to be benign, with who vouches for it. The reason of each
-- exception is its content's note.
ALTER TABLE banks ADD COLUMN role TEXT NOT NULL DEFAULT 'known' CHECK (role IN ('known', 'exception'));
ALTER TABLE banks ADD COLUMN owner TEXT;

-- What came into a bank from one source, with settings of its own.
CREATE TABLE lists (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    bank_id    INTEGER NOT NULL REFERENCES banks (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    -- NULL takes the bank's.
    threshold  INTEGER CHECK (threshold BETWEEN 0 AND 256),
    enabled    INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    created_ms INTEGER NOT NULL,
    UNIQUE (bank_id, name)
) STRICT;
ALTER TABLE contents ADD COLUMN list_id INTEGER REFERENCES lists (id) ON DELETE CASCADE;
CREATE INDEX contents_by_list ON contents (list_id) WHERE list_id IS NOT NULL;
CREATE INDEX hashes_of_low_quality ON hashes (content_id) WHERE quality < 50;

-- The list of a match, and the exception that spoke against it, as they were at that time.
ALTER TABLE matches ADD COLUMN list_name TEXT;
ALTER TABLE matches ADD COLUMN exception_bank_id INTEGER;
ALTER TABLE matches ADD COLUMN exception_bank_name TEXT;
ALTER TABLE matches ADD COLUMN exception_content_id INTEGER;
ALTER TABLE matches ADD COLUMN exception_owner TEXT;
ALTER TABLE matches ADD COLUMN exception_reason TEXT;
