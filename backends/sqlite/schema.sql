-- The tables of baton.db other than the events. Times are milliseconds since the epoch, UTC.

CREATE TABLE IF NOT EXISTS idempotency_keys (
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    claimed_at INTEGER NOT NULL,
    status INTEGER,          -- NULL while the request is being answered
    headers TEXT,
    body BLOB,
    PRIMARY KEY (tenant, key)
);

CREATE INDEX IF NOT EXISTS idempotency_keys_by_age ON idempotency_keys (claimed_at);

CREATE TABLE IF NOT EXISTS leases (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,    -- '' after a release
    epoch INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS secrets (
    tenant TEXT NOT NULL,
    secret_id TEXT NOT NULL,
    key_id TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (tenant, secret_id)
);

CREATE TABLE IF NOT EXISTS api_key_uses (
    key_id TEXT PRIMARY KEY,
    used_at INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS dead_letters (
    letter_id TEXT PRIMARY KEY,
    source TEXT NOT NULL,    -- topic/partition@offset
    reason TEXT NOT NULL,
    at INTEGER NOT NULL,
    redriven_at INTEGER,     -- when the message was sent again
    key BLOB,
    value BLOB,
    headers BLOB NOT NULL    -- JSON, [[name, value in base64], …]
);

CREATE INDEX IF NOT EXISTS dead_letters_by_time ON dead_letters (at, letter_id);

CREATE TABLE IF NOT EXISTS artifacts (
    sha256 TEXT PRIMARY KEY,
    value BLOB NOT NULL      -- canonical JSON
);

CREATE TABLE IF NOT EXISTS artifact_owners (
    sha256 TEXT NOT NULL,
    tenant TEXT NOT NULL,
    PRIMARY KEY (sha256, tenant)
);

CREATE TABLE IF NOT EXISTS leaf_blocks (
    block INTEGER PRIMARY KEY,      -- from 0
    first_position INTEGER NOT NULL UNIQUE,
    last_position INTEGER NOT NULL,
    max_at INTEGER NOT NULL,        -- the greatest time of any event up to last_position
    root BLOB NOT NULL,
    leaves BLOB NOT NULL            -- 32 bytes each
);

CREATE TABLE IF NOT EXISTS tree_heads (
    size INTEGER PRIMARY KEY,
    position INTEGER NOT NULL,
    root BLOB NOT NULL,
    at INTEGER NOT NULL,
    note BLOB NOT NULL              -- a signed note
);

CREATE TABLE IF NOT EXISTS view_sets (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,             -- views, or history
    shape TEXT NOT NULL,            -- the declarations of the tables, as JSON
    created_at INTEGER NOT NULL,
    epoch INTEGER NOT NULL DEFAULT 0,   -- counts promotions: the greatest is that of the live set
    compared_at INTEGER,            -- a position
    differences INTEGER NOT NULL DEFAULT 0
);
