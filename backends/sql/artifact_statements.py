"""Artifacts as rows: each value once, and the tenants that own it."""

PUT_VALUE = """
INSERT INTO {table}artifacts (sha256, value) VALUES ($1, $2)
ON CONFLICT (sha256) DO NOTHING"""
PUT_OWNER = """
INSERT INTO {table}artifact_owners (sha256, tenant) VALUES ($1, $2)
ON CONFLICT (sha256, tenant) DO NOTHING"""
GET = """
SELECT value FROM {table}artifacts JOIN {table}artifact_owners USING (sha256)
WHERE sha256 = $1 AND tenant = $2"""
