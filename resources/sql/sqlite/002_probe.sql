-- SPDX-License-Identifier: GPL-3.0-or-later
-- One row that is written to learn whether the disk takes writes again.
CREATE TABLE probe (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    written INTEGER NOT NULL
);
INSERT INTO probe (id, written) VALUES (1, 0);
