-- Messages that could not be processed. Times are milliseconds since the epoch, UTC.

CREATE TABLE IF NOT EXISTS baton.dead_letters (
    letter_id text COLLATE "C" PRIMARY KEY,
    source text NOT NULL,    -- topic/partition@offset
    reason text NOT NULL,
    at bigint NOT NULL,
    redriven_at bigint,      -- when the message was sent again
    key bytea,
    value bytea,
    headers bytea NOT NULL   -- JSON, [[name, value in base64], …]
);
