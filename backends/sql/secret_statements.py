"""Encrypted secrets as rows."""

PUT = """
INSERT INTO {table} (tenant, secret_id, key_id, sealed) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant, secret_id) DO UPDATE SET key_id = excluded.key_id, sealed = excluded.sealed"""
GET = "SELECT key_id, sealed FROM {table} WHERE tenant = $1 AND secret_id = $2"
FORGET = "DELETE FROM {table} WHERE tenant = $1 AND secret_id = $2"
OF_OTHER_KEYS = """
SELECT tenant, secret_id, key_id, sealed FROM {table} WHERE key_id <> $1
ORDER BY tenant, secret_id"""
MOVE = """
UPDATE {table} SET key_id = $1, sealed = $2
WHERE tenant = $3 AND secret_id = $4 AND key_id = $5 AND sealed = $6"""
"""Changes nothing if the secret was replaced or forgotten after it was read."""
