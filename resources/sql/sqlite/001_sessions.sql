-- SPDX-License-Identifier: GPL-3.0-or-later
-- Sessions. A generation is never used twice: AUTOINCREMENT remembers the largest that there ever was.
CREATE TABLE sessions (
    generation INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id BLOB NOT NULL UNIQUE,
    key_digest BLOB NOT NULL UNIQUE CHECK (length(key_digest) = 32),
    address BLOB NOT NULL,
    acked INTEGER NOT NULL CHECK (acked IN (0, 1)),
    created_at_ms INTEGER NOT NULL
);
