-- Idempotency keys, leases, secrets, and last uses of API keys. Times are milliseconds since the epoch, UTC.

CREATE TABLE IF NOT EXISTS baton.idempotency_keys (
    tenant text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    fingerprint text NOT NULL,
    claimed_at bigint NOT NULL,
    status int,              -- NULL while the request is being answered
    headers text,
    body bytea,
    PRIMARY KEY (tenant, key)
);

CREATE INDEX IF NOT EXISTS idempotency_keys_by_age ON baton.idempotency_keys (claimed_at);

CREATE TABLE IF NOT EXISTS baton.leases (
    name text PRIMARY KEY,
    holder text NOT NULL,    -- '' after a release
    epoch bigint NOT NULL,
    expires_at bigint NOT NULL
);

CREATE TABLE IF NOT EXISTS baton.secrets (
    tenant text COLLATE "C" NOT NULL,
    secret_id text COLLATE "C" NOT NULL,
    key_id text NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (tenant, secret_id)
);

CREATE TABLE IF NOT EXISTS baton.api_key_uses (
    key_id text COLLATE "C" PRIMARY KEY,
    used_at bigint NOT NULL
);

-- Numbers the sets of view tables.
CREATE SEQUENCE IF NOT EXISTS baton.view_generations;
