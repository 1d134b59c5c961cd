"""Artifacts as rows: each value once, and the tenants that own it.

Every statement of an ownership locks the value's row first, so that a value isn't deleted by one
tenant's release while another tenant's put counts on it.
"""

PUT_VALUE = """
INSERT INTO {table}artifacts (sha256, value) VALUES ($1, $2)
ON CONFLICT (sha256) DO UPDATE SET sha256 = excluded.sha256"""
PUT_OWNER = """
INSERT INTO {table}artifact_owners (sha256, tenant) VALUES ($1, $2)
ON CONFLICT (sha256, tenant) DO NOTHING"""
GET = """
SELECT value FROM {table}artifacts JOIN {table}artifact_owners USING (sha256)
WHERE sha256 = $1 AND tenant = $2"""
LOCK_VALUE = "UPDATE {table}artifacts SET sha256 = sha256 WHERE sha256 = $1"
DELETE_OWNER = "DELETE FROM {table}artifact_owners WHERE sha256 = $1 AND tenant = $2"
DELETE_VALUE = """
DELETE FROM {table}artifacts WHERE sha256 = $1
AND NOT EXISTS (SELECT 1 FROM {table}artifact_owners AS owner WHERE owner.sha256 = $1)"""
