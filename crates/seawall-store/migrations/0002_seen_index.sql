-- The seen index: item ids, hashes and times of uploads that matched nothing, for the channels
-- that the configuration names. Everything that tells of an item is sealed; what stands in
-- clear is a keyed tag of the item's id, the day, the channel and counts.

-- One upload a row, as it came. A row outranks a page's record of the same item.
CREATE TABLE seen_rows (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    item_tag BLOB NOT NULL UNIQUE,
    -- Days since 1970-01-01, UTC.
    day      INTEGER NOT NULL,
    sealed   BLOB NOT NULL
) STRICT;
CREATE INDEX seen_rows_by_day ON seen_rows (day, id);

-- Rows of one day, folded together.
CREATE TABLE seen_pages (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    day     INTEGER NOT NULL,
    records INTEGER NOT NULL,
    hashes  INTEGER NOT NULL
) STRICT;
CREATE INDEX seen_pages_by_day ON seen_pages (day);

CREATE TABLE seen_parts (
    id      INTEGER PRIMARY KEY,
    page_id INTEGER NOT NULL REFERENCES seen_pages (id) ON DELETE CASCADE,
    part    TEXT NOT NULL CHECK (part IN ('entries', 'tags', 'pdq', 'md5', 'sha1', 'sha256')),
    sealed  BLOB NOT NULL,
    UNIQUE (page_id, part)
) STRICT;

-- What was kept since the last tally: raised with each row, in its transaction.
CREATE TABLE seen_untallied (
    channel TEXT PRIMARY KEY,
    kept    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
