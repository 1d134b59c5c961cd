"""First answers by idempotency key, as rows."""

import orjson

from baton.backends.sqlite.writing.transactions import Transactions
from baton.eventlog.idempotency import ABANDONED_MS, RETENTION_MS, StoredKey, evaluate_claim
from baton.eventlog.ports.keys import KeyClaim, StoredResponse

_SWEEP = "DELETE FROM idempotency_keys WHERE claimed_at <= ?"
_FIND = """
SELECT fingerprint, claimed_at, status, headers, body FROM idempotency_keys
WHERE tenant = ? AND key = ?"""
# The conditions of eventlog.idempotency.evaluate_claim for "claimed".
_CLAIM = """
INSERT INTO idempotency_keys AS kept (tenant, key, fingerprint, claimed_at) VALUES (?, ?, ?, ?)
ON CONFLICT (tenant, key) DO UPDATE SET claimed_at = excluded.claimed_at
WHERE kept.fingerprint = excluded.fingerprint AND kept.status IS NULL AND kept.claimed_at <= ?
RETURNING 1"""
_COMPLETE = """
UPDATE idempotency_keys SET status = ?, headers = ?, body = ? WHERE tenant = ? AND key = ?"""
_RELEASE = "DELETE FROM idempotency_keys WHERE tenant = ? AND key = ? AND status IS NULL"


class SqliteIdempotencyKeys:
    """Implements `IdempotencyKeys`."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def claim(self, tenant: str, key: str, *, fingerprint: str, at: int) -> KeyClaim:
        """Claim the key for the request that `fingerprint` (method, path, body) names."""
        _, mine, kept = await self._transactions.run(
            (_SWEEP, (at - RETENTION_MS,)),
            (_CLAIM, (tenant, key, fingerprint, at, at - ABANDONED_MS)),
            (_FIND, (tenant, key)),
        )
        return (
            KeyClaim("claimed")
            if mine
            else evaluate_claim(_kept(*kept[0]), fingerprint=fingerprint, at=at)
        )

    async def complete(self, tenant: str, key: str, *, response: StoredResponse) -> None:
        """Keep the response of a claimed key."""
        headers = orjson.dumps(response.headers).decode()
        values = (response.status, headers, response.body, tenant, key)
        await self._transactions.run((_COMPLETE, values))

    async def release(self, tenant: str, key: str) -> None:
        """Give the key back: the command was refused."""
        await self._transactions.run((_RELEASE, (tenant, key)))


def _kept(
    fingerprint: str, claimed_at: int, status: int | None, headers: str, body: bytes
) -> StoredKey:
    if status is None:
        return StoredKey(fingerprint, claimed_at)
    pairs = tuple((name, value) for name, value in orjson.loads(headers))
    return StoredKey(
        fingerprint, claimed_at, StoredResponse(status=status, headers=pairs, body=body)
    )
