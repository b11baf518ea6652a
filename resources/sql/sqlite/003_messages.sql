-- SPDX-License-Identifier: GPL-3.0-or-later
-- What waited in the queues of sessions at the end of a daemon. The next one takes it out at its start, so both
-- tables are empty while one runs. `position` is the order.
CREATE TABLE messages (
    position INTEGER PRIMARY KEY,
    session INTEGER NOT NULL REFERENCES sessions (generation),
    message_id BLOB NOT NULL,
    sender BLOB NOT NULL,
    body BLOB NOT NULL,
    via TEXT NOT NULL,
    accepted_at_ms INTEGER NOT NULL,
    redelivered INTEGER NOT NULL CHECK (redelivered IN (0, 1)),
    -- When it is not to be written any more; NULL: never.
    expires_at_ms INTEGER,
    -- Of a message of the server itself: which.
    event TEXT
);
CREATE TABLE message_headers (
    message INTEGER NOT NULL REFERENCES messages (position),
    position INTEGER NOT NULL,
    name BLOB NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (message, position)
) WITHOUT ROWID;
