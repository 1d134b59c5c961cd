-- Large values of runs, each stored once, and the tenants that own them.

CREATE TABLE IF NOT EXISTS baton.artifacts (
    sha256 text COLLATE "C" PRIMARY KEY,
    value bytea NOT NULL     -- canonical JSON
);

CREATE TABLE IF NOT EXISTS baton.artifact_owners (
    sha256 text COLLATE "C" NOT NULL REFERENCES baton.artifacts,
    tenant text COLLATE "C" NOT NULL,
    PRIMARY KEY (sha256, tenant)
);
