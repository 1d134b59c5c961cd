"""Idempotency keys as rows: their statements, and the meaning of a row."""

from typing import Any

import orjson

from baton.eventlog.idempotency import StoredKey
from baton.eventlog.ports.keys import StoredResponse

DELETE_EXPIRED = "DELETE FROM {table} WHERE claimed_at <= $1"
FIND = """
SELECT fingerprint, claimed_at, status, headers, body FROM {table}
WHERE tenant = $1 AND key = $2"""
COMPLETE = """
UPDATE {table} SET status = $3, headers = $4, body = $5 WHERE tenant = $1 AND key = $2"""
RELEASE = "DELETE FROM {table} WHERE tenant = $1 AND key = $2 AND status IS NULL"


def completion(tenant: str, key: str, response: StoredResponse) -> tuple[str, str, int, str, bytes]:
    """Return the values of `COMPLETE`."""
    headers = orjson.dumps(response.headers).decode()
    return (tenant, key, response.status, headers, response.body)


def stored_key(*row: Any) -> StoredKey:
    """Return the key that a row of `FIND` holds."""
    fingerprint, claimed_at, status, headers, body = row
    if status is None:
        return StoredKey(fingerprint, claimed_at)
    pairs = tuple((name, value) for name, value in orjson.loads(headers))
    return StoredKey(
        fingerprint, claimed_at, StoredResponse(status=status, headers=pairs, body=body)
    )
