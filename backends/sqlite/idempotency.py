"""First answers by idempotency key, as rows."""

import orjson
from eventsourcing.sqlite import SQLiteCursor

from backends.sqlite.transactions import Transactions
from eventlog.idempotency import KEPT_MS, Kept, judge
from eventlog.ports import Answer, Claim

_SWEEP = "DELETE FROM idempotency_keys WHERE claimed_at <= ?"
_FIND = """
SELECT fingerprint, claimed_at, status, headers, body FROM idempotency_keys
WHERE tenant = ? AND key = ?"""
_CLAIM = """
INSERT OR REPLACE INTO idempotency_keys (tenant, key, fingerprint, claimed_at)
VALUES (?, ?, ?, ?)"""
_COMPLETE = """
UPDATE idempotency_keys SET status = ?, headers = ?, body = ? WHERE tenant = ? AND key = ?"""
_RELEASE = "DELETE FROM idempotency_keys WHERE tenant = ? AND key = ? AND status IS NULL"


class SqliteIdempotencyKeys:
    """Implements `eventlog.ports.IdempotencyKeys`."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def claim(self, tenant: str, key: str, *, fingerprint: str, at: int) -> Claim:
        """Claim the key for the request that `fingerprint` (method, path, body) names."""

        def job(cursor: SQLiteCursor) -> Claim:
            cursor.execute(_SWEEP, (at - KEPT_MS,))
            cursor.execute(_FIND, (tenant, key))
            found = cursor.fetchone()
            claim = judge(_kept(*found) if found else None, fingerprint=fingerprint, at=at)
            if claim.outcome == "mine":
                cursor.execute(_CLAIM, (tenant, key, fingerprint, at))
            return claim

        return await self._transactions.run(job)

    async def complete(self, tenant: str, key: str, *, answer: Answer) -> None:
        """Keep the answer of a claimed key."""
        headers = orjson.dumps(answer.headers).decode()
        values = (answer.status, headers, answer.body, tenant, key)
        await self._transactions.run(lambda cursor: cursor.execute(_COMPLETE, values))

    async def release(self, tenant: str, key: str) -> None:
        """Give the key back: the command was refused."""
        await self._transactions.run(lambda cursor: cursor.execute(_RELEASE, (tenant, key)))


def _kept(fingerprint: str, claimed_at: int, status: int | None, headers: str, body: bytes) -> Kept:
    if status is None:
        return Kept(fingerprint, claimed_at)
    pairs = tuple((name, value) for name, value in orjson.loads(headers))
    return Kept(fingerprint, claimed_at, Answer(status=status, headers=pairs, body=body))
