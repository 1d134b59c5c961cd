-- The functions that running executors know. An executor repeats its announcement.

CREATE TABLE IF NOT EXISTS baton.announced_functions (
    holder text COLLATE "C" PRIMARY KEY,
    functions bytea NOT NULL, -- JSON, an array
    expires_at timestamptz NOT NULL
);
