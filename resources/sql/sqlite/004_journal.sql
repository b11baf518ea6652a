-- SPDX-License-Identifier: GPL-3.0-or-later
-- What waits, also while a daemon runs: written when it must outlive a crash, removed when its fate is final.
-- `position` is the order. Where only the fate is kept there is no body.
ALTER TABLE messages RENAME TO old_messages;
ALTER TABLE message_headers RENAME TO old_message_headers;
CREATE TABLE messages (
    position INTEGER PRIMARY KEY,
    -- In whose queue: the key_digest of a session, or, while there is none, of the place where it is held.
    queue BLOB NOT NULL CHECK (length(queue) = 32),
    -- For a user who was not there when it was accepted, and whose session, when it comes, has this key.
    held INTEGER NOT NULL CHECK (held IN (0, 1)),
    recipient BLOB NOT NULL,
    message_id BLOB NOT NULL,
    sender BLOB NOT NULL,
    -- The key_digest of the session that sent it and what that wishes to be told: 1 written, 2 acked, 4 failed.
    sender_key BLOB CHECK (length(sender_key) = 32),
    exchange_id BLOB,
    wishes INTEGER NOT NULL CHECK (wishes BETWEEN 0 AND 7),
    body BLOB,
    via TEXT NOT NULL,
    accepted_at_ms INTEGER NOT NULL,
    redelivered INTEGER NOT NULL CHECK (redelivered IN (0, 1)),
    -- When it is not to be written any more; NULL: never.
    expires_at_ms INTEGER,
    -- Of a message of the server itself: which.
    event TEXT
);
CREATE INDEX messages_of_queue ON messages (queue);
CREATE TABLE message_headers (
    message INTEGER NOT NULL REFERENCES messages (position),
    position INTEGER NOT NULL,
    name BLOB NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (message, position)
) WITHOUT ROWID;
INSERT INTO messages
    SELECT m.position, s.key_digest, 0, s.user_id, m.message_id, m.sender, NULL, NULL, 0, m.body, m.via, m.accepted_at_ms,
        m.redelivered, m.expires_at_ms, m.event
    FROM old_messages m JOIN sessions s ON s.generation = m.session;
INSERT INTO message_headers
    SELECT message, position, name, value FROM old_message_headers WHERE message IN (SELECT position FROM messages);
DROP TABLE old_message_headers;
DROP TABLE old_messages;
