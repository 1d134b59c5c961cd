"""Encrypted secrets as rows."""

PUT = """
INSERT INTO {table} (tenant, secret_id, key_id, sealed) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant, secret_id) DO UPDATE SET key_id = excluded.key_id, sealed = excluded.sealed"""
GET = "SELECT sealed FROM {table} WHERE tenant = $1 AND secret_id = $2"
