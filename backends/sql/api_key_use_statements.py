"""Last uses of API keys as rows, one for each key."""

RECORD = """
INSERT INTO {table} AS known (key_id, used_at) VALUES ($1, $2)
ON CONFLICT (key_id) DO UPDATE SET used_at = excluded.used_at
WHERE known.used_at < excluded.used_at"""
"""Records a use unless a later one is known."""
LAST = "SELECT key_id, used_at FROM {table}"
