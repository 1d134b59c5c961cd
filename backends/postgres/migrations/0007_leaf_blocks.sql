-- The tree over the events: blocks of up to 1,024 leaves, and its signed heads. Times are
-- milliseconds since the epoch, UTC.

CREATE TABLE IF NOT EXISTS baton.leaf_blocks (
    block bigint PRIMARY KEY,       -- from 0
    first_position bigint NOT NULL UNIQUE,
    last_position bigint NOT NULL,
    max_at bigint NOT NULL,         -- the greatest time of any event up to last_position
    root bytea NOT NULL,
    leaves bytea NOT NULL           -- 32 bytes each
);

CREATE TABLE IF NOT EXISTS baton.tree_heads (
    size bigint PRIMARY KEY,
    position bigint NOT NULL,
    root bytea NOT NULL,
    at bigint NOT NULL,
    note bytea NOT NULL             -- a signed note
);
